/* Calls that are cancelled while another thread waits for them. */
#include <pthread.h>
#include <stdlib.h>

#include "relay.h"
#include "support.h"

static server host;
static waldo_manager *direct;  /* another client, which sees what the server has */
static waldo_manager *manager; /* the client that cancels */
static relay *network;

#define LEASE 3.0
static const char *const options[] = {"--lease", "3", NULL};

static void set_up(void)
{
    start_server(&host, options);
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

TestSuite(calling_off, .init = set_up, .fini = tear_down);

typedef struct waiting {
    waldo_future *future;
    pthread_t thread;
    int status;
    waldo_error error;
} waiting;

static void *await(void *argument)
{
    waiting *one = argument;
    waldo_value *result = NULL;
    one->status = waldo_future_result(one->future, PATIENCE, &result, &one->error);
    waldo_value_unref(result);
    return NULL;
}

static void begin(waiting *one, waldo_future *future)
{
    *one = (waiting){.future = future};
    cr_assert_eq(pthread_create(&one->thread, NULL, await, one), 0);
}

static void expect_cancelled(waiting *one)
{
    pthread_join(one->thread, NULL);
    cr_assert_eq(one->status, WALDO_ECANCELLED, "%d: %s", one->status, one->error.message);
    cr_assert_str_eq(one->error.message, "the call was cancelled");
    cr_assert_not(waldo_future_cancel(one->future), "it is over");
    waldo_future_unref(one->future);
}

static waldo_future *get_later(faults_queue *queue)
{
    waldo_future *future = NULL;
    OK(waldo_call_async(faults_queue_proxy(queue), "get", waldo_v_none(), &future, &error));
    return future;
}

/* ---- whoever waits, and wherever ---- */

/* The only thread that waits reads the connection; of two one sleeps. */
static void call_off_one_and_two(const char *url)
{
    waldo_manager *client = connect_to(&host, url);
    faults_queue *queue = get_queue(client, "q"), *seen = get_queue(direct, "q");
    waiting first, second;
    begin(&first, get_later(queue));
    AWAIT(queue_parked(seen) == 1);
    cr_assert(waldo_future_cancel(first.future), "%s", url);
    expect_cancelled(&first);
    AWAIT(queue_parked(seen) == 0);
    begin(&first, get_later(queue));
    AWAIT(queue_parked(seen) == 1);
    begin(&second, get_later(queue));
    AWAIT(queue_parked(seen) == 2);
    cr_assert(waldo_future_cancel(second.future), "%s", url);
    expect_cancelled(&second);
    cr_assert(waldo_future_cancel(first.future), "%s", url);
    expect_cancelled(&first);
    AWAIT(queue_parked(seen) == 0);
    OK(queue_put(seen, 5, &error));
    cr_assert_eq(queue_size(seen), 1, "%s: it was for nobody", url);
    int64_t n = 0;
    OK(queue_get(queue, &n, &error));
    cr_assert_eq(n, 5);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
    waldo_manager_unref(client);
}

Test(calling_off, over_each_engine)
{
    char ipc[160], nanomsg[160];
    snprintf(ipc, sizeof ipc, "%s?shm=0", host.urls[1]);
    snprintf(nanomsg, sizeof nanomsg, "nn+%s", host.urls[0]);
    const char *const urls[] = {host.urls[0], host.urls[1], ipc,
                                host.urls[2], host.urls[3], nanomsg};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        call_off_one_and_two(urls[i]);
}

/* The thread that waits has the connection's answer to somebody else first, again and again. */
Test(calling_off, while_others_call)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    for (int i = 0; i < 100; i++) {
        waiting one;
        begin(&one, get_later(queue));
        while (i % 2 == 0 && queue_parked(seen) == 0)
            OK(waldo_manager_ping(manager, &error));
        cr_assert(waldo_future_cancel(one.future));
        expect_cancelled(&one);
    }
    AWAIT(queue_parked(seen) == 0);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* What runs there runs on; nobody waits for it. */
static void call_off_what_runs(const char *url)
{
    waldo_manager *client = connect_to(&host, url);
    faults_register *reg = get_register(client, "");
    waldo_future *future = NULL;
    waiting one;
    OK(waldo_call_async(faults_register_proxy(reg), "sleep", waldo_v_tuple(waldo_v_int64(2000)),
                        &future, &error));
    double began = now();
    begin(&one, future);
    cr_assert_eq(waldo_future_wait(future, 0.3), 0);
    cr_assert(waldo_future_cancel(future), "%s", url);
    expect_cancelled(&one);
    cr_assert_lt(now() - began, 1.8, "%s", url);
    faults_register_unref(reg);
    waldo_manager_unref(client);
}

Test(calling_off, a_handler_that_runs)
{
    char nanomsg[160];
    snprintf(nanomsg, sizeof nanomsg, "nn+%s", host.urls[0]);
    call_off_what_runs(host.urls[0]);
    call_off_what_runs(host.urls[1]);
    call_off_what_runs(host.urls[2]);
    call_off_what_runs(nanomsg);
}

/* ---- by those who are told that the server is gone ---- */

static waldo_future *waited_for;
static _Atomic bool was_cancelled;
static _Atomic int told;

static void cancel_it(waldo_manager *whose, const waldo_error *reason, void *data)
{
    (void)whose;
    (void)reason;
    (void)data;
    was_cancelled = waldo_future_cancel(waited_for);
    told++;
}

Test(calling_off, by_who_hears_that_the_server_is_gone)
{
    faults_queue *queue = get_queue(direct, "q"), *seen = get_queue(manager, "q");
    waiting one;
    waldo_manager_on_gone(direct, cancel_it, NULL);
    waited_for = get_later(queue);
    begin(&one, waited_for);
    AWAIT(queue_parked(seen) == 1);
    kill_server(&host);
    pthread_join(one.thread, NULL);
    AWAIT(told == 1);
    cr_assert_eq(one.status, was_cancelled ? WALDO_ECANCELLED : WALDO_EGONE, "%s",
                 one.error.message);
    waldo_future_unref(one.future);
    restart_server(&host);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* ---- nothing is lost ---- */

enum { ITEMS = 300 };

static void *put_items(void *argument)
{
    for (int i = 0; i < ITEMS; i++) {
        OK(queue_put(argument, i, &error));
        pause_ms(i % 3 == 0 ? 1 : 0);
    }
    return NULL;
}

/* An item comes to the thread that waits, or the call was cancelled and the item is the next one's.
 */
Test(calling_off, at_the_moment_at_which_an_item_comes)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    pthread_t producer;
    int64_t got = 0, cancelled = 0;
    cr_assert_eq(pthread_create(&producer, NULL, put_items, seen), 0);
    while (got < ITEMS) {
        waiting one;
        begin(&one, get_later(queue));
        pause_ms((got + cancelled) % 3 == 0 ? 1 : 0);
        bool called_off = waldo_future_cancel(one.future);
        pthread_join(one.thread, NULL);
        cr_assert_eq(one.status, called_off ? WALDO_ECANCELLED : 0, "%s", one.error.message);
        if (!called_off) {
            waldo_value *item = NULL, *n = NULL;
            int64_t number = -1;
            OK(waldo_future_result(one.future, 0, &item, &error));
            OK(waldo_value_dict_get_str(item, "n", &n, &error));
            OK(waldo_value_get_int64(n, &number, &error));
            cr_assert_eq(number, got++, "items come in order, each once");
            waldo_value_unref(n);
            waldo_value_unref(item);
        } else
            cancelled++;
        waldo_future_unref(one.future);
    }
    pthread_join(producer, NULL);
    cr_assert_gt(cancelled, 0);
    cr_assert_eq(queue_size(seen), 0);
    AWAIT(queue_parked(seen) == 0);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* ---- a server that says nothing ---- */

/* The calls are over at once; of the threads one may be in the middle of reading, and comes back
 * when it finds that nothing comes. */
Test(calling_off, while_the_network_is_silent)
{
    enum { THREADS = 3 };
    waiting all[THREADS];
    waldo_value *result = NULL;
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    for (int i = 0; i < THREADS; i++)
        begin(&all[i], get_later(queue));
    OK(waldo_manager_flush(manager, &error));
    AWAIT(queue_parked(seen) == THREADS);
    relay_stall(network, TO_CLIENT, 1);
    double began = now();
    for (int i = 0; i < THREADS; i++) {
        cr_assert(waldo_future_cancel(all[i].future));
        cr_assert(waldo_future_is_done(all[i].future));
        FAILS(WALDO_ECANCELLED, waldo_future_result(all[i].future, 0, &result, &error));
    }
    cr_assert_lt(now() - began, LEASE);
    for (int i = 0; i < THREADS; i++)
        expect_cancelled(&all[i]);
    relay_stall(network, TO_CLIENT, 0);
    AWAIT(queue_parked(seen) == 0);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* What one of them has cancelled meanwhile breaks the connection; the others' calls go on on a new
 * one. */
Test(calling_off, others_go_on_after_silence)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    waiting stays;
    begin(&stays, get_later(queue));
    AWAIT(queue_parked(seen) == 1);
    waldo_future *cancelled = get_later(queue);
    OK(waldo_manager_flush(manager, &error));
    AWAIT(queue_parked(seen) == 2);
    stop(&host.process);
    cr_assert(waldo_future_cancel(cancelled));
    kill(host.process.pid, SIGCONT);
    waldo_future_unref(cancelled);
    double began = now();
    OK(queue_put(seen, 7, &error));
    pthread_join(stays.thread, NULL);
    cr_assert_eq(stays.status, 0, "%s", stays.error.message);
    cr_assert_lt(now() - began, PATIENCE / 2);
    waldo_future_unref(stays.future);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}
