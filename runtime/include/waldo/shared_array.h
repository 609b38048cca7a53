/* Array: numbers of one C type in a server, shared by all who hold a proxy of it: Python's
 * array.array behind a proxy (row H10).
 *
 * Many numbers travel in one call as an array value, whose items waldo_value_array_items gives as C
 * has them in memory:
 *
 *     double samples[1024];
 *     waldo_shared_array_new(manager, 'd', waldo_v_array('d', samples, 1024), &array, &err);
 *
 * waldo_value arguments are TAKEN, as <waldo/value.h> says it; results are new references. Negative
 * indices count from the end; WALDO_OMIT for a bound of a slice is what Python leaves out. Any
 * thread may use an Array. Each function is one call, which the server executes as a whole.
 * Errors besides those of every call (<waldo/proxy.h>): WALDO_EINDEX; WALDO_ETYPE, WALDO_EOVERFLOW:
 * not an item of that typecode. */
#ifndef WALDO_SHARED_ARRAY_H
#define WALDO_SHARED_ARRAY_H

#include <stddef.h>
#include <stdint.h>

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_array waldo_shared_array;

/** Python's array.array(typecode, items): items is an iterable of numbers, or bytes, which are the
 *  items' memory. Typecodes are b B h H i I l L q Q f d. The caller owns *ret_array. WALDO_EVALUE:
 *  another typecode. */
WALDO_CHECK int waldo_shared_array_new(waldo_manager *manager, char typecode, waldo_value *items,
                                       waldo_shared_array **ret_array, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no Array. The caller owns *ret_array. */
WALDO_CHECK int waldo_shared_array_from_proxy(waldo_proxy *proxy, waldo_shared_array **ret_array,
                                              waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_shared_array_from_value(waldo_manager *manager, const waldo_value *value,
                                              waldo_shared_array **ret_array, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_shared_array_from_name(waldo_manager *manager, const char *name,
                                             waldo_shared_array **ret_array, waldo_error *reterr);
waldo_shared_array *waldo_shared_array_ref(waldo_shared_array *array);
/** NULL is a no-op. Returns NULL. */
waldo_shared_array *waldo_shared_array_unref(waldo_shared_array *array);
/* For WALDO_AUTO(waldo_shared_array). */
static inline void waldo_shared_array_cleanup(waldo_shared_array **array)
{
    *array = waldo_shared_array_unref(*array);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_shared_array_proxy(waldo_shared_array *array);

WALDO_CHECK int waldo_shared_array_length(waldo_shared_array *array, size_t *ret_length,
                                          waldo_error *reterr);
/** a[index], an int or a float. */
WALDO_CHECK int waldo_shared_array_get(waldo_shared_array *array, int64_t index,
                                       waldo_value **ret_item, waldo_error *reterr);
/** a[index] = item */
WALDO_CHECK int waldo_shared_array_set(waldo_shared_array *array, int64_t index, waldo_value *item,
                                       waldo_error *reterr);
/** a[start:stop:step], as an array value. WALDO_EVALUE: a step of 0. */
WALDO_CHECK int waldo_shared_array_get_slice(waldo_shared_array *array, int64_t start, int64_t stop,
                                             int64_t step, waldo_value **ret_items,
                                             waldo_error *reterr);
/** a[start:stop:step] = items, an array value of the same typecode; without a step the array may
 *  grow or shrink by it. WALDO_EVALUE: a step of 0, or a number of items that a slice with a step
 *  does not have. */
WALDO_CHECK int waldo_shared_array_set_slice(waldo_shared_array *array, int64_t start, int64_t stop,
                                             int64_t step, waldo_value *items, waldo_error *reterr);

/* ---- Changes ---- */

/** A number that grows with every change. */
WALDO_CHECK int waldo_shared_array_version(waldo_shared_array *array, uint64_t *ret_version,
                                           waldo_error *reterr);
/** Waits, in the server and without a thread there, until the version is another than `since`. 1:
 *  *ret_version is the new one; 0: it did not change within so many seconds (WALDO_FOREVER). */
WALDO_CHECK int waldo_shared_array_wait_changed(waldo_shared_array *array, uint64_t since,
                                                double timeout, uint64_t *ret_version,
                                                waldo_error *reterr);

WALDO_END_DECLS

#endif
