/* The methods of Python's list that are not in list.c. */
#include <stdlib.h>
#include <string.h>

#include <waldo/value_methods.h>

#include "value/iterate.h"
#include "value/list.h"

static int check(const waldo_value *value, waldo_error *reterr)
{
    return value->kind == WALDO_KIND_LIST ? 0 : waldo__wrong_type(value, "a list", reterr);
}

/* Room for count items; it grows by an eighth, as CPython's does. */
static bool reserve(waldo__list *list, size_t count)
{
    if (count <= list->capacity)
        return true;
    size_t capacity = count + count / 8 + 4;
    waldo_value **items = reallocarray(list->items, capacity, sizeof(*items));
    if (!items)
        return false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

/* New references to the items, and behind them the old ones that will go; NULL: out of memory. */
static waldo_value **prepare(const waldo__list *list, size_t start, size_t removed,
                             waldo_value *const *items, size_t count)
{
    waldo_value **both = calloc(count + removed + 1, sizeof(waldo_value *));
    for (size_t i = 0; both && i < count; i++)
        both[i] = waldo_value_ref(items[i]);
    if (both && removed > 0)
        memcpy(both + count, list->items + start, removed * sizeof(waldo_value *));
    return both;
}

int waldo__list_splice(waldo__list *list, size_t start, size_t removed, waldo_value *const *items,
                       size_t count, waldo_error *reterr)
{
    waldo_value **both = prepare(list, start, removed, items, count);
    if (!both || !reserve(list, list->count - removed + count)) {
        for (size_t i = 0; both && i < count; i++)
            waldo_value_unref(both[i]);
        free(both);
        return waldo__no_memory(reterr);
    }
    size_t behind = list->count - start - removed;
    if (list->items) {
        memmove(list->items + start + count, list->items + start + removed,
                behind * sizeof(waldo_value *));
        memcpy(list->items + start, both, count * sizeof(waldo_value *));
    }
    list->count = start + count + behind;
    for (size_t i = 0; i < removed; i++)
        waldo_value_unref(both[count + i]);
    free(both);
    return 0;
}

int waldo_value_to_list(const waldo_value *iterable, waldo_value **ret_list, waldo_error *reterr)
{
    waldo_value *source;
    int status = waldo__as_items(iterable, &source, reterr);
    if (status < 0)
        return status;
    size_t count;
    waldo_value *const *items = waldo__items(source, &count);
    waldo__list *list = waldo__new_list(count);
    for (size_t i = 0; list && i < count; i++)
        list->items[i] = waldo_value_ref(items[i]);
    waldo_value_unref(source);
    return waldo__give(list ? &list->base.head : NULL, ret_list, reterr);
}

int waldo_value_list_extend(waldo_value *list, const waldo_value *iterable, waldo_error *reterr)
{
    waldo_value *source;
    int status = check(list, reterr);
    if (status >= 0)
        status = waldo__as_items(iterable, &source, reterr);
    if (status < 0)
        return status;
    size_t count;
    waldo_value *const *items = waldo__items(source, &count);
    waldo__list *target = (waldo__list *)list;
    status = waldo__list_splice(target, target->count, 0, items, count, reterr);
    waldo_value_unref(source);
    return status;
}

/* ---- Searching ---- */

/* 1: the item at *position or the next one that equals, before stop; 0: there is none. */
static int find(const waldo__list *list, const waldo_value *item, size_t stop, size_t *position,
                waldo_error *reterr)
{
    for (; *position < stop; ++*position) {
        const waldo_value *candidate = list->items[*position];
        int status = candidate == item ? 1 : waldo__equal(candidate, item, 1, reterr);
        if (status != 0)
            return status;
    }
    return 0;
}

static size_t clamp(int64_t bound, size_t count)
{
    int64_t length = (int64_t)count;
    if (bound < 0)
        bound += length;
    return bound < 0 ? 0 : bound > length ? count : (size_t)bound;
}

int waldo_value_list_index(const waldo_value *value, const waldo_value *item, int64_t start,
                           int64_t stop, size_t *ret_index, waldo_error *reterr)
{
    int status = check(value, reterr);
    if (status < 0)
        return status;
    const waldo__list *list = (const waldo__list *)value;
    size_t position = clamp(start, list->count);
    status = find(list, item, clamp(stop, list->count), &position, reterr);
    if (status < 0)
        return status;
    if (status == 0) {
        char *text = waldo_value_repr(item);
        status = waldo_error_set(reterr, WALDO_EVALUE, "%s is not in list", text ? text : "x");
        free(text);
        return status;
    }
    *ret_index = position;
    return 0;
}

int waldo_value_list_count(const waldo_value *value, const waldo_value *item, size_t *ret_count,
                           waldo_error *reterr)
{
    int status = check(value, reterr);
    if (status < 0)
        return status;
    const waldo__list *list = (const waldo__list *)value;
    size_t found = 0;
    for (size_t i = 0; (status = find(list, item, list->count, &i, reterr)) == 1; i++)
        found++;
    if (status < 0)
        return status;
    *ret_count = found;
    return 0;
}

int waldo_value_list_remove(waldo_value *value, const waldo_value *item, waldo_error *reterr)
{
    int status = check(value, reterr);
    if (status < 0)
        return status;
    const waldo__list *list = (const waldo__list *)value;
    size_t position = 0;
    status = find(list, item, list->count, &position, reterr);
    if (status < 0)
        return status;
    if (status == 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "list.remove(x): x not in list");
    return waldo_value_list_pop(value, (int64_t)position, NULL, reterr);
}

int waldo_value_list_reverse(waldo_value *value, waldo_error *reterr)
{
    int status = check(value, reterr);
    if (status < 0)
        return status;
    waldo__list *list = (waldo__list *)value;
    for (size_t i = 0, j = list->count; i + 1 < j; i++) {
        waldo_value *other = list->items[--j];
        list->items[j] = list->items[i];
        list->items[i] = other;
    }
    return 0;
}
