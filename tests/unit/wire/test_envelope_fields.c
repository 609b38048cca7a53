/* Envelopes against protobuf-c's own reading and writing of the same ones. */
#include "wire/envelope_fields.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "unit/wire/numbers.h"
#include "waldo/wire.pb-c.h"
#include "wire/scan.h"

enum { ROUNDS = 2000 };

static size_t pack_plainly(const ProtobufCMessage *message, uint8_t **ret_bytes)
{
    *ret_bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);
    cr_assert_not_null(*ret_bytes);
    return protobuf_c_message_pack(message, *ret_bytes);
}

static bool append(waldo__buffer *buffer, const ProtobufCMessage *message, size_t room)
{
    if (message->descriptor == &waldo__wire__request__descriptor)
        return waldo__request_append(buffer, (const Waldo__Wire__Request *)message, room);
    return waldo__reply_append(buffer, (const Waldo__Wire__Reply *)message, room);
}

static bool read(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                 const uint8_t *data, size_t size, bool borrows, void *message)
{
    if (descriptor == &waldo__wire__request__descriptor)
        return waldo__request_read(arena, data, size, borrows, message);
    return waldo__reply_read(arena, data, size, borrows, message);
}

/* Written as protobuf-c does, and read back: the same message. */
static void check(const ProtobufCMessage *message, bool borrows)
{
    uint8_t *wanted, *again;
    size_t size = pack_plainly(message, &wanted);
    waldo__buffer packed = {0};
    cr_assert(append(&packed, message, 7));
    cr_assert_geq(packed.capacity, packed.size + 7);
    cr_assert_eq(packed.size, size);
    cr_assert_eq(memcmp(packed.data, wanted, size), 0);

    waldo__arena arena;
    waldo__arena_init(&arena);
    void *copy = waldo__arena_alloc(&arena, message->descriptor->sizeof_message);
    cr_assert(read(message->descriptor, &arena, wanted, size, borrows, copy));
    cr_assert_eq(pack_plainly(copy, &again), size);
    cr_assert_eq(memcmp(again, wanted, size), 0);
    waldo__arena_free(&arena);
    waldo__buffer_free(&packed);
    free(again);
    free(wanted);
}

static uint64_t outstanding[20];
static uint8_t some_bytes[300];

static void fill(const ProtobufCFieldDescriptor *field, void *message)
{
    void *target = (char *)message + field->offset;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)target = random_number() % 2;
        break;
    case PROTOBUF_C_TYPE_STRING:
        *(const char **)target = random_number() % 4 ? "n\xc3\xa4me" : "";
        break;
    case PROTOBUF_C_TYPE_BYTES:
        *(ProtobufCBinaryData *)target =
            (ProtobufCBinaryData){random_number() % sizeof some_bytes, some_bytes};
        break;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)target = some_number();
        break;
    default:
        *(uint32_t *)target = (uint32_t)some_number();
    }
}

static void fill_array(const ProtobufCFieldDescriptor *field, void *message)
{
    size_t count = random_number() % 20;
    for (size_t i = 0; i < count; i++)
        outstanding[i] = some_number();
    *(uint64_t **)((char *)message + field->offset) = outstanding;
    *(size_t *)((char *)message + field->quantifier_offset) = count;
}

/* Every field that wire.proto has, whoever added it; buffers are left to protobuf-c. */
static void fill_all(void *message, const ProtobufCMessageDescriptor *descriptor)
{
    descriptor->message_init(message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (field->type == PROTOBUF_C_TYPE_MESSAGE || random_number() % 3 == 0)
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            fill_array(field, message);
        else
            fill(field, message);
    }
}

Test(envelope_fields, requests_and_replies_are_protobufs)
{
    for (int i = 0; i < ROUNDS; i++) {
        Waldo__Wire__Request request;
        Waldo__Wire__Reply reply;
        fill_all(&request, &waldo__wire__request__descriptor);
        check(&request.base, random_number() % 2);
        fill_all(&reply, &waldo__wire__reply__descriptor);
        check(&reply.base, random_number() % 2);
    }
}

