/* Calls that are started now and waited for later. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay.h"
#include "support.h"

enum { MANY = 1000 };

static server host;
static waldo_manager *direct;  /* another client, which sees what the server has */
static waldo_manager *manager; /* the client, whose network is the relay */
static relay *network;

static void set_up(void)
{
    start_server(&host, NULL);
    direct = connect_to(&host, host.urls[0]);
    network = relay_start(host.urls[0]);
    manager = connect_to(&host, relay_url(network));
}

static void tear_down(void)
{
    waldo_manager_unref(manager);
    waldo_manager_unref(direct);
    relay_free(network);
    stop_server(&host);
}

TestSuite(futures, .init = set_up, .fini = tear_down);

/* add() and add_later() return a dict with n. */
static waldo_future *start(faults_register *reg, const char *method, int64_t n)
{
    waldo_future *future = NULL;
    OK(waldo_call_async(faults_register_proxy(reg), method, waldo_v_tuple(waldo_v_int64(n)),
                        &future, &error));
    return future;
}

static int64_t result_of(waldo_future *future)
{
    waldo_value *result = NULL, *n = NULL;
    int64_t number = -1;
    OK(waldo_future_result(future, PATIENCE, &result, &error));
    OK(waldo_value_dict_get_str(result, "n", &n, &error));
    OK(waldo_value_get_int64(n, &number, &error));
    waldo_value_unref(n);
    waldo_value_unref(result);
    return number;
}

Test(futures, many_are_under_way_on_one_connection)
{
    static waldo_future *futures[MANY];
    faults_register *reg = get_register(manager, "r");
    for (int i = 0; i < MANY; i++)
        futures[i] = start(reg, "add", 1);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(result_of(futures[i]), i + 1, "out of order");
        cr_assert_eq(result_of(futures[i]), i + 1, "the second time");
        cr_assert(waldo_future_is_done(futures[i]));
        cr_assert_not(waldo_future_cancel(futures[i]));
        waldo_future_unref(futures[i]);
    }
    cr_assert_eq(relay_accepted(network), 1);
    cr_assert_eq(register_executions(reg), MANY);
    faults_register_unref(reg);
}

/* Long requests among short ones: none is lost, and none overtakes another. */
Test(futures, requests_of_all_sizes_leave_in_order)
{
    enum { SEVERAL = 64 };
    static const size_t sizes[] = {1, 100, 17 * 1024, 10, 300 * 1024, 5000, 15 * 1024, 2};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    waldo_future *futures[SEVERAL];
    WALDO_AUTO(waldo_list) list = NULL;
    OK(waldo_list_new(manager, &list, &error));
    for (size_t i = 0; i < SEVERAL; i++) {
        size_t size = sizes[i % SIZES] + i;
        char *bytes = malloc(size);
        cr_assert_not_null(bytes);
        memset(bytes, (int)i, size);
        OK(waldo_call_async(waldo_list_proxy(list), "append",
                            waldo_v_tuple(waldo_v_bytes(bytes, size)), &futures[i], &error));
        free(bytes);
    }
    for (size_t i = 0; i < SEVERAL; i++) {
        WALDO_AUTO(waldo_value) none = NULL;
        OK(waldo_future_result(futures[i], PATIENCE, &none, &error));
        waldo_future_unref(futures[i]);
    }
    for (size_t i = 0; i < SEVERAL; i++) {
        WALDO_AUTO(waldo_value) item = NULL;
        const uint8_t *bytes;
        size_t size;
        OK(waldo_list_get(list, (int64_t)i, &item, &error));
        OK(waldo_value_get_bytes(item, &bytes, &size, &error));
        cr_assert_eq(size, sizes[i % SIZES] + i);
        cr_assert_eq(bytes[size - 1], i);
    }
    cr_assert_eq(relay_accepted(network), 1);
}

static bool some_reply_waits(void)
{
    char *text = NULL;
    OK(waldo_manager_debug_info(direct, &text, &error));
    bool found = strstr(text, "with more, its replies wait: refused") != NULL;
    free(text);
    return found;
}

