/* Value: one value in a server, shared by all who hold a proxy of it (row H9).
 *
 * Any value is accepted, whatever the typecode, as Python's managers have it. Where Python needs
 * the Value's lock around `v.value += 1` (row H11), one call does here:
 * waldo_shared_value_fetch_add and the two after it are executed as a whole.
 *
 * waldo_value arguments are TAKEN, as <waldo/value.h> says it; results are new references. Any
 * thread may use a Value. */
#ifndef WALDO_SHARED_VALUE_H
#define WALDO_SHARED_VALUE_H

#include <stdint.h>

#include <waldo/lock.h>
#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_value waldo_shared_value;

/** Python's Value(typecode, value). The caller owns *ret_shared. */
WALDO_CHECK int waldo_shared_value_new(waldo_manager *manager, const char *typecode,
                                       waldo_value *value, waldo_shared_value **ret_shared,
                                       waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no Value. The caller owns *ret_shared. */
WALDO_CHECK int waldo_shared_value_from_proxy(waldo_proxy *proxy, waldo_shared_value **ret_shared,
                                              waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_shared_value_from_value(waldo_manager *manager, const waldo_value *value,
                                              waldo_shared_value **ret_shared, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_shared_value_from_name(waldo_manager *manager, const char *name,
                                             waldo_shared_value **ret_shared, waldo_error *reterr);
waldo_shared_value *waldo_shared_value_ref(waldo_shared_value *shared);
/** NULL is a no-op. Returns NULL. */
waldo_shared_value *waldo_shared_value_unref(waldo_shared_value *shared);
/* For WALDO_AUTO(waldo_shared_value). */
static inline void waldo_shared_value_cleanup(waldo_shared_value **shared)
{
    *shared = waldo_shared_value_unref(*shared);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_shared_value_proxy(waldo_shared_value *shared);

WALDO_CHECK int waldo_shared_value_get(waldo_shared_value *shared, waldo_value **ret_value,
                                       waldo_error *reterr);
WALDO_CHECK int waldo_shared_value_set(waldo_shared_value *shared, waldo_value *value,
                                       waldo_error *reterr);
/** Adds, by Python's +; *ret_before (ret_before may be NULL) is what was there before. WALDO_ETYPE:
 *  the two cannot be added. */
WALDO_CHECK int waldo_shared_value_fetch_add(waldo_shared_value *shared, waldo_value *value,
                                             waldo_value **ret_before, waldo_error *reterr);
/** Sets the value; *ret_before is what was there before. */
WALDO_CHECK int waldo_shared_value_exchange(waldo_shared_value *shared, waldo_value *value,
                                            waldo_value **ret_before, waldo_error *reterr);
/** 1: what was there equalled expected, and desired is there now; 0: it did not, and is there
 *  still. */
WALDO_CHECK int waldo_shared_value_compare_and_set(waldo_shared_value *shared,
                                                   waldo_value *expected, waldo_value *desired,
                                                   waldo_error *reterr);

/** The Value's own lock, the same one for everybody, for what takes several calls. Managed Values
 * of Python have none. The calls above do not look at it. The caller owns *ret_lock. */
WALDO_CHECK int waldo_shared_value_get_lock(waldo_shared_value *shared, waldo_rlock **ret_lock,
                                            waldo_error *reterr);

/* ---- Changes ---- */

/** A number that grows with every change. */
WALDO_CHECK int waldo_shared_value_version(waldo_shared_value *shared, uint64_t *ret_version,
                                           waldo_error *reterr);
/** Waits, in the server and without a thread there, until the version is another than `since`. 1:
 *  *ret_version is the new one; 0: it did not change within so many seconds (WALDO_FOREVER). */
WALDO_CHECK int waldo_shared_value_wait_changed(waldo_shared_value *shared, uint64_t since,
                                                double timeout, uint64_t *ret_version,
                                                waldo_error *reterr);

WALDO_END_DECLS

#endif
