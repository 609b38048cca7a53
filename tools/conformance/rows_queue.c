/* Rows G: Queue and JoinableQueue. */
#include <string.h>

#include "rows_queue.h"

/* ---- G1: first in, first out ---- */

ROW(G1_first_in_first_out, "Queue JoinableQueue")
{
    static const char *const types[] = {"Queue", "JoinableQueue"};
    for (int i = 0; i < 2; i++) {
        waldo_proxy *queue = row_create(types[i], waldo_v_none());
        put(queue, waldo_v(1));
        expect_repr(row_call(queue, "put", waldo_v_tuple(waldo_v("two"), waldo_v_bool(true))),
                    "None");
        expect_repr(row_call(queue, "put_nowait", waldo_v_tuple(waldo_v_list(waldo_v(3)))), "None");
        expect_repr(row_call(queue, "put",
                             waldo_v_fields("item", waldo_v_none(), "block", waldo_v_bool(false),
                                            "timeout", waldo_v(0.5))),
                    "None");
        expect_repr(get(queue), "1");
        expect_repr(row_call(queue, "get_nowait", waldo_v_none()), "'two'");
        expect_repr(row_call(queue, "get", waldo_v_tuple(waldo_v_bool(true), waldo_v(1))), "[3]");
        expect_repr(row_call(queue, "get", waldo_v_fields("timeout", waldo_v_none())), "None");
        waldo_proxy_unref(queue);
    }
}

ROW(G1_maxsize_of_0_or_less_is_no_bound, "Queue")
{
    for (int64_t maxsize = -1; maxsize <= 0; maxsize++) {
        waldo_proxy *queue = new_queue(maxsize);
        for (int i = 0; i < 100; i++)
            put(queue, waldo_v(i));
        expect_repr(row_call(queue, "full", waldo_v_none()), "False");
        for (int i = 0; i < 100; i++)
            waldo_value_unref(get(queue));
        waldo_proxy_unref(queue);
    }
}

CLIENT(get_one)
{
    waldo_proxy *queue = row_proxy(row_hear());
    row_say(get(queue));
    waldo_proxy_unref(queue);
}

ROW(G1_a_getter_waits_for_an_item, "Queue")
{
    waldo_proxy *queue = new_queue(0);
    row_client *first = row_start("get_one");
    row_tell(first, row_token(queue));
    row_until(count_of(queue, "getters") == 1);
    row_client *second = row_start("get_one");
    row_tell(second, row_token(queue));
    row_until(count_of(queue, "getters") == 2);
    put(queue, waldo_v("a"));
    expect_repr(row_listen(first), "'a'");
    expect(!row_has_said(second));
    put(queue, waldo_v("b"));
    expect_repr(row_listen(second), "'b'");
    row_finish(first);
    row_finish(second);
    waldo_proxy_unref(queue);
}

CLIENT(put_one)
{
    waldo_proxy *queue = row_proxy(row_hear());
    put(queue, row_hear());
    row_say(waldo_v("put"));
    waldo_proxy_unref(queue);
}

ROW(G1_a_putter_waits_for_room, "Queue")
{
    waldo_proxy *queue = new_queue(1);
    put(queue, waldo_v(0));
    row_client *first = row_start("put_one");
    row_tell(first, row_token(queue));
    row_tell(first, waldo_v(1));
    row_until(count_of(queue, "putters") == 1);
    row_client *second = row_start("put_one");
    row_tell(second, row_token(queue));
    row_tell(second, waldo_v(2));
    row_until(count_of(queue, "putters") == 2);
    expect_repr(get(queue), "0");
    expect_repr(row_listen(first), "'put'");
    expect_repr(row_call(queue, "qsize", waldo_v_none()), "1");
    expect_repr(get(queue), "1");
    expect_repr(row_listen(second), "'put'");
    expect_repr(get(queue), "2");
    row_finish(first);
    row_finish(second);
    waldo_proxy_unref(queue);
}

/* ---- G2 and G3: Full and Empty ---- */

