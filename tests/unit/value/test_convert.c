/* convert_to.c and convert_from.c, over messages that are there anyway: struct.proto has maps and
 * oneofs, descriptor.proto is proto2, wire.proto has numbers of all kinds. */
#include "unit/value/support.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <google/protobuf/empty.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <google/protobuf/type.pb-c.h>
#include <google/protobuf/wrappers.pb-c.h>
#include <waldo/value_message.h>
#include <waldo/wire.pb-c.h>

#include "value/convert.h"
#include "value/reference.h"

#define EMPTY &google__protobuf__empty__descriptor
#define STRUCT &google__protobuf__struct__descriptor
#define STRUCT_VALUE &google__protobuf__value__descriptor
#define REQUEST &waldo__wire__request__descriptor
#define REPLY &waldo__wire__reply__descriptor
#define LOCATION &google__protobuf__source_code_info__location__descriptor
#define PROTO2_FIELD &google__protobuf__field_descriptor_proto__descriptor
#define PROTO2_RANGE &google__protobuf__descriptor_proto__extension_range__descriptor
#define NAME_PART &google__protobuf__uninterpreted_option__name_part__descriptor

/* value -> message -> bytes -> message -> value */
static waldo_value *through(waldo_value *value, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message;
    waldo_value *back;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_not_null(value);
    int status = waldo__convert_to_message(value, descriptor, NULL, &message, &err);
    cr_assert(status >= 0, "%s", err.message);
    waldo_value_unref(value);
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);
    protobuf_c_message_pack(message, bytes);
    protobuf_c_message_free_unpacked(message, NULL);
    message = protobuf_c_message_unpack(descriptor, NULL, size, bytes);
    free(bytes);
    cr_assert_not_null(message);
    cr_assert(waldo__convert_from_message(message, &back, &err) >= 0, "%s", err.message);
    protobuf_c_message_free_unpacked(message, NULL);
    return back;
}

static void expect(waldo_value *value, const ProtobufCMessageDescriptor *descriptor,
                   const char *repr)
{
    expect_repr(through(value, descriptor), repr);
}

static void refuse(waldo_value *value, const ProtobufCMessageDescriptor *descriptor, int code,
                   const char *text)
{
    ProtobufCMessage *message = NULL;
    cr_assert_not_null(value);
    EXPECT_ERROR(waldo__convert_to_message(value, descriptor, NULL, &message, reterr), code, text);
    cr_assert_null(message);
    waldo_value_unref(value);
}

static void expect_field(const char *name, waldo_value *value,
                         const ProtobufCMessageDescriptor *descriptor, const char *repr)
{
    waldo_value *all = through(waldo_v_fields(name, value), descriptor);
    waldo_value *field;
    cr_assert(waldo_value_dict_get_str(all, name, &field, NULL) >= 0);
    waldo_value_unref(all);
    expect_repr(field, repr);
}

Test(convert, nothing)
{
    expect(waldo_v_none(), EMPTY, "None");
    expect(waldo_v_tuple(), EMPTY, "None");
    expect(waldo_v_dict(), EMPTY, "None");
    refuse(waldo_v_tuple(waldo_v(1)), EMPTY, WALDO_ETYPE, "no arguments are taken");
    refuse(waldo_v(1), EMPTY, WALDO_ETYPE, "no arguments are taken");
    expect(waldo_v_none(), &waldo__wire__object_count__descriptor, "{'count': 0}");
}

Test(convert, numbers_by_name)
{
    expect_field("count", waldo_v(UINT32_MAX), REQUEST, "4294967295");
    expect_field("object", waldo_v(UINT64_MAX), REQUEST, "18446744073709551615");
    expect_field("incarnation", waldo_v(1ULL << 63), REQUEST, "9223372036854775808");
    expect_field("status", waldo_v(INT32_MIN), REPLY, "-2147483648");
    expect_field("dynamic", waldo_v_bool(true), REQUEST, "True");
    expect_field("dynamic", waldo_v(2), REQUEST, "True");
    expect_field("operation", waldo_v("CALL"), REQUEST, "'CALL'");
    expect_field("operation", waldo_v(5), REQUEST, "'CALL'");
    expect_field("operation", waldo_v(99), REQUEST, "99");
    expect_field("name", waldo_v("\xc3\xa9"), REQUEST, "'\xc3\xa9'");
    expect_field("body", waldo_v_bytes("\0\1", 2), REQUEST, "b'\\x00\\x01'");
}

