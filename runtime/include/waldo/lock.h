/* Lock and RLock: one client at a time (rows F1 to F6, F22).
 *
 * A timeout is in seconds: WALDO_FOREVER waits as long as it takes, 0 only tries. A negative one is
 * WALDO_EVALUE. Waiting costs the server no thread; first come, first served. Any thread may use
 * one of these; each function is one call, with the errors of every call (<waldo/proxy.h>), whose
 * own deadline begins when the timeout is over.
 *
 * A client that dies gives back what it holds, and whoever is next is told by WALDO_OWNER_DIED:
 * what the lock protects may be in the middle of a change. One that dies while it waits never gets
 * anything. What guards something outside of the server can be told the token: if it refuses a
 * smaller one than it has seen, a client that was thought dead and wakes up late does no harm. */
#ifndef WALDO_LOCK_H
#define WALDO_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

/* What an acquire() returns that succeeded where somebody else died. */
#define WALDO_OWNER_DIED 2

/* One acquisition. */
typedef struct waldo_grant {
    uint64_t token; /* larger than that of any acquisition before */
    bool owner_died;
} waldo_grant;

/* ---- Lock: whoever wants may release it ---- */

typedef struct waldo_builtin_lock waldo_lock;

/** An unlocked one. */
WALDO_CHECK int waldo_lock_new(waldo_manager *manager, waldo_lock **ret_lock, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no Lock. The caller owns *ret_lock. */
WALDO_CHECK int waldo_lock_from_proxy(waldo_proxy *proxy, waldo_lock **ret_lock,
                                      waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_lock_from_value(waldo_manager *manager, const waldo_value *value,
                                      waldo_lock **ret_lock, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_lock_from_name(waldo_manager *manager, const char *name,
                                     waldo_lock **ret_lock, waldo_error *reterr);
waldo_lock *waldo_lock_ref(waldo_lock *lock);
/** NULL is a no-op. Returns NULL. */
waldo_lock *waldo_lock_unref(waldo_lock *lock);
/* For WALDO_AUTO(waldo_lock). */
static inline void waldo_lock_cleanup(waldo_lock **lock)
{
    waldo_lock_unref(*lock);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_lock_proxy(waldo_lock *lock);
/** 1: it is the caller's. 0: not within the timeout. WALDO_OWNER_DIED: it is the caller's, and
 * whoever had it before died with it. */
WALDO_CHECK int waldo_lock_acquire(waldo_lock *lock, double timeout, waldo_error *reterr);
/** The same, and which acquisition it is; *ret_grant is untouched with 0. */
WALDO_CHECK int waldo_lock_acquire_grant(waldo_lock *lock, double timeout, waldo_grant *ret_grant,
                                         waldo_error *reterr);
/** By anybody. WALDO_ERUNTIME: 'release unlocked lock'. After its owner has died, and until it is
 *  acquired again, it may be released once, in the place of the dead. */
WALDO_CHECK int waldo_lock_release(waldo_lock *lock, waldo_error *reterr);
/** 1 or 0. */
WALDO_CHECK int waldo_lock_locked(waldo_lock *lock, waldo_error *reterr);
/* Of WALDO_WITH. */
void waldo_lock_leave(waldo_lock **held);

/* ---- RLock: owned by a thread of a client, which may acquire it again ---- */

typedef struct waldo_builtin_r_lock waldo_rlock;

/** An unlocked one. */
WALDO_CHECK int waldo_rlock_new(waldo_manager *manager, waldo_rlock **ret_rlock,
                                waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no RLock. The caller owns *ret_rlock. */
WALDO_CHECK int waldo_rlock_from_proxy(waldo_proxy *proxy, waldo_rlock **ret_rlock,
                                       waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_rlock_from_value(waldo_manager *manager, const waldo_value *value,
                                       waldo_rlock **ret_rlock, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_rlock_from_name(waldo_manager *manager, const char *name,
                                      waldo_rlock **ret_rlock, waldo_error *reterr);
waldo_rlock *waldo_rlock_ref(waldo_rlock *rlock);
/** NULL is a no-op. Returns NULL. */
waldo_rlock *waldo_rlock_unref(waldo_rlock *rlock);
/* For WALDO_AUTO(waldo_rlock). */
static inline void waldo_rlock_cleanup(waldo_rlock **rlock)
{
    waldo_rlock_unref(*rlock);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_rlock_proxy(waldo_rlock *rlock);
/** As waldo_lock_acquire. */
WALDO_CHECK int waldo_rlock_acquire(waldo_rlock *rlock, double timeout, waldo_error *reterr);
/** The same, and which acquisition it is; *ret_grant is untouched with 0. */
WALDO_CHECK int waldo_rlock_acquire_grant(waldo_rlock *rlock, double timeout,
                                          waldo_grant *ret_grant, waldo_error *reterr);
/** As often as it was acquired. WALDO_ERUNTIME: 'cannot release un-acquired lock', or not by this
 *  thread. */
WALDO_CHECK int waldo_rlock_release(waldo_rlock *rlock, waldo_error *reterr);
/** 1 or 0. */
WALDO_CHECK int waldo_rlock_locked(waldo_rlock *rlock, waldo_error *reterr);
/* Of WALDO_WITH. */
void waldo_rlock_leave(waldo_rlock **held);

#if defined(__GNUC__)
/* Runs its body with the thing held, and releases it however the body is left. Afterwards the
 * status is *ret_status: 1 or WALDO_OWNER_DIED, it was held; 0, it was not to be had in time; < 0,
 * an error, which *reterr describes. What the release says is not told.
 *
 *     int status;
 *     WALDO_WITH(waldo_lock, lock, 5.0, &status, &err)
 *         balance -= 10;
 *
 * For waldo_lock, waldo_rlock, waldo_semaphore, waldo_bounded_semaphore and waldo_condition. */
#define WALDO_WITH(type, thing, timeout, ret_status, reterr)                                       \
    WALDO_WITH_ON_LINE(type, thing, timeout, ret_status, reterr, __LINE__)
/* A name of its own for each line: scopes may be nested. */
#define WALDO_WITH_ON_LINE(type, thing, timeout, ret_status, reterr, line)                         \
    WALDO_WITH_NUMBERED(type, thing, timeout, ret_status, reterr, line)
#define WALDO_WITH_NUMBERED(type, thing, timeout, ret_status, reterr, line)                        \
    for (type * waldo_held_##line __attribute__((cleanup(type##_leave))) =                         \
             (*(ret_status) = type##_acquire((thing), (timeout), (reterr))) > 0 ? (thing) : NULL;  \
         waldo_held_##line; type##_leave(&waldo_held_##line))
#endif

WALDO_END_DECLS

#endif
