/* What goes out on a channel of the direct engine. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/direct/channel.h"
#include "engine/direct/connect.h"

/* Messages that go out in one call of the system. */
#define WINDOW 32

static int too_big(const waldo__channel *channel, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETOOBIG,
                           "the message is larger than the %zu bytes allowed",
                           channel->max_message);
}

static void init_frame(const waldo__channel *channel, const waldo__outgoing *message,
                       waldo__sp_frame *ret_frame)
{
    waldo__sp_route route = waldo__sp_plain_route(message->id | WALDO__REQUEST_ID_FLAG);
    waldo__sp_frame_init(ret_frame, channel->ipc, &route, message->parts, 2,
                         waldo__outgoing_size(message));
}

/* Points window at what has not gone yet of some of the messages, and at their heads in frames.
 * Returns how many entries it took. */
static size_t unsent(const waldo__channel *channel, const waldo__outgoing *messages, size_t count,
                     size_t skip, waldo__sp_frame *frames, struct iovec *window)
{
    size_t used = 0, taken = 0;

    for (size_t i = 0; i < count && taken < WINDOW; i++) {
        waldo__sp_frame *frame = &frames[taken];
        size_t size = WALDO__SP_PLAIN_HEAD_SIZE(channel->ipc) + waldo__outgoing_size(&messages[i]);
        if (size <= skip) {
            skip -= size;
            continue;
        }
        init_frame(channel, &messages[i], frame);
        taken++;
        frame->sent = skip;
        used += (size_t)waldo__sp_frame_unsent(frame, window + used);
        skip = 0;
    }
    return used;
}

/* The same into the ring. */
static int send_now_shared(waldo__channel *channel, const waldo__outgoing *messages, size_t count,
                           size_t *sent, waldo_error *reterr)
{
    size_t before = 0;

    for (size_t i = 0; i < count; i++) {
        waldo__sp_frame frame;
        init_frame(channel, &messages[i], &frame);
        if (*sent < before + frame.size) {
            frame.sent = *sent - before;
            int rc = waldo__shm_send_now(channel->shm, &frame, reterr);
            *sent = before + frame.sent;
            if (rc < 1)
                return rc;
        }
        before += frame.size;
    }
    return 1;
}

/* Gives the socket what it takes of the window, and counts it; continued: some had gone before.
 * 0: it takes nothing now. */
static int push(waldo__channel *channel, struct iovec *window, size_t entries, bool continued,
                size_t *sent, waldo_error *reterr)
{
    struct msghdr message = {.msg_iov = window, .msg_iovlen = entries};

    for (;;) {
        ssize_t gone_out = sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (gone_out >= 0) {
            *sent += (size_t)gone_out;
            if (continued)
                waldo__direct_count(&channel->sent, (size_t)gone_out);
            return 1;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            return waldo__direct_gone(errno, reterr);
    }
}

/* What has been put into frames, from *sent on. */
static int push_frames(waldo__channel *channel, size_t *sent, waldo_error *reterr)
{
    const waldo__buffer *bytes = waldo__ws_client_outgoing(channel->websocket);
    bool continued = *sent > 0;
    int rc = 1;

    while (rc == 1 && *sent < bytes->size) {
        struct iovec rest = {bytes->data + *sent, bytes->size - *sent};
        rc = push(channel, &rest, 1, continued, sent, reterr);
    }
    if (rc == 1)
        waldo__ws_client_sent(channel->websocket);
    return rc;
}

/* The frames of a WebSocket are masked: they are made once, before the first byte goes. */
static int send_now_websocket(waldo__channel *channel, const waldo__outgoing *messages,
                              size_t message_count, size_t *sent, waldo_error *reterr)
{
    if (*sent == 0) {
        int rc = waldo__ws_client_begin(channel->websocket, reterr);
        for (size_t i = 0; rc == 0 && i < message_count; i++)
            rc = waldo__ws_client_add(channel->websocket, messages[i].id, messages[i].parts, 2,
                                      reterr);
        if (rc < 0)
            return rc;
    }
    return push_frames(channel, sent, reterr);
}

int waldo__direct_send_now(waldo__channel *channel, const waldo__outgoing *messages,
                           size_t message_count, size_t *sent, waldo_error *reterr)
{
    size_t total = 0;
    bool continued = *sent > 0;
    int rc = 1;

    for (size_t i = 0; i < message_count; i++) {
        size_t size = waldo__outgoing_size(&messages[i]);
        if (size > channel->max_message)
            return too_big(channel, reterr);
        total += WALDO__SP_PLAIN_HEAD_SIZE(channel->ipc) + size;
    }
    if (channel->shm != NULL)
        return send_now_shared(channel, messages, message_count, sent, reterr);
    if (channel->websocket != NULL)
        return send_now_websocket(channel, messages, message_count, sent, reterr);
    while (rc == 1 && *sent < total) {
        waldo__sp_frame frames[WINDOW];
        struct iovec window[3 * WINDOW];
        size_t entries = unsent(channel, messages, message_count, *sent, frames, window);
        rc = push(channel, window, entries, continued, sent, reterr);
    }
    return rc;
}

int waldo__direct_wait_to_send(waldo__channel *channel, bool or_to_receive,
                               waldo__deadline deadline, waldo_error *reterr)
{
    short events = (short)(or_to_receive ? POLLOUT | POLLIN : POLLOUT);

    if (channel->shm != NULL)
        return waldo__shm_wait_to_send(channel->shm, or_to_receive, deadline, reterr);
    return waldo__direct_wait(channel->fd, events, deadline, "sending", reterr);
}

/* Gives the socket what it takes of a request: of the frame, or of what a WebSocket has put into
 * one. 1: all has gone; 0: it takes no more now. */
static int push_request(waldo__channel *channel, waldo__sp_frame *frame, size_t *sent,
                        waldo_error *reterr)
{
    if (channel->websocket != NULL)
        return push_frames(channel, sent, reterr);
    int rc = waldo__sp_frame_send(frame, channel->fd);
    return rc < 0 ? waldo__direct_gone(-rc, reterr) : rc;
}

int waldo__direct_send(waldo__channel *channel, uint32_t id, const struct iovec *parts,
                       int part_count, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__sp_route route = waldo__sp_plain_route(id | WALDO__REQUEST_ID_FLAG);
    waldo__sp_frame frame;
    size_t size, sent = 0;
    int rc = 0;

    if (!waldo__sp_measure(parts, part_count, channel->max_message, &size))
        return too_big(channel, reterr);
    waldo__sp_frame_init(&frame, channel->ipc, &route, parts, part_count, size);
    if (channel->shm != NULL)
        return waldo__shm_send(channel->shm, &frame, deadline, reterr);
    if (channel->websocket != NULL)
        rc = waldo__ws_client_begin(channel->websocket, reterr);
    if (rc == 0 && channel->websocket != NULL)
        rc = waldo__ws_client_add(channel->websocket, id, parts, part_count, reterr);
    while (rc == 0) {
        rc = push_request(channel, &frame, &sent, reterr);
        if (rc == 0)
            rc = waldo__direct_wait_to_send(channel, false, deadline, reterr);
    }
    return rc < 0 ? rc : 0;
}
