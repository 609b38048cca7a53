/* dict through the C layer, against a server in this process. */
#include "dicts.h"

TestSuite(dict, .init = live_begin);

Test(dict, sets_and_gets)
{
    waldo_dict *dict = new_dict();
    waldo_value *value;
    must(waldo_dict_set(dict, waldo_v(1), waldo_v("1"), &err));
    must(waldo_dict_set(dict, waldo_v("2"), waldo_v(2), &err));
    must(waldo_dict_set(dict, waldo_v(0.25), waldo_v_none(), &err));
    holds(dict, "{1: '1', '2': 2, 0.25: None}");
    must(waldo_dict_get(dict, waldo_v_bool(true), &value, &err));
    prints(value, "'1'");
    must_fail(waldo_dict_get(dict, waldo_v("nope"), &value, &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "'nope'");
    must_fail(waldo_dict_get(dict, waldo_v_list(), &value, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "unhashable type: 'list'");
    must(waldo_dict_get_or(dict, waldo_v("nope"), waldo_v(7), &value, &err));
    prints(value, "7");
    cr_assert_eq(must(waldo_dict_contains(dict, waldo_v("2"), &err)), 1);
    cr_assert_eq(must(waldo_dict_contains(dict, waldo_v("3"), &err)), 0);
    must(waldo_dict_delete(dict, waldo_v(1.0), &err));
    must_fail(waldo_dict_delete(dict, waldo_v(1), &err), WALDO_EKEY);
    holds(dict, "{'2': 2, 0.25: None}");
    end(dict);
}

Test(dict, pops)
{
    waldo_dict *dict =
        dict_of(waldo_v_list(waldo_v_tuple(waldo_v(1), waldo_v("a")), waldo_v("xy")));
    waldo_value *key, *value;
    holds(dict, "{1: 'a', 'x': 'y'}");
    must_fail(waldo_dict_pop(dict, waldo_v(2), &value, &err), WALDO_EKEY);
    must(waldo_dict_pop_or(dict, waldo_v(2), waldo_v_none(), &value, &err));
    prints(value, "None");
    must(waldo_dict_popitem(dict, &key, &value, &err));
    prints(key, "'x'");
    prints(value, "'y'");
    must(waldo_dict_setdefault(dict, waldo_v(1), waldo_v("b"), &value, &err));
    prints(value, "'a'");
    must(waldo_dict_setdefault(dict, waldo_v(2), waldo_v("b"), &value, &err));
    prints(value, "'b'");
    must(waldo_dict_pop(dict, waldo_v(1), &value, &err));
    prints(value, "'a'");
    must(waldo_dict_clear(dict, &err));
    must_fail(waldo_dict_popitem(dict, &key, &value, &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "'popitem(): dictionary is empty'");
    end(dict);
}

Test(dict, bad_items_make_no_dict)
{
    waldo_dict *dict = NULL;
    must_fail(waldo_dict_new_from(manager, waldo_v(5), &dict, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "'int' object is not iterable");
    must_fail(waldo_dict_new_from(manager, waldo_v_list(waldo_v(1)), &dict, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message,
                     "cannot convert dictionary update sequence element #0 to a sequence");
    must_fail(
        waldo_dict_new_from(manager, waldo_v_list(waldo_v("ab"), waldo_v("abc")), &dict, &err),
        WALDO_EVALUE);
    cr_assert_str_eq(err.message,
                     "dictionary update sequence element #1 has length 3; 2 is required");
    must_fail(waldo_dict_new_from(manager, NULL, &dict, &err), WALDO_ENOMEM);
    cr_assert_null(dict);
    live_end();
}

Test(dict, update_is_all_or_nothing)
{
    waldo_dict *dict = dict_of(waldo_v_dict(waldo_v(1), waldo_v("a")));
    must(waldo_dict_update(dict, waldo_v_dict(waldo_v(2), waldo_v("b"), waldo_v(1), waldo_v("c")),
                           &err));
    holds(dict, "{1: 'c', 2: 'b'}");
    must_fail(
        waldo_dict_update(
            dict, waldo_v_list(waldo_v("ab"), waldo_v_tuple(waldo_v_list(), waldo_v_none())), &err),
        WALDO_ETYPE);
    holds(dict, "{1: 'c', 2: 'b'}");
    end(dict);
}

Test(dict, takes_another_dict_of_the_server)
{
    waldo_dict *dict = dict_of(waldo_v_dict(waldo_v(1), waldo_v("a")));
    waldo_dict *other = dict_of(waldo_v_dict(waldo_v(2), waldo_v("b")));
    waldo_value *token, *value;
    must(waldo_proxy_to_value(waldo_dict_proxy(other), &token, &err));
    must(waldo_dict_or(dict, waldo_value_ref(token), &value, &err));
    prints(value, "{1: 'a', 2: 'b'}");
    must(waldo_dict_update(dict, waldo_value_ref(token), &err));
    holds(dict, "{1: 'a', 2: 'b'}");
    must(waldo_dict_update(other, token, &err)); /* itself */
    holds(other, "{2: 'b'}");
    must_fail(waldo_dict_or(dict, waldo_v(5), &value, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "unsupported operand type(s) for |: 'dict' and 'int'");
    waldo_dict_unref(other);
    end(dict);
}

Test(dict, one_trip_instead_of_several)
{
    waldo_dict *dict = new_dict();
    waldo_value *value;
    must(waldo_dict_add(dict, waldo_v("n"), waldo_v(5), &value, &err));
    prints(value, "5");
    must(waldo_dict_add(dict, waldo_v("n"), waldo_v(-2), &value, &err));
    prints(value, "3");
    must_fail(waldo_dict_add(dict, waldo_v("n"), waldo_v("x"), NULL, &err), WALDO_ETYPE);
    cr_assert_eq(
        must(waldo_dict_compare_and_set(dict, waldo_v("n"), waldo_v(3), waldo_v(4), &value, &err)),
        1);
    prints(value, "4");
    cr_assert_eq(
        must(waldo_dict_compare_and_set(dict, waldo_v("n"), waldo_v(3), waldo_v(5), &value, &err)),
        0);
    prints(value, "4");
    cr_assert_eq(must(waldo_dict_insert(dict, waldo_v("n"), waldo_v(5), NULL, &err)), 0);
    cr_assert_eq(must(waldo_dict_insert(dict, waldo_v("m"), waldo_v(5), &value, &err)), 1);
    prints(value, "5");
    cr_assert_eq(must(waldo_dict_compare_and_set(dict, waldo_v("k"), waldo_v_none(), waldo_v(5),
                                                 &value, &err)),
                 0);
    cr_assert_null(value);
    cr_assert_eq(must(waldo_dict_compare_and_delete(dict, waldo_v("m"), waldo_v(6), NULL, &err)),
                 0);
    cr_assert_eq(must(waldo_dict_compare_and_delete(dict, waldo_v("m"), waldo_v(5), &value, &err)),
                 1);
    cr_assert_null(value);
    must_fail(waldo_dict_insert(dict, waldo_v_set(), waldo_v(5), NULL, &err), WALDO_ETYPE);
    holds(dict, "{'n': 4}");
    end(dict);
}

Test(dict, many_at_once)
{
    waldo_dict *dict = new_dict();
    waldo_value *value;
    for (int i = 0; i < 5; i++)
        must(waldo_dict_set(dict, waldo_v(i), waldo_v(i * i), &err));
    must(waldo_dict_get_many(dict, waldo_v_list(waldo_v(3), waldo_v(9), waldo_v(1)), &value, &err));
    prints(value, "{3: 9, 1: 1}");
    must_fail(waldo_dict_pop_many(dict, waldo_v_list(waldo_v(1), waldo_v_list()), &value, &err),
              WALDO_ETYPE);
    must(
        waldo_dict_pop_many(dict, waldo_v_tuple(waldo_v(1), waldo_v(1), waldo_v(8)), &value, &err));
    prints(value, "{1: 1}");
    must(waldo_dict_popitems(dict, 2, &value, &err));
    prints(value, "[(4, 16), (3, 9)]");
    must(waldo_dict_popitems(dict, 10, &value, &err));
    prints(value, "[(2, 4), (0, 0)]");
    must(waldo_dict_popitems(dict, 10, &value, &err));
    prints(value, "[]");
    end(dict);
}

Test(dict, lists)
{
    waldo_dict *dict = dict_of(waldo_v_dict(waldo_v(1), waldo_v("a"), waldo_v(2), waldo_v("b")));
    waldo_value *value;
    size_t length;
    must(waldo_dict_keys(dict, &value, &err));
    prints(value, "[1, 2]");
    must(waldo_dict_values(dict, &value, &err));
    prints(value, "['a', 'b']");
    must(waldo_dict_items(dict, &value, &err));
    prints(value, "[(1, 'a'), (2, 'b')]");
    must(waldo_dict_copy(dict, &value, &err));
    prints(value, "{1: 'a', 2: 'b'}");
    must(waldo_dict_length(dict, &length, &err));
    cr_assert_eq(length, 2);
    end(dict);
}

/* ---- by name, as Python calls ---- */

static void calls(waldo_dict *dict, const char *method, waldo_value *arguments,
                  const char *expected)
{
    waldo_value *result;
    must(waldo_proxy_call(waldo_dict_proxy(dict), method, arguments, &result, &err));
    prints(result, expected);
}

Test(dict, calls_by_name)
{
    waldo_dict *dict = new_dict();
    waldo_value *result = NULL;
    waldo_proxy *proxy = waldo_dict_proxy(dict);
    calls(dict, "update", waldo_v_fields("a", waldo_v(1), "iterable", waldo_v_list(waldo_v("xy"))),
          "None");
    calls(dict, "__delitem__", waldo_v_tuple(waldo_v("x")), "None");
    must_fail(waldo_proxy_call(proxy, "update", waldo_v_tuple(waldo_v("xy")), &result, &err),
              WALDO_EVALUE);
    cr_assert_null(result);
    calls(dict, "update", waldo_v_fields("a", waldo_v(1), "kwargs", waldo_v(2)), "None");
    holds(dict, "{'a': 1, 'kwargs': 2}");
    calls(dict, "get", waldo_v_tuple(waldo_v("b")), "None");
    calls(dict, "get", waldo_v_fields("key", waldo_v("b"), "default", waldo_v(3)), "3");
    calls(dict, "pop", waldo_v_tuple(waldo_v("kwargs"), waldo_v_none()), "2");
    calls(dict, "fromkeys", waldo_v_tuple(waldo_v("aba")), "{'a': None, 'b': None}");
    calls(dict, "fromkeys", waldo_v_tuple(waldo_v_list(waldo_v(1)), waldo_v(0)), "{1: 0}");
    calls(dict, "__or__", waldo_v_tuple(waldo_v_dict(waldo_v("a"), waldo_v(9))), "{'a': 9}");
    calls(dict, "__ror__", waldo_v_tuple(waldo_v_dict(waldo_v("a"), waldo_v(9))), "{'a': 1}");
    calls(dict, "__len__", waldo_v_tuple(), "1");
    must_fail(waldo_proxy_call(proxy, "get", waldo_v_tuple(), &result, &err), WALDO_ETYPE);
    must_fail(waldo_proxy_call(proxy, "__setitem__", waldo_v_tuple(waldo_v(1)), &result, &err),
              WALDO_ETYPE);
    must_fail(waldo_proxy_call(proxy, "__ror__", waldo_v_tuple(waldo_v(1)), &result, &err),
              WALDO_ETYPE);
    cr_assert_str_eq(err.message, "unsupported operand type(s) for |: 'int' and 'dict'");
    must_fail(waldo_proxy_call(proxy, "__eq__", waldo_v_tuple(waldo_v(1)), &result, &err),
              WALDO_EATTRIBUTE);
    end(dict);
}

Test(dict, in_place_or_gives_the_dict_itself)
{
    waldo_dict *dict = new_dict(), *same;
    waldo_value *token;
    must(waldo_proxy_call(waldo_dict_proxy(dict), "__ior__",
                          waldo_v_tuple(waldo_v_list(waldo_v("ab"))), &token, &err));
    must(waldo_dict_from_value(manager, token, &same, &err));
    cr_assert_eq(waldo_proxy_object(waldo_dict_proxy(same)),
                 waldo_proxy_object(waldo_dict_proxy(dict)));
    waldo_value_unref(token);
    waldo_dict_unref(same);
    holds(dict, "{'a': 'b'}");
    end(dict);
}

Test(dict, keyword_arguments_of_the_constructor)
{
    waldo_proxy *proxy;
    must(waldo_proxy_create(
        manager, "dict", waldo_v_fields("iterable", waldo_v_list(waldo_v("ab")), "c", waldo_v(1)),
        &proxy, &err));
    char *text = waldo_proxy_str(proxy);
    cr_assert_str_eq(text, "{'a': 'b', 'c': 1}");
    free(text);
    waldo_proxy_unref(proxy);
    must_fail(waldo_proxy_create(manager, "dict", waldo_v_tuple(waldo_v_list(), waldo_v_dict()),
                                 &proxy, &err),
              WALDO_ETYPE);
    live_end();
}

/* ---- objects inside ---- */

Test(dict, holds_other_objects)
{
    waldo_dict *outer = new_dict(), *inner = squares(2), *again;
    waldo_value *token;
    must(waldo_proxy_to_value(waldo_dict_proxy(inner), &token, &err));
    must(waldo_dict_set(outer, waldo_v("inner"), token, &err));
    waldo_dict_unref(inner);
    must(waldo_dict_get(outer, waldo_v("inner"), &token, &err));
    must(waldo_dict_from_value(manager, token, &again, &err));
    waldo_value_unref(token);
    must(waldo_dict_set(again, waldo_v(5), waldo_v("live"), &err));
    holds(again, "{0: 0, 1: 1, 5: 'live'}");
    waldo_dict_unref(again);
    must_fail(waldo_dict_from_value(manager, waldo_v_none(), &again, &err), WALDO_ETYPE);
    end(outer);
}
