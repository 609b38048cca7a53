/* Queue and transactions through the C layer: what the conformance rows do not ask. */
#include "live.h"

TestSuite(queue, .init = live_begin);

static waldo_queue *new_queue(int64_t maxsize)
{
    waldo_queue *queue;
    must(waldo_queue_new(manager, maxsize, &queue, &err));
    return queue;
}

Test(queue, handles)
{
    waldo_queue *queue = new_queue(2), *same;
    waldo_value *token, *none = waldo_v_none();
    must(waldo_proxy_to_value(waldo_queue_proxy(queue), &token, &err));
    must(waldo_queue_from_value(manager, token, &same, &err));
    must(waldo_queue_put(same, waldo_v(1), 0, &err));
    cr_assert_eq(must(waldo_queue_full(queue, &err)), 0);
    cr_assert_eq(must(waldo_queue_empty(queue, &err)), 0);
    must_fail(waldo_queue_from_value(manager, none, &same, &err), WALDO_ETYPE);
    waldo_proxy *list;
    must(waldo_proxy_create(manager, "list", waldo_v_none(), &list, &err));
    waldo_queue *no_queue = NULL;
    must_fail(waldo_queue_from_proxy(list, &no_queue, &err), WALDO_ETYPE);
    cr_assert_null(no_queue);
    cr_assert_null(waldo_queue_unref(NULL));
    waldo_value_unref(token);
    waldo_value_unref(none);
    waldo_proxy_unref(list);
    waldo_queue_unref(same);
    waldo_queue_unref(waldo_queue_ref(queue));
    waldo_queue_unref(queue);
    live_end();
}

Test(queue, bad_arguments)
{
    waldo_queue *queue = new_queue(1);
    waldo_value *item = NULL;
    waldo_queue_taken taken = {0};
    size_t index = 7;
    must_fail(waldo_queue_put(queue, NULL, 0, &err), WALDO_ENOMEM);
    must_fail(waldo_queue_put_many(queue, NULL, 0, &err), WALDO_ENOMEM);
    must_fail(waldo_queue_put_many(queue, waldo_v("ab"), 0, &err), WALDO_ETYPE);
    must_fail(waldo_queue_put(queue, waldo_v(1), -1, &err), WALDO_EVALUE);
    must_fail(waldo_queue_get(queue, -1, &item, &err), WALDO_EVALUE);
    must_fail(waldo_queue_get(queue, -WALDO_FOREVER, &item, &err), WALDO_EVALUE);
    must_fail(waldo_queue_get(queue, (double)NAN, &item, &err), WALDO_EVALUE);
    must_fail(waldo_queue_take(queue, (double)NAN, 0, &taken, &err), WALDO_EVALUE);
    must_fail(waldo_queue_take(queue, 0, 0, &taken, &err), WALDO_EVALUE);
    must_fail(waldo_queue_get_any(NULL, 0, 0, &index, &item, &err), WALDO_EVALUE);
    must_fail(waldo_queue_acknowledge(queue, 0, &err), WALDO_EKEY);
    must_fail(waldo_queue_acknowledge(queue, -1, &err), WALDO_EKEY);
    cr_assert_null(item);
    cr_assert_null(taken.item);
    cr_assert_eq(index, 7);
    cr_assert_eq(must(waldo_queue_empty(queue, &err)), 1);
    waldo_queue_unref(queue);
    live_end();
}

Test(queue, the_same_queue_twice)
{
    waldo_queue *queue = new_queue(2);
    waldo_queue *const both[] = {queue, queue};
    waldo_value *item;
    size_t index;
    int64_t moved;
    must_fail(waldo_queue_get_any(both, 2, 0.01, &index, &item, &err), WALDO_EEMPTY);
    must(waldo_queue_put_many(queue, waldo_v_list(waldo_v(1), waldo_v(2)), 0, &err));
    must(waldo_queue_move(queue, queue, 1, &moved, &err));
    cr_assert_eq(moved, 1);
    must(waldo_queue_get_any(both, 2, 0, &index, &item, &err));
    cr_assert_eq(index, 0);
    prints(item, "2");
    must(waldo_queue_get_many(queue, 5, 0, &item, &err));
    prints(item, "[1]");
    must(waldo_queue_shutdown(queue, false, &err));
    must_fail(waldo_queue_get_any(both, 2, WALDO_FOREVER, &index, &item, &err), WALDO_ESHUTDOWN);
    waldo_queue_unref(queue);
    live_end();
}

