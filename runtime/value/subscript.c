/* container[index], as Python has it. */
#include <stdlib.h>
#include <string.h>

#include <waldo/value_methods.h>

#include "value/integer.h"
#include "value/iterate.h"
#include "value/layout.h"
#include "value/list.h"
#include "value/slice.h"

/* An int as an index. */
static int index_of(const waldo_value *container, const waldo_value *index, int64_t *ret_index,
                    waldo_error *reterr)
{
    if (!waldo__is_int(index)) {
        bool is_array = container->kind == WALDO_KIND_ARRAY;
        return is_array ? waldo_error_set(reterr, WALDO_ETYPE, "array indices must be integers")
                        : waldo_error_set(
                              reterr, WALDO_ETYPE, "%s indices must be integers or slices, not %s",
                              waldo_value_type_name(container), waldo_value_type_name(index));
    }
    if (!waldo__int_fits(index, ret_index))
        return waldo_error_set(reterr, WALDO_EINDEX,
                               "cannot fit 'int' into an index-sized integer");
    return 0;
}

static int not_subscriptable(const waldo_value *value, const char *what, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE, "'%s' object %s", waldo_value_type_name(value),
                           what);
}

/* ---- [] ---- */

static waldo_value *items_in(const waldo_value *sequence, const waldo__range *range)
{
    size_t count;
    waldo_value *const *items = waldo__items(sequence, &count);
    waldo_value **chosen;
    waldo_value *result;
    if (sequence->kind == WALDO_KIND_LIST) {
        waldo__list *list = waldo__new_list(range->count);
        result = list ? &list->base.head : NULL;
        chosen = list ? list->items : NULL;
    } else {
        waldo__tuple *tuple = waldo__new_tuple(range->count);
        result = tuple ? &tuple->base.head : NULL;
        chosen = tuple ? tuple->items : NULL;
    }
    for (size_t i = 0; result && i < range->count; i++)
        chosen[i] = waldo_value_ref(items[range->start + (int64_t)i * range->step]);
    return result;
}

static waldo_value *array_in(const waldo__array *array, const waldo__range *range)
{
    waldo_value *result = waldo_v_array(array->typecode, NULL, range->count);
    uint8_t *target = result ? ((waldo__array *)result)->items : NULL;
    for (size_t i = 0; result && i < range->count; i++) {
        size_t from = (size_t)(range->start + (int64_t)i * range->step);
        memcpy(target + i * array->item_size, array->items + from * array->item_size,
               array->item_size);
    }
    return result;
}

static int get_slice(const waldo_value *sequence, const waldo_value *slice, waldo_value **ret_items,
                     waldo_error *reterr)
{
    size_t length;
    waldo__range range;
    int status = waldo_value_length(sequence, &length, reterr);
    if (status >= 0)
        status = waldo__slice_resolve(slice, length, &range, reterr);
    if (status < 0)
        return status;
    bool is_array = sequence->kind == WALDO_KIND_ARRAY;
    return waldo__give(is_array ? array_in((const waldo__array *)sequence, &range)
                                : items_in(sequence, &range),
                       ret_items, reterr);
}

int waldo_value_getitem(const waldo_value *container, const waldo_value *index,
                        waldo_value **ret_item, waldo_error *reterr)
{
    if (container->kind == WALDO_KIND_DICT)
        return waldo_value_dict_get(container, index, ret_item, reterr);
    bool is_array = container->kind == WALDO_KIND_ARRAY;
    if (!is_array && container->kind != WALDO_KIND_LIST && container->kind != WALDO_KIND_TUPLE)
        return not_subscriptable(container, "is not subscriptable", reterr);
    if (waldo__is_slice(index))
        return get_slice(container, index, ret_item, reterr);
    int64_t position = 0;
    int status = index_of(container, index, &position, reterr);
    if (status < 0)
        return status;
    return is_array ? waldo_value_array_get(container, position, ret_item, reterr)
                    : waldo_value_item(container, position, ret_item, reterr);
}

/* ---- [] = ---- */

