/* A WebSocket server, and clients that send what they like. */
#include "../../../../../runtime/engine/websocket/frames.h"
#include "../raw_peer.h"

static void send_text(int fd, const char *text)
{
    raw_send(fd, text, strlen(text));
}

/* A connection on which a WebSocket has been opened. */
static int open_websocket(const char *text)
{
    waldo__ws_text request, answer;
    waldo__ws_key key;
    waldo__url url;
    int fd = raw_connect(text);

    cr_assert_eq(waldo__url_parse(text, &url, NULL), 0);
    waldo__ws_key_make(&key);
    waldo__ws_ask(&url, &key, &request);
    raw_send(fd, request.bytes, request.size);
    answer = raw_read_opening(fd);
    cr_assert_eq(waldo__ws_check(&answer, &key, NULL), 0);
    return fd;
}

static void send_request(int fd, uint32_t id, const void *data, size_t size)
{
    waldo__sp_route route = waldo__sp_plain_route(id | 0x80000000u);
    struct iovec part = {(void *)data, size};
    waldo__buffer frame = {0};

    cr_assert(waldo__ws_append_request(&frame, &route, &part, 1));
    raw_send(fd, frame.data, frame.size);
    waldo__buffer_free(&frame);
}

static void send_control(int fd, uint8_t opcode, const void *data, size_t size)
{
    waldo__buffer frame = {0};

    cr_assert(waldo__ws_append_control(&frame, opcode, true, data, size));
    raw_send(fd, frame.data, frame.size);
    waldo__buffer_free(&frame);
}

static void expect(int fd, const void *bytes, size_t size)
{
    uint8_t got[256];

    raw_read(fd, got, size);
    cr_assert_eq(memcmp(got, bytes, size), 0);
}

static void expect_alive(const echo_server *server)
{
    test_client client = client_open(server->url);

    client_echo(&client, (const uint8_t *)"alive", 5);
    client_close(&client);
}

/* Anything that somebody may say to a port in HTTP, or in something else. */
Test(websocket_server, openings_that_are_none)
{
    const char *requests[] = {"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
                              "HEAD / HTTP/1.1\r\n\r\n",
                              "GET / HTTP/1.0\r\n\r\n",
                              "GET / HTTP/1.1\r\n\r\n",
                              "SSH-2.0-x\r\n\r\n",
                              "\x16\3\1"};
    echo_server server = {0};

    echo_start(&server, "ws://127.0.0.1:0");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        int fd = raw_connect(server.url);
        send_text(fd, requests[i]);
        waldo__ws_text answer = raw_read_opening(fd);
        cr_assert_eq(strncmp(answer.bytes, "HTTP/1.1 4", 10) == 0 ||
                         strncmp(answer.bytes, "HTTP/1.1 505", 12) == 0,
                     true, "%s", requests[i]);
        raw_await_end(fd);
        close(fd);
    }
    expect_alive(&server);
    cr_assert_eq(atomic_load(&server.messages), 1);
    echo_stop(&server);
}

Test(websocket_server, an_opening_that_never_ends)
{
    echo_server server = {.limits = {.stranger_ms = 20000}};
    char bytes[WALDO__WS_OPENING_MOST];

    echo_start(&server, "ws://127.0.0.1:0");
    memset(bytes, 'X', sizeof bytes);
    int fd = raw_connect(server.url);
    raw_send(fd, bytes, sizeof bytes);
    expect(fd, "HTTP/1.1 431 ", 13);
    raw_await_end(fd);
    close(fd);
    echo_stop(&server);
}

/* Strangers have a while to say something, an opening is nothing yet. */
Test(websocket_server, silent_strangers)
{
    echo_server server = {.limits = {.stranger_ms = 100}};

    echo_start(&server, "ws://127.0.0.1:0");
    int silent = raw_connect(server.url);
    int opened = open_websocket(server.url);
    raw_await_end(silent);
    raw_await_end(opened);
    close(silent);
    close(opened);
    expect_alive(&server);
    echo_stop(&server);
}

