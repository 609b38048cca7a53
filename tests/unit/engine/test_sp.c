#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/sp.h"

#define LIMIT 200000

static const uint8_t request_hello[] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};

static waldo__sp_parser server_parser(bool ipc)
{
    return (waldo__sp_parser){
        .peer = WALDO__SP_REQ, .ipc = ipc, .max_hops = WALDO__SP_MAX_HOPS, .limit = LIMIT};
}

/* Appends a frame with some hops, the id and a payload of one repeated byte. */
static void put_frame(waldo__buffer *stream, bool ipc, unsigned hops, uint32_t id, char byte,
                      size_t payload)
{
    uint8_t words[8 + 4];
    uint64_t size = 4 * (hops + 1) + payload;

    if (ipc)
        cr_assert(waldo__buffer_append(stream, "\x01", 1));
    waldo__sp_put_word(words, (uint32_t)(size >> 32));
    waldo__sp_put_word(words + 4, (uint32_t)size);
    cr_assert(waldo__buffer_append(stream, words, 8));
    for (unsigned i = 0; i < hops; i++) {
        waldo__sp_put_word(words, 1000 + i);
        cr_assert(waldo__buffer_append(stream, words, 4));
    }
    waldo__sp_put_word(words, id);
    cr_assert(waldo__buffer_append(stream, words, 4));
    for (size_t i = 0; i < payload; i++)
        cr_assert(waldo__buffer_append(stream, &byte, 1));
}

static void expect_message(const waldo__sp_message *message, unsigned number)
{
    const size_t sizes[] = {0, 1, 500, 100000, 0, LIMIT};
    const unsigned hops[] = {0, 1, 0, 8, 3, 0};

    cr_assert_eq(message->size, sizes[number]);
    cr_assert_eq(message->route.size, (size_t)4 * (hops[number] + 1));
    cr_assert_eq(waldo__sp_route_id(&message->route), 0x80000000u + number);
    for (size_t i = 0; i < message->size; i++)
        cr_assert_eq(message->data[i], 'a' + (int)number);
}

static waldo__buffer whole_stream(bool ipc)
{
    const size_t sizes[] = {0, 1, 500, 100000, 0, LIMIT};
    const unsigned hops[] = {0, 1, 0, 8, 3, 0};
    waldo__buffer stream = {0};

    cr_assert(waldo__buffer_append(&stream, request_hello, sizeof request_hello));
    for (unsigned i = 0; i < 6; i++)
        put_frame(&stream, ipc, hops[i], 0x80000000u + i, (char)('a' + (int)i), sizes[i]);
    return stream;
}

/* Gives the stream in pieces of a size; long payloads also by way of the parser's own room. */
static void parse_in_pieces(bool ipc, size_t piece, bool use_room)
{
    waldo__sp_parser parser = server_parser(ipc);
    waldo__buffer stream = whole_stream(ipc);
    unsigned count = 0;

    for (size_t at = 0; at < stream.size;) {
        waldo__sp_message message;
        size_t room_size;
        uint8_t *room = use_room ? waldo__sp_room(&parser, &room_size) : NULL;
        size_t size = stream.size - at < piece ? stream.size - at : piece;
        if (room != NULL) {
            size = size < room_size ? size : room_size;
            memcpy(room, stream.data + at, size);
            at += size;
            if (waldo__sp_filled(&parser, size, &message) == 1)
                expect_message(&message, count++);
            continue;
        }
        /* A copy of its own, so that a sanitizer sees every read beyond it. */
        uint8_t *copy = malloc(size);
        const uint8_t *data = copy;
        memcpy(copy, stream.data + at, size);
        at += size;
        while (size > 0) {
            int rc = waldo__sp_take(&parser, &data, &size, &message, NULL);
            cr_assert_geq(rc, 0);
            if (rc == 1)
                expect_message(&message, count++);
        }
        free(copy);
    }
    cr_assert_eq(count, 6u);
    cr_assert_not(waldo__sp_is_midway(&parser));
    waldo__sp_parser_free(&parser);
    waldo__buffer_free(&stream);
}

Test(sp, a_stream_may_come_in_any_pieces)
{
    const size_t pieces[] = {1, 2, 3, 7, 8, 9, 13, 64, 1000, 65536, 1 << 20};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        for (int variant = 0; variant < 4; variant++)
            parse_in_pieces((variant & 1) != 0, pieces[i], (variant & 2) != 0);
}

static int parse_bytes(waldo__sp_parser *parser, const void *bytes, size_t size, waldo_error *err)
{
    waldo__sp_message message;
    const uint8_t *data = bytes;

    return waldo__sp_take(parser, &data, &size, &message, err);
}

/* ---- leads ---- */

enum { LED_PAYLOAD = 100000 };

