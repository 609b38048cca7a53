/* convert_field.c: setting single fields of a message, again and again. */
#include "unit/value/support.h"

#include <google/protobuf/descriptor.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <waldo/builtins.pb-c.h>

#include "value/convert.h"

static waldo_error err;

static const ProtobufCFieldDescriptor *field(const ProtobufCMessage *message, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
}

/* TAKES value. */
static int set(ProtobufCMessage *message, const char *name, waldo_value *value)
{
    int status = waldo__convert_to_field(value, field(message, name), message, &err);
    waldo_value_unref(value);
    return status;
}

static void shows(const ProtobufCMessage *message, const char *name, const char *expected)
{
    waldo_value *value = NULL;
    cr_assert_eq(waldo__convert_from_field(message, field(message, name), &value, &err), 0);
    char *text = waldo_value_repr(value);
    cr_expect_str_eq(text, expected);
    free(text);
    waldo_value_unref(value);
}

Test(convert_field, members_of_a_oneof_replace_each_other)
{
    Google__Protobuf__Value *message = malloc(sizeof *message);
    google__protobuf__value__init(message);
    cr_assert_eq(set(&message->base, "string_value", waldo_v("a")), 0);
    cr_assert_eq(set(&message->base, "string_value", waldo_v("b")), 0);
    shows(&message->base, "string_value", "'b'");
    cr_assert_eq(set(&message->base, "number_value", waldo_v(2.5)), 0);
    shows(&message->base, "number_value", "2.5");
    shows(&message->base, "string_value", "None");
    cr_assert_eq(set(&message->base, "number_value", waldo_v("x")), WALDO_ETYPE);
    shows(&message->base, "number_value", "2.5");
    google__protobuf__value__free_unpacked(message, NULL);
}

Test(convert_field, optional_and_repeated_ones)
{
    Google__Protobuf__FieldDescriptorProto *message = malloc(sizeof *message);
    google__protobuf__field_descriptor_proto__init(message);
    shows(&message->base, "number", "None");
    cr_assert_eq(set(&message->base, "number", waldo_v(7)), 0);
    shows(&message->base, "number", "7");
    cr_assert_eq(set(&message->base, "number", waldo_v_none()), 0);
    shows(&message->base, "number", "None");
    cr_assert_eq(set(&message->base, "name", waldo_v("n")), 0);
    shows(&message->base, "name", "'n'");
    google__protobuf__field_descriptor_proto__free_unpacked(message, NULL);

    Google__Protobuf__ListValue *list = malloc(sizeof *list);
    google__protobuf__list_value__init(list);
    cr_assert_eq(
        set(&list->base, "values", waldo_v_list(waldo_v_fields("bool_value", waldo_v_bool(true)))),
        0);
    cr_assert_eq(set(&list->base, "values", waldo_v_list()), 0);
    shows(&list->base, "values", "[]");
    google__protobuf__list_value__free_unpacked(list, NULL);
}

/* ---- **kwargs, which the message of dict() has ---- */

static int convert(waldo_value *value, ProtobufCMessage **ret_message)
{
    int status = waldo__convert_to_message(value, &waldo__builtin__dict_arguments__descriptor, NULL,
                                           ret_message, &err);
    waldo_value_unref(value);
    return status;
}

Test(convert_field, names_that_are_no_fields_are_keywords)
{
    ProtobufCMessage *message;
    cr_assert_eq(
        convert(waldo_v_fields("b", waldo_v(1), "iterable", waldo_v(2), "kwargs", waldo_v(3)),
                &message),
        0);
    shows(message, "iterable", "2");
    shows(message, "kwargs", "{'b': 1, 'kwargs': 3}");
    protobuf_c_message_free_unpacked(message, NULL);
    cr_assert_eq(convert(waldo_v_tuple(waldo_v(1)), &message), 0);
    shows(message, "iterable", "1");
    shows(message, "kwargs", "{}");
    protobuf_c_message_free_unpacked(message, NULL);
    cr_assert_eq(convert(waldo_v_tuple(waldo_v(1), waldo_v_dict()), &message), WALDO_ETYPE);
    cr_assert_eq(convert(waldo_v_dict(waldo_v(1), waldo_v(2)), &message), WALDO_ETYPE);
}
