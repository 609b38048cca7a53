/* Requests and replies are packed with their bodies in place: the same message as if the body had
 * been packed first and put into its field. */
#include "wire/envelope.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "wire/scan.h"
#include "wire/varint.h"

static void fill_request(Waldo__Wire__Request *request)
{
    waldo__wire__request__init(request);
    request->operation = WALDO__WIRE__OPERATION__CALL;
    request->object = UINT64_MAX;
    request->method = 300;
    request->name = (char *)"name";
    request->dynamic = true;
    request->incarnation = 0x0123456789ABCDEF;
    request->timeout = 1;
    request->thread = 77;
}

static char *text_of(size_t size)
{
    char *text = malloc(size + 1);

    cr_assert_not_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

/* The message that protobuf itself makes of the bytes, packed by protobuf itself. */
static uint8_t *repacked(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                         size_t size, size_t *ret_size)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, size, data);

    cr_assert_not_null(message, "%zu bytes", size);
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);
    *ret_size = protobuf_c_message_pack(message, bytes);
    protobuf_c_message_free_unpacked(message, NULL);
    return bytes;
}

static void assert_same(const ProtobufCMessage *wanted, const waldo__buffer *packed)
{
    uint8_t *plain = malloc(protobuf_c_message_get_packed_size(wanted) + 1);
    size_t plain_size = protobuf_c_message_pack(wanted, plain);
    size_t size;
    uint8_t *again = repacked(wanted->descriptor, packed->data, packed->size, &size);

    cr_assert_eq(packed->size, plain_size);
    cr_assert_eq(size, plain_size);
    cr_assert_eq(memcmp(again, plain, size), 0);
    free(plain);
    free(again);
}

/* Around each length at which a varint grows. */
static const size_t sizes[] = {0, 1, 2, 123, 124, 125, 126, 127, 128, 16380, 16381, 16384, 2097200};

Test(envelope, request_equals_protobufs_own)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Waldo__Wire__Text body = WALDO__WIRE__TEXT__INIT;
        Waldo__Wire__Request request;
        waldo__buffer packed = {0};
        body.text = text_of(sizes[i]);
        fill_request(&request);
        cr_assert_eq(waldo__envelope_request(&packed, &request, &body.base, NULL), 0);
        request.body.len = waldo__wire__text__get_packed_size(&body);
        request.body.data = malloc(request.body.len + 1);
        waldo__wire__text__pack(&body, request.body.data);
        assert_same(&request.base, &packed);
        free(request.body.data);
        free(body.text);
        waldo__buffer_free(&packed);
    }
}

Test(envelope, reply_equals_protobufs_own)
{
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        Waldo__Wire__Text body = WALDO__WIRE__TEXT__INIT;
        Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
        waldo__buffer packed = {0};
        body.text = text_of(sizes[i]);
        reply.sequence = 5;
        reply.status = WALDO_EKEY;
        reply.error_message = (char *)"message";
        reply.proxy = true;
        cr_assert_eq(waldo__envelope_reply(&packed, &reply, &body.base, NULL, NULL), 0);
        reply.body.len = waldo__wire__text__get_packed_size(&body);
        reply.body.data = malloc(reply.body.len + 1);
        waldo__wire__text__pack(&body, reply.body.data);
        assert_same(&reply.base, &packed);
        free(reply.body.data);
        free(body.text);
        waldo__buffer_free(&packed);
    }
}

Test(envelope, no_body)
{
    Waldo__Wire__Request request;
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    waldo__buffer packed = {0};

    fill_request(&request);
    cr_assert_eq(waldo__envelope_request(&packed, &request, NULL, NULL), 0);
    assert_same(&request.base, &packed);
    packed.size = 0;
    cr_assert_eq(waldo__envelope_reply(&packed, &reply, NULL, NULL, NULL), 0);
    cr_assert_eq(packed.size, 0, "a plain success is an empty message");
    waldo__buffer_free(&packed);
}

Test(envelope, appends_to_what_is_there)
{
    Waldo__Wire__Text body = WALDO__WIRE__TEXT__INIT;
    Waldo__Wire__Request request;
    waldo__buffer packed = {0}, alone = {0};

    fill_request(&request);
    body.text = (char *)"body";
    cr_assert(waldo__buffer_append(&packed, "before", 6));
    cr_assert_eq(waldo__envelope_request(&packed, &request, &body.base, NULL), 0);
    cr_assert_eq(waldo__envelope_request(&alone, &request, &body.base, NULL), 0);
    cr_assert_eq(packed.size, 6 + alone.size);
    cr_assert_eq(memcmp(packed.data, "before", 6), 0);
    cr_assert_eq(memcmp(packed.data + 6, alone.data, alone.size), 0);
    waldo__buffer_free(&packed);
    waldo__buffer_free(&alone);
}

/* Found by an adversary: eight bytes for each of so many numbers, and again for protobuf-c, because
 * of the field behind them. */
Test(envelope, what_would_take_much_memory_is_refused)
{
    enum { NUMBERS = 8 * 1024 * 1024, ROOM = 32 };
    static const uint8_t unknown[] = {0xf8, 0x07, 0x01};
    uint8_t *data = malloc(NUMBERS + ROOM);
    Waldo__Wire__Request *request;
    waldo__arena arena;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_not_null(data);
    uint8_t *at = waldo__put_varint(waldo__put_tag(data, 17, WALDO__DELIMITED), NUMBERS);
    memset(at, 1, NUMBERS);
    at += NUMBERS;
    memcpy(at, unknown, sizeof unknown);
    for (size_t behind = 0; behind <= sizeof unknown; behind += sizeof unknown) {
        waldo__arena_init(&arena);
        cr_assert_eq(waldo__envelope_read_request(&arena, data, (size_t)(at - data) + behind, false,
                                                  &request, &err),
                     WALDO_ELIMIT);
        cr_assert_null(arena.blocks);
        waldo__arena_free(&arena);
    }
    free(data);
}

/* protobuf-c itself would crash. */
Test(envelope, a_body_of_zeros_is_refused)
{
    Waldo__Wire__Request request;
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    Waldo__Wire__Hello zeros;
    waldo__buffer packed = {0};
    waldo_error err = WALDO_ERROR_INIT;

    fill_request(&request);
    memset(&zeros, 0, sizeof zeros);
    cr_assert_eq(waldo__envelope_request(&packed, &request, &zeros.base, &err), WALDO_ETYPE);
    cr_assert_not_null(strstr(err.message, "..._INIT"), "%s", err.message);
    cr_assert_eq(waldo__envelope_reply(&packed, &reply, &zeros.base, NULL, &err), WALDO_ETYPE);
    cr_assert_eq(packed.size, 0);
    waldo__buffer_free(&packed);
}
