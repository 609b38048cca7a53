/* Well-known messages serve as what a peer may send: descriptor.proto is proto2, with required,
 * optional and packed fields and groups of every kind; struct.proto has maps and recursion. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <google/protobuf/descriptor.pb-c.h>
#include <google/protobuf/struct.pb-c.h>
#include <google/protobuf/wrappers.pb-c.h>

#include "wire/scan.h"

static const ProtobufCMessageDescriptor *const string_value =
    &google__protobuf__string_value__descriptor;
static const ProtobufCMessageDescriptor *const int64_value =
    &google__protobuf__int64_value__descriptor;

static void refuse(const ProtobufCMessageDescriptor *descriptor, const char *bytes, size_t size,
                   int code, const char *message)
{
    waldo_error err = WALDO_ERROR_INIT;
    int status = waldo__scan(descriptor, (const uint8_t *)bytes, size, NULL, &err);
    cr_assert_eq(status, code, "%d: %s", status, err.message);
    cr_assert_str_eq(err.message, message);
    ProtobufCMessage *unpacked = NULL;
    cr_assert_eq(waldo__unpack(descriptor, NULL, (const uint8_t *)bytes, size, &unpacked, NULL),
                 code);
    cr_assert_null(unpacked);
}

static void accept(const ProtobufCMessageDescriptor *descriptor, const char *bytes, size_t size)
{
    waldo_error err = WALDO_ERROR_INIT;
    ProtobufCMessage *message;
    cr_assert(waldo__unpack(descriptor, NULL, (const uint8_t *)bytes, size, &message, &err) >= 0,
              "%s", err.message);
    protobuf_c_message_free_unpacked(message, NULL);
}

#define NO_END "malformed google.protobuf.Int64Value: a field does not end within the message"
#define NO_NUMBER "malformed google.protobuf.Int64Value: a field has no number"

Test(scan, well_formed)
{
    accept(int64_value, "", 0);
    accept(int64_value, "\x08\x05", 2);
    accept(int64_value, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    accept(int64_value, "\x08\x01\x08\x02", 4);
    accept(string_value, "\x0a\x02\xc3\xa9", 4);
}

Test(scan, unknown_fields_are_kept_if_well_formed)
{
    accept(int64_value, "\x10\x01\x1a\x01x\x25zzzz\x29zzzzzzzz", 19);
    refuse(int64_value, "\x1a\x02x", 3, WALDO_EPROTOCOL, NO_END);
}

Test(scan, varints_that_never_end)
{
    refuse(int64_value, "\x08", 1, WALDO_EPROTOCOL, NO_END);
    refuse(int64_value, "\x08\x80", 2, WALDO_EPROTOCOL, NO_END);
    refuse(int64_value, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, WALDO_EPROTOCOL,
           NO_END);
    refuse(int64_value, "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12, WALDO_EPROTOCOL,
           NO_END);
}

Test(scan, lengths_beyond_the_end)
{
    static const char text[] = "malformed google.protobuf.StringValue: a field does not end within "
                               "the message";
    refuse(string_value, "\x0a\x01", 2, WALDO_EPROTOCOL, text);
    refuse(string_value, "\x0a\xff\xff\xff\xff\x07x", 7, WALDO_EPROTOCOL, text);
    refuse(string_value, "\x0a\xff\xff\xff\xff\x0fx", 7, WALDO_EPROTOCOL, text);
    refuse(string_value, "\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01x", 12, WALDO_EPROTOCOL,
           text);
    refuse(int64_value, "\x25zzz", 4, WALDO_EPROTOCOL, NO_END);
}

Test(scan, tags)
{
    refuse(int64_value, "\x00\x01", 2, WALDO_EPROTOCOL, NO_NUMBER);
    refuse(int64_value, "\xff\xff\xff\xff\xff\x01\x01", 7, WALDO_EPROTOCOL, NO_NUMBER);
    refuse(int64_value, "\x88\x80\x80\x80\x80\x00\x01", 7, WALDO_EPROTOCOL, NO_NUMBER);
    refuse(int64_value, "\x13\x14", 2, WALDO_EPROTOCOL, NO_END);
    refuse(int64_value, "\x0e\x00", 2, WALDO_EPROTOCOL, NO_END);
    refuse(int64_value, "\x0d\x01\x02\x03\x04", 5, WALDO_EPROTOCOL,
           "malformed google.protobuf.Int64Value: field 'value' has another type");
}

Test(scan, text)
{
    refuse(string_value, "\x0a\x01\xff", 3, WALDO_EPROTOCOL,
           "malformed google.protobuf.StringValue: field 'value' is not UTF-8");
    refuse(string_value, "\x0a\x02z\x00", 4, WALDO_EPROTOCOL,
           "malformed google.protobuf.StringValue: field 'value' holds a NUL");
}

Test(scan, packed_fields)
{
    const ProtobufCMessageDescriptor *location =
        &google__protobuf__source_code_info__location__descriptor;
    accept(location, "\x0a\x03\x01\x80\x01", 5);
    accept(location, "\x08\x01\x08\x02", 4);
    accept(location, "\x0a\x00", 2);
    refuse(location, "\x0a\x02\x01\x80", 4, WALDO_EPROTOCOL,
           "malformed google.protobuf.SourceCodeInfo.Location: field 'path' ends within an item");
}

Test(scan, required_fields)
{
    const ProtobufCMessageDescriptor *part =
        &google__protobuf__uninterpreted_option__name_part__descriptor;
    ProtobufCMessage *message;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_eq(waldo__unpack(part, NULL, (const uint8_t *)"\x0a\x01z", 3, &message, &err),
                 WALDO_EPROTOCOL);
    cr_assert_str_eq(err.message, "malformed google.protobuf.UninterpretedOption.NamePart: a "
                                  "required field is missing");
    accept(part, "\x0a\x01z\x10\x01", 5);
}

Test(scan, depth)
{
    /* ListValue.values (1) and Value.list_value (6), in turns. */
    uint8_t bytes[1000];
    size_t start = sizeof(bytes);
    int levels = 0;
    const waldo__scan_limits limits = {10, 1 << 20};
    while (start > 3 && sizeof(bytes) - start < 120) {
        size_t size = sizeof(bytes) - start;
        bytes[--start] = (uint8_t)size;
        bytes[--start] = levels++ % 2 == 0 ? 0x32 : 0x0a;
        const ProtobufCMessageDescriptor *outer = levels % 2
                                                      ? &google__protobuf__value__descriptor
                                                      : &google__protobuf__list_value__descriptor;
        int status = waldo__scan(outer, bytes + start, sizeof(bytes) - start, &limits, NULL);
        cr_assert_eq(status, levels + 1 > 10 ? WALDO_ERECURSION : 0, "%d levels", levels);
    }
    cr_assert_gt(levels, 20);
}

