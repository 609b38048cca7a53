/* Rows H1 to H3 and D16: list. */
#include <string.h>

#include "row.h"

#define with waldo_v_tuple

static waldo_value *none(void)
{
    return waldo_v_none();
}

/* list(range(n)), as a value. */
static waldo_value *range(int64_t n)
{
    waldo_value *list = waldo_v_list();
    for (int64_t i = 0; i < n; i++)
        must(waldo_value_list_append(list, waldo_v(i), &err));
    return list;
}

static waldo_value *slice(const char *text)
{
    return waldo_v_extension("slice", text, strlen(text));
}

/* A list with these items; TAKES them. */
static waldo_proxy *create(waldo_value *items)
{
    return row_create("list", with(items));
}

static void check(waldo_proxy *list, const char *expected)
{
    row_gives(list, "#GETVALUE", none(), expected);
}

ROW(H1_list_is_made_of_any_iterable, "list")
{
    static const char *const expected[] = {"[1, 2]", "[1, 2]", "['a', 'b']",
                                           "[1]",    "[7, 8]", "[5]"};
    int64_t numbers[] = {7, 8};
    waldo_value *const iterables[] = {waldo_v_list(waldo_v(1), waldo_v(2)),
                                      waldo_v_tuple(waldo_v(1), waldo_v(2)),
                                      waldo_v("ab"),
                                      waldo_v_dict(waldo_v(1), waldo_v(2)),
                                      waldo_v_array('q', numbers, 2),
                                      waldo_v_set(waldo_v(5))};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        waldo_proxy *list = create(iterables[i]);
        check(list, expected[i]);
        waldo_proxy_unref(list);
    }
    waldo_proxy *empty = row_create("list", none());
    check(empty, "[]");
    waldo_proxy_unref(empty);
}

ROW(H1_list_indexes_and_slices, "list")
{
    waldo_proxy *list = create(range(10));
    row_gives(list, "__len__", none(), "10");
    row_gives(list, "__getitem__", with(waldo_v(3)), "3");
    row_gives(list, "__getitem__", with(waldo_v(-1)), "9");
    row_gives(list, "__getitem__", with(slice("2:5:")), "[2, 3, 4]");
    row_gives(list, "__getitem__", with(slice("2:10:")), "[2, 3, 4, 5, 6, 7, 8, 9]");
    row_gives(list, "__getitem__", with(slice("::-3")), "[9, 6, 3, 0]");
    row_gives(list, "__getitem__", with(slice("-100:100:4")), "[0, 4, 8]");
    row_gives(list, "__getitem__", with(slice("5:2:")), "[]");
    row_gives(list, "__setitem__", with(waldo_v(-2), waldo_v("x")), "None");
    row_gives(list, "__setitem__", with(slice("0:3:"), range(1)), "None");
    check(list, "[0, 3, 4, 5, 6, 7, 'x', 9]");
    row_gives(list, "__setitem__", with(slice("::4"), waldo_v("ab")), "None");
    check(list, "['a', 3, 4, 5, 'b', 7, 'x', 9]");
    row_gives(list, "__delitem__", with(slice("1::2")), "None");
    check(list, "['a', 4, 'b', 'x']");
    row_gives(list, "__delitem__", with(waldo_v(-1)), "None");
    row_gives(list, "__setitem__", with(slice("1:1:"), range(2)), "None");
    check(list, "['a', 0, 1, 4, 'b']");
    waldo_proxy_unref(list);
}

