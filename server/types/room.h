/* The waiting room: where calls of the types that wait (Lock, Condition, Queue and the like) are
 * kept, in the order in which they came, without a thread.
 *
 * One mutex guards a room and all its objects. Every handler, on_lost and session_ended of these
 * types does its short work under it, so one object may touch another. It comes before the server's
 * lock and is never taken with that one held. Calls may be completed and failed with it held;
 * functions for waldo_call_on_lost's `release` must not take it. It is recursive, so that a
 * transaction that holds it can run handlers.
 *
 * A handler that has to wait:
 *
 *     waldo__room_lock(room);
 *     if (nothing for this call)
 *         status = waldo__room_park(room, &self->waiters, &mine->waiter, call, timeout);
 *     waldo__room_unlock(room);
 *     return status;
 *
 * and whoever has something for the one that came first:
 *
 *     while (something left && (waiter = waldo__room_next(&self->waiters)) != NULL)
 *         ..._complete(waiter->call, &result);
 *
 * Whoever takes a waiter out, with the room's lock, completes its call. */
#ifndef WALDO_SERVER_TYPES_ROOM_H
#define WALDO_SERVER_TYPES_ROOM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <waldo/service.h>

#include "google/protobuf/wrappers.pb-c.h"

typedef struct waldo__waiter waldo__waiter;

struct waldo__lock;

typedef struct waldo__room {
    atomic_uint references; /* of registries that have the types */
    pthread_mutex_t mutex;
    struct waldo__lock *locks; /* all of them, in no order (server/types/lock.h) */
} waldo__room;

/* Waiters for one thing, oldest first. Zero is none. */
typedef struct waldo__waiters {
    waldo__waiter *first;
    waldo__waiter *last;
    size_t count;
} waldo__waiters;

enum waldo__departure {
    WALDO__TIMED_OUT, /* its own timeout: there is a result */
    WALDO__GIVEN_UP   /* the caller is gone, or its deadline has passed, or the server ends */
};

/* One call in one queue. It lives in memory of its call (waldo_call_alloc), often as the first
 * member of what the type wants to know. */
struct waldo__waiter {
    /* Set by the type before it parks: what to do when the waiter was taken out because it left.
     * With the room's lock, on the server's loop. TIMED_OUT: it completes the call, or moves the
     * waiter elsewhere. GIVEN_UP: it takes back what the waiter stood for, and the room fails the
     * call; NULL: nothing is to be done. */
    void (*depart)(waldo__waiter *waiter, enum waldo__departure why);
    /* The rest is the room's. */
    waldo_call *call;
    waldo__room *room;
    waldo__waiters *among; /* NULL: it was taken out */
    waldo__waiter *next;
    waldo__waiter *previous;
    waldo__waiter *twin; /* in a ring: the same call in other queues */
    bool timed;          /* its timeout counts */
};

/* NULL: out of memory. */
waldo__room *waldo__room_new(void);
waldo__room *waldo__room_ref(waldo__room *room);
waldo__room *waldo__room_unref(waldo__room *room);
void waldo__room_lock(waldo__room *room);
void waldo__room_unlock(waldo__room *room);

/* A timeout in seconds, `otherwise` if it is absent; below 0 counts as 0, as in Python.
 * WALDO_EVALUE for what is no number. Needs no lock. */
WALDO_CHECK int waldo__room_seconds(waldo_call *call, const Google__Protobuf__DoubleValue *timeout,
                                    double otherwise, double *ret_seconds);

/* All of these with the room's lock. */

/* Keeps the call as the last of `among`, for so many seconds (WALDO_FOREVER: until it is taken
 * out or given up). Returns what the handler returns: WALDO_DEFERRED, or an error and nothing was
 * done. The call may have been failed already when it returns WALDO_DEFERRED. */
WALDO_CHECK int waldo__room_park(waldo__room *room, waldo__waiters *among, waldo__waiter *waiter,
                                 waldo_call *call, double timeout);
/* Puts the same call into another queue as well, after it was parked: whichever of the two waiters
 * is taken out first takes the other with it. No-op if `parked` was taken out already. */
void waldo__room_park_also(waldo__waiter *parked, waldo__waiters *among, waldo__waiter *also);
/* Takes the oldest out, to be completed. NULL: nobody waits. */
waldo__waiter *waldo__room_next(waldo__waiters *among);
/* Takes this one out; false: somebody else has. */
bool waldo__room_take(waldo__waiter *waiter);
/* Takes all out: a list by `next`, oldest first. They may be completed without the lock; read
 * `next` before. */
waldo__waiter *waldo__room_take_all(waldo__waiters *among);
/* Puts one that was taken out and not completed into another queue; timed: for as long as it was
 * to wait in the first; else for as long as it takes. */
void waldo__room_move(waldo__waiter *waiter, waldo__waiters *among, bool timed);

#endif