Test(convert, in_order)
{
    expect(waldo_v_tuple(waldo_v(3), waldo_v("three")), &waldo__wire__method_number__descriptor,
           "{'number': 3, 'name': 'three'}");
    expect(waldo_v_tuple(waldo_v(3)), &waldo__wire__method_number__descriptor,
           "{'number': 3, 'name': ''}");
    refuse(waldo_v_tuple(waldo_v(1), waldo_v(""), waldo_v(1)),
           &waldo__wire__method_number__descriptor, WALDO_ETYPE,
           "waldo.wire.MethodNumber takes 2 positional arguments but 3 were given");
    refuse(waldo_v_tuple(waldo_v(1), waldo_v(2)), &waldo__wire__text__descriptor, WALDO_ETYPE,
           "waldo.wire.Text takes 1 positional argument but 2 were given");
}

/* As Python's *args. */
Test(convert, the_rest_of_a_tuple)
{
    const ProtobufCMessageDescriptor *one = &waldo__sequence__descriptor;
    const ProtobufCMessageDescriptor *two = &waldo__mapping__descriptor;
    expect(waldo_v_tuple(), one, "{'items': []}");
    expect(waldo_v_tuple(waldo_v_list(waldo_v(1))), one, "{'items': [[1]]}");
    expect(waldo_v_tuple(waldo_v(1), waldo_v("a"), waldo_v_none()), one,
           "{'items': [1, 'a', None]}");
    expect(waldo_v_fields("items", waldo_v_list(waldo_v(1))), one, "{'items': [1]}");
    expect(waldo_v_tuple(waldo_v_list(waldo_v(1)), waldo_v(2), waldo_v(3)), two,
           "{'keys': [1], 'values': [2, 3]}");
    expect(waldo_v_tuple(waldo_v_list(waldo_v(1))), two, "{'keys': [1], 'values': []}");
}

Test(convert, numbers_out_of_range_are_refused)
{
    static const char count[] = "field 'count' cannot hold a number of that size";
    static const char object[] = "field 'object' cannot hold a number of that size";
    refuse(waldo_v_fields("count", waldo_v(1LL << 32)), REQUEST, WALDO_EOVERFLOW, count);
    refuse(waldo_v_fields("count", waldo_v(-1)), REQUEST, WALDO_EOVERFLOW, count);
    refuse(waldo_v_fields("object", waldo_v_int_text("18446744073709551616", 10)), REQUEST,
           WALDO_EOVERFLOW, object);
    refuse(waldo_v_fields("status", waldo_v(1LL << 31)), REPLY, WALDO_EOVERFLOW,
           "field 'status' cannot hold a number of that size");
    refuse(waldo_v_fields("operation", waldo_v(1LL << 31)), REQUEST, WALDO_EOVERFLOW,
           "field 'operation' cannot hold a number of that size");
    refuse(waldo_v(1e300), &google__protobuf__float_value__descriptor, WALDO_EOVERFLOW,
           "field 'value' cannot hold a number of that size");
}

Test(convert, wrong_types_are_refused)
{
    refuse(waldo_v_fields("count", waldo_v(1.5)), REQUEST, WALDO_ETYPE,
           "field 'count' takes an int, not float");
    refuse(waldo_v_fields("dynamic", waldo_v(1.0)), REQUEST, WALDO_ETYPE,
           "field 'dynamic' takes a bool, not float");
    refuse(waldo_v_fields("name", waldo_v_bytes("x", 1)), REQUEST, WALDO_ETYPE,
           "field 'name' takes a str, not bytes");
    refuse(waldo_v_fields("body", waldo_v("x")), REQUEST, WALDO_ETYPE,
           "field 'body' takes bytes, not str");
    refuse(waldo_v_fields("name", waldo_v_str_sized("a\0b", 3)), REQUEST, WALDO_EVALUE,
           "field 'name': embedded null character");
    refuse(waldo_v_fields("operation", waldo_v("NO_SUCH")), REQUEST, WALDO_EVALUE,
           "waldo.wire.Operation has no value 'NO_SUCH'");
    refuse(waldo_v_fields("operation", waldo_v(1.5)), REQUEST, WALDO_ETYPE,
           "field 'operation' takes the name or the number of an enum's value, not float");
    refuse(waldo_v_fields("count", waldo_v_none()), REQUEST, WALDO_ETYPE,
           "field 'count' takes an int, not NoneType");
    refuse(waldo_v(5), REQUEST, WALDO_ETYPE,
           "waldo.wire.Request must be a dict, a tuple or None, not int");
}