Test(futures, large_replies_that_are_taken_late)
{
    enum { SEVERAL = 100, SIZE = 1 << 20 };
    waldo_future *futures[SEVERAL];
    faults_register *reg = get_register(manager, "r");
    for (int i = 0; i < SEVERAL; i++)
        futures[i] = start(reg, "big", SIZE);
    OK(waldo_manager_flush(manager, &error));
    AWAIT(some_reply_waits());
    for (int i = 0; i < SEVERAL; i++) {
        waldo_value *item = NULL, *filling = NULL;
        size_t size = 0;
        OK(waldo_future_result(futures[i], PATIENCE, &item, &error));
        OK(waldo_value_dict_get_str(item, "filling", &filling, &error));
        OK(waldo_value_length(filling, &size, &error));
        cr_assert_eq(size, SIZE);
        waldo_value_unref(filling);
        waldo_value_unref(item);
        waldo_future_unref(futures[i]);
    }
    cr_assert_eq(relay_accepted(network), 1);
    faults_register_unref(reg);
}

Test(futures, generated_functions)
{
    faults_register *reg = get_register(manager, "r");
    Faults__Number two = FAULTS__NUMBER__INIT, *sum = NULL;
    waldo_future *add = NULL, *open = NULL;
    waldo_value *value = NULL;
    two.n = 2;
    OK(faults_register_add_async(reg, &two, &add, &error));
    OK(faults_register_open_async(reg, &open, &error));
    OK(faults_register_add_await(add, PATIENCE, &sum, &error));
    cr_assert_eq(sum->n, 2);
    faults__number__free_unpacked(sum, NULL);
    OK(faults_register_open_await(open, PATIENCE, &error));
    FAILS(WALDO_ETYPE, faults_register_get_await(add, PATIENCE, &sum, &error));
    FAILS(WALDO_ETYPE, waldo_future_result(add, PATIENCE, &value, &error));
    waldo_future_unref(open);
    waldo_future_unref(add);
    faults_register_unref(reg);
}

/* ---- threads that count on each other to send ---- */

typedef struct giant {
    faults_register *reg;
    waldo_value *arguments; /* more than a message may have */
    atomic_bool over;
    int calls;
} giant;

static void *call_in_vain(void *argument)
{
    giant *one = argument;
    for (; !atomic_load(&one->over); one->calls++) {
        waldo_value *result = NULL;
        FAILS(WALDO_ETOOBIG, waldo_proxy_call(faults_register_proxy(one->reg), "add",
                                              waldo_value_ref(one->arguments), &result, &error));
    }
    return NULL;
}

static waldo_value *make_giant(void)
{
    enum { ITEMS = 20000 };
    waldo_value *list = waldo_v_list_of(NULL, 0);
    for (int i = 0; i < ITEMS; i++)
        OK(waldo_value_list_append(list, waldo_v_int64(i), &error));
    return waldo_v_tuple(list);
}

/* One has its turn to send, and sends nothing after all: its request is too large. Who began to
 * wait meanwhile does not wait for the next one who has something to say. */
Test(futures, a_request_that_comes_to_nothing_holds_up_nobody)
{
    enum { ROUNDS = 300 };
    waldo_manager_options options = {
        .max_message = 64 * 1024, .authkey_file = host.key_file, .call_timeout = PATIENCE};
    waldo_manager *other = NULL;
    OK(waldo_connect(relay_url(network), &options, &other, &error));
    giant one = {.reg = get_register(other, "giant"), .arguments = make_giant()};
    faults_register *reg = get_register(other, "r");
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, call_in_vain, &one), 0);
    for (int i = 0; i < ROUNDS; i++) {
        waldo_future *first = start(reg, "add", 1), *second = start(reg, "add", 1);
        /* The other thread gets its turn, and still has it. */
        pause_ms(1);
        double began = now();
        cr_assert_eq(result_of(second), 2 * i + 2);
        cr_assert_lt(now() - began, 1, "it waited for %.1f s", now() - began);
        cr_assert_eq(result_of(first), 2 * i + 1);
        waldo_future_unref(first);
        waldo_future_unref(second);
    }
    atomic_store(&one.over, true);
    pthread_join(thread, NULL);
    cr_assert_gt(one.calls, 0);
    waldo_value_unref(one.arguments);
    faults_register_unref(one.reg);
    faults_register_unref(reg);
    waldo_manager_unref(other);
}

