/* Waldo's own: waiting until a container has changed. */
#include "row.h"

static waldo_value *version_of(waldo_proxy *proxy)
{
    return row_call(proxy, "version", waldo_v_none());
}

/* Says the version that it waited for. */
CLIENT(wait_for_change)
{
    waldo_proxy *proxy = row_proxy(row_hear());
    waldo_value *since = row_hear();
    row_say(waldo_v("waits"));
    row_say(row_call(proxy, "wait_changed", waldo_v_tuple(since)));
    waldo_proxy_unref(proxy);
}

static row_client *start_waiting(waldo_proxy *proxy)
{
    row_client *client = row_start_process("wait_for_change");
    row_tell(client, row_token(proxy));
    row_tell(client, version_of(proxy));
    expect_repr(row_listen(client), "'waits'");
    return client;
}

ROW(X7_a_change_wakes_who_waits, "dict Namespace")
{
    static const char *const types[] = {"dict", "Namespace"};
    static const char *const methods[] = {"__setitem__", "__setattr__"};
    for (int i = 0; i < 2; i++) {
        waldo_proxy *proxy = row_create(types[i], waldo_v_none());
        row_client *first = start_waiting(proxy);
        row_client *second = start_waiting(proxy);
        expect_repr(row_call(proxy, methods[i], waldo_v_tuple(waldo_v("x"), waldo_v(1))), "None");
        waldo_value *version = version_of(proxy);
        waldo_value *told = row_listen(first);
        expect_equal(must(waldo_value_equal(told, version, &err)), 1);
        waldo_value_unref(told);
        waldo_value_unref(version);
        waldo_value_unref(row_listen(second));
        row_finish(first);
        row_finish(second);
        waldo_proxy_unref(proxy);
    }
}

ROW(X7_a_timeout_is_a_result, "dict")
{
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    expect_repr(row_call(dict, "wait_changed", waldo_v_tuple(version_of(dict), waldo_v(0.01))),
                "0");
    expect_repr(row_call(dict, "wait_changed", waldo_v_tuple(version_of(dict), waldo_v(0))), "0");
    waldo_value *version = row_call(dict, "wait_changed", waldo_v_tuple(waldo_v(0)));
    expect(waldo_value_is_true(version));
    waldo_value_unref(version);
    waldo_proxy_unref(dict);
}

/* One that died while it waited is nobody's concern. */
ROW(X7_the_dead_do_not_wait_for_changes, "dict")
{
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    row_client *dead = start_waiting(dict);
    row_client *alive = start_waiting(dict);
    row_kill(dead);
    expect_repr(row_call(dict, "__setitem__", waldo_v_tuple(waldo_v(1), waldo_v(1))), "None");
    waldo_value_unref(row_listen(alive));
    row_finish(alive);
    waldo_proxy_unref(dict);
}

/* What watches is woken by a transaction, and is none of its steps. */
ROW(X7_changes_by_transactions, "dict")
{
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    waldo_transaction *transaction = NULL;
    must(waldo_transaction_new(row_manager(), &transaction, &err));
    must(waldo_transaction_add(transaction, dict, "wait_changed", waldo_v_tuple(version_of(dict)),
                               &err));
    must_fail(waldo_transaction_commit(transaction, NULL, &err), WALDO_ETYPE);
    waldo_transaction_unref(transaction);
    row_client *client = start_waiting(dict);
    must(waldo_transaction_new(row_manager(), &transaction, &err));
    must(waldo_transaction_add(transaction, dict, "__setitem__",
                               waldo_v_tuple(waldo_v(1), waldo_v(2)), &err));
    must(waldo_transaction_commit(transaction, NULL, &err));
    waldo_value_unref(row_listen(client));
    row_finish(client);
    waldo_transaction_unref(transaction);
    waldo_proxy_unref(dict);
}
