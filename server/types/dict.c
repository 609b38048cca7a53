/* dict: what Python's exposes (rows H4-H6). */
#include "types/dict.h"

#include <stdlib.h>

#include "call.h"
#include "types/iterable.h"
#include "value/dict.h"

/* ---- the object ---- */

size_t waldo__dict_length(const waldo__shared_dict *dict)
{
    size_t length = 0;
    (void)!waldo_value_length(dict->cell.value, &length, NULL);
    return length;
}

uint64_t waldo__dict_shape(waldo__shared_dict *dict)
{
    /* No handler both adds keys and removes some, but for those that put another dict in. */
    size_t length = waldo__dict_length(dict);
    if (length != dict->length || dict->cell.value != dict->known)
        dict->shape++;
    dict->length = length;
    dict->known = dict->cell.value;
    return dict->shape;
}

int waldo__dict_leave(waldo__shared_dict *dict, int status)
{
    (void)waldo__dict_shape(dict);
    return waldo__cell_leave_changed(&dict->cell, status);
}

/* dict(iterable). Nobody else holds what comes of an argument: a dict needs no copy. */
static int dict_argument(waldo_call *call, const Waldo__Value *message, const char *name,
                         waldo_value **ret_dict)
{
    waldo_value *iterable;
    int status = waldo__iterable_argument(call, message, name, &iterable);
    if (status < 0)
        return status;
    if (waldo_value_kind(iterable) == WALDO_KIND_DICT) {
        *ret_dict = iterable;
        return 0;
    }
    status = waldo__dict_from(iterable, ret_dict, call->reterr);
    waldo_value_unref(iterable);
    return status;
}

/* dict(iterable, **kwargs). */
static int source(waldo_call *call, const Waldo__Builtin__DictArguments *arguments,
                  waldo_value **ret_dict)
{
    waldo_value *dict = NULL;
    int status = 0;
    if (arguments->iterable)
        status = dict_argument(call, arguments->iterable, "iterable", &dict);
    else if (!(dict = waldo_v_dict()))
        status = waldo_call_raise(call, WALDO_ENOMEM, "no memory for a dict");
    if (status < 0)
        return status;
    for (size_t i = 0; i < arguments->n_kwargs && status >= 0; i++)
        status = waldo__keyword_argument(call, arguments->kwargs[i]->key,
                                         arguments->kwargs[i]->value, dict);
    if (status < 0)
        waldo_value_unref(dict);
    else
        *ret_dict = dict;
    return status;
}

static int create(void *type_data, waldo_call *call, const Waldo__Builtin__DictArguments *arguments,
                  void **ret_self)
{
    (void)type_data;
    waldo_value *value = NULL;
    int status = source(call, arguments, &value);
    if (status < 0)
        return status;
    waldo__shared_dict *dict = malloc(sizeof *dict);
    if (!dict) {
        waldo_value_unref(value);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a dict");
    }
    status = waldo__cell_init(&dict->cell, call, value);
    if (status < 0) {
        free(dict);
        return status;
    }
    dict->shape = 1;
    dict->known = value;
    dict->length = waldo__dict_length(dict);
    *ret_self = dict;
    return 0;
}

/* ---- single keys ---- */

static int contains(void *self, waldo_call *call, const Waldo__Builtin__DictKey *arguments,
                    Google__Protobuf__BoolValue *result)
{
    return waldo__cell_contains(self, call, waldo_value_contains, arguments->key, result);
}

static int getitem(void *self, waldo_call *call, const Waldo__Builtin__DictKey *arguments,
                   Waldo__Value *result)
{
    return waldo__cell_operate(self, call, waldo_value_dict_get, arguments->key, "key", result);
}

static int setitem(void *self, waldo_call *call, const Waldo__Builtin__DictItem *arguments)
{
    waldo__shared_dict *dict = self;
    waldo_value *key;
    waldo_value *value;
    int status = waldo__argument(call, arguments->key, "key", &key);
    if (status < 0)
        return status;
    status = waldo__argument(call, arguments->value, "value", &value);
    if (status < 0) {
        waldo_value_unref(key);
        return status;
    }
    waldo__cell_enter(&dict->cell);
    status = waldo_value_dict_set(dict->cell.value, key, value, call->reterr);
    return waldo__dict_leave(dict, status);
}

static int delitem(void *self, waldo_call *call, const Waldo__Builtin__DictKey *arguments)
{
    waldo__shared_dict *dict = self;
    waldo_value *key;
    int status = waldo__argument(call, arguments->key, "key", &key);
    if (status < 0)
        return status;
    waldo__cell_enter(&dict->cell);
    status = waldo_value_dict_pop(dict->cell.value, key, NULL, call->reterr);
    status = waldo__dict_leave(dict, status);
    waldo_value_unref(key);
    return status;
}

