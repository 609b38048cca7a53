/* Rows D1 to D19: proxies. Those in which somebody waits or goes away are in rows_waiting.c. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial_rows.h"

static int try_add(trial_counter *counter, int64_t n, int64_t *ret_sum)
{
    Trial__Number number = TRIAL__NUMBER__INIT, *sum = NULL;
    number.n = n;
    int status = trial_counter_add(counter, &number, &sum, &err);
    if (status >= 0)
        *ret_sum = sum->n;
    trial__number__free_unpacked(sum, NULL);
    return status;
}

ROW(D1_calls, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 5);
    waldo_proxy *proxy = trial_counter_proxy(counter);
    expect_equal(row_add(counter, 2), 7);
    expect_repr(row_call(proxy, "add", waldo_v_tuple(waldo_v(3))), "{'n': 10}");
    expect_repr(row_call(proxy, "add", waldo_v_fields("n", waldo_v(-4))), "{'n': 6}");
    expect_repr(row_call(proxy, "get", waldo_v_none()), "{'n': 6}");
    /* An argument that is left out is its message's default. */
    expect_repr(row_call(proxy, "add", waldo_v_none()), "{'n': 6}");
    waldo_value *result = NULL;
    must_fail(waldo_proxy_call(proxy, "add", waldo_v_tuple(waldo_v("x")), &result, &err),
              WALDO_ETYPE);
    must_fail(waldo_proxy_call(proxy, "add", waldo_v_fields("m", waldo_v(1)), &result, &err),
              WALDO_ETYPE);
    must_fail(waldo_proxy_call(proxy, "add", waldo_v_tuple(waldo_v(INT64_MAX)), &result, &err),
              WALDO_EOVERFLOW);
    expect(!result);
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
}

ROW(D2_copies_of_the_referent_and_of_the_proxy, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 5);
    waldo_proxy *proxy = trial_counter_proxy(counter), *copy = NULL;
    waldo_value *value = NULL;
    must(waldo_proxy_getvalue(proxy, &value, &err));
    expect_repr(value, "5");
    must(waldo_proxy_copy(proxy, &copy, &err));
    expect(copy != proxy);
    expect_equal(waldo_proxy_object(copy), waldo_proxy_object(proxy));
    trial_counter_unref(counter);
    expect_repr(row_call(copy, "get", waldo_v_none()), "{'n': 5}");
    waldo_proxy_unref(copy);
    expect_equal(row_objects(), 0);
    trial_foo *foo = NULL;
    must(trial_foo_new(manager, &foo, &err));
    must_fail(waldo_proxy_getvalue(trial_foo_proxy(foo), &value, &err), WALDO_EREMOTE);
    trial_foo_unref(foo);
    waldo_manager_unref(manager);
}

ROW(D3_repr_and_str, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 5);
    waldo_proxy *proxy = trial_counter_proxy(counter);
    char expected[128];
    char *text = waldo_proxy_repr(proxy);
    snprintf(expected, sizeof expected, "<Counter proxy object, typeid 'Counter' at %p>",
             (void *)proxy);
    expect_text(text, expected);
    free(text);
    text = waldo_proxy_str(proxy);
    expect_text(text, "Counter(5)");
    free(text);
    trial_counter_unref(counter);

    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    proxy = trial_raiser_proxy(raiser);
    snprintf(expected, sizeof expected,
             "<Raiser proxy object, typeid 'Raiser' at %p; '__str__()' failed>", (void *)proxy);
    text = waldo_proxy_str(proxy);
    expect_text(text, expected);
    free(text);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