ROW(H1_list_methods, "list")
{
    waldo_proxy *list = create(range(3));
    row_gives(list, "append", with(waldo_v("a")), "None");
    row_gives(list, "extend", with(with(waldo_v(0), waldo_v(1))), "None");
    row_gives(list, "insert", with(waldo_v(0), waldo_v("first")), "None");
    row_gives(list, "insert", with(waldo_v(100), waldo_v("last")), "None");
    row_gives(list, "insert", with(waldo_v(-1), waldo_v("before")), "None");
    check(list, "['first', 0, 1, 2, 'a', 0, 1, 'before', 'last']");
    row_gives(list, "count", with(waldo_v(1.0)), "2");
    row_gives(list, "index", with(waldo_v(1)), "2");
    row_gives(list, "index", with(waldo_v(1), waldo_v(3)), "6");
    row_gives(list, "index", with(waldo_v(1), waldo_v(-4), waldo_v(100)), "6");
    row_gives(list, "__contains__", with(waldo_v("before")), "True");
    row_gives(list, "__contains__", with(waldo_v("after")), "False");
    row_gives(list, "pop", none(), "'last'");
    row_gives(list, "pop", with(waldo_v(0)), "'first'");
    row_gives(list, "pop", with(waldo_v(-1)), "'before'");
    row_gives(list, "remove", with(waldo_v(1)), "None");
    row_gives(list, "reverse", none(), "None");
    check(list, "[1, 0, 'a', 2, 0]");
    row_gives(list, "copy", none(), "[1, 0, 'a', 2, 0]");
    row_gives(list, "clear", none(), "None");
    check(list, "[]");
    waldo_proxy_unref(list);
}

ROW(H1_list_sort, "list")
{
    waldo_proxy *list = create(waldo_v_list(waldo_v(3), waldo_v(1.5), waldo_v(-2), waldo_v(1)));
    row_gives(list, "sort", none(), "None");
    check(list, "[-2, 1, 1.5, 3]");
    row_gives(list, "sort", waldo_v_fields("reverse", waldo_v_bool(true)), "None");
    check(list, "[3, 1.5, 1, -2]");
    row_gives(list, "sort", waldo_v_fields("key", waldo_v("abs")), "None");
    check(list, "[1, 1.5, -2, 3]");
    row_gives(list, "append", with(waldo_v("x")), "None");
    row_refuses(list, "sort", none(), WALDO_ETYPE,
                "'<' not supported between instances of 'str' and 'int'");
    check(list, "[1, 1.5, -2, 3, 'x']");
    waldo_proxy_unref(list);
}

ROW(H1_list_operators_give_plain_lists, "list")
{
    waldo_proxy *list = create(range(2));
    row_gives(list, "__add__", with(waldo_v_list(waldo_v(7))), "[0, 1, 7]");
    row_gives(list, "__mul__", with(waldo_v(2)), "[0, 1, 0, 1]");
    row_gives(list, "__rmul__", with(waldo_v(2)), "[0, 1, 0, 1]");
    row_gives(list, "__mul__", with(waldo_v(-1)), "[]");
    check(list, "[0, 1]");
    waldo_proxy_unref(list);
}

ROW(H2_list_iteration_sees_changes, "list")
{
    waldo_proxy *list = create(range(4));
    waldo_proxy *reversed = row_proxy(row_call(list, "__reversed__", none()));
    waldo_value *item = NULL;
    expect_equal(must(waldo_proxy_next(reversed, &item, &err)), 1);
    expect_repr(item, "3");
    row_gives(list, "__setitem__", with(waldo_v(2), waldo_v("new")), "None");
    expect_equal(must(waldo_proxy_next(reversed, &item, &err)), 1);
    expect_repr(item, "'new'");
    row_gives(list, "clear", none(), "None");
    expect_equal(must(waldo_proxy_next(reversed, &item, &err)), 0);
    /* One that is exhausted stays so. */
    row_gives(list, "extend", with(range(9)), "None");
    expect_equal(must(waldo_proxy_next(reversed, &item, &err)), 0);
    waldo_proxy_unref(reversed);
    waldo_proxy_unref(list);
}