/* key and default, which is NULL if it was not given. */
static int key_and_default(waldo_call *call, const Waldo__Builtin__DictDefault *arguments,
                           waldo_value **ret_key, waldo_value **ret_default)
{
    waldo_value *key;
    int status = waldo__argument(call, arguments->key, "key", &key);
    if (status < 0)
        return status;
    status = waldo__optional_argument(call, arguments->default_, ret_default);
    if (status < 0)
        waldo_value_unref(key);
    else
        *ret_key = key;
    return status;
}

static int get(void *self, waldo_call *call, const Waldo__Builtin__DictDefault *arguments,
               Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo_value *key;
    waldo_value *fallback;
    waldo_value *value = NULL;
    int status = key_and_default(call, arguments, &key, &fallback);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_dict_get(cell->value, key, &value, call->reterr);
    waldo__cell_leave(cell);
    if (status == WALDO_EKEY) {
        value = fallback ? waldo_value_ref(fallback) : waldo_v_none();
        status = 0;
    }
    waldo_value_unref(key);
    waldo_value_unref(fallback);
    return waldo__answer(call, status, result, value);
}

static int pop(void *self, waldo_call *call, const Waldo__Builtin__DictDefault *arguments,
               Waldo__Value *result)
{
    waldo__shared_dict *dict = self;
    waldo_value *key;
    waldo_value *fallback;
    waldo_value *value = NULL;
    int status = key_and_default(call, arguments, &key, &fallback);
    if (status < 0)
        return status;
    waldo__taken *taken = waldo__taken_new(call, 1);
    status = taken ? 0 : WALDO_ENOMEM;
    if (taken) {
        waldo__cell_enter(&dict->cell);
        status = waldo__taken_add(taken, dict, key, &value, call->reterr);
        waldo__taken_end(taken, dict, call, status);
        status = waldo__dict_leave(dict, status);
    }
    if (status == WALDO_EKEY && fallback) {
        value = waldo_value_ref(fallback);
        status = 0;
    }
    waldo_value_unref(key);
    waldo_value_unref(fallback);
    return waldo__answer(call, status, result, value);
}

static int setdefault(void *self, waldo_call *call, const Waldo__Builtin__DictDefault *arguments,
                      Waldo__Value *result)
{
    waldo__shared_dict *dict = self;
    waldo_value *key;
    waldo_value *value;
    int status = key_and_default(call, arguments, &key, &value);
    if (status < 0)
        return status;
    if (!value)
        value = waldo_v_none();
    waldo_value *found = NULL;
    waldo__cell_enter(&dict->cell);
    status = waldo_value_dict_get(dict->cell.value, key, &found, call->reterr);
    if (status == WALDO_EKEY) {
        found = waldo_value_ref(value);
        status = waldo_value_dict_set(dict->cell.value, waldo_value_ref(key),
                                      waldo_value_ref(value), call->reterr);
        status = waldo__dict_leave(dict, status);
    } else {
        waldo__cell_leave(&dict->cell);
    }
    waldo_value_unref(key);
    waldo_value_unref(value);
    if (status < 0)
        waldo_value_unref(found);
    return waldo__answer(call, status, result, found);
}

static int popitem(void *self, waldo_call *call, Waldo__Value *result)
{
    waldo_value *items = NULL;
    waldo_value *item = NULL;
    int status = waldo__dict_take_newest(self, call, 1, &items);
    if (status >= 0 && !waldo_value_is_true(items))
        status = waldo_call_raise(call, WALDO_EKEY, "'popitem(): dictionary is empty'");
    if (status >= 0)
        status = waldo_value_item(items, 0, &item, call->reterr);
    waldo_value_unref(items);
    return waldo__answer(call, status, result, item);
}

/* ---- all items ---- */

static int clear(void *self, waldo_call *call)
{
    waldo__shared_dict *dict = self;
    waldo_value *empty = waldo_v_dict();
    if (!empty)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    waldo__cell_enter(&dict->cell);
    waldo_value *old = dict->cell.value;
    dict->cell.value = empty;
    int status = waldo__dict_leave(dict, 0);
    waldo_value_unref(old);
    return status;
}

static int list_of(waldo__cell *cell, waldo_call *call, waldo__dict_part part, Waldo__Value *result)
{
    size_t position = 0;
    waldo__cell_enter(cell);
    waldo_value *list = waldo__dict_list(cell->value, part, &position, SIZE_MAX);
    waldo__cell_leave(cell);
    return waldo_call_set_value(call, result, list);
}

static int keys(void *self, waldo_call *call, Waldo__Value *result)
{
    return list_of(self, call, WALDO__DICT_KEYS, result);
}

static int values(void *self, waldo_call *call, Waldo__Value *result)
{
    return list_of(self, call, WALDO__DICT_VALUES, result);
}

static int items(void *self, waldo_call *call, Waldo__Value *result)
{
    return list_of(self, call, WALDO__DICT_ITEMS, result);
}

