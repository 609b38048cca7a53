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
int waldo__dict_popitems(void *self, waldo_call *call, const Waldo__Builtin__DictCount *arguments,
                         Waldo__Value *result);

#endif
