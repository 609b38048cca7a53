/* Arrays from other values, and with a slice replaced. */
#include <string.h>

#include <waldo/value_methods.h>

#include "value/iterate.h"
#include "value/layout.h"
#include "value/message.h"
#include "value/slice.h"

static int from_bytes(char typecode, const waldo__text *bytes, waldo_value **ret_array,
                      waldo_error *reterr)
{
    size_t item_size = waldo__typecode_size(typecode);
    if (bytes->size % item_size != 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "bytes length not a multiple of item size");
    return waldo__give(waldo_v_array(typecode, bytes->data, bytes->size / item_size), ret_array,
                       reterr);
}

static int from_items(char typecode, const waldo_value *source, waldo_value **ret_array,
                      waldo_error *reterr)
{
    size_t count;
    waldo_value *const *items = waldo__items(source, &count);
    waldo_value *array = waldo_v_array(typecode, NULL, count);
    if (!array)
        return waldo__no_memory(reterr);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++)
        status = waldo_value_array_set(array, (int64_t)i, items[i], reterr);
    if (status < 0)
        waldo_value_unref(array);
    else
        *ret_array = array;
    return status;
}

int waldo_value_to_array(char typecode, const waldo_value *iterable, waldo_value **ret_array,
                         waldo_error *reterr)
{
    if (iterable->kind == WALDO_KIND_STR)
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "cannot use a str to initialize an array with typecode '%c'",
                               typecode);
    /* Memory of the right kind is taken as it is. */
    bool is_bytes = iterable->kind == WALDO_KIND_BYTES;
    if (iterable->kind == WALDO_KIND_ARRAY &&
        ((const waldo__array *)iterable)->typecode == typecode)
        return waldo_value_copy(iterable, ret_array, reterr);
    waldo_value *source = NULL;
    int status = is_bytes ? 0 : waldo__as_items(iterable, &source, reterr);
    if (status < 0)
        return status;
    if (waldo__typecode_size(typecode) == 0)
        status = waldo_error_set(reterr, WALDO_EVALUE,
                                 "bad typecode (must be b, B, h, H, i, I, l, L, q, Q, f or d)");
    else if (is_bytes)
        status = from_bytes(typecode, (const waldo__text *)iterable, ret_array, reterr);
    else
        status = from_items(typecode, source, ret_array, reterr);
    waldo_value_unref(source);
    return status;
}

static int put_extended(const waldo__array *array, const waldo__range *range,
                        const waldo__array *items, waldo_value **ret_array, waldo_error *reterr)
{
    if (items->count != range->count)
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "attempt to assign array of size %zu to extended slice of size %zu",
                               items->count, range->count);
    waldo_value *result = waldo_v_array(array->typecode, array->items, array->count);
    if (!result)
        return waldo__no_memory(reterr);
    uint8_t *target = ((waldo__array *)result)->items;
    for (size_t i = 0; i < items->count; i++)
        memcpy(target + (size_t)(range->start + (int64_t)i * range->step) * array->item_size,
               items->items + i * array->item_size, array->item_size);
    *ret_array = result;
    return 0;
}

static waldo_value *spliced(const waldo__array *array, const waldo__range *range,
                            const waldo__array *items)
{
    size_t size = array->item_size;
    size_t start = (size_t)range->start;
    size_t behind = array->count - start - range->count;
    waldo_value *result = waldo_v_array(array->typecode, NULL, start + items->count + behind);
    if (!result)
        return NULL;
    uint8_t *target = ((waldo__array *)result)->items;
    memcpy(target, array->items, start * size);
    memcpy(target + start * size, items->items, items->count * size);
    memcpy(target + (start + items->count) * size, array->items + (start + range->count) * size,
           behind * size);
    return result;
}

/* No items for a slice with a step: those of the slice go. */
static waldo_value *without(const waldo__array *array, const waldo__range *range)
{
    int64_t stride = range->step < 0 ? -range->step : range->step;
    int64_t first = range->step < 0 && range->count > 0
                        ? range->start + (int64_t)(range->count - 1) * range->step
                        : range->start;
    waldo_value *result = waldo_v_array(array->typecode, NULL, array->count - range->count);
    uint8_t *target = result ? ((waldo__array *)result)->items : NULL;
    size_t skipped = 0;
    for (size_t i = 0; result && i < array->count; i++) {
        if (skipped < range->count && (int64_t)i == first + (int64_t)skipped * stride) {
            skipped++;
            continue;
        }
        memcpy(target, array->items + i * array->item_size, array->item_size);
        target += array->item_size;
    }
    return result;
}

int waldo_value_array_splice(const waldo_value *value, const waldo_value *slice,
                             const waldo_value *items, waldo_value **ret_array, waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_ARRAY)
        return waldo__wrong_type(value, "an array", reterr);
    if (!waldo__is_slice(slice))
        return waldo_error_set(reterr, WALDO_ETYPE, "array indices must be integers");
    const waldo__array *array = (const waldo__array *)value;
    const waldo__array *other = (const waldo__array *)items;
    waldo__range range;
    int status = waldo__slice_resolve(slice, array->count, &range, reterr);
    if (status < 0)
        return status;
    if (items->kind != WALDO_KIND_ARRAY)
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "can only assign array (not \"%s\") to array slice",
                               waldo_value_type_name(items));
    if (other->typecode != array->typecode)
        return waldo_error_set(reterr, WALDO_ETYPE, "bad argument type for built-in operation");
    if (range.step != 1 && other->count > 0)
        return put_extended(array, &range, other, ret_array, reterr);
    if (range.step != 1)
        return waldo__give(without(array, &range), ret_array, reterr);
    return waldo__give(spliced(array, &range, other), ret_array, reterr);
}
