#include "unit/value/support.h"

static int contains(waldo_value *container, waldo_value *item)
{
    int status = waldo_value_contains(container, item, NULL);
    waldo_value_unref(container);
    waldo_value_unref(item);
    return status;
}

Test(container, contains)
{
    cr_assert_eq(contains(waldo_v_list(waldo_v(1)), waldo_v(1.0)), 1);
    cr_assert_eq(contains(waldo_v_tuple(waldo_v(1)), waldo_v("1")), 0);
    cr_assert_eq(contains(waldo_v_fields("a", waldo_v(1)), waldo_v("a")), 1);
    cr_assert_eq(contains(waldo_v_set(waldo_v(2)), waldo_v(3)), 0);
    cr_assert_eq(contains(waldo_v_set(), waldo_v_list()), WALDO_ETYPE);
    EXPECT_ERROR(waldo_value_contains(waldo_v(1), waldo_v(1), reterr), WALDO_ETYPE,
                 "argument of type 'int' is not iterable");
}

Test(container, clear)
{
    waldo_value *list = waldo_v_list(waldo_v("a"));
    waldo_value *dict = waldo_v_fields("a", waldo_v("b"));
    cr_assert(waldo_value_clear(list, NULL) >= 0);
    cr_assert(waldo_value_clear(dict, NULL) >= 0);
    cr_assert(waldo_value_dict_set(dict, waldo_v(1), waldo_v(2), NULL) >= 0);
    expect_repr(list, "[]");
    expect_repr(dict, "{1: 2}");
    EXPECT_ERROR(waldo_value_clear(waldo_v(1), reterr), WALDO_ETYPE,
                 "expected a list, dict or set, got 'int'");
}

static void expect_copy(waldo_value *value, bool own)
{
    waldo_value *copy;
    cr_assert(waldo_value_copy(value, &copy, NULL) >= 0);
    cr_assert_eq(copy != value, own);
    cr_assert_eq(equal(copy, value), 1);
}

Test(container, copies_share_their_items_only)
{
    int32_t ints[] = {1, 2};
    expect_copy(waldo_v_list(waldo_v("a")), true);
    expect_copy(waldo_v_list(), true);
    expect_copy(waldo_v_fields("a", waldo_v("b"), "c", waldo_v_none()), true);
    expect_copy(waldo_v_dict(), true);
    expect_copy(waldo_v_set(waldo_v("x")), true);
    expect_copy(waldo_v_array('i', ints, 2), true);
    expect_copy(waldo_v_tuple(waldo_v("a")), false);
    expect_copy(waldo_v("a"), false);
}
