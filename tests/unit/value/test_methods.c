/* Python's methods of list, set and array on values. interop.types_python compares their results
 * with Python's; here is what a C program can see besides. */
#include <waldo/value_methods.h>

#include "support.h"

static waldo_value *abc(void)
{
    return waldo_v_list(waldo_v("a"), waldo_v("b"), waldo_v("c"));
}

Test(value_methods, iterables)
{
    waldo_value *sources[] = {
        abc(),
        waldo_v_tuple(waldo_v(1)),
        waldo_v_dict(waldo_v("k"), waldo_v("v")),
        waldo_v_set(waldo_v(2)),
        waldo_v("h\u00e9"),
        waldo_v_bytes("\xff", 1),
        waldo_v_array('h', (int16_t[]){-1, 7}, 2),
        waldo_v_list(),
        waldo_v(""),
    };
    static const char *const lists[] = {"['a', 'b', 'c']", "[1]",     "['k']", "[2]", "['h', 'é']",
                                        "[255]",           "[-1, 7]", "[]",    "[]"};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        waldo_value *list;
        cr_assert_eq(waldo_value_to_list(sources[i], &list, NULL), 0);
        cr_assert_neq(list, sources[i]);
        expect_repr(list, lists[i]);
        waldo_value_unref(sources[i]);
    }
    waldo_value *list = NULL;
    waldo_value *number = waldo_v(5);
    EXPECT_ERROR(waldo_value_to_list(number, &list, reterr), WALDO_ETYPE,
                 "'int' object is not iterable");
    cr_assert_null(list);
    waldo_value_unref(number);
}

Test(value_methods, subscripts)
{
    waldo_value *dict = waldo_v_dict(waldo_v(1), waldo_v("one"));
    waldo_value *tuple = waldo_v_tuple(waldo_v(7), waldo_v(8));
    waldo_value *one = waldo_v(1);
    waldo_value *backwards = waldo_v_slice(WALDO_OMIT, WALDO_OMIT, -1);
    waldo_value *item = NULL;
    cr_assert_eq(waldo_value_getitem(dict, one, &item, NULL), 0);
    expect_repr(item, "'one'");
    cr_assert_eq(waldo_value_getitem(tuple, one, &item, NULL), 0);
    expect_repr(item, "8");
    cr_assert_eq(waldo_value_getitem(tuple, backwards, &item, NULL), 0);
    expect_repr(item, "(8, 7)");
    cr_assert_eq(waldo_value_setitem(dict, one, tuple, NULL), 0);
    cr_assert_eq(waldo_value_delitem(dict, one, NULL), 0);
    EXPECT_ERROR(waldo_value_delitem(dict, one, reterr), WALDO_EKEY, "1");
    EXPECT_ERROR(waldo_value_setitem(tuple, one, one, reterr), WALDO_ETYPE,
                 "'tuple' object does not support item assignment");
    EXPECT_ERROR(waldo_value_delitem(tuple, one, reterr), WALDO_ETYPE,
                 "'tuple' object does not support item deletion");
    EXPECT_ERROR(waldo_value_getitem(one, one, &item, reterr), WALDO_ETYPE,
                 "'int' object is not subscriptable");
    waldo_value_unref(dict);
    waldo_value_unref(tuple);
    waldo_value_unref(one);
    waldo_value_unref(backwards);
}

/* A list into itself, and a slice of a list that takes the list. */
Test(value_methods, a_list_and_itself)
{
    waldo_value *list = abc();
    waldo_value *middle = waldo_v_slice(1, 2, WALDO_OMIT);
    cr_assert_eq(waldo_value_list_extend(list, list, NULL), 0);
    cr_assert_eq(waldo_value_setitem(list, middle, list, NULL), 0);
    expect_repr(list, "['a', 'a', 'b', 'c', 'a', 'b', 'c', 'c', 'a', 'b', 'c']");
    waldo_value_unref(middle);
}

