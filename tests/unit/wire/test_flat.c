/* Flat messages against protobuf-c's own reading and writing of the same ones. */
#include "wire/flat.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "waldo/wire.pb-c.h"
#include "wire/scan.h"

enum { ROUNDS = 2000 };

static uint64_t state = 88172645463325252u;

static uint64_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Of any size, and often none. */
static uint64_t some_number(void)
{
    uint64_t number = random_number();
    return number % 3 == 0 ? 0 : number >> random_number() % 64;
}

static size_t pack_plainly(const ProtobufCMessage *message, uint8_t **ret_bytes)
{
    *ret_bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);
    cr_assert_not_null(*ret_bytes);
    return protobuf_c_message_pack(message, *ret_bytes);
}

/* Written as protobuf-c does, and read back: the same message. */
static void check(const ProtobufCMessage *message, bool borrows)
{
    uint8_t *wanted, *again;
    size_t size = pack_plainly(message, &wanted);
    waldo__buffer packed = {0};
    cr_assert(waldo__flat_append(&packed, message, 7));
    cr_assert_geq(packed.capacity, packed.size + 7);
    cr_assert_eq(packed.size, size);
    cr_assert_eq(memcmp(packed.data, wanted, size), 0);

    waldo__arena arena;
    waldo__arena_init(&arena);
    void *read = waldo__arena_alloc(&arena, message->descriptor->sizeof_message);
    cr_assert(waldo__flat_read(message->descriptor, &arena, wanted, size, borrows, read));
    cr_assert_eq(pack_plainly(read, &again), size);
    cr_assert_eq(memcmp(again, wanted, size), 0);
    waldo__arena_free(&arena);
    waldo__buffer_free(&packed);
    free(again);
    free(wanted);
}

Test(flat, requests_and_replies_are_protobufs)
{
    uint64_t outstanding[20];
    uint8_t bytes[300];
    memset(bytes, 'b', sizeof bytes);
    for (int i = 0; i < ROUNDS; i++) {
        Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
        request.operation = (Waldo__Wire__Operation)(some_number() & 31);
        request.object = some_number();
        request.method = (uint32_t)some_number();
        request.body = (ProtobufCBinaryData){random_number() % sizeof bytes, bytes};
        request.name = (char *)(random_number() % 2 ? "" : "n\xc3\xa4me");
        request.dynamic = random_number() % 2;
        request.incarnation = some_number();
        request.sequence = some_number();
        request.n_outstanding = random_number() % 20;
        request.outstanding = outstanding;
        for (size_t j = 0; j < request.n_outstanding; j++)
            outstanding[j] = some_number();
        check(&request.base, random_number() % 2);
        Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
        reply.status = (int32_t)some_number();
        reply.body = request.body;
        reply.error_message = request.name;
        reply.proxy = random_number() % 2;
        reply.incarnation = some_number();
        reply.sequence = some_number();
        check(&reply.base, random_number() % 2);
    }
}

/* Bytes of a message, cut and spoiled: what is taken is what protobuf-c takes. */
Test(flat, spoiled_bytes_are_read_as_protobuf_reads_them_or_left_to_it)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    uint64_t outstanding[] = {1, 300, UINT64_MAX};
    uint8_t *bytes, *flat, *plain;
    int taken = 0;
    request.operation = WALDO__WIRE__OPERATION__CALL;
    request.object = 300;
    request.name = (char *)"get";
    request.body = (ProtobufCBinaryData){3, (uint8_t *)"abc"};
    request.incarnation = 77;
    request.outstanding = outstanding;
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
        Waldo__Wire__Request read;
        if (waldo__flat_read(request.base.descriptor, &arena, spoiled, size, false, &read)) {
            ProtobufCMessage *other;
            cr_assert_eq(waldo__unpack(request.base.descriptor, NULL, spoiled, size, &other, NULL),
                         0);
            size_t flat_size = pack_plainly(&read.base, &flat);
            cr_assert_eq(pack_plainly(other, &plain), flat_size);
            cr_assert_eq(memcmp(flat, plain, flat_size), 0);
            protobuf_c_message_free_unpacked(other, NULL);
            free(flat);
            free(plain);
            taken++;
        }
        waldo__arena_free(&arena);
    }
    free(bytes);
    cr_assert_gt(taken, ROUNDS);
}

/* Found by fuzz.envelope: protobuf-c refuses a length of six bytes, whatever it says. */
Test(flat, a_length_that_is_too_long_is_left_to_protobuf)
{
    static const uint8_t five[] = {0x8a, 0x01, 0x80, 0x80, 0x80, 0x80, 0x00};
    static const uint8_t six[] = {0x8a, 0x01, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00};
    const ProtobufCMessageDescriptor *descriptor = &waldo__wire__request__descriptor;
    Waldo__Wire__Request request;
    waldo__arena arena;

    waldo__arena_init(&arena);
    cr_assert_eq(waldo__scan(descriptor, five, sizeof five, NULL, NULL), 0);
    cr_assert(waldo__flat_read(descriptor, &arena, five, sizeof five, false, &request));
    cr_assert_lt(waldo__scan(descriptor, six, sizeof six, NULL, NULL), 0);
    cr_assert_not(waldo__flat_read(descriptor, &arena, six, sizeof six, false, &request));
    waldo__arena_free(&arena);
}
