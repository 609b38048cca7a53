/* Row X8: transactions. */
#include <stdlib.h>

#include "row.h"
#include "rows_queue.h"

static waldo_transaction *begin(void)
{
    waldo_transaction *transaction = NULL;
    must(waldo_transaction_new(row_manager(), &transaction, &err));
    return transaction;
}

static void add(waldo_transaction *transaction, waldo_proxy *proxy, const char *method,
                waldo_value *arguments)
{
    must(waldo_transaction_add(transaction, proxy, method, arguments, &err));
}

static waldo_proxy *new_list(void)
{
    return row_create("list", waldo_v_tuple(waldo_v_list(waldo_v(1), waldo_v(2), waldo_v(3))));
}

static void expect_str(waldo_proxy *proxy, const char *expected)
{
    char *text = waldo_proxy_str(proxy);
    expect_text(text, expected);
    free(text);
}

ROW(X8_transaction_on_several_objects, "list dict set Value Namespace Queue")
{
    waldo_proxy *list = new_list();
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    waldo_proxy *set = row_create("set", waldo_v_none());
    waldo_proxy *value = row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(5)));
    waldo_proxy *queue = row_create("Queue", waldo_v_none());
    waldo_transaction *all = begin();
    waldo_value *results = NULL;
    add(all, list, "pop", waldo_v_tuple(waldo_v(0)));
    add(all, dict, "__setitem__", waldo_v_tuple(waldo_v("k"), waldo_v(7)));
    add(all, dict, "__getitem__", waldo_v_tuple(waldo_v("k")));
    add(all, set, "add", waldo_v_tuple(waldo_v(1)));
    add(all, value, "get", waldo_v_none());
    add(all, queue, "put", waldo_v_fields("item", waldo_v("x")));
    add(all, queue, "qsize", waldo_v_none());
    must(waldo_transaction_commit(all, &results, &err));
    expect_repr(results, "[1, None, 7, None, 5, None, 1]");
    expect_equal(waldo_transaction_failed_step(all), -1);
    expect_str(list, "[2, 3]");
    expect_str(dict, "{'k': 7}");
    expect_str(set, "{1}");
    expect_repr(row_call(queue, "get", waldo_v_none()), "'x'");
    must(waldo_transaction_commit(all, NULL, &err)); /* once more */
    expect_str(list, "[3]");
    waldo_transaction_unref(all);
    waldo_proxy_unref(list);
    waldo_proxy_unref(dict);
    waldo_proxy_unref(set);
    waldo_proxy_unref(value);
    waldo_proxy_unref(queue);
}

ROW(X8_transaction_that_fails_changes_nothing, "list dict set Value Namespace Array Queue")
{
    waldo_proxy *list = new_list();
    waldo_proxy *dict = row_create("dict", waldo_v_tuple(waldo_v_dict(waldo_v(1), waldo_v("a"))));
    waldo_proxy *set = row_create("set", waldo_v_none());
    waldo_proxy *value = row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(5)));
    waldo_proxy *array =
        row_create("Array", waldo_v_tuple(waldo_v("i"), waldo_v_list(waldo_v(1), waldo_v(2))));
    waldo_proxy *space = row_create("Namespace", waldo_v_none());
    waldo_proxy *queue = row_create("Queue", waldo_v_none());
    expect_repr(row_call(queue, "put_many", waldo_v_tuple(waldo_v_list(waldo_v(1), waldo_v(2)))),
                "None");
    waldo_transaction *all = begin();
    waldo_value *results = NULL;
    add(all, list, "reverse", waldo_v_none());
    add(all, list, "append", waldo_v_tuple(waldo_v(9)));
    add(all, dict, "clear", waldo_v_none());
    add(all, set, "add", waldo_v_tuple(waldo_v(1)));
    add(all, value, "set", waldo_v_tuple(waldo_v(6)));
    add(all, array, "__setitem__", waldo_v_tuple(waldo_v(0), waldo_v(8)));
    add(all, space, "__setattr__", waldo_v_tuple(waldo_v("x"), waldo_v(1)));
    add(all, queue, "get", waldo_v_none());
    add(all, queue, "put", waldo_v_tuple(waldo_v(3)));
    add(all, queue, "task_done", waldo_v_none());
    add(all, dict, "__getitem__", waldo_v_tuple(waldo_v("missing")));
    must_fail(waldo_transaction_commit(all, &results, &err), WALDO_EKEY);
    expect_equal(waldo_transaction_failed_step(all), 10);
    expect_text(err.message, "'missing'");
    expect_text(err.type_name, "KeyError");
    expect_str(list, "[1, 2, 3]");
    expect_str(dict, "{1: 'a'}");
    expect_str(set, "set()");
    expect_str(array, "array('i', [1, 2])");
    expect_str(space, "Namespace()");
    expect_repr(row_call(value, "get", waldo_v_none()), "5");
    expect_repr(row_call(queue, "counts", waldo_v_none()),
                "{'items': 2, 'unfinished': 2, 'taken': 0, 'returned': 0, 'getters': 0, "
                "'putters': 0, 'is_shutdown': False}");
    expect_repr(row_call(queue, "get_many", waldo_v_tuple(waldo_v(9))), "[1, 2]");
    waldo_transaction_unref(all);
    waldo_proxy_unref(list);
    waldo_proxy_unref(dict);
    waldo_proxy_unref(set);
    waldo_proxy_unref(value);
    waldo_proxy_unref(array);
    waldo_proxy_unref(space);
    waldo_proxy_unref(queue);
}

