#include "unit/value/support.h"

#include <math.h>

static int order(waldo_value *left, waldo_value *right)
{
    int result = 99;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert(waldo_value_compare(left, right, &result, &err) >= 0, "%s", err.message);
    waldo_value_unref(left);
    waldo_value_unref(right);
    return result;
}

Test(compare, numbers)
{
    cr_assert_eq(order(waldo_v(1), waldo_v(1.5)), -1);
    cr_assert_eq(order(waldo_v(2.5), waldo_v_bool(true)), 1);
    cr_assert_eq(order(waldo_v(INT64_MAX), waldo_v(0x1p63)), -1);
    cr_assert_eq(order(waldo_v(UINT64_MAX), waldo_v(INT64_MIN)), 1);
    cr_assert_eq(order(waldo_v(1), waldo_v(-INFINITY)), 1);
    cr_assert_eq(order(waldo_v(1), waldo_v(NAN)), WALDO_UNORDERED);
    cr_assert_eq(order(waldo_v(NAN), waldo_v(1)), WALDO_UNORDERED);
}

Test(compare, sequences)
{
    cr_assert_eq(order(waldo_v("a"), waldo_v("ab")), -1);
    cr_assert_eq(order(waldo_v("\xef\xbf\xbf"), waldo_v("\xf0\x90\x80\x80")), -1);
    cr_assert_eq(order(waldo_v_list(waldo_v(1), waldo_v(3)), waldo_v_list(waldo_v(1), waldo_v(2))),
                 1);
    cr_assert_eq(order(waldo_v_tuple(), waldo_v_tuple()), 0);
    uint8_t bytes[] = {1, 2};
    cr_assert_eq(order(waldo_v_array('B', bytes, 1), waldo_v_array('B', bytes, 2)), -1);
    cr_assert_eq(order(waldo_v_bytes("b", 1), waldo_v_bytes("ab", 2)), 1);
}

Test(compare, sets_are_ordered_by_inclusion)
{
    cr_assert_eq(order(waldo_v_set(waldo_v(1)), waldo_v_set(waldo_v(1), waldo_v(2))), -1);
    cr_assert_eq(order(waldo_v_set(waldo_v(1), waldo_v(2)), waldo_v_set(waldo_v(1))), 1);
    cr_assert_eq(order(waldo_v_set(waldo_v(1)), waldo_v_set(waldo_v(1.0))), 0);
    cr_assert_eq(order(waldo_v_set(waldo_v(1)), waldo_v_set(waldo_v(2))), WALDO_UNORDERED);
}

Test(compare, refuses_in_pythons_words)
{
    int result = 99;
    waldo_value *text = waldo_v("a");
    EXPECT_ERROR(waldo_value_compare(waldo_v(1), text, &result, reterr), WALDO_ETYPE,
                 "'<' not supported between instances of 'int' and 'str'");
    waldo_value *list = waldo_v_list(waldo_v(1));
    waldo_value *mixed = waldo_v_list(text);
    EXPECT_ERROR(waldo_value_compare(list, mixed, &result, reterr), WALDO_ETYPE,
                 "'<' not supported between instances of 'int' and 'str'");
    waldo_value *dict = waldo_v_dict();
    EXPECT_ERROR(waldo_value_compare(dict, dict, &result, reterr), WALDO_ETYPE,
                 "'<' not supported between instances of 'dict' and 'dict'");
    cr_assert_eq(result, 99);
    waldo_value_unref(list);
    waldo_value_unref(mixed);
    waldo_value_unref(dict);
}
