/* A client that sends and does not take what comes back. */
#include <poll.h>

#include "../raw_peer.h"

/* A stream of requests, as many as the connection takes, and what comes back. */
typedef struct request_stream {
    int fd;
    uint8_t frame[12 + 1000000];
    size_t sent, received; /* bytes; a reply is as long as its request */
} request_stream;

static request_stream *stream_open(const char *url)
{
    request_stream *stream = calloc(1, sizeof *stream);
    cr_assert_not_null(stream);
    stream->fd = raw_greet(url);
    waldo__sp_put_word(stream->frame + 4, sizeof stream->frame - 8);
    waldo__sp_put_word(stream->frame + 8, 0x80000001u);
    return stream;
}

/* Sends some of the next request. false: there is no room within so many milliseconds. */
static bool stream_send(request_stream *stream, int wait_ms)
{
    struct pollfd room = {.fd = stream->fd, .events = POLLOUT};
    size_t start = stream->sent % sizeof stream->frame;

    if (poll(&room, 1, wait_ms) != 1)
        return false;
    ssize_t sent = send(stream->fd, stream->frame + start, sizeof stream->frame - start,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0)
        return errno == EAGAIN;
    stream->sent += (size_t)sent;
    return true;
}

/* Takes all replies, and completes the request that was begun. */
static void stream_drain(request_stream *stream)
{
    static uint8_t taken[sizeof stream->frame];
    bool whole = false;

    while (!whole || stream->received < stream->sent) {
        struct pollfd replies = {.fd = stream->fd, .events = POLLIN};
        whole = stream->sent % sizeof stream->frame == 0;
        if (!whole)
            stream_send(stream, 0);
        cr_assert_geq(poll(&replies, 1, whole ? 10000 : 1), whole, "no reply comes");
        ssize_t got = recv(stream->fd, taken, sizeof taken, MSG_DONTWAIT);
        cr_assert(got > 0 || (got < 0 && errno == EAGAIN), "the connection has ended");
        stream->received += got > 0 ? (size_t)got : 0;
    }
}

Test(back_pressure, a_client_that_does_not_read_is_not_read_either, .timeout = 60)
{
    enum { MOST = 200, NO_ROOM_MS = 500 };
    echo_server server = {0};

    echo_start(&server, "tcp://127.0.0.1:0");
    test_client other = client_open(server.url);
    request_stream *stream = stream_open(server.url);
    while (stream->sent < MOST * sizeof stream->frame && stream_send(stream, NO_ROOM_MS))
        ;
    cr_assert_lt(stream->sent, MOST * sizeof stream->frame, "all of it was read");
    cr_assert_eq(atomic_load(&server.taken), 0);
    client_echo(&other, (const uint8_t *)"others are served", 17);
    stream_drain(stream);
    cr_assert_gt(atomic_load(&server.emptied), 0);
    cr_assert_geq(atomic_load(&server.taken), atomic_load(&server.emptied));
    cr_assert_eq((size_t)atomic_load(&server.messages), 1 + stream->sent / sizeof stream->frame);
    client_close(&other);
    close(stream->fd);
    echo_stop(&server);
    free(stream);
}
