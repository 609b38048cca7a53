#include "engine/direct/connection.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads of one connection in a row, so that a busy one does not keep the others waiting. */
#define READS_IN_A_ROW 4
/* A buffer above this is given back when it is empty. */
#define KEPT_CAPACITY WALDO__SCRATCH_SIZE
/* Of gathered replies so much waits at most. */
#define GATHERED_MOST (32 * 1024)

/* ---- Closing ---- */

static void tell_refused(const waldo__listener *listener, int code)
{
    if (listener->events.refused != NULL)
        listener->events.refused(listener->context, code);
}

/* It has spoken, or will not any more. */
static void end_silence(waldo__connection *connection)
{
    if (!connection->silent)
        return;
    connection->silent = false;
    connection->listener->silent_count--;
}

static void forget_gathered(waldo__connection *connection)
{
    waldo__listener *listener = connection->listener;
    waldo__connection *before = NULL;

    for (waldo__connection *one = listener->gathered; one != connection; one = one->next_gathered)
        before = one;
    if (before)
        before->next_gathered = connection->next_gathered;
    else
        listener->gathered = connection->next_gathered;
    if (listener->gathered_last == connection)
        listener->gathered_last = before;
}

static void on_closed(uv_handle_t *handle)
{
    waldo__connection *connection = handle->data;
    waldo__listener *listener = connection->listener;

    if (connection->gathered)
        forget_gathered(connection);
    close(connection->fd);
    waldo__routes_forget(&listener->routes, connection->number);
    if (listener->events.gone != NULL)
        listener->events.gone(listener->context, connection->number);
    waldo__moved_free(connection);
    waldo__websocket_free(connection->websocket);
    waldo__sp_parser_free(&connection->parser);
    waldo__buffer_free(&connection->queue);
    free(connection);
    waldo__listener_connection_closed(listener);
}

void waldo__connection_close(waldo__connection *connection)
{
    if (connection->closing)
        return;
    connection->closing = true;
    waldo__due_remove(connection);
    end_silence(connection);
    waldo__moved_leave(connection);
    waldo__connections_remove(&connection->listener->table, connection->number);
    uv_close((uv_handle_t *)&connection->poll, on_closed);
}

void waldo__connections_close_silent(waldo__listener *listener)
{
    waldo__connection *oldest = listener->due_first;

    while (oldest != NULL && !oldest->silent)
        oldest = oldest->due_after;
    if (oldest == NULL)
        return;
    tell_refused(listener, WALDO_ELIMIT);
    waldo__connection_close(oldest);
}

/* Has the peer taken everything? On a Unix socket that means read it: a libnanomsg peer drops what
 * it has not read when the connection is closed. What is in a ring stays there for the client. */
static bool is_drained(const waldo__connection *connection)
{
    int unread = 0;

    if (waldo__moved_is(connection))
        return waldo__connection_queued(connection) == 0;
    return waldo__connection_queued(connection) == 0 &&
           (ioctl(connection->fd, SIOCOUTQ, &unread) < 0 || unread == 0);
}

void waldo__connection_close_if_done(waldo__connection *connection, uint64_t now)
{
    if (connection->due <= now || (connection->leaving && is_drained(connection)))
        waldo__connection_close(connection);
}

static void on_ready(uv_poll_t *poll, int status, int events);

/* One that has moved says by its socket that it takes more, too. */
static int events_of(const waldo__connection *connection)
{
    if (waldo__moved_is(connection))
        return UV_READABLE;
    return (waldo__connection_is_read(connection) ? UV_READABLE : 0) |
           (waldo__connection_queued(connection) ? UV_WRITABLE : 0);
}

void waldo__connection_watch(waldo__connection *connection)
{
    int events = events_of(connection);

    if (connection->closing || events == connection->polled)
        return;
    if (uv_poll_start(&connection->poll, events, on_ready) < 0)
        waldo__connection_close(connection);
    connection->polled = events;
}

void waldo__connection_leave(waldo__connection *connection)
{
    if (connection->leaving || connection->closing)
        return;
    connection->leaving = true;
    if (is_drained(connection)) {
        waldo__connection_close(connection);
        return;
    }
    waldo__due_add(connection);
    waldo__connection_watch(connection);
}

/* ---- Reading ---- */

