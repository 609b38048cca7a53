/* Threads that share their manager's connection, by tcp and in shared memory: each has its own
 * deadline, its own end, and no part in what becomes of the others. */
#include <pthread.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay.h"
#include "support.h"

enum { THREADS = 8, CONNECTIONS = 400, BIG = 4 * 1024 * 1024 };

static server host;
static waldo_manager *direct;  /* another client, which sees what the server has */
static waldo_manager *manager; /* the client, whose network is the relay */
static relay *network;
static bool in_shared_memory;

static void set_up(void)
{
    start_server(&host, NULL);
    direct = connect_to(&host, host.urls[0]);
    network = relay_start(host.urls[0]);
    manager = connect_to(&host, relay_url(network));
}

static void set_up_shm(void)
{
    start_server(&host, NULL);
    direct = connect_to(&host, host.urls[0]);
    network = relay_start(host.urls[1]);
    relay_pass_descriptors(network);
    in_shared_memory = true;
    manager = connect_to(&host, relay_url(network));
}

static void tear_down(void)
{
    waldo_manager_unref(manager);
    waldo_manager_unref(direct);
    relay_free(network);
    stop_server(&host);
}

TestSuite(sharing, .init = set_up, .fini = tear_down);
TestSuite(sharing_shm, .init = set_up_shm, .fini = tear_down);

/* By both ways. */
#define TEST_BOTH(name, is_disabled)                                                               \
    static void name(void);                                                                        \
    Test(sharing, name, .disabled = (is_disabled))                                                 \
    {                                                                                              \
        name();                                                                                    \
    }                                                                                              \
    Test(sharing_shm, name, .disabled = (is_disabled))                                             \
    {                                                                                              \
        name();                                                                                    \
    }                                                                                              \
    static void name(void)

typedef struct caller {
    pthread_t thread;
    faults_register *reg;
    faults_queue *queue;
    int status;
    int64_t n;
    waldo_error error;
    _Atomic bool done;
} caller;

static void *run_get(void *argument)
{
    caller *one = argument;
    one->status = queue_get(one->queue, &one->n, &one->error);
    one->done = true;
    return NULL;
}

static void *run_add(void *argument)
{
    caller *one = argument;
    for (int i = 0; i < 200 && one->status >= 0; i++)
        one->status = register_add(one->reg, 1, NULL, &one->error);
    one->done = true;
    return NULL;
}

static void begin(caller *one, void *(*run)(void *))
{
    cr_assert_eq(pthread_create(&one->thread, NULL, run, one), 0);
}

static void finish(caller *one)
{
    pthread_join(one->thread, NULL);
    cr_assert_geq(one->status, 0, "%s", one->error.message);
}

/* Those wait in the server, on the one connection. */
static void begin_getters(caller *callers, faults_queue *queue, faults_queue *seen)
{
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (caller){.queue = queue};
        begin(&callers[i], run_get);
    }
    AWAIT(queue_parked(seen) == THREADS);
}

static void finish_getters(caller *callers, int count, faults_queue *seen)
{
    for (int i = 0; i < count; i++)
        OK(queue_put(seen, i, &error));
    for (int i = 0; i < count; i++)
        finish(&callers[i]);
}

TEST_BOTH(all_threads_use_one_connection, false)
{
    caller callers[THREADS] = {0};
    faults_register *reg = get_register(manager, "r");
    for (int i = 0; i < THREADS; i++) {
        callers[i].reg = reg;
        begin(&callers[i], run_add);
    }
    for (int i = 0; i < THREADS; i++)
        finish(&callers[i]);
    cr_assert_eq(register_number(reg), THREADS * 200);
    cr_assert_eq(relay_accepted(network), 1);
    faults_register_unref(reg);
}

/* Where replies could be lost by sharing, nothing is shared. */
Test(sharing, not_with_a_server_on_libnanomsg)
{
    relay *other = relay_start(host.urls[2]);
    char url[160];
    snprintf(url, sizeof url, "%s", strstr(relay_url(other), "tcp://"));
    waldo_manager *plain = connect_to(&host, url);
    faults_queue *queue = get_queue(plain, "q"), *seen = get_queue(direct, "q");
    caller callers[THREADS];
    begin_getters(callers, queue, seen);
    cr_assert_geq(relay_connections(other), THREADS);
    finish_getters(callers, THREADS, seen);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
    waldo_manager_unref(plain);
    relay_free(other);
}

