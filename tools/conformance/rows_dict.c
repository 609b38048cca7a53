/* Rows H4 to H6, and what D11, D12 and D16 say of dict. */
#include "row.h"

static waldo_proxy *new_dict(waldo_value *items)
{
    return row_create("dict", items ? waldo_v_tuple(items) : waldo_v_none());
}

/* TAKES arguments. */
static void calls(waldo_proxy *dict, const char *method, waldo_value *arguments,
                  const char *expected)
{
    expect_repr(row_call(dict, method, arguments), expected);
}

static void holds(waldo_proxy *dict, const char *expected)
{
    waldo_value *value = NULL;
    must(waldo_proxy_getvalue(dict, &value, &err));
    expect_repr(value, expected);
}

/* 0: 'a', 1: 'b', ... as in CPython's test_dict. */
static waldo_proxy *letters(int count)
{
    waldo_proxy *dict = new_dict(NULL);
    for (int i = 0; i < count; i++) {
        char letter[2] = {(char)('a' + i), 0};
        calls(dict, "__setitem__", waldo_v_tuple(waldo_v(i), waldo_v(letter)), "None");
    }
    return dict;
}

ROW(H4_dict_items, "dict")
{
    waldo_proxy *dict = letters(3);
    holds(dict, "{0: 'a', 1: 'b', 2: 'c'}");
    calls(dict, "__getitem__", waldo_v_tuple(waldo_v(1)), "'b'");
    calls(dict, "__contains__", waldo_v_tuple(waldo_v(2)), "True");
    calls(dict, "__contains__", waldo_v_tuple(waldo_v(3)), "False");
    calls(dict, "__len__", waldo_v_none(), "3");
    calls(dict, "__delitem__", waldo_v_tuple(waldo_v(0)), "None");
    calls(dict, "keys", waldo_v_none(), "[1, 2]");
    calls(dict, "values", waldo_v_none(), "['b', 'c']");
    calls(dict, "items", waldo_v_none(), "[(1, 'b'), (2, 'c')]");
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v(1), waldo_v("again")), "None");
    holds(dict, "{1: 'again', 2: 'c'}");
    calls(dict, "clear", waldo_v_none(), "None");
    holds(dict, "{}");
    waldo_proxy_unref(dict);
}

ROW(H4_keys_are_pythons, "dict")
{
    waldo_proxy *dict = new_dict(NULL);
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v(1), waldo_v("int")), "None");
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v(1.0), waldo_v("float")), "None");
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v_bool(true), waldo_v("bool")), "None");
    holds(dict, "{1: 'bool'}");
    calls(dict, "__setitem__",
          waldo_v_tuple(waldo_v_tuple(waldo_v(1), waldo_v("x")), waldo_v_none()), "None");
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v_none(), waldo_v(2)), "None");
    holds(dict, "{1: 'bool', (1, 'x'): None, None: 2}");
    waldo_proxy_unref(dict);
}

ROW(H4_get_setdefault_pop_popitem, "dict")
{
    waldo_proxy *dict = letters(2);
    calls(dict, "get", waldo_v_tuple(waldo_v(0)), "'a'");
    calls(dict, "get", waldo_v_tuple(waldo_v(9)), "None");
    calls(dict, "get", waldo_v_tuple(waldo_v(9), waldo_v("else")), "'else'");
    calls(dict, "setdefault", waldo_v_tuple(waldo_v(0), waldo_v("z")), "'a'");
    calls(dict, "setdefault", waldo_v_tuple(waldo_v(5), waldo_v("z")), "'z'");
    calls(dict, "setdefault", waldo_v_tuple(waldo_v(6)), "None");
    calls(dict, "popitem", waldo_v_none(), "(6, None)");
    calls(dict, "popitem", waldo_v_none(), "(5, 'z')");
    calls(dict, "pop", waldo_v_tuple(waldo_v(0)), "'a'");
    calls(dict, "pop", waldo_v_tuple(waldo_v(0), waldo_v("else")), "'else'");
    calls(dict, "pop", waldo_v_tuple(waldo_v(0), waldo_v_none()), "None");
    holds(dict, "{1: 'b'}");
    waldo_proxy_unref(dict);
}

