/* What Lock, RLock, Semaphore and BoundedSemaphore have in common: permits, who holds them, and who
 * waits for one. A Lock has one permit. Everything is guarded by the room's lock.
 *
 * When a session ends, the permits that it holds come back, and whoever gets one next is told. Of a
 * semaphore that is used to count events, where acquiring is no debt, nothing comes back: never are
 * more permits held than `initial - value`. */
#ifndef WALDO_SERVER_TYPES_LOCK_H
#define WALDO_SERVER_TYPES_LOCK_H

#include "session.h"
#include "types/room.h"
#include "waldo/builtins.pb-c.h"

typedef struct waldo__holder waldo__holder;
typedef struct waldo__lock waldo__lock;
typedef struct waldo__acquisition waldo__acquisition;
typedef struct waldo__lent waldo__lent;

/* Which of the four it is. */
typedef struct waldo__lock_kind {
    const char *name;
    bool reentrant; /* owned by a thread: RLock */
    bool counts;    /* more than one permit: the semaphores */
    bool bounded;   /* releasing what is not held is an error */
    int release_code;
    const char *release_error; /* its text */
} waldo__lock_kind;

/* Somebody who holds one permit. */
struct waldo__holder {
    waldo__holder *next; /* newest first */
    waldo__session *session;
    uint64_t thread;
    uint64_t token;
    uint64_t depth; /* how often an RLock was acquired */
};

struct waldo__lock {
    const waldo__lock_kind *kind;
    waldo__room *room;
    waldo__lock *next; /* in the room */
    waldo__lock **link;
    /* Watches sessions for it; NULL until it was first used. Sessions that hold it keep it. */
    waldo__object *home;
    uint64_t initial;
    uint64_t value;     /* permits that are free */
    uint64_t abandoned; /* of these, came back from sessions that ended */
    uint64_t token;     /* of the last acquisition */
    waldo__holder *holders;
    waldo__lent *lent; /* to batches, where that is no debt */
    waldo__waiters waiters;
};

/* What a call got, and how it goes back if the reply does not arrive. */
typedef struct waldo__loan {
    waldo__lock *lock;
    uint64_t token;
    bool recorded;     /* as a holder */
    bool nested;       /* an RLock, by its owner */
    waldo__lent *lent; /* says whether its batch has released it again; or NULL */
    bool owner_died;
    /* With the room's lock: a wait() that was notified never returned. NULL: nothing follows from
     * that, or it is no wait(). */
    void (*undo)(void *data);
    void *undo_data;
} waldo__loan;

/* A call that acquires. In its own memory, until it is answered. */
struct waldo__acquisition {
    waldo__waiter waiter; /* first */
    uint64_t depth;       /* to hold it with: more than 1 after a condition's wait() */
    /* Completes a call that waited; the rest says with what. */
    void (*complete)(waldo__acquisition *one);
    struct condition *condition; /* of a wait() */
    bool notified;
    bool acquired;
    waldo__loan loan;
};

extern const waldo__lock_kind waldo__lock_kind_lock;
extern const waldo__lock_kind waldo__lock_kind_rlock;
extern const waldo__lock_kind waldo__lock_kind_semaphore;
extern const waldo__lock_kind waldo__lock_kind_bounded;

/* Without the room's lock. */
void waldo__lock_init(waldo__lock *lock, const waldo__lock_kind *kind, waldo__room *room,
                      uint64_t initial);
/* When no call uses it any more. */
void waldo__lock_destroy(waldo__lock *lock);

/* All of these with the room's lock. */

/* How long an acquire() is to wait; 0: not at all. < 0: raised. */
int waldo__lock_patience(const waldo__lock *lock, waldo_call *call,
                         const Waldo__Builtin__LockAcquire *arguments, double *ret_seconds);
/* 0: one->acquired says with what result; else what the handler returns: one->complete comes later.
 * one is zeroed memory of the call, with `complete` set. */
WALDO_CHECK int waldo__lock_acquire(waldo__lock *lock, waldo_call *call, double seconds,
                                    waldo__acquisition *one);
WALDO_CHECK int waldo__lock_release(waldo__lock *lock, waldo_call *call);
/* For Condition. Is the lock held, and by the caller where it has an owner? */
bool waldo__lock_is_held_for(const waldo__lock *lock, const waldo_call *call);
/* Gives it up, however often it was acquired: *ret_depth. waldo__lock_is_held_for() is true. */
void waldo__lock_give_up(waldo__lock *lock, const waldo_call *call, uint64_t *ret_depth);
/* Gives free permits to those who wait. */
void waldo__lock_serve(waldo__lock *lock);
void waldo__lock_session_ended(waldo__lock *lock, const uint8_t *session);
/* What it prints as, at most so many bytes: "<locked Lock object, held by session 3 thread 7>". */
void waldo__lock_describe(const waldo__lock *lock, char *text, size_t size);

/* ---- handlers, with self a waldo__lock; without the room's lock ---- */

int waldo__lock_handle_acquire(void *self, waldo_call *call,
                               const Waldo__Builtin__LockAcquire *arguments,
                               Google__Protobuf__BoolValue *result);
int waldo__lock_handle_acquire_grant(void *self, waldo_call *call,
                                     const Waldo__Builtin__LockAcquire *arguments,
                                     Waldo__Builtin__LockGrant *result);
int waldo__lock_handle_release(void *self, waldo_call *call);
int waldo__lock_handle_locked(void *self, waldo_call *call, Google__Protobuf__BoolValue *result);

#endif