ROW(X8_transaction_with_an_expectation, "Value dict")
{
    waldo_proxy *value = row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(1)));
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    waldo_transaction *step = begin();
    must(waldo_transaction_expect(step, value, "get", waldo_v_none(), waldo_v(1), &err));
    add(step, value, "set", waldo_v_tuple(waldo_v(2)));
    add(step, dict, "__setitem__", waldo_v_tuple(waldo_v(1), waldo_v(1)));
    must(waldo_transaction_commit(step, NULL, &err));
    must_fail(waldo_transaction_commit(step, NULL, &err), WALDO_EASSERTION);
    expect_text(err.message, "the result is 2, and not 1");
    expect_equal(waldo_transaction_failed_step(step), 0);
    waldo_transaction_unref(step);
    waldo_proxy_unref(value);
    waldo_proxy_unref(dict);
}

ROW(X8_transaction_refuses, "list Queue Lock dict")
{
    waldo_proxy *list = new_list();
    waldo_proxy *queue = row_create("Queue", waldo_v_none());
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    waldo_transaction *one = begin();
    must(waldo_transaction_commit(one, NULL, &err)); /* nothing to do */
    add(one, list, "clear", waldo_v_none());
    add(one, lock, "acquire", waldo_v_none());
    must_fail(waldo_transaction_commit(one, NULL, &err), WALDO_ETYPE);
    expect_equal(waldo_transaction_failed_step(one), 1);
    waldo_transaction_unref(one);

    static const char *const methods[] = {"take", "join", "shutdown", "move", "no_such"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        one = begin();
        add(one, list, "clear", waldo_v_none());
        add(one, queue, methods[i], waldo_v_none());
        must_fail(waldo_transaction_commit(one, NULL, &err),
                  i < 4 ? WALDO_ETYPE : WALDO_EATTRIBUTE);
        waldo_transaction_unref(one);
    }

    one = begin();
    add(one, list, "clear", waldo_v_none());
    add(one, queue, "get", waldo_v_none()); /* it does not wait */
    must_fail(waldo_transaction_commit(one, NULL, &err), WALDO_EEMPTY);
    waldo_transaction_unref(one);
    one = begin();
    add(one, list, "append", waldo_v_tuple(waldo_v(1), waldo_v(2)));
    must_fail(waldo_transaction_commit(one, NULL, &err), WALDO_ETYPE);
    waldo_transaction_unref(one);
    expect_str(list, "[1, 2, 3]");
    waldo_proxy_unref(list);
    waldo_proxy_unref(queue);
    waldo_proxy_unref(lock);
}

