/* Numbers, arrays and structures that processes of a host share (rows O1-O6): Python's Value,
 * Array, RawValue and RawArray.
 *
 *     waldo_mp_value *hits;
 *     waldo_mp_value_new('q', waldo_v(0), NULL, &hits, &err);
 *     ...
 *     waldo_mp_value_acquire(hits, WALDO_FOREVER, &err);
 *     ++*(int64_t *)waldo_mp_value_data(hits);            // the number itself, in shared memory
 *     waldo_mp_value_release(hits, &err);
 *
 * Typecodes are C's types: c char, b B signed and unsigned char, u wchar_t, h H short, i I int, l L
 * long, q Q long long, f float, d double. Any other is WALDO_ETYPE, "bad typecode". Ints are cut to
 * the width of theirs, as ctypes does. A structure of one's own has no typecode but a size, and is
 * used through its address.
 *
 * Each get and set takes the lock, if there is one. Who finds that its owner died goes on; acquire
 * says so (WALDO_OWNER_DIED).
 *
 * Counted; any thread and process; waldo/mp/sync.h says what holds for all that is shared. */
#ifndef WALDO_MP_SHAREDCTYPES_H
#define WALDO_MP_SHAREDCTYPES_H

#include <stddef.h>

#include <waldo/mp/sync.h>

WALDO_BEGIN_DECLS

/* Which lock. NULL for all of it: an RLock of its own. */
typedef struct waldo_mp_locking {
    bool raw;              /* none: RawValue, RawArray */
    waldo_mp_lock *lock;   /* or this one, */
    waldo_mp_rlock *rlock; /* or this one, of which a reference is kept */
} waldo_mp_locking;

/* ---- Value ---- */

typedef struct waldo_mp_value waldo_mp_value;

/** TAKES initial; None: zero. WALDO_ETYPE: bad typecode, or not of that type. */
WALDO_CHECK int waldo_mp_value_new(char typecode, waldo_value *initial,
                                   const waldo_mp_locking *locking, waldo_mp_value **ret_shared,
                                   waldo_error *reterr);
/** A structure of size bytes, zeroed, aligned to 64. WALDO_EVALUE: 0; WALDO_ENOMEM. */
WALDO_CHECK int waldo_mp_value_new_of(size_t size, const waldo_mp_locking *locking,
                                      waldo_mp_value **ret_shared, waldo_error *reterr);
waldo_mp_value *waldo_mp_value_ref(waldo_mp_value *value);
/** NULL is a no-op. Returns NULL. */
waldo_mp_value *waldo_mp_value_unref(waldo_mp_value *value);
/* For WALDO_AUTO(waldo_mp_value). */
static inline void waldo_mp_value_cleanup(waldo_mp_value **shared)
{
    waldo_mp_value_unref(*shared);
}
/** A copy of a structure is bytes. */
WALDO_CHECK int waldo_mp_value_get(const waldo_mp_value *shared, waldo_value **ret_value,
                                   waldo_error *reterr);
/** TAKES value. WALDO_ETYPE: not of that type; WALDO_EVALUE: bytes of another size. */
WALDO_CHECK int waldo_mp_value_set(waldo_mp_value *shared, waldo_value *value, waldo_error *reterr);
/** Where it is in this process, as long as the caller has a reference. */
void *waldo_mp_value_data(waldo_mp_value *shared);
/** Those of its lock; without one 1 and 0 at once. */
WALDO_CHECK int waldo_mp_value_acquire(waldo_mp_value *shared, double timeout, waldo_error *reterr);
WALDO_CHECK int waldo_mp_value_release(waldo_mp_value *shared, waldo_error *reterr);
/** The same contents in memory of its own, without a lock (row O5). */
WALDO_CHECK int waldo_mp_value_copy(const waldo_mp_value *shared, waldo_mp_value **ret_copy,
                                    waldo_error *reterr);

/* ---- Array ---- */

typedef struct waldo_mp_array waldo_mp_array;

/** TAKES items: an int for so many zeros, or a list, tuple, array or, for 'c', bytes. WALDO_EVALUE:
 * a negative number; WALDO_ENOMEM: more than the host has. */
WALDO_CHECK int waldo_mp_array_new(char typecode, waldo_value *items,
                                   const waldo_mp_locking *locking, waldo_mp_array **ret_shared,
                                   waldo_error *reterr);
/** count structures of size bytes each, zeroed, one right behind the other. */
WALDO_CHECK int waldo_mp_array_new_of(size_t size, size_t count, const waldo_mp_locking *locking,
                                      waldo_mp_array **ret_shared, waldo_error *reterr);
waldo_mp_array *waldo_mp_array_ref(waldo_mp_array *array);
waldo_mp_array *waldo_mp_array_unref(waldo_mp_array *array);
/* For WALDO_AUTO(waldo_mp_array). */
static inline void waldo_mp_array_cleanup(waldo_mp_array **shared)
{
    waldo_mp_array_unref(*shared);
}
size_t waldo_mp_array_length(const waldo_mp_array *shared);
/** A negative index counts from the end. WALDO_EINDEX: "invalid index". */
WALDO_CHECK int waldo_mp_array_get(const waldo_mp_array *shared, int64_t index,
                                   waldo_value **ret_item, waldo_error *reterr);
/** TAKES item. */
WALDO_CHECK int waldo_mp_array_set(waldo_mp_array *shared, int64_t index, waldo_value *item,
                                   waldo_error *reterr);
/** Python's shared[start:stop], INT64_MAX for the end: a list; of 'c' bytes, of 'u' str. */
WALDO_CHECK int waldo_mp_array_get_slice(const waldo_mp_array *shared, int64_t start, int64_t stop,
                                         waldo_value **ret_items, waldo_error *reterr);
/** TAKES items, as in waldo_mp_array_new. WALDO_EVALUE: not as many as the slice has. Where one is
 * not of the type, those before it are set. */
WALDO_CHECK int waldo_mp_array_set_slice(waldo_mp_array *shared, int64_t start, int64_t stop,
                                         waldo_value *items, waldo_error *reterr);
/** Of 'c': bytes up to the first NUL; waldo_mp_array_get_slice gives all. WALDO_EATTRIBUTE. */
WALDO_CHECK int waldo_mp_array_get_text(const waldo_mp_array *shared, waldo_value **ret_bytes,
                                        waldo_error *reterr);
/** The first item's address. */
void *waldo_mp_array_data(waldo_mp_array *shared);
WALDO_CHECK int waldo_mp_array_acquire(waldo_mp_array *shared, double timeout, waldo_error *reterr);
WALDO_CHECK int waldo_mp_array_release(waldo_mp_array *shared, waldo_error *reterr);
WALDO_CHECK int waldo_mp_array_copy(const waldo_mp_array *shared, waldo_mp_array **ret_copy,
                                    waldo_error *reterr);

/* ---- waldo/mp/handle.h ---- */

waldo_value *waldo_mp_value_value(waldo_mp_value *value);
WALDO_CHECK int waldo_mp_value_from_value(const waldo_value *value, waldo_mp_value **ret_value,
                                          waldo_error *reterr);
waldo_value *waldo_mp_array_value(waldo_mp_array *array);
WALDO_CHECK int waldo_mp_array_from_value(const waldo_value *value, waldo_mp_array **ret_array,
                                          waldo_error *reterr);

WALDO_END_DECLS

#endif