ROW(G2_a_full_queue, "Queue")
{
    waldo_proxy *queue = new_queue(2);
    put(queue, waldo_v(1));
    put(queue, waldo_v(2));
    must_fail(row_try(queue, "put_nowait", waldo_v_tuple(waldo_v(3))), WALDO_EFULL);
    expect_text(err.type_name, "Full");
    must_fail(row_try(queue, "put", waldo_v_tuple(waldo_v(3), waldo_v_bool(false))), WALDO_EFULL);
    /* Without block the timeout is not looked at. */
    double start = row_now();
    must_fail(row_try(queue, "put",
                      waldo_v_tuple(waldo_v(3), waldo_v_bool(false), waldo_v(ROW_PATIENCE))),
              WALDO_EFULL);
    expect(row_now() - start < ROW_PATIENCE);
    start = row_now();
    must_fail(row_try(queue, "put", waldo_v_tuple(waldo_v(3), waldo_v_bool(true), waldo_v(0.1))),
              WALDO_EFULL);
    expect(row_now() - start >= 0.099);
    expect_repr(row_call(queue, "qsize", waldo_v_none()), "2");
    waldo_proxy_unref(queue);
}

ROW(G3_an_empty_queue, "Queue")
{
    waldo_proxy *queue = new_queue(0);
    must_fail(row_try(queue, "get_nowait", waldo_v_none()), WALDO_EEMPTY);
    expect_text(err.type_name, "Empty");
    must_fail(row_try(queue, "get", waldo_v_tuple(waldo_v_bool(false))), WALDO_EEMPTY);
    must_fail(row_try(queue, "get", waldo_v_tuple(waldo_v(0), waldo_v(ROW_PATIENCE))),
              WALDO_EEMPTY);
    double start = row_now();
    must_fail(row_try(queue, "get", waldo_v_tuple(waldo_v_bool(true), waldo_v(0.1))), WALDO_EEMPTY);
    expect(row_now() - start >= 0.099);
    must_fail(row_try(queue, "get", waldo_v_fields("timeout", waldo_v(0))), WALDO_EEMPTY);
    waldo_proxy_unref(queue);
}

/* ---- G4: bad timeouts ---- */

ROW(G4_a_negative_timeout, "Queue")
{
    static const char text[] = "'timeout' must be a non-negative number";
    waldo_proxy *queue = new_queue(1);
    must_fail(row_try(queue, "get", waldo_v_fields("timeout", waldo_v(-1))), WALDO_EVALUE);
    expect_text(err.message, text);
    must_fail(row_try(queue, "put", waldo_v_tuple(waldo_v(1), waldo_v_bool(true), waldo_v(-0.5))),
              WALDO_EVALUE);
    expect_text(err.message, text);
    expect_text(err.type_name, "ValueError");
    /* Nobody looks at it. */
    must_fail(row_try(queue, "get", waldo_v_tuple(waldo_v_bool(false), waldo_v(-1))), WALDO_EEMPTY);
    must_fail(row_try(queue, "get", waldo_v_fields("timeout", waldo_v("soon"))), WALDO_ETYPE);
    expect_text(err.message, "'<' not supported between instances of 'str' and 'int'");
    must_fail(row_try(queue, "put", waldo_v_none()), WALDO_ETYPE);
    expect_repr(row_call(queue, "qsize", waldo_v_none()), "0");
    waldo_proxy_unref(queue);
}

/* ---- G5: how full ---- */

ROW(G5_empty_full_and_qsize_are_exact, "Queue")
{
    waldo_proxy *queue = new_queue(2);
    expect_repr(row_call(queue, "empty", waldo_v_none()), "True");
    for (int i = 1; i <= 2; i++) {
        put(queue, waldo_v(i));
        expect_repr(row_call(queue, "qsize", waldo_v_none()), i == 1 ? "1" : "2");
        expect_repr(row_call(queue, "empty", waldo_v_none()), "False");
        expect_repr(row_call(queue, "full", waldo_v_none()), i == 1 ? "False" : "True");
    }
    waldo_value_unref(get(queue));
    expect_repr(row_call(queue, "full", waldo_v_none()), "False");
    waldo_proxy_unref(queue);
}

/* ---- G6: several producers ---- */

enum { PER_PRODUCER = 50 };

CLIENT(produce)
{
    waldo_proxy *queue = row_proxy(row_hear());
    waldo_value *name = row_hear();
    for (int i = 0; i < PER_PRODUCER; i++)
        put(queue, waldo_v_tuple(waldo_value_ref(name), waldo_v(i)));
    waldo_value_unref(name);
    waldo_proxy_unref(queue);
}