/* ---- creations ---- */

Test(futures, creations_by_generated_functions)
{
    enum { SOME = 20 };
    waldo_future *futures[SOME];
    uint64_t objects = number_of_objects(direct);
    Faults__Start start = FAULTS__START__INIT;
    for (int i = 0; i < SOME; i++)
        OK(faults_register_new_async(manager, &start, &futures[i], &error));
    for (int i = 0; i < SOME; i++) {
        faults_register *reg = NULL, *again = NULL;
        int64_t sum = 0;
        OK(faults_register_new_await(futures[i], PATIENCE, &reg, &error));
        OK(faults_register_new_await(futures[i], PATIENCE, &again, &error));
        cr_assert_eq(faults_register_proxy(reg), faults_register_proxy(again));
        OK(register_add(reg, i, &sum, &error));
        cr_assert_eq(sum, i);
        faults_register_unref(again);
        waldo_future_unref(futures[i]);
        faults_register_unref(reg);
    }
    cr_assert_eq(number_of_objects(direct), objects);
    cr_assert_eq(relay_accepted(network), 1);
}

Test(futures, creations_by_name)
{
    waldo_future *future = NULL;
    waldo_proxy *proxy = NULL, *again = NULL;
    waldo_value *value = NULL;
    faults_register *reg = NULL;
    OK(waldo_create_async(manager, "Register", waldo_v_none(), &future, &error));
    OK(waldo_future_proxy(future, PATIENCE, &proxy, &error));
    OK(waldo_future_result(future, PATIENCE, &value, &error));
    OK(waldo_proxy_from_value(manager, value, &again, &error));
    FAILS(WALDO_ETYPE, faults_register_new_await(future, PATIENCE, &reg, &error));
    cr_assert_eq(waldo_proxy_object(proxy), waldo_proxy_object(again));
    OK(faults_register_from_proxy(proxy, &reg, &error));
    OK(register_add(reg, 1, NULL, &error));
    waldo_value_unref(value);
    waldo_future_unref(future);
    waldo_proxy_unref(again);
    waldo_proxy_unref(proxy);
    future = start(reg, "add", 1);
    FAILS(WALDO_ETYPE, waldo_future_proxy(future, PATIENCE, &proxy, &error));
    waldo_future_unref(future);
    OK(waldo_create_async(manager, "no such type", waldo_v_none(), &future, &error));
    FAILS(WALDO_EKEY, waldo_future_proxy(future, PATIENCE, &proxy, &error));
    waldo_future_unref(future);
    FAILS(WALDO_ENOMEM, waldo_create_async(manager, "Register", NULL, &future, &error));
    faults_register_unref(reg);
}

/* Over, cancelled, or lost with the connection: none is left, and none is made twice. */
Test(futures, creations_that_nobody_takes)
{
    enum { SOME = 20 };
    waldo_future *futures[SOME];
    Faults__Start start = FAULTS__START__INIT;
    uint64_t objects = number_of_objects(direct);
    for (int i = 0; i < SOME; i++)
        OK(faults_register_new_async(manager, &start, &futures[i], &error));
    cr_assert_eq(waldo_future_wait(futures[SOME / 2], PATIENCE), 1);
    for (int i = 0; i < SOME; i++)
        waldo_future_unref(futures[i]);
    AWAIT(number_of_objects(direct) == objects);
    relay_allow(network, TO_CLIENT, 50);
    for (int i = 0; i < SOME; i++)
        OK(faults_register_new_async(manager, &start, &futures[i], &error));
    OK(waldo_manager_flush(manager, &error));
    AWAIT(number_of_objects(direct) == objects + SOME);
    relay_cut(network);
    relay_allow(network, TO_CLIENT, SIZE_MAX);
    for (int i = 0; i < SOME; i++)
        cr_assert_eq(waldo_future_wait(futures[i], PATIENCE), 1);
    cr_assert_eq(number_of_objects(direct), objects + SOME);
    for (int i = 0; i < SOME; i++)
        waldo_future_unref(futures[i]);
    AWAIT(number_of_objects(direct) == objects);
}