static void deliver(waldo__connection *connection, const waldo__sp_message *message)
{
    waldo__listener *listener = connection->listener;
    uint32_t id;

    waldo__due_remove(connection);
    end_silence(connection);
    if (message->route.size > sizeof(uint32_t))
        connection->relayed = true;
    if (!waldo__routes_keep(&listener->routes, connection->number, &message->route, &id)) {
        waldo__connection_close(connection);
        return;
    }
    listener->events.message(listener->context, connection->number, id, message->data,
                             message->size, message->in_body ? &connection->parser.body : NULL);
    if (message->in_body && connection->parser.body.capacity > KEPT_CAPACITY)
        waldo__buffer_free(&connection->parser.body);
}

void waldo__connection_took(waldo__connection *connection, int rc, const waldo__sp_message *message)
{
    if (rc == WALDO_ETOOBIG)
        tell_refused(connection->listener, rc);
    if (rc < 0)
        waldo__connection_close(connection);
    if (rc == 1)
        deliver(connection, message);
}

void waldo__connection_take(waldo__connection *connection, const uint8_t *data, size_t size)
{
    waldo__sp_message message;

    while (size > 0 && waldo__connection_is_open(connection)) {
        int rc = waldo__sp_take(&connection->parser, &data, &size, &message, NULL);
        waldo__connection_took(connection, rc, &message);
    }
}

/* Bytes from a socket: frames, and what is said between them about moving to shared memory. */
static void take_from_socket(waldo__connection *connection, uint8_t *data, size_t size)
{
    const waldo__sp_parser *parser = &connection->parser;
    bool between = parser->ipc && parser->stage == WALDO__SP_AT_HEAD && parser->head_size == 0;

    if (connection->websocket != NULL) {
        waldo__websocket_take(connection, data, size);
    } else if (between && data[0] == WALDO__SHM_MOVED) {
        waldo__moved_begin(connection);
        if (waldo__connection_is_read(connection))
            waldo__moved_read(connection);
    } else if (between && data[0] == WALDO__SHM_ASK) {
        waldo__moved_offer(connection);
        if (size > 1) /* an answer is awaited before anything else is said */
            waldo__connection_close(connection);
    } else {
        waldo__connection_take(connection, data, size);
    }
}

/* NULL: its bytes are in no WebSocket. */
static waldo__ws_reader *reader_of(waldo__connection *connection)
{
    return connection->websocket != NULL ? &connection->websocket->reader : NULL;
}

