#include "engine/direct/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "engine/direct/channel.h"
#include "engine/direct/connect.h"
#include "engine/shm/client.h"
#include "engine/websocket/client.h"

/* The system waits in recv() for so long; with a deadline that is nearer poll() waits. */
#define SLICE_SECONDS 10
#define SLICE_NS (SLICE_SECONDS * UINT64_C(1000000000))
/* Reads in a row that do not wait. */
#define READS_AT_ONCE 64

int waldo__direct_gone(int error, waldo_error *reterr)
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

/* recv() that waits at most until the deadline; NOW does not wait. A wait in recv() itself saves
 * the call of poll(). -1 and EAGAIN: nothing came. */
static ssize_t read_socket(const waldo__channel *channel, uint8_t *target, size_t size,
                           waldo__deadline deadline)
{
    uint64_t left = deadline == 0 ? 0 : waldo__deadline_left(deadline);
    if (left >= SLICE_NS)
        return recv(channel->fd, target, size, 0);
    if (left > 0) {
        struct pollfd polled = {.fd = channel->fd, .events = POLLIN};
        if (poll(&polled, 1, waldo__deadline_poll_ms(deadline)) < 0)
            return -1;
    }
    return recv(channel->fd, target, size, MSG_DONTWAIT);
}

/* NULL: the bytes are in no WebSocket. */
static waldo__ws_reader *reader_of(const waldo__channel *channel)
{
    return channel->websocket != NULL ? waldo__ws_client_reader(channel->websocket) : NULL;
}

/* Reads once, to where the bytes belong; waits if there are none, unless the deadline is 0. Returns
 * 1 if that completed a message in the parser's body; WALDO_ETIMEOUT. */
