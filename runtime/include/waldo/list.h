/* list: Python's list in a server, shared by all who hold a proxy of it (rows H1-H3, D11, D12).
 *
 * What a list gives out is a copy: a list that was fetched from it and changed has to be set again.
 * To share what is inside, put a proxy in (waldo_proxy_to_value): the list keeps its object alive.
 *
 * waldo_value arguments are TAKEN, as <waldo/value.h> says it; results are new references. Negative
 * indices count from the end; WALDO_OMIT for a bound of a slice is what Python leaves out. Any
 * thread may use a list. Each function is one call, which the server executes as a whole: nobody
 * sees the half of it, and a call that fails has changed nothing. Errors besides those of every
 * call (<waldo/proxy.h>): WALDO_EINDEX, where an index is given; WALDO_ETYPE, where an iterable is
 * wanted and the value is none. */
#ifndef WALDO_LIST_H
#define WALDO_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_list waldo_list;

/** An empty list. The caller owns *ret_list. */
WALDO_CHECK int waldo_list_new(waldo_manager *manager, waldo_list **ret_list, waldo_error *reterr);
/** Python's list(items): items is an iterable. */
WALDO_CHECK int waldo_list_new_from(waldo_manager *manager, waldo_value *items,
                                    waldo_list **ret_list, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no list. The caller owns *ret_list. */
WALDO_CHECK int waldo_list_from_proxy(waldo_proxy *proxy, waldo_list **ret_list,
                                      waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_list_from_value(waldo_manager *manager, const waldo_value *value,
                                      waldo_list **ret_list, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_list_from_name(waldo_manager *manager, const char *name,
                                     waldo_list **ret_list, waldo_error *reterr);
waldo_list *waldo_list_ref(waldo_list *list);
/** NULL is a no-op. Returns NULL. */
waldo_list *waldo_list_unref(waldo_list *list);
/* For WALDO_AUTO(waldo_list). */
static inline void waldo_list_cleanup(waldo_list **list)
{
    *list = waldo_list_unref(*list);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_list_proxy(waldo_list *list);

/* ---- One item ---- */

/** l[index] */
WALDO_CHECK int waldo_list_get(waldo_list *list, int64_t index, waldo_value **ret_item,
                               waldo_error *reterr);
/** l[index] = item */
WALDO_CHECK int waldo_list_set(waldo_list *list, int64_t index, waldo_value *item,
                               waldo_error *reterr);
/** del l[index] */
WALDO_CHECK int waldo_list_delete(waldo_list *list, int64_t index, waldo_error *reterr);
WALDO_CHECK int waldo_list_append(waldo_list *list, waldo_value *item, waldo_error *reterr);
/** An index beyond either end is that end. */
WALDO_CHECK int waldo_list_insert(waldo_list *list, int64_t index, waldo_value *item,
                                  waldo_error *reterr);
/** l.pop(index); -1 is the last item. WALDO_EINDEX: also if the list is empty. */
WALDO_CHECK int waldo_list_pop(waldo_list *list, int64_t index, waldo_value **ret_item,
                               waldo_error *reterr);
/** Removes the first item that equals. WALDO_EVALUE: there is none. */
WALDO_CHECK int waldo_list_remove(waldo_list *list, waldo_value *item, waldo_error *reterr);
/** item in l: 1 or 0. */
WALDO_CHECK int waldo_list_contains(waldo_list *list, waldo_value *item, waldo_error *reterr);
WALDO_CHECK int waldo_list_count(waldo_list *list, waldo_value *item, size_t *ret_count,
                                 waldo_error *reterr);
/** The first place from start on and before stop (WALDO_OMIT: from or to the end) where an equal
 *  item is. WALDO_EVALUE: there is none. */
WALDO_CHECK int waldo_list_index(waldo_list *list, waldo_value *item, int64_t start, int64_t stop,
                                 size_t *ret_index, waldo_error *reterr);

/* ---- Many items, in one trip ---- */

/** l[start:stop:step], as a list value. WALDO_EVALUE: a step of 0. */
WALDO_CHECK int waldo_list_get_slice(waldo_list *list, int64_t start, int64_t stop, int64_t step,
                                     waldo_value **ret_items, waldo_error *reterr);
/** l[start:stop:step] = items, an iterable. WALDO_EVALUE: a step of 0, or a number of items that a
 *  slice with a step does not have. */
WALDO_CHECK int waldo_list_set_slice(waldo_list *list, int64_t start, int64_t stop, int64_t step,
                                     waldo_value *items, waldo_error *reterr);
/** del l[start:stop:step] */
WALDO_CHECK int waldo_list_delete_slice(waldo_list *list, int64_t start, int64_t stop, int64_t step,
                                        waldo_error *reterr);
/** Removes the items of l[start:stop] and gives them, as a list value. */
WALDO_CHECK int waldo_list_pop_many(waldo_list *list, int64_t start, int64_t stop,
                                    waldo_value **ret_items, waldo_error *reterr);
/** l += items, an iterable: all of them, or none. */
WALDO_CHECK int waldo_list_extend(waldo_list *list, waldo_value *items, waldo_error *reterr);

/* ---- The whole list ---- */

WALDO_CHECK int waldo_list_length(waldo_list *list, size_t *ret_length, waldo_error *reterr);
WALDO_CHECK int waldo_list_clear(waldo_list *list, waldo_error *reterr);
WALDO_CHECK int waldo_list_reverse(waldo_list *list, waldo_error *reterr);
/** l *= times. WALDO_EOVERFLOW: it would be beyond 1 GiB. */
WALDO_CHECK int waldo_list_repeat(waldo_list *list, int64_t times, waldo_error *reterr);
/** Stable. WALDO_ETYPE: two items have no order. */
WALDO_CHECK int waldo_list_sort(waldo_list *list, bool reverse, waldo_error *reterr);
/** The same by what key says: an int i is for item[i], a tuple (a, b, ...) for item[a][b]..., one
 *  of the strs "len", "abs", "str" and "repr" for what that function gives. Functions of the
 *  client's own cannot go to the server. */
WALDO_CHECK int waldo_list_sort_by(waldo_list *list, waldo_value *key, bool reverse,
                                   waldo_error *reterr);
/** The whole list as a value. */
WALDO_CHECK int waldo_list_copy(waldo_list *list, waldo_value **ret_copy, waldo_error *reterr);
/** l + other, as a value. WALDO_ETYPE: other is no list. */
WALDO_CHECK int waldo_list_add(waldo_list *list, waldo_value *other, waldo_value **ret_list,
                               waldo_error *reterr);

/* ---- Changes ---- */

/** A number that grows with every change. */
WALDO_CHECK int waldo_list_version(waldo_list *list, uint64_t *ret_version, waldo_error *reterr);
/** Waits, in the server and without a thread there, until the version is another than `since`. 1:
 *  *ret_version is the new one; 0: it did not change within so many seconds (WALDO_FOREVER). */
WALDO_CHECK int waldo_list_wait_changed(waldo_list *list, uint64_t since, double timeout,
                                        uint64_t *ret_version, waldo_error *reterr);

/* ---- Iteration: by index, up to 256 items in a trip ----
 *
 *     int status;
 *     WALDO_LIST_EACH(list, item, &status, &err)
 *         printf(...);
 *
 * item is good until the next step. `break` is allowed. Afterwards *ret_status is 0: all were seen,
 * 1: left by break, < 0: an error. Changes made meanwhile are seen from the next trip on; the first
 * trips fetch 1, 2, 4, ... items. */

typedef struct waldo_list_cursor {
    waldo_list *list; /* borrowed */
    /* The rest is its own. */
    waldo_value *items;
    size_t next;
    int64_t index; /* of the first item of the next trip */
    bool last;     /* the server has no more */
    bool over;     /* the macro's */
} waldo_list_cursor;

/** At the start. */
static inline waldo_list_cursor waldo_list_begin(waldo_list *list)
{
    waldo_list_cursor cursor = {list, NULL, 0, 0, false, false};
    return cursor;
}
/** 1: the next item, good until the next call; 0: there is none, and stays so (row H2). */
WALDO_CHECK int waldo_list_next(waldo_list_cursor *cursor, const waldo_value **ret_item,
                                waldo_error *reterr);
/** Gives back what the cursor holds; it is at the start again. */
void waldo_list_end(waldo_list_cursor *cursor);

#if defined(__GNUC__)
#define WALDO_LIST_EACH(list, item, ret_status, reterr)                                            \
    for (__attribute__((cleanup(waldo_list_end)))                                                  \
         waldo_list_cursor waldo_cursor_##item = waldo_list_begin(list);                           \
         !waldo_cursor_##item.over; waldo_cursor_##item.over = true)                               \
        for (const waldo_value *item = NULL;                                                       \
             (*(ret_status) = waldo_list_next(&waldo_cursor_##item, &item, (reterr))) == 1;)
#endif

WALDO_END_DECLS

#endif
