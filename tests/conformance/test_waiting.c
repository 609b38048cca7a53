/* Rows B20 to B24, D9, D10, D18 and D20: calls that wait, and clients and servers that go away. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "raw.h"

TestSuite(waiting, .init = harness_begin_with_server, .fini = harness_clean_up, .timeout = 60);
TestSuite(leaving, .init = harness_begin, .fini = harness_clean_up, .timeout = 60);

/* A call in a thread of its own. Static where it is used: a test that fails does not wait for it.
 */
typedef struct caller {
    pthread_t thread;
    trial_common *common;
    trial_sleeper *sleeper;
    trial_wide_sleeper *wide;
    const char *event; /* that ends the sleep */
    int status;
    int64_t result;
    waldo_error error;
} caller;

static void *wait_on_common(void *data)
{
    caller *one = data;
    Trial__Number *number = NULL;
    one->status = trial_common_wait(one->common, &number, &one->error);
    if (one->status >= 0)
        one->result = number->n;
    trial__number__free_unpacked(number, NULL);
    return NULL;
}

static void *sleep_there(void *data)
{
    caller *one = data;
    Trial__Event until = TRIAL__EVENT__INIT;
    until.name = (char *)one->event;
    until.count = 1;
    one->status = one->sleeper ? trial_sleeper_sleep(one->sleeper, &until, &one->error)
                               : trial_wide_sleeper_sleep(one->wide, &until, &one->error);
    return NULL;
}

static void begin_call(caller *one, void *(*call)(void *data))
{
    one->status = 99;
    cr_assert_eq(pthread_create(&one->thread, NULL, call, one), 0);
}

static void end_call(caller *one)
{
    pthread_join(one->thread, NULL);
    cr_assert_geq(one->status, 0, "%s: %s", one->error.type_name, one->error.message);
}

static void wake(trial_common *common, int64_t n)
{
    Trial__Number number = TRIAL__NUMBER__INIT;
    number.n = n;
    must(trial_common_wake(common, &number, &err));
}

/* ---- row B23 ---- */

Row(waiting, B23_a_parked_call_holds_up_nobody)
{
    waldo_manager *manager = harness_connect();
    trial_common *common = NULL;
    must(trial_common_new(manager, &common, &err));
    static caller callers[5];
    for (size_t i = 0; i < 5; i++) {
        callers[i].common = common;
        begin_call(&callers[i], wait_on_common);
    }
    harness_await("parked", 5);
    /* The same manager, another one, and the same object. */
    must(waldo_manager_ping(manager, &err));
    waldo_manager *other = harness_connect();
    must(waldo_manager_ping(other, &err));
    waldo_manager_unref(other);
    wake(common, 42);
    for (size_t i = 0; i < 5; i++) {
        end_call(&callers[i]);
        cr_assert_eq(callers[i].result, 42);
    }
    trial_common_unref(common);
    waldo_manager_unref(manager);
}

Row(waiting, B23_a_handler_that_blocks_holds_up_its_object_only)
{
    waldo_manager *manager = harness_connect();
    static caller one = {.event = "morning"};
    trial_sleeper *other = NULL;
    must(trial_sleeper_new(manager, &one.sleeper, &err));
    must(trial_sleeper_new(manager, &other, &err));
    begin_call(&one, sleep_there);
    harness_await("sleeping", 1);
    Trial__Number *turn = NULL;
    must(trial_sleeper_turn(other, &turn, &err));
    trial__number__free_unpacked(turn, NULL);
    must(waldo_proxy_set_timeout(trial_sleeper_proxy(one.sleeper), 0.05, &err));
    must_fail(trial_sleeper_turn(one.sleeper, &turn, &err), WALDO_ETIMEOUT);
    must(waldo_proxy_set_timeout(trial_sleeper_proxy(one.sleeper), 0, &err));
    char *text = NULL;
    must(waldo_manager_debug_info(manager, &text, &err));
    cr_assert_not_null(strstr(text, "(busy)"));
    free(text);
    harness_post("morning");
    end_call(&one);
    must(trial_sleeper_turn(one.sleeper, &turn, &err));
    trial__number__free_unpacked(turn, NULL);
    trial_sleeper_unref(one.sleeper);
    trial_sleeper_unref(other);
    waldo_manager_unref(manager);
}

/* ---- row B24: one call on an object at a time, unless its type wants otherwise ---- */

