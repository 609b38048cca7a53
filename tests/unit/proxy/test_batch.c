/* Batches on the builtin types. tests/faults/test_batches.c has what dies in them. */
#include "unit/types/live.h"

enum { MESSAGE = 64 * 1024 };

static waldo_batch *batch;
static waldo_list *list;
static waldo_dict *dict;

static void begin_with(waldo_server_options options)
{
    live_begin_with(options);
    must(waldo_batch_new(manager, &batch, &err));
    must(waldo_list_new(manager, &list, &err));
    must(waldo_dict_new(manager, &dict, &err));
}

static void begin(void)
{
    begin_with((waldo_server_options){0});
}

static void begin_small(void)
{
    begin_with((waldo_server_options){.max_message = MESSAGE});
}

static void end(void)
{
    waldo_batch_unref(batch);
    waldo_list_unref(list);
    waldo_dict_unref(dict);
    live_end();
}

TestSuite(batch, .init = begin, .fini = end, .timeout = 60);
TestSuite(batch_sizes, .init = begin_small, .fini = end, .timeout = 60);

/* TAKES arguments. */
static int on_list(const char *method, waldo_value *arguments)
{
    return must(waldo_batch_call(batch, waldo_list_proxy(list), method, arguments, &err));
}

static int on_dict(const char *method, waldo_value *arguments)
{
    return must(waldo_batch_call(batch, waldo_dict_proxy(dict), method, arguments, &err));
}

static void run(int failures)
{
    cr_assert_eq(must(waldo_batch_run(batch, 0, &err)), failures);
}

static void gives(int call, const char *expected)
{
    waldo_value *result;
    must(waldo_batch_result(batch, call, &result, &err));
    prints(result, expected);
}

static void fails(int call, int code, const char *message)
{
    waldo_value *result = NULL;
    waldo_proxy *proxy = NULL;
    must_fail(waldo_batch_result(batch, call, &result, &err), code);
    cr_assert_not_null(strstr(err.message, message), "%s", err.message);
    must_fail(waldo_batch_proxy(batch, call, &proxy, &err), code);
    cr_assert(!result && !proxy);
}

static void list_is(const char *expected)
{
    waldo_value *value;
    must(waldo_proxy_getvalue(waldo_list_proxy(list), &value, &err));
    prints(value, expected);
}

/* ---- results ---- */

Test(batch, calls_are_made_in_order)
{
    enum { MANY = 300 };
    for (int i = 0; i < MANY; i++)
        cr_assert_eq(on_list("append", waldo_v_tuple(waldo_v(i))), i);
    int length = on_list("__len__", waldo_v_none()), last = on_list("pop", waldo_v_none());
    run(0);
    gives(0, "None");
    gives(length, "300");
    gives(last, "299");
    gives(last, "299");
}

Test(batch, without_calls)
{
    run(0);
    fails(0, WALDO_EVALUE, "no call 0");
    fails(-1, WALDO_EVALUE, "no call -1");
}

Test(batch, results_in_arguments)
{
    on_dict("__setitem__", waldo_v_tuple(waldo_v("tea"), waldo_v(3)));
    int tea = on_dict("__getitem__", waldo_v_tuple(waldo_v("tea")));
    on_list("append", waldo_v_tuple(waldo_batch_use(batch, tea)));
    int none = on_list("append",
                       waldo_v_tuple(waldo_v_tuple(waldo_v("tea"), waldo_batch_use(batch, tea))));
    waldo_value *prices = waldo_v_dict_of(NULL, 0);
    must(waldo_value_dict_set(prices, waldo_batch_use(batch, tea), waldo_batch_use(batch, none),
                              &err));
    on_list("append", waldo_v_tuple(prices));
    int length = on_list("__len__", waldo_v_none());
    on_list("__setitem__", waldo_v_tuple(waldo_v(0), waldo_batch_use(batch, length)));
    run(0);
    gives(tea, "3");
    list_is("[3, ('tea', 3), {3: None}]");
}

