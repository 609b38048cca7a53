/* The server's side of an engine. Everything here happens on the thread of the uv loop. */
#ifndef WALDO_SERVER_ENGINE_H
#define WALDO_SERVER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <uv.h>

#include <waldo/error.h>

#include "engine/url.h"
#include "wire/buffer.h"

typedef struct waldo__listener waldo__listener;

/* What the engine tells the layer above. A connection is a number, unique for the listener and not
 * reused soon after it is gone. */
typedef struct waldo__listener_events {
    /* A whole message; data is valid during the call only, unless it lies in *owner, which may be
     * taken and left empty. owner may be NULL. */
    void (*message)(void *context, uint64_t connection, uint32_t id, const uint8_t *data,
                    size_t size, waldo__buffer *owner);
    /* The connection was full, and its client has just taken some. NULL: nobody cares. */
    void (*taken)(void *context, uint64_t connection);
    /* The connection is no more. Engines that cannot tell never call it. */
    void (*gone)(void *context, uint64_t connection);
    /* A connection was closed: WALDO_ETOOBIG, it sent a message that is larger than allowed;
     * WALDO_ELIMIT, too many connections had said nothing, and it was the oldest of them. NULL:
     * nobody cares. */
    void (*refused)(void *context, int code);
} waldo__listener_events;

typedef struct waldo__listener_limits {
    size_t max_message;   /* after admit() */
    size_t first_message; /* before it: what a stranger may cost; engines that cannot tell
                             connections apart on this level use max_message */
    unsigned max_silent;  /* connections whose first message is not whole yet; 0: any number */
    size_t max_queued;    /* bytes that wait for one client; with more of them its connection is
                             full, and nothing is read from it until the client has taken some */
    uint64_t spin_ns;     /* to look into rings of shared memory before sleeping; 0: never */
    unsigned stranger_ms; /* until a new connection's first message is whole, and at most for the
                             last replies to one that is disconnected; 0: 10 seconds */
} waldo__listener_limits;

typedef struct waldo__server_engine {
    const char *name;
    /* Listens; the events' context is given back with each event. WALDO_EADDRESSINUSE, ... */
    int (*listen)(uv_loop_t *loop, const waldo__url *url, const waldo__listener_limits *limits,
                  const waldo__listener_events *events, void *context,
                  waldo__listener **ret_listener, waldo_error *reterr);
    /* Where it really listens: port 0 resolved. Valid until closed. */
    const waldo__url *(*address)(const waldo__listener *listener);
    /* Messages of full size are allowed from now on. */
    void (*admit)(waldo__listener *listener, uint64_t connection);
    /* May the client at the other end be told that it can move to shared memory? NULL: never. */
    bool (*offers)(const waldo__listener *listener, uint64_t connection);
    /* Looks for messages where that costs no system call; they are told as ever. > 0: there were
     * some; 0: none, but they may come soon, so that looking again is better than sleeping; < 0:
     * only uv_run finds any. NULL: the same. Not from within an event. */
    int (*poll)(waldo__listener *listener);
    /* Sends a reply, copying what the socket does not take at once. Never blocks. 0, WALDO_EGONE:
     * no such connection, WALDO_ETOOBIG, WALDO_ENOMEM. */
    int (*reply)(waldo__listener *listener, uint64_t connection, uint32_t id,
                 const struct iovec *parts, int part_count, waldo_error *reterr);
    /* Does more wait for the client than max_queued? Then replies should wait elsewhere until it
     * has taken() some. NULL: never. */
    bool (*is_full)(const waldo__listener *listener, uint64_t connection);
    /* true: replies may be gathered from now on, to leave together at false. NULL: they never are.
     */
    void (*gather)(waldo__listener *listener, bool gathers);
    /* May many requests be under way on the connection that this one came by, and is no reply lost
     * by that? NULL: no. Before the request is replied to. */
    bool (*multiplexes)(const waldo__listener *listener, uint64_t connection, uint32_t id);
    /* Closes one connection after what is queued for it; gone() follows where the engine can tell.
     */
    void (*disconnect)(waldo__listener *listener, uint64_t connection);
    /* Stops listening; nothing new is accepted, connections stay. */
    void (*stop)(waldo__listener *listener);
    /* Flushes what is queued for at most flush_ms milliseconds, closes all connections, and calls
     * closed(data) from the loop once nothing is left; then the listener is freed. */
    void (*close)(waldo__listener *listener, unsigned flush_ms, void (*closed)(void *data),
                  void *data);
} waldo__server_engine;

const waldo__server_engine *waldo__server_engine_for(const waldo__url *url);

#endif