Test(websocket_server, a_request_right_behind_the_opening)
{
    echo_server server = {0};
    waldo__ws_text request;
    waldo__ws_key key;
    waldo__url url;
    uint8_t bytes[sizeof request.bytes + 6 + 5];

    echo_start(&server, "ws://127.0.0.1:0");
    cr_assert_eq(waldo__url_parse(server.url, &url, NULL), 0);
    waldo__ws_key_make(&key);
    waldo__ws_ask(&url, &key, &request);
    memcpy(bytes, request.bytes, request.size);
    memcpy(bytes + request.size, "\x82\x85\0\0\0\0\x80\0\0\7x", 11);
    int fd = raw_connect(server.url);
    raw_send(fd, bytes, request.size + 11);
    waldo__ws_text answer = raw_read_opening(fd);
    cr_assert_eq(waldo__ws_check(&answer, &key, NULL), 0);
    expect(fd, "\x82\5\x80\0\0\7x", 7);
    close(fd);
    echo_stop(&server);
}

Test(websocket_server, a_message_in_pieces_and_a_ping_between)
{
    echo_server server = {0};

    echo_start(&server, "ws://127.0.0.1:0");
    int fd = open_websocket(server.url);
    raw_send(fd, "\2\x84\0\0\0\0\x80\0\0\7", 10);
    raw_send(fd, "\0\x83\0\0\0\0abc", 9);
    send_control(fd, WALDO__WS_PING, "hello", 5);
    expect(fd, "\x8A\5hello", 7);
    raw_send(fd, "\x80\x83\0\0\0\0def", 9);
    expect(fd, "\x82\x0A\x80\0\0\7abcdef", 12);
    close(fd);
    echo_stop(&server);
}

Test(websocket_server, pings_and_pongs)
{
    echo_server server = {0};
    uint8_t payload[WALDO__WS_CONTROL_MOST] = {7};
    uint8_t head[2] = {0x80 | WALDO__WS_PONG, sizeof payload};

    echo_start(&server, "ws://127.0.0.1:0");
    int fd = open_websocket(server.url);
    send_control(fd, WALDO__WS_PONG, "unasked", 7);
    send_control(fd, WALDO__WS_PING, "", 0);
    expect(fd, "\x8A\0", 2);
    send_control(fd, WALDO__WS_PING, payload, sizeof payload);
    expect(fd, head, sizeof head);
    expect(fd, payload, sizeof payload);
    send_request(fd, 9, "abc", 3);
    expect(fd,
           "\x82\7\x80\0\0\x09"
           "abc",
           9);
    close(fd);
    echo_stop(&server);
}

Test(websocket_server, a_client_that_says_goodbye)
{
    echo_server server = {0};

    echo_start(&server, "ws://127.0.0.1:0");
    int fd = open_websocket(server.url);
    send_control(fd, WALDO__WS_CLOSE, "\x03\xe8", 2);
    expect(fd, "\x88\2\x03\xe8", 4);
    raw_await_end(fd);
    await_count(&server.gone, 1);
    close(fd);
    echo_stop(&server);
}

Test(websocket_server, frames_that_cannot_be)
{
    const struct {
        size_t size;
        const char *bytes;
    } cases[] = {
        {6, "\x82\4\x80\0\0\7"},
        {10, "\x81\x84\0\0\0\0\x80\0\0\7"},
        {10, "\xC2\x84\0\0\0\0\x80\0\0\7"},
        {10, "\x80\x84\0\0\0\0\x80\0\0\7"},
        {6, "\x82\x80\0\0\0\0"},
        {8, "\x89\xFE\1\0\0\0\0\0"},
        {14, "\x82\xFF\0\0\0\0\x10\0\0\0\0\0\0\0"},
        {14, "\x02\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0"},
    };
    echo_server server = {.limits = {.max_message = 1000}};

    echo_start(&server, "ws://127.0.0.1:0");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = open_websocket(server.url);
        raw_send(fd, cases[i].bytes, cases[i].size);
        raw_await_end(fd);
        close(fd);
    }
    cr_assert_eq(atomic_load(&server.messages), 0);
    expect_alive(&server);
    echo_stop(&server);
}

