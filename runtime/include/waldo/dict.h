/* dict: Python's dict in a server, shared by all who hold a proxy of it (rows H4-H6, D11, D12).
 *
 * Keys are what Python can hash: None, numbers, str, bytes, tuples of these, proxies. 1, 1.0 and
 * True are one key. Items keep the order in which their keys came. What a dict gives out is a copy:
 * a list that was fetched from it and changed has to be set again. To share what is inside, put a
 * proxy in (waldo_proxy_to_value): the dict keeps its object alive.
 *
 * waldo_value arguments are TAKEN, as <waldo/value.h> says it; results are new references. Any
 * thread may use a dict. Each function is one call, which the server executes as a whole: nobody
 * sees the half of it, and a call that fails has changed nothing. Errors besides those of every
 * call
 * (<waldo/proxy.h>): WALDO_EKEY, with the key's repr; WALDO_ETYPE: "unhashable type: 'list'". */
#ifndef WALDO_DICT_H
#define WALDO_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_builtin_dict waldo_dict;

/** An empty dict. The caller owns *ret_dict. */
WALDO_CHECK int waldo_dict_new(waldo_manager *manager, waldo_dict **ret_dict, waldo_error *reterr);
/** Python's dict(items): items is a dict, a proxy of one, or an iterable of pairs. WALDO_ETYPE,
 *  WALDO_EVALUE: it is neither. */
WALDO_CHECK int waldo_dict_new_from(waldo_manager *manager, waldo_value *items,
                                    waldo_dict **ret_dict, waldo_error *reterr);
/** The object that a proxy is of. WALDO_ETYPE: it is no dict. The caller owns *ret_dict. */
WALDO_CHECK int waldo_dict_from_proxy(waldo_proxy *proxy, waldo_dict **ret_dict,
                                      waldo_error *reterr);
/** The same for a proxy that came as a value, out of a container, say. */
WALDO_CHECK int waldo_dict_from_value(waldo_manager *manager, const waldo_value *value,
                                      waldo_dict **ret_dict, waldo_error *reterr);
/** The one that all clients share under a name (waldo_registry_share). WALDO_EKEY: the server has
 *  none. */
WALDO_CHECK int waldo_dict_from_name(waldo_manager *manager, const char *name,
                                     waldo_dict **ret_dict, waldo_error *reterr);
waldo_dict *waldo_dict_ref(waldo_dict *dict);
/** NULL is a no-op. Returns NULL. */
waldo_dict *waldo_dict_unref(waldo_dict *dict);
/* For WALDO_AUTO(waldo_dict). */
static inline void waldo_dict_cleanup(waldo_dict **dict)
{
    waldo_dict_unref(*dict);
}
/** The same object as a proxy, for printing, calls by name, and values; no new reference. */
waldo_proxy *waldo_dict_proxy(waldo_dict *dict);

/* ---- One key ---- */

/** d[key] = value */
WALDO_CHECK int waldo_dict_set(waldo_dict *dict, waldo_value *key, waldo_value *value,
                               waldo_error *reterr);
/** d[key]. WALDO_EKEY. */
WALDO_CHECK int waldo_dict_get(waldo_dict *dict, waldo_value *key, waldo_value **ret_value,
                               waldo_error *reterr);
/** d.get(key, otherwise) */
WALDO_CHECK int waldo_dict_get_or(waldo_dict *dict, waldo_value *key, waldo_value *otherwise,
                                  waldo_value **ret_value, waldo_error *reterr);
/** d.setdefault(key, otherwise): the value of the key, which gets `otherwise` if it has none. */
WALDO_CHECK int waldo_dict_setdefault(waldo_dict *dict, waldo_value *key, waldo_value *otherwise,
                                      waldo_value **ret_value, waldo_error *reterr);
/** key in d: 1 or 0. */
WALDO_CHECK int waldo_dict_contains(waldo_dict *dict, waldo_value *key, waldo_error *reterr);
/** del d[key]. WALDO_EKEY. */
WALDO_CHECK int waldo_dict_delete(waldo_dict *dict, waldo_value *key, waldo_error *reterr);
/** d.pop(key). WALDO_EKEY. */
WALDO_CHECK int waldo_dict_pop(waldo_dict *dict, waldo_value *key, waldo_value **ret_value,
                               waldo_error *reterr);
/** d.pop(key, otherwise) */
WALDO_CHECK int waldo_dict_pop_or(waldo_dict *dict, waldo_value *key, waldo_value *otherwise,
                                  waldo_value **ret_value, waldo_error *reterr);
/** d.popitem(): removes the newest item. WALDO_EKEY: the dict is empty. */
WALDO_CHECK int waldo_dict_popitem(waldo_dict *dict, waldo_value **ret_key, waldo_value **ret_value,
                                   waldo_error *reterr);

/* ---- One key, in one trip, where Python needs a lock and several ---- */

/** d[key] += amount, by Python's +, and the new value (ret_value may be NULL). A key that is
 * missing gets the amount itself: counters need no first value. */
WALDO_CHECK int waldo_dict_add(waldo_dict *dict, waldo_value *key, waldo_value *amount,
                               waldo_value **ret_value, waldo_error *reterr);
/* In the next three, 1: done; 0: something else is there, and nothing was changed. *ret_current
 * (ret_current may be NULL) is what is there then, NULL where nothing is. */

/** d[key] = value, if d[key] == expected. */
WALDO_CHECK int waldo_dict_compare_and_set(waldo_dict *dict, waldo_value *key,
                                           waldo_value *expected, waldo_value *value,
                                           waldo_value **ret_current, waldo_error *reterr);
