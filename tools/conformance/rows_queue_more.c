/* Rows X1 to X4 and F22 of Queue: what Python's cannot do. */
#include "rows_queue.h"

/* ---- more in one trip ---- */

ROW(X1_queue_many_at_once, "Queue")
{
    waldo_proxy *proxy = new_queue(4);
    waldo_queue *queue = queue_of(proxy);
    waldo_value *items = NULL;
    int64_t size = 0;
    must(waldo_queue_put_many(queue, waldo_v_list(waldo_v(1), waldo_v(2), waldo_v(3)),
                              WALDO_FOREVER, &err));
    must_fail(waldo_queue_put_many(queue, waldo_v_list(waldo_v(4), waldo_v(5)), 0, &err),
              WALDO_EFULL);
    must_fail(waldo_queue_put_many(
                  queue, waldo_v_tuple(waldo_v(1), waldo_v(2), waldo_v(3), waldo_v(4), waldo_v(5)),
                  WALDO_FOREVER, &err),
              WALDO_EVALUE);
    must_fail(waldo_queue_put_many(queue, waldo_v(1), 0, &err), WALDO_ETYPE);
    must(waldo_queue_qsize(queue, &size, &err));
    expect_equal(size, 3);
    must(waldo_queue_get_many(queue, 2, 0, &items, &err));
    expect_repr(items, "[1, 2]");
    must(waldo_queue_get_many(queue, 100, WALDO_FOREVER, &items, &err));
    expect_repr(items, "[3]");
    must_fail(waldo_queue_get_many(queue, 100, 0.05, &items, &err), WALDO_EEMPTY);
    must_fail(waldo_queue_get_many(queue, 0, 0, &items, &err), WALDO_EVALUE);
    must(waldo_queue_put_many(queue, waldo_v_list(), WALDO_FOREVER, &err));
    expect_equal(must(waldo_queue_empty(queue, &err)), 1);
    waldo_queue_unref(queue);
    waldo_proxy_unref(proxy);
}

CLIENT(get_from_any)
{
    waldo_proxy *first = row_proxy(row_hear());
    waldo_proxy *second = row_proxy(row_hear());
    waldo_queue *queues[] = {queue_of(first), queue_of(second)};
    waldo_value *item = NULL;
    size_t index = 9;
    int status = waldo_queue_get_any(queues, 2, WALDO_FOREVER, &index, &item, &err);
    row_say(status < 0 ? waldo_v(err.type_name) : waldo_v_tuple(waldo_v(index), item));
    waldo_queue_unref(queues[0]);
    waldo_queue_unref(queues[1]);
    waldo_proxy_unref(first);
    waldo_proxy_unref(second);
}

static row_client *start_get_from_any(waldo_proxy *first, waldo_proxy *second)
{
    row_client *client = row_start("get_from_any");
    row_tell(client, row_token(first));
    row_tell(client, row_token(second));
    row_until(count_of(first, "getters") == 1 && count_of(second, "getters") == 1);
    return client;
}

ROW(X2_get_from_several_queues, "Queue")
{
    waldo_proxy *first = new_queue(0);
    waldo_proxy *second = new_queue(0);
    row_client *client = start_get_from_any(first, second);
    put(second, waldo_v("b"));
    expect_repr(row_listen(client), "(1, 'b')");
    row_finish(client);
    expect_equal(count_of(first, "getters"), 0);
    client = start_get_from_any(first, second);
    expect_repr(row_call(first, "shutdown", waldo_v_none()), "None");
    expect_equal(count_of(second, "getters"), 1);
    expect_repr(row_call(second, "shutdown", waldo_v_none()), "None");
    expect_repr(row_listen(client), "'ShutDown'");
    row_finish(client);
    must_fail(row_try(first, "get_any", waldo_v_tuple(waldo_v_list(waldo_v(1)))), WALDO_ETYPE);
    waldo_proxy_unref(first);
    waldo_proxy_unref(second);
}

ROW(X3_move_between_queues, "Queue")
{
    waldo_proxy *from_proxy = new_queue(0), *to_proxy = new_queue(3);
    waldo_queue *from = queue_of(from_proxy), *to = queue_of(to_proxy);
    waldo_value *items = NULL;
    int64_t moved = -1;
    must(waldo_queue_move(from, to, 10, &moved, &err));
    expect_equal(moved, 0);
    must(waldo_queue_put_many(from, waldo_v_list(waldo_v(1), waldo_v(2), waldo_v(3), waldo_v(4)), 0,
                              &err));
    must(waldo_queue_move(from, to, 2, &moved, &err));
    expect_equal(moved, 2);
    must(waldo_queue_move(from, to, 10, &moved, &err));
    expect_equal(moved, 1);
    must(waldo_queue_get_many(to, 10, 0, &items, &err));
    expect_repr(items, "[1, 2, 3]");
    expect_equal(count_of(from_proxy, "unfinished"), 1);
    expect_equal(count_of(to_proxy, "unfinished"), 3);
    must(waldo_queue_shutdown(to, false, &err));
    must_fail(waldo_queue_move(from, to, 1, &moved, &err), WALDO_ESHUTDOWN);
    must_fail(waldo_queue_move(from, to, 0, &moved, &err), WALDO_EVALUE);
    must(waldo_queue_get_many(from, 10, 0, &items, &err));
    expect_repr(items, "[4]");
    waldo_queue_unref(from);
    waldo_queue_unref(to);
    waldo_proxy_unref(from_proxy);
    waldo_proxy_unref(to_proxy);
}

/* ---- items that are taken ---- */