/* A stranger's message may be small only, whole or in pieces. */
Test(websocket_server, what_a_stranger_may_cost)
{
    echo_server server = {.limits = {.max_message = 100000, .first_message = 100}};
    uint8_t bytes[1000] = {0};

    echo_start(&server, "ws://127.0.0.1:0");
    int fd = open_websocket(server.url);
    send_request(fd, 1, bytes, sizeof bytes);
    raw_await_end(fd);
    close(fd);
    fd = open_websocket(server.url);
    send_request(fd, 1, bytes, 100);
    expect(fd, "\x82\x68\x80\0\0\1", 6);
    raw_read(fd, bytes, 100);
    send_request(fd, 2, bytes, sizeof bytes); /* it is admitted now */
    expect(fd, "\x82\x7E\x03\xEC\x80\0\0\2", 8);
    raw_read(fd, bytes, sizeof bytes);
    close(fd);
    echo_stop(&server);
}

/* As many as it may send, of which the last one is answered, and one more. */
Test(websocket_server, a_flood_of_pings)
{
    echo_server server = {0};
    waldo__buffer frames = {0};

    echo_start(&server, "ws://127.0.0.1:0");
    int fd = open_websocket(server.url);
    for (int i = 1; i < WALDO__WS_CONTROLS_IN_A_ROW; i++)
        cr_assert(waldo__ws_append_control(&frames, WALDO__WS_PONG, true, (const uint8_t *)"", 0));
    raw_send(fd, frames.data, frames.size);
    send_control(fd, WALDO__WS_PING, "last", 4);
    expect(fd, "\x8A\4last", 6);
    send_control(fd, WALDO__WS_PING, "more", 4);
    raw_await_end(fd);
    close(fd);
    waldo__buffer_free(&frames);
    expect_alive(&server);
    echo_stop(&server);
}

/* On the server's thread: when the message has been replied to. */
static void expect_full(echo_server *server)
{
    cr_assert(server->engine->is_full(server->listener, atomic_load(&server->last_connection)));
}

/* The answer to a ping waits behind a reply for which there is no room, and takes nothing from what
 * is told about it. */
Test(websocket_server, a_ping_while_a_reply_waits)
{
    enum { SIZE = 7 << 20, HEAD = 10 + 4 };
    echo_server server = {.limits = {.max_queued = 10000}};
    waldo__sp_route route = waldo__sp_plain_route(0x80000001u);
    waldo__buffer frames = {0};
    uint8_t *data = random_bytes(SIZE), *reply = malloc(SIZE + HEAD);
    struct iovec part = {data, SIZE};
    const int small = 128 * 1024;

    echo_start(&server, "ws://127.0.0.1:0");
    int fd = open_websocket(server.url);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    cr_assert(waldo__ws_append_request(&frames, &route, &part, 1));
    cr_assert(waldo__ws_append_control(&frames, WALDO__WS_PING, true, (const uint8_t *)"p", 1));
    raw_send(fd, frames.data, frames.size);
    await_count(&server.messages, 1);
    echo_do(&server, expect_full);
    raw_read(fd, reply, SIZE + HEAD);
    cr_assert_eq(memcmp(reply + HEAD, data, SIZE), 0);
    expect(fd, "\x8A\1p", 3);
    await_count(&server.emptied, 1);
    cr_assert_geq(atomic_load(&server.taken), 1);
    close(fd);
    waldo__buffer_free(&frames);
    free(reply);
    free(data);
    echo_stop(&server);
}
