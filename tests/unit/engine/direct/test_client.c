/* The direct client and peers that are no Waldo servers. */
#include "../../server/engine/raw_peer.h"

/* A listening socket, and what the peer that is accepted there sends. */
typedef struct scripted_peer {
    int listening;
    char url[TEST_URL_SIZE];
    const void *bytes;
    size_t size;
    bool byte_by_byte;
    bool close;   /* after that */
    bool no_wait; /* for the client's hello */
    bool replies; /* to a hello and a request of 1 byte, with those bytes */
    pthread_t thread;
    int fd;
} scripted_peer;

static void *play(void *data)
{
    scripted_peer *script = data;
    uint8_t hello[HELLO_SIZE], request[13];

    script->fd = accept(script->listening, NULL, NULL);
    cr_assert_geq(script->fd, 0);
    if (!script->no_wait)
        raw_read(script->fd, hello, sizeof hello);
    if (script->replies) {
        raw_send(script->fd, REPLY_HELLO, HELLO_SIZE);
        raw_read(script->fd, request, sizeof request);
    }
    for (size_t at = 0; at < script->size;) {
        size_t size = script->byte_by_byte ? 1 : script->size;
        if (send(script->fd, (const uint8_t *)script->bytes + at, size, MSG_NOSIGNAL) < 0)
            break;
        at += size;
    }
    if (script->close) {
        close(script->fd);
        script->fd = -1;
    }
    return NULL;
}

static void begin(scripted_peer *script)
{
    script->listening = raw_listen("tcp", script->url);
    cr_assert_eq(pthread_create(&script->thread, NULL, play, script), 0);
}

static void end(scripted_peer *script)
{
    pthread_join(script->thread, NULL);
    if (script->fd >= 0)
        close(script->fd);
    close(script->listening);
}

static void open_fails(scripted_peer script, double seconds, int code, const char *says)
{
    const waldo__client_engine *engine = NULL;
    waldo__channel *channel = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    int before = count_descriptors();

    begin(&script);
    int rc = try_open(script.url, 1000, seconds, &engine, &channel, &err);
    cr_assert_eq(rc, code, "%d: %s", rc, err.message);
    cr_assert_null(channel);
    cr_assert_not_null(strstr(err.message, says), "%s", err.message);
    end(&script);
    cr_assert_eq(count_descriptors(), before);
}

Test(direct_client, peers_that_do_not_speak_sp)
{
    open_fails((scripted_peer){.bytes = "HTTP/1.1 400 Bad Request\r\n", .size = 26}, 20,
               WALDO_EPROTOCOL, "it sent \"HTTP/1.1 400");
    open_fails((scripted_peer){.bytes = "SSH-2.0", .size = 7, .no_wait = true}, 20, WALDO_EPROTOCOL,
               "it sent \"S");
    open_fails((scripted_peer){.bytes = "\0SP\0\0\x10\0\0", .size = 8}, 20, WALDO_EPROTOCOL,
               "type 0x10, not REP");
    open_fails((scripted_peer){.bytes = "\0SP\0", .size = 4, .close = true}, 20, WALDO_EGONE,
               "closed");
    open_fails((scripted_peer){.close = true}, 20, WALDO_EGONE, "closed");
    open_fails((scripted_peer){.bytes = "\0SP\0", .size = 4}, 0.05, WALDO_ETIMEOUT, "deadline");
    open_fails((scripted_peer){.size = 0}, 0.05, WALDO_ETIMEOUT, "deadline");
}

