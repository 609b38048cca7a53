/* Semaphore and BoundedSemaphore: so many clients at a time (rows F7, F8, F22).
 *
 * What <waldo/lock.h> says holds for these, too. A client that dies gives back the permits that it
 * holds, as far as there are fewer than in the beginning: where a semaphore counts events, and
 * begins with 0, nothing comes back that was taken. */
#ifndef WALDO_SEMAPHORE_H
#define WALDO_SEMAPHORE_H

#include <waldo/lock.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_semaphore waldo_semaphore;

/** One with so many permits. WALDO_EVALUE: fewer than 0. */
WALDO_CHECK int waldo_semaphore_new(waldo_manager *manager, int64_t value,
                                    waldo_semaphore **ret_semaphore, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no semaphore. The caller owns *ret_semaphore.
 */
WALDO_CHECK int waldo_semaphore_from_proxy(waldo_proxy *proxy, waldo_semaphore **ret_semaphore,
                                           waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_semaphore_from_value(waldo_manager *manager, const waldo_value *value,
                                           waldo_semaphore **ret_semaphore, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_semaphore_from_name(waldo_manager *manager, const char *name,
                                          waldo_semaphore **ret_semaphore, waldo_error *reterr);
waldo_semaphore *waldo_semaphore_ref(waldo_semaphore *semaphore);
/** NULL is a no-op. Returns NULL. */
waldo_semaphore *waldo_semaphore_unref(waldo_semaphore *semaphore);
/* For WALDO_AUTO(waldo_semaphore). */
static inline void waldo_semaphore_cleanup(waldo_semaphore **semaphore)
{
    waldo_semaphore_unref(*semaphore);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_semaphore_proxy(waldo_semaphore *semaphore);
/** 1: it is the caller's. 0: not within the timeout. WALDO_OWNER_DIED: it is the caller's, and
 * whoever had it before died with it. */
WALDO_CHECK int waldo_semaphore_acquire(waldo_semaphore *semaphore, double timeout,
                                        waldo_error *reterr);
/** The same, and which acquisition it is; *ret_grant is untouched with 0. */
WALDO_CHECK int waldo_semaphore_acquire_grant(waldo_semaphore *semaphore, double timeout,
                                              waldo_grant *ret_grant, waldo_error *reterr);
/** One permit more, whoever had it; there is no upper bound. */
WALDO_CHECK int waldo_semaphore_release(waldo_semaphore *semaphore, waldo_error *reterr);
/** 1 or 0. */
WALDO_CHECK int waldo_semaphore_locked(waldo_semaphore *semaphore, waldo_error *reterr);
/* Of WALDO_WITH. */
void waldo_semaphore_leave(waldo_semaphore **held);

/* ---- BoundedSemaphore: never more permits than in the beginning ---- */

typedef struct waldo_builtin_bounded_semaphore waldo_bounded_semaphore;

/** One with so many permits. WALDO_EVALUE: fewer than 0. */
WALDO_CHECK int waldo_bounded_semaphore_new(waldo_manager *manager, int64_t value,
                                            waldo_bounded_semaphore **ret_bounded_semaphore,
                                            waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no bounded semaphore. The caller owns
 * *ret_bounded_semaphore. */
WALDO_CHECK int waldo_bounded_semaphore_from_proxy(waldo_proxy *proxy,
                                                   waldo_bounded_semaphore **ret_bounded_semaphore,
                                                   waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_bounded_semaphore_from_value(waldo_manager *manager, const waldo_value *value,
                                                   waldo_bounded_semaphore **ret_bounded_semaphore,
                                                   waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_bounded_semaphore_from_name(waldo_manager *manager, const char *name,
                                                  waldo_bounded_semaphore **ret_bounded_semaphore,
                                                  waldo_error *reterr);
waldo_bounded_semaphore *waldo_bounded_semaphore_ref(waldo_bounded_semaphore *bounded_semaphore);
/** NULL is a no-op. Returns NULL. */
waldo_bounded_semaphore *waldo_bounded_semaphore_unref(waldo_bounded_semaphore *bounded_semaphore);
/* For WALDO_AUTO(waldo_bounded_semaphore). */
static inline void waldo_bounded_semaphore_cleanup(waldo_bounded_semaphore **bounded_semaphore)
{
    waldo_bounded_semaphore_unref(*bounded_semaphore);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_bounded_semaphore_proxy(waldo_bounded_semaphore *bounded_semaphore);
/** As waldo_semaphore_acquire. */
WALDO_CHECK int waldo_bounded_semaphore_acquire(waldo_bounded_semaphore *bounded_semaphore,
                                                double timeout, waldo_error *reterr);
/** The same, and which acquisition it is; *ret_grant is untouched with 0. */
WALDO_CHECK int waldo_bounded_semaphore_acquire_grant(waldo_bounded_semaphore *bounded_semaphore,
                                                      double timeout, waldo_grant *ret_grant,
                                                      waldo_error *reterr);
/** WALDO_EVALUE: 'Semaphore released too many times'. A permit that came back because its holder
 *  died may be released once more, in the place of the dead. */
WALDO_CHECK int waldo_bounded_semaphore_release(waldo_bounded_semaphore *bounded_semaphore,
                                                waldo_error *reterr);
/** 1 or 0. */
WALDO_CHECK int waldo_bounded_semaphore_locked(waldo_bounded_semaphore *bounded_semaphore,
                                               waldo_error *reterr);
/* Of WALDO_WITH. */
void waldo_bounded_semaphore_leave(waldo_bounded_semaphore **held);

WALDO_END_DECLS

#endif
