#include "unit/value/support.h"

static void expect_sum(waldo_value *left, waldo_value *right, const char *repr)
{
    waldo_value *sum;
    cr_assert(waldo_value_add(left, right, &sum, NULL) >= 0);
    waldo_value_unref(left);
    waldo_value_unref(right);
    expect_repr(sum, repr);
}

static void expect_product(waldo_value *left, waldo_value *right, const char *repr)
{
    waldo_value *product;
    cr_assert(waldo_value_mul(left, right, &product, NULL) >= 0);
    waldo_value_unref(left);
    waldo_value_unref(right);
    expect_repr(product, repr);
}

static void refuse_sum(waldo_value *left, waldo_value *right, const char *message)
{
    waldo_value *sum;
    EXPECT_ERROR(waldo_value_add(left, right, &sum, reterr), WALDO_ETYPE, message);
    waldo_value_unref(left);
    waldo_value_unref(right);
}

Test(sequence, plus_concatenates)
{
    int32_t ints[] = {1, 2};
    expect_sum(waldo_v("a"), waldo_v("b"), "'ab'");
    expect_sum(waldo_v_bytes("a", 1), waldo_v_bytes("", 0), "b'a'");
    expect_sum(waldo_v_list(waldo_v("x")), waldo_v_list(waldo_v(300)), "['x', 300]");
    expect_sum(waldo_v_tuple(), waldo_v_tuple(), "()");
    expect_sum(waldo_v_array('i', ints, 1), waldo_v_array('i', ints, 2), "array('i', [1, 1, 2])");
}

Test(sequence, plus_refuses_in_pythons_words)
{
    refuse_sum(waldo_v("a"), waldo_v(1), "can only concatenate str (not \"int\") to str");
    refuse_sum(waldo_v_list(), waldo_v_tuple(),
               "can only concatenate list (not \"tuple\") to list");
    refuse_sum(waldo_v_bytes("", 0), waldo_v("a"), "can't concat str to bytes");
    refuse_sum(waldo_v_array('b', NULL, 1), waldo_v_list(),
               "can only append array (not \"list\") to array");
    refuse_sum(waldo_v_array('b', NULL, 1), waldo_v_array('h', NULL, 1),
               "bad argument type for built-in operation");
}

Test(sequence, times_repeats)
{
    expect_product(waldo_v("ab"), waldo_v(3), "'ababab'");
    expect_product(waldo_v(2), waldo_v_list(waldo_v("x")), "['x', 'x']");
    expect_product(waldo_v_tuple(waldo_v(1)), waldo_v(-1), "()");
    expect_product(waldo_v_bytes("a", 1), waldo_v_bool(true), "b'a'");
    expect_product(waldo_v_list(), waldo_v(INT64_MAX), "[]");
    expect_product(waldo_v_array('h', NULL, 1), waldo_v(2), "array('h', [0, 0])");
}

Test(sequence, repetition_is_bounded)
{
    waldo_value *product;
    waldo_value *text = waldo_v("a");
    waldo_value *times = waldo_v((1LL << 30) + 1);
    EXPECT_ERROR(waldo_value_mul(text, times, &product, reterr), WALDO_EOVERFLOW,
                 "repeated str would be beyond 1 GiB");
    waldo_value_unref(times);
    times = waldo_v(UINT64_MAX);
    waldo_value *list = waldo_v_list(text);
    EXPECT_ERROR(waldo_value_mul(list, times, &product, reterr), WALDO_EOVERFLOW,
                 "cannot fit 'int' into an index-sized integer");
    EXPECT_ERROR(waldo_value_mul(list, list, &product, reterr), WALDO_ETYPE,
                 "can't multiply sequence by non-int of type 'list'");
    waldo_value_unref(times);
    waldo_value_unref(list);
}
