/* Ints from text and to text, as Python's int(text, base). */
#include <stdlib.h>
#include <string.h>

#include "value/integer.h"

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return 99;
}

/* The base that a prefix such as 0x names; 0 for none. */
static int prefix_base(const char *text)
{
    if (text[0] != '0')
        return 0;
    switch (text[1]) {
    case 'x':
    case 'X':
        return 16;
    case 'o':
    case 'O':
        return 8;
    case 'b':
    case 'B':
        return 2;
    default:
        return 0;
    }
}

/* Copies the digits of a number in that base without the underscores that may stand between two of
 * them. Returns how many, 0 if something else is there. */
static size_t copy_digits(const char *text, size_t size, int base, bool after_prefix, char *digits)
{
    size_t count = 0;
    bool underscore_allowed = after_prefix;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '_' && underscore_allowed) {
            underscore_allowed = false;
            continue;
        }
        if (digit_value(text[i]) >= base)
            return 0;
        digits[count++] = text[i];
        underscore_allowed = true;
    }
    digits[count] = '\0';
    return size > 0 && text[size - 1] == '_' ? 0 : count;
}

/* Sets number from text without spaces around it; false: it is none. digits has room for it. */
static bool parse(const char *text, size_t size, int base, char *digits, mpz_ptr number)
{
    const char *end = text + size;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    int named = size > 1 ? prefix_base(text) : 0;
    bool prefixed = named != 0 && (base == 0 || base == named);
    if (prefixed)
        text += 2;
    bool by_prefix = base == 0;
    if (by_prefix)
        base = prefixed ? named : 10;
    if (text >= end || !copy_digits(text, (size_t)(end - text), base, prefixed, digits))
        return false;
    if (mpz_set_str(number, digits, base) < 0)
        return false;
    if (by_prefix && !prefixed && digits[0] == '0' && mpz_sgn(number) != 0)
        return false;
    if (negative)
        mpz_neg(number, number);
    return true;
}

int waldo_value_parse_int(const char *text, int base, waldo_value **ret_value, waldo_error *reterr)
{
    if (base != 0 && (base < 2 || base > 36))
        return waldo_error_set(reterr, WALDO_EVALUE, "int() base must be >= 2 and <= 36, or 0");
    const char *first = text;
    while (is_space(*first))
        first++;
    size_t size = strlen(first);
    while (size > 0 && is_space(first[size - 1]))
        size--;
    /* An underscore may follow each digit. */
    if (size > 2 * WALDO__INT_BITS)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "int has more than %zu bits",
                               WALDO__INT_BITS);
    char *digits = malloc(size + 1);
    if (!digits)
        return waldo__no_memory(reterr);
    mpz_t number;
    mpz_init(number);
    int status;
    if (parse(first, size, base, digits, number))
        status = waldo__int_from_mpz(number, ret_value, reterr);
    else
        status = waldo_error_set(reterr, WALDO_EVALUE,
                                 "invalid literal for int() with base %d: '%s'", base, text);
    mpz_clear(number);
    free(digits);
    return status;
}

waldo_value *waldo_v_int_text(const char *text, int base)
{
    waldo_value *value = NULL;
    return waldo_value_parse_int(text, base, &value, NULL) < 0 ? NULL : value;
}

int waldo_value_get_int_text(const waldo_value *value, int base, char **ret_text,
                             waldo_error *reterr)
{
    if (!waldo__is_int(value))
        return waldo__wrong_type(value, "an int", reterr);
    if (base < 2 || base > 36)
        return waldo_error_set(reterr, WALDO_EVALUE, "base must be >= 2 and <= 36");
    waldo__int_view view;
    mpz_srcptr number = waldo__int_look(value, &view);
    char *text = malloc(mpz_sizeinbase(number, base) + 2);
    if (!text)
        return waldo__no_memory(reterr);
    mpz_get_str(text, base, number);
    *ret_text = text;
    return 0;
}
