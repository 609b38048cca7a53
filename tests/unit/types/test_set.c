/* set through the C layer, against a server in this process (row H7). */
#include "live.h"

TestSuite(set, .init = live_begin, .timeout = 60);

static waldo_set *set_of(waldo_value *items)
{
    waldo_set *set;
    must(waldo_set_new_from(manager, items, &set, &err));
    return set;
}

static waldo_value *ints(int first, int count)
{
    waldo_value *items = waldo_v_list();
    for (int i = first; i < first + count; i++)
        must(waldo_value_list_append(items, waldo_v(i), &err));
    return items;
}

static void holds(waldo_set *set, const char *expected)
{
    char *text = waldo_proxy_str(waldo_set_proxy(set));
    cr_assert_str_eq(text, expected);
    free(text);
}

static waldo_value *call(waldo_set *set, const char *method, waldo_value *arguments)
{
    waldo_value *result = NULL;
    must(waldo_proxy_call(waldo_set_proxy(set), method, arguments, &result, &err));
    return result;
}

static void refuses(waldo_set *set, const char *method, waldo_value *arguments, const char *message)
{
    waldo_value *result = NULL;
    must_fail(waldo_proxy_call(waldo_set_proxy(set), method, arguments, &result, &err),
              WALDO_ETYPE);
    cr_assert_str_eq(err.message, message);
}

static void end(waldo_set *set)
{
    waldo_set_unref(set);
    live_end();
}