Test(scan, memory)
{
    /* A megabyte of empty messages would take a hundred. */
    size_t size = 1 << 20;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i += 2)
        memcpy(bytes + i, "\x0a\x00", 2);
    const ProtobufCMessageDescriptor *list = &google__protobuf__list_value__descriptor;
    waldo__scan_limits limits = {WALDO__SCAN_DEPTH, 8 << 20};
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_eq(waldo__scan(list, bytes, size, &limits, &err), WALDO_ELIMIT);
    cr_assert_str_eq(err.message, "the message would take more than 8388608 bytes of memory");
    cr_assert(waldo__scan(list, bytes, size, NULL, NULL) >= 0);
    free(bytes);
}

typedef struct counting {
    size_t total;
    int left;
} counting;

static void *counting_alloc(void *data, size_t size)
{
    counting *c = data;
    if (c->left-- <= 0)
        return NULL;
    c->total += size + 16;
    return malloc(size);
}

static void counting_free(void *data, void *memory)
{
    (void)data;
    free(memory);
}

/* This library's own descriptor file, packed, is a message of many kinds. */
static uint8_t *sample(size_t *ret_size)
{
    Google__Protobuf__FileDescriptorProto file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    Google__Protobuf__DescriptorProto type = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
    Google__Protobuf__DescriptorProto *types[100];
    char *names[50];
    int32_t numbers[64] = {0};
    type.name = (char *)"Type";
    type.n_reserved_name = 50;
    type.reserved_name = names;
    for (size_t i = 0; i < 50; i++)
        names[i] = (char *)"x";
    for (size_t i = 0; i < 100; i++)
        types[i] = &type;
    file.n_message_type = 100;
    file.message_type = types;
    file.n_public_dependency = 64;
    file.public_dependency = numbers;
    *ret_size = google__protobuf__file_descriptor_proto__get_packed_size(&file);
    uint8_t *bytes = malloc(*ret_size);
    google__protobuf__file_descriptor_proto__pack(&file, bytes);
    return bytes;
}

Test(scan, the_estimate_is_an_upper_bound)
{
    size_t size;
    uint8_t *bytes = sample(&size);
    const ProtobufCMessageDescriptor *descriptor =
        &google__protobuf__file_descriptor_proto__descriptor;
    counting c = {0, INT32_MAX};
    ProtobufCAllocator allocator = {counting_alloc, counting_free, &c};
    ProtobufCMessage *message;
    cr_assert(waldo__unpack(descriptor, &allocator, bytes, size, &message, NULL) >= 0);
    protobuf_c_message_free_unpacked(message, &allocator);
    waldo__scan_limits limits = {WALDO__SCAN_DEPTH, c.total - 1};
    cr_assert_eq(waldo__scan(descriptor, bytes, size, &limits, NULL), WALDO_ELIMIT,
                 "unpacking took %zu bytes", c.total);
    free(bytes);
}

Test(scan, running_out_of_memory_is_not_the_peers_fault)
{
    size_t size;
    uint8_t *bytes = sample(&size);
    const ProtobufCMessageDescriptor *descriptor =
        &google__protobuf__file_descriptor_proto__descriptor;
    for (int allowed = 0; allowed < 300; allowed++) {
        counting c = {0, allowed};
        ProtobufCAllocator allocator = {counting_alloc, counting_free, &c};
        ProtobufCMessage *message;
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(waldo__unpack(descriptor, &allocator, bytes, size, &message, &err),
                     WALDO_ENOMEM, "%d: %s", allowed, err.message);
    }
    free(bytes);
}
