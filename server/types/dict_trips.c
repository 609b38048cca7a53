/* dict: what takes Python a lock and several trips, in one. */
#include "call.h"
#include "types/dict.h"
#include "types/iterable.h"
#include "value/dict.h"
#include "value/layout.h"

/* d[key] = value. Borrows both. */
static int set(waldo__shared_dict *dict, waldo_call *call, const waldo_value *key,
               const waldo_value *value)
{
    return waldo_value_dict_set(dict->cell.value, waldo_value_ref(key), waldo_value_ref(value),
                                call->reterr);
}

/* ---- add ---- */

/* With the cell entered. */
static int add_to(waldo__shared_dict *dict, waldo_call *call, const waldo_value *key,
                  const waldo_value *amount, waldo_value **ret_sum)
{
    waldo_value *old;
    waldo_value *sum = NULL;
    int status = waldo_value_dict_get(dict->cell.value, key, &old, call->reterr);
    if (status == WALDO_EKEY) {
        sum = waldo_value_ref(amount);
        status = 0;
    } else if (status >= 0) {
        status = waldo_value_add(old, amount, &sum, call->reterr);
        waldo_value_unref(old);
    }
    if (status >= 0)
        status = set(dict, call, key, sum);
    if (status < 0)
        waldo_value_unref(sum);
    else
        *ret_sum = sum;
    return status;
}

int waldo__dict_add(void *self, waldo_call *call, const Waldo__Builtin__DictAddition *arguments,
                    Waldo__Value *result)
{
    waldo__shared_dict *dict = self;
    waldo_value *key;
    waldo_value *amount;
    waldo_value *sum = NULL;
    int status = waldo__argument(call, arguments->key, "key", &key);
    if (status < 0)
        return status;
    status = waldo__argument(call, arguments->amount, "amount", &amount);
    if (status >= 0) {
        waldo__cell_enter(&dict->cell);
        status = add_to(dict, call, key, amount, &sum);
        status = waldo__dict_leave(dict, status);
        waldo_value_unref(amount);
    }
    waldo_value_unref(key);
    return waldo__answer(call, status, result, sum);
}

/* ---- compare_and_set ---- */

typedef struct exchange {
    waldo_value *key;
    waldo_value *expected; /* NULL: nothing */
    waldo_value *desired;  /* NULL: nothing */
} exchange;

static void exchange_free(exchange *one)
{
    waldo_value_unref(one->key);
    waldo_value_unref(one->expected);
    waldo_value_unref(one->desired);
}

static int exchange_from(waldo_call *call, const Waldo__Builtin__DictExchange *arguments,
                         exchange *ret_exchange)
{
    exchange one = {0};
    int status = waldo__argument(call, arguments->key, "key", &one.key);
    if (status >= 0)
        status = waldo__optional_argument(call, arguments->expected, &one.expected);
    if (status >= 0)
        status = waldo__optional_argument(call, arguments->desired, &one.desired);
    if (status < 0)
        exchange_free(&one);
    else
        *ret_exchange = one;
    return status;
}

/* The dict is as expected: makes it as wanted. */
static int make_exchange(waldo__shared_dict *dict, waldo_call *call, const exchange *one)
{
    if (one->desired)
        return set(dict, call, one->key, one->desired);
    return one->expected ? waldo_value_dict_pop(dict->cell.value, one->key, NULL, call->reterr) : 0;
}

/* With the cell entered: 1 done, 0 not as expected. *ret_current: what is there then, or NULL. */
static int try_exchange(waldo__shared_dict *dict, waldo_call *call, const exchange *one,
                        waldo_value **ret_current)
{
    waldo_value *current = NULL;
    int status = waldo_value_dict_get(dict->cell.value, one->key, &current, call->reterr);
    if (status < 0 && status != WALDO_EKEY)
        return status;
    int same = !current && !one->expected;
    if (current && one->expected)
        same = waldo_value_equal(current, one->expected, call->reterr);
    status = same > 0 ? make_exchange(dict, call, one) : same;
    if (status >= 0 && same > 0)
        *ret_current = waldo_value_ref(one->desired);
    else if (status >= 0)
        *ret_current = waldo_value_ref(current);
    waldo_value_unref(current);
    return status < 0 ? status : same;
}

int waldo__dict_compare_and_set(void *self, waldo_call *call,
                                const Waldo__Builtin__DictExchange *arguments,
                                Waldo__Builtin__DictExchanged *result)
{
    waldo__shared_dict *dict = self;
    exchange one;
    waldo_value *current = NULL;
    int status = exchange_from(call, arguments, &one);
    if (status < 0)
        return status;
    waldo__cell_enter(&dict->cell);
    status = try_exchange(dict, call, &one, &current);
    if (status > 0)
        (void)waldo__dict_leave(dict, status);
    else
        waldo__cell_leave(&dict->cell);
    exchange_free(&one);
    if (status < 0)
        return status;
    result->done = status > 0;
    return current ? waldo__answer_field(call, current, &result->current) : 0;
}

/* ---- many ---- */

/* The keys as a list of hashable values, so that nothing can go wrong half-way. */
static int key_list(waldo_call *call, const Waldo__Builtin__DictKeys *arguments,
                    waldo_value **ret_keys)
{
    waldo_value *iterable;
    waldo_value *unique = NULL;
    int status = waldo__iterable_argument(call, arguments->keys, "keys", &iterable);
    if (status < 0)
        return status;
    status = waldo__dict_fromkeys(iterable, waldo_v_none(), &unique, call->reterr);
    waldo_value_unref(iterable);
    if (status < 0)
        return status;
    size_t position = 0;
    *ret_keys = waldo__dict_list(unique, WALDO__DICT_KEYS, &position, SIZE_MAX);
    waldo_value_unref(unique);
    return *ret_keys ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for the keys");
}

