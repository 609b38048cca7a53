/* Rows D1 to D19: proxies. Those in which somebody waits or goes away are in test_waiting.c. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

TestSuite(proxies, .init = harness_begin_with_server, .fini = harness_clean_up, .timeout = 60);

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

static void check_value(waldo_value *value, const char *expected)
{
    char *text = waldo_value_repr(value);
    cr_assert_str_eq(text, expected);
    free(text);
    waldo_value_unref(value);
}

static waldo_value *call(waldo_proxy *proxy, const char *method, waldo_value *arguments)
{
    waldo_value *result = NULL;
    must(waldo_proxy_call(proxy, method, arguments, &result, &err));
    return result;
}

Row(proxies, D1_calls)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    waldo_proxy *proxy = trial_counter_proxy(counter);
    cr_assert_eq(harness_add(counter, 2), 7);
    check_value(call(proxy, "add", waldo_v_tuple(waldo_v(3))), "{'n': 10}");
    check_value(call(proxy, "add", waldo_v_fields("n", waldo_v(-4))), "{'n': 6}");
    check_value(call(proxy, "get", waldo_v_none()), "{'n': 6}");
    /* An argument that is left out is its message's default. */
    check_value(call(proxy, "add", waldo_v_none()), "{'n': 6}");
    waldo_value *result = NULL;
    must_fail(waldo_proxy_call(proxy, "add", waldo_v_tuple(waldo_v("x")), &result, &err),
              WALDO_ETYPE);
    must_fail(waldo_proxy_call(proxy, "add", waldo_v_fields("m", waldo_v(1)), &result, &err),
              WALDO_ETYPE);
    must_fail(waldo_proxy_call(proxy, "add", waldo_v_tuple(waldo_v(INT64_MAX)), &result, &err),
              WALDO_EOVERFLOW);
    cr_assert_null(result);
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
}

Row(proxies, D2_copies_of_the_referent_and_of_the_proxy)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    waldo_proxy *proxy = trial_counter_proxy(counter), *copy = NULL;
    waldo_value *value = NULL;
    must(waldo_proxy_getvalue(proxy, &value, &err));
    check_value(value, "5");
    must(waldo_proxy_copy(proxy, &copy, &err));
    cr_assert_neq(copy, proxy);
    cr_assert_eq(waldo_proxy_object(copy), waldo_proxy_object(proxy));
    trial_counter_unref(counter);
    check_value(call(copy, "get", waldo_v_none()), "{'n': 5}");
    waldo_proxy_unref(copy);
    cr_assert_eq(harness_objects(manager), 0);
    trial_foo *foo = NULL;
    must(trial_foo_new(manager, &foo, &err));
    must_fail(waldo_proxy_getvalue(trial_foo_proxy(foo), &value, &err), WALDO_EREMOTE);
    trial_foo_unref(foo);
    waldo_manager_unref(manager);
}

Row(proxies, D3_repr_and_str)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    waldo_proxy *proxy = trial_counter_proxy(counter);
    char expected[128];
    char *text = waldo_proxy_repr(proxy);
    snprintf(expected, sizeof expected, "<Counter proxy object, typeid 'Counter' at %p>",
             (void *)proxy);
    cr_assert_str_eq(text, expected);
    free(text);
    text = waldo_proxy_str(proxy);
    cr_assert_str_eq(text, "Counter(5)");
    free(text);
    trial_counter_unref(counter);

    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    proxy = trial_raiser_proxy(raiser);
    snprintf(expected, sizeof expected,
             "<Raiser proxy object, typeid 'Raiser' at %p; '__str__()' failed>", (void *)proxy);
    text = waldo_proxy_str(proxy);
    cr_assert_str_eq(text, expected);
    free(text);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

