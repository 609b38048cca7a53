/* Callers that give up, are interrupted, or fork; replies that nobody takes. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay.h"
#include "support.h"

static server host;
static waldo_manager *manager;
static waldo_manager *other; /* another client, which sees what the server has */
static relay *network;
static uint64_t objects_before;

static const char *const options[] = {"--lease", "3", "--grace", "0.3", "--transit", "3", NULL};

static void set_up(void)
{
    start_server(&host, options);
    network = relay_start(host.urls[0]);
    manager = connect_to(&host, relay_url(network));
    other = connect_to(&host, host.urls[0]);
    objects_before = number_of_objects(other);
}

static void tear_down(void)
{
    waldo_manager_unref(manager);
    waldo_manager_unref(other);
    relay_free(network);
    stop_server(&host);
}

TestSuite(cancellation, .init = set_up, .fini = tear_down);

static void set_timeout(faults_queue *queue, double seconds)
{
    OK(waldo_proxy_set_timeout(faults_queue_proxy(queue), seconds, &error));
}

/* ---- timeouts ---- */

Test(cancellation, a_timeout_takes_the_call_out_at_once)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(other, "q");
    set_timeout(queue, 0.1);
    for (int64_t i = 0; i < 5; i++) {
        int64_t n = -1;
        FAILS(WALDO_ETIMEOUT, queue_get(queue, &n, &error));
        cr_assert_eq(queue_parked(seen), 0);
        OK(queue_put(seen, i, &error));
        OK(queue_get(seen, &n, &error));
        cr_assert_eq(n, i);
    }
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* The server knows the deadline, and needs not to be told. */
Test(cancellation, a_deadline_passes_while_the_network_is_silent)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(other, "q");
    set_timeout(queue, 0.3);
    int64_t n;
    relay_stall(network, TO_CLIENT, 1);
    FAILS(WALDO_ETIMEOUT, queue_get(queue, &n, &error));
    AWAIT(queue_parked(seen) == 0);
    OK(queue_put(seen, 1, &error));
    cr_assert_eq(queue_size(seen), 1);
    relay_stall(network, TO_CLIENT, 0);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

static void *put_many(void *argument)
{
    for (int64_t i = 0; i < 300; i++) {
        OK(queue_put(argument, i, &error));
        pause_ms(1);
    }
    return NULL;
}

/* An item and a timeout that meet: the caller has the item, or the queue has. */
Test(cancellation, no_item_is_lost_to_a_timeout)
{
    static bool seen[300];
    faults_queue *queue = get_queue(manager, "q"), *source = get_queue(other, "q");
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, put_many, source), 0);
    int64_t n, count = 0;
    set_timeout(queue, 0.0011);
    for (double until = now() + PATIENCE; count < 300 && now() < until;) {
        int status = queue_get(queue, &n, NULL);
        cr_assert(status >= 0 || status == WALDO_ETIMEOUT, "%s", waldo_error_name(status));
        if (status < 0)
            continue;
        cr_assert(!seen[n], "item %lld came twice", (long long)n);
        seen[n] = true;
        count++;
    }
    cr_assert_eq(count, 300);
    pthread_join(thread, NULL);
    cr_assert_eq(queue_size(source), 0);
    AWAIT(queue_parked(source) == 0);
    faults_queue_unref(source);
    faults_queue_unref(queue);
}

/* ---- what nobody takes ---- */

/* An object whose creator never heard of it, and a reference that could not be given back in time.
 */
Test(cancellation, references_of_calls_that_timed_out)
{
    waldo_manager_options short_calls = {.authkey_file = host.key_file, .call_timeout = 0.2};
    waldo_manager *impatient = NULL;
    OK(waldo_connect(relay_url(network), &short_calls, &impatient, &error));
    faults_register *reg = get_register(impatient, ""), *lost = NULL;
    cr_assert_eq(number_of_objects(other), objects_before + 1);
    Faults__Start start = FAULTS__START__INIT;
    relay_stall(network, TO_CLIENT, 1);
    FAILS(WALDO_ETIMEOUT, faults_register_new(impatient, &start, &lost, &error));
    relay_stall(network, TO_CLIENT, 0);
    AWAIT(number_of_objects(other) == objects_before + 1);
    faults_register *next = get_register(other, "");
    cr_assert_gt(waldo_proxy_object((waldo_proxy *)next),
                 waldo_proxy_object((waldo_proxy *)reg) + 1, "the call that timed out did not run");
    faults_register_unref(next);
    relay_stall(network, TO_SERVER, 1);
    faults_register_unref(reg);
    relay_cut(network);
    relay_stall(network, TO_SERVER, 0);
    AWAIT(number_of_objects(other) == objects_before);
    waldo_manager_unref(impatient);
}

