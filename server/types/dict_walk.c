/* Walks over a dict: iterators, and batches of items. Both end in a RuntimeError once keys came or
 * went. */
#include <stdlib.h>

#include <waldo/value_methods.h>

#include "call.h"
#include "types/dict.h"
#include "value/dict.h"
#include "value/layout.h"

/* With the cell entered: is the dict as the walk knew it? */
static int check_shape(waldo__shared_dict *dict, waldo_call *call, uint64_t shape, size_t length)
{
    if (waldo__dict_shape(dict) == shape)
        return 0;
    return waldo_call_raise(call, WALDO_ERUNTIME, "dictionary %s during iteration",
                            dict->length == length ? "keys changed" : "changed size");
}

/* ---- iterators ---- */

typedef struct walk {
    waldo__shared_dict *dict; /* which the iterator keeps alive */
    uint64_t shape;
    size_t length;
    size_t position; /* into the table; of __reversed__, from its end */
} walk;

int waldo__dict_iter_open(void *self, waldo_call *call, void **ret_state)
{
    waldo__shared_dict *dict = self;
    walk *state = calloc(1, sizeof *state);
    if (!state)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for an iterator");
    waldo__cell_enter(&dict->cell);
    *state = (walk){.dict = dict, .shape = waldo__dict_shape(dict), .length = dict->length};
    waldo__cell_leave(&dict->cell);
    *ret_state = state;
    return 0;
}

static waldo__entry *next_entry(const waldo__table *table, walk *state)
{
    return waldo__table_next(table, &state->position);
}

static waldo__entry *previous_entry(const waldo__table *table, walk *state)
{
    while (state->position < table->used) {
        waldo__entry *entry = &table->entries[table->used - ++state->position];
        if (entry->key)
            return entry;
    }
    return NULL;
}

static int step(walk *state, waldo_call *call, Waldo__Value *item,
                waldo__entry *(*move)(const waldo__table *table, walk *state))
{
    waldo__shared_dict *dict = state->dict;
    waldo_value *key = NULL;
    waldo__cell_enter(&dict->cell);
    int status = check_shape(dict, call, state->shape, state->length);
    if (status >= 0) {
        waldo__entry *entry = move(&((waldo__mapping *)dict->cell.value)->table, state);
        key = entry ? waldo_value_ref(entry->key) : NULL;
    }
    waldo__cell_leave(&dict->cell);
    if (!key)
        return status;
    status = waldo_call_set_value(call, item, key);
    return status < 0 ? status : 1;
}

int waldo__dict_iter_next(void *state, waldo_call *call, Waldo__Value *item)
{
    return step(state, call, item, next_entry);
}

int waldo__dict_reversed_next(void *state, waldo_call *call, Waldo__Value *item)
{
    return step(state, call, item, previous_entry);
}

/* ---- batches ---- */

/* Most items in one batch, whatever the client wants. */
enum { MOST_ITEMS = 65536 };

/* Numbers of one kind travel as an array: it takes a tenth of the time. */
static waldo_value *as_array(const waldo_value *list)
{
    size_t count;
    waldo_value *const *items = waldo__items(list, &count);
    waldo_kind kind = count > 0 ? waldo_value_kind(items[0]) : WALDO_KIND_NONE;
    if (kind != WALDO_KIND_INT && kind != WALDO_KIND_FLOAT)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (waldo_value_kind(items[i]) != kind || items[i]->big)
            return NULL;
    waldo_value *array;
    char typecode = kind == WALDO_KIND_INT ? 'q' : 'd';
    return waldo_value_to_array(typecode, list, &array, NULL) < 0 ? NULL : array;
}

/* TAKES list. */
static int answer_column(waldo_call *call, waldo_value *list, Waldo__Value **ret_column)
{
    waldo_value *array = list ? as_array(list) : NULL;
    if (!array)
        return waldo__answer_field(call, list, ret_column);
    waldo_value_unref(list);
    return waldo__answer_field(call, array, ret_column);
}

int waldo__dict_next_items(void *self, waldo_call *call,
                           const Waldo__Builtin__DictPosition *arguments,
                           Waldo__Builtin__DictBatch *result)
{
    waldo__shared_dict *dict = self;
    size_t start = (size_t)arguments->position;
    size_t position = start;
    size_t count = arguments->count < MOST_ITEMS ? (size_t)arguments->count : MOST_ITEMS;
    waldo_value *keys = NULL;
    waldo_value *values = NULL;
    int status = 0;
    waldo__cell_enter(&dict->cell);
    if (arguments->position > 0)
        status = check_shape(dict, call, arguments->shape, SIZE_MAX);
    if (status >= 0) {
        keys = waldo__dict_list(dict->cell.value, WALDO__DICT_KEYS, &position, count);
        values = waldo__dict_list(dict->cell.value, WALDO__DICT_VALUES, &start, count);
    }
    result->position = position;
    result->shape = waldo__dict_shape(dict);
    waldo__cell_leave(&dict->cell);
    if (status < 0)
        return status;
    status = answer_column(call, keys, &result->keys);
    if (status < 0) {
        waldo_value_unref(values);
        return status;
    }
    return answer_column(call, values, &result->values);
}
