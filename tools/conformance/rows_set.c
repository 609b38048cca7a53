/* Rows H7 and D16: set. Sets print in the order in which their items came. */
#include <stdlib.h>

#include "row.h"

#define with waldo_v_tuple

static waldo_value *none(void)
{
    return waldo_v_none();
}

/* {first, ..., last} */
static waldo_value *numbers(int64_t first, int64_t last)
{
    waldo_value *set = waldo_v_set();
    for (int64_t i = first; i <= last; i++)
        must(waldo_value_set_add(set, waldo_v(i), &err));
    return set;
}

static waldo_proxy *create(int64_t first, int64_t last)
{
    return row_create("set", with(numbers(first, last)));
}

static void check(waldo_proxy *set, const char *expected)
{
    row_gives(set, "#GETVALUE", none(), expected);
}

ROW(H7_set_is_made_of_any_iterable, "set")
{
    waldo_proxy *set = row_create("set", with(waldo_v("aba")));
    check(set, "{'a', 'b'}");
    waldo_proxy_unref(set);
    set = row_create("set", with(waldo_v_dict(waldo_v(1), waldo_v("one"))));
    check(set, "{1}");
    waldo_proxy_unref(set);
    set = row_create("set", none());
    check(set, "set()");
    waldo_proxy_unref(set);
    must_fail(row_try_create("set", with(waldo_v(1234))), WALDO_ETYPE);
    expect_text(err.message, "'int' object is not iterable");
    must_fail(row_try_create("set", with(waldo_v_list(waldo_v_list()))), WALDO_ETYPE);
    expect_text(err.message, "unhashable type: 'list'");
}

ROW(H7_set_methods, "set")
{
    waldo_proxy *set = create(1, 2);
    row_gives(set, "add", with(waldo_v("three")), "None");
    row_gives(set, "add", with(waldo_v(1.0)), "None");
    check(set, "{1, 2, 'three'}");
    row_gives(set, "__len__", none(), "3");
    row_gives(set, "__contains__", with(waldo_v_bool(true)), "True");
    row_gives(set, "__contains__", with(waldo_v(4)), "False");
    row_gives(set, "remove", with(waldo_v(2)), "None");
    row_gives(set, "discard", with(waldo_v(2)), "None");
    row_gives(set, "copy", none(), "{1, 'three'}");
    row_gives(set, "update", with(waldo_v_list(waldo_v(8)), waldo_v("ab")), "None");
    check(set, "{1, 'three', 8, 'a', 'b'}");
    row_gives(set, "clear", none(), "None");
    check(set, "set()");
    row_gives(set, "add", with(waldo_v(7)), "None");
    row_gives(set, "pop", none(), "7");
    row_refuses(set, "pop", none(), WALDO_EKEY, "'pop from an empty set'");
    waldo_proxy_unref(set);
}

ROW(H7_set_operators_both_ways, "set")
{
    waldo_proxy *set = create(1, 3);
    row_gives(set, "__and__", with(numbers(2, 4)), "{2, 3}");
    row_gives(set, "__rand__", with(numbers(2, 4)), "{2, 3}");
    row_gives(set, "__or__", with(numbers(3, 4)), "{1, 2, 3, 4}");
    row_gives(set, "__ror__", with(numbers(4, 4)), "{4, 1, 2, 3}");
    row_gives(set, "__sub__", with(numbers(2, 4)), "{1}");
    row_gives(set, "__rsub__", with(numbers(2, 4)), "{4}");
    row_gives(set, "__xor__", with(numbers(3, 4)), "{1, 2, 4}");
    row_gives(set, "__rxor__", with(numbers(3, 4)), "{4, 1, 2}");
    row_gives(set, "__lt__", with(numbers(1, 4)), "True");
    row_gives(set, "__lt__", with(numbers(1, 3)), "False");
    row_gives(set, "__le__", with(numbers(1, 3)), "True");
    row_gives(set, "__gt__", with(numbers(1, 2)), "True");
    row_gives(set, "__ge__", with(numbers(1, 3)), "True");
    row_gives(set, "__ge__", with(numbers(3, 4)), "False");
    check(set, "{1, 2, 3}");
    waldo_proxy_unref(set);
}

