/* Barrier: clients wait for each other (rows F16 to F21).
 *
 * A barrier breaks when the timeout of one who waits passes, when one who waits gives up, when it
 * is aborted, when an action fails, and when a participant dies: a client that has waited here and
 * did not end with a goodbye (waldo_manager_unref). Then all who wait, and all who come later, get
 * WALDO_EBROKENBARRIER, until somebody resets it. Any thread may use one. */
#ifndef WALDO_BARRIER_H
#define WALDO_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

/* The timeout of a wait: the one that the barrier was made with. */
#define WALDO_BARRIER_TIMEOUT (-1.0)

typedef struct waldo_builtin_barrier waldo_barrier;

/** For so many parties. timeout, in seconds, is of each wait that names none of its own; it may be
 *  WALDO_FOREVER. WALDO_EVALUE: fewer than 1 party. */
WALDO_CHECK int waldo_barrier_new(waldo_manager *manager, int64_t parties, double timeout,
                                  waldo_barrier **ret_barrier, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no barrier. The caller owns *ret_barrier. */
WALDO_CHECK int waldo_barrier_from_proxy(waldo_proxy *proxy, waldo_barrier **ret_barrier,
                                         waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_barrier_from_value(waldo_manager *manager, const waldo_value *value,
                                         waldo_barrier **ret_barrier, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_barrier_from_name(waldo_manager *manager, const char *name,
                                        waldo_barrier **ret_barrier, waldo_error *reterr);
waldo_barrier *waldo_barrier_ref(waldo_barrier *barrier);
/** NULL is a no-op. Returns NULL. */
waldo_barrier *waldo_barrier_unref(waldo_barrier *barrier);
/* For WALDO_AUTO(waldo_barrier). */
static inline void waldo_barrier_cleanup(waldo_barrier **barrier)
{
    waldo_barrier_unref(*barrier);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_barrier_proxy(waldo_barrier *barrier);
/** One with an action: waldo_barrier_wait_action() must be used with it. */
WALDO_CHECK int waldo_barrier_new_with_action(waldo_manager *manager, int64_t parties,
                                              double timeout, waldo_barrier **ret_barrier,
                                              waldo_error *reterr);

/** Waits until all parties have come. *ret_index, which may be NULL: which of them this was, from
 * 0. timeout: seconds, WALDO_FOREVER, or WALDO_BARRIER_TIMEOUT; WALDO_EVALUE for another negative
 * one. WALDO_EBROKENBARRIER, whose text says what broke it. */
WALDO_CHECK int waldo_barrier_wait(waldo_barrier *barrier, double timeout, int64_t *ret_index,
                                   waldo_error *reterr);
/** The same. The last one to come runs action(data) before anybody is released (row F17); if that
 * is < 0 the barrier breaks, and it returns that, with *reterr as the action left it. */
WALDO_CHECK int waldo_barrier_wait_action(waldo_barrier *barrier,
                                          int (*action)(void *data, waldo_error *reterr),
                                          void *data, double timeout, int64_t *ret_index,
                                          waldo_error *reterr);
/** Breaks it. */
WALDO_CHECK int waldo_barrier_abort(waldo_barrier *barrier, waldo_error *reterr);
/** Sends away all who wait, with WALDO_EBROKENBARRIER, and makes it usable again. */
WALDO_CHECK int waldo_barrier_reset(waldo_barrier *barrier, waldo_error *reterr);

WALDO_CHECK int waldo_barrier_parties(waldo_barrier *barrier, int64_t *ret_parties,
                                      waldo_error *reterr);
/** How many wait. */
WALDO_CHECK int waldo_barrier_n_waiting(waldo_barrier *barrier, int64_t *ret_count,
                                        waldo_error *reterr);
/** 1 or 0. */
WALDO_CHECK int waldo_barrier_broken(waldo_barrier *barrier, waldo_error *reterr);

WALDO_END_DECLS

#endif