enum { TURNS = 50, TURNERS = 4 };

static void *take_turns(void *data)
{
    caller *one = data;
    for (int i = 0; i < TURNS; i++) {
        Trial__Number *turn = NULL;
        one->status = trial_sleeper_turn(one->sleeper, &turn, &one->error);
        if (one->status < 0)
            return NULL;
        /* Each turn is somebody's, and a thread's are in order. */
        if (turn->n < one->result)
            one->status = waldo_error_set(&one->error, WALDO_ERUNTIME, "out of order");
        one->result = turn->n;
        trial__number__free_unpacked(turn, NULL);
    }
    return NULL;
}

Row(waiting, B24_serial)
{
    waldo_manager *manager = harness_connect();
    static caller callers[TURNERS];
    must(trial_sleeper_new(manager, &callers[0].sleeper, &err));
    for (size_t i = 0; i < TURNERS; i++) {
        callers[i].sleeper = callers[0].sleeper;
        begin_call(&callers[i], take_turns);
    }
    for (size_t i = 0; i < TURNERS; i++)
        end_call(&callers[i]);
    Trial__Number *turn = NULL;
    must(trial_sleeper_turn(callers[0].sleeper, &turn, &err));
    cr_assert_eq(turn->n, TURNS * TURNERS);
    trial__number__free_unpacked(turn, NULL);
    trial_sleeper_unref(callers[0].sleeper);
    waldo_manager_unref(manager);
}

Row(waiting, B24_concurrent)
{
    waldo_manager *manager = harness_connect();
    static caller callers[3];
    trial_wide_sleeper *wide = NULL;
    must(trial_wide_sleeper_new(manager, &wide, &err));
    for (size_t i = 0; i < 3; i++) {
        callers[i].wide = wide;
        callers[i].event = "morning";
        begin_call(&callers[i], sleep_there);
    }
    harness_await("sleeping", 3);
    Trial__Number *number = NULL;
    must(trial_wide_sleeper_together(wide, &number, &err));
    cr_assert_eq(number->n, 3);
    trial__number__free_unpacked(number, NULL);
    harness_post("morning");
    for (size_t i = 0; i < 3; i++)
        end_call(&callers[i]);
    trial_wide_sleeper_unref(wide);
    waldo_manager_unref(manager);
}

/* ---- row D20: a call that was given up ---- */

/* With Python every later call returns the reply before its own. */
Row(waiting, D20_a_call_that_is_given_up)
{
    waldo_manager *manager = harness_connect();
    trial_common *common = NULL;
    Trial__Number *number = NULL, one = TRIAL__NUMBER__INIT;
    must(trial_common_new(manager, &common, &err));
    must(waldo_proxy_set_timeout(trial_common_proxy(common), 0.05, &err));
    must_fail(trial_common_wait(common, &number, &err), WALDO_ETIMEOUT);
    cr_assert_null(number);
    must(waldo_proxy_set_timeout(trial_common_proxy(common), 0, &err));
    one.n = 1;
    for (int64_t i = 1; i <= 5; i++) {
        must(trial_common_add(common, &one, &number, &err));
        cr_assert_eq(number->n, i);
        trial__number__free_unpacked(number, NULL);
    }
    wake(common, 42);
    must(trial_common_add(common, &one, &number, &err));
    cr_assert_eq(number->n, 6);
    trial__number__free_unpacked(number, NULL);
    trial_common_unref(common);
    waldo_manager_unref(manager);
}

/* ---- row D18: the server is gone ---- */

static void need_a_process(void)
{
    if (harness_server_process() == 0)
        harness_skip("the server is in this process");
}

/* One code, whatever noticed, where Python has four (pains 8); and with Python it would not come
 * back (pains 9). */
Row(waiting, D18_gone_and_back)
{
    need_a_process();
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    Trial__Number *sum = NULL;
    harness_kill_server();
    for (int i = 0; i < 3; i++)
        must_fail(trial_counter_add(counter, NULL, &sum, &err), WALDO_EGONE);
    must_fail(waldo_manager_ping(manager, &err), WALDO_EGONE);
    waldo_manager *late = NULL;
    must_fail(waldo_connect(harness_url(), NULL, &late, &err), WALDO_EREFUSED);
    harness_restart_server();
    /* Its objects died with it; nobody else's are in their place. */
    trial_counter *fresh = harness_counter(manager, 7);
    must_fail(trial_counter_add(counter, NULL, &sum, &err), WALDO_EKEY);
    cr_assert_eq(harness_add(fresh, 1), 8);
    trial_counter_unref(counter);
    cr_assert_eq(harness_add(fresh, 1), 9);
    trial_counter_unref(fresh);
    waldo_manager_unref(manager);
}