static void receive_gives(scripted_peer script, double seconds, int code, const char *says)
{
    waldo_error err = WALDO_ERROR_INIT;
    test_client client = {0};
    uint32_t id = 0;
    struct iovec part = {"x", 1};

    script.replies = true;
    begin(&script);
    cr_assert_eq(try_open(script.url, 1000, 20, &client.engine, &client.channel, &err), 0, "%s",
                 err.message);
    cr_assert_eq(client.engine->send(client.channel, 7, &part, 1, waldo__deadline_in(20), NULL), 0);
    int rc = client.engine->receive(client.channel, &id, &client.reply, waldo__deadline_in(seconds),
                                    &err);
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

Test(direct_client, replies_in_pieces)
{
    const char reply[] = "\0\0\0\0\0\0\0\7\x80\0\0\7abc";

    receive_gives((scripted_peer){.bytes = reply, .size = 15}, 20, 0, "abc");
    receive_gives((scripted_peer){.bytes = reply, .size = 15, .byte_by_byte = true}, 20, 0, "abc");
    receive_gives((scripted_peer){.bytes = reply, .size = 15, .close = true}, 20, 0, "abc");
}

Test(direct_client, hostile_replies)
{
    receive_gives((scripted_peer){.bytes = "\x80\0\0\0\0\0\0\0", .size = 8}, 20, WALDO_ETOOBIG,
                  "1000 are allowed");
    receive_gives((scripted_peer){.bytes = "\xff\xff\xff\xff\xff\xff\xff\xff", .size = 8}, 20,
                  WALDO_ETOOBIG, "1000 are allowed");
    receive_gives((scripted_peer){.bytes = "\0\0\0\0\0\0\3\xed", .size = 8}, 20, WALDO_ETOOBIG,
                  "1000 are allowed");
    receive_gives((scripted_peer){.bytes = "\0\0\0\0\0\0\0\2", .size = 8}, 20, WALDO_EPROTOCOL,
                  "without a request id");
    receive_gives((scripted_peer){.bytes = "\0\0\0\0\0\0\0\5\0\0\0\1x", .size = 13}, 20,
                  WALDO_EPROTOCOL, "no request id");
}

static void *send_until_refused(void *data)
{
    static const uint8_t head[] = {0, 0, 0, 0, 0x40, 0, 0, 0, 0x80, 0, 0, 7}, zeros[65536];
    const int *fd = data;

    raw_send(*fd, head, sizeof head);
    while (send(*fd, zeros, sizeof zeros, MSG_NOSIGNAL) > 0)
        ;
    return NULL;
}

/* That bytes come is no reason to go on reading after the deadline. */
Test(direct_client, a_long_reply_that_does_not_end_in_time)
{
    scripted_peer script = {.bytes = REPLY_HELLO, .size = HELLO_SIZE};
    const waldo__client_engine *engine = NULL;
    waldo__channel *channel = NULL;
    waldo__buffer reply = {0};
    waldo_error err = WALDO_ERROR_INIT;
    pthread_t sender;
    uint32_t id;

    begin(&script);
    cr_assert_eq(try_open(script.url, (size_t)2 << 30, 20, &engine, &channel, &err), 0, "%s",
                 err.message);
    pthread_join(script.thread, NULL);
    cr_assert_eq(pthread_create(&sender, NULL, send_until_refused, &script.fd), 0);
    cr_assert_eq(engine->receive(channel, &id, &reply, waldo__deadline_in(0.05), &err),
                 WALDO_ETIMEOUT, "%s", err.message);
    cr_assert_eq(engine->receive_now(channel, &id, &reply, &err), 0);
    engine->close(channel);
    pthread_join(sender, NULL);
    close(script.fd);
    close(script.listening);
    waldo__buffer_free(&reply);
}

Test(direct_client, the_peer_leaves_in_the_middle)
{
    receive_gives((scripted_peer){.size = 0, .close = true}, 20, WALDO_EGONE,
                  "closed the connection");
    receive_gives((scripted_peer){.bytes = "\0\0\0", .size = 3, .close = true}, 20, WALDO_EGONE,
                  "in the middle of a message");
    receive_gives(
        (scripted_peer){.bytes = "\0\0\0\0\0\0\0\x09\x80\0\0\7ab", .size = 14, .close = true}, 20,
        WALDO_EGONE, "in the middle of a message");
}

Test(direct_client, silence)
{
    receive_gives((scripted_peer){.size = 0}, 0.05, WALDO_ETIMEOUT, "waiting for the reply");
    receive_gives((scripted_peer){.bytes = "\0\0\0\0\0\0\0\x09\x80\0\0\7ab", .size = 14}, 0.05,
                  WALDO_ETIMEOUT, "waiting for the reply");
}

Test(direct_client, a_peer_that_does_not_read_a_request)
{
    scripted_peer script = {.bytes = REPLY_HELLO, .size = 8};
    test_client client = {0};
    size_t size = 64 << 20;
    struct iovec part = {calloc(1, size), size};

    begin(&script);
    cr_assert_eq(try_open(script.url, size, 20, &client.engine, &client.channel, NULL), 0);
    cr_assert_eq(client.engine->send(client.channel, 1, &part, 1, waldo__deadline_in(0.05), NULL),
                 WALDO_ETIMEOUT);
    client_close(&client);
    free(part.iov_base);
    end(&script);
}

Test(direct_client, closing_nothing)
{
    const waldo__url url = {.scheme = WALDO__TCP};

    waldo__client_engine_for(&url)->close(NULL);
    cr_assert_eq(waldo__client_engine_for(&url)->survives_fork, 1);
}
