#include "unit/value/support.h"

#include <math.h>

#include "value/reference.h"

Test(equal, numbers_of_all_kinds)
{
    cr_assert_eq(equal(waldo_v(1), waldo_v(1.0)), 1);
    cr_assert_eq(equal(waldo_v(1), waldo_v_bool(true)), 1);
    cr_assert_eq(equal(waldo_v(0.0), waldo_v(-0.0)), 1);
    cr_assert_eq(equal(waldo_v((1LL << 53) + 1), waldo_v(0x1p53)), 0);
    cr_assert_eq(equal(waldo_v(INT64_MAX), waldo_v(0x1p63)), 0);
    cr_assert_eq(equal(waldo_v(UINT64_MAX), waldo_v(-1)), 0);
    cr_assert_eq(equal(waldo_v(1), waldo_v("1")), 0);
    cr_assert_eq(equal(waldo_v(0), waldo_v_none()), 0);
}

Test(equal, nan_equals_itself_only_inside_containers)
{
    waldo_value *nan = waldo_v(NAN);
    cr_assert_eq(waldo_value_equal(nan, nan, NULL), 0);
    cr_assert_eq(equal(waldo_v_list(waldo_value_ref(nan)), waldo_v_list(waldo_value_ref(nan))), 1);
    cr_assert_eq(equal(waldo_v_list(waldo_value_ref(nan)), waldo_v_list(waldo_v(NAN))), 0);
    waldo_value_unref(nan);
}

Test(equal, containers_by_content)
{
    cr_assert_eq(equal(waldo_v_list(waldo_v(1)), waldo_v_list(waldo_v(1.0))), 1);
    cr_assert_eq(equal(waldo_v_list(waldo_v(1)), waldo_v_tuple(waldo_v(1))), 0);
    cr_assert_eq(equal(waldo_v_list(waldo_v(1)), waldo_v_list(waldo_v(1), waldo_v(2))), 0);
    cr_assert_eq(equal(waldo_v_fields("a", waldo_v(1), "b", waldo_v(2)),
                       waldo_v_fields("b", waldo_v(2), "a", waldo_v(1))),
                 1);
    cr_assert_eq(equal(waldo_v_fields("a", waldo_v(1)), waldo_v_fields("a", waldo_v(2))), 0);
    cr_assert_eq(equal(waldo_v_fields("a", waldo_v(1)), waldo_v_fields("b", waldo_v(1))), 0);
    cr_assert_eq(equal(waldo_v_set(waldo_v(1), waldo_v(2)), waldo_v_set(waldo_v(2), waldo_v(1))),
                 1);
    cr_assert_eq(equal(waldo_v_set(waldo_v(1)), waldo_v_set(waldo_v(2))), 0);
    cr_assert_eq(equal(waldo_v("a"), waldo_v_bytes("a", 1)), 0);
}

Test(equal, arrays_by_item)
{
    int32_t ints[] = {1, 2};
    double doubles[] = {1, 2};
    cr_assert_eq(equal(waldo_v_array('i', ints, 2), waldo_v_array('d', doubles, 2)), 1);
    cr_assert_eq(equal(waldo_v_array('i', ints, 1), waldo_v_array('d', doubles, 2)), 0);
}

Test(equal, the_opaque_kinds)
{
    waldo__reference one = {1, 2, "A", "x", NULL, NULL, 0};
    waldo__reference same = {1, 2, "A", "y", NULL, NULL, 0};
    waldo__reference other = {1, 3, "A", "x", NULL, NULL, 0};
    cr_assert_eq(equal(waldo__v_reference(&one), waldo__v_reference(&same)), 1);
    cr_assert_eq(hash_of(waldo__v_reference(&one)), hash_of(waldo__v_reference(&same)));
    cr_assert_eq(equal(waldo__v_reference(&one), waldo__v_reference(&other)), 0);
    cr_assert_eq(equal(waldo_v_extension("a", "x", 1), waldo_v_extension("a", "x", 1)), 1);
    cr_assert_eq(equal(waldo_v_extension("a", "x", 1), waldo_v_extension("b", "x", 1)), 0);
    cr_assert_eq(equal(waldo_v_error(-1, NULL, ""), waldo_v_error(-1, NULL, "")), 0);
}

Test(equal, depth_is_bounded)
{
    waldo_value *left = nested(5000);
    waldo_value *right = nested(5000);
    EXPECT_ERROR(waldo_value_equal(left, right, reterr), WALDO_ERECURSION,
                 "maximum recursion depth exceeded in comparison");
    waldo_value_unref(left);
    waldo_value_unref(right);
}

Test(equal, cycles_end)
{
    waldo_value *left = waldo_v_list();
    waldo_value *right = waldo_v_list();
    cr_assert(waldo_value_list_append(left, waldo_value_ref(left), NULL) >= 0);
    cr_assert(waldo_value_list_append(right, waldo_value_ref(right), NULL) >= 0);
    cr_assert_eq(waldo_value_equal(left, right, NULL), WALDO_ERECURSION);
    cr_assert(waldo_value_clear(left, NULL) >= 0);
    cr_assert(waldo_value_clear(right, NULL) >= 0);
    waldo_value_unref(left);
    waldo_value_unref(right);
}
