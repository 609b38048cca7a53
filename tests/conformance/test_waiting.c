/* Rows B22 and D18: servers that go away. Calls that wait and clients that go away are in
 * tools/conformance. */
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
    int status;
    waldo_error error;
} caller;

static void *wait_on_common(void *data)
{
    caller *one = data;
    Trial__Number *number = NULL;
    one->status = trial_common_wait(one->common, &number, &one->error);
    trial__number__free_unpacked(number, NULL);
    return NULL;
}

static void begin_call(caller *one, void *(*call)(void *data))
{
    one->status = 99;
    cr_assert_eq(pthread_create(&one->thread, NULL, call, one), 0);
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