static int put_extended(waldo__list *list, const waldo__range *range, waldo_value *const *items,
                        size_t count, waldo_error *reterr)
{
    if (count != range->count)
        return waldo_error_set(
            reterr, WALDO_EVALUE,
            "attempt to assign sequence of size %zu to extended slice of size %zu", count,
            range->count);
    for (size_t i = 0; i < count; i++) {
        waldo_value **place = &list->items[range->start + (int64_t)i * range->step];
        waldo_value *old = *place;
        *place = waldo_value_ref(items[i]);
        waldo_value_unref(old);
    }
    return 0;
}

static int set_slice(waldo__list *list, const waldo_value *slice, const waldo_value *iterable,
                     waldo_error *reterr)
{
    waldo__range range;
    waldo_value *source;
    int status = waldo__slice_resolve(slice, list->count, &range, reterr);
    if (status < 0)
        return status;
    status = waldo__as_items(iterable, &source, reterr);
    if (status == WALDO_ETYPE)
        return waldo_error_set(reterr, WALDO_ETYPE,
                               range.step == 1 ? "can only assign an iterable"
                                               : "must assign iterable to extended slice");
    if (status < 0)
        return status;
    size_t count;
    waldo_value *const *items = waldo__items(source, &count);
    if (range.step == 1)
        status = waldo__list_splice(list, (size_t)range.start, range.count, items, count, reterr);
    else
        status = put_extended(list, &range, items, count, reterr);
    waldo_value_unref(source);
    return status;
}

int waldo_value_setitem(waldo_value *container, const waldo_value *index, const waldo_value *item,
                        waldo_error *reterr)
{
    if (container->kind == WALDO_KIND_DICT)
        return waldo_value_dict_set(container, waldo_value_ref(index), waldo_value_ref(item),
                                    reterr);
    if (container->kind != WALDO_KIND_LIST)
        return not_subscriptable(container, "does not support item assignment", reterr);
    if (waldo__is_slice(index))
        return set_slice((waldo__list *)container, index, item, reterr);
    int64_t position = 0;
    int status = index_of(container, index, &position, reterr);
    return status < 0 ? status
                      : waldo_value_list_set(container, position, waldo_value_ref(item), reterr);
}

/* ---- del [] ---- */

/* Removes the items of a range with a step: the others close up. */
static int remove_extended(waldo__list *list, const waldo__range *range, waldo_error *reterr)
{
    if (range->count == 0)
        return 0;
    waldo_value **removed = malloc(range->count * sizeof(waldo_value *));
    if (!removed)
        return waldo__no_memory(reterr);
    int64_t stride = range->step < 0 ? -range->step : range->step;
    int64_t last = range->start + (int64_t)(range->count - 1) * range->step;
    int64_t first = range->step < 0 ? last : range->start;
    size_t target = (size_t)first;
    size_t taken = 0;
    for (size_t i = (size_t)first; i < list->count; i++) {
        if (taken < range->count && (int64_t)i == first + (int64_t)taken * stride)
            removed[taken++] = list->items[i];
        else
            list->items[target++] = list->items[i];
    }
    list->count = target;
    for (size_t i = 0; i < taken; i++)
        waldo_value_unref(removed[i]);
    free(removed);
    return 0;
}

static int delete_slice(waldo__list *list, const waldo_value *slice, waldo_error *reterr)
{
    waldo__range range;
    int status = waldo__slice_resolve(slice, list->count, &range, reterr);
    if (status < 0)
        return status;
    if (range.step == 1)
        return waldo__list_splice(list, (size_t)range.start, range.count, NULL, 0, reterr);
    return remove_extended(list, &range, reterr);
}

int waldo_value_delitem(waldo_value *container, const waldo_value *index, waldo_error *reterr)
{
    if (container->kind == WALDO_KIND_DICT)
        return waldo_value_dict_pop(container, index, NULL, reterr);
    if (container->kind != WALDO_KIND_LIST)
        return not_subscriptable(container, "does not support item deletion", reterr);
    if (waldo__is_slice(index))
        return delete_slice((waldo__list *)container, index, reterr);
    int64_t position = 0;
    int status = index_of(container, index, &position, reterr);
    return status < 0 ? status : waldo_value_list_pop(container, position, NULL, reterr);
}
