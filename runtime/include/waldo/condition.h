/* Condition: waiting for what others bring about, with a lock released meanwhile (rows F9 to F14).
 *
 * What <waldo/lock.h> says of timeouts, death and tokens holds here, too: a condition is acquired
 * and released like its lock. If a client dies, or gives up, that was notified and has not heard of
 * it, the notification goes on to the next one. */
#ifndef WALDO_CONDITION_H
#define WALDO_CONDITION_H

#include <waldo/lock.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_condition waldo_condition;

/** With an RLock of its own, or with the Lock or RLock that `lock` is a proxy of; NULL: its own.
 *  WALDO_ETYPE, WALDO_EATTRIBUTE: lock is something else. */
WALDO_CHECK int waldo_condition_new(waldo_manager *manager, waldo_proxy *lock,
                                    waldo_condition **ret_condition, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no condition. The caller owns *ret_condition.
 */
WALDO_CHECK int waldo_condition_from_proxy(waldo_proxy *proxy, waldo_condition **ret_condition,
                                           waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_condition_from_value(waldo_manager *manager, const waldo_value *value,
                                           waldo_condition **ret_condition, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_condition_from_name(waldo_manager *manager, const char *name,
                                          waldo_condition **ret_condition, waldo_error *reterr);
waldo_condition *waldo_condition_ref(waldo_condition *condition);
/** NULL is a no-op. Returns NULL. */
waldo_condition *waldo_condition_unref(waldo_condition *condition);
/* For WALDO_AUTO(waldo_condition). */
static inline void waldo_condition_cleanup(waldo_condition **condition)
{
    waldo_condition_unref(*condition);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_condition_proxy(waldo_condition *condition);
/** As waldo_lock_acquire. */
WALDO_CHECK int waldo_condition_acquire(waldo_condition *condition, double timeout,
                                        waldo_error *reterr);
/** The same, and which acquisition it is; *ret_grant is untouched with 0. */
WALDO_CHECK int waldo_condition_acquire_grant(waldo_condition *condition, double timeout,
                                              waldo_grant *ret_grant, waldo_error *reterr);
/** WALDO_ERUNTIME, as the lock says it. */
WALDO_CHECK int waldo_condition_release(waldo_condition *condition, waldo_error *reterr);
/** 1 or 0. */
WALDO_CHECK int waldo_condition_locked(waldo_condition *condition, waldo_error *reterr);
/* Of WALDO_WITH. */
void waldo_condition_leave(waldo_condition **held);

/** Releases the lock, waits, and acquires the lock again, however long that takes. 1: notified,
 *  0: not within the timeout. After an error the lock is not held. WALDO_ERUNTIME: 'cannot wait on
 *  un-acquired lock'. */
WALDO_CHECK int waldo_condition_wait(waldo_condition *condition, double timeout,
                                     waldo_error *reterr);
/** The same, and with which acquisition the lock is held. */
WALDO_CHECK int waldo_condition_wait_grant(waldo_condition *condition, double timeout,
                                           waldo_grant *ret_grant, waldo_error *reterr);
/** Waits until predicate(data), which is called here with the lock held, is true: > 0, or < 0 for
 * an error that ends the waiting. Returns what it said last: 0 after the timeout. An error of the
 *  predicate leaves the lock held, any other does not (row F14). */
WALDO_CHECK int waldo_condition_wait_for(waldo_condition *condition, int (*predicate)(void *data),
                                         void *data, double timeout, waldo_error *reterr);
/** Wakes at most n of those who wait, those first who came first. WALDO_ERUNTIME: 'cannot notify on
 *  un-acquired lock'. */
WALDO_CHECK int waldo_condition_notify(waldo_condition *condition, int64_t n, waldo_error *reterr);
WALDO_CHECK int waldo_condition_notify_all(waldo_condition *condition, waldo_error *reterr);

WALDO_END_DECLS

#endif