/* Reads once. false: there is nothing more for now. */
static bool read_once(waldo__connection *connection)
{
    waldo__sp_message message;
    size_t size = WALDO__SCRATCH_SIZE;
    uint8_t *room = waldo__ws_room(reader_of(connection), &connection->parser, &size);
    uint8_t *target = room != NULL ? room : connection->listener->scratch;
    ssize_t got = recv(connection->fd, target, size, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return false;
    if (got <= 0) {
        waldo__connection_close(connection);
        return false;
    }
    if (room == NULL)
        take_from_socket(connection, target, (size_t)got);
    else if (waldo__ws_filled(reader_of(connection), &connection->parser, room, (size_t)got,
                              &message) == 1)
        deliver(connection, &message);
    return (size_t)got == size && !waldo__moved_is(connection);
}

/* ---- Writing ---- */

static bool is_too_much_queued(const waldo__connection *connection)
{
    return waldo__connection_queued(connection) > connection->listener->limits.max_queued;
}

static void shrink_queue(waldo__connection *connection)
{
    waldo__buffer *queue = &connection->queue;

    if (waldo__connection_queued(connection) == 0) {
        queue->size = 0;
        connection->queue_start = 0;
        if (queue->capacity > KEPT_CAPACITY)
            waldo__buffer_free(queue);
    } else if (connection->queue_start > queue->size / 2) {
        memmove(queue->data, queue->data + connection->queue_start,
                waldo__connection_queued(connection));
        queue->size -= connection->queue_start;
        connection->queue_start = 0;
    }
}

static void finish_writing(waldo__connection *connection)
{
    shrink_queue(connection);
    connection->full = connection->full && is_too_much_queued(connection);
    if (connection->websocket != NULL)
        waldo__websocket_answer(connection);
    if (connection->leaving && is_drained(connection))
        waldo__connection_close(connection);
    else
        waldo__connection_watch(connection);
}

static void write_queue_to_ring(waldo__connection *connection)
{
    size_t sent;
    int rc = waldo__moved_send_bytes(connection, connection->queue.data + connection->queue_start,
                                     waldo__connection_queued(connection), &sent);

    connection->queue_start += sent;
    if (rc < 0)
        waldo__connection_close(connection);
    else
        finish_writing(connection);
}

static void write_queue(waldo__connection *connection)
{
    if (waldo__moved_is(connection)) {
        write_queue_to_ring(connection);
        return;
    }
    while (waldo__connection_queued(connection) > 0) {
        ssize_t sent = send(connection->fd, connection->queue.data + connection->queue_start,
                            waldo__connection_queued(connection), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            connection->queue_start += (size_t)sent;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR) {
            waldo__connection_close(connection);
            return;
        }
    }
    finish_writing(connection);
}

/* The same, and tells of it where that was awaited. */
static void write_more(waldo__connection *connection)
{
    const waldo__listener *listener = connection->listener;
    size_t before = waldo__connection_queued(connection);
    bool was_full = connection->full;

    write_queue(connection);
    if (was_full && !connection->closing && waldo__connection_queued(connection) < before &&
        listener->events.taken != NULL)
        listener->events.taken(listener->context, connection->number);
}

/* What woke is taken before anything is looked at: what comes later wakes again. */
static void on_woken(waldo__connection *connection)
{
    if (!waldo__moved_drain(connection))
        return;
    if (waldo__connection_queued(connection) > 0)
        write_more(connection);
    if (waldo__connection_is_read(connection))
        waldo__moved_read(connection);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    waldo__connection *connection = poll->data;

    if (status < 0) {
        waldo__connection_close(connection);
        return;
    }
    if (waldo__moved_is(connection)) {
        on_woken(connection);
        return;
    }
    if (events & UV_WRITABLE)
        write_more(connection);
    for (int i = 0; (events & UV_READABLE) && i < READS_IN_A_ROW; i++)
        if (!waldo__connection_is_read(connection) || !read_once(connection))
            break;
}

static int queue_rest(waldo__connection *connection, const waldo__sp_frame *frame,
                      waldo_error *reterr)
{
    if (!waldo__sp_frame_keep_rest(frame, &connection->queue)) {
        /* A frame cut in two cannot be followed by another one. */
        waldo__connection_close(connection);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a reply");
    }
    connection->full = is_too_much_queued(connection);
    return 0;
}

/* A little is worth waiting for more. What is full is written where that is told. */
static void gather(waldo__connection *connection)
{
    waldo__listener *listener = connection->listener;

    if (waldo__connection_queued(connection) > GATHERED_MOST && !connection->full) {
        write_queue(connection);
    } else if (!connection->gathered) {
        connection->gathered = true;
        connection->next_gathered = NULL;
        if (listener->gathered)
            listener->gathered_last->next_gathered = connection;
        else
            listener->gathered = connection;
        listener->gathered_last = connection;
    }
}

/* Some may be closing: they go with the loop's next round. */
void waldo__connections_flush(waldo__listener *listener)
{
    while (listener->gathered) {
        waldo__connection *connection = listener->gathered;
        listener->gathered = connection->next_gathered;
        connection->gathered = false;
        if (!connection->closing)
            write_more(connection);
    }
}

int waldo__connection_reply(waldo__connection *connection, uint32_t id, const struct iovec *parts,
                            int part_count, waldo_error *reterr)
{
    waldo__listener *listener = connection->listener;
    waldo__sp_frame frame;
    size_t size;
    int rc = 0;

    if (!waldo__sp_measure(parts, part_count, listener->limits.max_message, &size))
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the reply is larger than the %zu bytes allowed",
                               listener->limits.max_message);
    waldo__sp_route route = waldo__routes_take(&listener->routes, connection->number, id);
    if (connection->websocket != NULL)
        waldo__ws_frame_init(&frame, &route, parts, part_count, size);
    else
        waldo__sp_frame_init(&frame, connection->parser.ipc, &route, parts, part_count, size);
    if (waldo__connection_queued(connection) == 0 && waldo__moved_is(connection))
        rc = waldo__moved_send(connection, &frame);
    else if (waldo__connection_queued(connection) == 0 && !listener->gathers)
        rc = waldo__sp_frame_send(&frame, connection->fd);
    if (rc < 0) {
        waldo__connection_close(connection);
        return waldo_error_set(reterr, WALDO_EGONE, "the client is gone: %s", strerror(-rc));
    }
    if (rc == 1)
        return 0;
    rc = queue_rest(connection, &frame, reterr);
    if (rc >= 0 && listener->gathers && !waldo__moved_is(connection))
        gather(connection);
    else if (rc >= 0)
        waldo__connection_watch(connection);
    return rc;
}

void waldo__connection_queue(waldo__connection *connection, const void *data, size_t size)
{
    if (waldo__buffer_append(&connection->queue, data, size))
        waldo__connection_watch(connection);
    else
        waldo__connection_close(connection);
}
