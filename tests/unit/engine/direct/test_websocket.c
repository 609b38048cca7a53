/* The client of a WebSocket, and servers that send what they like. */
#include "../../../../runtime/engine/websocket/frames.h"
#include "../../server/engine/raw_peer.h"

/* What a server does with the one connection it takes. */
typedef struct scripted_server {
    void (*play)(int fd);
    int listening;
    char url[TEST_URL_SIZE];
    pthread_t thread;
} scripted_server;

static void *run(void *data)
{
    const scripted_server *script = data;
    int fd = accept(script->listening, NULL, NULL);

    cr_assert_geq(fd, 0);
    script->play(fd);
    close(fd);
    return NULL;
}

static void begin(scripted_server *script)
{
    script->listening = raw_listen("ws", script->url);
    cr_assert_eq(pthread_create(&script->thread, NULL, run, script), 0);
}

static void end(scripted_server *script)
{
    pthread_join(script->thread, NULL);
    close(script->listening);
}

static void await_end(int fd)
{
    shutdown(fd, SHUT_WR);
    raw_await_end(fd);
}

/* The yes to a request, with what is to follow it in the same packet. */
static void accept_and_send(int fd, const char *bytes, size_t size)
{
    waldo__ws_text request = raw_read_opening(fd), answer;

    cr_assert(waldo__ws_answer(&request, &answer));
    cr_assert_leq(answer.size + size, sizeof answer.bytes);
    if (size > 0)
        memcpy(answer.bytes + answer.size, bytes, size);
    raw_send(fd, answer.bytes, answer.size + size);
}

/* ---- opening ---- */

static void say_nothing(int fd)
{
    raw_await_end(fd);
}

static void hang_up(int fd)
{
    raw_read_opening(fd);
}

static void be_something_else(int fd)
{
    raw_read_opening(fd);
    raw_send(fd, "HTTP/1.0 200 OK\r\n\r\nhello", 24);
    await_end(fd);
}

static void begin_to_answer(int fd)
{
    raw_read_opening(fd);
    raw_send(fd, "HTTP/1.1 101", 12);
    raw_await_end(fd);
}

static void talk_on_and_on(int fd)
{
    char bytes[2 * WALDO__WS_OPENING_MOST];

    raw_read_opening(fd);
    memset(bytes, 'X', sizeof bytes);
    send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
    await_end(fd);
}

static void answer_somebody_else(int fd)
{
    raw_read_opening(fd);
    const char *answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                         "Sec-WebSocket-Protocol: rep.sp.nanomsg.org\r\n\r\n";
    raw_send(fd, answer, strlen(answer));
    await_end(fd);
}

static void open_fails(void (*play)(int fd), double seconds, int code, const char *says)
{
    scripted_server script = {.play = play};
    const waldo__client_engine *engine = NULL;
    waldo__channel *channel = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    begin(&script);
    int rc = try_open(script.url, 1000, seconds, &engine, &channel, &err);
    cr_assert_eq(rc, code, "%d: %s", rc, err.message);
    cr_assert_null(channel);
    cr_assert_not_null(strstr(err.message, says), "%s", err.message);
    end(&script);
}

Test(websocket_client, servers_that_are_none)
{
    int before = count_descriptors();

    open_fails(say_nothing, 0.05, WALDO_ETIMEOUT, "deadline");
    open_fails(begin_to_answer, 0.05, WALDO_ETIMEOUT, "deadline");
    open_fails(hang_up, 20, WALDO_EPROTOCOL, "does it listen for ws:// there?");
    open_fails(be_something_else, 20, WALDO_EPROTOCOL, "it said \"HTTP/1.0 200 OK\"");
    open_fails(talk_on_and_on, 20, WALDO_EPROTOCOL, "its answer is of more than 4096 bytes");
    open_fails(answer_somebody_else, 20, WALDO_EPROTOCOL, "not to the request");
    cr_assert_eq(count_descriptors(), before);
}

/* ---- after that ---- */

static void read_request_frame(int fd)
{
    uint8_t frame[2 + 4 + 4 + 1];

    raw_read(fd, frame, sizeof frame);
    cr_assert_eq(frame[0], 0x82);
    cr_assert_eq(frame[1], 0x80 | 5);
}

static void receive_gives(void (*play)(int fd), int code, const char *says)
{
    scripted_server script = {.play = play};
    waldo_error err = WALDO_ERROR_INIT;
    test_client client = {0};
    uint32_t id = 0;
    struct iovec part = {"x", 1};

    begin(&script);
    cr_assert_eq(try_open(script.url, 1000, 20, &client.engine, &client.channel, &err), 0, "%s",
                 err.message);
    cr_assert_eq(client.engine->send(client.channel, 7, &part, 1, waldo__deadline_in(20), NULL), 0);
    int rc =
        client.engine->receive(client.channel, &id, &client.reply, waldo__deadline_in(20), &err);
    cr_assert_eq(rc, code, "%d: %s", rc, err.message);
    if (code < 0) {
        cr_assert_not_null(strstr(err.message, says), "%s", err.message);
    } else {
        cr_assert_eq(id, 0x80000007u);
        cr_assert_eq(client.reply.size, strlen(says));
        cr_assert_eq(memcmp(client.reply.data, says, strlen(says)), 0);
    }
    client_close(&client);
    end(&script);
}

