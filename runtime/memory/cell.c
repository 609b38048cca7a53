#include "memory/cell.h"

#include <string.h>
#include <wchar.h>

#include "value/integer.h"
#include "value/layout.h"

#define LAST_CODE_POINT 0x10ffff

size_t waldo__cell_size(char typecode)
{
    switch (typecode) {
    case 'c':
        return 1;
    case 'u':
        return sizeof(wchar_t);
    default:
        return waldo__typecode_size(typecode);
    }
}

static int give(waldo_value *value, waldo_value **ret_value, waldo_error *reterr)
{
    if (!value)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    *ret_value = value;
    return 0;
}

/* A str of one code point; what is none becomes U+FFFD. */
static waldo_value *character(uint32_t point)
{
    char text[4];
    size_t size = 0;
    if (point > LAST_CODE_POINT)
        point = 0xfffd;
    if (point < 0x80) {
        text[size++] = (char)point;
    } else if (point < 0x800) {
        text[size++] = (char)(0xc0 | point >> 6);
        text[size++] = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        text[size++] = (char)(0xe0 | point >> 12);
        text[size++] = (char)(0x80 | (point >> 6 & 0x3f));
        text[size++] = (char)(0x80 | (point & 0x3f));
    } else {
        text[size++] = (char)(0xf0 | point >> 18);
        text[size++] = (char)(0x80 | (point >> 12 & 0x3f));
        text[size++] = (char)(0x80 | (point >> 6 & 0x3f));
        text[size++] = (char)(0x80 | (point & 0x3f));
    }
    return waldo_v_str_sized(text, size);
}

/* The value is UTF-8. */
static uint32_t code_point(const uint8_t *text, size_t size)
{
    static const uint8_t first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = text[0] & first_mask[size];
    for (size_t i = 1; i < size; ++i)
        point = point << 6 | (text[i] & 0x3f);
    return point;
}

int waldo__cell_get(char typecode, const void *cell, size_t size, waldo_value **ret_value,
                    waldo_error *reterr)
{
    wchar_t wide;
    switch (typecode) {
    case 0:
    case 'c':
        return give(waldo_v_bytes(cell, size), ret_value, reterr);
    case 'u':
        memcpy(&wide, cell, sizeof wide);
        return give(character((uint32_t)wide), ret_value, reterr);
    default:
        return give(waldo__typecode_item(typecode, cell), ret_value, reterr);
    }
}

static int set_bytes(void *cell, size_t size, const waldo_value *value, waldo_error *reterr)
{
    const uint8_t *data;
    size_t its_size;
    int status = waldo_value_get_bytes(value, &data, &its_size, reterr);
    if (status < 0)
        return status;
    if (its_size != size)
        return waldo_error_set(reterr, WALDO_EVALUE, "%zu bytes for an item of %zu", its_size,
                               size);
    memcpy(cell, data, size);
    return 0;
}

static int set_character(void *cell, const waldo_value *value, waldo_error *reterr)
{
    const char *text;
    size_t size;
    size_t length = 0;
    int status = waldo_value_get_str(value, &text, &size, reterr);
    if (status >= 0)
        status = waldo_value_length(value, &length, reterr);
    if (status < 0)
        return status;
    if (length != 1)
        return waldo_error_set(reterr, WALDO_ETYPE, "one character expected");
    wchar_t wide = (wchar_t)code_point((const uint8_t *)text, size);
    memcpy(cell, &wide, sizeof wide);
    return 0;
}

static int set_real(char typecode, void *cell, const waldo_value *value, waldo_error *reterr)
{
    double number;
    int status = waldo_value_get_double(value, &number, reterr);
    if (status < 0)
        return status;
    if (typecode == 'd')
        *(double *)cell = number;
    else
        *(float *)cell = (float)number;
    return 0;
}

/* Cut to the width, as a C cast does. */
static int set_integer(void *cell, size_t size, const waldo_value *value, waldo_error *reterr)
{
    if (!waldo__is_int(value))
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "'%s' object cannot be interpreted as an integer",
                               waldo_value_type_name(value));
    waldo__int_view view;
    mpz_srcptr number = waldo__int_look(value, &view);
    uint64_t bits = mpz_get_ui(number);
    if (mpz_sgn(number) < 0)
        bits = 0 - bits;
    waldo__store_integer(cell, size, bits);
    return 0;
}

int waldo__cell_set(char typecode, void *cell, size_t size, const waldo_value *value,
                    waldo_error *reterr)
{
    switch (typecode) {
    case 0:
    case 'c':
        return set_bytes(cell, size, value, reterr);
    case 'u':
        return set_character(cell, value, reterr);
    case 'f':
    case 'd':
        return set_real(typecode, cell, value, reterr);
    default:
        return set_integer(cell, size, value, reterr);
    }
}
