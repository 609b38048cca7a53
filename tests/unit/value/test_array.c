#include "unit/value/support.h"

static void refuse(char typecode, waldo_value *item, int code, const char *message)
{
    waldo_value *array = waldo_v_array(typecode, NULL, 1);
    EXPECT_ERROR(waldo_value_array_set(array, 0, item, reterr), code, message);
    waldo_value_unref(item);
    waldo_value_unref(array);
}

static void accept(char typecode, waldo_value *item, const char *repr)
{
    waldo_value *array = waldo_v_array(typecode, NULL, 1);
    waldo_value *back;
    cr_assert(waldo_value_array_set(array, -1, item, NULL) >= 0);
    cr_assert(waldo_value_array_get(array, 0, &back, NULL) >= 0);
    expect_repr(back, repr);
    waldo_value_unref(item);
    waldo_value_unref(array);
}

Test(array, every_typecode_holds_its_range)
{
    accept('b', waldo_v(-128), "-128");
    accept('B', waldo_v(255), "255");
    accept('h', waldo_v(-32768), "-32768");
    accept('H', waldo_v(65535), "65535");
    accept('i', waldo_v(INT32_MIN), "-2147483648");
    accept('I', waldo_v(UINT32_MAX), "4294967295");
    accept('l', waldo_v(INT64_MIN), "-9223372036854775808");
    accept('q', waldo_v(INT64_MAX), "9223372036854775807");
    accept('L', waldo_v(UINT64_MAX), "18446744073709551615");
    accept('Q', waldo_v_bool(true), "1");
    accept('f', waldo_v(0.1), "0.10000000149011612");
    accept('d', waldo_v(3), "3.0");
}

Test(array, and_no_more)
{
    refuse('b', waldo_v(128), WALDO_EOVERFLOW, "signed char is greater than maximum");
    refuse('B', waldo_v(-1), WALDO_EOVERFLOW, "unsigned byte integer is less than minimum");
    refuse('h', waldo_v(-32769), WALDO_EOVERFLOW, "signed short integer is less than minimum");
    refuse('H', waldo_v(65536), WALDO_EOVERFLOW, "unsigned short is greater than maximum");
    refuse('i', waldo_v(1LL << 31), WALDO_EOVERFLOW, "signed integer is greater than maximum");
    refuse('I', waldo_v(-1), WALDO_EOVERFLOW, "unsigned int is less than minimum");
    refuse('q', waldo_v(1ULL << 63), WALDO_EOVERFLOW, "signed long long is greater than maximum");
    refuse('Q', waldo_v_int_text("18446744073709551616", 10), WALDO_EOVERFLOW,
           "unsigned long long is greater than maximum");
    refuse('i', waldo_v(1.5), WALDO_ETYPE, "'float' object cannot be interpreted as an integer");
    refuse('d', waldo_v("x"), WALDO_ETYPE, "must be real number, not str");
}

Test(array, indices_and_typecodes_are_checked)
{
    waldo_value *array = waldo_v_array('i', NULL, 2);
    waldo_value *item;
    EXPECT_ERROR(waldo_value_array_get(array, 2, &item, reterr), WALDO_EINDEX,
                 "array index out of range");
    EXPECT_ERROR(waldo_value_array_set(array, -3, waldo_v(1), reterr), WALDO_EINDEX,
                 "array assignment index out of range");
    waldo_value_unref(array);
    EXPECT_ERROR(waldo_value_new_array('u', NULL, 1, &array, reterr), WALDO_EVALUE,
                 "bad typecode (must be b, B, h, H, i, I, l, L, q, Q, f or d)");
    cr_assert_null(waldo_v_array('\0', NULL, 0));
    cr_assert_null(waldo_v_array('d', NULL, SIZE_MAX / 8));
}

Test(array, items_in_place)
{
    double doubles[] = {1.5, 2.5};
    waldo_value *array = waldo_v_array('d', doubles, 2);
    char typecode;
    const void *items;
    size_t count;
    cr_assert(waldo_value_array_items(array, &typecode, &items, &count, NULL) >= 0);
    cr_assert_eq(typecode, 'd');
    cr_assert_eq(count, 2);
    cr_assert_eq((uintptr_t)items % 8, 0);
    cr_assert_arr_eq(items, doubles, sizeof(doubles));
    expect_repr(array, "array('d', [1.5, 2.5])");
    expect_repr(waldo_v_array('q', NULL, 0), "array('q')");
}
