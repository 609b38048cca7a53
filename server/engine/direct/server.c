#include "engine/direct/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/direct/connection.h"

#define TICK_MS 50
/* Connections taken in a row, so that those that are there get their turn. */
#define ACCEPTS_IN_A_ROW 64

/* ---- The end ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    waldo__listener *listener = handle->data;
    void (*closed)(void *data) = listener->closed;
    void *data = listener->closed_data;

    if (--listener->open_handles > 0)
        return;
    waldo__routes_free(&listener->routes);
    waldo__connections_free(&listener->table);
    free(listener);
    if (closed != NULL)
        closed(data);
}

/* Ends a listener that has nothing left. */
static void finish(waldo__listener *listener)
{
    uv_handle_t *tick = (uv_handle_t *)&listener->tick;

    if (listener->closing && !listener->accepting_open && listener->connection_count == 0 &&
        !uv_is_closing(tick)) {
        uv_close(tick, on_handle_closed);
        uv_close((uv_handle_t *)&listener->before_sleep, on_handle_closed);
        uv_close((uv_handle_t *)&listener->turning, on_handle_closed);
        listener->open_handles = 3;
    }
}

void waldo__listener_connection_closed(waldo__listener *listener)
{
    listener->connection_count--;
    finish(listener);
}

static void for_each_connection(waldo__listener *listener, void (*act)(waldo__connection *))
{
    for (uint32_t i = 0; i < listener->table.capacity; i++)
        if (listener->table.places[i] != NULL)
            act(listener->table.places[i]);
}

/* ---- Accepting ---- */

static void on_connection(uv_poll_t *poll, int status, int events);

