/* Arrays: Python's array.array, of a length that never changes. */
#include "value/layout.h"

#include <string.h>

#include "value/integer.h"

size_t waldo__typecode_size(char typecode)
{
    switch (typecode) {
    case 'b':
    case 'B':
        return 1;
    case 'h':
    case 'H':
        return 2;
    case 'i':
    case 'I':
    case 'f':
        return 4;
    case 'l':
    case 'L':
    case 'q':
    case 'Q':
    case 'd':
        return 8;
    default:
        return 0;
    }
}

static waldo_value *new_array(char typecode, const void *items, size_t count)
{
    size_t item_size = waldo__typecode_size(typecode);
    if (count > (SIZE_MAX / 2) / item_size)
        return NULL;
    waldo__array *array = waldo__new_value(WALDO_KIND_ARRAY, sizeof(*array) + count * item_size);
    if (!array)
        return NULL;
    array->typecode = typecode;
    array->item_size = (uint8_t)item_size;
    array->count = count;
    if (items && count > 0)
        memcpy(array->items, items, count * item_size);
    return &array->head;
}

waldo_value *waldo_v_array(char typecode, const void *items, size_t count)
{
    return waldo__typecode_size(typecode) ? new_array(typecode, items, count) : NULL;
}

int waldo_value_new_array(char typecode, const void *items, size_t count, waldo_value **ret_value,
                          waldo_error *reterr)
{
    if (!waldo__typecode_size(typecode))
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "bad typecode (must be b, B, h, H, i, I, l, L, q, Q, f or d)");
    return waldo__give(new_array(typecode, items, count), ret_value, reterr);
}

int waldo_value_array_items(const waldo_value *value, char *ret_typecode, const void **ret_items,
                            size_t *ret_count, waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_ARRAY)
        return waldo__wrong_type(value, "an array", reterr);
    const waldo__array *array = (const waldo__array *)value;
    *ret_typecode = array->typecode;
    *ret_items = array->items;
    *ret_count = array->count;
    return 0;
}

waldo_value *waldo__typecode_item(char typecode, const void *item)
{
    switch (typecode) {
    case 'b':
        return waldo_v_int64(*(const int8_t *)item);
    case 'B':
        return waldo_v_int64(*(const uint8_t *)item);
    case 'h':
        return waldo_v_int64(*(const int16_t *)item);
    case 'H':
        return waldo_v_int64(*(const uint16_t *)item);
    case 'i':
        return waldo_v_int64(*(const int32_t *)item);
    case 'I':
        return waldo_v_int64(*(const uint32_t *)item);
    case 'l':
    case 'q':
        return waldo_v_int64(*(const int64_t *)item);
    case 'L':
    case 'Q':
        return waldo_v_uint64(*(const uint64_t *)item);
    case 'f':
        return waldo_v_float((double)*(const float *)item);
    default:
        return waldo_v_float(*(const double *)item);
    }
}

waldo_value *waldo__array_item(const waldo__array *array, size_t index)
{
    return waldo__typecode_item(array->typecode, array->items + index * array->item_size);
}

int waldo_value_array_get(const waldo_value *value, int64_t index, waldo_value **ret_item,
                          waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_ARRAY)
        return waldo__wrong_type(value, "an array", reterr);
    const waldo__array *array = (const waldo__array *)value;
    if (!waldo__resolve_index(&index, array->count))
        return waldo_error_set(reterr, WALDO_EINDEX, "array index out of range");
    return waldo__give(waldo__array_item(array, (size_t)index), ret_item, reterr);
}

/* What an integer typecode holds, and what Python calls it when it does not. */
typedef struct integer_type {
    char typecode;
    int64_t least;
    uint64_t greatest;
    const char *name;
} integer_type;

static const integer_type integer_types[] = {
    {'b', INT8_MIN, INT8_MAX, "signed char"},
    {'B', 0, UINT8_MAX, "unsigned byte integer"},
    {'h', INT16_MIN, INT16_MAX, "signed short integer"},
    {'H', 0, UINT16_MAX, "unsigned short"},
    {'i', INT32_MIN, INT32_MAX, "signed integer"},
    {'I', 0, UINT32_MAX, "unsigned int"},
    {'l', INT64_MIN, INT64_MAX, "signed long"},
    {'L', 0, UINT64_MAX, "unsigned long"},
    {'q', INT64_MIN, INT64_MAX, "signed long long"},
    {'Q', 0, UINT64_MAX, "unsigned long long"},
};

/* The 64 bits of an int within the type's range. */
static int bits_within(const integer_type *type, const waldo_value *item, uint64_t *ret_bits,
                       waldo_error *reterr)
{
    int64_t number;
    if (!waldo__is_int(item))
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "'%s' object cannot be interpreted as an integer",
                               waldo_value_type_name(item));
    waldo__int_view view;
    mpz_srcptr exact = waldo__int_look(item, &view);
    if (mpz_cmp_si(exact, type->least) < 0)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "%s is less than minimum", type->name);
    if (mpz_cmp_ui(exact, type->greatest) > 0)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "%s is greater than maximum", type->name);
    *ret_bits = waldo__int_fits(item, &number) ? (uint64_t)number : mpz_get_ui(exact);
    return 0;
}

void waldo__store_integer(void *target, size_t size, uint64_t bits)
{
    switch (size) {
    case 1:
        *(uint8_t *)target = (uint8_t)bits;
        break;
    case 2:
        *(uint16_t *)target = (uint16_t)bits;
        break;
    case 4:
        *(uint32_t *)target = (uint32_t)bits;
        break;
    default:
        *(uint64_t *)target = bits;
    }
}

static int set_integer(waldo__array *array, size_t index, const waldo_value *item,
                       waldo_error *reterr)
{
    const integer_type *type = integer_types;
    while (type->typecode != array->typecode)
        type++;
    uint64_t bits = 0;
    int status = bits_within(type, item, &bits, reterr);
    if (status < 0)
        return status;
    waldo__store_integer(array->items + index * array->item_size, array->item_size, bits);
    return 0;
}

static int set_real(waldo__array *array, size_t index, const waldo_value *item, waldo_error *reterr)
{
    double number;
    if (!waldo__is_number(item))
        return waldo_error_set(reterr, WALDO_ETYPE, "must be real number, not %s",
                               waldo_value_type_name(item));
    int status = waldo_value_get_double(item, &number, reterr);
    if (status < 0)
        return status;
    if (array->typecode == 'f')
        ((float *)(void *)array->items)[index] = (float)number;
    else
        ((double *)(void *)array->items)[index] = number;
    return 0;
}

int waldo_value_array_set(waldo_value *value, int64_t index, const waldo_value *item,
                          waldo_error *reterr)
{
    if (value->kind != WALDO_KIND_ARRAY)
        return waldo__wrong_type(value, "an array", reterr);
    waldo__array *array = (waldo__array *)value;
    if (!waldo__resolve_index(&index, array->count))
        return waldo_error_set(reterr, WALDO_EINDEX, "array assignment index out of range");
    if (array->typecode == 'f' || array->typecode == 'd')
        return set_real(array, (size_t)index, item, reterr);
    return set_integer(array, (size_t)index, item, reterr);
}
