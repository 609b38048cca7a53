#include "value/float_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    result.point = atoi(c + 1) + 1;
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

/* Above a power of two the gap to the next number is twice that below it: there the nearest digits
 * may not read back although the next ones do. */
static decimal shortest(double magnitude)
{
    for (int count = 1; count < MOST_DIGITS; count++) {
        decimal candidate = round_to(magnitude, count);
        if (reads_back(&candidate, magnitude))
            return candidate;
        candidate = next_up(candidate);
        if (reads_back(&candidate, magnitude))
            return candidate;
    }
    return round_to(magnitude, MOST_DIGITS);
}

static void append_zeros(char *text, int count)
{
    size_t size = strlen(text);
    memset(text + size, '0', (size_t)count);
    text[size + (size_t)count] = '\0';
}

/* 1.5e-07, 1e+16 */
static void write_exponential(const decimal *digits, char *text)
{
    int exponent = digits->point - 1;
    sprintf(text, "%c%s%se%c%02d", digits->digits[0], digits->count > 1 ? "." : "",
            digits->digits + 1, exponent < 0 ? '-' : '+', abs(exponent));
}

/* 0.001, 1.5, 100.0 */
static void write_plain(const decimal *digits, char *text)
{
    if (digits->point <= 0) {
        strcpy(text, "0.");
        append_zeros(text, -digits->point);
        strcat(text, digits->digits);
    } else if (digits->point >= digits->count) {
        strcpy(text, digits->digits);
        append_zeros(text, digits->point - digits->count);
        strcat(text, ".0");
    } else {
        sprintf(text, "%.*s.%s", digits->point, digits->digits, digits->digits + digits->point);
    }
}

void waldo__float_repr(double number, char text[WALDO__FLOAT_TEXT])
{
    if (isnan(number)) {
        strcpy(text, "nan");
        return;
    }
    if (signbit(number))
        *text++ = '-';
    double magnitude = fabs(number);
    if (isinf(number)) {
        strcpy(text, "inf");
    } else if (magnitude == 0) {
        strcpy(text, "0.0");
    } else {
        decimal digits = shortest(magnitude);
        if (digits.point > -4 && digits.point <= 16)
            write_plain(&digits, text);
        else
            write_exponential(&digits, text);
    }
}