ROW(X8_transaction_names_other_containers, "list dict")
{
    waldo_proxy *first = new_list();
    waldo_proxy *second = row_create("list", waldo_v_none());
    waldo_proxy *dict = row_create("dict", waldo_v_none());
    waldo_transaction *both = begin();
    waldo_value *results = NULL;
    add(both, dict, "__setitem__", waldo_v_tuple(waldo_v("l"), row_token(first)));
    add(both, second, "__imul__", waldo_v_tuple(waldo_v(2)));
    must(waldo_transaction_commit(both, &results, &err));
    waldo_value_unref(results);
    expect_str(second, "[]");
    waldo_transaction_unref(both);
    waldo_proxy_unref(first);
    first = row_proxy(row_call(dict, "__getitem__", waldo_v_tuple(waldo_v("l"))));
    expect_str(first, "[1, 2, 3]");
    waldo_proxy_unref(first);
    waldo_proxy_unref(second);
    waldo_proxy_unref(dict);
}

CLIENT(get_item_of_transaction)
{
    waldo_proxy *queue = row_proxy(row_hear());
    row_say(row_call(queue, "get", waldo_v_none()));
    waldo_proxy_unref(queue);
}

ROW(X8_transaction_wakes_those_who_wait_at_its_end, "Queue Value")
{
    waldo_proxy *queue = row_create("Queue", waldo_v_none());
    waldo_proxy *value = row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(1)));
    row_client *client = row_start("get_item_of_transaction");
    row_tell(client, row_token(queue));
    row_until(waldo_value_is_true(row_call(queue, "empty", waldo_v_none())));
    waldo_transaction *one = begin();
    add(one, queue, "put", waldo_v_tuple(waldo_v("undone")));
    must(waldo_transaction_expect(one, value, "get", waldo_v_none(), waldo_v(2), &err));
    must_fail(waldo_transaction_commit(one, NULL, &err), WALDO_EASSERTION);
    waldo_transaction_unref(one);
    one = begin();
    add(one, queue, "put", waldo_v_tuple(waldo_v("done")));
    must(waldo_transaction_commit(one, NULL, &err));
    waldo_transaction_unref(one);
    expect_repr(row_listen(client), "'done'");
    row_finish(client);
    waldo_proxy_unref(queue);
    waldo_proxy_unref(value);
}

/* The ticket of the queue's first item, which is this client's from now on. */
static int64_t take(waldo_proxy *proxy)
{
    waldo_queue *queue = queue_of(proxy);
    waldo_queue_taken taken = {0};
    must(waldo_queue_take(queue, WALDO_FOREVER, 0, &taken, &err));
    waldo_value_unref(taken.item);
    waldo_queue_unref(queue);
    return taken.ticket;
}

/* A result and the end of the work that led to it are one. */
ROW(X8_transaction_acknowledges, "Queue")
{
    waldo_proxy *jobs = new_queue(0);
    waldo_proxy *answers = new_queue(1);
    put(jobs, waldo_v("job"));
    int64_t ticket = take(jobs);
    waldo_value *results = NULL;

    waldo_transaction *twice = begin();
    add(twice, answers, "put", waldo_v_tuple(waldo_v("answer")));
    add(twice, jobs, "acknowledge", waldo_v_tuple(waldo_v_int64(ticket)));
    add(twice, jobs, "counts", waldo_v_none());
    add(twice, jobs, "acknowledge", waldo_v_tuple(waldo_v_int64(ticket)));
    must_fail(waldo_transaction_commit(twice, NULL, &err), WALDO_EKEY);
    expect_equal(waldo_transaction_failed_step(twice), 3);
    waldo_transaction_unref(twice);
    row_gives(answers, "qsize", waldo_v_none(), "0");
    expect_equal(count_of(jobs, "taken"), 1);
    expect_equal(count_of(jobs, "unfinished"), 1);

    waldo_transaction *one = begin();
    add(one, jobs, "acknowledge", waldo_v_tuple(waldo_v_int64(ticket)));
    add(one, answers, "put", waldo_v_tuple(waldo_v("answer")));
    must(waldo_transaction_expect(one, jobs, "qsize", waldo_v_none(), waldo_v(0), &err));
    must(waldo_transaction_commit(one, &results, &err));
    expect_repr(results, "[None, None, 0]");
    expect_equal(count_of(jobs, "taken"), 0);
    expect_equal(count_of(jobs, "unfinished"), 0);
    row_gives(answers, "qsize", waldo_v_none(), "1");

    /* Once more: it is done already, and nothing is put. */
    must_fail(waldo_transaction_commit(one, NULL, &err), WALDO_EKEY);
    expect_equal(waldo_transaction_failed_step(one), 0);
    row_gives(answers, "qsize", waldo_v_none(), "1");
    waldo_transaction_unref(one);
    waldo_proxy_unref(jobs);
    waldo_proxy_unref(answers);
}