static void *shut_down(void *queue)
{
    waldo_queue_counts counts = {0};
    while (counts.getters < 2)
        if (waldo_queue_get_counts(queue, &counts, NULL) < 0)
            return NULL;
    return waldo_queue_shutdown(queue, false, NULL) < 0 ? NULL : queue;
}

Test(queue, the_same_queue_twice_is_shut_down)
{
    waldo_queue *queue = new_queue(0);
    waldo_queue *const both[] = {queue, queue};
    waldo_value *item;
    size_t index;
    pthread_t thread;
    void *done;
    cr_assert_eq(pthread_create(&thread, NULL, shut_down, queue), 0);
    must_fail(waldo_queue_get_any(both, 2, WALDO_FOREVER, &index, &item, &err), WALDO_ESHUTDOWN);
    pthread_join(thread, &done);
    cr_assert_eq(done, queue);
    waldo_queue_unref(queue);
    live_end();
}

Test(queue, what_is_taken_when_it_was_closed_is_dropped)
{
    waldo_queue *queue = new_queue(0);
    waldo_queue_taken taken;
    waldo_queue_counts counts;
    must(waldo_queue_put(queue, waldo_v(1), 0, &err));
    must(waldo_queue_take(queue, WALDO_FOREVER, 0, &taken, &err));
    prints(taken.item, "1");
    must(waldo_queue_shutdown(queue, true, &err));
    must(waldo_queue_get_counts(queue, &counts, &err));
    cr_assert_eq(counts.unfinished, 1);
    must(waldo_queue_give_back(queue, taken.ticket, &err));
    must(waldo_queue_join(queue, &err));
    cr_assert_eq(must(waldo_queue_empty(queue, &err)), 1);
    waldo_queue_unref(queue);
    live_end();
}

Test(queue, join_waits_as_long_as_the_proxy_does)
{
    waldo_queue *queue = new_queue(0);
    must(waldo_queue_put(queue, waldo_v(1), 0, &err));
    must(waldo_proxy_set_timeout(waldo_queue_proxy(queue), 0.05, &err));
    must_fail(waldo_queue_join(queue, &err), WALDO_ETIMEOUT);
    must(waldo_queue_task_done(queue, &err));
    must(waldo_queue_join(queue, &err));
    waldo_queue_unref(queue);
    live_end();
}

/* An item that comes back to a full queue is one more than it holds. */
Test(queue, more_than_it_holds)
{
    waldo_queue *queue = new_queue(1);
    waldo_queue_taken taken;
    waldo_value *items;
    must(waldo_queue_put(queue, waldo_v(1), 0, &err));
    must(waldo_queue_take(queue, WALDO_FOREVER, 0, &taken, &err));
    prints(taken.item, "1");
    must(waldo_queue_put(queue, waldo_v(2), 0, &err));
    must(waldo_queue_give_back(queue, taken.ticket, &err));
    cr_assert_eq(must(waldo_queue_full(queue, &err)), 1);
    must_fail(waldo_queue_put(queue, waldo_v(3), 0.01, &err), WALDO_EFULL);
    must(waldo_queue_get_many(queue, 5, 0, &items, &err));
    prints(items, "[1, 2]");
    waldo_queue_unref(queue);
    live_end();
}

Test(queue, a_queue_dies_with_what_it_has)
{
    waldo_queue *queue = new_queue(0), *inner = new_queue(0);
    waldo_value *token;
    waldo_queue_taken taken;
    must(waldo_proxy_to_value(waldo_queue_proxy(inner), &token, &err));
    must(waldo_queue_put(queue, token, 0, &err));
    must(waldo_queue_put(queue, waldo_v(2), 0, &err));
    must(waldo_queue_take(queue, 1000, 0, &taken, &err));
    must(waldo_queue_acknowledge(queue, taken.ticket, &err));
    waldo_value_unref(taken.item);
    waldo_queue_unref(inner);
    waldo_queue_unref(queue);
    live_end();
}