Test(envelope_fields, buffers_are_left_to_protobuf)
{
    Waldo__Wire__Buffer buffer = WALDO__WIRE__BUFFER__INIT, *buffers[] = {&buffer};
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    const ProtobufCMessage *const both[] = {&request.base, &reply.base};
    request.object = reply.sequence = 300;
    request.buffers = reply.buffers = buffers;
    request.n_buffers = reply.n_buffers = 1;
    for (int i = 0; i < 2; i++) {
        uint8_t *wanted;
        waldo__buffer packed = {0};
        waldo__arena arena;
        waldo__arena_init(&arena);
        size_t size = pack_plainly(both[i], &wanted);
        void *copy = waldo__arena_alloc(&arena, both[i]->descriptor->sizeof_message);
        cr_assert(append(&packed, both[i], 7));
        cr_assert_eq(packed.size, size);
        cr_assert_eq(memcmp(packed.data, wanted, size), 0);
        cr_assert_geq(packed.capacity, packed.size + 7);
        cr_assert_not(read(both[i]->descriptor, &arena, wanted, size, false, copy));
        waldo__arena_free(&arena);
        waldo__buffer_free(&packed);
        free(wanted);
    }
}

/* Bytes of a message, cut and spoiled: what is taken is what protobuf-c takes. */
Test(envelope_fields, spoiled_bytes_are_read_as_protobuf_reads_them_or_left_to_it)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    uint64_t numbers[] = {1, 300, UINT64_MAX};
    uint8_t *bytes, *quick, *plain;
    int taken = 0;
    request.operation = WALDO__WIRE__OPERATION__CALL;
    request.object = 300;
    request.name = (char *)"get";
    request.body = (ProtobufCBinaryData){3, (uint8_t *)"abc"};
    request.incarnation = 77;
    request.outstanding = numbers;
    request.n_outstanding = 3;
    size_t whole = pack_plainly(&request.base, &bytes);
    for (int i = 0; i < 20 * ROUNDS; i++) {
        uint8_t spoiled[128];
        size_t size = whole - (random_number() % 4 ? 0 : random_number() % whole);
        memcpy(spoiled, bytes, size);
        for (uint64_t j = random_number() % 3; j > 0; j--)
            spoiled[random_number() % size] = (uint8_t)random_number();
        waldo__arena arena;
        waldo__arena_init(&arena);
        Waldo__Wire__Request taken_one;
        if (waldo__request_read(&arena, spoiled, size, false, &taken_one)) {
            cr_assert_eq(waldo__scan(request.base.descriptor, spoiled, size, NULL, NULL), 0);
            ProtobufCMessage *other =
                protobuf_c_message_unpack(request.base.descriptor, NULL, size, spoiled);
            cr_assert_not_null(other);
            size_t quick_size = pack_plainly(&taken_one.base, &quick);
            cr_assert_eq(pack_plainly(other, &plain), quick_size);
            cr_assert_eq(memcmp(quick, plain, quick_size), 0);
            protobuf_c_message_free_unpacked(other, NULL);
            free(quick);
            free(plain);
            taken++;
        }
        waldo__arena_free(&arena);
    }
    free(bytes);
    cr_assert_gt(taken, ROUNDS);
}

/* Found by fuzz.envelope: protobuf-c refuses a length of six bytes, whatever it says. */
Test(envelope_fields, a_length_that_is_too_long_is_left_to_protobuf)
{
    static const uint8_t five[] = {0x8a, 0x01, 0x80, 0x80, 0x80, 0x80, 0x00};
    static const uint8_t six[] = {0x8a, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
    const ProtobufCMessageDescriptor *descriptor = &waldo__wire__request__descriptor;
    Waldo__Wire__Request request;
    waldo__arena arena;

    waldo__arena_init(&arena);
    cr_assert_eq(waldo__scan(descriptor, five, sizeof five, NULL, NULL), 0);
    cr_assert(waldo__request_read(&arena, five, sizeof five, false, &request));
    cr_assert_lt(waldo__scan(descriptor, six, sizeof six, NULL, NULL), 0);
    cr_assert_not(waldo__request_read(&arena, six, sizeof six, false, &request));
    waldo__arena_free(&arena);
}
