/* A connection that breaks, in each phase of a call, and what a session's end gives back. */
#include <pthread.h>

#include "relay.h"
#include "support.h"

static server host;
static waldo_manager *direct;  /* another client, which sees what the server has */
static waldo_manager *manager; /* the client, whose network is the relay */
static relay *network;

static const char *const short_times[] = {"--lease", "4", "--grace", "1", NULL};

static void set_up(void)
{
    start_server(&host, short_times);
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

TestSuite(sessions, .init = set_up, .fini = tear_down);

/* ---- a call on a thread of its own ---- */

typedef struct later {
    pthread_t thread;
    faults_register *reg;
    faults_queue *queue;
    faults_lock *lock;
    int64_t n;
    int status;
    bool owner_died;
    waldo_error error;
    _Atomic bool done;
} later;

static void *run_add(void *argument)
{
    later *call = argument;
    call->status = register_add(call->reg, 1, &call->n, &call->error);
    call->done = true;
    return NULL;
}

static void *run_add_later(void *argument)
{
    later *call = argument;
    call->status = register_add_later(call->reg, 1, &call->n, &call->error);
    call->done = true;
    return NULL;
}

static void *run_get(void *argument)
{
    later *call = argument;
    call->status = queue_get(call->queue, &call->n, &call->error);
    call->done = true;
    return NULL;
}

static void *run_acquire(void *argument)
{
    later *call = argument;
    call->status = lock_acquire(call->lock, NULL, &call->owner_died, &call->error);
    call->done = true;
    return NULL;
}

static void begin(later *call, void *(*run)(void *))
{
    call->done = false;
    cr_assert_eq(pthread_create(&call->thread, NULL, run, call), 0);
}

static void finish(later *call)
{
    AWAIT(call->done);
    pthread_join(call->thread, NULL);
}

/* ---- broken connections are resumed ---- */

Test(sessions, cut_before_sending)
{
    faults_register *reg = get_register(manager, "r");
    for (int i = 1; i <= 20; i++) {
        int64_t sum = 0;
        relay_cut(network);
        OK(register_add(reg, 1, &sum, &error));
        cr_assert_eq(sum, i);
    }
    cr_assert_eq(register_executions(reg), 20);
    faults_register_unref(reg);
}

Test(sessions, cut_while_the_request_is_on_its_way)
{
    faults_register *reg = get_register(manager, "r");
    for (int i = 0; i < 10; i++) {
        later call = {.reg = reg};
        relay_allow(network, TO_SERVER, (size_t)i * 10);
        begin(&call, run_add);
        AWAIT(relay_holds_back(network, TO_SERVER));
        relay_cut(network);
        relay_allow(network, TO_SERVER, SIZE_MAX);
        finish(&call);
        cr_assert_eq(call.status, 0, "%s", call.error.message);
        cr_assert_eq(call.n, i + 1);
    }
    cr_assert_eq(register_executions(reg), 10);
    faults_register_unref(reg);
}

Test(sessions, cut_while_the_call_is_parked)
{
    faults_register *reg = get_register(manager, "r"), *seen = get_register(direct, "r");
    later call = {.reg = reg};
    begin(&call, run_add_later);
    for (int i = 0; i < 5; i++) {
        size_t accepted = relay_accepted(network);
        AWAIT(register_parked(seen) == 1);
        relay_cut(network);
        AWAIT(relay_accepted(network) > accepted && relay_connections(network) > 0);
    }
    cr_assert_eq(register_parked(seen), 1, "the call was not joined");
    OK(faults_register_open(seen, &error));
    finish(&call);
    cr_assert_eq(call.status, 0, "%s", call.error.message);
    cr_assert_eq(call.n, 1);
    cr_assert_eq(register_executions(seen), 1);
    faults_register_unref(seen);
    faults_register_unref(reg);
}

Test(sessions, cut_while_the_reply_is_on_its_way)
{
    faults_register *reg = get_register(manager, "r"), *seen = get_register(direct, "r");
    for (int i = 0; i < 10; i++) {
        later call = {.reg = reg};
        relay_allow(network, TO_CLIENT, (size_t)i * 4);
        begin(&call, run_add);
        AWAIT(relay_holds_back(network, TO_CLIENT) && register_executions(seen) == i + 1);
        relay_cut(network);
        relay_allow(network, TO_CLIENT, SIZE_MAX);
        finish(&call);
        cr_assert_eq(call.status, 0, "%s", call.error.message);
        cr_assert_eq(call.n, i + 1);
    }
    cr_assert_eq(register_executions(seen), 10);
    faults_register_unref(seen);
    faults_register_unref(reg);
}

Test(sessions, cut_while_the_connection_is_made_anew)
{
    faults_register *reg = get_register(manager, "r");
    for (size_t bytes = 0; bytes < 300; bytes += 37) {
        later call = {.reg = reg};
        relay_cut(network);
        relay_allow(network, TO_SERVER, bytes);
        begin(&call, run_add);
        AWAIT(relay_holds_back(network, TO_SERVER));
        relay_cut(network);
        relay_allow(network, TO_SERVER, SIZE_MAX);
        finish(&call);
        cr_assert_eq(call.status, 0, "after %zu bytes: %s", bytes, call.error.message);
    }
    cr_assert_eq(register_executions(reg), 9);
    faults_register_unref(reg);
}

Test(sessions, a_slow_network_changes_nothing)
{
    faults_register *reg = get_register(manager, "r");
    relay_delay(network, TO_SERVER, 50);
    relay_delay(network, TO_CLIENT, 50);
    for (int i = 0; i < 5; i++)
        OK(register_add(reg, 1, NULL, &error));
    cr_assert_eq(register_executions(reg), 5);
    faults_register_unref(reg);
}

/* A network that swallows everything for less than the lease. */
Test(sessions, stalled_for_less_than_the_lease)
{
    faults_register *reg = get_register(manager, "r");
    for (int way = 0; way < 2; way++) {
        later call = {.reg = reg};
        relay_stall(network, way, 1);
        begin(&call, run_add);
        AWAIT(relay_holds_back(network, way));
        pause_ms(200); /* part of the lease, not of waiting for anything */
        relay_stall(network, way, 0);
        finish(&call);
        cr_assert_eq(call.status, 0, "%s", call.error.message);
    }
    cr_assert_eq(register_executions(reg), 2);
    faults_register_unref(reg);
}

/* Replies are forgotten although an older call still waits for its own. */
Test(sessions, a_parked_call_does_not_stop_the_others)
{
    faults_register *reg = get_register(manager, "r"), *other = get_register(manager, "");
    later call = {.reg = reg};
    begin(&call, run_add_later);
    AWAIT(register_parked(reg) == 1);
    for (int i = 0; i < 6000; i++)
        OK(register_add(other, 1, NULL, &error));
    cr_assert_eq(register_number(other), 6000);
    OK(faults_register_open(reg, &error));
    finish(&call);
    cr_assert_eq(call.status, 0);
    faults_register_unref(other);
    faults_register_unref(reg);
}

/* ---- what the end of a session gives back ---- */

static uint64_t objects_before;

/* The client holds an object and a lock, waits for an item, and another client waits for the lock.
 */
static void have_all(later *get, later *acquire)
{
    objects_before = number_of_objects(direct);
    *get = (later){.queue = get_queue(manager, "q"),
                   .lock = get_lock(manager, "l"),
                   .reg = get_register(manager, "")};
    *acquire = (later){.lock = get_lock(direct, "l"), .queue = get_queue(direct, "q")};
    OK(lock_acquire(get->lock, NULL, NULL, &error));
    begin(get, run_get);
    AWAIT(queue_parked(acquire->queue) == 1);
    begin(acquire, run_acquire);
    AWAIT(lock_parked(acquire->lock) == 1);
}

static void expect_all_given_back(later *acquire)
{
    finish(acquire);
    cr_assert_eq(acquire->status, 0, "%s", acquire->error.message);
    cr_assert(acquire->owner_died, "the next owner was not told");
    AWAIT(queue_parked(acquire->queue) == 0);
    OK(faults_lock_release(acquire->lock, &error));
    faults_lock_unref(acquire->lock);
    faults_queue_unref(acquire->queue);
    AWAIT(number_of_objects(direct) == objects_before);
}

/* What the client has is of a session that is over. */
static void give_up(later *get)
{
    relay_refuse(network, 0);
    relay_stall(network, TO_SERVER, 0);
    relay_stall(network, TO_CLIENT, 0);
    finish(get);
    cr_assert(get->status == WALDO_EUNKNOWNOUTCOME || get->status == WALDO_EGONE, "%s %s",
              waldo_error_name(get->status), get->error.message);
    faults_queue_unref(get->queue);
    faults_lock_unref(get->lock);
    faults_register_unref(get->reg);
    faults_register *reg = get_register(manager, "another");
    OK(register_add(reg, 1, NULL, &error));
    faults_register_unref(reg);
}

Test(sessions, without_a_connection_for_the_grace_time)
{
    later get, acquire;
    have_all(&get, &acquire);
    relay_refuse(network, 1);
    relay_cut(network);
    expect_all_given_back(&acquire);
    give_up(&get);
}

Test(sessions, silent_for_the_lease)
{
    later get, acquire;
    have_all(&get, &acquire);
    relay_stall(network, TO_SERVER, 1);
    expect_all_given_back(&acquire);
    give_up(&get);
}

Test(sessions, a_client_that_hears_nothing_for_the_lease)
{
    later get, acquire;
    have_all(&get, &acquire);
    relay_stall(network, TO_SERVER, 1);
    relay_stall(network, TO_CLIENT, 1);
    expect_all_given_back(&acquire);
    give_up(&get);
}

/* The client takes what comes after it for the rest of one message. Its heartbeats find out, and so
 * must the call that waits on that connection. */
Test(sessions, a_length_that_was_damaged_on_its_way)
{
    enum { HEAD = 10, LEASE = 4 };
    later call = {.queue = get_queue(manager, "q")};
    faults_queue *queue = get_queue(direct, "q");
    begin(&call, run_get);
    AWAIT(queue_parked(queue) == 1);
    size_t before = relay_moved(network, TO_CLIENT);
    relay_split(network, HEAD);
    relay_damage(network, TO_CLIENT);
    AWAIT(relay_moved(network, TO_CLIENT) > before);
    relay_split(network, 0);
    OK(queue_put(queue, 1, &error));
    double start = now();
    AWAIT(call.done);
    cr_assert_lt(now() - start, 3 * LEASE, "only the server noticed");
    finish(&call);
    cr_assert_eq(call.status, 0, "%s", call.error.message);
    cr_assert_eq(call.n, 1);
    faults_queue_unref(call.queue);
    faults_queue_unref(queue);
}

/* The item that was on its way is the next one that anybody gets. */
Test(sessions, an_item_on_its_way_goes_back_to_the_head)
{
    later call = {.queue = get_queue(manager, "q")};
    faults_queue *queue = get_queue(direct, "q");
    begin(&call, run_get);
    AWAIT(queue_parked(queue) == 1);
    relay_stall(network, TO_CLIENT, 1);
    OK(queue_put(queue, 1, &error));
    OK(queue_put(queue, 2, &error));
    cr_assert_eq(queue_size(queue), 1);
    relay_refuse(network, 1);
    relay_cut(network);
    AWAIT(queue_size(queue) == 2);
    int64_t n = 0;
    OK(queue_get(queue, &n, &error));
    cr_assert_eq(n, 1);
    relay_refuse(network, 0);
    relay_stall(network, TO_CLIENT, 0);
    finish(&call);
    cr_assert_lt(call.status, 0);
    faults_queue_unref(call.queue);
    faults_queue_unref(queue);
}

typedef struct import {
    const waldo_value *token;
    waldo_proxy *proxy;
    int status;
    _Atomic bool done;
} import;

static void *run_import(void *argument)
{
    import *one = argument;
    one->status = waldo_proxy_from_value(manager, one->token, &one->proxy, NULL);
    one->done = true;
    return NULL;
}

/* A token is spent when its object has arrived, not when it was sent. */
Test(sessions, a_token_whose_object_does_not_arrive_is_good_for_another)
{
    faults_register *reg = get_register(direct, "");
    faults_lock *lock = get_lock(manager, "l"), *seen = get_lock(direct, "l");
    waldo_value *token = NULL;
    waldo_proxy *proxy = NULL;
    pthread_t thread;
    OK(lock_acquire(lock, NULL, NULL, &error));
    OK(waldo_proxy_export(faults_register_proxy(reg), &token, &error));
    faults_register_unref(reg);
import one = {.token = token };
    relay_stall(network, TO_CLIENT, 1);
    cr_assert_eq(pthread_create(&thread, NULL, run_import, &one), 0);
    AWAIT(relay_holds_back(network, TO_CLIENT));
    relay_refuse(network, 1);
    relay_cut(network);
    AWAIT(lock_locked(seen) == 0); /* the client is given up */
    OK(waldo_proxy_from_value(direct, token, &proxy, &error));
    waldo_proxy_unref(proxy);
    relay_stall(network, TO_CLIENT, 0);
    relay_refuse(network, 0);
    AWAIT(one.done);
    pthread_join(thread, NULL);
    if (one.status >= 0)
        waldo_proxy_unref(one.proxy);
    waldo_value_unref(token);
    faults_lock_unref(seen);
    faults_lock_unref(lock);
}

/* Without a break, and without a word for longer than the lease: heartbeats keep the session. */
Test(sessions, an_idle_client_keeps_its_session)
{
    faults_lock *lock = get_lock(manager, "l"), *seen = get_lock(direct, "l");
    OK(lock_acquire(lock, NULL, NULL, &error));
    for (double until = now() + 6; now() < until; pause_ms(50))
        cr_assert_eq(lock_locked(seen), 1);
    OK(faults_lock_release(lock, &error));
    faults_lock_unref(seen);
    faults_lock_unref(lock);
}

/* A clean end waits for nothing. */
Test(sessions, a_goodbye_ends_the_session_at_once)
{
    waldo_manager *leaving = connect_to(&host, host.urls[0]);
    faults_lock *lock = get_lock(leaving, "l"), *seen = get_lock(direct, "l");
    OK(lock_acquire(lock, NULL, NULL, &error));
    faults_lock_unref(lock);
    cr_assert_eq(lock_locked(seen), 1);
    waldo_manager_unref(leaving);
    cr_assert_eq(lock_locked(seen), 0);
    faults_lock_unref(seen);
}
