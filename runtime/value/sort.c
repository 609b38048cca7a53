/* list.sort: a merge of ever longer runs, on the side, so that a failure leaves the list alone. */
#include <stdlib.h>
#include <string.h>

#include <waldo/value_methods.h>

#include "value/layout.h"

typedef struct sorted {
    const waldo_value *key;
    waldo_value *item;
} sorted;

/* ---- Keys ---- */

static int follow(const waldo_value *item, const waldo_value *path, waldo_value **ret_key,
                  waldo_error *reterr)
{
    size_t count;
    waldo_value *const *steps = waldo__items(path, &count);
    waldo_value *at = waldo_value_ref(item);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++) {
        waldo_value *next = NULL;
        status = waldo_value_getitem(at, steps[i], &next, reterr);
        waldo_value_unref(at);
        at = next;
    }
    if (status >= 0)
        *ret_key = at;
    return status;
}

static int absolute(const waldo_value *item, waldo_value **ret_key, waldo_error *reterr)
{
    waldo_value *negative;
    int order;
    int status = waldo_value_neg(item, &negative, reterr);
    if (status < 0)
        return waldo_error_set(reterr, WALDO_ETYPE, "bad operand type for abs(): '%s'",
                               waldo_value_type_name(item));
    status = waldo_value_compare(item, negative, &order, reterr);
    if (status >= 0)
        *ret_key = waldo_value_ref(order == -1 ? negative : item);
    waldo_value_unref(negative);
    return status;
}

static int text_of(char *text, waldo_value **ret_key, waldo_error *reterr)
{
    waldo_value *key = text ? waldo_v_str(text) : NULL;
    free(text);
    return waldo__give(key, ret_key, reterr);
}

static int apply(const waldo_value *item, const waldo_value *function, waldo_value **ret_key,
                 waldo_error *reterr)
{
    const char *name;
    size_t length;
    int status = waldo_value_get_str(function, &name, NULL, reterr);
    if (status < 0)
        return status;
    if (strcmp(name, "abs") == 0)
        return absolute(item, ret_key, reterr);
    if (strcmp(name, "str") == 0)
        return text_of(waldo_value_str(item), ret_key, reterr);
    if (strcmp(name, "repr") == 0)
        return text_of(waldo_value_repr(item), ret_key, reterr);
    if (strcmp(name, "len") != 0)
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "a sort key is an index, a tuple of indices, 'len', 'abs', 'str' "
                               "or 'repr', not '%s'",
                               name);
    status = waldo_value_length(item, &length, reterr);
    return status < 0 ? status : waldo__give(waldo_v_uint64(length), ret_key, reterr);
}

static int key_of(const waldo_value *item, const waldo_value *key, waldo_value **ret_key,
                  waldo_error *reterr)
{
    switch (key ? waldo_value_kind(key) : WALDO_KIND_NONE) {
    case WALDO_KIND_NONE:
        *ret_key = waldo_value_ref(item);
        return 0;
    case WALDO_KIND_INT:
        return waldo_value_getitem(item, key, ret_key, reterr);
    case WALDO_KIND_TUPLE:
        return follow(item, key, ret_key, reterr);
    case WALDO_KIND_STR:
        return apply(item, key, ret_key, reterr);
    default:
        return waldo_error_set(reterr, WALDO_ETYPE, "'%s' object is not callable",
                               waldo_value_type_name(key));
    }
}

/* ---- Order ---- */

/* 1: left comes before right, 0: not. */
static int precedes(const sorted *left, const sorted *right, bool reverse, waldo_error *reterr)
{
    int order = 0;
    int status = reverse ? waldo_value_compare(right->key, left->key, &order, reterr)
                         : waldo_value_compare(left->key, right->key, &order, reterr);
    return status < 0 ? status : order == -1;
}

/* Merges from[first, middle) and from[middle, end) into `into`. Equal ones stay in order. */
static int merge(const sorted *from, sorted *into, size_t first, size_t middle, size_t end,
                 bool reverse, waldo_error *reterr)
{
    size_t left = first;
    size_t right = middle;
    for (size_t i = first; i < end; i++) {
        int take_right = left == middle;
        if (left < middle && right < end)
            take_right = precedes(&from[right], &from[left], reverse, reterr);
        if (take_right < 0)
            return take_right;
        into[i] = take_right ? from[right++] : from[left++];
    }
    return 0;
}

/* Sorts rows, with as many of room; *ret_sorted is one of the two. */
static int merge_all(sorted *rows, sorted *room, size_t count, bool reverse, sorted **ret_sorted,
                     waldo_error *reterr)
{
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t first = 0; first < count; first += 2 * run) {
            size_t middle = count - first > run ? first + run : count;
            size_t end = count - middle > run ? middle + run : count;
            int status = merge(rows, room, first, middle, end, reverse, reterr);
            if (status < 0)
                return status;
        }
        sorted *merged = room;
        room = rows;
        rows = merged;
    }
    *ret_sorted = rows;
    return 0;
}

/* New references to the keys of all items. */
static int make_keys(const waldo__list *list, const waldo_value *key, waldo_value **keys,
                     waldo_error *reterr)
{
    int status = 0;
    for (size_t i = 0; i < list->count && status >= 0; i++)
        status = key_of(list->items[i], key, &keys[i], reterr);
    return status;
}

static int sort_by(waldo__list *list, waldo_value *const *keys, bool reverse, waldo_error *reterr)
{
    sorted *rows = calloc(2 * list->count, sizeof *rows);
    if (!rows)
        return waldo__no_memory(reterr);
    for (size_t i = 0; i < list->count; i++)
        rows[i] = (sorted){keys[i], list->items[i]};
    sorted *result = rows;
    int status = merge_all(rows, rows + list->count, list->count, reverse, &result, reterr);
    for (size_t i = 0; i < list->count && status >= 0; i++)
        list->items[i] = result[i].item;
    free(rows);
    return status;
}

int waldo_value_list_sort(waldo_value *value, const waldo_value *key, bool reverse,
                          waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_LIST)
        return waldo__wrong_type(value, "a list", reterr);
    waldo__list *list = (waldo__list *)value;
    if (list->count == 0)
        return 0;
    waldo_value **keys = calloc(list->count, sizeof(waldo_value *));
    if (!keys)
        return waldo__no_memory(reterr);
    int status = make_keys(list, key, keys, reterr);
    if (status >= 0)
        status = sort_by(list, keys, reverse, reterr);
    for (size_t i = 0; i < list->count; i++)
        waldo_value_unref(keys[i]);
    free(keys);
    return status;
}