ROW(H7_set_methods_for_operators, "set")
{
    waldo_proxy *set = create(1, 3);
    row_gives(set, "union", with(numbers(3, 4), waldo_v_list(waldo_v(5))), "{1, 2, 3, 4, 5}");
    row_gives(set, "difference", with(numbers(3, 4), waldo_v_tuple()), "{1, 2}");
    row_gives(set, "intersection", with(numbers(2, 4), numbers(3, 9)), "{3}");
    row_gives(set, "intersection", none(), "{1, 2, 3}");
    row_gives(set, "symmetric_difference", with(numbers(3, 4)), "{1, 2, 4}");
    row_gives(set, "isdisjoint", with(waldo_v("abc")), "True");
    row_gives(set, "issubset", with(numbers(1, 4)), "True");
    row_gives(set, "issuperset", with(waldo_v_list(waldo_v(1), waldo_v(1))), "True");
    row_gives(set, "difference_update", with(numbers(1, 1)), "None");
    check(set, "{2, 3}");
    row_gives(set, "symmetric_difference_update", with(numbers(3, 4)), "None");
    check(set, "{2, 4}");
    row_gives(set, "intersection_update", with(numbers(4, 9)), "None");
    check(set, "{4}");
    waldo_proxy_unref(set);
}

ROW(H7_set_iteration_is_a_snapshot, "set")
{
    waldo_proxy *set = create(1, 3);
    waldo_proxy *iterator = row_proxy(row_call(set, "__iter__", none()));
    row_gives(set, "clear", none(), "None");
    waldo_value *item = NULL;
    for (int64_t i = 1; i <= 3; i++) {
        int64_t number = 0;
        expect_equal(must(waldo_proxy_next(iterator, &item, &err)), 1);
        must(waldo_value_get_int64(item, &number, &err));
        expect_equal(number, i);
        waldo_value_unref(item);
    }
    expect_equal(must(waldo_proxy_next(iterator, &item, &err)), 0);
    waldo_proxy_unref(iterator);
    waldo_proxy_unref(set);
}

ROW(H7_set_errors, "set")
{
    waldo_proxy *set = create(1, 2);
    row_refuses(set, "remove", with(waldo_v(9)), WALDO_EKEY, "9");
    row_refuses(set, "add", with(waldo_v_list()), WALDO_ETYPE, "unhashable type: 'list'");
    row_refuses(set, "discard", with(waldo_v_dict()), WALDO_ETYPE, "unhashable type: 'dict'");
    must_fail(row_try(set, "__or__", with(waldo_v_list())), WALDO_ETYPE);
    must_fail(row_try(set, "__lt__", with(waldo_v(1))), WALDO_ETYPE);
    must_fail(row_try(set, "__ior__", with(waldo_v_list())), WALDO_ETYPE);
    row_refuses(set, "update", with(numbers(3, 4), waldo_v(5)), WALDO_ETYPE,
                "'int' object is not iterable");
    must_fail(row_try(set, "update", with(waldo_v_list(waldo_v_list()))), WALDO_ETYPE);
    must_fail(row_try(set, "add", none()), WALDO_ETYPE);
    check(set, "{1, 2}");
    waldo_proxy_unref(set);
}

static void check_in_place(waldo_proxy *set, const char *method, waldo_value *other,
                           const char *expected)
{
    waldo_proxy *same = row_proxy(row_call(set, method, with(other)));
    expect_equal(waldo_proxy_object(same), waldo_proxy_object(set));
    check(same, expected);
    waldo_proxy_unref(same);
}

/* |= &= -= ^= give the set itself. */
ROW(D16_set_operators_in_place, "set")
{
    waldo_proxy *set = create(1, 3);
    check_in_place(set, "__ior__", numbers(4, 5), "{1, 2, 3, 4, 5}");
    check_in_place(set, "__iand__", numbers(2, 9), "{2, 3, 4, 5}");
    check_in_place(set, "__isub__", numbers(2, 3), "{4, 5}");
    check_in_place(set, "__ixor__", numbers(5, 6), "{4, 6}");
    expect_equal(row_objects(), 1);
    waldo_proxy_unref(set);
}