/* The same where not even a connection can be made; those that were there are broken. */
Test(cancellation, a_reference_that_cannot_be_given_back_now)
{
    const char *const patient[] = {"--lease", "3", "--grace", "3", NULL};
    server other_host;
    start_server(&other_host, patient);
    relay *wire = relay_start(other_host.urls[0]);
    waldo_manager *holder = connect_to(&other_host, relay_url(wire));
    waldo_manager *observer = connect_to(&other_host, other_host.urls[0]);
    faults_register *reg = get_register(holder, "");
    cr_assert_eq(number_of_objects(observer), 1);
    relay_stall(wire, TO_SERVER, 1);
    relay_cut(wire);
    faults_register_unref(reg);
    cr_assert_eq(number_of_objects(observer), 1);
    relay_cut(wire);
    relay_stall(wire, TO_SERVER, 0);
    AWAIT(number_of_objects(observer) == 0);
    waldo_manager_unref(holder);
    waldo_manager_unref(observer);
    relay_free(wire);
    stop_server(&other_host);
}

/* A reply that is larger than the client takes: the item is not lost with it. */
Test(cancellation, an_item_that_is_too_big_stays)
{
    waldo_manager_options small = {.authkey_file = host.key_file, .max_message = 4096};
    waldo_manager *narrow = NULL;
    OK(waldo_connect(host.urls[0], &small, &narrow, &error));
    faults_queue *queue = get_queue(narrow, "q"), *wide = get_queue(other, "q");
    Faults__Item item = FAULTS__ITEM__INIT;
    item.n = 5;
    item.filling.len = 10000;
    item.filling.data = calloc(1, item.filling.len);
    OK(faults_queue_put(wide, &item, &error));
    free(item.filling.data);
    int64_t n = 0;
    FAILS(WALDO_ETOOBIG, queue_get(queue, &n, &error));
    AWAIT(queue_size(wide) == 1);
    OK(queue_get(wide, &n, &error));
    cr_assert_eq(n, 5);
    faults_queue_unref(wide);
    faults_queue_unref(queue);
    waldo_manager_unref(narrow);
}

/* ---- signals ---- */

static _Atomic int alarms; /* lock-free: a signal handler may use it */

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void *open_later(void *argument)
{
    faults_register *reg = argument;
    AWAIT(register_parked(reg) == 1);
    int before = alarms;
    AWAIT(alarms > before + 20);
    OK(faults_register_open(reg, &error));
    return NULL;
}

Test(cancellation, signals_do_not_disturb_calls)
{
    faults_register *reg = get_register(manager, "r"), *seen = get_register(other, "r");
    struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    pthread_t thread;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int64_t i = 1; i <= 300; i++) {
        int64_t sum = 0;
        OK(register_add(reg, 1, &sum, &error));
        cr_assert_eq(sum, i);
    }
    cr_assert_eq(pthread_create(&thread, NULL, open_later, seen), 0);
    int64_t sum = 0;
    OK(register_add_later(reg, 1, &sum, &error));
    cr_assert_eq(sum, 301);
    pthread_join(thread, NULL);
    setitimer(ITIMER_REAL, &never, NULL);
    cr_assert_gt(alarms, 20);
    faults_register_unref(seen);
    faults_register_unref(reg);
}

/* ---- fork ---- */

/* In a child: exit status 0 if all went well, else the number of the step. */
static int be_child(faults_register *reg, faults_lock *lock, int ready, int go)
{
    int64_t sum = 0;
    if (register_add(reg, 10, &sum, NULL) < 0 || sum != 11)
        return 1;
    /* The lock is the parent's. */
    if (faults_lock_release(lock, NULL) != WALDO_ERUNTIME)
        return 2;
    char byte = 0;
    if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
        return 3;
    /* The parent has dropped its reference; the child's own keeps the object. */
    if (register_add(reg, 10, &sum, NULL) < 0 || sum != 21)
        return 4;
    faults_register_unref(reg);
    faults_lock_unref(lock);
    waldo_manager_unref(manager);
    return 0;
}

Test(cancellation, a_forked_child_has_a_session_of_its_own, .disabled = FORK_IS_IMPOSSIBLE)
{
    faults_register *reg = get_register(manager, "");
    faults_lock *lock = get_lock(manager, "l"), *seen = get_lock(other, "l");
    uint64_t held = number_of_objects(other);
    int ready[2], go[2];
    char byte = 0;
    cr_assert(pipe(ready) == 0 && pipe(go) == 0);
    OK(lock_acquire(lock, NULL, NULL, &error));
    OK(register_add(reg, 1, NULL, &error));
    pid_t child = fork();
    if (child == 0)
        _exit(be_child(reg, lock, ready[1], go[0]));
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(number_of_objects(other), held);
    faults_register_unref(reg);
    cr_assert_eq(number_of_objects(other), held);
    cr_assert_eq(write(go[1], &byte, 1), 1);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "%#x", status);
    AWAIT(number_of_objects(other) == held - 1);
    cr_assert_eq(lock_locked(seen), 1, "the child's end took the parent's lock");
    OK(faults_lock_release(lock, &error));
    faults_lock_unref(seen);
    faults_lock_unref(lock);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
}

