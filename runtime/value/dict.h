/* What Python's dict can do beyond waldo/value.h, on values in this process. */
#ifndef WALDO_RUNTIME_VALUE_DICT_H
#define WALDO_RUNTIME_VALUE_DICT_H

#include <waldo/value.h>

/* Python's dict(iterable): a dict of its own from a dict or from pairs. WALDO_ETYPE, WALDO_EVALUE:
 * what is not a pair. */
int waldo__dict_from(const waldo_value *iterable, waldo_value **ret_dict, waldo_error *reterr);
/* Sets all items of another dict; later ones win. Both are dicts. Only WALDO_ENOMEM, before
 * anything was changed. */
int waldo__dict_merge(waldo_value *dict, const waldo_value *other, waldo_error *reterr);
/* Python's dict.fromkeys. */
int waldo__dict_fromkeys(const waldo_value *iterable, waldo_value *value, waldo_value **ret_dict,
                         waldo_error *reterr);

typedef enum waldo__dict_part {
    WALDO__DICT_KEYS,
    WALDO__DICT_VALUES,
    WALDO__DICT_ITEMS
} waldo__dict_part;

/* The keys, the values, or tuples of both, as a list; at most `most`, from *position on, which is
 * moved behind them. NULL: out of memory. */
waldo_value *waldo__dict_list(const waldo_value *dict, waldo__dict_part part, size_t *position,
                              size_t most);

/* An item that was taken out, and the keys between which it stood; each may be NULL: there was none
 * nearby. */
typedef struct waldo__dict_item {
    waldo_value *key;
    waldo_value *value;
    waldo_value *before;
    waldo_value *after;
} waldo__dict_item;

/* Python's pop(key), with what it takes to undo it. *ret_item: references to all in it. */
int waldo__dict_take(waldo_value *dict, const waldo_value *key, waldo__dict_item *ret_item,
                     waldo_error *reterr);
/* Puts it in again, unless the key is there: in front of the key behind it, else behind the key in
 * front of it, else at the end. 1: done; 0: the key is there; WALDO_ENOMEM. */
int waldo__dict_put_back(waldo_value *dict, const waldo__dict_item *item, waldo_error *reterr);
void waldo__dict_item_release(waldo__dict_item *item);

#endif