Test(value_methods, sorting_keeps_equal_items_in_order)
{
    waldo_value *list = waldo_v_list();
    waldo_value *key = waldo_v(0);
    for (int i = 0; i < 1000; i++)
        cr_assert_eq(
            waldo_value_list_append(list, waldo_v_tuple(waldo_v(i * 7 % 10), waldo_v(i)), NULL), 0);
    for (int reverse = 0; reverse < 2; reverse++) {
        cr_assert_eq(waldo_value_list_sort(list, key, reverse, NULL), 0);
        int64_t last_key = reverse ? 10 : -1;
        int64_t last = -1;
        for (int i = 0; i < 1000; i++) {
            waldo_value *pair, *first, *second;
            int64_t number, place;
            cr_assert_eq(waldo_value_item(list, i, &pair, NULL), 0);
            cr_assert_eq(waldo_value_item(pair, 0, &first, NULL), 0);
            cr_assert_eq(waldo_value_item(pair, 1, &second, NULL), 0);
            cr_assert(waldo_value_get_int64(first, &number, NULL) >= 0);
            cr_assert(waldo_value_get_int64(second, &place, NULL) >= 0);
            if (number == last_key)
                cr_assert_gt(place, last);
            else
                cr_assert(reverse ? number < last_key : number > last_key);
            last_key = number;
            last = place;
            waldo_value_unref(first);
            waldo_value_unref(second);
            waldo_value_unref(pair);
        }
    }
    waldo_value_unref(key);
    waldo_value_unref(list);
}

Test(value_methods, what_is_no_list_or_set)
{
    waldo_value *tuple = waldo_v_tuple();
    waldo_value *other = NULL;
    size_t size = 0;
    cr_assert_eq(waldo_value_list_extend(tuple, tuple, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_list_remove(tuple, tuple, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_list_reverse(tuple, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_list_index(tuple, tuple, 0, INT64_MAX, &size, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_list_count(tuple, tuple, &size, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_list_sort(tuple, NULL, false, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_set_combine(tuple, WALDO_SET_UNION, tuple, &other, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_set_is_disjoint(tuple, tuple, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_set_is_superset(tuple, tuple, NULL), WALDO_ETYPE);
    cr_assert_eq(waldo_value_array_splice(tuple, tuple, tuple, &other, NULL), WALDO_ETYPE);
    cr_assert_null(other);
    waldo_value_unref(tuple);
}

Test(value_methods, sets)
{
    waldo_value *set = waldo_v_set(waldo_v(1), waldo_v(2));
    waldo_value *others = waldo_v_list(waldo_v(2), waldo_v(3));
    static const char *const results[] = {"{1, 2, 3}", "{2}", "{1}", "{1, 3}"};
    waldo_value *result;
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(waldo_value_set_combine(set, (waldo_set_operation)i, others, &result, NULL),
                     0);
        expect_repr(result, results[i]);
    }
    cr_assert_eq(waldo_value_set_is_disjoint(set, others, NULL), 0);
    cr_assert_eq(waldo_value_set_is_subset(set, others, NULL), 0);
    cr_assert_eq(waldo_value_set_is_superset(set, set, NULL), 1);
    waldo_value *bad = waldo_v_list(waldo_v_list());
    EXPECT_ERROR(waldo_value_to_set(bad, &result, reterr), WALDO_ETYPE, "unhashable type: 'list'");
    waldo_value_unref(bad);
    waldo_value_unref(others);
    waldo_value_unref(set);
}

Test(value_methods, arrays)
{
    waldo_value *source = waldo_v_list(waldo_v(1), waldo_v(2), waldo_v(3));
    waldo_value *memory = waldo_v_bytes("\1\0\2\0", 4);
    waldo_value *array, *result = NULL;
    cr_assert_eq(waldo_value_to_array('h', memory, &array, NULL), 0);
    expect_repr(array, "array('h', [1, 2])");
    EXPECT_ERROR(waldo_value_to_array('d', memory, &result, reterr), WALDO_EVALUE,
                 "bytes length not a multiple of item size");
    cr_assert_eq(waldo_value_to_array('d', source, &array, NULL), 0);
    waldo_value *every_second = waldo_v_slice(WALDO_OMIT, WALDO_OMIT, 2);
    waldo_value *none = waldo_v_array('d', NULL, 0);
    cr_assert_eq(waldo_value_array_splice(array, every_second, none, &result, NULL), 0);
    expect_repr(result, "array('d', [2.0])");
    expect_repr(waldo_value_ref(array), "array('d', [1.0, 2.0, 3.0])");
    waldo_value_unref(every_second);
    waldo_value_unref(none);
    waldo_value_unref(array);
    waldo_value_unref(memory);
    waldo_value_unref(source);
}