ROW(D4_equality_is_identity, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_counter *one = row_counter(manager, 5), *other = row_counter(manager, 5);
    waldo_value *first = NULL, *again = NULL, *second = NULL, *five = waldo_v(5);
    must(waldo_proxy_to_value(trial_counter_proxy(one), &first, &err));
    must(waldo_proxy_to_value(trial_counter_proxy(one), &again, &err));
    must(waldo_proxy_to_value(trial_counter_proxy(other), &second, &err));
    uint64_t hashes[2];
    must(waldo_value_hash(first, &hashes[0], &err));
    must(waldo_value_hash(again, &hashes[1], &err));
    expect_equal(hashes[0], hashes[1]);
    expect_equal(waldo_value_equal(first, again, &err), 1);
    expect_equal(waldo_value_equal(first, second, &err), 0);
    expect_equal(waldo_value_equal(first, five, &err), 0);
    int order;
    must_fail(waldo_value_compare(first, second, &order, &err), WALDO_ETYPE);
    waldo_value_unref(first);
    waldo_value_unref(again);
    waldo_value_unref(second);
    waldo_value_unref(five);
    trial_counter_unref(one);
    trial_counter_unref(other);
    waldo_manager_unref(manager);
}

static void *add_one(void *counter)
{
    (void)row_add(counter, 1);
    return NULL;
}

/* In Python each thread has a connection of its own, and the server a thread for it. */
ROW(D5_threads_share_connections, "Counter")
{
    trial_counter *counter = row_counter(row_manager(), 0);
    size_t before = row_descriptors();
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        expect_equal(pthread_create(&thread, NULL, add_one, counter), 0);
        pthread_join(thread, NULL);
    }
    expect_equal(row_add(counter, 0), 20);
    expect_equal(row_descriptors(), before);
    trial_counter_unref(counter);
}

/* What a forked child does with what it has inherited; its exit code. */
static int use_in_child(waldo_manager *manager, trial_counter *counter)
{
    int64_t sum = 0;
    int status = try_add(counter, 10, &sum);
    if (row_over_nanomsg())
        return status == WALDO_EFORK ? 0 : 1;
    if (status < 0 || sum != 15)
        return 2;
    /* Methods that return proxies work too, as they do not in Python (pains 34). */
    trial_counter *twin = NULL;
    if (trial_counter_twin(counter, &twin, NULL) < 0)
        return 3;
    trial_counter_unref(twin);
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
    return 0;
}

static void need_fork(void)
{
#ifdef __SANITIZE_THREAD__
    row_skip("ThreadSanitizer does not bear a forked child that starts a thread");
#endif
}

ROW(D6_in_a_forked_child, "Counter")
{
    need_fork();
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 5);
    pid_t child = fork();
    expect(child >= 0);
    if (child == 0)
        _exit(use_in_child(manager, counter));
    int status = 0;
    expect_equal(waitpid(child, &status, 0), child);
    expect_equal(status, 0);
    /* What the child gave back was its own, and the parent's connection is as it was. */
    expect_equal(row_add(counter, 0), !row_over_nanomsg() ? 15 : 5);
    trial_counter_unref(counter);
    expect_equal(row_objects(), 0);
    waldo_manager_unref(manager);
}

/* What a parent dropped after the fork lives on for the child that has inherited it, once the child
 * has used any proxy. */
ROW(D6_the_child_has_references_of_its_own, "Counter")
{
    if (row_over_nanomsg())
        row_skip("libnanomsg cannot be used after fork");
    need_fork();
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 5), *other = row_counter(manager, 1);
    int ready[2], go[2];
    expect(pipe(ready) == 0 && pipe(go) == 0);
    pid_t child = fork();
    expect(child >= 0);
    if (child == 0) {
        char byte = 0;
        int64_t sum = 0;
        bool good = try_add(other, 1, &sum) >= 0 && write(ready[1], "x", 1) == 1 &&
                    read(go[0], &byte, 1) == 1 && use_in_child(manager, counter) == 0;
        trial_counter_unref(other);
        _exit(good ? 0 : 1);
    }
    close(ready[1]);
    close(go[0]);
    char byte;
    expect_equal(read(ready[0], &byte, 1), 1);
    trial_counter_unref(counter);
    expect_equal(row_objects(), 2);
    expect_equal(write(go[1], "x", 1), 1);
    int status = 0;
    expect_equal(waitpid(child, &status, 0), child);
    expect_equal(status, 0);
    close(ready[0]);
    close(go[1]);
    expect_equal(row_add(other, 0), 2);
    trial_counter_unref(other);
    waldo_manager_unref(manager);
}