ROW(G6_the_order_of_each_producer_is_kept, "Queue")
{
    waldo_proxy *queue = new_queue(3);
    row_client *producers[2];
    for (int i = 0; i < 2; i++) {
        producers[i] = row_start("produce");
        row_tell(producers[i], row_token(queue));
        row_tell(producers[i], waldo_v(i));
    }
    int64_t next[2] = {0, 0};
    for (int i = 0; i < 2 * PER_PRODUCER; i++) {
        int64_t who, number;
        waldo_value *item = get(queue), *first = NULL, *second = NULL;
        must(waldo_value_item(item, 0, &first, &err));
        must(waldo_value_item(item, 1, &second, &err));
        must(waldo_value_get_int64(first, &who, &err));
        must(waldo_value_get_int64(second, &number, &err));
        expect_equal(number, next[who]++);
        waldo_value_unref(first);
        waldo_value_unref(second);
        waldo_value_unref(item);
    }
    row_finish(producers[0]);
    row_finish(producers[1]);
    waldo_proxy_unref(queue);
}

/* ---- G7: task_done and join ---- */

CLIENT(join_queue)
{
    waldo_proxy *queue = row_proxy(row_hear());
    row_say(waldo_v("begins"));
    expect_repr(row_call(queue, "join", waldo_v_none()), "None");
    row_say(waldo_v("joined"));
    waldo_proxy_unref(queue);
}

ROW(G7_join_waits_until_all_is_done, "JoinableQueue")
{
    waldo_proxy *queue = row_create("JoinableQueue", waldo_v_none());
    expect_repr(row_call(queue, "join", waldo_v_none()), "None");
    put(queue, waldo_v(1));
    put(queue, waldo_v(2));
    row_client *client = row_start("join_queue");
    row_tell(client, row_token(queue));
    expect_repr(row_listen(client), "'begins'");
    waldo_value_unref(get(queue));
    waldo_value_unref(get(queue));
    expect_repr(row_call(queue, "task_done", waldo_v_none()), "None");
    expect(!row_has_said(client));
    expect_repr(row_call(queue, "task_done", waldo_v_none()), "None");
    expect_repr(row_listen(client), "'joined'");
    row_finish(client);
    must_fail(row_try(queue, "task_done", waldo_v_none()), WALDO_EVALUE);
    expect_text(err.message, "task_done() called too many times");
    waldo_proxy_unref(queue);
}

/* ---- G8 and G9: shutdown ---- */

ROW(G8_after_shutdown_what_is_left_can_be_got, "Queue")
{
    waldo_proxy *queue = new_queue(0);
    put(queue, waldo_v(1));
    expect_repr(row_call(queue, "shutdown", waldo_v_none()), "None");
    must_fail(row_try(queue, "put", waldo_v_tuple(waldo_v(2))), WALDO_ESHUTDOWN);
    expect_text(err.type_name, "ShutDown");
    must_fail(row_try(queue, "put_nowait", waldo_v_tuple(waldo_v(2))), WALDO_ESHUTDOWN);
    expect_repr(get(queue), "1");
    must_fail(row_try(queue, "get", waldo_v_none()), WALDO_ESHUTDOWN);
    must_fail(row_try(queue, "get_nowait", waldo_v_none()), WALDO_ESHUTDOWN);
    expect_repr(row_call(queue, "shutdown", waldo_v_none()), "None");
    expect_repr(row_call(queue, "task_done", waldo_v_none()), "None");
    expect_repr(row_call(queue, "join", waldo_v_none()), "None");
    waldo_proxy_unref(queue);
}

CLIENT(find_it_shut)
{
    waldo_proxy *queue = row_proxy(row_hear());
    waldo_value *method = row_hear();
    const char *name = NULL;
    must(waldo_value_get_str(method, &name, NULL, &err));
    bool puts = strcmp(name, "put") == 0;
    must_fail(row_try(queue, name, puts ? waldo_v_tuple(waldo_v(9)) : waldo_v_none()),
              WALDO_ESHUTDOWN);
    row_say(waldo_v("shut"));
    waldo_value_unref(method);
    waldo_proxy_unref(queue);
}

static void shut_down_with_one_waiting(int64_t maxsize, const char *method, const char *count,
                                       bool immediate)
{
    waldo_proxy *queue = new_queue(maxsize);
    if (maxsize)
        put(queue, waldo_v(0));
    row_client *client = row_start("find_it_shut");
    row_tell(client, row_token(queue));
    row_tell(client, waldo_v(method));
    row_until(count_of(queue, count) == 1);
    expect_repr(row_call(queue, "shutdown", waldo_v_fields("immediate", waldo_v_bool(immediate))),
                "None");
    expect_repr(row_listen(client), "'shut'");
    row_finish(client);
    waldo_proxy_unref(queue);
}