Test(convert, names_are_checked)
{
    refuse(waldo_v_fields("x", waldo_v(1)), REQUEST, WALDO_ETYPE,
           "waldo.wire.Request got an unexpected keyword argument 'x'");
    refuse(waldo_v_dict(waldo_v(1), waldo_v(1)), REQUEST, WALDO_ETYPE,
           "keywords of waldo.wire.Request must be strings");
}

Test(convert, repeated_fields)
{
    expect_field("path", waldo_v_list(waldo_v(1), waldo_v(-2)), LOCATION, "[1, -2]");
    expect_field("path", waldo_v_tuple(), LOCATION, "[]");
    expect_field("leading_detached_comments", waldo_v_list(waldo_v("a"), waldo_v("")), LOCATION,
                 "['a', '']");
    expect_field("methods", waldo_v_list(waldo_v_tuple(waldo_v(1), waldo_v("f")), waldo_v_none()),
                 &waldo__wire__created__descriptor,
                 "[{'number': 1, 'name': 'f'}, {'number': 0, 'name': ''}]");
    refuse(waldo_v_fields("path", waldo_v(1)), LOCATION, WALDO_ETYPE,
           "field 'path' takes a list or a tuple, not int");
    refuse(waldo_v_fields("path", waldo_v_list(waldo_v(1), waldo_v("x"))), LOCATION, WALDO_ETYPE,
           "field 'path' takes an int, not str");
    refuse(waldo_v_fields("leading_detached_comments", waldo_v_list(waldo_v("x"), waldo_v(1))),
           LOCATION, WALDO_ETYPE, "field 'leading_detached_comments' takes a str, not int");
}

Test(convert, maps_and_oneofs)
{
    expect(
        waldo_v_fields("fields", waldo_v_fields("a", waldo_v_fields("number_value", waldo_v(1)),
                                                "b", waldo_v_fields("string_value", waldo_v("x")))),
        STRUCT, "{'fields': {'a': {'number_value': 1.0}, 'b': {'string_value': 'x'}}}");
    expect(waldo_v_dict(), STRUCT, "{'fields': {}}");
    expect(waldo_v_dict(), STRUCT_VALUE, "{}");
    expect(waldo_v_fields("null_value", waldo_v("NULL_VALUE")), STRUCT_VALUE,
           "{'null_value': 'NULL_VALUE'}");
    expect(waldo_v_fields("bool_value", waldo_v_bool(false), "number_value", waldo_v_none()),
           STRUCT_VALUE, "{'bool_value': False}");
    expect(waldo_v_fields("list_value",
                          waldo_v_fields("values", waldo_v_list(waldo_v_fields("number_value",
                                                                               waldo_v(0.5))))),
           STRUCT_VALUE, "{'list_value': {'values': [{'number_value': 0.5}]}}");
    refuse(waldo_v_fields("number_value", waldo_v(1), "string_value", waldo_v("x")), STRUCT_VALUE,
           WALDO_ETYPE,
           "google.protobuf.Value got 'string_value' and another field of the same oneof");
    refuse(waldo_v_fields("fields", waldo_v_list()), STRUCT, WALDO_ETYPE,
           "field 'fields' takes a dict, not list");
    refuse(waldo_v_fields("fields", waldo_v_dict(waldo_v(1), waldo_v_none())), STRUCT, WALDO_ETYPE,
           "field 'key' takes a str, not int");
}

Test(convert, proto2_knows_what_is_absent)
{
    expect_field("number", waldo_v(0), PROTO2_FIELD, "0");
    expect_field("number", waldo_v_none(), PROTO2_FIELD, "None");
    expect_field("name", waldo_v(""), PROTO2_FIELD, "''");
    expect_field("type", waldo_v("TYPE_BOOL"), PROTO2_FIELD, "'TYPE_BOOL'");
    expect(waldo_v_tuple(waldo_v(1)), PROTO2_RANGE, "{'start': 1, 'end': None, 'options': None}");
}

