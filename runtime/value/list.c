/* Lists and tuples. */
#include "value/layout.h"

#include <stdlib.h>
#include <string.h>

waldo__list *waldo__new_list(size_t count)
{
    waldo__list *list = waldo__new_value(WALDO_KIND_LIST, sizeof(*list));
    if (!list || count == 0)
        return list;
    list->items = calloc(count, sizeof(*list->items));
    if (!list->items) {
        free(list);
        return NULL;
    }
    list->count = count;
    list->capacity = count;
    return list;
}

waldo__tuple *waldo__new_tuple(size_t count)
{
    waldo__tuple *tuple;
    if (count > (SIZE_MAX - sizeof(*tuple)) / sizeof(tuple->items[0]))
        return NULL;
    tuple = waldo__new_value(WALDO_KIND_TUPLE, sizeof(*tuple) + count * sizeof(tuple->items[0]));
    if (tuple)
        tuple->count = count;
    return tuple;
}

static bool is_complete(waldo_value *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!items[i])
            return false;
    return true;
}

static void unref_all(waldo_value *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        waldo_value_unref(items[i]);
}

waldo_value *waldo_v_list_of(waldo_value *const *items, size_t count)
{
    waldo__list *list = is_complete(items, count) ? waldo__new_list(count) : NULL;
    if (!list) {
        unref_all(items, count);
        return NULL;
    }
    if (count > 0)
        memcpy(list->items, items, count * sizeof(*items));
    return &list->base.head;
}

waldo_value *waldo_v_tuple_of(waldo_value *const *items, size_t count)
{
    waldo__tuple *tuple = is_complete(items, count) ? waldo__new_tuple(count) : NULL;
    if (!tuple) {
        unref_all(items, count);
        return NULL;
    }
    if (count > 0)
        memcpy(tuple->items, items, count * sizeof(*items));
    return &tuple->base.head;
}

int waldo_value_item(const waldo_value *sequence, int64_t index, waldo_value **ret_item,
                     waldo_error *reterr)
{
    if (sequence->kind != WALDO_KIND_LIST && sequence->kind != WALDO_KIND_TUPLE)
        return waldo__wrong_type(sequence, "a list or a tuple", reterr);
    size_t count;
    waldo_value *const *items = waldo__items(sequence, &count);
    if (!waldo__resolve_index(&index, count))
        return waldo_error_set(reterr, WALDO_EINDEX, "%s index out of range",
                               waldo_value_type_name(sequence));
    *ret_item = waldo_value_ref(items[index]);
    return 0;
}

/* The list behind value, if item is there as well; else *ret_status says what is wrong. */
static waldo__list *list_for(waldo_value *value, const waldo_value *item, int *ret_status,
                             waldo_error *reterr)
{
    if (!item)
        *ret_status = waldo__no_memory(reterr);
    else if (value->kind != WALDO_KIND_LIST)
        *ret_status = waldo__wrong_type(value, "a list", reterr);
    else
        return (waldo__list *)value;
    return NULL;
}

/* Room for one item more; an eighth is added, as CPython does. */
static bool grow(waldo__list *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->count + list->count / 8 + 4;
    waldo_value **items = reallocarray(list->items, capacity, sizeof(*items));
    if (!items)
        return false;
    list->items = items;
    list->capacity = capacity;
    return true;
}

/* TAKES item; 0 <= index <= count. */
static int insert(waldo__list *list, size_t index, waldo_value *item, waldo_error *reterr)
{
    if (!grow(list)) {
        waldo_value_unref(item);
        return waldo__no_memory(reterr);
    }
    memmove(list->items + index + 1, list->items + index,
            (list->count - index) * sizeof(*list->items));
    list->items[index] = item;
    list->count++;
    return 0;
}

int waldo_value_list_append(waldo_value *value, waldo_value *item, waldo_error *reterr)
{
    int status = 0;
    waldo__list *list = list_for(value, item, &status, reterr);
    if (list)
        return insert(list, list->count, item, reterr);
    waldo_value_unref(item);
    return status;
}

int waldo_value_list_insert(waldo_value *value, int64_t index, waldo_value *item,
                            waldo_error *reterr)
{
    int status = 0;
    waldo__list *list = list_for(value, item, &status, reterr);
    if (!list) {
        waldo_value_unref(item);
        return status;
    }
    int64_t count = (int64_t)list->count;
    int64_t position = index < 0 ? index + count : index;
    position = position < 0 ? 0 : position > count ? count : position;
    return insert(list, (size_t)position, item, reterr);
}

int waldo_value_list_set(waldo_value *value, int64_t index, waldo_value *item, waldo_error *reterr)
{
    int status = 0;
    waldo__list *list = list_for(value, item, &status, reterr);
    if (list && !waldo__resolve_index(&index, list->count)) {
        list = NULL;
        status = waldo_error_set(reterr, WALDO_EINDEX, "list assignment index out of range");
    }
    waldo_value *old = item;
    if (list) {
        old = list->items[index];
        list->items[index] = item;
    }
    waldo_value_unref(old);
    return status;
}

int waldo_value_list_pop(waldo_value *value, int64_t index, waldo_value **ret_item,
                         waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_LIST)
        return waldo__wrong_type(value, "a list", reterr);
    waldo__list *list = (waldo__list *)value;
    if (!waldo__resolve_index(&index, list->count))
        return waldo_error_set(reterr, WALDO_EINDEX, "%s",
                               !ret_item          ? "list assignment index out of range"
                               : list->count == 0 ? "pop from empty list"
                                                  : "pop index out of range");
    waldo_value *item = list->items[index];
    list->count--;
    memmove(list->items + index, list->items + index + 1,
            (list->count - (size_t)index) * sizeof(*list->items));
    if (ret_item)
        *ret_item = item;
    else
        waldo_value_unref(item);
    return 0;
}