CLIENT(add_four)
{
    waldo_proxy *counter = row_proxy(row_hear());
    row_say(row_call(counter, "add", waldo_v_tuple(waldo_v(4))));
    waldo_proxy_unref(counter);
}

/* Rows D6 (spawn) and D7. */
ROW(D7_a_token_for_another_process, "Counter")
{
    trial_counter *counter = row_counter(row_manager(), 5);
    row_client *client = row_start_process("add_four");
    row_tell(client, row_token(trial_counter_proxy(counter)));
    expect_repr(row_listen(client), "{'n': 9}");
    row_finish(client);
    expect_equal(row_add(counter, 1), 10);
    trial_counter_unref(counter);
}

ROW(D8_references_of_tokens, "Counter")
{
    if (row_over_inproc())
        row_skip("in the server's own process a value keeps what it names");
    waldo_manager *manager = row_connect(), *other = row_connect();
    trial_counter *counter = row_counter(manager, 5);
    waldo_value *token = NULL, *packed = NULL, *five = waldo_v(5);
    waldo_proxy *proxy = NULL;
    uint8_t *data = NULL;
    size_t size = 0;
    must(waldo_proxy_to_value(trial_counter_proxy(counter), &token, &err));
    must(waldo_value_pack(token, &data, &size, &err));
    must(waldo_value_unpack(data, size, &packed, &err));
    free(data);
    /* The value keeps it alive as long as it is in this process. */
    trial_counter_unref(counter);
    must(waldo_proxy_from_value(other, packed, &proxy, &err));
    waldo_value_unref(token);
    expect_repr(row_call(proxy, "get", waldo_v_none()), "{'n': 5}");
    waldo_proxy_unref(proxy);
    expect_equal(row_objects(), 0);
    /* What it says on the wire does not. */
    proxy = NULL;
    must_fail(waldo_proxy_from_value(manager, packed, &proxy, &err), WALDO_EKEY);
    must_fail(waldo_proxy_from_value(manager, five, &proxy, &err), WALDO_ETYPE);
    expect(!proxy);
    waldo_value_unref(packed);
    waldo_value_unref(five);
    waldo_manager_unref(manager);
    waldo_manager_unref(other);
}

ROW(D9_the_last_reference, "Counter")
{
    int64_t destroyed = row_event_count("destroyed");
    waldo_manager *manager = row_connect();
    trial_counter *counter = row_counter(manager, 5);
    trial_counter *again = trial_counter_ref(counter);
    trial_counter_unref(counter);
    expect_equal(row_add(again, 1), 6);
    /* The proxy keeps the manager. */
    waldo_manager_unref(manager);
    expect_equal(row_add(again, 1), 7);
    expect_equal(row_event_count("destroyed"), destroyed);
    expect(!trial_counter_unref(again));
    expect(!trial_counter_unref(NULL));
    row_await_event("destroyed", destroyed + 1);
}

/* Methods that return proxies: the caller gets references of its own. */
ROW(D9_proxies_that_methods_return, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_maker *maker = NULL, *me = NULL;
    trial_counter *made = NULL, *built = NULL, *same = NULL, *again = NULL;
    Trial__Number three = TRIAL__NUMBER__INIT;
    three.n = 3;
    must(trial_maker_new(manager, &maker, &err));
    must(trial_maker_make(maker, &three, &made, &err));
    must(trial_maker_build(maker, &three, &built, &err));
    must(trial_maker_me(maker, &me, &err));
    must(trial_maker_same(maker, &same, &err));
    must(trial_maker_same(maker, &again, &err));
    expect_equal(waldo_proxy_object(trial_maker_proxy(me)),
                 waldo_proxy_object(trial_maker_proxy(maker)));
    expect_equal(waldo_proxy_object(trial_counter_proxy(same)),
                 waldo_proxy_object(trial_counter_proxy(again)));
    expect_equal(row_objects(), 4);
    expect_equal(row_add(made, 1), 4);
    expect_equal(row_add(built, 2), 5);
    expect_equal(row_add(same, 1), 1);
    expect_equal(row_add(again, 1), 2);
    trial_maker_unref(maker);
    trial_counter_unref(same);
    expect_equal(row_add(again, 1), 3);
    Trial__Number negative = TRIAL__NUMBER__INIT;
    negative.n = -1;
    trial_counter *none = NULL;
    must_fail(trial_maker_build(me, &negative, &none, &err), WALDO_EVALUE);
    expect(!none);
    trial_maker_unref(me);
    trial_counter_unref(again);
    trial_counter_unref(made);
    trial_counter_unref(built);
    expect_equal(row_objects(), 0);
    waldo_manager_unref(manager);
}