/* What nobody waits for leaves when somebody says so. */
/* All but the first. */
Test(futures, requests_gather_until_they_are_flushed)
{
    faults_register *reg = get_register(manager, "r"), *seen = get_register(direct, "r");
    waldo_future *futures[10];
    futures[0] = start(reg, "add_later", 1); /* its reply waits */
    AWAIT(register_executions(seen) == 1);
    size_t moved = relay_moved(network, TO_SERVER);
    for (int i = 1; i < 10; i++)
        futures[i] = start(reg, "add", 1);
    cr_assert_eq(relay_moved(network, TO_SERVER), moved);
    OK(waldo_manager_flush(manager, &error));
    AWAIT(register_executions(seen) == 10);
    OK(faults_register_open(seen, &error));
    for (int i = 0; i < 10; i++) {
        AWAIT(waldo_future_is_done(futures[i]));
        cr_assert_eq(result_of(futures[i]), i + 1);
        waldo_future_unref(futures[i]);
    }
    faults_register_unref(seen);
    faults_register_unref(reg);
}

/* A call goes after those that were started before it. */
Test(futures, calls_keep_their_order)
{
    faults_register *reg = get_register(manager, "r");
    waldo_future *first = start(reg, "add", 5);
    int64_t sum = 0;
    OK(register_add(reg, 1, &sum, &error));
    cr_assert_eq(sum, 6);
    cr_assert_eq(result_of(first), 5);
    waldo_future_unref(first);
    faults_register_unref(reg);
}

Test(futures, a_cut_repeats_nothing)
{
    enum { SOME = 50 };
    waldo_future *futures[SOME];
    faults_register *reg = get_register(manager, "r"), *seen = get_register(direct, "r");
    for (int round = 0; round < 6; round++) {
        relay_allow(network, TO_CLIENT, (size_t)round * 300);
        for (int i = 0; i < SOME; i++)
            futures[i] = start(reg, "add", 1);
        OK(waldo_manager_flush(manager, &error));
        AWAIT(register_executions(seen) == (round + 1) * SOME);
        relay_cut(network);
        relay_allow(network, TO_CLIENT, SIZE_MAX);
        for (int i = 0; i < SOME; i++) {
            cr_assert_eq(result_of(futures[i]), round * SOME + i + 1);
            waldo_future_unref(futures[i]);
        }
    }
    cr_assert_eq(register_executions(seen), 6 * SOME);
    faults_register_unref(seen);
    faults_register_unref(reg);
}

Test(futures, errors_are_those_of_calls)
{
    faults_register *reg = get_register(manager, "r");
    waldo_value *result = NULL;
    waldo_future *future = start(reg, "no_such_method", 1);
    FAILS(WALDO_EATTRIBUTE, waldo_future_result(future, PATIENCE, &result, &error));
    waldo_future_unref(future);
    OK(waldo_proxy_set_timeout(faults_register_proxy(reg), 0.2, &error));
    future = start(reg, "add_later", 1);
    cr_assert_eq(waldo_future_wait(future, 0.01), 0);
    FAILS(WALDO_ETIMEOUT, waldo_future_result(future, 0.01, &result, &error));
    cr_assert_eq(waldo_future_wait(future, PATIENCE), 1, "its own deadline does not end it");
    FAILS(WALDO_ETIMEOUT, waldo_future_result(future, 0, &result, &error));
    waldo_future_unref(future);
    faults_register_unref(reg);
}