ROW(G8_shutdown_wakes_those_who_wait, "Queue")
{
    shut_down_with_one_waiting(0, "get", "getters", false);
    shut_down_with_one_waiting(1, "put", "putters", false);
}

ROW(G9_immediate_shutdown_wakes_those_who_wait, "Queue")
{
    shut_down_with_one_waiting(0, "get", "getters", true);
    shut_down_with_one_waiting(1, "put", "putters", true);
}

ROW(G9_immediate_shutdown_drains, "Queue")
{
    waldo_proxy *queue = new_queue(0);
    put(queue, waldo_v(1));
    put(queue, waldo_v(2));
    put(queue, waldo_v(3));
    row_client *client = row_start("join_queue");
    row_tell(client, row_token(queue));
    expect_repr(row_listen(client), "'begins'");
    waldo_value_unref(get(queue));
    expect_repr(row_call(queue, "shutdown", waldo_v_tuple(waldo_v_bool(true))), "None");
    expect_repr(row_call(queue, "qsize", waldo_v_none()), "0");
    must_fail(row_try(queue, "get", waldo_v_none()), WALDO_ESHUTDOWN);
    /* The one that was got is still to be done. */
    expect_equal(count_of(queue, "unfinished"), 1);
    expect(!row_has_said(client));
    expect_repr(row_call(queue, "task_done", waldo_v_none()), "None");
    expect_repr(row_listen(client), "'joined'");
    row_finish(client);
    waldo_proxy_unref(queue);
}

ROW(G9_immediate_shutdown_ends_a_join, "Queue")
{
    waldo_proxy *queue = new_queue(0);
    put(queue, waldo_v(1));
    row_client *client = row_start("join_queue");
    row_tell(client, row_token(queue));
    expect_repr(row_listen(client), "'begins'");
    expect_repr(row_call(queue, "shutdown", waldo_v_tuple(waldo_v_bool(true))), "None");
    expect_repr(row_listen(client), "'joined'");
    row_finish(client);
    waldo_proxy_unref(queue);
}

/* ---- G10: what is not there ---- */

ROW(G10_no_methods_of_the_other_queue, "Queue")
{
    static const char *const names[] = {"close",   "join_thread",     "cancel_join_thread",
                                        "maxsize", "is_shutdown",     "__getattribute__",
                                        "_put",    "unfinished_tasks"};
    waldo_proxy *queue = new_queue(0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        must_fail(row_try(queue, names[i], waldo_v_none()), WALDO_EATTRIBUTE);
    waldo_value *value = NULL;
    must_fail(waldo_proxy_getvalue(queue, &value, &err), WALDO_EREMOTE);
    waldo_proxy_unref(queue);
}

/* ---- G11, D12: in a container ---- */

ROW(G11_a_queue_in_a_queue, "Queue")
{
    waldo_proxy *outer = new_queue(0);
    waldo_proxy *inner = new_queue(0);
    put(inner, waldo_v("deep"));
    put(outer, row_token(inner));
    waldo_proxy_unref(inner);
    inner = row_proxy(get(outer));
    expect_repr(get(inner), "'deep'");
    waldo_proxy_unref(inner);
    waldo_proxy_unref(outer);
}

ROW(G11_a_queue_in_a_list, "Queue list")
{
    waldo_proxy *queue = new_queue(0);
    waldo_proxy *list = row_create("list", waldo_v_tuple(waldo_v_list(row_token(queue))));
    waldo_proxy_unref(queue);
    queue = row_proxy(row_call(list, "__getitem__", waldo_v_tuple(waldo_v(0))));
    put(queue, waldo_v(1));
    waldo_proxy_unref(queue);
    queue = row_proxy(row_call(list, "pop", waldo_v_none()));
    expect_repr(get(queue), "1");
    waldo_proxy_unref(queue);
    waldo_proxy_unref(list);
}

ROW(G11_a_queue_in_a_dict, "Queue dict")
{
    waldo_proxy *queue = new_queue(0);
    waldo_proxy *dict =
        row_create("dict", waldo_v_tuple(waldo_v_dict(waldo_v("q"), row_token(queue))));
    waldo_proxy_unref(queue);
    queue = row_proxy(row_call(dict, "__getitem__", waldo_v_tuple(waldo_v("q"))));
    put(queue, waldo_v(1));
    expect_repr(get(queue), "1");
    waldo_proxy_unref(queue);
    waldo_proxy_unref(dict);
}