ROW(D11_values_are_copied, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_box *box = NULL;
    must(trial_box_new(manager, &box, &err));
    waldo_proxy *proxy = trial_box_proxy(box);
    waldo_value_unref(row_call(proxy, "set", waldo_v_list(waldo_v(1), waldo_v("two"))));
    waldo_value *fetched = row_call(proxy, "get", waldo_v_none());
    must(waldo_value_list_append(fetched, waldo_v(3), &err));
    expect_repr(row_call(proxy, "get", waldo_v_none()), "[1, 'two']");
    waldo_value_unref(row_call(proxy, "set", fetched));
    expect_repr(row_call(proxy, "get", waldo_v_none()), "[1, 'two', 3]");
    trial_box_unref(box);
    waldo_manager_unref(manager);
}

ROW(D17_errors_keep_nothing, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_error kept[10];
    for (size_t i = 0; i < 10; i++) {
        trial_foo *foo = NULL;
        must(trial_foo_new(manager, &foo, &err));
        expect_equal(trial_foo_g(foo, &kept[i]), WALDO_EVALUE);
        trial_foo_unref(foo);
        expect_equal(row_objects(), 0);
    }
    waldo_manager_unref(manager);
    expect_text(kept[9].message, "g() is not for you");
}

ROW(D19_arguments_that_cannot_be_sent, "Counter")
{
    enum { LIMIT = 1 << 20 };
    waldo_manager_options options = row_manager_options();
    waldo_manager *manager = NULL;
    options.max_message = LIMIT;
    must(waldo_connect(row_url(), &options, &manager, &err));
    trial_box *box = NULL;
    must(trial_box_new(manager, &box, &err));
    waldo_proxy *proxy = trial_box_proxy(box);
    waldo_value *result = NULL, *ring = waldo_v_list();
    must(waldo_value_list_append(ring, waldo_value_ref(ring), &err));
    must_fail(waldo_proxy_call(proxy, "set", waldo_value_ref(ring), &result, &err), WALDO_EVALUE);
    must(waldo_value_clear(ring, &err));
    waldo_value_unref(ring);
    waldo_value *deep = waldo_v_list();
    for (int i = 0; i < 100; i++)
        deep = waldo_v_list(deep);
    must_fail(waldo_proxy_call(proxy, "set", deep, &result, &err), WALDO_ERECURSION);
    must_fail(waldo_proxy_call(proxy, "set", NULL, &result, &err), WALDO_ENOMEM);
    Trial__Blob blob = TRIAL__BLOB__INIT, *echo = NULL;
    blob.data.len = LIMIT;
    blob.data.data = calloc(1, blob.data.len);
    must_fail(trial_box_echo(box, &blob, &echo, &err), WALDO_ETOOBIG);
    expect(!echo);
    /* The connection is unharmed, and what just fits goes through. */
    blob.data.len = LIMIT - 200;
    must(trial_box_echo(box, &blob, &echo, &err));
    expect_equal(echo->data.len, blob.data.len);
    trial__blob__free_unpacked(echo, NULL);
    free(blob.data.data);
    trial_box_unref(box);
    waldo_manager_unref(manager);
}
