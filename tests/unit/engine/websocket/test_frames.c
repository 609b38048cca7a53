#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "engine/websocket/frames.h"

#define LIMIT 200000
#define ID 0x80000007u

typedef struct receiver {
    waldo__ws_reader reader;
    waldo__sp_parser parser;
} receiver;

static receiver make(bool from_client)
{
    return (receiver){.reader = {.from_client = from_client},
                      .parser = {.peer = WALDO__SP_REQ,
                                 .max_hops = from_client ? WALDO__SP_MAX_HOPS : 0,
                                 .limit = LIMIT,
                                 .stage = WALDO__SP_AT_HEAD}};
}

static void end(receiver *one)
{
    waldo__ws_reader_free(&one->reader);
    waldo__sp_parser_free(&one->parser);
}

/* The bytes are copied first: they are changed, and each is to lie where ASan looks. */
static int take(receiver *one, const void *bytes, size_t size, waldo__sp_message *message,
                waldo_error *err)
{
    uint8_t *copy = malloc(size);
    uint8_t *at = copy;
    size_t left = size;

    memcpy(copy, bytes, size);
    int rc = waldo__ws_take(&one->reader, &one->parser, &at, &left, message, err);
    free(copy);
    return rc;
}

static void put_request(waldo__buffer *stream, const uint8_t *payload, size_t size)
{
    waldo__sp_route route = waldo__sp_plain_route(ID);
    struct iovec parts[2] = {{(void *)payload, size / 3},
                             {(void *)(payload + size / 3), size - size / 3}};

    cr_assert(waldo__ws_append_request(stream, &route, parts, 2));
}

static void put_reply(waldo__buffer *stream, const uint8_t *payload, size_t size)
{
    waldo__sp_route route = waldo__sp_plain_route(ID);
    struct iovec part = {(void *)payload, size};
    waldo__sp_frame frame;

    waldo__ws_frame_init(&frame, &route, &part, 1, size);
    cr_assert(waldo__sp_frame_keep_rest(&frame, stream));
}