ROW(H3_list_errors, "list")
{
    waldo_proxy *list = create(range(3));
    row_refuses(list, "__getitem__", with(waldo_v(3)), WALDO_EINDEX, "list index out of range");
    row_refuses(list, "__getitem__", with(waldo_v(-4)), WALDO_EINDEX, "list index out of range");
    row_refuses(list, "__getitem__", with(waldo_v("a")), WALDO_ETYPE,
                "list indices must be integers or slices, not str");
    row_refuses(list, "__getitem__", with(slice("::0")), WALDO_EVALUE, "slice step cannot be zero");
    row_refuses(list, "__setitem__", with(waldo_v(3), waldo_v(0)), WALDO_EINDEX,
                "list assignment index out of range");
    row_refuses(list, "__setitem__", with(slice("::2"), range(3)), WALDO_EVALUE,
                "attempt to assign sequence of size 3 to extended slice of size 2");
    row_refuses(list, "__delitem__", with(waldo_v(3)), WALDO_EINDEX,
                "list assignment index out of range");
    row_refuses(list, "pop", with(waldo_v(3)), WALDO_EINDEX, "pop index out of range");
    must_fail(row_try(list, "remove", with(waldo_v(9))), WALDO_EVALUE);
    must_fail(row_try(list, "index", with(waldo_v(9))), WALDO_EVALUE);
    row_refuses(list, "extend", with(waldo_v(5)), WALDO_ETYPE, "'int' object is not iterable");
    must_fail(row_try(list, "__mul__", with(waldo_v("a"))), WALDO_ETYPE);
    must_fail(row_try(list, "__mul__", with(waldo_v(INT64_MAX))), WALDO_EOVERFLOW);
    check(list, "[0, 1, 2]");
    row_gives(list, "clear", none(), "None");
    row_refuses(list, "pop", none(), WALDO_EINDEX, "pop from empty list");
    must_fail(row_try_create("list", with(waldo_v(5))), WALDO_ETYPE);
    expect_text(err.message, "'int' object is not iterable");
    waldo_proxy_unref(list);
}

/* list + proxy of a list is a TypeError: the proxy is no list, and needs its copy(). */
ROW(H3_a_proxy_is_no_list, "list")
{
    waldo_proxy *list = create(range(2)), *other = create(range(2));
    must_fail(row_try(list, "__add__", with(row_token(other))), WALDO_ETYPE);
    row_gives(list, "__add__", with(row_call(other, "copy", none())), "[0, 1, 0, 1]");
    waldo_proxy_unref(other);
    waldo_proxy_unref(list);
}

ROW(H3_calls_that_are_wrong, "list")
{
    waldo_proxy *list = create(range(2));
    must_fail(row_try(list, "append", none()), WALDO_ETYPE);
    must_fail(row_try(list, "append", with(waldo_v(1), waldo_v(2))), WALDO_ETYPE);
    must_fail(row_try(list, "append", waldo_v_fields("no_such", waldo_v(1))), WALDO_ETYPE);
    must_fail(row_try(list, "__getitem__", none()), WALDO_ETYPE);
    must_fail(row_try(list, "__setitem__", with(waldo_v(0))), WALDO_ETYPE);
    must_fail(row_try(list, "insert", with(waldo_v(0))), WALDO_ETYPE);
    must_fail(row_try(list, "insert", with(waldo_v("0"), waldo_v(0))), WALDO_ETYPE);
    must_fail(row_try(list, "sort", waldo_v_fields("key", waldo_v("no_such"))), WALDO_EVALUE);
    check(list, "[0, 1]");
    waldo_proxy_unref(list);
}

/* A value that is nested too deep does not leave the client; one that fits may be put into others
 * in the server until that one cannot be read any more. */
ROW(H3_lists_nested_too_deep, "list")
{
    waldo_proxy *list = create(waldo_v_list());
    waldo_value *deep = waldo_v_list();
    for (int i = 0; i < 100; i++)
        deep = waldo_v_list(deep);
    must_fail(row_try(list, "append", with(deep)), WALDO_ERECURSION);
    check(list, "[]");
    waldo_proxy_unref(list);
}

/* list += and *= give the list itself: a proxy of the same object. */
ROW(D16_list_operators_in_place, "list")
{
    waldo_proxy *list = create(range(2));
    waldo_proxy *same = row_proxy(row_call(list, "__imul__", with(waldo_v(2))));
    expect_equal(waldo_proxy_object(same), waldo_proxy_object(list));
    check(same, "[0, 1, 0, 1]");
    waldo_proxy_unref(same);
    expect_equal(row_objects(), 1);
    waldo_proxy_unref(list);
}