ROW(H4_update_and_construction, "dict")
{
    waldo_proxy *dict =
        new_dict(waldo_v_list(waldo_v_tuple(waldo_v(1), waldo_v(2)), waldo_v("xy")));
    holds(dict, "{1: 2, 'x': 'y'}");
    calls(dict, "update", waldo_v_tuple(waldo_v_dict(waldo_v(1), waldo_v(3))), "None");
    calls(dict, "update", waldo_v_tuple(waldo_v_list(waldo_v("zz"))), "None");
    calls(dict, "update", waldo_v_fields("kw", waldo_v(4)), "None");
    calls(dict, "update", waldo_v_none(), "None");
    holds(dict, "{1: 3, 'x': 'y', 'z': 'z', 'kw': 4}");
    waldo_proxy *copy = new_dict(row_token(dict));
    holds(copy, "{1: 3, 'x': 'y', 'z': 'z', 'kw': 4}");
    waldo_proxy *named = row_create("dict", waldo_v_fields("a", waldo_v(1), "b", waldo_v(2)));
    holds(named, "{'a': 1, 'b': 2}");
    waldo_proxy_unref(named);
    waldo_proxy_unref(copy);
    waldo_proxy_unref(dict);
}

ROW(H4_copy_fromkeys_or, "dict")
{
    waldo_proxy *dict = letters(1);
    calls(dict, "copy", waldo_v_none(), "{0: 'a'}");
    calls(dict, "fromkeys", waldo_v_tuple(waldo_v_list(waldo_v(1), waldo_v(2))),
          "{1: None, 2: None}");
    calls(dict, "fromkeys", waldo_v_tuple(waldo_v("ab"), waldo_v(0)), "{'a': 0, 'b': 0}");
    calls(dict, "__or__", waldo_v_tuple(waldo_v_dict(waldo_v(0), waldo_v("z"))), "{0: 'z'}");
    calls(dict, "__ror__", waldo_v_tuple(waldo_v_dict(waldo_v(0), waldo_v("z"))), "{0: 'a'}");
    must_fail(row_try(dict, "__or__", waldo_v_tuple(waldo_v_list())), WALDO_ETYPE);
    expect_text(err.message, "unsupported operand type(s) for |: 'dict' and 'list'");
    holds(dict, "{0: 'a'}");
    waldo_proxy_unref(dict);
}

ROW(D16_or_in_place_gives_the_dict_itself, "dict")
{
    waldo_proxy *dict = letters(1);
    waldo_proxy *same =
        row_proxy(row_call(dict, "__ior__", waldo_v_tuple(waldo_v_dict(waldo_v(5), waldo_v(6)))));
    expect_equal(waldo_proxy_object(same), waldo_proxy_object(dict));
    holds(dict, "{0: 'a', 5: 6}");
    must_fail(row_try(dict, "__ior__", waldo_v_tuple(waldo_v(5))), WALDO_ETYPE);
    expect_text(err.message, "'int' object is not iterable");
    waldo_proxy_unref(same);
    waldo_proxy_unref(dict);
}

/* ---- H5: iteration ---- */

static void next_is(waldo_proxy *iterator, const char *expected)
{
    waldo_value *key = NULL;
    expect_equal(must(waldo_proxy_next(iterator, &key, &err)), expected ? 1 : 0);
    if (expected)
        expect_repr(key, expected);
}

ROW(H5_iterators, "dict")
{
    waldo_proxy *dict = letters(2);
    waldo_proxy *forwards = row_proxy(row_call(dict, "__iter__", waldo_v_none()));
    waldo_proxy *backwards = row_proxy(row_call(dict, "__reversed__", waldo_v_none()));
    expect_text(waldo_proxy_typeid(forwards), "Iterator");
    next_is(forwards, "0");
    next_is(backwards, "1");
    next_is(forwards, "1");
    next_is(backwards, "0");
    next_is(forwards, NULL);
    next_is(forwards, NULL);
    next_is(backwards, NULL);
    waldo_proxy_unref(backwards);
    waldo_proxy_unref(forwards);
    waldo_proxy_unref(dict);
}

ROW(H5_a_change_of_keys_ends_the_iteration, "dict")
{
    waldo_proxy *dict = letters(2);
    waldo_value *key = NULL;
    waldo_proxy *iterator = row_proxy(row_call(dict, "__iter__", waldo_v_none()));
    next_is(iterator, "0");
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v(1), waldo_v("new")), "None");
    next_is(iterator, "1");
    waldo_proxy_unref(iterator);
    iterator = row_proxy(row_call(dict, "__iter__", waldo_v_none()));
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v(2), waldo_v("new")), "None");
    must_fail(waldo_proxy_next(iterator, &key, &err), WALDO_ERUNTIME);
    expect_text(err.type_name, "RuntimeError");
    expect_text(err.message, "dictionary changed size during iteration");
    waldo_proxy_unref(iterator);
    waldo_proxy_unref(dict);
}