static int read_more(waldo__channel *channel, waldo__sp_message *message, waldo__deadline deadline,
                     const char *what, waldo_error *reterr)
{
    size_t room_size = WALDO__DIRECT_STAGE_SIZE;
    uint8_t *room = waldo__ws_room(reader_of(channel), &channel->parser, &room_size);
    uint8_t *target = room != NULL ? room : channel->stage;

    for (;;) {
        ssize_t got = read_socket(channel, target, room_size, deadline);
        if (got == 0)
            return closed_by_server(channel, reterr);
        if (got > 0) {
            waldo__direct_count(&channel->received, (size_t)got);
            if (room != NULL)
                return waldo__ws_filled(reader_of(channel), &channel->parser, room, (size_t)got,
                                        message);
            channel->stage_start = 0;
            channel->stage_end = (size_t)got;
            return 0;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return waldo__direct_gone(errno, reterr);
        if (deadline == 0)
            return WALDO_ETIMEOUT;
        if (waldo__deadline_left(deadline) == 0)
            return waldo_error_set(reterr, WALDO_ETIMEOUT, "the deadline passed while %s", what);
    }
}

/* Takes what has been read. 1: a message is whole. */
static int take_stage(waldo__channel *channel, waldo__sp_message *message, waldo_error *reterr)
{
    uint8_t *data = channel->stage + channel->stage_start;
    const uint8_t *at = data;
    size_t size = channel->stage_end - channel->stage_start;
    int rc = channel->websocket != NULL
                 ? waldo__ws_client_take(channel->websocket, &channel->parser, &data, &size,
                                         message, reterr)
                 : waldo__sp_take(&channel->parser, &at, &size, message, reterr);

    channel->stage_start = channel->stage_end - size;
    return rc;
}

int waldo__direct_send_first(int fd, const void *data, size_t size, waldo_error *reterr)
{
    for (size_t done = 0; done < size;) {
        ssize_t sent = send(fd, (const uint8_t *)data + done, size - done, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return waldo__direct_gone(errno, reterr);
        done += sent < 0 ? 0 : (size_t)sent;
    }
    return 0;
}

static int exchange_hellos(waldo__channel *channel, waldo__deadline deadline, waldo_error *reterr)
{
    uint8_t hello[WALDO__SP_HELLO_SIZE];
    waldo__sp_message message;

    waldo__sp_hello(hello, WALDO__SP_REQ);
    int rc = waldo__direct_send_first(channel->fd, hello, sizeof hello, reterr);

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

/* A WebSocket's opening says what both sides are. */
static int greet(waldo__channel *channel, const waldo__url *url, waldo__deadline deadline,
                 waldo_error *reterr)
{
    if (url->scheme != WALDO__WS)
        return exchange_hellos(channel, deadline, reterr);
    channel->parser.stage = WALDO__SP_AT_HEAD;
    return waldo__ws_open(channel->fd, url, deadline, &channel->websocket, reterr);
}

static void direct_close(waldo__channel *channel)
{
    if (channel == NULL)
        return;
    close(channel->fd);
    waldo__shm_close(channel->shm);
    waldo__ws_client_free(channel->websocket);
    waldo__sp_parser_free(&channel->parser);
    free(channel);
}

/* recv() waits, for a while; everything else that must not wait says so. */
static int make_waiting(int fd, waldo_error *reterr)
{
    const struct timeval slice = {.tv_sec = SLICE_SECONDS};
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice) < 0)
        return waldo_error_system(reterr, errno, "cannot set up a connection");
    return 0;
}

static int direct_open(const waldo__url *url, size_t max_message, waldo__deadline deadline,
                       waldo__channel **ret_channel, waldo_error *reterr)
{
    waldo__channel *channel = calloc(1, sizeof *channel);

    if (channel == NULL)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    channel->max_message = max_message;
    channel->ipc = url->scheme == WALDO__IPC;
    channel->stays = !channel->ipc || url->no_shm;
    channel->parser = (waldo__sp_parser){
        .peer = WALDO__SP_REP, .ipc = channel->ipc, .max_hops = 0, .limit = max_message};
    int rc = waldo__direct_connect(url, deadline, &channel->fd, reterr);
    if (rc < 0) {
        free(channel);
        return rc;
    }
    rc = make_waiting(channel->fd, reterr);
    if (rc == 0)
        rc = greet(channel, url, deadline, reterr);
    if (rc < 0) {
        direct_close(channel);
        return rc;
    }
    *ret_channel = channel;
    return 0;
}

static int direct_move(waldo__channel *channel, waldo__deadline deadline, size_t *ret_lead,
                       waldo_error *reterr)
{
    bool idle = channel->stage_start == channel->stage_end && channel->shm == NULL &&
                !waldo__sp_is_midway(&channel->parser);

    if (channel->stays || !idle)
        return 0;
    waldo__shm_client *shm = NULL;
    int rc = waldo__shm_move(channel->fd, &channel->parser, deadline, &shm, reterr);
    channel->shm = shm;
    channel->ret_lead = rc == 1 ? ret_lead : NULL;
    channel->parser.leads = channel->ret_lead != NULL;
    return rc;
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

/* Bytes may come for as long as a peer likes, and make no message. */
static bool is_over(waldo__deadline deadline, int reads)
{
    return deadline == 0 ? reads >= READS_AT_ONCE
                         : reads > 0 && waldo__deadline_left(deadline) == 0;
}

static int receive_from_socket(waldo__channel *channel, waldo__sp_message *message,
                               waldo__deadline deadline, waldo_error *reterr)
{
    int rc = 0;

    for (int reads = 0; rc == 0; reads += reads < READS_AT_ONCE) {
        if (channel->stage_start < channel->stage_end)
            rc = take_stage(channel, message, reterr);
        if (rc == 0 && is_over(deadline, reads))
            return waldo_error_set(reterr, WALDO_ETIMEOUT,
                                   "the deadline passed while waiting for the reply");
        if (rc == 0)
            rc = read_more(channel, message, deadline, "waiting for the reply", reterr);
    }
    return rc < 0 ? rc : 0;
}

static int receive(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                   waldo__deadline deadline, waldo_error *reterr)
{
    waldo__sp_message whole;
    int rc = channel->shm != NULL ? waldo__shm_receive(channel->shm, &whole, deadline, reterr)
                                  : receive_from_socket(channel, &whole, deadline, reterr);

    if (rc == 0)
        rc = hand_over(channel, &whole, message, reterr);
    if (rc < 0)
        return rc;
    *ret_id = waldo__sp_route_id(&whole.route);
    if (channel->ret_lead != NULL)
        *channel->ret_lead = whole.lead;
    return 0;
}

static int direct_receive(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                          waldo__deadline deadline, waldo_error *reterr)
{
    return receive(channel, ret_id, message, deadline > 0 ? deadline : 1, reterr);
}

static int direct_receive_now(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                              waldo_error *reterr)
{
    int rc = receive(channel, ret_id, message, 0, reterr);

    return rc == WALDO_ETIMEOUT ? 0 : rc < 0 ? rc : 1;
}

static void direct_interrupt(waldo__channel *channel)
{
    shutdown(channel->fd, SHUT_RDWR);
}

/* Bytes that have come between calls, of a reply that was given up, say nothing. */
static bool direct_is_connected(waldo__channel *channel)
{
    if (channel->shm != NULL)
        return waldo__shm_is_connected(channel->shm);
    struct pollfd polled = {.fd = channel->fd, .events = POLLRDHUP};

    return poll(&polled, 1, 0) <= 0;
}

static uint64_t direct_progress(waldo__channel *channel)
{
    if (channel->shm != NULL)
        return waldo__shm_progress(channel->shm);
    return atomic_load_explicit(&channel->sent, memory_order_relaxed) +
           atomic_load_explicit(&channel->received, memory_order_relaxed);
}

static void direct_leave_behind(waldo__channel *channel)
{
    close(channel->fd);
}

/* Closing one of two descriptors of a connection says nothing to the peer, so a forked child may
 * simply close. */
const waldo__client_engine waldo__direct_client = {
    .name = "direct",
    .survives_fork = 1,
    .open = direct_open,
    .move = direct_move,
    .send = waldo__direct_send,
    .receive = direct_receive,
    .interrupt = direct_interrupt,
    .is_connected = direct_is_connected,
    .close = direct_close,
    .abandon = direct_close,
    .multiplexes = true,
    .receive_now = direct_receive_now,
    .send_now = waldo__direct_send_now,
    .wait_to_send = waldo__direct_wait_to_send,
    .progress = direct_progress,
    .leave_behind = direct_leave_behind,
};
