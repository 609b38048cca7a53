#include "engine/direct/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/direct/connect.h"
#include "engine/sp.h"

#define STAGE_SIZE (16 * 1024)

struct waldo__channel {
    int fd;
    size_t max_message;
    bool ipc;
    waldo__sp_parser parser;
    /* Bytes that have come and are not taken yet. */
    size_t stage_start;
    size_t stage_end;
    uint8_t stage[STAGE_SIZE];
};

/* Every way in which a peer can be gone, in one code. */
static int gone(int error, waldo_error *reterr)
{
    switch (error) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ENOTCONN:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return waldo_error_set(reterr, WALDO_EGONE, "the server is gone: %s", strerror(error));
    default:
        return waldo_error_system(reterr, error, "the connection failed");
    }
}

static int closed_by_server(const waldo__channel *channel, waldo_error *reterr)
{
    const char *when = "";

    if (channel->parser.stage == WALDO__SP_AT_HELLO)
        when = " before it said what it is";
    else if (waldo__sp_is_midway(&channel->parser))
        when = " in the middle of a message";
    return waldo_error_set(reterr, WALDO_EGONE, "the server closed the connection%s", when);
}

/* Reads once, to where the bytes belong; waits if there are none. Returns 1 if that completed a
 * message in the parser's body. */
static int read_more(waldo__channel *channel, waldo__sp_message *message, waldo__deadline deadline,
                     const char *what, waldo_error *reterr)
{
    size_t room_size = STAGE_SIZE;
    uint8_t *room = waldo__sp_room(&channel->parser, &room_size);
    uint8_t *target = room != NULL ? room : channel->stage;

    for (;;) {
        int rc = waldo__direct_wait(channel->fd, POLLIN, deadline, what, reterr);
        if (rc < 0)
            return rc;
        ssize_t got = recv(channel->fd, target, room_size, MSG_DONTWAIT);
        if (got == 0)
            return closed_by_server(channel, reterr);
        if (got > 0 && room != NULL)
            return waldo__sp_filled(&channel->parser, (size_t)got, message);
        if (got > 0) {
            channel->stage_start = 0;
            channel->stage_end = (size_t)got;
            return 0;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return gone(errno, reterr);
    }
}

/* Takes what has been read. 1: a message is whole. */
static int take_stage(waldo__channel *channel, waldo__sp_message *message, waldo_error *reterr)
{
    const uint8_t *data = channel->stage + channel->stage_start;
    size_t size = channel->stage_end - channel->stage_start;
    int rc = waldo__sp_take(&channel->parser, &data, &size, message, reterr);

    channel->stage_start = channel->stage_end - size;
    return rc;
}

static int send_hello(waldo__channel *channel, waldo_error *reterr)
{
    uint8_t hello[WALDO__SP_HELLO_SIZE];
    size_t done = 0;

    waldo__sp_hello(hello, WALDO__SP_REQ);
    /* The first bytes on a connection: the socket's buffer has room for them all. */
    while (done < sizeof hello) {
        ssize_t sent = send(channel->fd, hello + done, sizeof hello - done, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return gone(errno, reterr);
        done += sent < 0 ? 0 : (size_t)sent;
    }
    return 0;
}

static int greet(waldo__channel *channel, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__sp_message message;
    int rc = send_hello(channel, reterr);

    while (rc == 0 && channel->parser.stage == WALDO__SP_AT_HELLO) {
        rc = read_more(channel, &message, deadline, "waiting for the server to say what it is",
                       reterr);
        if (rc == 0)
            rc = take_stage(channel, &message, reterr);
    }
    if (rc > 0)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the peer sent a reply to no request");
    return rc;
}

static void direct_close(waldo__channel *channel)
{
    if (channel == NULL)
        return;
    close(channel->fd);
    waldo__sp_parser_free(&channel->parser);
    free(channel);
}

static int direct_open(const waldo__url *url, size_t max_message, waldo__deadline deadline,
                       waldo__channel **ret_channel, waldo_error *reterr)
{
    waldo__channel *channel = calloc(1, sizeof *channel);

    if (channel == NULL)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    channel->max_message = max_message;
    channel->ipc = url->scheme == WALDO__IPC;
    channel->parser = (waldo__sp_parser){
        .peer = WALDO__SP_REP, .ipc = channel->ipc, .max_hops = 0, .limit = max_message};
    int rc = waldo__direct_connect(url, deadline, &channel->fd, reterr);
    if (rc < 0) {
        free(channel);
        return rc;
    }
    rc = greet(channel, deadline, reterr);
    if (rc < 0) {
        direct_close(channel);
        return rc;
    }
    *ret_channel = channel;
    return 0;
}

static int direct_send(waldo__channel *channel, uint32_t id, const struct iovec *parts,
                       int part_count, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__sp_route route = waldo__sp_plain_route(id | WALDO__REQUEST_ID_FLAG);
    waldo__sp_frame frame;
    size_t size;
    int rc;

    if (!waldo__sp_measure(parts, part_count, channel->max_message, &size))
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the message is larger than the %zu bytes allowed",
                               channel->max_message);
    waldo__sp_frame_init(&frame, channel->ipc, &route, parts, part_count, size);
    while ((rc = waldo__sp_frame_send(&frame, channel->fd)) == 0) {
        rc = waldo__direct_wait(channel->fd, POLLOUT, deadline, "sending", reterr);
        if (rc < 0)
            return rc;
    }
    return rc < 0 ? gone(-rc, reterr) : 0;
}

/* Moves a message to the caller's buffer, by exchange where it has a buffer of its own. */
static int hand_over(waldo__channel *channel, const waldo__sp_message *from, waldo__buffer *message,
                     waldo_error *reterr)
{
    if (from->in_body) {
        waldo__buffer taken = channel->parser.body;
        channel->parser.body = *message;
        *message = taken;
        return 0;
    }
    message->size = 0;
    if (!waldo__buffer_append(message, from->data, from->size))
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a reply");
    return 0;
}

static int direct_receive(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                          waldo__deadline deadline, waldo_error *reterr)
{
    waldo__sp_message whole;
    int rc = 0;

    for (;;) {
        if (channel->stage_start < channel->stage_end)
            rc = take_stage(channel, &whole, reterr);
        if (rc == 0)
            rc = read_more(channel, &whole, deadline, "waiting for the reply", reterr);
        if (rc < 0)
            return rc;
        if (rc == 1)
            break;
    }
    rc = hand_over(channel, &whole, message, reterr);
    if (rc == 0)
        *ret_id = waldo__sp_route_id(&whole.route);
    return rc;
}

static void direct_interrupt(waldo__channel *channel)
{
    shutdown(channel->fd, SHUT_RDWR);
}

/* Between calls the server has nothing to say but a reply that was given up. */
static bool direct_is_connected(waldo__channel *channel)
{
    uint8_t byte;
    ssize_t got = recv(channel->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

/* Closing one of two descriptors of a connection says nothing to the peer, so a forked child may
 * simply close. */
const waldo__client_engine waldo__direct_client = {
    .name = "direct",
    .survives_fork = 1,
    .open = direct_open,
    .send = direct_send,
    .receive = direct_receive,
    .interrupt = direct_interrupt,
    .is_connected = direct_is_connected,
    .close = direct_close,
    .abandon = direct_close,
};