/* Puts those of the keys that are there into found. taken NULL: they stay. With the cell entered.
 */
static int gather(waldo__shared_dict *dict, waldo_call *call, const waldo_value *keys,
                  waldo__taken *taken, waldo_value *found)
{
    size_t count;
    waldo_value *const *items = waldo__items(keys, &count);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++) {
        waldo_value *value;
        status = taken ? waldo__taken_add(taken, dict, items[i], &value, call->reterr)
                       : waldo_value_dict_get(dict->cell.value, items[i], &value, call->reterr);
        if (status >= 0)
            status = waldo_value_dict_set(found, waldo_value_ref(items[i]), value, call->reterr);
        else if (status == WALDO_EKEY)
            status = 0;
    }
    return status;
}

/* A dict that can take all of the keys: what was popped is never lost. */
static waldo_value *room_for(waldo_call *call, const waldo_value *keys)
{
    size_t count;
    waldo__items(keys, &count);
    waldo_value *found = waldo_v_dict();
    if (found && !waldo__table_reserve(&((waldo__mapping *)found)->table, count))
        found = waldo_value_unref(found);
    if (!found)
        waldo_call_raise(call, WALDO_ENOMEM, "no memory for a dict");
    return found;
}

int waldo__dict_get_many(void *self, waldo_call *call, const Waldo__Builtin__DictKeys *arguments,
                         Waldo__Value *result)
{
    waldo__shared_dict *dict = self;
    waldo_value *keys;
    int status = key_list(call, arguments, &keys);
    if (status < 0)
        return status;
    waldo_value *found = room_for(call, keys);
    status = found ? 0 : WALDO_ENOMEM;
    if (found) {
        waldo__cell_enter(&dict->cell);
        status = gather(dict, call, keys, NULL, found);
        waldo__cell_leave(&dict->cell);
    }
    waldo_value_unref(keys);
    if (status < 0)
        found = waldo_value_unref(found);
    return waldo__answer(call, status, result, found);
}

static int take_many(waldo__shared_dict *dict, waldo_call *call, const waldo_value *keys,
                     waldo_value *found)
{
    size_t count;
    waldo__items(keys, &count);
    waldo__taken *taken = waldo__taken_new(call, count);
    if (!taken)
        return WALDO_ENOMEM;
    waldo__cell_enter(&dict->cell);
    int status = gather(dict, call, keys, taken, found);
    waldo__taken_end(taken, dict, call, status);
    if (waldo_value_is_true(found))
        return waldo__dict_leave(dict, status);
    waldo__cell_leave(&dict->cell);
    return status;
}

int waldo__dict_pop_many(void *self, waldo_call *call, const Waldo__Builtin__DictKeys *arguments,
                         Waldo__Value *result)
{
    waldo_value *keys;
    int status = key_list(call, arguments, &keys);
    if (status < 0)
        return status;
    waldo_value *found = room_for(call, keys);
    status = found ? take_many(self, call, keys, found) : WALDO_ENOMEM;
    waldo_value_unref(keys);
    if (status < 0)
        found = waldo_value_unref(found);
    return waldo__answer(call, status, result, found);
}

/* ---- the newest ---- */

/* With the cell entered. An item is in the list before it is out of the dict. */
static int take_from_end(waldo__shared_dict *dict, waldo_call *call, waldo__taken *taken,
                         size_t count, waldo_value *items)
{
    waldo__table *table = &((waldo__mapping *)dict->cell.value)->table;
    int status = 0;
    while (count-- > 0 && status >= 0) {
        const waldo__entry *last = waldo__table_last(table);
        waldo_value *value;
        status = waldo_value_list_append(
            items, waldo_v_tuple(waldo_value_ref(last->key), waldo_value_ref(last->value)),
            call->reterr);
        if (status >= 0)
            status = waldo__taken_add(taken, dict, last->key, &value, call->reterr);
        if (status >= 0)
            waldo_value_unref(value);
    }
    return status;
}

int waldo__dict_take_newest(waldo__shared_dict *dict, waldo_call *call, uint64_t most,
                            waldo_value **ret_items)
{
    waldo_value *items = waldo_v_list();
    if (!items)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a list");
    waldo__cell_enter(&dict->cell);
    size_t count = waldo__dict_length(dict);
    if (count > most)
        count = (size_t)most;
    waldo__taken *taken = waldo__taken_new(call, count);
    int status = WALDO_ENOMEM;
    if (taken) {
        status = take_from_end(dict, call, taken, count, items);
        waldo__taken_end(taken, dict, call, status);
    }
    if (count > 0)
        status = waldo__dict_leave(dict, status);
    else
        waldo__cell_leave(&dict->cell);
    if (status < 0)
        waldo_value_unref(items);
    else
        *ret_items = items;
    return status;
}

int waldo__dict_popitems(void *self, waldo_call *call, const Waldo__Builtin__DictCount *arguments,
                         Waldo__Value *result)
{
    waldo_value *items = NULL;
    int status = waldo__dict_take_newest(self, call, arguments->count, &items);
    return waldo__answer(call, status, result, items);
}