static void reply_in_pieces(int fd)
{
    const char reply[] = "\x02\x04\x80\0\0\7\x8A\0\0\2ab\x80\1c";

    accept_and_send(fd, NULL, 0);
    read_request_frame(fd);
    for (size_t i = 0; i < sizeof reply - 1; i++)
        raw_send(fd, reply + i, 1);
    raw_await_end(fd);
}

static void reply_with_a_mask(int fd)
{
    accept_and_send(fd, NULL, 0);
    read_request_frame(fd);
    raw_send(fd, "\x82\x84\1\2\3\4\x81\2\3\3", 10);
    await_end(fd);
}

static void reply_too_long(int fd)
{
    accept_and_send(fd, NULL, 0);
    read_request_frame(fd);
    raw_send(fd, "\x82\x7F\0\0\0\x7F\0\0\0\0", 10);
    await_end(fd);
}

static void send_nothing_but_pongs(int fd)
{
    accept_and_send(fd, NULL, 0);
    read_request_frame(fd);
    while (send(fd, "\x8A\0\x8A\0\x8A\0\x8A\0", 8, MSG_NOSIGNAL) > 0)
        ;
}

static void say_goodbye(int fd)
{
    accept_and_send(fd, NULL, 0);
    read_request_frame(fd);
    raw_send(fd, "\x88\2\x03\xe9", 4);
    await_end(fd);
}

Test(websocket_client, replies)
{
    receive_gives(reply_in_pieces, 0, "abc");
    receive_gives(reply_with_a_mask, WALDO_EPROTOCOL, "with a mask");
    receive_gives(reply_too_long, WALDO_ETOOBIG, "1000 are allowed");
    receive_gives(send_nothing_but_pongs, WALDO_EPROTOCOL, "control frames and no messages");
    receive_gives(say_goodbye, WALDO_EGONE, "closed the connection");
}

/* ---- a server that has gone ---- */

static void say_goodbye_at_once(int fd)
{
    accept_and_send(fd, "\x88\0", 2);
}

Test(websocket_client, a_connection_that_was_closed_in_between)
{
    scripted_server script = {.play = say_goodbye_at_once};
    const waldo__client_engine *engine = NULL;
    waldo__channel *channel;

    begin(&script);
    cr_assert_eq(try_open(script.url, 1000, 20, &engine, &channel, NULL), 0);
    end(&script);
    for (int i = 0; engine->is_connected(channel); i++) {
        cr_assert_lt(i, 20000);
        usleep(1000);
    }
    engine->close(channel);
}

/* ---- pings ---- */

/* Reads a client's control frame and expects that payload in it. */
static void expect_pong(int fd, const char *payload)
{
    waldo__ws_reader reader = {.from_client = true};
    waldo__sp_parser parser = {.limit = 1000, .stage = WALDO__SP_AT_HEAD};
    waldo__sp_message message;
    uint8_t byte;
    int rc = 0;

    while (rc == 0) {
        uint8_t *at = &byte;
        size_t size = 1;
        raw_read(fd, &byte, 1);
        rc = waldo__ws_take(&reader, &parser, &at, &size, &message, NULL);
    }
    cr_assert_eq(rc, 2);
    cr_assert_eq(reader.opcode, WALDO__WS_PONG);
    cr_assert_eq(reader.control_size, strlen(payload));
    cr_assert_eq(memcmp(reader.control, payload, strlen(payload)), 0);
}

static void ping_twice_and_reply(int fd)
{
    accept_and_send(fd, "\x89\5first", 7);
    read_request_frame(fd);
    raw_send(fd, "\x89\6second\x82\5\x80\0\0\7y", 15);
    expect_pong(fd, "second");
    read_request_frame(fd);
    raw_send(fd, "\x82\5\x80\0\0\7z", 7);
    read_request_frame(fd);
    raw_send(fd, "\x82\5\x80\0\0\7z", 7);
    raw_await_end(fd);
}

/* The next request brings the answer to the last ping, and only that one does. */
Test(websocket_client, pings)
{
    scripted_server script = {.play = ping_twice_and_reply};
    test_client client = {0};
    struct iovec part = {"x", 1};

    begin(&script);
    cr_assert_eq(try_open(script.url, 1000, 20, &client.engine, &client.channel, NULL), 0);
    for (int i = 0; i < 3; i++) {
        uint32_t id;
        cr_assert_eq(client.engine->send(client.channel, 7, &part, 1, waldo__deadline_in(20), NULL),
                     0);
        cr_assert_eq(client.engine->receive(client.channel, &id, &client.reply,
                                            waldo__deadline_in(20), NULL),
                     0);
        cr_assert_eq(client.reply.size, 1);
    }
    client_close(&client);
    end(&script);
}