Row(proxies, D4_equality_is_identity)
{
    waldo_manager *manager = harness_connect();
    trial_counter *one = harness_counter(manager, 5), *other = harness_counter(manager, 5);
    waldo_value *first = NULL, *again = NULL, *second = NULL, *five = waldo_v(5);
    must(waldo_proxy_to_value(trial_counter_proxy(one), &first, &err));
    must(waldo_proxy_to_value(trial_counter_proxy(one), &again, &err));
    must(waldo_proxy_to_value(trial_counter_proxy(other), &second, &err));
    uint64_t hashes[2];
    must(waldo_value_hash(first, &hashes[0], &err));
    must(waldo_value_hash(again, &hashes[1], &err));
    cr_assert_eq(hashes[0], hashes[1]);
    cr_assert_eq(waldo_value_equal(first, again, &err), 1);
    cr_assert_eq(waldo_value_equal(first, second, &err), 0);
    cr_assert_eq(waldo_value_equal(first, five, &err), 0);
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

static void *add_one(void *data)
{
    waldo_error error;
    Trial__Number number = TRIAL__NUMBER__INIT, *sum = NULL;
    number.n = 1;
    int status = trial_counter_add(data, &number, &sum, &error);
    cr_expect_geq(status, 0, "%s", error.message);
    trial__number__free_unpacked(sum, NULL);
    return NULL;
}

/* In Python each thread has a connection of its own, and the server a thread for it. */
Row(proxies, D5_threads_share_connections)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 0);
    size_t before = harness_descriptors();
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, add_one, counter), 0);
        pthread_join(thread, NULL);
    }
    cr_assert_eq(harness_add(counter, 0), 20);
    cr_assert_eq(harness_descriptors(), before);
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
}

/* What a forked child does with what it has inherited; its exit code. */
static int use_in_child(waldo_manager *manager, trial_counter *counter)
{
    int64_t sum = 0;
    int status = try_add(counter, 10, &sum);
    if (!harness_client_is_direct())
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

Row(proxies, D6_in_a_forked_child)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(use_in_child(manager, counter));
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status), "the child died of %d", WTERMSIG(status));
    cr_assert_eq(WEXITSTATUS(status), 0);
    /* What the child gave back was its own, and the parent's connection is as it was. */
    cr_assert_eq(harness_add(counter, 0), harness_client_is_direct() ? 15 : 5);
    trial_counter_unref(counter);
    cr_assert_eq(harness_objects(manager), 0);
    waldo_manager_unref(manager);
}

/* What a parent dropped after the fork lives on for the child that has inherited it, once the child
 * has used any proxy. */
Row(proxies, D6_the_child_has_references_of_its_own)
{
    if (!harness_client_is_direct())
        harness_skip("libnanomsg cannot be used after fork");
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5), *other = harness_counter(manager, 1);
    int ready[2], go[2];
    cr_assert(pipe(ready) == 0 && pipe(go) == 0);
    pid_t child = fork();
    cr_assert_geq(child, 0);
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
    cr_assert_eq(read(ready[0], &byte, 1), 1, "the child could not use what it inherited");
    trial_counter_unref(counter);
    cr_assert_eq(harness_objects(manager), 2);
    cr_assert_eq(write(go[1], "x", 1), 1);
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    close(ready[0]);
    close(go[1]);
    cr_assert_eq(harness_add(other, 0), 2);
    trial_counter_unref(other);
    waldo_manager_unref(manager);
}

static harness_process spawn_add(const char *token, const char *n)
{
    const char *const arguments[] = {CONFORMANCE_CLIENT, "add", harness_url(), token, n, NULL};
    return harness_spawn(arguments);
}

/* Rows D6 (spawn) and D7. */
Row(proxies, D7_a_token_for_another_process)
{
    if (harness_transport_is("inproc"))
        harness_skip("another process cannot use it");
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    char *token = harness_token(trial_counter_proxy(counter));
    char line[64];
    harness_process client = spawn_add(token, "4");
    harness_read_line(client.output, line, sizeof line);
    cr_assert_str_eq(line, "9");
    cr_assert_eq(harness_finish(&client), 0);
    free(token);
    cr_assert_eq(harness_add(counter, 1), 10);
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
}

Row(proxies, D8_references_of_tokens)
{
    if (harness_transport_is("inproc"))
        harness_skip("in the server's own process a value keeps what it names");
    waldo_manager *manager = harness_connect(), *other = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
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
    check_value(call(proxy, "get", waldo_v_none()), "{'n': 5}");
    waldo_proxy_unref(proxy);
    cr_assert_eq(harness_objects(other), 0);
    /* What it says on the wire does not. */
    proxy = NULL;
    must_fail(waldo_proxy_from_value(manager, packed, &proxy, &err), WALDO_EKEY);
    must_fail(waldo_proxy_from_value(manager, five, &proxy, &err), WALDO_ETYPE);
    cr_assert_null(proxy);
    waldo_value_unref(packed);
    waldo_value_unref(five);
    waldo_manager_unref(manager);
    waldo_manager_unref(other);
}