/* What a method's own message says is a value as well. */
Test(batch, messages_are_used_as_dicts)
{
    int exchanged = on_dict("compare_and_set", waldo_v_tuple(waldo_v("k"), waldo_v(1), waldo_v(2)));
    on_list("append", waldo_v_tuple(waldo_batch_use(batch, exchanged)));
    run(0);
    waldo_value *result, *item;
    must(waldo_batch_result(batch, exchanged, &result, &err));
    must(waldo_list_get(list, 0, &item, &err));
    cr_assert_eq(must(waldo_value_equal(result, item, &err)), 1);
    waldo_value_unref(result);
    waldo_value_unref(item);
}

Test(batch, objects_that_the_batch_makes)
{
    int made = must(waldo_batch_create(batch, "list",
                                       waldo_v_tuple(waldo_v_tuple(waldo_v(1), waldo_v(2))), &err));
    must(waldo_batch_call_on(batch, made, "append", waldo_v_tuple(waldo_v(3)), &err));
    int length = must(waldo_batch_call_on(batch, made, "__len__", waldo_v_none(), &err));
    on_list("append", waldo_v_tuple(waldo_batch_use(batch, made)));
    int itself = on_list("__getitem__", waldo_v_tuple(waldo_v(0)));
    int again = must(waldo_batch_call_on(batch, itself, "__len__", waldo_v_none(), &err));
    int same = must(waldo_batch_call_on(batch, made, "__imul__", waldo_v_tuple(waldo_v(2)), &err));
    int no_object = must(waldo_batch_call_on(batch, length, "__len__", waldo_v_none(), &err));
    run(1);
    gives(length, "3");
    gives(again, "3");
    fails(no_object, WALDO_ETYPE, "the result of call 2 is no proxy");
    waldo_proxy *first, *second, *none = NULL;
    waldo_value *value;
    must(waldo_batch_proxy(batch, made, &first, &err));
    must(waldo_batch_proxy(batch, same, &second, &err));
    must_fail(waldo_batch_proxy(batch, length, &none, &err), WALDO_ETYPE);
    cr_assert_eq(waldo_proxy_object(first), waldo_proxy_object(second));
    must(waldo_proxy_getvalue(first, &value, &err));
    prints(value, "[1, 2, 3, 1, 2, 3]");
    waldo_proxy_unref(first);
    waldo_proxy_unref(second);
}

Test(batch, runs_again)
{
    int length = on_list("__len__", waldo_v_none());
    on_list("append", waldo_v_tuple(waldo_v(1)));
    run(0);
    gives(length, "0");
    int last = on_list("pop", waldo_v_none());
    fails(last, WALDO_EVALUE, "not run");
    gives(length, "0");
    run(0);
    gives(length, "1");
    gives(last, "1");
}

/* ---- failures ---- */

Test(batch, a_failure_ends_nothing)
{
    int missing = on_dict("__getitem__", waldo_v_tuple(waldo_v("coffee")));
    int uses = on_list("append", waldo_v_tuple(waldo_batch_use(batch, missing)));
    int uses_that = on_list("append", waldo_v_tuple(waldo_batch_use(batch, uses)));
    int on_it = must(waldo_batch_call_on(batch, missing, "__len__", waldo_v_none(), &err));
    int no_method = on_list("no_such_method", waldo_v_none());
    int no_type = must(waldo_batch_create(batch, "no such type", waldo_v_none(), &err));
    int bad = on_list("insert", waldo_v_tuple(waldo_v(1), waldo_v(2), waldo_v(3)));
    int fine = on_list("append", waldo_v_tuple(waldo_v(7)));
    run(7);
    fails(missing, WALDO_EKEY, "coffee");
    cr_assert_str_eq(err.type_name, "KeyError");
    fails(uses, WALDO_EKEY, "call 0, whose result it uses, failed: 'coffee'");
    cr_assert_str_eq(err.type_name, "KeyError");
    fails(uses_that, WALDO_EKEY, "call 1, whose result it uses, failed: call 0, whose");
    fails(on_it, WALDO_EKEY, "call 0, whose");
    fails(no_method, WALDO_EATTRIBUTE, "'list' exposes no method 'no_such_method'");
    fails(no_type, WALDO_EKEY, "offers no type");
    fails(bad, WALDO_ETYPE, "");
    gives(fine, "None");
    list_is("[7]");
}