/** d[key] = value, if the key is missing. */
WALDO_CHECK int waldo_dict_insert(waldo_dict *dict, waldo_value *key, waldo_value *value,
                                  waldo_value **ret_current, waldo_error *reterr);
/** del d[key], if d[key] == expected. */
WALDO_CHECK int waldo_dict_compare_and_delete(waldo_dict *dict, waldo_value *key,
                                              waldo_value *expected, waldo_value **ret_current,
                                              waldo_error *reterr);
/** The object whose proxy is d[key]; if the key is missing it gets a new object of the typeid, made
 *  of the arguments (as waldo_proxy_create takes them). All who ask at the same time get the same
 *  object; other calls on the dict wait for its constructor. If it cannot be made the dict is as
 *  before. WALDO_ETYPE: another value is there; WALDO_EKEY: no such typeid, or the value is a proxy
 *  of another server; WALDO_EPERMISSION; and what the constructor says. */
WALDO_CHECK int waldo_dict_get_or_create(waldo_dict *dict, waldo_value *key, const char *type_id,
                                         waldo_value *arguments, waldo_proxy **ret_proxy,
                                         waldo_error *reterr);

/* ---- Many keys ---- */

WALDO_CHECK int waldo_dict_length(waldo_dict *dict, size_t *ret_length, waldo_error *reterr);
WALDO_CHECK int waldo_dict_clear(waldo_dict *dict, waldo_error *reterr);
/** d.update(items): all of them, or none if one of them is wrong. */
WALDO_CHECK int waldo_dict_update(waldo_dict *dict, waldo_value *items, waldo_error *reterr);
/** A dict of those of the keys, an iterable, that are there. */
WALDO_CHECK int waldo_dict_get_many(waldo_dict *dict, waldo_value *keys, waldo_value **ret_items,
                                    waldo_error *reterr);
/** The same, and removes them. */
WALDO_CHECK int waldo_dict_pop_many(waldo_dict *dict, waldo_value *keys, waldo_value **ret_items,
                                    waldo_error *reterr);
/** Removes the newest items, at most `most` of them: a list of tuples, the newest first. */
WALDO_CHECK int waldo_dict_popitems(waldo_dict *dict, size_t most, waldo_value **ret_items,
                                    waldo_error *reterr);
/** The whole dict as a value. */
WALDO_CHECK int waldo_dict_copy(waldo_dict *dict, waldo_value **ret_copy, waldo_error *reterr);
/** Lists, as they are at this moment; items are tuples. */
WALDO_CHECK int waldo_dict_keys(waldo_dict *dict, waldo_value **ret_keys, waldo_error *reterr);
WALDO_CHECK int waldo_dict_values(waldo_dict *dict, waldo_value **ret_values, waldo_error *reterr);
WALDO_CHECK int waldo_dict_items(waldo_dict *dict, waldo_value **ret_items, waldo_error *reterr);
/** d | other, as a value. WALDO_ETYPE: other is no dict. */
WALDO_CHECK int waldo_dict_or(waldo_dict *dict, waldo_value *other, waldo_value **ret_dict,
                              waldo_error *reterr);

/* ---- Changes ---- */

/** A number that grows with every change. */
WALDO_CHECK int waldo_dict_version(waldo_dict *dict, uint64_t *ret_version, waldo_error *reterr);
/** Waits, in the server and without a thread there, until the version is another than `since`. 1:
 *  *ret_version is the new one; 0: it did not change within so many seconds (WALDO_FOREVER). */
WALDO_CHECK int waldo_dict_wait_changed(waldo_dict *dict, uint64_t since, double timeout,
                                        uint64_t *ret_version, waldo_error *reterr);

/* ---- Iteration: items in order, a thousand in a trip ----
 *
 *     int status;
 *     WALDO_DICT_EACH(dict, key, value, &status, &err)
 *         printf(...);
 *
 * key and value are good until the next step. `break` is allowed. Afterwards *ret_status is 0: all
 * were seen, 1: left by break, < 0: an error. A key that comes or goes meanwhile, by whomever, is
 * WALDO_ERUNTIME, at the latest with the next thousand (row H5); new values for old keys are not.
 */

typedef struct waldo_dict_cursor {
    waldo_dict *dict; /* borrowed */
    /* The rest is its own. */
    waldo_value *keys;
    waldo_value *values;
    size_t next;
    uint64_t position;
    uint64_t shape;
    bool last; /* the server has no more */
    bool over; /* the macro's */
} waldo_dict_cursor;

/** At the start. */
static inline waldo_dict_cursor waldo_dict_begin(waldo_dict *dict)
{
    waldo_dict_cursor cursor = {dict, NULL, NULL, 0, 0, 0, false, false};
    return cursor;
}
/** 1: the next item, good until the next call; 0: there is none. ret_value may be NULL. */
WALDO_CHECK int waldo_dict_next(waldo_dict_cursor *cursor, const waldo_value **ret_key,
                                const waldo_value **ret_value, waldo_error *reterr);
/** Gives back what the cursor holds; it is at the start again. */
void waldo_dict_end(waldo_dict_cursor *cursor);

#if defined(__GNUC__)
#define WALDO_DICT_EACH(dict, key, value, ret_status, reterr)                                      \
    for (__attribute__((cleanup(waldo_dict_end)))                                                  \
         waldo_dict_cursor waldo_cursor_##key = waldo_dict_begin(dict);                            \
         !waldo_cursor_##key.over; waldo_cursor_##key.over = true)                                 \
        for (const waldo_value *key = NULL, *value = NULL;                                         \
             (*(ret_status) = waldo_dict_next(&waldo_cursor_##key, &key, &value, (reterr))) == 1;)
#endif

WALDO_END_DECLS

#endif