/* ---- transactions ---- */

Test(queue, transactions_of_several_managers)
{
    waldo_manager *other = live_connect();
    waldo_queue *queue = new_queue(0), *elsewhere;
    waldo_transaction *transaction;
    must(waldo_queue_new(other, 0, &elsewhere, &err));
    must(waldo_transaction_new(manager, &transaction, &err));
    must_fail(waldo_transaction_add(transaction, waldo_queue_proxy(elsewhere), "qsize",
                                    waldo_v_none(), &err),
              WALDO_EVALUE);
    must_fail(
        waldo_transaction_add(transaction, waldo_queue_proxy(queue), "put_nowait", NULL, &err),
        WALDO_ENOMEM);
    must_fail(waldo_transaction_expect(transaction, waldo_queue_proxy(queue), "qsize",
                                       waldo_v_none(), NULL, &err),
              WALDO_ENOMEM);
    must(waldo_transaction_commit(transaction, NULL, &err));
    cr_assert_null(waldo_transaction_unref(transaction));
    cr_assert_null(waldo_transaction_unref(NULL));
    waldo_queue_unref(elsewhere);
    waldo_queue_unref(queue);
    waldo_manager_unref(other);
    live_end();
}

/* A result that does not fit into a message must not be the end of what was done. */
Test(queue, a_transaction_whose_results_are_too_big)
{
    enum { TEXT = 1 << 20, COPIES = 70 };
    char *text = malloc(TEXT + 1);
    memset(text, 'x', TEXT);
    text[TEXT] = '\0';
    waldo_proxy *value;
    waldo_queue *queue = new_queue(0);
    waldo_transaction *transaction;
    must(waldo_proxy_create(manager, "Value", waldo_v_tuple(waldo_v("s"), waldo_v(text)), &value,
                            &err));
    free(text);
    must(waldo_transaction_new(manager, &transaction, &err));
    must(waldo_transaction_add(transaction, waldo_queue_proxy(queue), "put",
                               waldo_v_tuple(waldo_v(1)), &err));
    for (int i = 0; i < COPIES; i++)
        must(waldo_transaction_add(transaction, value, "get", waldo_v_none(), &err));
    must_fail(waldo_transaction_commit(transaction, NULL, &err), WALDO_ETOOBIG);
    cr_assert_eq(must(waldo_queue_empty(queue, &err)), 1);
    waldo_transaction_unref(transaction);
    waldo_proxy_unref(value);
    waldo_queue_unref(queue);
    live_end();
}

/* Two names of one object are held once. */
Test(queue, a_transaction_on_two_proxies_of_one_object)
{
    waldo_proxy *list, *copy;
    waldo_value *results;
    waldo_transaction *transaction;
    must(waldo_proxy_create(manager, "list", waldo_v_none(), &list, &err));
    must(waldo_proxy_copy(list, &copy, &err));
    must(waldo_transaction_new(manager, &transaction, &err));
    must(waldo_transaction_add(transaction, list, "append", waldo_v_tuple(waldo_v(1)), &err));
    must(waldo_transaction_add(transaction, copy, "append", waldo_v_tuple(waldo_v(2)), &err));
    must(waldo_transaction_add(transaction, list, "copy", waldo_v_none(), &err));
    must(waldo_transaction_commit(transaction, &results, &err));
    prints(results, "[None, None, [1, 2]]");
    must(waldo_transaction_add(transaction, copy, "remove", waldo_v_tuple(waldo_v(9)), &err));
    must_fail(waldo_transaction_commit(transaction, &results, &err), WALDO_EVALUE);
    cr_assert_eq(waldo_transaction_failed_step(transaction), 3);
    cr_assert(strstr(err.trace, "step 4") != NULL, "%s", err.trace);
    must(waldo_proxy_getvalue(list, &results, &err));
    prints(results, "[1, 2]");
    waldo_transaction_unref(transaction);
    waldo_proxy_unref(copy);
    waldo_proxy_unref(list);
    live_end();
}