Test(set, items)
{
    waldo_set *set;
    waldo_value *item = NULL;
    size_t length;
    must(waldo_set_new(manager, &set, &err));
    holds(set, "set()");
    must(waldo_set_add(set, waldo_v(1), &err));
    must(waldo_set_add(set, waldo_v_bool(true), &err)); /* the same item */
    must(waldo_set_add(set, waldo_v_tuple(waldo_v("a"), waldo_v_none()), &err));
    holds(set, "{1, ('a', None)}");
    must_fail(waldo_set_add(set, waldo_v_list(), &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "unhashable type: 'list'");
    cr_assert_eq(must(waldo_set_contains(set, waldo_v(1.0), &err)), 1);
    cr_assert_eq(must(waldo_set_contains(set, waldo_v(2), &err)), 0);
    must_fail(waldo_set_contains(set, waldo_v_list(), &err), WALDO_ETYPE);
    must_fail(waldo_set_remove(set, waldo_v("x"), &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "'x'");
    must(waldo_set_discard(set, waldo_v("x"), &err));
    must(waldo_set_remove(set, waldo_v(1), &err));
    must(waldo_set_length(set, &length, &err));
    cr_assert_eq(length, 1);
    must(waldo_set_pop(set, &item, &err));
    prints(item, "('a', None)");
    item = NULL;
    must_fail(waldo_set_pop(set, &item, &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "'pop from an empty set'");
    cr_assert_null(item);
    end(set);
}

Test(set, made_of_iterables)
{
    waldo_set *set = set_of(waldo_v("abca"));
    holds(set, "{'a', 'b', 'c'}");
    must(waldo_set_clear(set, &err));
    waldo_set_unref(set);
    set = set_of(waldo_v_dict(waldo_v("key"), waldo_v("value")));
    holds(set, "{'key'}");
    waldo_set_unref(set);
    set = NULL;
    must_fail(waldo_set_new_from(manager, waldo_v(1234), &set, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "'int' object is not iterable");
    must_fail(waldo_set_new_from(manager, waldo_v_list(waldo_v_list()), &set, &err), WALDO_ETYPE);
    cr_assert_null(set);
    live_end();
}

Test(set, algebra)
{
    waldo_set *set = set_of(ints(0, 4));
    waldo_value *value;
    must(waldo_set_combine(set, WALDO_SET_UNION, ints(2, 4), &value, &err));
    prints(value, "{0, 1, 2, 3, 4, 5}");
    must(waldo_set_combine(set, WALDO_SET_INTERSECTION, ints(2, 4), &value, &err));
    prints(value, "{2, 3}");
    must(waldo_set_combine(set, WALDO_SET_DIFFERENCE, ints(2, 4), &value, &err));
    prints(value, "{0, 1}");
    must(waldo_set_combine(set, WALDO_SET_SYMMETRIC_DIFFERENCE, ints(2, 4), &value, &err));
    prints(value, "{0, 1, 4, 5}");
    holds(set, "{0, 1, 2, 3}");
    must(waldo_set_update(set, WALDO_SET_UNION, waldo_v("x"), &err));
    holds(set, "{0, 1, 2, 3, 'x'}");
    must(waldo_set_update(set, WALDO_SET_DIFFERENCE, ints(0, 1), &err));
    must(waldo_set_update(set, WALDO_SET_SYMMETRIC_DIFFERENCE, ints(3, 2), &err));
    holds(set, "{1, 2, 'x', 4}");
    must(waldo_set_update(set, WALDO_SET_INTERSECTION, ints(0, 3), &err));
    holds(set, "{1, 2}");
    must_fail(waldo_set_update(set, WALDO_SET_UNION, waldo_v(5), &err), WALDO_ETYPE);
    must_fail(waldo_set_combine(set, WALDO_SET_UNION, waldo_v(5), &value, &err), WALDO_ETYPE);
    holds(set, "{1, 2}");
    end(set);
}

Test(set, relations)
{
    waldo_set *set = set_of(ints(0, 3));
    cr_assert_eq(must(waldo_set_is_subset(set, ints(0, 3), &err)), 1);
    cr_assert_eq(must(waldo_set_is_subset(set, ints(1, 9), &err)), 0);
    cr_assert_eq(must(waldo_set_is_superset(set, ints(1, 2), &err)), 1);
    cr_assert_eq(must(waldo_set_is_superset(set, ints(2, 2), &err)), 0);
    cr_assert_eq(must(waldo_set_is_disjoint(set, ints(3, 2), &err)), 1);
    cr_assert_eq(must(waldo_set_is_disjoint(set, ints(2, 2), &err)), 0);
    must_fail(waldo_set_is_subset(set, waldo_v(1), &err), WALDO_ETYPE);
    prints(call(set, "__lt__", waldo_v_tuple(waldo_v_set(waldo_v(0)))), "False");
    prints(call(set, "__gt__", waldo_v_tuple(waldo_v_set(waldo_v(0)))), "True");
    prints(call(set, "__ge__", waldo_v_tuple(waldo_v_set(waldo_v(7)))), "False");
    prints(call(set, "__le__", waldo_v_tuple(waldo_v_set(waldo_v(7)))), "False");
    refuses(set, "__lt__", waldo_v_tuple(ints(0, 1)),
            "'<' not supported between instances of 'set' and 'list'");
    end(set);
}

Test(set, operators_want_sets)
{
    waldo_set *set = set_of(ints(0, 2));
    prints(call(set, "__or__", waldo_v_tuple(waldo_v_set(waldo_v(9)))), "{0, 1, 9}");
    prints(call(set, "__rsub__", waldo_v_tuple(waldo_v_set(waldo_v(9), waldo_v(0)))), "{9}");
    refuses(set, "__or__", waldo_v_tuple(ints(0, 1)),
            "unsupported operand type(s) for |: 'set' and 'list'");
    refuses(set, "__rand__", waldo_v_tuple(ints(0, 1)),
            "unsupported operand type(s) for &: 'list' and 'set'");
    refuses(set, "__isub__", waldo_v_tuple(ints(0, 1)),
            "unsupported operand type(s) for -=: 'set' and 'list'");
    prints(call(set, "__class_getitem__", waldo_v_tuple(waldo_v("int"))), "'set[int]'");
    /* Any number of iterables. */
    prints(call(set, "union", waldo_v_tuple(ints(5, 1), waldo_v("a"))), "{0, 1, 5, 'a'}");
    prints(call(set, "union", waldo_v_none()), "{0, 1}");
    prints(call(set, "update", waldo_v_fields("others", waldo_v_list(ints(7, 1)))), "None");
    holds(set, "{0, 1, 7}");
    end(set);
}

Test(set, operators_that_change_it_give_the_set_itself)
{
    static const char *const methods[] = {"__ior__", "__iand__", "__isub__", "__ixor__"};
    waldo_set *set = set_of(ints(0, 2));
    for (size_t i = 0; i < 4; i++) {
        waldo_value *token = call(set, methods[i], waldo_v_tuple(waldo_v_set(waldo_v(9))));
        waldo_set *same;
        must(waldo_set_from_value(manager, token, &same, &err));
        cr_assert_eq(waldo_proxy_object(waldo_set_proxy(same)),
                     waldo_proxy_object(waldo_set_proxy(set)));
        waldo_set_unref(same);
        waldo_value_unref(token);
    }
    holds(set, "{9}");
    end(set);
}

Test(set, iteration_is_over_a_snapshot)
{
    waldo_set *set = set_of(ints(0, 3));
    waldo_value *token = call(set, "__iter__", waldo_v_none());
    waldo_proxy *iterator;
    waldo_value *item;
    must(waldo_proxy_from_value(manager, token, &iterator, &err));
    waldo_value_unref(token);
    cr_assert_eq(must(waldo_proxy_next(iterator, &item, &err)), 1);
    prints(item, "0");
    must(waldo_set_clear(set, &err));
    for (int i = 1; i < 3; i++) {
        cr_assert_eq(must(waldo_proxy_next(iterator, &item, &err)), 1);
        waldo_value_unref(item);
    }
    cr_assert_eq(must(waldo_proxy_next(iterator, &item, &err)), 0);
    waldo_proxy_unref(iterator);
    waldo_value *copy;
    must(waldo_set_copy(set, &copy, &err));
    prints(copy, "set()");
    end(set);
}

enum { UPDATES = 300 };

typedef struct pair {
    waldo_set *target;
    waldo_set *source;
} pair;

static void *update_often(void *data)
{
    const pair *sets = data;
    waldo_error error;
    int status = 0;
    for (int i = 0; i < UPDATES && status >= 0; i++) {
        waldo_value *source = NULL, *result = NULL;
        status = waldo_proxy_to_value(waldo_set_proxy(sets->source), &source, &error);
        if (status >= 0)
            status = waldo_proxy_call(waldo_set_proxy(sets->target), "update",
                                      waldo_v_tuple(source), &result, &error);
        waldo_value_unref(result);
    }
    return status < 0 ? data : NULL;
}

/* Neither may hold itself while it looks at the other. */
Test(set, two_that_are_updated_from_each_other)
{
    waldo_set *one = set_of(ints(0, 3)), *other = set_of(ints(3, 3));
    pair sets[] = {{one, other}, {other, one}};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, update_often, &sets[0]), 0);
    cr_assert_null(update_often(&sets[1]));
    void *failed = NULL;
    pthread_join(thread, &failed);
    cr_assert_null(failed);
    holds(one, "{0, 1, 2, 3, 4, 5}");
    waldo_set_unref(other);
    end(one);
}