static uint8_t byte_at(size_t position)
{
    return (uint8_t)(position * 2654435761u >> 11);
}

/* In pieces: the first one with so many bytes of the payload, then one of `second`, then the rest.
 * The lead. */
static size_t parse_led(waldo__sp_parser *parser, size_t first, size_t second)
{
    waldo__buffer stream = {0};
    put_frame(&stream, false, 0, 0x80000001u, 'x', LED_PAYLOAD);
    const size_t head = stream.size - LED_PAYLOAD;
    for (size_t i = 0; i < LED_PAYLOAD; i++)
        stream.data[head + i] = byte_at(i);
    const size_t ends[] = {head + first, head + first + second, stream.size};
    waldo__sp_message message = {0};
    size_t at = 0;
    int rc = 0;

    for (int i = 0; i < 3; i++) {
        const uint8_t *data = stream.data + at;
        size_t size = ends[i] - at;
        cr_assert_eq(rc, 0);
        rc = size > 0 ? waldo__sp_take(parser, &data, &size, &message, NULL) : 0;
        cr_assert_eq(size, 0);
        at = ends[i];
    }
    cr_assert_eq(rc, 1);
    cr_assert_eq(message.size, (size_t)LED_PAYLOAD);
    for (size_t i = 0; i < LED_PAYLOAD; i++) {
        size_t from = (i + LED_PAYLOAD - message.lead) % LED_PAYLOAD;
        cr_assert_eq(message.data[from], byte_at(i), "byte %zu", i);
    }
    waldo__buffer_free(&stream);
    return message.lead;
}

Test(sp, first_bytes_that_come_alone_stand_behind_the_others)
{
    waldo__sp_parser parser = {.peer = WALDO__SP_REP,
                               .limit = LIMIT,
                               .shared = true,
                               .leads = true,
                               .stage = WALDO__SP_AT_HEAD};
    /* Where there is no spare memory yet, they stand where they belong. */
    cr_assert_eq(parse_led(&parser, 50, 1000), (size_t)0);
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(parse_led(&parser, 50, 1000), (size_t)50);
        cr_assert_eq(parse_led(&parser, 50, 70000), (size_t)50);
        cr_assert_eq(parse_led(&parser, WALDO__LEAD_MOST, 0), WALDO__LEAD_MOST);
        cr_assert_eq(parse_led(&parser, WALDO__LEAD_MOST + 1, 0), (size_t)0);
        cr_assert_eq(parse_led(&parser, 0, 50), (size_t)50, "the head came alone");
        cr_assert_eq(parse_led(&parser, 70000, 10), (size_t)0);
    }
    parser.leads = false;
    cr_assert_eq(parse_led(&parser, 50, 1000), (size_t)0);
    waldo__sp_parser_free(&parser);
}

static void refuse(bool ipc, const void *bytes, size_t size, int code)
{
    waldo__sp_parser parser = server_parser(ipc);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(parse_bytes(&parser, request_hello, 8, NULL), 0);
    cr_assert_eq(parse_bytes(&parser, bytes, size, &err), code, "%s", err.message);
    cr_assert_null(parser.body.data, "nothing is allocated for what is refused");
    waldo__sp_parser_free(&parser);
}

Test(sp, hostile_frames)
{
    refuse(false, "\x80\0\0\0\0\0\0\0", 8, WALDO_ETOOBIG);
    refuse(false, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, WALDO_ETOOBIG);
    refuse(false, "\0\0\0\1\0\0\0\0", 8, WALDO_ETOOBIG);
    refuse(false, "\0\0\0\0\0\0\0\0", 8, WALDO_EPROTOCOL);
    refuse(false, "\0\0\0\0\0\0\0\3", 8, WALDO_EPROTOCOL);
    refuse(false, "\0\0\0\0\0\0\0\5\0\0\0\1", 12, WALDO_EPROTOCOL);
    refuse(true, "\2\0\0\0\0\0\0\0\5", 9, WALDO_EPROTOCOL);
    refuse(true, "\1\x80\0\0\0\0\0\0\0", 9, WALDO_ETOOBIG);
}

Test(sp, limit_and_one_more)
{
    waldo__buffer stream = {0};

    put_frame(&stream, false, 0, 0x80000001u, 'x', LIMIT + 1);
    refuse(false, stream.data, stream.size, WALDO_ETOOBIG);
    stream.size = 0;
    put_frame(&stream, false, 8, 0x80000001u, 'x', LIMIT + 1);
    refuse(false, stream.data, 8, WALDO_ETOOBIG);
    stream.size = 0;
    put_frame(&stream, false, 9, 0x80000001u, 'x', 10);
    refuse(false, stream.data, stream.size, WALDO_EPROTOCOL);
    waldo__buffer_free(&stream);
}