/* The iterator is the dict's last name: it keeps it alive (row D15 works in a child as well). */
CLIENT(iterate_there)
{
    waldo_proxy *dict = row_proxy(row_hear());
    waldo_proxy *iterator = row_proxy(row_call(dict, "__iter__", waldo_v_none()));
    row_say(waldo_v("has it"));
    waldo_value_unref(row_hear());
    waldo_proxy_unref(dict);
    waldo_value *key = NULL;
    while (must(waldo_proxy_next(iterator, &key, &err)) == 1)
        row_say(key);
    waldo_proxy_unref(iterator);
}

ROW(H5_in_another_process, "dict")
{
    waldo_proxy *dict = letters(2);
    row_client *client = row_start("iterate_there");
    row_tell(client, row_token(dict));
    expect_repr(row_listen(client), "'has it'");
    waldo_proxy_unref(dict);
    row_tell(client, waldo_v_none());
    expect_repr(row_listen(client), "0");
    expect_repr(row_listen(client), "1");
    row_finish(client);
}

/* ---- H6: errors ---- */

ROW(H6_errors, "dict")
{
    waldo_proxy *dict = letters(1);
    static const char *const by_key[] = {"__getitem__", "__delitem__", "pop"};
    for (int i = 0; i < 3; i++) {
        must_fail(row_try(dict, by_key[i], waldo_v_tuple(waldo_v("x"))), WALDO_EKEY);
        expect_text(err.type_name, "KeyError");
        expect_text(err.message, "'x'");
        must_fail(row_try(dict, by_key[i], waldo_v_tuple(waldo_v_list())), WALDO_ETYPE);
        expect_text(err.type_name, "TypeError");
        expect_text(err.message, "unhashable type: 'list'");
    }
    must_fail(row_try(dict, "__contains__", waldo_v_tuple(waldo_v_dict())), WALDO_ETYPE);
    must_fail(row_try(dict, "get", waldo_v_tuple(waldo_v_set())), WALDO_ETYPE);
    must_fail(row_try(dict, "setdefault", waldo_v_tuple(waldo_v_list(), waldo_v(1))), WALDO_ETYPE);
    must_fail(row_try(dict, "__setitem__", waldo_v_tuple(waldo_v_list(), waldo_v(1))), WALDO_ETYPE);
    must_fail(row_try(dict, "__setitem__", waldo_v_tuple(waldo_v(1))), WALDO_ETYPE);
    must_fail(row_try(dict, "update", waldo_v_tuple(waldo_v_list(waldo_v(1)))), WALDO_ETYPE);
    must_fail(row_try(dict, "update", waldo_v_tuple(waldo_v_list(waldo_v("abc")))), WALDO_EVALUE);
    must_fail(row_try_create("dict", waldo_v_tuple(waldo_v(1))), WALDO_ETYPE);
    holds(dict, "{0: 'a'}");
    calls(dict, "clear", waldo_v_none(), "None");
    must_fail(row_try(dict, "popitem", waldo_v_none()), WALDO_EKEY);
    expect_text(err.message, "'popitem(): dictionary is empty'");
    waldo_proxy_unref(dict);
}

/* ---- values and objects inside ---- */

ROW(D11_what_was_fetched_is_a_copy, "dict")
{
    waldo_proxy *dict = new_dict(waldo_v_dict(waldo_v("k"), waldo_v_list()));
    waldo_value *list = row_call(dict, "__getitem__", waldo_v_tuple(waldo_v("k")));
    must(waldo_value_list_append(list, waldo_v(1), &err));
    holds(dict, "{'k': []}");
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v("k"), list), "None");
    holds(dict, "{'k': [1]}");
    waldo_proxy_unref(dict);
}

ROW(D12_dicts_in_dicts, "dict")
{
    waldo_proxy *outer = new_dict(NULL);
    waldo_proxy *inner = letters(1);
    calls(outer, "__setitem__", waldo_v_tuple(waldo_v("inner"), row_token(inner)), "None");
    waldo_proxy_unref(inner);
    inner = row_proxy(row_call(outer, "__getitem__", waldo_v_tuple(waldo_v("inner"))));
    calls(inner, "__setitem__", waldo_v_tuple(waldo_v(1), waldo_v("b")), "None");
    waldo_proxy_unref(inner);
    inner = row_proxy(row_call(outer, "pop", waldo_v_tuple(waldo_v("inner"))));
    holds(inner, "{0: 'a', 1: 'b'}");
    waldo_proxy_unref(outer);
    calls(inner, "__len__", waldo_v_none(), "2");
    waldo_proxy_unref(inner);
}

