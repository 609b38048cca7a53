#include "unit/value/support.h"

#include <math.h>

Test(hash, equal_numbers_have_one_hash)
{
    cr_assert_eq(hash_of(waldo_v(1)), hash_of(waldo_v(1.0)));
    cr_assert_eq(hash_of(waldo_v(1)), hash_of(waldo_v_bool(true)));
    cr_assert_eq(hash_of(waldo_v(0)), hash_of(waldo_v(-0.0)));
    cr_assert_eq(hash_of(waldo_v(INT64_MIN)), hash_of(waldo_v(-0x1p63)));
    cr_assert_eq(hash_of(waldo_v(1ULL << 63)), hash_of(waldo_v(0x1p63)));
    cr_assert_eq(hash_of(waldo_v_int_text("-0x1"
                                          "0000000000000000000000000",
                                          16)),
                 hash_of(waldo_v(-0x1p100)));
    cr_assert_neq(hash_of(waldo_v(0x1p100)), hash_of(waldo_v(-0x1p100)));
    cr_assert_eq(hash_of(waldo_v(INFINITY)), hash_of(waldo_v(INFINITY)));
    cr_assert_neq(hash_of(waldo_v(0.5)), hash_of(waldo_v(0)));
}

Test(hash, every_power_of_two)
{
    waldo_value *two = waldo_v(2);
    for (int exponent = 0; exponent < 1024; exponent++) {
        waldo_value *power;
        waldo_value *by = waldo_v(exponent);
        cr_assert(waldo_value_pow(two, by, &power, NULL) >= 0);
        waldo_value_unref(by);
        cr_assert_eq(waldo_value_equal(power, power, NULL), 1);
        cr_assert_eq(hash_of(power), hash_of(waldo_v(ldexp(1.0, exponent))), "%d", exponent);
    }
}

Test(hash, tuples_by_content)
{
    cr_assert_eq(hash_of(waldo_v_tuple(waldo_v(1), waldo_v("a"))),
                 hash_of(waldo_v_tuple(waldo_v(1.0), waldo_v("a"))));
    cr_assert_neq(hash_of(waldo_v_tuple(waldo_v(1), waldo_v(2))),
                  hash_of(waldo_v_tuple(waldo_v(2), waldo_v(1))));
    cr_assert_neq(hash_of(waldo_v_tuple()), hash_of(waldo_v_tuple(waldo_v_tuple())));
}

Test(hash, what_can_change_is_unhashable)
{
    waldo_value *values[] = {waldo_v_list(), waldo_v_dict(), waldo_v_set(),
                             waldo_v_array('b', NULL, 1),
                             waldo_v_tuple(waldo_v(1), waldo_v_list())};
    static const char *const messages[] = {
        "unhashable type: 'list'", "unhashable type: 'dict'", "unhashable type: 'set'",
        "unhashable type: 'array.array'", "unhashable type: 'list'"};
    for (size_t i = 0; i < 5; i++) {
        uint64_t hash;
        EXPECT_ERROR(waldo_value_hash(values[i], &hash, reterr), WALDO_ETYPE, messages[i]);
        waldo_value_unref(values[i]);
    }
}

Test(hash, depth_is_bounded)
{
    waldo_value *tuple = waldo_v_tuple();
    for (int i = 0; i < 100000; i++)
        tuple = waldo_v_tuple(tuple);
    uint64_t hash;
    EXPECT_ERROR(waldo_value_hash(tuple, &hash, reterr), WALDO_ERECURSION,
                 "maximum recursion depth exceeded in hash()");
    waldo_value_unref(tuple);
}