static bool is_short_of_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* What cannot be accepted now stays in the backlog, and the loop does not spin on it. */
static void pause_accepting(waldo__listener *listener)
{
    uv_poll_stop(&listener->accepting);
    listener->accepting_paused = true;
    waldo__listener_start_tick(listener);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    waldo__listener *listener = poll->data;

    (void)events;
    if (status < 0) {
        pause_accepting(listener);
        return;
    }
    for (int i = 0; i < ACCEPTS_IN_A_ROW; i++) {
        int fd = accept4(listener->listening.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            waldo__connection_start(listener, fd);
        } else if (is_short_of_resources(errno)) {
            waldo__connections_close_silent(listener);
            pause_accepting(listener);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
        /* Anything else is the error of one connection that is already gone. */
    }
}

/* ---- Time ---- */

static void on_tick(uv_timer_t *tick)
{
    waldo__listener *listener = tick->data;
    uint64_t now = uv_now(listener->loop);

    if (listener->accepting_paused && listener->accepting_open)
        listener->accepting_paused =
            uv_poll_start(&listener->accepting, UV_READABLE, on_connection) < 0;
    waldo__connection *next;
    for (waldo__connection *at = listener->due_first; at != NULL; at = next) {
        next = at->due_after;
        waldo__connection_close_if_done(at, now);
    }
    if (listener->closing && listener->flush_due <= now)
        for_each_connection(listener, waldo__connection_close);
    bool needed = listener->accepting_paused || listener->due_first != NULL || listener->closing;
    if (!needed)
        uv_timer_stop(tick);
}

void waldo__listener_start_tick(waldo__listener *listener)
{
    if (!uv_is_active((const uv_handle_t *)&listener->tick))
        uv_timer_start(&listener->tick, on_tick, TICK_MS, TICK_MS);
}

/* ---- The interface ---- */

static int start(waldo__listener *listener)
{
    int rc = uv_poll_init(listener->loop, &listener->accepting, listener->listening.fd);

    if (rc < 0)
        return rc;
    listener->accepting.data = listener;
    listener->accepting_open = true;
    uv_timer_init(listener->loop, &listener->tick);
    listener->tick.data = listener;
    waldo__moved_init(listener);
    /* Cannot fail for a handle that was just made. */
    uv_poll_start(&listener->accepting, UV_READABLE, on_connection);
    return 0;
}

static int direct_listen(uv_loop_t *loop, const waldo__url *url,
                         const waldo__listener_limits *limits, const waldo__listener_events *events,
                         void *context, waldo__listener **ret_listener, waldo_error *reterr)
{
    waldo__listener *listener = calloc(1, sizeof *listener);

    if (listener == NULL)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a listener");
    listener->loop = loop;
    listener->limits = *limits;
    listener->events = *events;
    listener->context = context;
    int rc = waldo__listening_open(url, &listener->listening, reterr);
    if (rc < 0) {
        free(listener);
        return rc;
    }
    rc = start(listener);
    if (rc < 0) {
        waldo__listening_unlink(&listener->listening);
        close(listener->listening.fd);
        free(listener);
        return waldo_error_system(reterr, -rc, "cannot watch a listening socket");
    }
    *ret_listener = listener;
    return 0;
}

static const waldo__url *direct_address(const waldo__listener *listener)
{
    return &listener->listening.url;
}

static void direct_admit(waldo__listener *listener, uint64_t number)
{
    waldo__connection *connection = waldo__connections_find(&listener->table, number);

    if (connection == NULL)
        return;
    connection->admitted = true;
    connection->parser.limit = listener->limits.max_message;
}

bool waldo__listener_offers(const waldo__listener *listener)
{
    const waldo__url *url = &listener->listening.url;

    return url->scheme == WALDO__IPC && !url->no_shm && listener->moved_count < WALDO__MOVED_MOST;
}

static bool direct_offers(const waldo__listener *listener, uint64_t number)
{
    const waldo__connection *connection = waldo__connections_find(&listener->table, number);

    return connection != NULL && !connection->relayed && waldo__listener_offers(listener);
}

static int direct_reply(waldo__listener *listener, uint64_t number, uint32_t id,
                        const struct iovec *parts, int part_count, waldo_error *reterr)
{
    waldo__connection *connection = waldo__connections_find(&listener->table, number);

    if (connection == NULL || connection->leaving)
        return waldo_error_set(reterr, WALDO_EGONE, "the client is gone");
    return waldo__connection_reply(connection, id, parts, part_count, reterr);
}

static bool direct_is_full(const waldo__listener *listener, uint64_t number)
{
    const waldo__connection *connection = waldo__connections_find(&listener->table, number);

    return connection != NULL && connection->full;
}

/* A device of libnanomsg drops a reply that finds its socket busy. */
static bool direct_multiplexes(const waldo__listener *listener, uint64_t number, uint32_t id)
{
    return !waldo__routes_has(&listener->routes, number, id);
}

static void direct_gather(waldo__listener *listener, bool gathers)
{
    listener->gathers = gathers;
    if (!gathers)
        waldo__connections_flush(listener);
}

static void direct_disconnect(waldo__listener *listener, uint64_t number)
{
    waldo__connection *connection = waldo__connections_find(&listener->table, number);

    if (connection != NULL)
        waldo__connection_leave(connection);
}

static void on_accepting_closed(uv_handle_t *handle)
{
    waldo__listener *listener = handle->data;

    close(listener->listening.fd);
    listener->accepting_open = false;
    finish(listener);
}

static void direct_stop(waldo__listener *listener)
{
    uv_handle_t *accepting = (uv_handle_t *)&listener->accepting;

    if (!listener->accepting_open || uv_is_closing(accepting))
        return;
    waldo__listening_unlink(&listener->listening);
    uv_close(accepting, on_accepting_closed);
}

static void direct_close(waldo__listener *listener, unsigned flush_ms, void (*closed)(void *data),
                         void *data)
{
    if (listener->closing)
        return;
    direct_stop(listener);
    listener->closing = true;
    listener->closed = closed;
    listener->closed_data = data;
    listener->flush_due = uv_now(listener->loop) + flush_ms;
    for_each_connection(listener, flush_ms > 0 ? waldo__connection_leave : waldo__connection_close);
    waldo__listener_start_tick(listener);
    finish(listener);
}

const waldo__server_engine waldo__direct_server = {
    .name = "direct",
    .listen = direct_listen,
    .address = direct_address,
    .admit = direct_admit,
    .offers = direct_offers,
    .poll = waldo__moved_poll,
    .reply = direct_reply,
    .is_full = direct_is_full,
    .gather = direct_gather,
    .multiplexes = direct_multiplexes,
    .disconnect = direct_disconnect,
    .stop = direct_stop,
    .close = direct_close,
};
