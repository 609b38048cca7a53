/* One client's connection to a direct listener. All of it happens on the thread of the loop. */
#ifndef WALDO_SERVER_ENGINE_DIRECT_CONNECTION_H
#define WALDO_SERVER_ENGINE_DIRECT_CONNECTION_H

#include <uv.h>

#include "engine/direct/connections.h"
#include "engine/direct/listening.h"
#include "engine/direct/websocket.h"
#include "engine/engine.h"
#include "engine/routes.h"
#include "engine/shm/moved.h"
#include "engine/sp.h"
#include "wire/buffer.h"

/* Read at once from a connection; more than that only when a long message has begun. */
#define WALDO__SCRATCH_SIZE (64 * 1024)

struct waldo__connection {
    uv_poll_t poll;
    waldo__listener *listener;
    uint64_t number;
    int fd;
    int polled;  /* events that are watched now */
    bool silent; /* its first message is not whole yet */
    bool admitted;
    bool relayed; /* something came by a device: it is not the client who is at the other end */
    bool leaving; /* nothing more is read; closes once the peer has taken what is queued */
    bool closing; /* uv_close() was called; no number finds it any more */
    waldo__sp_parser parser;
    waldo__moved *moved;         /* NULL: it has no rings */
    waldo__websocket *websocket; /* NULL: it is none */
    /* What the socket, or the ring, did not take yet, from queue_start on. */
    waldo__buffer queue;
    size_t queue_start;
    bool full;     /* more than max_queued waits: nothing is read until the client has taken some */
    bool gathered; /* it is among those that the listener writes to later */
    waldo__connection *next_gathered;
    /* Those that have until `due` (ms on the loop's clock) to say or to take something. */
    uint64_t due;
    waldo__connection *due_before;
    waldo__connection *due_after;
};

struct waldo__listener {
    uv_loop_t *loop;
    waldo__listener_limits limits;
    waldo__listener_events events;
    void *context;
    waldo__listening listening;
    uv_poll_t accepting;
    bool accepting_open;   /* the handle is not closed yet */
    bool accepting_paused; /* no descriptor was left */
    uv_timer_t tick;       /* runs while something has a time limit */
    waldo__connections table;
    uint32_t connection_count; /* those closing, too */
    uint32_t silent_count;
    waldo__routes routes;
    bool gathers;                /* replies are queued, and written together */
    waldo__connection *gathered; /* in the order of their first replies */
    waldo__connection *gathered_last;
    uint32_t moved_count;
    waldo__connection *warm;   /* of those that have moved: where something may come soon */
    uv_prepare_t before_sleep; /* runs while there are warm ones */
    uv_idle_t turning;         /* runs when something has come to them at the last moment */
    unsigned open_handles;     /* of tick and the two */
    /* All have the same time, so the oldest is first. */
    waldo__connection *due_first;
    waldo__connection *due_last;
    bool closing;
    uint64_t flush_due;
    void (*closed)(void *data);
    void *closed_data;
    uint8_t scratch[WALDO__SCRATCH_SIZE];
};

/* Takes over fd: closes it, too, if that fails. */
void waldo__connection_start(waldo__listener *listener, int fd);
/* As the engine's reply(), for a connection that is there. */
int waldo__connection_reply(waldo__connection *connection, uint32_t id, const struct iovec *parts,
                            int part_count, waldo_error *reterr);
/* Writes what was gathered for all connections. */
void waldo__connections_flush(waldo__listener *listener);
/* Closes after what is queued. */
void waldo__connection_leave(waldo__connection *connection);
/* Closes now; gone() follows from the loop. */
void waldo__connection_close(waldo__connection *connection);
/* Makes room: closes the connection that has said nothing for the longest time, if there is one. */
void waldo__connections_close_silent(waldo__listener *listener);

/* Bytes of the stream that it sends; they are not touched any more when this returns. */
void waldo__connection_take(waldo__connection *connection, const uint8_t *data, size_t size);
/* What waldo__sp_take returned. */
void waldo__connection_took(waldo__connection *connection, int rc,
                            const waldo__sp_message *message);
/* Queues bytes that are no reply, which go when the loop finds that they can; or closes the
 * connection. */
void waldo__connection_queue(waldo__connection *connection, const void *data, size_t size);
static inline size_t waldo__connection_queued(const waldo__connection *connection)
{
    return connection->queue.size - connection->queue_start;
}

/* Is what it has sent still to be taken? */
static inline bool waldo__connection_is_open(const waldo__connection *connection)
{
    return !connection->leaving && !connection->closing;
}

/* Is more to be read of it now? */
static inline bool waldo__connection_is_read(const waldo__connection *connection)
{
    return waldo__connection_is_open(connection) && !connection->full;
}

/* Watches for what it is ready to read or to write now. */
void waldo__connection_watch(waldo__connection *connection);
/* Closes one that is out of time, or that is leaving and has nothing left to send. */
void waldo__connection_close_if_done(waldo__connection *connection, uint64_t now);

/* It has from now on as much time as a stranger. */
void waldo__due_add(waldo__connection *connection);
/* It has no time limit any more. */
void waldo__due_remove(waldo__connection *connection);

/* For connections, by the listener. */
void waldo__listener_start_tick(waldo__listener *listener);
void waldo__listener_connection_closed(waldo__listener *listener);
/* Has it rings for one more of them? */
bool waldo__listener_offers(const waldo__listener *listener);

#endif