static const size_t sizes[] = {0, 1, 120, 121, 122, 125, 126, 65530, 65531, 65532, 65536, LIMIT};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static uint8_t *pattern(void)
{
    uint8_t *bytes = malloc(LIMIT);

    for (size_t i = 0; i < LIMIT; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    return bytes;
}

/* Reads the stream in pieces, long payloads into their room, and expects all messages. */
static void expect_all(const waldo__buffer *stream, bool from_client, size_t piece,
                       const uint8_t *payload)
{
    receiver one = make(from_client);
    waldo__buffer copy = {0};
    size_t count = 0, at = 0;

    cr_assert(waldo__buffer_append(&copy, stream->data, stream->size));
    while (count < SIZES) {
        waldo__sp_message message;
        size_t size = stream->size - at < piece ? stream->size - at : piece;
        size_t room_size = 0;
        uint8_t *room = waldo__ws_room(&one.reader, &one.parser, &room_size);
        uint8_t *data = copy.data + at;
        size_t left = size;
        int rc = 0;
        cr_assert_gt(size, (size_t)0);
        if (room != NULL) {
            left = size < room_size ? size : room_size;
            memcpy(room, data, left);
            at += left;
            rc = waldo__ws_filled(&one.reader, &one.parser, room, left, &message);
        } else {
            rc = waldo__ws_take(&one.reader, &one.parser, &data, &left, &message, NULL);
            at += size - left;
        }
        cr_assert_geq(rc, 0);
        if (rc == 0)
            continue;
        cr_assert_eq(rc, 1);
        cr_assert_eq(message.size, sizes[count]);
        cr_assert_eq(memcmp(message.data, payload, message.size), 0);
        cr_assert_eq(waldo__sp_route_id(&message.route), ID);
        count++;
    }
    cr_assert_eq(at, stream->size);
    waldo__buffer_free(&copy);
    end(&one);
}

static void expect_round_trip(bool from_client)
{
    const size_t pieces[] = {1, 2, 3, 7, 1000, 65536, 10 * LIMIT};
    uint8_t *payload = pattern();
    waldo__buffer stream = {0};

    for (size_t i = 0; i < SIZES; i++)
        (from_client ? put_request : put_reply)(&stream, payload, sizes[i]);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        expect_all(&stream, from_client, pieces[i], payload);
    waldo__buffer_free(&stream);
    free(payload);
}

Test(frames, requests_of_every_size)
{
    expect_round_trip(true);
}

Test(frames, replies_of_every_size)
{
    expect_round_trip(false);
}

/* A client's bytes are not what it wants to say, and differ from time to time. */
Test(frames, requests_are_masked)
{
    static const uint8_t payload[64] = {0};
    waldo__buffer first = {0}, second = {0};

    put_request(&first, payload, sizeof payload);
    put_request(&second, payload, sizeof payload);
    cr_assert_eq(first.size, second.size);
    cr_assert_neq(memcmp(first.data, second.data, first.size), 0);
    cr_assert_null(memmem(first.data, first.size, payload, 32));
    waldo__buffer_free(&first);
    waldo__buffer_free(&second);
}

/* "abcdef" in four frames, of which the last one is empty, with a ping between them. */
Test(frames, a_message_in_pieces)
{
    static const uint8_t stream[] = {0x02, 0,                                   /* nothing yet */
                                     0x00, 7, 0x80, 0,   0,   7, 'a', 'b', 'c', /**/
                                     0x89, 2, 'h',  'i',                        /* a ping */
                                     0x00, 3, 'd',  'e', 'f',                   /**/
                                     0x80, 0,                                   /* the end */
                                     0x82, 4, 0x80, 0,   0,   8};

    for (size_t piece = 1; piece <= sizeof stream; piece++) {
        receiver one = make(false);
        uint8_t copy[sizeof stream];
        int messages = 0, pings = 0;
        memcpy(copy, stream, sizeof stream);
        for (size_t at = 0; at < sizeof stream;) {
            waldo__sp_message message;
            uint8_t *data = copy + at;
            size_t size = sizeof stream - at < piece ? sizeof stream - at : piece;
            size_t left = size;
            int rc = waldo__ws_take(&one.reader, &one.parser, &data, &left, &message, NULL);
            at += size - left;
            cr_assert_geq(rc, 0);
            if (rc == 2) {
                cr_assert_eq(one.reader.opcode, WALDO__WS_PING);
                cr_assert_eq(one.reader.control_size, 2);
                cr_assert_eq(memcmp(one.reader.control, "hi", 2), 0);
                pings++;
            }
            if (rc != 1)
                continue;
            cr_assert_eq(message.size, messages == 0 ? 6 : 0);
            cr_assert_eq(memcmp(message.data, "abcdef", message.size), 0);
            messages++;
        }
        cr_assert_eq(pings, 1);
        cr_assert_eq(messages, 2);
        end(&one);
    }
}

Test(frames, control_frames)
{
    static const uint8_t payload[WALDO__WS_CONTROL_MOST] = {1, 2, 3};
    const uint8_t opcodes[] = {WALDO__WS_PING, WALDO__WS_PONG, WALDO__WS_CLOSE};

    for (int from_client = 0; from_client < 2; from_client++)
        for (size_t i = 0; i < 3; i++)
            for (size_t size = 0; size <= sizeof payload; size += 25) {
                receiver one = make(from_client);
                waldo__buffer frame = {0};
                waldo__sp_message message;
                cr_assert(waldo__ws_append_control(&frame, opcodes[i], from_client, payload, size));
                cr_assert_eq(take(&one, frame.data, frame.size, &message, NULL), 2);
                cr_assert_eq(one.reader.opcode, opcodes[i]);
                cr_assert_eq(one.reader.control_size, size);
                cr_assert_eq(memcmp(one.reader.control, payload, size), 0);
                waldo__buffer_free(&frame);
                end(&one);
            }
}

typedef struct bad {
    bool from_client;
    int code;
    const char *says;
    size_t size;
    const char *bytes;
} bad;

#define BYTES(text) sizeof text - 1, text

Test(frames, that_cannot_be)
{
    const bad cases[] = {
        {false, WALDO_EPROTOCOL, "reserved", BYTES("\xC2\x04")},
        {false, WALDO_EPROTOCOL, "with a mask", BYTES("\x82\x84\1\2\3\4")},
        {true, WALDO_EPROTOCOL, "without a mask", BYTES("\x82\x04")},
        {false, WALDO_EPROTOCOL, "text", BYTES("\x81\x04")},
        {false, WALDO_EPROTOCOL, "unknown", BYTES("\x83\x04")},
        {false, WALDO_EPROTOCOL, "unknown", BYTES("\x8F\x04")},
        {false, WALDO_EPROTOCOL, "the rest of no message", BYTES("\x80\x04")},
        {false, WALDO_EPROTOCOL, "empty piece", BYTES("\x02\x01\x80\0\0")},
        {false, WALDO_EPROTOCOL, "within another", BYTES("\x02\x01\x80\x82\x04")},
        {false, WALDO_EPROTOCOL, "control frame", BYTES("\x09\x01")},
        {false, WALDO_EPROTOCOL, "control frame", BYTES("\x89\x7E\x00\x7E")},
        {false, WALDO_EPROTOCOL, "too many bytes", BYTES("\x82\x7E\x00\x7D")},
        {false, WALDO_EPROTOCOL, "too many bytes", BYTES("\x82\x7F\0\0\0\0\0\0\xFF\xFF")},
        {false, WALDO_EPROTOCOL, "too many bytes", BYTES("\x82\x7F\x80\0\0\0\0\0\xFF\xFF")},
        {false, WALDO_EPROTOCOL, "without a request id", BYTES("\x82\x00")},
        {false, WALDO_EPROTOCOL, "without a request id", BYTES("\x82\x03")},
        {false, WALDO_EPROTOCOL, "without a request id", BYTES("\x02\x01\x80\x80\x02\x01\x02")},
        {false, WALDO_EPROTOCOL, "devices", BYTES("\x82\x08\0\0\0\1")},
        {false, WALDO_ETOOBIG, "allowed", BYTES("\x82\x7F\0\0\0\0\0\xFF\xFF\xFF")},
        {false, WALDO_ETOOBIG, "allowed", BYTES("\x02\x7F\0\0\0\0\0\xFF\xFF\xFF")},
        {false, WALDO_ETOOBIG, "allowed",
         BYTES("\x02\x01\x80\x00\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF")},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        receiver one = make(cases[i].from_client);
        waldo__sp_message message;
        waldo_error err = WALDO_ERROR_INIT;
        int rc = take(&one, cases[i].bytes, cases[i].size, &message, &err);
        cr_assert_eq(rc, cases[i].code, "case %zu: %d %s", i, rc, err.message);
        cr_assert_not_null(strstr(err.message, cases[i].says), "case %zu: %s", i, err.message);
        end(&one);
    }
}

/* A message in between, and there may be more of them. */
Test(frames, control_frames_in_a_row)
{
    static const uint8_t pong[] = {0x8A, 0}, reply[] = {0x82, 4, 0x80, 0, 0, 1};
    receiver one = make(false);
    waldo__sp_message message;
    waldo_error err = WALDO_ERROR_INIT;

    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < WALDO__WS_CONTROLS_IN_A_ROW; i++)
            cr_assert_eq(take(&one, pong, sizeof pong, &message, NULL), 2);
        if (turn == 0)
            cr_assert_eq(take(&one, reply, sizeof reply, &message, NULL), 1);
    }
    cr_assert_eq(take(&one, pong, sizeof pong, &message, &err), WALDO_EPROTOCOL);
    cr_assert_not_null(strstr(err.message, "control frames and no messages"), "%s", err.message);
    end(&one);
}

/* A few bytes of fragments at a time do not get around the limit. */
Test(frames, many_small_pieces_are_a_long_message)
{
    receiver one = make(false);
    static const uint8_t begins[] = {0x02, 4, 0x80, 0, 0, 1};
    uint8_t piece[2 + 100] = {0x00, 100};
    waldo__sp_message message;
    int rc = take(&one, begins, sizeof begins, &message, NULL);

    for (size_t i = 0; rc == 0; i++) {
        cr_assert_leq(i, (size_t)LIMIT / 100);
        rc = take(&one, piece, sizeof piece, &message, NULL);
    }
    cr_assert_eq(rc, WALDO_ETOOBIG);
    cr_assert_leq(one.reader.fragments.size, (size_t)LIMIT + WALDO__SP_ROUTE_SIZE);
    end(&one);
}
