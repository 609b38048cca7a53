/* dict in the server, as its files see it. */
#ifndef WALDO_SERVER_TYPES_DICT_H
#define WALDO_SERVER_TYPES_DICT_H

#include "types/builtins.h"
#include "types/container.h"

typedef struct waldo__shared_dict {
    waldo__cell cell; /* first; its value is a dict */
    /* Guarded by the cell. Walks over the items notice by these that keys came or went. */
    uint64_t shape;           /* grows whenever that happened; starts at 1 */
    const waldo_value *known; /* the value, and its length, when shape was last looked at */
    size_t length;
} waldo__shared_dict;

size_t waldo__dict_length(const waldo__shared_dict *dict);
/* The shape as it is now. With the cell entered. */
uint64_t waldo__dict_shape(waldo__shared_dict *dict);
/* Leaves the cell after a change, or after none if status < 0. Returns status. */
int waldo__dict_leave(waldo__shared_dict *dict, int status);

/* dict_taken.c: items on their way to a client. */
typedef struct waldo__taken waldo__taken;
/* Room for so many. NULL: out of memory, which was raised. */
waldo__taken *waldo__taken_new(waldo_call *call, size_t most);
/* Python's pop(key), into it. *ret_value: a reference. The cell must be entered. */
int waldo__taken_add(waldo__taken *taken, waldo__shared_dict *dict, const waldo_value *key,
                     waldo_value **ret_value, waldo_error *reterr);
/* They are what the call gives, and go back if that does not arrive; or, if status < 0, at once.
 * TAKES taken. The cell must be entered. */
void waldo__taken_end(waldo__taken *taken, waldo__shared_dict *dict, waldo_call *call, int status);

/* dict_walk.c: __iter__, __reversed__ and next_items. */
int waldo__dict_iter_open(void *self, waldo_call *call, void **ret_state);
int waldo__dict_iter_next(void *state, waldo_call *call, Waldo__Value *item);
int waldo__dict_reversed_next(void *state, waldo_call *call, Waldo__Value *item);
int waldo__dict_next_items(void *self, waldo_call *call,
                           const Waldo__Builtin__DictPosition *arguments,
                           Waldo__Builtin__DictBatch *result);

/* dict_trips.c: what takes Python several trips. */
int waldo__dict_add(void *self, waldo_call *call, const Waldo__Builtin__DictAddition *arguments,
                    Waldo__Value *result);
int waldo__dict_compare_and_set(void *self, waldo_call *call,
                                const Waldo__Builtin__DictExchange *arguments,
                                Waldo__Builtin__DictExchanged *result);
int waldo__dict_get_many(void *self, waldo_call *call, const Waldo__Builtin__DictKeys *arguments,
                         Waldo__Value *result);
int waldo__dict_pop_many(void *self, waldo_call *call, const Waldo__Builtin__DictKeys *arguments,
                         Waldo__Value *result);
/* A list of the newest items as tuples, the newest first, at most `most`, which are taken out. */
int waldo__dict_take_newest(waldo__shared_dict *dict, waldo_call *call, uint64_t most,
                            waldo_value **ret_items);
int waldo__dict_popitems(void *self, waldo_call *call, const Waldo__Builtin__DictCount *arguments,
                         Waldo__Value *result);

#endif