Test(futures, a_cancelled_call_leaves_the_server)
{
    faults_register *reg = get_register(manager, "r"), *seen = get_register(direct, "r");
    waldo_value *result = NULL;
    waldo_future *cancelled = start(reg, "add_later", 1), *dropped = start(reg, "add_later", 1);
    OK(waldo_manager_flush(manager, &error));
    AWAIT(register_parked(seen) == 2);
    cr_assert(waldo_future_cancel(cancelled));
    AWAIT(register_parked(seen) == 1);
    FAILS(WALDO_ECANCELLED, waldo_future_result(cancelled, 0, &result, &error));
    cr_assert(waldo_future_is_done(cancelled));
    waldo_future_unref(cancelled);
    waldo_future_unref(dropped);
    AWAIT(register_parked(seen) == 0);
    cr_assert_eq(relay_accepted(network), 1, "that broke the connection");
    faults_register_unref(seen);
    faults_register_unref(reg);
}

static void *wait_for_it(void *future)
{
    return waldo_future_wait(future, PATIENCE) == 1 ? future : NULL;
}

Test(futures, several_threads_wait_for_one)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    faults_register *reg = get_register(manager, "r"), *seen = get_register(direct, "r");
    waldo_future *future = start(reg, "add_later", 3);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, wait_for_it, future), 0);
    AWAIT(register_parked(seen) == 1);
    cr_assert_eq(waldo_future_wait(future, 0.01), 0);
    OK(faults_register_open(seen, &error));
    for (int i = 0; i < THREADS; i++) {
        void *found;
        pthread_join(threads[i], &found);
        cr_assert_eq(found, future);
    }
    cr_assert_eq(result_of(future), 3);
    waldo_future_unref(future);
    faults_register_unref(seen);
    faults_register_unref(reg);
}

Test(futures, not_in_a_forked_child, .disabled = FORK_IS_IMPOSSIBLE)
{
    faults_register *reg = get_register(manager, "r");
    waldo_future *future = start(reg, "add", 1);
    pid_t child = fork();
    if (child == 0) {
        waldo_value *result = NULL;
        bool right = waldo_future_result(future, 0, &result, NULL) == WALDO_EFORK &&
                     register_add(reg, 1, NULL, NULL) >= 0;
        waldo_future_unref(future);
        _exit(!right);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "%#x", status);
    cr_assert_eq(result_of(future), 1);
    waldo_future_unref(future);
    faults_register_unref(reg);
}

/* The child has no such threads, and waits for none. */
Test(futures, that_others_wait_for_in_a_forked_child, .disabled = FORK_IS_IMPOSSIBLE)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    faults_register *reg = get_register(manager, "r"), *seen = get_register(direct, "r");
    waldo_future *future = start(reg, "add_later", 3);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, wait_for_it, future), 0);
    AWAIT(register_parked(seen) == 1);
    pause_ms(50);
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        waldo_future_unref(future);
        _exit(0);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "%#x", status);
    OK(faults_register_open(seen, &error));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(result_of(future), 3);
    waldo_future_unref(future);
    faults_register_unref(seen);
    faults_register_unref(reg);
}

/* Over libnanomsg each has a connection to itself. */
Test(futures, over_libnanomsg)
{
    enum { SOME = 10 };
    waldo_manager *other = connect_to(&host, host.urls[2]);
    faults_register *reg = get_register(other, "r");
    waldo_future *futures[SOME];
    int64_t sum = 0;
    for (int i = 0; i < SOME; i++)
        futures[i] = start(reg, "add", 1);
    for (int i = 0; i < SOME; i++) {
        int64_t n = result_of(futures[i]);
        sum = n > sum ? n : sum;
        waldo_future_unref(futures[i]);
    }
    cr_assert_eq(sum, SOME);
    faults_register_unref(reg);
    waldo_manager_unref(other);
}
