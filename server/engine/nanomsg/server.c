#include "engine/nanomsg/server.h"

#include <errno.h>
#include <nanomsg/nn.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nanomsg/bind.h"
#include "engine/nanomsg/socket.h"
#include "engine/routes.h"

/* Messages taken in a row; the descriptor stays readable, so the loop comes back for the rest. */
#define MESSAGES_IN_A_ROW 64
/* A reply up to here is in the system's buffers when nn_sendmsg() returns; a longer one may not be,
 * libnanomsg does not tell, and closing the socket would lose it. */
#define SURELY_TAKEN (32 * 1024)
#define FLUSH_LOOK_MS 10
/* A client's libnanomsg drops a reply that it has received but not handed out when the connection
 * goes: after the last reply clients get this long to take it and leave. */
#define TAKE_MS 100
#define KEY_SIZE 4

struct waldo__listener {
    uv_loop_t *loop;
    waldo__listener_limits limits;
    waldo__listener_events events;
    void *context;
    waldo__nanomsg_bound bound;
    uv_poll_t readable;
    uv_timer_t flush;
    waldo__routes routes;
    uint64_t last_reply;      /* on the loop's clock; 0: none */
    uint64_t last_long_reply; /* on the loop's clock; 0: none */
    bool closing;
    uint64_t flush_due;
    int open_handles;
    void (*closed)(void *data);
    void *closed_data;
};

/* ---- Requests ---- */

/* Splits the header: the key of the connection, then the way back. */
static void deliver(waldo__listener *listener, const waldo__nanomsg_header *header,
                    const void *data, size_t size)
{
    waldo__sp_route route;
    uint32_t id;

    if (header->size < KEY_SIZE + 4 || size > listener->limits.max_message)
        return;
    uint64_t connection = waldo__sp_get_word(header->bytes);
    route.size = header->size - KEY_SIZE;
    memcpy(route.bytes, header->bytes + KEY_SIZE, route.size);
    if (waldo__routes_keep(&listener->routes, connection, &route, &id))
        listener->events.message(listener->context, connection, id, data, size, NULL);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    waldo__listener *listener = poll->data;
    waldo__nanomsg_header header;
    void *data;
    size_t size;

    (void)status;
    (void)events;
    for (int i = 0; i < MESSAGES_IN_A_ROW && !listener->closing; i++) {
        if (waldo__nanomsg_receive(listener->bound.socket, &header, &data, &size, NN_DONTWAIT) < 0)
            return;
        deliver(listener, &header, data, size);
        nn_freemsg(data);
    }
}

/* ---- Replies ---- */

static int nanomsg_reply(waldo__listener *listener, uint64_t connection, uint32_t id,
                         const struct iovec *parts, int part_count, waldo_error *reterr)
{
    waldo__nanomsg_header header;
    size_t limit = listener->limits.max_message < WALDO__NANOMSG_LARGEST
                       ? listener->limits.max_message
                       : WALDO__NANOMSG_LARGEST;
    size_t size;

    if (!waldo__sp_measure(parts, part_count, limit, &size))
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the reply is larger than the %zu bytes allowed", limit);
    waldo__sp_route route = waldo__routes_take(&listener->routes, connection, id);
    waldo__sp_put_word(header.bytes, (uint32_t)connection);
    memcpy(header.bytes + KEY_SIZE, route.bytes, route.size);
    header.size = KEY_SIZE + route.size;
    int rc =
        waldo__nanomsg_send(listener->bound.socket, &header, parts, part_count, size, NN_DONTWAIT);
    if (rc == -ENOMEM)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a reply");
    if (rc < 0)
        return waldo_error_set(reterr, WALDO_EGONE, "the client is gone: %s", nn_strerror(-rc));
    listener->last_reply = uv_now(listener->loop);
    if (size > SURELY_TAKEN || listener->bound.url.scheme == WALDO__INPROC)
        listener->last_long_reply = listener->last_reply;
    return 0;
}