static int fromkeys(void *self, waldo_call *call, const Waldo__Builtin__DictFromkeys *arguments,
                    Waldo__Value *result)
{
    (void)self;
    waldo_value *iterable;
    waldo_value *value = NULL;
    waldo_value *made = NULL;
    int status = waldo__iterable_argument(call, arguments->iterable, "iterable", &iterable);
    if (status < 0)
        return status;
    status = waldo__optional_argument(call, arguments->value, &value);
    if (status >= 0)
        status =
            waldo__dict_fromkeys(iterable, value ? value : waldo_v_none(), &made, call->reterr);
    waldo_value_unref(iterable);
    waldo_value_unref(value);
    return waldo__answer(call, status, result, made);
}

/* ---- with another dict ---- */

/* TAKES added, a dict. */
static int merge(waldo__shared_dict *dict, waldo_call *call, waldo_value *added)
{
    waldo__cell_enter(&dict->cell);
    int status = waldo__dict_merge(dict->cell.value, added, call->reterr);
    status = waldo__dict_leave(dict, status);
    waldo_value_unref(added);
    return status;
}

static int update(void *self, waldo_call *call, const Waldo__Builtin__DictArguments *arguments)
{
    waldo_value *added = NULL;
    int status = source(call, arguments, &added);
    return status < 0 ? status : merge(self, call, added);
}

static int ior(void *self, waldo_call *call, const Waldo__Builtin__DictOther *arguments,
               waldo_export *ret_proxy)
{
    waldo_value *added;
    int status = dict_argument(call, arguments->value, "value", &added);
    if (status >= 0)
        status = merge(self, call, added);
    return status < 0 ? status : waldo_builtin_dict_export(ret_proxy, self);
}

/* The other operand of |, which has to be a dict. */
static int operand(waldo_call *call, const Waldo__Builtin__DictOther *arguments, bool reflected,
                   waldo_value **ret_other)
{
    waldo_value *other;
    int status = waldo__iterable_argument(call, arguments->value, "value", &other);
    if (status < 0)
        return status;
    if (waldo_value_kind(other) == WALDO_KIND_DICT) {
        *ret_other = other;
        return 0;
    }
    const char *name = waldo_value_type_name(other);
    status = waldo_call_raise(call, WALDO_ETYPE, "unsupported operand type(s) for |: '%s' and '%s'",
                              reflected ? name : "dict", reflected ? "dict" : name);
    waldo_value_unref(other);
    return status;
}

/* first | second, both dicts. TAKES both. */
static int join(waldo_call *call, waldo_value *first, waldo_value *second, Waldo__Value *result)
{
    waldo_value *joined = NULL;
    int status = waldo_value_copy(first, &joined, call->reterr);
    if (status >= 0)
        status = waldo__dict_merge(joined, second, call->reterr);
    waldo_value_unref(first);
    waldo_value_unref(second);
    if (status < 0)
        joined = waldo_value_unref(joined);
    return waldo__answer(call, status, result, joined);
}

static int or_(void *self, waldo_call *call, const Waldo__Builtin__DictOther *arguments,
               Waldo__Value *result)
{
    waldo_value *other;
    waldo_value *own = NULL;
    int status = operand(call, arguments, false, &other);
    if (status < 0)
        return status;
    status = waldo__cell_getvalue(self, call, &own);
    if (status >= 0)
        return join(call, own, other, result);
    waldo_value_unref(other);
    return status;
}

static int ror(void *self, waldo_call *call, const Waldo__Builtin__DictOther *arguments,
               Waldo__Value *result)
{
    waldo_value *other;
    waldo_value *own = NULL;
    int status = operand(call, arguments, true, &other);
    if (status < 0)
        return status;
    status = waldo__cell_getvalue(self, call, &own);
    if (status >= 0)
        return join(call, other, own, result);
    waldo_value_unref(other);
    return status;
}

const struct waldo_builtin_dict_ops waldo__dict_ops = {
    .create = create,
    .__contains__ = contains,
    .__delitem__ = delitem,
    .__getitem__ = getitem,
    .__ior__ = ior,
    .__iter___steps = {waldo__dict_iter_open, waldo__dict_iter_next, free},
    .__len__ = waldo__cell_length,
    .__or__ = or_,
    .__reversed___steps = {waldo__dict_iter_open, waldo__dict_reversed_next, free},
    .__ror__ = ror,
    .__setitem__ = setitem,
    .clear = clear,
    .copy = waldo__cell_copy,
    .fromkeys = fromkeys,
    .get = get,
    .items = items,
    .keys = keys,
    .pop = pop,
    .popitem = popitem,
    .setdefault = setdefault,
    .update = update,
    .values = values,
    .add = waldo__dict_add,
    .compare_and_set = waldo__dict_compare_and_set,
    .get_many = waldo__dict_get_many,
    .pop_many = waldo__dict_pop_many,
    .popitems = waldo__dict_popitems,
    .next_items = waldo__dict_next_items,
    .version = waldo__cell_version,
    .wait_changed = waldo__cell_wait_changed,
    .destroy = waldo__cell_destroy,
    .repr = waldo__cell_repr,
    .getvalue = waldo__cell_getvalue,
};