Test(sp, a_reply_has_no_hops)
{
    waldo__sp_parser parser = {.peer = WALDO__SP_REP, .max_hops = 0, .limit = 10};
    waldo__buffer stream = {0};

    cr_assert_eq(parse_bytes(&parser, "\0SP\0\0\x31\0\0", 8, NULL), 0);
    put_frame(&stream, false, 1, 0x80000001u, 'x', 5);
    cr_assert_eq(parse_bytes(&parser, stream.data, stream.size, NULL), WALDO_EPROTOCOL);
    waldo__buffer_free(&stream);
}

static void refuse_hello(const void *bytes, size_t size, const char *says)
{
    waldo__sp_parser parser = server_parser(false);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(parse_bytes(&parser, bytes, size, &err), WALDO_EPROTOCOL);
    cr_assert_not_null(strstr(err.message, says), "%s", err.message);
}

Test(sp, hostile_hellos)
{
    refuse_hello("GET / HTTP/1.1\r\n", 16, "it sent \"GET / HTTP/1.1\\x0d\\x0a\"");
    refuse_hello("\0SQ", 3, "\\x00SQ");
    refuse_hello("\0SP\1\0\x30\0\0", 8, "does not speak SP");
    refuse_hello("\0SP\0\0\x31\0\0", 8, "type 0x31, not REQ");
    refuse_hello("\0SP\0\0\x30\1\0", 8, "does not speak SP");
    refuse_hello("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                 "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                 40, "\\xff\\xff");
}

Test(sp, measuring_does_not_overflow)
{
    char byte;
    struct iovec parts[] = {{&byte, 10}, {&byte, SIZE_MAX - 5}};
    size_t size = 1;

    cr_assert_not(waldo__sp_measure(parts, 2, SIZE_MAX, &size));
    cr_assert_not(waldo__sp_measure(parts, 1, 9, &size));
    cr_assert_eq(size, (size_t)1);
    cr_assert(waldo__sp_measure(parts, 1, 10, &size));
    cr_assert_eq(size, (size_t)10);
    cr_assert(waldo__sp_measure(NULL, 0, 0, &size));
    cr_assert_eq(size, (size_t)0);
}

/* 100 parts, more than fit one system call, some of them empty, through a socket that takes little
 * at a time; what it never took comes from keep_rest(). */
static void send_parts(bool keep)
{
    uint8_t data[100][700];
    struct iovec parts[100];
    int fds[2], small = 1, rc = 0;
    size_t payload;
    waldo__buffer got = {0};
    waldo__sp_frame frame;
    waldo__sp_route route = waldo__sp_plain_route(0x80000007u);

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    cr_assert_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    for (int i = 0; i < 100; i++) {
        memset(data[i], i, sizeof data[i]);
        parts[i] = (struct iovec){data[i], i % 7 == 0 ? 0 : sizeof data[i]};
    }
    cr_assert(waldo__sp_measure(parts, 100, 1 << 20, &payload));
    waldo__sp_frame_init(&frame, true, &route, parts, 100, payload);
    while ((rc = waldo__sp_frame_send(&frame, fds[0])) == 0) {
        uint8_t piece[500];
        if (keep)
            break;
        ssize_t size = read(fds[1], piece, sizeof piece);
        cr_assert_gt(size, 0);
        cr_assert(waldo__buffer_append(&got, piece, (size_t)size));
    }
    cr_assert_geq(rc, 0);
    close(fds[0]);
    for (;;) {
        uint8_t piece[500];
        ssize_t size = read(fds[1], piece, sizeof piece);
        if (size <= 0)
            break;
        cr_assert(waldo__buffer_append(&got, piece, (size_t)size));
    }
    close(fds[1]);
    cr_assert_eq(got.size, frame.sent);
    cr_assert(waldo__sp_frame_keep_rest(&frame, &got));
    cr_assert_eq(got.size, 1 + 8 + 4 + payload);
    size_t at = 13;
    for (int i = 0; i < 100; i++)
        for (size_t k = 0; k < parts[i].iov_len; k++)
            cr_assert_eq(got.data[at++], i);
    waldo__buffer_free(&got);
}

Test(sp, sending_in_many_steps)
{
    send_parts(false);
}

Test(sp, keeping_the_rest)
{
    send_parts(true);
}

Test(sp, sending_to_nobody_is_an_error_and_no_signal)
{
    int fds[2];
    waldo__sp_frame frame;
    waldo__sp_route route = waldo__sp_plain_route(0x80000007u);

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    close(fds[1]);
    waldo__sp_frame_init(&frame, false, &route, NULL, 0, 0);
    cr_assert_lt(waldo__sp_frame_send(&frame, fds[0]), 0);
    close(fds[0]);
}