ROW(X4_take_and_acknowledge, "Queue")
{
    waldo_proxy *proxy = new_queue(0);
    waldo_queue *queue = queue_of(proxy);
    waldo_queue_taken first = {0}, second = {0};
    waldo_value *item = NULL;
    put(proxy, waldo_v("a"));
    put(proxy, waldo_v("b"));
    put(proxy, waldo_v("c"));
    must(waldo_queue_take(queue, WALDO_FOREVER, 0, &first, &err));
    must(waldo_queue_take(queue, WALDO_FOREVER, 0, &second, &err));
    expect(second.ticket > first.ticket);
    expect_repr(first.item, "'a'");
    expect_repr(second.item, "'b'");
    expect_equal(first.returned, 0);
    expect_equal(count_of(proxy, "taken"), 2);
    must(waldo_queue_acknowledge(queue, first.ticket, &err));
    must_fail(waldo_queue_acknowledge(queue, first.ticket, &err), WALDO_EKEY);
    expect_equal(count_of(proxy, "unfinished"), 2);
    /* What comes back is in front of what was behind it. */
    must(waldo_queue_give_back(queue, second.ticket, &err));
    must_fail(waldo_queue_give_back(queue, second.ticket, &err), WALDO_EKEY);
    must(waldo_queue_take(queue, 1000, WALDO_FOREVER, &second, &err));
    expect_repr(second.item, "'b'");
    expect_equal(second.returned, 1);
    must(waldo_queue_renew(queue, second.ticket, WALDO_FOREVER, &err));
    must_fail(waldo_queue_renew(queue, 99, 1, &err), WALDO_EKEY);
    must_fail(waldo_queue_renew(queue, second.ticket, 0, &err), WALDO_EVALUE);
    must(waldo_queue_acknowledge(queue, second.ticket, &err));
    must(waldo_queue_get(queue, 0, &item, &err));
    expect_repr(item, "'c'");
    must_fail(waldo_queue_take(queue, WALDO_FOREVER, 0.01, &second, &err), WALDO_EEMPTY);
    must_fail(waldo_queue_take(queue, -1, 0, &second, &err), WALDO_EVALUE);
    waldo_queue_unref(queue);
    waldo_proxy_unref(proxy);
}

ROW(X4_a_lease_ends, "Queue")
{
    waldo_proxy *proxy = new_queue(0);
    waldo_queue *queue = queue_of(proxy);
    waldo_queue_taken taken = {0}, again = {0};
    put(proxy, waldo_v("a"));
    put(proxy, waldo_v("b"));
    must(waldo_queue_take(queue, 0.05, 0, &taken, &err));
    expect_repr(taken.item, "'a'");
    row_until(count_of(proxy, "taken") == 0);
    must_fail(waldo_queue_acknowledge(queue, taken.ticket, &err), WALDO_EKEY);
    must(waldo_queue_take(queue, 0.05, 0, &taken, &err));
    expect_repr(taken.item, "'a'");
    expect_equal(taken.returned, 1);
    /* It comes to somebody who waits for it. */
    waldo_value_unref(get(proxy));
    must(waldo_queue_take(queue, 1000, WALDO_FOREVER, &again, &err));
    expect_repr(again.item, "'a'");
    expect_equal(again.returned, 2);
    must(waldo_queue_acknowledge(queue, again.ticket, &err));
    waldo_queue_unref(queue);
    waldo_proxy_unref(proxy);
}

CLIENT(take_and_hold)
{
    waldo_proxy *proxy = row_proxy(row_hear());
    waldo_queue *queue = queue_of(proxy);
    waldo_queue_taken taken = {0};
    must(waldo_queue_take(queue, WALDO_FOREVER, WALDO_FOREVER, &taken, &err));
    row_say(taken.item);
    waldo_value_unref(row_hear());
    waldo_queue_unref(queue);
    waldo_proxy_unref(proxy);
}

ROW(X4_the_takers_death_returns_its_item, "Queue")
{
    waldo_proxy *queue = new_queue(0);
    put(queue, waldo_v("a"));
    put(queue, waldo_v("b"));
    row_client *client = row_start_process("take_and_hold");
    row_tell(client, row_token(queue));
    expect_repr(row_listen(client), "'a'");
    row_kill(client);
    row_until(count_of(queue, "taken") == 0);
    expect_repr(get(queue), "'a'");
    expect_repr(get(queue), "'b'");
    waldo_proxy_unref(queue);
}

/* ---- pain 2: who waits and dies ---- */

ROW(F22_a_dead_getter_takes_nothing, "Queue")
{
    waldo_proxy *queue = new_queue(0);
    row_client *client = row_start_process("get_one");
    row_tell(client, row_token(queue));
    row_until(count_of(queue, "getters") == 1);
    row_kill(client);
    row_until(count_of(queue, "getters") == 0);
    put(queue, waldo_v(1));
    expect_repr(row_call(queue, "get_nowait", waldo_v_none()), "1");
    waldo_proxy_unref(queue);
}

ROW(F22_a_dead_putter_puts_nothing, "Queue")
{
    waldo_proxy *queue = new_queue(1);
    put(queue, waldo_v(1));
    row_client *client = row_start_process("put_one");
    row_tell(client, row_token(queue));
    row_tell(client, waldo_v(2));
    row_until(count_of(queue, "putters") == 1);
    row_kill(client);
    row_until(count_of(queue, "putters") == 0);
    expect_repr(get(queue), "1");
    expect_repr(row_call(queue, "empty", waldo_v_none()), "True");
    waldo_proxy_unref(queue);
}
