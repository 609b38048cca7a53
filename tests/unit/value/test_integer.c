#include "unit/value/support.h"

#include <math.h>

#include <waldo/value_gmp.h>

#include "value/integer.h"

static waldo_value *big(const char *text)
{
    waldo_value *value = waldo_v_int_text(text, 0);
    cr_assert_not_null(value, "%s", text);
    return value;
}

Test(integer, scalars_come_out)
{
    int64_t number;
    uint64_t natural;
    waldo_value *top = waldo_v(UINT64_MAX);
    cr_assert(waldo_value_get_uint64(top, &natural, NULL) >= 0);
    cr_assert_eq(natural, UINT64_MAX);
    EXPECT_ERROR(waldo_value_get_int64(top, &number, reterr), WALDO_EOVERFLOW,
                 "int does not fit into 64 bits");
    EXPECT_ERROR(waldo_value_get_uint64(waldo_v(-1), &natural, reterr), WALDO_EOVERFLOW,
                 "can't convert negative int to unsigned");
    cr_assert(waldo_value_get_int64(waldo_v_bool(true), &number, NULL) >= 0);
    cr_assert_eq(number, 1);
    waldo_value *real = waldo_v(1.0);
    EXPECT_ERROR(waldo_value_get_int64(real, &number, reterr), WALDO_ETYPE,
                 "'float' object cannot be interpreted as an integer");
    waldo_value_unref(real);
    waldo_value_unref(top);
}

Test(integer, extremes_of_64_bits_are_not_big)
{
    waldo_value *least = big("-0x8000000000000000");
    int64_t number;
    cr_assert(waldo_value_get_int64(least, &number, NULL) >= 0);
    cr_assert_eq(number, INT64_MIN);
    waldo_value_unref(least);
    expect_repr(waldo_v(INT64_MIN), "-9223372036854775808");
    expect_repr(big("0x8000000000000000"), "9223372036854775808");
}

static double as_double(waldo_value *value)
{
    double number = 0;
    cr_assert(waldo_value_get_double(value, &number, NULL) >= 0);
    waldo_value_unref(value);
    return number;
}

Test(integer, to_double_rounds_to_even)
{
    cr_assert_eq(as_double(big("0x20000000000001000000000000000000")), 0x1p125);
    cr_assert_eq(as_double(big("0x20000000000001000000000000000001")), 0x1.0000000000001p125);
    cr_assert_eq(as_double(big("0x20000000000003000000000000000000")), 0x1.0000000000002p125);
    cr_assert_eq(as_double(waldo_v(INT64_MAX)), 0x1p63);
    cr_assert_eq(as_double(big("-0xffffffffffffffff")), -0x1p64);
}

Test(integer, to_double_has_an_end)
{
    double number;
    char text[260] = "0x";
    memset(text + 2, 'f', 256);
    waldo_value *value = big(text);
    EXPECT_ERROR(waldo_value_get_double(value, &number, reterr), WALDO_EOVERFLOW,
                 "int too large to convert to float");
    waldo_value_unref(value);
    EXPECT_ERROR(waldo_value_get_double(waldo_v_none(), &number, reterr), WALDO_ETYPE,
                 "must be real number, not NoneType");
}

Test(integer, gmp)
{
    mpz_t number;
    mpz_init(number);
    mpz_ui_pow_ui(number, 3, 200);
    waldo_value *value = waldo_v_mpz(number);
    mpz_t back;
    mpz_init(back);
    cr_assert(waldo_value_get_mpz(value, back, NULL) >= 0);
    cr_assert_eq(mpz_cmp(number, back), 0);
    waldo_value_unref(value);
    mpz_setbit(number, WALDO__INT_BITS);
    cr_assert_null(waldo_v_mpz(number));
    waldo_value *text = waldo_v("1");
    EXPECT_ERROR(waldo_value_get_mpz(text, back, reterr), WALDO_ETYPE,
                 "'str' object cannot be interpreted as an integer");
    waldo_value_unref(text);
    mpz_clears(number, back, NULL);
}

static void expect_wire(const char *number, const char *bytes, size_t size)
{
    waldo_value *value = big(number);
    uint8_t data[64];
    cr_assert_eq(waldo__int_wire_size(value), size, "%s: %zu", number, waldo__int_wire_size(value));
    waldo__int_to_wire(value, data);
    cr_assert_arr_eq(data, bytes, size, "%s", number);
    waldo_value *back;
    cr_assert(waldo__int_from_wire(data, size, &back, NULL) >= 0);
    cr_assert_eq(equal(value, back), 1, "%s", number);
}

Test(integer, twos_complement)
{
    expect_wire("0", "\0", 1);
    expect_wire("-1", "\xff", 1);
    expect_wire("127", "\x7f", 1);
    expect_wire("128", "\0\x80", 2);
    expect_wire("-128", "\x80", 1);
    expect_wire("-129", "\xff\x7f", 2);
    expect_wire("-256", "\xff\0", 2);
    expect_wire("0x8000000000000000", "\0\x80\0\0\0\0\0\0\0", 9);
    expect_wire("-0x8000000000000000", "\x80\0\0\0\0\0\0\0", 8);
    expect_wire("-0x8000000000000001", "\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 9);
    expect_wire("0xffffffffffffffffffff", "\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11);
}

Test(integer, wire_bytes_may_be_more_than_needed)
{
    waldo_value *value;
    cr_assert(waldo__int_from_wire((const uint8_t *)"\0\0\0\5", 4, &value, NULL) >= 0);
    expect_repr(value, "5");
    cr_assert(waldo__int_from_wire((const uint8_t *)"\xff\xff\xfe", 3, &value, NULL) >= 0);
    expect_repr(value, "-2");
    cr_assert(waldo__int_from_wire(NULL, 0, &value, NULL) >= 0);
    expect_repr(value, "0");
}

Test(integer, wire_bytes_are_bounded)
{
    size_t size = WALDO__INT_BITS / 8 + 2;
    uint8_t *data = calloc(1, size);
    waldo_value *value;
    EXPECT_ERROR(waldo__int_from_wire(data, size, &value, reterr), WALDO_EOVERFLOW,
                 "int has more than 8388608 bits");
    free(data);
}
