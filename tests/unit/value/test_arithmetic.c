/* Random operands are tests/interop's; these are the edges, and what Python does not do. */
#include "unit/value/support.h"

#include <math.h>

typedef int operation(const waldo_value *, const waldo_value *, waldo_value **, waldo_error *);

static void expect(operation *run, waldo_value *left, waldo_value *right, const char *repr)
{
    waldo_value *result;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert(run(left, right, &result, &err) >= 0, "%s", err.message);
    waldo_value_unref(left);
    waldo_value_unref(right);
    expect_repr(result, repr);
}

static void refuse(operation *run, waldo_value *left, waldo_value *right, int code,
                   const char *message)
{
    waldo_value *result = NULL;
    EXPECT_ERROR(run(left, right, &result, reterr), code, message);
    cr_assert_null(result);
    waldo_value_unref(left);
    waldo_value_unref(right);
}

Test(arithmetic, overflows_into_big_ints_and_back)
{
    expect(waldo_value_add, waldo_v(INT64_MAX), waldo_v(1), "9223372036854775808");
    expect(waldo_value_sub, waldo_v(INT64_MIN), waldo_v(1), "-9223372036854775809");
    expect(waldo_value_sub, waldo_v(1ULL << 63), waldo_v(1), "9223372036854775807");
    expect(waldo_value_mul, waldo_v(INT64_MIN), waldo_v(-1), "9223372036854775808");
    expect(waldo_value_floordiv, waldo_v(INT64_MIN), waldo_v(-1), "9223372036854775808");
    expect(waldo_value_mod, waldo_v(INT64_MIN), waldo_v(-1), "0");
    expect(waldo_value_pow, waldo_v(2), waldo_v(64), "18446744073709551616");
    expect(waldo_value_add, waldo_v_bool(true), waldo_v_bool(true), "2");
}

Test(arithmetic, division_rounds_down)
{
    expect(waldo_value_floordiv, waldo_v(-7), waldo_v(2), "-4");
    expect(waldo_value_mod, waldo_v(-7), waldo_v(2), "1");
    expect(waldo_value_mod, waldo_v(7), waldo_v(-2), "-1");
    expect(waldo_value_floordiv, waldo_v(-7.5), waldo_v(2), "-4.0");
    expect(waldo_value_mod, waldo_v(-7.5), waldo_v(2), "0.5");
    expect(waldo_value_mod, waldo_v(-4.0), waldo_v(2), "0.0");
    expect(waldo_value_mod, waldo_v(4.0), waldo_v(-2), "-0.0");
}

Test(arithmetic, powers)
{
    expect(waldo_value_pow, waldo_v(2), waldo_v(-1), "0.5");
    expect(waldo_value_pow, waldo_v(0), waldo_v(0), "1");
    expect(waldo_value_pow, waldo_v(-1), waldo_v(UINT64_MAX), "-1");
    expect(waldo_value_pow, waldo_v(2.0), waldo_v(0.5), "1.4142135623730951");
    refuse(waldo_value_pow, waldo_v(0), waldo_v(-1), WALDO_EZERODIVISION,
           "zero to a negative power");
    refuse(waldo_value_pow, waldo_v(-8), waldo_v(0.5), WALDO_EVALUE,
           "negative number cannot be raised to a fractional power");
    refuse(waldo_value_pow, waldo_v(10.0), waldo_v(400), WALDO_EOVERFLOW,
           "(34, 'Numerical result out of range')");
}

Test(arithmetic, ints_are_bounded)
{
    static const char message[] = "int has more than 8388608 bits";
    waldo_value *most;
    waldo_value *two = waldo_v(2);
    waldo_value *exponent = waldo_v((1 << 23) - 1);
    cr_assert(waldo_value_pow(two, exponent, &most, NULL) >= 0);
    waldo_value_unref(exponent);
    refuse(waldo_value_pow, waldo_v(2), waldo_v(1 << 23), WALDO_EOVERFLOW, message);
    refuse(waldo_value_pow, waldo_v(3), waldo_v(1LL << 60), WALDO_EOVERFLOW, message);
    refuse(waldo_value_pow, waldo_v(2), waldo_v(UINT64_MAX), WALDO_EOVERFLOW, message);
    refuse(waldo_value_mul, waldo_value_ref(most), waldo_value_ref(most), WALDO_EOVERFLOW, message);
    refuse(waldo_value_add, waldo_value_ref(most), most, WALDO_EOVERFLOW, message);
}

Test(arithmetic, refuses_in_pythons_words)
{
    refuse(waldo_value_floordiv, waldo_v(1), waldo_v(0), WALDO_EZERODIVISION, "division by zero");
    refuse(waldo_value_mod, waldo_v(1.5), waldo_v(0), WALDO_EZERODIVISION, "division by zero");
    refuse(waldo_value_mod, waldo_v(1ULL << 63), waldo_v(0), WALDO_EZERODIVISION,
           "division by zero");
    refuse(waldo_value_add, waldo_v(1), waldo_v("a"), WALDO_ETYPE,
           "unsupported operand type(s) for +: 'int' and 'str'");
    refuse(waldo_value_pow, waldo_v_none(), waldo_v(1), WALDO_ETYPE,
           "unsupported operand type(s) for ** or pow(): 'NoneType' and 'int'");
}

Test(arithmetic, negation)
{
    waldo_value *result;
    waldo_value *least = waldo_v(INT64_MIN);
    cr_assert(waldo_value_neg(least, &result, NULL) >= 0);
    waldo_value_unref(least);
    expect_repr(result, "9223372036854775808");
    waldo_value *zero = waldo_v(0.0);
    cr_assert(waldo_value_neg(zero, &result, NULL) >= 0);
    waldo_value_unref(zero);
    expect_repr(result, "-0.0");
    cr_assert(waldo_value_neg(waldo_v_bool(true), &result, NULL) >= 0);
    expect_repr(result, "-1");
    EXPECT_ERROR(waldo_value_neg(waldo_v_none(), &result, reterr), WALDO_ETYPE,
                 "bad operand type for unary -: 'NoneType'");
}