Test(convert, required_fields)
{
    expect(waldo_v_tuple(waldo_v("a"), waldo_v_bool(true)), NAME_PART,
           "{'name_part': 'a', 'is_extension': True}");
    refuse(waldo_v_tuple(waldo_v("a")), NAME_PART, WALDO_ETYPE,
           "google.protobuf.UninterpretedOption.NamePart missing 1 required argument: "
           "'is_extension'");
    refuse(waldo_v_fields("is_extension", waldo_v_bool(true)), NAME_PART, WALDO_ETYPE,
           "google.protobuf.UninterpretedOption.NamePart missing 1 required argument: 'name_part'");
    refuse(waldo_v_none(), NAME_PART, WALDO_ETYPE,
           "google.protobuf.UninterpretedOption.NamePart missing 1 required argument: 'name_part'");
}

Test(convert, waldo_value_takes_anything)
{
    expect(waldo_v_list(waldo_v(1), waldo_v_none()), &waldo__value__descriptor, "[1, None]");
    expect(waldo_v_none(), &waldo__value__descriptor, "None");
    expect(waldo_v_fields("items", waldo_v_list(waldo_v("x"), waldo_v_none(), waldo_v_set())),
           &waldo__sequence__descriptor, "{'items': ['x', None, set()]}");
}

Test(convert, waldo_ref_takes_a_proxy)
{
    waldo__reference reference = {7, 17, "Counter", "tcp://h:1", NULL, NULL, 0};
    expect(waldo__v_reference(&reference), &waldo__ref__descriptor, "<proxy of 'Counter' 17>");
    expect(waldo_v_none(), &waldo__ref__descriptor, "None");
    expect(waldo_v_fields("ref", waldo__v_reference(&reference)), &waldo__wire__created__descriptor,
           "{'ref': <proxy of 'Counter' 17>, 'methods': []}");
    expect(waldo_v_fields("ref", waldo_v_none()), &waldo__wire__created__descriptor,
           "{'ref': None, 'methods': []}");
    refuse(waldo_v(1), &waldo__ref__descriptor, WALDO_ETYPE, "expected a proxy or None, got 'int'");
}

Test(convert, wrappers_are_what_they_wrap)
{
    expect(waldo_v(2), &google__protobuf__double_value__descriptor, "2.0");
    expect(waldo_v_tuple(waldo_v("x")), &google__protobuf__string_value__descriptor, "'x'");
    expect(waldo_v_fields("value", waldo_v_bool(true)), &google__protobuf__bool_value__descriptor,
           "True");
    expect(waldo_v_none(), &google__protobuf__bytes_value__descriptor, "b''");
    refuse(waldo_v("x"), &google__protobuf__int32_value__descriptor, WALDO_ETYPE,
           "field 'value' takes an int, not str");
}

Test(convert, depth_is_bounded)
{
    waldo_value *value = waldo_v_dict();
    for (int i = 0; i < 70; i++)
        value =
            waldo_v_fields("struct_value", waldo_v_fields("fields", waldo_v_fields("x", value)));
    refuse(value, STRUCT_VALUE, WALDO_ERECURSION, "messages are nested more than 64 deep");
}

typedef struct failing {
    int left;
    int live;
} failing;

static void *failing_alloc(void *data, size_t size)
{
    failing *f = data;
    if (f->left-- <= 0)
        return NULL;
    f->live++;
    return malloc(size);
}

static void failing_free(void *data, void *memory)
{
    ((failing *)data)->live -= memory != NULL;
    free(memory);
}

static void exhaust(waldo_value *value, const ProtobufCMessageDescriptor *descriptor)
{
    int status = WALDO_ENOMEM;
    for (int allowed = 0; status < 0; allowed++) {
        failing f = {allowed, 0};
        ProtobufCAllocator allocator = {failing_alloc, failing_free, &f};
        ProtobufCMessage *message = NULL;
        status = waldo__convert_to_message(value, descriptor, &allocator, &message, NULL);
        cr_assert(status == 0 || status == WALDO_ENOMEM);
        if (message)
            protobuf_c_message_free_unpacked(message, &allocator);
        cr_assert_eq(f.live, 0);
    }
    waldo_value_unref(value);
}

Test(convert, running_out_of_memory_leaks_nothing)
{
    exhaust(
        waldo_v_fields("fields", waldo_v_fields("a", waldo_v_fields("number_value", waldo_v(1)),
                                                "b", waldo_v_fields("string_value", waldo_v("x")))),
        STRUCT);
    exhaust(waldo_v_fields("leading_detached_comments", waldo_v_list(waldo_v("a"), waldo_v("b")),
                           "path", waldo_v_list(waldo_v(1))),
            LOCATION);
    exhaust(waldo_v_fields("body", waldo_v_bytes("x", 1), "name", waldo_v("y")), REQUEST);
}
