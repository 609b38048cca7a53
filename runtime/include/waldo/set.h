/* set: Python's set in a server, shared by all who hold a proxy of it (row H7).
 *
 * Items are what Python can hash: None, numbers, str, bytes, tuples of these, proxies. 1, 1.0 and
 * True are one item. Unlike Python's, a set keeps the order in which its items came.
 *
 * waldo_value arguments are TAKEN, as <waldo/value.h> says it; results are new references. Any
 * thread may use a set. Each function is one call, which the server executes as a whole: nobody
 * sees the half of it, and a call that fails has changed nothing. Errors besides those of every
 * call (<waldo/proxy.h>): WALDO_ETYPE: "unhashable type: 'list'", or where an iterable is wanted
 * and the value is none. */
#ifndef WALDO_SET_H
#define WALDO_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/proxy.h>
#include <waldo/value_methods.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_set waldo_set;

/** An empty set. The caller owns *ret_set. */
WALDO_CHECK int waldo_set_new(waldo_manager *manager, waldo_set **ret_set, waldo_error *reterr);
/** Python's set(items): items is an iterable; of a dict, its keys. */
WALDO_CHECK int waldo_set_new_from(waldo_manager *manager, waldo_value *items, waldo_set **ret_set,
                                   waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no set. The caller owns *ret_set. */
WALDO_CHECK int waldo_set_from_proxy(waldo_proxy *proxy, waldo_set **ret_set, waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_set_from_value(waldo_manager *manager, const waldo_value *value,
                                     waldo_set **ret_set, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_set_from_name(waldo_manager *manager, const char *name, waldo_set **ret_set,
                                    waldo_error *reterr);
waldo_set *waldo_set_ref(waldo_set *set);
/** NULL is a no-op. Returns NULL. */
waldo_set *waldo_set_unref(waldo_set *set);
/* For WALDO_AUTO(waldo_set). */
static inline void waldo_set_cleanup(waldo_set **set)
{
    *set = waldo_set_unref(*set);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_set_proxy(waldo_set *set);

/* ---- Items ---- */

WALDO_CHECK int waldo_set_add(waldo_set *set, waldo_value *item, waldo_error *reterr);
/** WALDO_EKEY: it was not there. */
WALDO_CHECK int waldo_set_remove(waldo_set *set, waldo_value *item, waldo_error *reterr);
/** Removes the item if it is there. */
WALDO_CHECK int waldo_set_discard(waldo_set *set, waldo_value *item, waldo_error *reterr);
/** Removes the newest item and gives it. WALDO_EKEY: the set is empty. */
WALDO_CHECK int waldo_set_pop(waldo_set *set, waldo_value **ret_item, waldo_error *reterr);
/** item in s: 1 or 0. */
WALDO_CHECK int waldo_set_contains(waldo_set *set, waldo_value *item, waldo_error *reterr);
WALDO_CHECK int waldo_set_length(waldo_set *set, size_t *ret_length, waldo_error *reterr);
WALDO_CHECK int waldo_set_clear(waldo_set *set, waldo_error *reterr);
/** The whole set as a value; also how to walk over it: waldo_value_next on the copy. */
WALDO_CHECK int waldo_set_copy(waldo_set *set, waldo_value **ret_copy, waldo_error *reterr);

/* ---- Algebra: the set and any iterable ---- */

/** s | items, s & items, s - items, s ^ items, as a set value. */
WALDO_CHECK int waldo_set_combine(waldo_set *set, waldo_set_operation operation, waldo_value *items,
                                  waldo_value **ret_set, waldo_error *reterr);
/** s |= items, s &= items, s -= items, s ^= items: all of it, or nothing. */
WALDO_CHECK int waldo_set_update(waldo_set *set, waldo_set_operation operation, waldo_value *items,
                                 waldo_error *reterr);
/* 1 or 0: */
WALDO_CHECK int waldo_set_is_disjoint(waldo_set *set, waldo_value *items, waldo_error *reterr);
/** s <= items */
WALDO_CHECK int waldo_set_is_subset(waldo_set *set, waldo_value *items, waldo_error *reterr);
/** s >= items */
WALDO_CHECK int waldo_set_is_superset(waldo_set *set, waldo_value *items, waldo_error *reterr);

/* ---- Changes ---- */

/** A number that grows with every change. */
WALDO_CHECK int waldo_set_version(waldo_set *set, uint64_t *ret_version, waldo_error *reterr);
/** Waits, in the server and without a thread there, until the version is another than `since`. 1:
 *  *ret_version is the new one; 0: it did not change within so many seconds (WALDO_FOREVER). */
WALDO_CHECK int waldo_set_wait_changed(waldo_set *set, uint64_t since, double timeout,
                                       uint64_t *ret_version, waldo_error *reterr);

WALDO_END_DECLS

#endif
