/* Order, as Python's <. */
#include <string.h>

#include "value/integer.h"

static int compare(const waldo_value *left, const waldo_value *right, int depth, int *ret_order,
                   waldo_error *reterr);

static int order_of_sizes(size_t left, size_t right)
{
    return (left > right) - (left < right);
}

/* UTF-8 sorts as its code points do. */
static int compare_text(const waldo_value *left, const waldo_value *right)
{
    const waldo__text *a = (const waldo__text *)left;
    const waldo__text *b = (const waldo__text *)right;
    int order = memcmp(a->data, b->data, a->size < b->size ? a->size : b->size);
    return order != 0 ? (order > 0) - (order < 0) : order_of_sizes(a->size, b->size);
}

/* The first pair that is not equal decides. */
static int compare_sequences(const waldo_value *left, const waldo_value *right, int depth,
                             int *ret_order, waldo_error *reterr)
{
    size_t count;
    size_t right_count;
    waldo_value *const *items = waldo__items(left, &count);
    waldo_value *const *right_items = waldo__items(right, &right_count);
    for (size_t i = 0; i < count && i < right_count; i++) {
        if (items[i] == right_items[i])
            continue;
        int status = waldo__equal(items[i], right_items[i], depth + 1, reterr);
        if (status < 0)
            return status;
        if (status == 0)
            return compare(items[i], right_items[i], depth + 1, ret_order, reterr);
    }
    *ret_order = order_of_sizes(count, right_count);
    return 0;
}

static bool is_subset(const waldo__table *table, const waldo__table *of)
{
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(table, &position));)
        if (!waldo__table_find(of, entry->key, entry->hash))
            return false;
    return true;
}

static int compare_sets(const waldo_value *left, const waldo_value *right)
{
    const waldo__table *a = &((const waldo__mapping *)left)->table;
    const waldo__table *b = &((const waldo__mapping *)right)->table;
    if (a->count <= b->count && is_subset(a, b))
        return a->count == b->count ? 0 : -1;
    return a->count > b->count && is_subset(b, a) ? 1 : WALDO_UNORDERED;
}

static int compare_arrays(const waldo_value *left, const waldo_value *right, int *ret_order,
                          waldo_error *reterr)
{
    const waldo__array *a = (const waldo__array *)left;
    const waldo__array *b = (const waldo__array *)right;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        waldo_value *item = waldo__array_item(a, i);
        waldo_value *other = waldo__array_item(b, i);
        bool complete = item && other;
        int order = complete ? waldo__compare_numbers(item, other) : 0;
        waldo_value_unref(item);
        waldo_value_unref(other);
        if (!complete)
            return waldo__no_memory(reterr);
        if (order != 0) {
            *ret_order = order;
            return 0;
        }
    }
    *ret_order = order_of_sizes(a->count, b->count);
    return 0;
}

static int not_supported(const waldo_value *left, const waldo_value *right, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE,
                           "'<' not supported between instances of '%s' and '%s'",
                           waldo_value_type_name(left), waldo_value_type_name(right));
}

static int compare(const waldo_value *left, const waldo_value *right, int depth, int *ret_order,
                   waldo_error *reterr)
{
    if (waldo__is_number(left) && waldo__is_number(right)) {
        *ret_order = waldo__compare_numbers(left, right);
        return 0;
    }
    if (left->kind != right->kind)
        return not_supported(left, right, reterr);
    if (depth > WALDO__MAX_DEPTH)
        return waldo__too_deep("comparison", reterr);
    switch (waldo_value_kind(left)) {
    case WALDO_KIND_STR:
    case WALDO_KIND_BYTES:
        *ret_order = compare_text(left, right);
        return 0;
    case WALDO_KIND_LIST:
    case WALDO_KIND_TUPLE:
        return compare_sequences(left, right, depth, ret_order, reterr);
    case WALDO_KIND_SET:
        *ret_order = compare_sets(left, right);
        return 0;
    case WALDO_KIND_ARRAY:
        return compare_arrays(left, right, ret_order, reterr);
    default:
        return not_supported(left, right, reterr);
    }
}

int waldo_value_compare(const waldo_value *left, const waldo_value *right, int *ret_order,
                        waldo_error *reterr)
{
    return compare(left, right, 0, ret_order, reterr);
}
