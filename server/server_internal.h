/* The server as its own files see it.
 *
 * One thread has the loop: it does all I/O, owns listeners, peers and sessions, and runs short
 * handlers between two rounds of I/O (server/loop.c). "The loop's thread" is the one that has it at
 * the moment: a handler that takes long loses it to another thread (server/lead.c), and a handler
 * must touch nothing that the loop owns. `lock` guards what all threads touch: objects, references,
 * the calls of sessions. It is never held while a handler or a callback runs. */
#ifndef WALDO_SERVER_INTERNAL_H
#define WALDO_SERVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <uv.h>

#include <waldo/server.h>

#include "alarms.h"
#include "call.h"
#include "deadlines.h"
#include "engine/engine.h"
#include "engine/spin.h"
#include "holds.h"
#include "limit.h"
#include "memory/place.h"
#include "object.h"
#include "peer.h"
#include "pool.h"
#include "registry.h"
#include "session.h"
#include "shared.h"
#include "value/keeper.h"
#include "wire/spares.h"

/* A listener and what came to it. */
typedef struct waldo__endpoint {
    waldo_server *server;
    const waldo__server_engine *engine;
    waldo__listener *listener; /* NULL: closed */
    waldo__secure_mode mode;
    waldo__map connections; /* connection -> the first waldo__peer that came by it */
    char address[600];
    struct waldo__endpoint *next;
} waldo__endpoint;

enum waldo__phase { WALDO__SERVING, WALDO__DRAINING, WALDO__CLOSING };

struct waldo_server {
    waldo_registry *registry;
    waldo_server_options options;
    waldo__limits limits;
    uint64_t incarnation;

    uv_loop_t loop;
    waldo__probe probe;    /* for clients of this host and user */
    uv_async_t wake_up;    /* ends the wait of a round */
    atomic_bool attention; /* there is something to send, to reload, to wait for, or to stop */
    atomic_bool waiting;   /* the loop is in a round, and may be asleep there */
    /* Of the loop's thread: */
    uint64_t heard;         /* messages */
    uint64_t turn_at;       /* when sockets and timers are to be looked at, at the latest */
    bool rings_are_busy;    /* messages are likely to come by rings of shared memory */
    waldo__spinning spin;   /* between two requests */
    uv_timer_t expiry;      /* leases and grace of sessions, proofs of peers */
    uint64_t expiry_due;    /* loop time in ms */
    uv_timer_t deadline;    /* of calls that handlers keep */
    uv_timer_t drain_limit; /* running handlers get no more time */
    waldo__endpoint *endpoints;
    waldo__keyring *keys;
    waldo__map peers;        /* channel id -> waldo__peer */
    waldo__peer *found_last; /* the same one is looked for again and again; or NULL */
    waldo__peer *oldest_stranger;
    waldo__peer *newest_stranger;
    waldo__buffer plain; /* the frame that was opened last */
    waldo__buffer frame; /* the one that was sealed last, or the bundle that is being made */
    bool bundles_replies;
    waldo__peer *bundle_of; /* NULL: none is being made */
    uint32_t bundle_id;     /* of a request that it answers */
    waldo__map sessions;    /* first half of the id -> waldo__session */
    uint64_t last_session;
    enum waldo__phase phase;
    unsigned listeners; /* not yet closed */

    atomic_int stop_requested; /* 0, or a waldo__stop */
    atomic_bool reload_requested;
    atomic_uint running; /* jobs of calls */
    waldo__pool *pool;
    waldo__habit transactions; /* how long they take */
    waldo__habit batches;      /* to begin with */
    waldo__habit reports;
    waldo__keeper *keeper;

    pthread_mutex_t lock;
    waldo__objects objects;
    waldo__deadlines deadlines;
    waldo__deadlines alarms;
    waldo__holds holds;
    waldo__spares spare_calls;
    waldo__map shared;   /* waldo__type -> waldo__shared */
    unsigned unanswered; /* calls with the pool or with a handler that kept them */
    waldo_call *outbox;  /* answered, in order */
    waldo_call *outbox_last;
    size_t waiting_replies; /* of clients that have others to take first; of the loop's thread */
};

enum waldo__stop { WALDO__STOP_DRAIN = 1, WALDO__STOP_NOW = 2 };

void waldo__server_lock(waldo_server *server);
void waldo__server_unlock(waldo_server *server);
/* Hands an answered call to the loop; any thread, with the lock. Takes over a reference. true: the
 * loop has to be woken, without the lock. */
bool waldo__server_queue(waldo_call *call);
void waldo__server_empty_outbox(waldo_server *server);
/* Has the loop look at what there is to do beside I/O, now if it sleeps; any thread. */
void waldo__server_wake(waldo_server *server);
/* What it does then. Loop thread. */
void waldo__server_attend(waldo_server *server);
/* What waits for the loop, and then one round of I/O. Loop thread. */
void waldo__server_round(waldo_server *server);
/* Has the loop of the server, `data`, until it loses it, or the last listener is closed. */
void waldo__server_lead(void *data);
int waldo__server_init_loop(waldo_server *server, waldo_error *reterr);
void waldo__server_request_stop(waldo_server *server, enum waldo__stop how);
/* Of the loop's thread: */
int waldo__server_read_keys(const waldo_server_options *options, waldo__keyring **ret_keys,
                            waldo_error *reterr);
/* What cannot be read leaves the ring that is in force. */
void waldo__server_reload_keys(waldo_server *server);
/* Something will be due in this time: a lease, a grace time, a proof. */
void waldo__server_check_within(waldo_server *server, uint64_t wait_ms);

/* Does what the request says, or hands it on. < 0: refused, call->error says why. */
int waldo__dispatch(waldo_call *call);

/* The same for a step of a batch, on any thread. */
int waldo__dispatch_step(waldo_call *call);

/* What an engine heard (server/incoming.c). */
void waldo__dispatch_message(void *endpoint, uint64_t connection, uint32_t id, const uint8_t *data,
                             size_t size, waldo__buffer *owner);
void waldo__dispatch_taken(void *endpoint, uint64_t connection);
void waldo__dispatch_gone(void *endpoint, uint64_t connection);
void waldo__dispatch_refused(void *endpoint, int code);

#endif