Row(waiting, D18_gone_in_the_middle_of_a_call)
{
    need_a_process();
    waldo_manager *manager = harness_connect();
    static caller one;
    must(trial_common_new(manager, &one.common, &err));
    begin_call(&one, wait_on_common);
    harness_await("parked", 1);
    double start = harness_now();
    harness_kill_server();
    pthread_join(one.thread, NULL);
    cr_assert_eq(one.status, WALDO_EGONE, "%s: %s", one.error.type_name, one.error.message);
    cr_assert_lt(harness_now() - start, 10.0);
    trial_common_unref(one.common);
    waldo_manager_unref(manager);
    harness_remove_socket();
}

/* A server that ends in order tells it. */
Row(waiting, D18_stopped_in_the_middle_of_a_call)
{
    need_a_process();
    waldo_manager *manager = harness_connect();
    static caller one;
    must(trial_common_new(manager, &one.common, &err));
    begin_call(&one, wait_on_common);
    harness_await("parked", 1);
    harness_stop_server();
    pthread_join(one.thread, NULL);
    cr_assert_eq(one.status, WALDO_EGONE, "%s: %s", one.error.type_name, one.error.message);
    trial_common_unref(one.common);
    waldo_manager_unref(manager);
}

/* ---- row B22 ---- */

Row(leaving, B22_shutdown_answers_first)
{
    if (harness_transport_is("inproc"))
        harness_skip("there is no process that could end");
    if (!harness_client_is_direct())
        harness_skip(
            "libnanomsg drops a reply that it has not handed out when the connection ends");
    harness_process server = harness_start_process();
    raw_client client = raw_open(harness_url());
    raw_hello(&client);
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__SHUTDOWN;
    must(raw_request(&client, &request));
    raw_close(&client);
    cr_assert_eq(harness_finish(&server), 0);
}

/* ---- rows B20, D9 and D10: clients that go without a word ---- */

static void skip_unless_noticed(void)
{
    if (harness_transport_is("inproc"))
        harness_skip("a client in another process cannot use it");
    if (!harness_server_is_direct())
        harness_skip("libnanomsg does not tell that a peer is gone: that comes with heartbeats");
}

static harness_process spawn_client(const char *command, const char *count)
{
    const char *const arguments[] = {CONFORMANCE_CLIENT, command, harness_url(), count, NULL};
    return harness_spawn(arguments);
}

Row(leaving, B20_a_waiting_client_that_is_killed)
{
    skip_unless_noticed();
    harness_start_server_here(0.02);
    harness_process client = spawn_client("park", NULL);
    harness_await("parked", 1);
    cr_assert_eq(harness_kill(&client, SIGKILL), -SIGKILL);
    harness_await("cancelled", 1);
    harness_await("forgotten", 1);
}

Row(leaving, D9_a_process_that_ends)
{
    skip_unless_noticed();
    harness_start_server_here(0.02);
    waldo_manager *manager = harness_connect();
    harness_process client = spawn_client("hold", "5");
    char line[64];
    harness_read_line(client.output, line, sizeof line);
    cr_assert_eq(harness_objects(manager), 5);
    cr_assert_eq(harness_finish(&client), 0);
    harness_await("destroyed", 5);
    cr_assert_eq(harness_objects(manager), 0);
    waldo_manager_unref(manager);
}

/* With Python its objects stay until the server ends. */
Row(leaving, D10_a_process_that_is_killed)
{
    skip_unless_noticed();
    harness_start_server_here(0.02);
    waldo_manager *manager = harness_connect();
    harness_process client = spawn_client("hold", "5");
    char line[64];
    harness_read_line(client.output, line, sizeof line);
    cr_assert_eq(harness_objects(manager), 5);
    cr_assert_eq(harness_kill(&client, SIGKILL), -SIGKILL);
    harness_await("destroyed", 5);
    cr_assert_eq(harness_objects(manager), 0);
    waldo_manager_unref(manager);
}