TEST_BOTH(each_waiter_has_its_own_deadline, false)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    faults_queue *impatient = get_queue(manager, "q");
    faults_register *reg = get_register(manager, "r");
    caller callers[THREADS];
    begin_getters(callers, queue, seen);
    OK(waldo_proxy_set_timeout(faults_queue_proxy(impatient), 0.1, &error));
    double before = now();
    FAILS(WALDO_ETIMEOUT, queue_get(impatient, NULL, &error));
    cr_assert_lt(now() - before, 5);
    cr_assert_eq(queue_parked(seen), THREADS, "the server still waits for one that gave up");
    OK(register_add(reg, 1, NULL, &error));
    finish_getters(callers, THREADS, seen);
    cr_assert_eq(relay_accepted(network), 1, "a deadline broke the connection");
    faults_register_unref(reg);
    faults_queue_unref(impatient);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* The one that reads leaves first. */
TEST_BOTH(a_reader_whose_deadline_passes_hands_on, false)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    faults_queue *impatient = get_queue(manager, "q");
    caller reader = {.queue = impatient}, other = {.queue = queue};
    OK(waldo_proxy_set_timeout(faults_queue_proxy(impatient), 0.5, &error));
    begin(&reader, run_get);
    AWAIT(queue_parked(seen) == 1);
    begin(&other, run_get);
    pthread_join(reader.thread, NULL);
    cr_assert_eq(reader.status, WALDO_ETIMEOUT);
    AWAIT(queue_parked(seen) == 1);
    OK(queue_put(seen, 5, &error));
    finish(&other);
    cr_assert_eq(other.n, 5);
    faults_queue_unref(impatient);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

TEST_BOTH(a_cut_fails_nobody, false)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    caller callers[THREADS];
    begin_getters(callers, queue, seen);
    for (int i = 0; i < 5; i++) {
        size_t accepted = relay_accepted(network);
        relay_cut(network);
        AWAIT(relay_accepted(network) == accepted + 1 && relay_connections(network) == 1);
    }
    finish_getters(callers, THREADS, seen);
    cr_assert_eq(relay_accepted(network), 6, "more than one of them connected anew");
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

static pthread_barrier_t together;
static bool over;

static void *run_add_together(void *argument)
{
    caller *one = argument;
    while (pthread_barrier_wait(&together), !over) {
        if (one->status >= 0)
            one->status = register_add(one->reg, 1, NULL, &one->error);
        pthread_barrier_wait(&together);
    }
    return NULL;
}

/* All of them call; how many connections that made. */
static size_t call_after_cut(void)
{
    size_t accepted = relay_accepted(network);
    relay_cut(network);
    pthread_barrier_wait(&together);
    pthread_barrier_wait(&together);
    return relay_accepted(network) - accepted;
}

/* All find at the same moment that there is none. In shared memory some cuts make none: all may be
 * answered before anybody has seen the end of the socket. */
TEST_BOTH(one_thread_connects_for_all, false)
{
    faults_register *reg = get_register(manager, "r");
    caller callers[THREADS] = {0};
    size_t most = 0;
    int rounds = 0;
    pthread_barrier_init(&together, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++) {
        callers[i].reg = reg;
        begin(&callers[i], run_add_together);
    }
    for (size_t total = 0; total < CONNECTIONS; rounds++) {
        size_t made = call_after_cut();
        most = made > most ? made : most;
        total += made;
    }
    over = true;
    pthread_barrier_wait(&together);
    for (int i = 0; i < THREADS; i++)
        finish(&callers[i]);
    pthread_barrier_destroy(&together);
    cr_assert_eq(most, 1, "%zu threads connected anew", most);
    cr_assert_eq(register_number(reg), THREADS * rounds);
    faults_register_unref(reg);
}

/* Readers and sleepers, all but one of them. */
TEST_BOTH(cancelled_threads_leave_nothing_stuck, false)
{
#ifdef __SANITIZE_THREAD__
    if (in_shared_memory)
        cr_skip_test("ThreadSanitizer does not see the locks of a thread cancelled in poll()");
#endif
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    faults_register *reg = get_register(manager, "r");
    caller callers[THREADS];
    begin_getters(callers, queue, seen);
    for (int i = 0; i < THREADS - 1; i++) {
        void *result;
        cr_assert_eq(pthread_cancel(callers[i].thread), 0);
        pthread_join(callers[i].thread, &result);
        cr_assert_eq(result, PTHREAD_CANCELED);
        AWAIT(queue_parked(seen) == THREADS - 1 - i);
        OK(register_add(reg, 1, NULL, &error));
    }
    finish_getters(callers + THREADS - 1, 1, seen);
    cr_assert_eq(queue_size(seen), 0);
    faults_register_unref(reg);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

/* A child whose parent's threads read and sleep, and had the link's lock at any moment. */
TEST_BOTH(fork_in_the_middle_of_calls, FORK_IS_IMPOSSIBLE)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    faults_register *reg = get_register(manager, "r");
    caller callers[THREADS], adders[2] = {{.reg = reg}, {.reg = reg}};
    begin_getters(callers, queue, seen);
    for (int i = 0; i < 2; i++)
        begin(&adders[i], run_add);
    for (int i = 0; i < 20; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(register_add(reg, 1, NULL, NULL) < 0);
        int status;
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0, "%#x", status);
    }
    for (int i = 0; i < 2; i++)
        finish(&adders[i]);
    cr_assert_eq(register_number(reg), 2 * 200 + 20);
    finish_getters(callers, THREADS, seen);
    faults_register_unref(reg);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

