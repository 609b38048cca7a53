#include "value/float_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_DIGITS 17

/* Decimal digits d1 d2 ... dn, meaning 0.d1d2...dn * 10^point. */
typedef struct decimal {
    char digits[MOST_DIGITS + 1];
    int count;
    int point;
} decimal;

/* The number rounded to count digits. What stands for the point in a locale is skipped. */
static decimal round_to(double magnitude, int count)
{
    char text[64];
    decimal result = {.count = 0};
    snprintf(text, sizeof(text), "%.*e", count - 1, magnitude);
    const char *c = text;
    for (; *c != 'e'; c++)
        if (*c >= '0' && *c <= '9')
            result.digits[result.count++] = *c;
    result.digits[result.count] = '\0';
    result.point = (int)strtol(c + 1, NULL, 10) + 1;
    return result;
}

/* Written without a point, the digits mean the same in every locale. */
static bool reads_back(const decimal *digits, double magnitude)
{
    char text[64];
    snprintf(text, sizeof(text), "%se%d", digits->digits, digits->point - digits->count);
    return strtod(text, NULL) == magnitude;
}

/* One unit more in the last digit. */
static decimal next_up(decimal digits)
{
    int i = digits.count - 1;
    while (i >= 0 && digits.digits[i] == '9')
        digits.digits[i--] = '0';
    if (i >= 0) {
        digits.digits[i]++;
    } else {
        digits.digits[0] = '1';
        digits.point++;
    }
    return digits;
}

/* The count digits closest to the number that read back as it, if there are any. Above a power of
 * two the gap to the next number is twice that below it: there the nearest digits may fail where
 * the next ones do not. */
static bool fits(double magnitude, int count, decimal *ret_digits)
{
    int exponent;
    *ret_digits = round_to(magnitude, count);
    if (reads_back(ret_digits, magnitude))
        return true;
    if (frexp(magnitude, &exponent) != 0.5)
        return false;
    *ret_digits = next_up(*ret_digits);
    return reads_back(ret_digits, magnitude);
}

/* What fits into some digits fits into more, so that halving finds the fewest. */
static decimal shortest(double magnitude)
{
    decimal digits;
    int low = 1;
    int high = MOST_DIGITS;
    while (low < high) {
        int middle = (low + high) / 2;
        if (fits(magnitude, middle, &digits))
            high = middle;
        else
            low = middle + 1;
    }
    fits(magnitude, high, &digits);
    return digits;
}

/* 1.5e-07, 1e+16 */
static void write_exponential(const char *sign, const decimal *digits, char *text)
{
    int exponent = digits->point - 1;
    snprintf(text, WALDO__FLOAT_TEXT, "%s%c%s%se%c%02d", sign, digits->digits[0],
             digits->count > 1 ? "." : "", digits->digits + 1, exponent < 0 ? '-' : '+',
             abs(exponent));
}

/* 0.001, 1.5, 100.0 */
static void write_plain(const char *sign, const decimal *digits, char *text)
{
    static const char zeros[] = "0000000000000000";
    const char *all = digits->digits;
    int point = digits->point;
    if (point <= 0)
        snprintf(text, WALDO__FLOAT_TEXT, "%s0.%.*s%s", sign, -point, zeros, all);
    else if (point >= digits->count)
        snprintf(text, WALDO__FLOAT_TEXT, "%s%s%.*s.0", sign, all, point - digits->count, zeros);
    else
        snprintf(text, WALDO__FLOAT_TEXT, "%s%.*s.%s", sign, point, all, all + point);
}

void waldo__float_repr(double number, char text[WALDO__FLOAT_TEXT])
{
    const char *sign = signbit(number) && !isnan(number) ? "-" : "";
    double magnitude = fabs(number);
    if (!isfinite(number) || number == 0) {
        snprintf(text, WALDO__FLOAT_TEXT, "%s%s", sign,
                 isnan(number)   ? "nan"
                 : isinf(number) ? "inf"
                                 : "0.0");
        return;
    }
    decimal digits = shortest(magnitude);
    if (digits.point > -4 && digits.point <= 16)
        write_plain(sign, &digits, text);
    else
        write_exponential(sign, &digits, text);
}