Test(batch, only_earlier_calls_of_the_same_batch)
{
    waldo_batch *other;
    waldo_transaction *transaction;
    waldo_value *result = NULL, *use = waldo_batch_use(batch, 0);
    waldo_proxy *proxy = waldo_list_proxy(list);
    must_fail(waldo_batch_call(batch, proxy, "append", waldo_v_tuple(waldo_value_ref(use)), &err),
              WALDO_EVALUE);
    on_list("__len__", waldo_v_none());
    must_fail(
        waldo_batch_call(batch, proxy, "append", waldo_v_tuple(waldo_batch_use(batch, -1)), &err),
        WALDO_EVALUE);
    must_fail(waldo_batch_call_on(batch, 1, "append", waldo_v_none(), &err), WALDO_EVALUE);
    must_fail(waldo_batch_call_on(batch, -1, "append", waldo_v_none(), &err), WALDO_EVALUE);
    must(waldo_batch_new(manager, &other, &err));
    must(waldo_batch_call(other, proxy, "__len__", waldo_v_none(), &err));
    must_fail(waldo_batch_call(other, proxy, "append", waldo_v_tuple(waldo_value_ref(use)), &err),
              WALDO_EVALUE);
    must_fail(waldo_proxy_call(proxy, "append", waldo_v_tuple(waldo_value_ref(use)), &result, &err),
              WALDO_ETYPE);
    must(waldo_transaction_new(manager, &transaction, &err));
    must(waldo_transaction_add(transaction, proxy, "append", waldo_v_tuple(use), &err));
    must_fail(waldo_transaction_commit(transaction, NULL, &err), WALDO_ETYPE);
    waldo_transaction_unref(transaction);
    must_fail(waldo_batch_run(other, 0, &err), WALDO_EVALUE);
    cr_assert_not_null(strstr(err.message, "of another batch"), "%s", err.message);
    waldo_batch_unref(other);
    must_fail(waldo_batch_run(batch, 0, &err), WALDO_EVALUE);
    cr_assert_not_null(strstr(err.message, "call 0 cannot use"), "%s", err.message);
}

Test(batch, refuses)
{
    waldo_manager *stranger = live_connect();
    waldo_list *elsewhere;
    must(waldo_list_new(stranger, &elsewhere, &err));
    must_fail(waldo_batch_call(batch, waldo_list_proxy(elsewhere), "__len__", waldo_v_none(), &err),
              WALDO_EVALUE);
    must_fail(waldo_batch_call(batch, waldo_list_proxy(list), "append", NULL, &err), WALDO_ENOMEM);
    must_fail(waldo_batch_create(batch, "list", NULL, &err), WALDO_ENOMEM);
    int length = on_list("__len__", waldo_v_none());
    must_fail(waldo_batch_run(batch, 0, NULL), WALDO_EVALUE);
    fails(length, WALDO_EVALUE, "not run");
    must_fail(waldo_batch_run(batch, -1, &err), WALDO_EVALUE);
    cr_assert_not_null(strstr(err.message, "the timeout"), "%s", err.message);
    cr_assert_null(waldo_batch_unref(NULL));
    waldo_list_unref(elsewhere);
    waldo_manager_unref(stranger);
}

/* ---- waiting ---- */

static void *run_batch(void *data)
{
    *(int *)data = waldo_batch_run(batch, 60, &err);
    return data;
}