/* While other threads of the parent are in the middle of calls. */
Test(cancellation, fork_under_load, .disabled = FORK_IS_IMPOSSIBLE)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(other, "q");
    faults_register *reg = get_register(manager, "r");
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, put_many, queue), 0);
    for (int64_t i = 1; i <= 30; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(register_add(reg, 1, NULL, NULL) < 0);
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0, "%#x", status);
        cr_assert_eq(register_number(reg), i);
    }
    pthread_join(thread, NULL);
    cr_assert_eq(queue_size(seen), 300);
    faults_register_unref(reg);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* ---- exported proxies ---- */

static faults_register *import_register(const waldo_value *token)
{
    waldo_proxy *proxy = NULL;
    faults_register *reg = NULL;
    OK(waldo_proxy_from_value(other, token, &proxy, &error));
    OK(faults_register_from_proxy(proxy, &reg, &error));
    waldo_proxy_unref(proxy);
    return reg;
}

Test(cancellation, an_exported_proxy_survives_its_exporter)
{
    waldo_manager *exporter = connect_to(&host, host.urls[0]);
    faults_register *reg = get_register(exporter, "");
    waldo_value *token = NULL;
    OK(register_add(reg, 42, NULL, &error));
    OK(waldo_proxy_export(faults_register_proxy(reg), &token, &error));
    faults_register_unref(reg);
    waldo_manager_unref(exporter);
    reg = import_register(token);
    waldo_value_unref(token);
    cr_assert_eq(register_number(reg), 42);
    cr_assert_eq(number_of_objects(other), objects_before + 1);
    faults_register_unref(reg);
    AWAIT(number_of_objects(other) == objects_before);
}

/* In a child: exports an object, writes the token, and is killed. */
static void export_and_die(int to)
{
    waldo_value *token = NULL;
    uint8_t *packed = NULL;
    size_t size = 0;
    faults_register *reg = get_register(manager, "");
    bool exported = register_add(reg, 42, NULL, NULL) >= 0 &&
                    waldo_proxy_export(faults_register_proxy(reg), &token, NULL) >= 0 &&
                    waldo_value_pack(token, &packed, &size, NULL) >= 0 &&
                    write(to, packed, size) == (ssize_t)size;
    if (exported)
        raise(SIGKILL);
    _exit(1);
}

Test(cancellation, an_exported_proxy_survives_a_killed_exporter, .disabled = FORK_IS_IMPOSSIBLE)
{
    int tokens[2];
    uint8_t packed[1024];
    waldo_value *token = NULL;
    cr_assert_eq(pipe(tokens), 0);
    pid_t child = fork();
    if (child == 0)
        export_and_die(tokens[1]);
    close(tokens[1]);
    ssize_t size = read(tokens[0], packed, sizeof packed);
    close(tokens[0]);
    cr_assert_gt(size, 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    OK(waldo_value_unpack(packed, (size_t)size, &token, &error));
    faults_register *reg = import_register(token);
    waldo_value_unref(token);
    cr_assert_eq(register_number(reg), 42);
    faults_register_unref(reg);
    AWAIT(number_of_objects(other) == objects_before);
}

Test(cancellation, an_exported_proxy_that_nobody_takes)
{
    faults_register *reg = get_register(manager, "");
    waldo_value *token = NULL;
    waldo_proxy *proxy = NULL;
    OK(waldo_proxy_export(faults_register_proxy(reg), &token, &error));
    faults_register_unref(reg);
    AWAIT(number_of_objects(other) == objects_before);
    FAILS(WALDO_EKEY, waldo_proxy_from_value(other, token, &proxy, &error));
    waldo_value_unref(token);
}

/* ---- a future that several threads wait for ---- */

static waldo_future *awaited;

static void *await(void *argument)
{
    waldo_value *result = NULL;
    waldo_error failure;
    int *status = argument;
    *status = waldo_future_result(awaited, 60, &result, &failure);
    waldo_value_unref(result);
    return NULL;
}

Test(cancellation, a_cancelled_waiter_leaves_a_future_to_the_others)
{
    waldo_queue *items;
    OK(waldo_queue_new(manager, 0, &items, &error));
    OK(waldo_call_async(waldo_queue_proxy(items), "get", waldo_v_none(), &awaited, &error));
    enum { WAITERS = 3 };
    pthread_t threads[WAITERS];
    int status[WAITERS] = {1, 1, 1};
    for (int i = 0; i < WAITERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, await, &status[i]), 0);
    /* Whichever has the connection: that is not cancelled, and the others are where they sleep. */
    pause_ms(200);
    cr_assert_eq(pthread_cancel(threads[WAITERS - 1]), 0);
    OK(waldo_queue_put(items, waldo_v(1), 0, &error));
    for (int i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WAITERS - 1; i++)
        cr_assert_eq(status[i], 0);
    waldo_future_unref(awaited);
    waldo_queue_unref(items);
}