/* The item is the taker's as before, and goes back when that one dies. */
CLIENT(fail_to_acknowledge)
{
    waldo_proxy *jobs = row_proxy(row_hear()), *full = row_proxy(row_hear());
    int64_t ticket = take(jobs);
    waldo_transaction *one = begin();
    add(one, jobs, "acknowledge", waldo_v_tuple(waldo_v_int64(ticket)));
    add(one, full, "put", waldo_v_tuple(waldo_v("answer")));
    must_fail(waldo_transaction_commit(one, NULL, &err), WALDO_EFULL);
    waldo_transaction_unref(one);
    row_say(waldo_v("undone"));
    row_hear();
}

ROW(X8_transaction_that_fails_acknowledges_nothing, "Queue")
{
    waldo_proxy *jobs = new_queue(0);
    waldo_proxy *full = new_queue(1);
    put(jobs, waldo_v("job"));
    put(full, waldo_v("old"));
    row_client *client = row_start_process("fail_to_acknowledge");
    row_tell(client, row_token(jobs));
    row_tell(client, row_token(full));
    expect_repr(row_listen(client), "'undone'");
    expect_equal(count_of(jobs, "taken"), 1);
    row_kill(client);
    expect_repr(get(jobs), "'job'");
    expect_equal(count_of(jobs, "returned"), 1);
    waldo_proxy_unref(jobs);
    waldo_proxy_unref(full);
}

/* ---- transfers between accounts, while somebody adds them up ---- */

enum { ACCOUNTS = 4, TRANSFERS = 60, CLERKS = 3 };

CLIENT(transfer)
{
    waldo_proxy *accounts[ACCOUNTS];
    for (int i = 0; i < ACCOUNTS; i++)
        accounts[i] = row_proxy(row_hear());
    for (int i = 0; i < TRANSFERS; i++) {
        waldo_transaction *one = begin();
        add(one, accounts[(i * 7) % ACCOUNTS], "fetch_add", waldo_v_tuple(waldo_v(-i)));
        add(one, accounts[(i * 5 + 1) % ACCOUNTS], "fetch_add", waldo_v_tuple(waldo_v(i)));
        must(waldo_transaction_commit(one, NULL, &err));
        waldo_transaction_unref(one);
    }
    row_say(waldo_v("done"));
    for (int i = 0; i < ACCOUNTS; i++)
        waldo_proxy_unref(accounts[i]);
}

static int64_t add_up(waldo_transaction *look)
{
    waldo_value *results = NULL;
    int64_t sum = 0;
    must(waldo_transaction_commit(look, &results, &err));
    for (int i = 0; i < ACCOUNTS; i++) {
        waldo_value *one = NULL;
        int64_t number;
        must(waldo_value_item(results, i, &one, &err));
        must(waldo_value_get_int64(one, &number, &err));
        waldo_value_unref(one);
        sum += number;
    }
    waldo_value_unref(results);
    return sum;
}

ROW(X8_transaction_of_many_clients, "Value")
{
    waldo_proxy *accounts[ACCOUNTS];
    row_client *clerks[CLERKS];
    waldo_transaction *look = begin();
    for (int i = 0; i < ACCOUNTS; i++) {
        accounts[i] = row_create("Value", waldo_v_tuple(waldo_v("q"), waldo_v(100)));
        add(look, accounts[i], "get", waldo_v_none());
    }
    for (int i = 0; i < CLERKS; i++) {
        clerks[i] = row_start("transfer");
        for (int j = 0; j < ACCOUNTS; j++)
            row_tell(clerks[i], row_token(accounts[j]));
    }
    for (int i = 0; i < CLERKS; i++) {
        do
            expect_equal(add_up(look), 100 * ACCOUNTS);
        while (!row_has_said(clerks[i]));
        expect_repr(row_listen(clerks[i]), "'done'");
        row_finish(clerks[i]);
    }
    expect_equal(add_up(look), 100 * ACCOUNTS);
    waldo_transaction_unref(look);
    for (int i = 0; i < ACCOUNTS; i++)
        waldo_proxy_unref(accounts[i]);
}