/* ---- The end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    waldo__listener *listener = handle->data;
    void (*closed)(void *data) = listener->closed;
    void *data = listener->closed_data;

    if (--listener->open_handles > 0)
        return;
    waldo__socket_file_remove(&listener->bound.file, listener->bound.url.path);
    waldo__nanomsg_close(listener->bound.socket);
    waldo__routes_free(&listener->routes);
    free(listener);
    if (closed != NULL)
        closed(data);
}

static void finish(waldo__listener *listener)
{
    uv_close((uv_handle_t *)&listener->readable, on_handle_closed);
    uv_close((uv_handle_t *)&listener->flush, on_handle_closed);
}

static bool may_be_under_way(const waldo__listener *listener)
{
    return uv_now(listener->loop) < listener->flush_due &&
           nn_get_statistic(listener->bound.socket, NN_STAT_CURRENT_CONNECTIONS) > 0;
}

static void on_flush(uv_timer_t *flush)
{
    waldo__listener *listener = flush->data;

    if (may_be_under_way(listener))
        return;
    uv_timer_stop(flush);
    finish(listener);
}

static void nanomsg_close(waldo__listener *listener, unsigned flush_ms, void (*closed)(void *data),
                          void *data)
{
    if (listener->closing)
        return;
    listener->closing = true;
    listener->closed = closed;
    listener->closed_data = data;
    if (listener->last_reply != 0)
        listener->flush_due = listener->last_reply + TAKE_MS;
    if (listener->last_long_reply != 0 &&
        listener->last_long_reply + flush_ms > listener->flush_due)
        listener->flush_due = listener->last_long_reply + flush_ms;
    uv_poll_stop(&listener->readable);
    if (may_be_under_way(listener))
        uv_timer_start(&listener->flush, on_flush, FLUSH_LOOK_MS, FLUSH_LOOK_MS);
    else
        finish(listener);
}

/* ---- The interface ---- */

static int start(waldo__listener *listener)
{
    int fd;
    size_t size = sizeof fd;

    if (nn_getsockopt(listener->bound.socket, NN_SOL_SOCKET, NN_RCVFD, &fd, &size) < 0)
        return -nn_errno();
    int rc = uv_poll_init(listener->loop, &listener->readable, fd);
    if (rc < 0)
        return rc;
    uv_timer_init(listener->loop, &listener->flush);
    listener->readable.data = listener;
    listener->flush.data = listener;
    listener->open_handles = 2;
    /* Cannot fail for a handle that was just made. */
    uv_poll_start(&listener->readable, UV_READABLE, on_readable);
    return 0;
}

static int nanomsg_listen(uv_loop_t *loop, const waldo__url *url,
                          const waldo__listener_limits *limits,
                          const waldo__listener_events *events, void *context,
                          waldo__listener **ret_listener, waldo_error *reterr)
{
    waldo__listener *listener = calloc(1, sizeof *listener);

    if (listener == NULL)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a listener");
    listener->loop = loop;
    listener->limits = *limits;
    listener->events = *events;
    listener->context = context;
    int rc = waldo__nanomsg_bind(url, limits->max_message, &listener->bound, reterr);
    if (rc < 0) {
        free(listener);
        return rc;
    }
    rc = start(listener);
    if (rc < 0) {
        waldo__socket_file_remove(&listener->bound.file, listener->bound.url.path);
        waldo__nanomsg_close(listener->bound.socket);
        free(listener);
        return waldo_error_system(reterr, -rc, "cannot watch a libnanomsg socket");
    }
    *ret_listener = listener;
    return 0;
}

static const waldo__url *nanomsg_address(const waldo__listener *listener)
{
    return &listener->bound.url;
}

static void nanomsg_admit(waldo__listener *listener, uint64_t connection)
{
    (void)listener;
    (void)connection;
}

static void nanomsg_disconnect(waldo__listener *listener, uint64_t connection)
{
    (void)listener;
    (void)connection;
}

static void nanomsg_stop(waldo__listener *listener)
{
    (void)listener;
}

const waldo__server_engine waldo__nanomsg_server = {
    .name = "nanomsg",
    .listen = nanomsg_listen,
    .address = nanomsg_address,
    .admit = nanomsg_admit,
    .reply = nanomsg_reply,
    .disconnect = nanomsg_disconnect,
    .stop = nanomsg_stop,
    .close = nanomsg_close,
};