static void *run_put_big(void *argument)
{
    caller *one = argument;
    Faults__Item item = FAULTS__ITEM__INIT;
    item.filling.len = BIG;
    item.filling.data = calloc(1, BIG);
    for (int i = 0; i < 4 && one->status >= 0; i++)
        one->status = faults_queue_put(one->queue, &item, &one->error);
    free(item.filling.data);
    return NULL;
}

static void *run_get_big(void *argument)
{
    caller *one = argument;
    Faults__Number size = FAULTS__NUMBER__INIT;
    size.n = BIG;
    for (int i = 0; i < 4 && one->status >= 0; i++) {
        Faults__Item *item = NULL;
        one->status = faults_register_big(one->reg, &size, &item, &one->error);
        if (one->status >= 0 && item->filling.len != BIG)
            one->status = WALDO_EVALUE;
        if (item)
            faults__item__free_unpacked(item, NULL);
    }
    return NULL;
}

/* Requests and replies larger than any socket's buffer pass each other. */
TEST_BOTH(large_messages_both_ways, false)
{
    faults_queue *queue = get_queue(manager, "q");
    faults_register *reg = get_register(manager, "r");
    caller callers[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        callers[i].queue = queue;
        callers[i].reg = reg;
        begin(&callers[i], i % 2 ? run_get_big : run_put_big);
    }
    for (int i = 0; i < THREADS; i++)
        finish(&callers[i]);
    cr_assert_eq(queue_size(queue), 4 * THREADS / 2);
    cr_assert_eq(relay_accepted(network), 1);
    faults_register_unref(reg);
    faults_queue_unref(queue);
}

static void on_alarm(int number)
{
    (void)number;
}

/* Every millisecond, to whichever thread runs: one that reads, one that sleeps, one that sends. */
TEST_BOTH(signals_disturb_nobody, false)
{
    faults_queue *queue = get_queue(manager, "q"), *seen = get_queue(direct, "q");
    faults_register *reg = get_register(manager, "r");
    struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
    struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    caller callers[THREADS], adders[2] = {{.reg = reg}, {.reg = reg}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    begin_getters(callers, queue, seen);
    for (int i = 0; i < 2; i++)
        begin(&adders[i], run_add);
    for (int i = 0; i < 2; i++)
        finish(&adders[i]);
    finish_getters(callers, THREADS, seen);
    setitimer(ITIMER_REAL, &never, NULL);
    cr_assert_eq(register_number(reg), 2 * 200);
    cr_assert_eq(relay_accepted(network), 1, "a signal broke the connection");
    faults_register_unref(reg);
    faults_queue_unref(seen);
    faults_queue_unref(queue);
}

static _Atomic int64_t calls;

static void *run_until_gone(void *argument)
{
    caller *one = argument;
    while ((one->status = register_add(one->reg, 1, NULL, &one->error)) >= 0)
        calls++;
    one->done = true;
    return NULL;
}

static void come_back(void)
{
    restart_server(&host);
    waldo_manager_unref(direct);
    direct = connect_to(&host, host.urls[0]);
    AWAIT(waldo_manager_ping(manager, NULL) >= 0);
}

static void kill_while_all_call(void)
{
    faults_register *reg = get_register(manager, "");
    caller callers[THREADS];
    calls = 0;
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (caller){.reg = reg};
        begin(&callers[i], run_until_gone);
    }
    AWAIT(calls > 100);
    kill_server(&host);
    for (int i = 0; i < THREADS; i++) {
        AWAIT(callers[i].done);
        pthread_join(callers[i].thread, NULL);
        cr_assert(callers[i].status == WALDO_EGONE || callers[i].status == WALDO_EUNKNOWNOUTCOME,
                  "%s", callers[i].error.message);
    }
    faults_register_unref(reg);
}

/* One call after the other, so that in shared memory whoever waits looks instead of sleeping. */
TEST_BOTH(the_server_dies_while_all_call, false)
{
    static const char *const short_times[] = {"--lease", "1", "--grace", "0.3", NULL};
    kill_server(&host);
    host.options = short_times;
    come_back();
    for (int life = 0; life < 5 * faults_times(); life++) {
        kill_while_all_call();
        come_back();
    }
}