Row(proxies, D9_the_last_reference)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    trial_counter *again = trial_counter_ref(counter);
    trial_counter_unref(counter);
    cr_assert_eq(harness_add(again, 1), 6);
    /* The proxy keeps the manager. */
    waldo_manager_unref(manager);
    cr_assert_eq(harness_add(again, 1), 7);
    cr_assert_eq(harness_event_count("destroyed"), 0);
    cr_assert_null(trial_counter_unref(again));
    cr_assert_null(trial_counter_unref(NULL));
    harness_await("destroyed", 1);
}

/* Methods that return proxies: the caller gets references of its own. */
Row(proxies, D9_proxies_that_methods_return)
{
    waldo_manager *manager = harness_connect();
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
    cr_assert_eq(waldo_proxy_object(trial_maker_proxy(me)),
                 waldo_proxy_object(trial_maker_proxy(maker)));
    cr_assert_eq(waldo_proxy_object(trial_counter_proxy(same)),
                 waldo_proxy_object(trial_counter_proxy(again)));
    cr_assert_eq(harness_objects(manager), 4);
    cr_assert_eq(harness_add(made, 1), 4);
    cr_assert_eq(harness_add(built, 2), 5);
    cr_assert_eq(harness_add(same, 1), 1);
    cr_assert_eq(harness_add(again, 1), 2);
    trial_maker_unref(maker);
    trial_counter_unref(same);
    cr_assert_eq(harness_add(again, 1), 3);
    Trial__Number negative = TRIAL__NUMBER__INIT;
    negative.n = -1;
    trial_counter *none = NULL;
    must_fail(trial_maker_build(me, &negative, &none, &err), WALDO_EVALUE);
    cr_assert_null(none);
    trial_maker_unref(me);
    trial_counter_unref(again);
    trial_counter_unref(made);
    trial_counter_unref(built);
    cr_assert_eq(harness_objects(manager), 0);
    waldo_manager_unref(manager);
}

Row(proxies, D11_values_are_copied)
{
    waldo_manager *manager = harness_connect();
    trial_box *box = NULL;
    must(trial_box_new(manager, &box, &err));
    waldo_proxy *proxy = trial_box_proxy(box);
    waldo_value_unref(call(proxy, "set", waldo_v_list(waldo_v(1), waldo_v("two"))));
    waldo_value *fetched = call(proxy, "get", waldo_v_none());
    must(waldo_value_list_append(fetched, waldo_v(3), &err));
    check_value(call(proxy, "get", waldo_v_none()), "[1, 'two']");
    waldo_value_unref(call(proxy, "set", fetched));
    check_value(call(proxy, "get", waldo_v_none()), "[1, 'two', 3]");
    trial_box_unref(box);
    waldo_manager_unref(manager);
}

Row(proxies, D17_errors_keep_nothing)
{
    waldo_manager *manager = harness_connect();
    waldo_error kept[10];
    for (size_t i = 0; i < 10; i++) {
        trial_foo *foo = NULL;
        must(trial_foo_new(manager, &foo, &err));
        cr_assert_eq(trial_foo_g(foo, &kept[i]), WALDO_EVALUE);
        trial_foo_unref(foo);
        cr_assert_eq(harness_objects(manager), 0);
    }
    waldo_manager_unref(manager);
    cr_assert_str_eq(kept[9].message, "g() is not for you");
}

Row(proxies, D19_arguments_that_cannot_be_sent)
{
    waldo_manager *manager = harness_connect();
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
    blob.data.len = HARNESS_MAX_MESSAGE;
    blob.data.data = calloc(1, blob.data.len);
    must_fail(trial_box_echo(box, &blob, &echo, &err), WALDO_ETOOBIG);
    cr_assert_null(echo);
    /* The connection is unharmed, and what just fits goes through. */
    blob.data.len = HARNESS_MAX_MESSAGE - 200;
    must(trial_box_echo(box, &blob, &echo, &err));
    cr_assert_eq(echo->data.len, blob.data.len);
    trial__blob__free_unpacked(echo, NULL);
    free(blob.data.data);
    trial_box_unref(box);
    waldo_manager_unref(manager);
}
