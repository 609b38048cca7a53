/* Rows X5 to X7: what takes several trips and a lock with Python. */
#include <stdlib.h>

#include "row.h"

#define with waldo_v_tuple

enum { ADDITIONS = 100 };

CLIENT(add_often)
{
    waldo_proxy *value = row_proxy(row_hear()), *dict = row_proxy(row_hear());
    for (int i = 0; i < ADDITIONS; i++) {
        waldo_value_unref(row_call(value, "fetch_add", with(waldo_v(1))));
        waldo_value_unref(row_call(dict, "add", with(waldo_v("n"), waldo_v(2))));
    }
    waldo_proxy_unref(dict);
    waldo_proxy_unref(value);
}

/* No addition is lost, whoever adds at the same time. */
ROW(X5_counters_in_one_trip, "Value dict")
{
    waldo_proxy *value = row_create("Value", with(waldo_v("i"), waldo_v(0)));
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    row_client *clients[3];
    for (size_t i = 0; i < 3; i++) {
        clients[i] = row_start("add_often");
        row_tell(clients[i], row_token(value));
        row_tell(clients[i], row_token(dict));
    }
    for (size_t i = 0; i < 3; i++)
        row_finish(clients[i]);
    row_gives(value, "get", waldo_v_none(), "300");
    row_gives(dict, "#GETVALUE", waldo_v_none(), "{'n': 600}");
    must_fail(row_try(value, "fetch_add", with(waldo_v("x"))), WALDO_ETYPE);
    must_fail(row_try(dict, "add", with(waldo_v("n"), waldo_v("x"))), WALDO_ETYPE);
    row_gives(value, "fetch_add", with(waldo_v(0.5)), "300");
    row_gives(value, "get", waldo_v_none(), "300.5");
    waldo_proxy_unref(dict);
    waldo_proxy_unref(value);
}

CLIENT(get_or_create)
{
    waldo_proxy *dict = row_proxy(row_hear());
    for (int key = 0; key < 10; key++) {
        waldo_proxy *list =
            row_proxy(row_call(dict, "get_or_create", with(waldo_v(key), waldo_v("list"))));
        waldo_value_unref(row_call(list, "append", with(waldo_v(key))));
        waldo_proxy_unref(list);
    }
    waldo_proxy_unref(dict);
}

/* Each key gets one object, whoever asks first, and it goes with the dict. */
ROW(X5_dict_get_or_create, "dict list")
{
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    row_client *clients[3];
    for (size_t i = 0; i < 3; i++) {
        clients[i] = row_start("get_or_create");
        row_tell(clients[i], row_token(dict));
    }
    for (size_t i = 0; i < 3; i++)
        row_finish(clients[i]);
    row_until(row_objects() == 11);
    waldo_proxy *list = row_proxy(row_call(dict, "__getitem__", with(waldo_v(9))));
    row_gives(list, "copy", waldo_v_none(), "[9, 9, 9]");
    waldo_proxy_unref(list);
    row_refuses(dict, "get_or_create", with(waldo_v("a"), waldo_v("nothing")), WALDO_EKEY,
                "this server offers no type 'nothing'");
    row_gives(dict, "__len__", waldo_v_none(), "10");
    waldo_proxy_unref(dict);
}

ROW(X5_compare_and_set, "Value")
{
    waldo_proxy *value = row_create("Value", with(waldo_v("i"), waldo_v(1)));
    row_gives(value, "compare_and_set", with(waldo_v(2), waldo_v("no")), "False");
    row_gives(value, "compare_and_set", with(waldo_v(1.0), waldo_v("yes")), "True");
    row_gives(value, "exchange", with(waldo_v(3)), "'yes'");
    row_gives(value, "get", waldo_v_none(), "3");
    waldo_proxy_unref(value);
}

ROW(X6_list_many_at_once, "list")
{
    waldo_proxy *list = row_create("list", with(waldo_v("abcde")));
    row_gives(list, "pop_many", with(waldo_v_extension("slice", "1:3:", 4)), "['b', 'c']");
    row_gives(list, "#GETVALUE", waldo_v_none(), "['a', 'd', 'e']");
    waldo_proxy_unref(list);
}

CLIENT(wait_changed)
{
    waldo_proxy *container = row_proxy(row_hear());
    waldo_value *version = row_call(container, "version", waldo_v_none());
    row_say(waldo_value_ref(version));
    row_say(row_call(container, "wait_changed", with(version)));
    waldo_proxy_unref(container);
}

/* TAKES arguments. */
static void check_wait(const char *type_id, waldo_value *made_of, const char *method,
                       waldo_value *arguments)
{
    waldo_proxy *container = row_create(type_id, made_of);
    row_client *client = row_start("wait_changed");
    row_tell(client, row_token(container));
    waldo_value *before = row_listen(client);
    waldo_value_unref(row_call(container, method, arguments));
    waldo_value *after = row_listen(client), *now = row_call(container, "version", waldo_v_none());
    int order = 0;
    must(waldo_value_compare(before, after, &order, &err));
    expect_equal(order, -1);
    expect_equal(waldo_value_equal(after, now, &err), 1);
    /* Without a change it is 0. */
    row_gives(container, "wait_changed", with(now, waldo_v(0.01)), "0");
    waldo_value_unref(before);
    waldo_value_unref(after);
    row_finish(client);
    waldo_proxy_unref(container);
}

ROW(X7_wait_until_changed, "list dict set Value Array Namespace")
{
    check_wait("list", waldo_v_none(), "append", with(waldo_v(1)));
    check_wait("dict", waldo_v_none(), "__setitem__", with(waldo_v(1), waldo_v(2)));
    check_wait("set", waldo_v_none(), "add", with(waldo_v(1)));
    check_wait("Value", with(waldo_v("i"), waldo_v(0)), "set", with(waldo_v(1)));
    check_wait("Array", with(waldo_v("i"), waldo_v_list(waldo_v(0))), "__setitem__",
               with(waldo_v(0), waldo_v(1)));
    check_wait("Namespace", waldo_v_none(), "__setattr__", with(waldo_v("x"), waldo_v(1)));
}