Test(batch, waits_where_a_call_waits)
{
    waldo_error other = WALDO_ERROR_INIT;
    waldo_queue *queue;
    must(waldo_queue_new(manager, 0, &queue, &err));
    on_list("append", waldo_v_tuple(waldo_v(1)));
    int got = must(waldo_batch_call(batch, waldo_queue_proxy(queue), "get", waldo_v_none(), &err));
    on_list("append", waldo_v_tuple(waldo_batch_use(batch, got)));
    pthread_t thread;
    int status = -1;
    size_t length = 0;
    cr_assert_eq(pthread_create(&thread, NULL, run_batch, &status), 0);
    while (length == 0)
        cr_assert_geq(waldo_list_length(list, &length, &other), 0);
    cr_assert_geq(waldo_list_append(list, waldo_v(2), &other), 0);
    cr_assert_geq(waldo_queue_put(queue, waldo_v(3), 0, &other), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(status, 0);
    gives(got, "3");
    list_is("[1, 2, 3]");
    waldo_queue_unref(queue);
}

/* What was got goes back, what was done stays, and what comes later is not begun. */
Test(batch, a_deadline_ends_it)
{
    waldo_queue *queue, *empty;
    waldo_value *item;
    size_t length;
    must(waldo_queue_new(manager, 0, &queue, &err));
    must(waldo_queue_new(manager, 0, &empty, &err));
    must(waldo_queue_put(queue, waldo_v("here"), 0, &err));
    must(waldo_batch_create(batch, "list", waldo_v_none(), &err));
    int got = must(waldo_batch_call(batch, waldo_queue_proxy(queue), "get", waldo_v_none(), &err));
    on_list("append", waldo_v_tuple(waldo_v(1)));
    must(waldo_batch_call(batch, waldo_queue_proxy(empty), "get", waldo_v_none(), &err));
    on_list("append", waldo_v_tuple(waldo_v(2)));
    must_fail(waldo_batch_run(batch, 0.1, &err), WALDO_ETIMEOUT);
    fails(got, WALDO_ETIMEOUT,
          "without results, whether or not call 1 was made: the deadline passed");
    must(waldo_queue_get(queue, 30, &item, &err));
    prints(item, "'here'");
    must(waldo_queue_put(empty, waldo_v("nobody waits"), 0, &err));
    must(waldo_queue_get(empty, 30, &item, &err));
    prints(item, "'nobody waits'");
    must(waldo_list_length(list, &length, &err));
    cr_assert_eq(length, 1);
    waldo_queue_unref(queue);
    waldo_queue_unref(empty);
    /* The list that it made is given back on another thread; the batch holds the queues. */
    uint64_t objects = 5;
    while (objects > 4)
        must(waldo_manager_number_of_objects(manager, &objects, &err));
}

enum { WORKERS = 3, ROUNDS = 100, ITEMS = 10 };

static waldo_queue *items, *gate;

/* Two items, and leave to go on; with a deadline that passes anywhere. What it got it puts back. */
static void *get_and_put_back(void *data)
{
    waldo_batch *mine;
    waldo_error error = WALDO_ERROR_INIT;
    unsigned seed = *(unsigned *)data;
    cr_assert_geq(waldo_batch_new(manager, &mine, &error), 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(waldo_batch_call(mine, waldo_queue_proxy(i < 2 ? items : gate), "get",
                                      waldo_v_none(), &error),
                     i);
    for (int i = 0; i < ROUNDS; i++) {
        int status = waldo_batch_run(mine, (rand_r(&seed) % 4000 + 1) / 1e6, &error);
        cr_assert(status == 0 || status == WALDO_ETIMEOUT, "%d %s", status, error.message);
        for (int k = 0; k < 3 && status == 0; k++) {
            waldo_value *item;
            cr_assert_geq(waldo_batch_result(mine, k, &item, &error), 0, "%s", error.message);
            cr_assert_geq(waldo_queue_put(k < 2 ? items : gate, item, 0, &error), 0);
        }
    }
    waldo_batch_unref(mine);
    return NULL;
}

/* Each item of 0, 1, ... is there once. */
static void has_all(waldo_queue *queue, int count)
{
    int64_t sum = 0, number;
    for (int i = 0; i < count; i++) {
        waldo_value *item;
        must(waldo_queue_get(queue, 30, &item, &err));
        must(waldo_value_get_int64(item, &number, &err));
        waldo_value_unref(item);
        sum += number;
    }
    cr_assert_eq(sum, count * (count - 1) / 2);
    cr_assert_eq(must(waldo_queue_empty(queue, &err)), 1);
}

Test(batch, no_item_is_lost_to_a_deadline)
{
    pthread_t threads[WORKERS];
    unsigned seeds[WORKERS];
    must(waldo_queue_new(manager, 0, &items, &err));
    must(waldo_queue_new(manager, 0, &gate, &err));
    for (int i = 0; i < ITEMS; i++)
        must(waldo_queue_put(items, waldo_v(i), 0, &err));
    must(waldo_queue_put(gate, waldo_v(0), 0, &err));
    for (unsigned i = 0; i < WORKERS; i++) {
        seeds[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, get_and_put_back, &seeds[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    has_all(items, ITEMS);
    has_all(gate, 1);
    waldo_queue_unref(items);
    waldo_queue_unref(gate);
}

/* ---- limits ---- */

Test(batch_limits, too_many_calls)
{
    waldo_server_options options = {0};
    options.limits[WALDO_LIMIT_BATCH] = 3;
    begin_with(options);
    for (int i = 0; i < 3; i++)
        on_list("append", waldo_v_tuple(waldo_v(i)));
    run(0);
    on_list("append", waldo_v_tuple(waldo_v(3)));
    must_fail(waldo_batch_run(batch, 0, &err), WALDO_ELIMIT);
    cr_assert_not_null(strstr(err.message, "calls in one batch"), "%s", err.message);
    list_is("[0, 1, 2]");
    end();
}

/* As many as the server takes; what each keeps is given back. */
Test(batch, many_calls)
{
    int first = must(waldo_batch_create(batch, "list", waldo_v_none(), &err)), last = first;
    while (last < 4095)
        last = must(waldo_batch_create(batch, "list", waldo_v_none(), &err));
    run(0);
    waldo_proxy *proxy;
    uint64_t objects;
    must(waldo_batch_proxy(batch, last, &proxy, &err));
    must(waldo_manager_number_of_objects(manager, &objects, &err));
    cr_assert_eq(objects, 4096 + 2);
    waldo_proxy_unref(proxy);
}

static waldo_value *big(size_t size)
{
    char *text = malloc(size);
    memset(text, 'x', size);
    waldo_value *value = waldo_v_str_sized(text, size);
    free(text);
    return value;
}

Test(batch_sizes, results_that_do_not_fit_together)
{
    size_t length;
    for (int i = 0; i < 4; i++)
        must(waldo_list_append(list, big(25000), &err));
    int popped[4];
    for (int i = 0; i < 4; i++)
        popped[i] = on_list("pop", waldo_v_none());
    int small = on_list("__len__", waldo_v_none());
    run(2);
    for (int i = 2; i < 4; i++)
        fails(popped[i], WALDO_ETOOBIG, "the reply has");
    gives(small, "2");
    must(waldo_list_length(list, &length, &err));
    cr_assert_eq(length, 2, "what was popped in vain is not back");
}

/* That a call failed can always be said. */
Test(batch_sizes, no_room_left)
{
    enum { MANY = 200 };
    must(waldo_list_append(list, big(28000), &err));
    int calls[MANY];
    for (int i = 0; i < MANY; i++)
        calls[i] = on_list("__getitem__", waldo_v_tuple(waldo_v(0)));
    run(MANY - 2);
    for (int i = 2; i < MANY; i++)
        fails(calls[i], WALDO_ETOOBIG, "");
}

Test(batch_sizes, arguments_that_grow)
{
    must(waldo_list_append(list, big(30000), &err));
    int item = on_list("__getitem__", waldo_v_tuple(waldo_v(0)));
    waldo_value *uses = waldo_v_list_of(NULL, 0);
    for (int i = 0; i < 1000; i++)
        must(waldo_value_list_append(uses, waldo_batch_use(batch, item), &err));
    int grown = on_list("append", waldo_v_tuple(uses));
    run(1);
    fails(grown, WALDO_ETOOBIG, "with the results that they use");
}

/* A value that is nested as deep as it may be has no place in another one. */
Test(batch, arguments_that_grow_deep)
{
    waldo_value *deep = waldo_v(1);
    for (int i = 0; i < 60; i++)
        deep = waldo_v_tuple(deep);
    must(waldo_list_append(list, waldo_value_ref(deep), &err));
    int item = on_list("__getitem__", waldo_v_tuple(waldo_v(0)));
    waldo_value *use = waldo_batch_use(batch, item);
    for (int i = 0; i < 50; i++)
        use = waldo_v_tuple(use);
    int nested = on_list("append", waldo_v_tuple(use));
    run(1);
    fails(nested, WALDO_ERECURSION, "");
    waldo_value_unref(deep);
}

Test(batch_sizes, more_calls_than_replies_fit)
{
    for (int i = 0; i < MESSAGE / 32; i++)
        on_list("clear", waldo_v_none());
    must_fail(waldo_batch_run(batch, 0, &err), WALDO_ETOOBIG);
}
