/* What Python's list, set and array can do beyond waldo/value.h, on values in this process. The
 * conventions are those of waldo/value.h; results and errors are Python's.
 *
 * An iterable is a list, tuple, dict (its keys), set, str (its characters), bytes (its numbers) or
 * array; another value is WALDO_ETYPE "'int' object is not iterable". On failure a container is as
 * it was. */
#ifndef WALDO_VALUE_METHODS_H
#define WALDO_VALUE_METHODS_H

#include <waldo/value.h>

WALDO_BEGIN_DECLS

/* ---- container[index]: a list, tuple or array by an int or a slice (waldo_v_slice), a dict by a
 * key. WALDO_EINDEX, WALDO_EKEY, WALDO_ETYPE; WALDO_EVALUE: "slice step cannot be zero" ---- */

/** An item; for a slice a container of the same kind. */
WALDO_CHECK int waldo_value_getitem(const waldo_value *container, const waldo_value *index,
                                    waldo_value **ret_item, waldo_error *reterr);
/** A list or dict. For a slice, item is an iterable, whose items take the place of the slice's.
 *  WALDO_EVALUE: of another length, where the slice has a step. */
WALDO_CHECK int waldo_value_setitem(waldo_value *container, const waldo_value *index,
                                    const waldo_value *item, waldo_error *reterr);
/** A list or dict. */
WALDO_CHECK int waldo_value_delitem(waldo_value *container, const waldo_value *index,
                                    waldo_error *reterr);

/* ---- list. WALDO_ETYPE: not a list ---- */

/** Python's list(iterable): a list of its own. */
WALDO_CHECK int waldo_value_to_list(const waldo_value *iterable, waldo_value **ret_list,
                                    waldo_error *reterr);
WALDO_CHECK int waldo_value_list_extend(waldo_value *list, const waldo_value *iterable,
                                        waldo_error *reterr);
/** Removes the first item that equals. WALDO_EVALUE: "list.remove(x): x not in list". */
WALDO_CHECK int waldo_value_list_remove(waldo_value *list, const waldo_value *item,
                                        waldo_error *reterr);
WALDO_CHECK int waldo_value_list_reverse(waldo_value *list, waldo_error *reterr);
/** The first place from start on and before stop where item is; the two are as in a slice (0 and
 *  INT64_MAX: everywhere). WALDO_EVALUE: "5 is not in list". */
WALDO_CHECK int waldo_value_list_index(const waldo_value *list, const waldo_value *item,
                                       int64_t start, int64_t stop, size_t *ret_index,
                                       waldo_error *reterr);
WALDO_CHECK int waldo_value_list_count(const waldo_value *list, const waldo_value *item,
                                       size_t *ret_count, waldo_error *reterr);
/** Stable. A key says what is compared in place of an item: NULL or None, the item itself; an int
 *  i, item[i]; a tuple (a, b, ...), item[a][b]...; one of the strs "len", "abs", "str" and "repr",
 *  what that function gives. WALDO_ETYPE: two that have no order, or a key of another kind;
 *  WALDO_EVALUE: another str. */
WALDO_CHECK int waldo_value_list_sort(waldo_value *list, const waldo_value *key, bool reverse,
                                      waldo_error *reterr);

/* ---- set. WALDO_ETYPE: unhashable, or not a set ---- */

typedef enum waldo_set_operation {
    WALDO_SET_UNION,
    WALDO_SET_INTERSECTION,
    WALDO_SET_DIFFERENCE,
    WALDO_SET_SYMMETRIC_DIFFERENCE
} waldo_set_operation;

/** Python's set(iterable). */
WALDO_CHECK int waldo_value_to_set(const waldo_value *iterable, waldo_value **ret_set,
                                   waldo_error *reterr);
/** A set of its own: set | iterable, and so on. */
WALDO_CHECK int waldo_value_set_combine(const waldo_value *set, waldo_set_operation operation,
                                        const waldo_value *iterable, waldo_value **ret_set,
                                        waldo_error *reterr);
/* 1: it is so, 0: not. */
/** No item of the iterable is in the set. */
WALDO_CHECK int waldo_value_set_is_disjoint(const waldo_value *set, const waldo_value *iterable,
                                            waldo_error *reterr);
/** Every item of the iterable is in the set. */
WALDO_CHECK int waldo_value_set_is_superset(const waldo_value *set, const waldo_value *iterable,
                                            waldo_error *reterr);
/** Every item of the set is in the iterable. */
WALDO_CHECK int waldo_value_set_is_subset(const waldo_value *set, const waldo_value *iterable,
                                          waldo_error *reterr);

/* ---- array ---- */

/** Python's array.array(typecode, iterable); bytes are taken as the items' memory. WALDO_EVALUE,
 *  WALDO_ETYPE, WALDO_EOVERFLOW. */
WALDO_CHECK int waldo_value_to_array(char typecode, const waldo_value *iterable,
                                     waldo_value **ret_array, waldo_error *reterr);
/** array[slice] = items, which is an array of the same typecode; since an array's length never
 *  changes, the result is another one. */
WALDO_CHECK int waldo_value_array_splice(const waldo_value *array, const waldo_value *slice,
                                         const waldo_value *items, waldo_value **ret_array,
                                         waldo_error *reterr);

WALDO_END_DECLS

#endif
