/* Equality, as Python's ==. */
#include <string.h>

#include "value/integer.h"

bool waldo__is_number(const waldo_value *value)
{
    return waldo__is_int(value) || value->kind == WALDO_KIND_FLOAT;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static double real_of(const waldo_value *value)
{
    return ((const waldo__real *)value)->number;
}

static int compare_reals(double left, double right)
{
    if (left < right)
        return -1;
    if (left > right)
        return 1;
    return left == right ? 0 : WALDO_UNORDERED;
}

/* Exactly: no int is rounded to a float. */
static int compare_int_to_real(const waldo_value *left, double right)
{
    if (right != right)
        return WALDO_UNORDERED;
    waldo__int_view view;
    return sign(mpz_cmp_d(waldo__int_look(left, &view), right));
}

int waldo__compare_numbers(const waldo_value *left, const waldo_value *right)
{
    bool left_real = left->kind == WALDO_KIND_FLOAT;
    bool right_real = right->kind == WALDO_KIND_FLOAT;
    if (left_real && right_real)
        return compare_reals(real_of(left), real_of(right));
    if (right_real)
        return compare_int_to_real(left, real_of(right));
    if (left_real) {
        int order = compare_int_to_real(right, real_of(left));
        return order == WALDO_UNORDERED ? order : -order;
    }
    int64_t left_small;
    int64_t right_small;
    if (waldo__int_fits(left, &left_small) && waldo__int_fits(right, &right_small))
        return (left_small > right_small) - (left_small < right_small);
    waldo__int_view left_view;
    waldo__int_view right_view;
    return sign(mpz_cmp(waldo__int_look(left, &left_view), waldo__int_look(right, &right_view)));
}

static bool equal_text(const waldo_value *left, const waldo_value *right)
{
    const waldo__text *a = (const waldo__text *)left;
    const waldo__text *b = (const waldo__text *)right;
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static int equal_item(const waldo_value *left, const waldo_value *right, int depth,
                      waldo_error *reterr)
{
    return left == right ? 1 : waldo__equal(left, right, depth, reterr);
}

static int equal_sequences(const waldo_value *left, const waldo_value *right, int depth,
                           waldo_error *reterr)
{
    size_t count;
    size_t right_count;
    waldo_value *const *items = waldo__items(left, &count);
    waldo_value *const *right_items = waldo__items(right, &right_count);
    int status = count == right_count;
    for (size_t i = 0; i < count && status == 1; i++)
        status = equal_item(items[i], right_items[i], depth + 1, reterr);
    return status;
}

/* dicts or sets: in a set the values are NULL. */
static int equal_mappings(const waldo_value *left, const waldo_value *right, int depth,
                          waldo_error *reterr)
{
    const waldo__table *table = &((const waldo__mapping *)left)->table;
    const waldo__table *other = &((const waldo__mapping *)right)->table;
    int status = table->count == other->count;
    size_t position = 0;
    for (waldo__entry *entry; status == 1 && (entry = waldo__table_next(table, &position));) {
        const waldo__entry *found = waldo__table_find(other, entry->key, entry->hash);
        status = found ? equal_item(entry->value, found->value, depth + 1, reterr) : 0;
    }
    return status;
}

static int equal_arrays(const waldo_value *left, const waldo_value *right, waldo_error *reterr)
{
    const waldo__array *a = (const waldo__array *)left;
    const waldo__array *b = (const waldo__array *)right;
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++) {
        waldo_value *item = waldo__array_item(a, i);
        waldo_value *other = waldo__array_item(b, i);
        bool complete = item && other;
        same = complete && waldo__compare_numbers(item, other) == 0;
        waldo_value_unref(item);
        waldo_value_unref(other);
        if (!complete)
            return waldo__no_memory(reterr);
    }
    return same;
}

static bool equal_extensions(const waldo_value *left, const waldo_value *right)
{
    const waldo__extension *a = (const waldo__extension *)left;
    const waldo__extension *b = (const waldo__extension *)right;
    return strcmp(a->name, b->name) == 0 && a->size == b->size &&
           memcmp(a->data, b->data, a->size) == 0;
}

static bool equal_references(const waldo_value *left, const waldo_value *right)
{
    const waldo__reference *a = waldo__value_reference(left);
    const waldo__reference *b = waldo__value_reference(right);
    return a->incarnation == b->incarnation && a->object == b->object;
}

int waldo__equal(const waldo_value *left, const waldo_value *right, int depth, waldo_error *reterr)
{
    if (waldo__is_number(left) && waldo__is_number(right))
        return waldo__compare_numbers(left, right) == 0;
    if (left->kind != right->kind)
        return 0;
    if (depth > WALDO__MAX_DEPTH)
        return waldo__too_deep("comparison", reterr);
    switch (waldo_value_kind(left)) {
    case WALDO_KIND_STR:
    case WALDO_KIND_BYTES:
        return equal_text(left, right);
    case WALDO_KIND_LIST:
    case WALDO_KIND_TUPLE:
        return equal_sequences(left, right, depth, reterr);
    case WALDO_KIND_DICT:
    case WALDO_KIND_SET:
        return equal_mappings(left, right, depth, reterr);
    case WALDO_KIND_ARRAY:
        return equal_arrays(left, right, reterr);
    case WALDO_KIND_PROXY:
        return equal_references(left, right);
    case WALDO_KIND_EXTENSION:
        return equal_extensions(left, right);
    case WALDO_KIND_HANDLE:
        return ((const waldo__handle *)left)->object == ((const waldo__handle *)right)->object;
    default:
        return left == right;
    }
}

int waldo_value_equal(const waldo_value *left, const waldo_value *right, waldo_error *reterr)
{
    return waldo__equal(left, right, 0, reterr);
}
