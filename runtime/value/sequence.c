/* + and * of str, bytes, list, tuple and array. */
#include <string.h>

#include "value/arithmetic.h"

bool waldo__is_sequence(const waldo_value *value)
{
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_STR:
    case WALDO_KIND_BYTES:
    case WALDO_KIND_LIST:
    case WALDO_KIND_TUPLE:
    case WALDO_KIND_ARRAY:
        return true;
    default:
        return false;
    }
}

/* What a sequence is made of, whatever its kind: count units of unit_size bytes. */
typedef struct span {
    const void *data;
    size_t count;
    size_t unit_size;
} span;

static span span_of(const waldo_value *value)
{
    if (value->kind == WALDO_KIND_ARRAY) {
        const waldo__array *array = (const waldo__array *)value;
        return (span){array->items, array->count, array->item_size};
    }
    if (value->kind == WALDO_KIND_STR || value->kind == WALDO_KIND_BYTES) {
        const waldo__text *text = (const waldo__text *)value;
        return (span){text->data, text->size, 1};
    }
    span items = {NULL, 0, sizeof(waldo_value *)};
    items.data = waldo__items(value, &items.count);
    return items;
}

/* A new sequence like model, of count units to be filled in at *ret_data. NULL: out of memory. */
static waldo_value *new_like(const waldo_value *model, size_t count, void **ret_data)
{
    switch (waldo_value_kind(model)) {
    case WALDO_KIND_LIST: {
        waldo__list *list = waldo__new_list(count);
        *ret_data = list ? list->items : NULL;
        return list ? &list->base.head : NULL;
    }
    case WALDO_KIND_TUPLE: {
        waldo__tuple *tuple = waldo__new_tuple(count);
        *ret_data = tuple ? tuple->items : NULL;
        return tuple ? &tuple->base.head : NULL;
    }
    case WALDO_KIND_ARRAY: {
        waldo_value *array = waldo_v_array(((const waldo__array *)model)->typecode, NULL, count);
        *ret_data = array ? ((waldo__array *)array)->items : NULL;
        return array;
    }
    default: {
        waldo__text *text = waldo__new_text(waldo_value_kind(model), count);
        *ret_data = text ? text->data : NULL;
        return text ? &text->head : NULL;
    }
    }
}

/* Copies the units to target and counts the references. Returns the end of what was written. */
static void *copy_span(void *target, span from, bool are_values)
{
    if (from.count == 0)
        return target;
    memcpy(target, from.data, from.count * from.unit_size);
    if (are_values) {
        waldo_value *const *items = from.data;
        for (size_t i = 0; i < from.count; i++)
            waldo_value_ref(items[i]);
    }
    return (char *)target + from.count * from.unit_size;
}

static int cannot_concatenate(const waldo_value *left, const waldo_value *right,
                              waldo_error *reterr)
{
    if (left->kind == WALDO_KIND_BYTES)
        return waldo_error_set(reterr, WALDO_ETYPE, "can't concat %s to bytes",
                               waldo_value_type_name(right));
    const char *name = left->kind == WALDO_KIND_ARRAY ? "array" : waldo_value_type_name(left);
    return waldo_error_set(reterr, WALDO_ETYPE, "can only %s %s (not \"%s\") to %s",
                           left->kind == WALDO_KIND_ARRAY ? "append" : "concatenate", name,
                           waldo_value_type_name(right), name);
}

int waldo__concatenate(const waldo_value *left, const waldo_value *right, waldo_value **ret_value,
                       waldo_error *reterr)
{
    if (left->kind != right->kind)
        return cannot_concatenate(left, right, reterr);
    if (left->kind == WALDO_KIND_ARRAY &&
        ((const waldo__array *)left)->typecode != ((const waldo__array *)right)->typecode)
        return waldo_error_set(reterr, WALDO_ETYPE, "bad argument type for built-in operation");
    span first = span_of(left);
    span second = span_of(right);
    void *target;
    waldo_value *sum = new_like(left, first.count + second.count, &target);
    if (!sum)
        return waldo__no_memory(reterr);
    bool are_values = waldo__is_container(left);
    copy_span(copy_span(target, first, are_values), second, are_values);
    *ret_value = sum;
    return 0;
}

int waldo__repeat(const waldo_value *sequence, const waldo_value *times, waldo_value **ret_value,
                  waldo_error *reterr)
{
    if (!waldo__is_int(times))
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "can't multiply sequence by non-int of type '%s'",
                               waldo_value_type_name(times));
    int64_t number;
    if (!waldo__int_fits(times, &number))
        return waldo_error_set(reterr, WALDO_EOVERFLOW,
                               "cannot fit 'int' into an index-sized integer");
    span units = span_of(sequence);
    size_t room = WALDO__MAX_REPEAT / units.unit_size;
    size_t count = number > 0 && units.count > 0 ? (size_t)number : 0;
    if (count > 0 && count > room / units.count)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "repeated %s would be beyond 1 GiB",
                               waldo_value_type_name(sequence));
    void *target;
    waldo_value *product = new_like(sequence, units.count * count, &target);
    if (!product)
        return waldo__no_memory(reterr);
    for (size_t i = 0; i < count; i++)
        target = copy_span(target, units, waldo__is_container(sequence));
    *ret_value = product;
    return 0;
}