ROW(D12_a_dict_in_itself, "dict")
{
    waldo_proxy *dict = new_dict(NULL);
    calls(dict, "__setitem__", waldo_v_tuple(waldo_v("me"), row_token(dict)), "None");
    waldo_proxy *same = row_proxy(row_call(dict, "__getitem__", waldo_v_tuple(waldo_v("me"))));
    expect_equal(waldo_proxy_object(same), waldo_proxy_object(dict));
    calls(dict, "clear", waldo_v_none(), "None"); /* nobody else would break the cycle */
    waldo_proxy_unref(same);
    waldo_proxy_unref(dict);
}

/* ---- Waldo's own: what takes Python a lock and several trips ---- */

ROW(X5_dict_add, "dict")
{
    waldo_proxy *dict = new_dict(NULL);
    calls(dict, "add", waldo_v_tuple(waldo_v("n"), waldo_v(2)), "2");
    calls(dict, "add", waldo_v_tuple(waldo_v("n"), waldo_v(3)), "5");
    calls(dict, "add", waldo_v_tuple(waldo_v("s"), waldo_v("a")), "'a'");
    calls(dict, "add", waldo_v_tuple(waldo_v("s"), waldo_v("b")), "'ab'");
    must_fail(row_try(dict, "add", waldo_v_tuple(waldo_v("s"), waldo_v(1))), WALDO_ETYPE);
    holds(dict, "{'n': 5, 's': 'ab'}");
    waldo_proxy_unref(dict);
}

CLIENT(add_a_thousand)
{
    waldo_proxy *dict = row_proxy(row_hear());
    for (int i = 0; i < 1000; i++)
        waldo_value_unref(row_call(dict, "add", waldo_v_tuple(waldo_v("n"), waldo_v(1))));
    row_say(waldo_v("done"));
    waldo_proxy_unref(dict);
}

ROW(X5_dict_add_loses_nothing, "dict")
{
    waldo_proxy *dict = new_dict(NULL);
    row_client *clients[4];
    for (int i = 0; i < 4; i++) {
        clients[i] = row_start("add_a_thousand");
        row_tell(clients[i], row_token(dict));
    }
    for (int i = 0; i < 4; i++) {
        expect_repr(row_listen(clients[i]), "'done'");
        row_finish(clients[i]);
    }
    holds(dict, "{'n': 4000}");
    waldo_proxy_unref(dict);
}

ROW(X5_dict_compare_and_set, "dict")
{
    waldo_proxy *dict = letters(1);
    calls(dict, "compare_and_set", waldo_v_tuple(waldo_v(0), waldo_v("a"), waldo_v("b")),
          "{'done': True, 'current': 'b'}");
    calls(dict, "compare_and_set", waldo_v_tuple(waldo_v(0), waldo_v("a"), waldo_v("c")),
          "{'done': False, 'current': 'b'}");
    calls(dict, "compare_and_set", waldo_v_fields("key", waldo_v(1), "desired", waldo_v("new")),
          "{'done': True, 'current': 'new'}");
    calls(dict, "compare_and_set", waldo_v_tuple(waldo_v(0), waldo_v("b")),
          "{'done': True, 'current': None}");
    holds(dict, "{1: 'new'}");
    waldo_proxy_unref(dict);
}

ROW(X6_dict_many_at_once, "dict")
{
    waldo_proxy *dict = letters(4);
    waldo_value *keys = waldo_v_list(waldo_v(2), waldo_v(9), waldo_v(0));
    calls(dict, "get_many", waldo_v_tuple(waldo_value_ref(keys)), "{2: 'c', 0: 'a'}");
    calls(dict, "pop_many", waldo_v_tuple(keys), "{2: 'c', 0: 'a'}");
    must_fail(row_try(dict, "pop_many", waldo_v_tuple(waldo_v_list(waldo_v(1), waldo_v_list()))),
              WALDO_ETYPE);
    holds(dict, "{1: 'b', 3: 'd'}");
    calls(dict, "popitems", waldo_v_tuple(waldo_v(5)), "[(3, 'd'), (1, 'b')]");
    waldo_proxy_unref(dict);
}
