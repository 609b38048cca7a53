/* What waiting costs a waldod: memory, others' time, and the time until all are awake; and how long
 * a lock takes from one client to the next.
 *
 *     bench_waiters [WAITERS [URL]]        100,000 of them, tcp://127.0.0.1:0; with fewer
 *                                          all is measured once, for a quick look
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <waldo/waldo.h>

#include "crowd.h"

enum { WAITERS = 100000, CONNECTIONS = 64, ROUNDS = 10, CALLS = 2000, HAND_OVERS = 500 };

/* Microseconds for which a lock is held: meanwhile the other one comes and waits. */
enum { PAUSE = 200 };

static _Thread_local waldo_error err;
static pid_t server;
static char url[256];
/* What is measured in rounds is given as the best round's median: others use the machine, too. */
static int rounds = ROUNDS;

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench_waiters: %s\n", what);
    if (err.code)
        waldo_error_print(&err, stderr);
    if (server > 0)
        kill(server, SIGKILL);
    exit(1);
}

static int must(int status)
{
    if (status < 0)
        fail("a call failed");
    return status;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void start_server(char *listen)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {"waldod", "--listen", listen, "--lease", "600", NULL};
    if (pipe(ends) < 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_addclose(&actions, ends[0]) != 0 ||
        posix_spawn(&server, WALDOD, &actions, NULL, arguments, environ) != 0)
        fail("waldod cannot be started");
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    if (!output || fscanf(output, "listening on %255s", url) != 1)
        fail("waldod does not listen");
    fclose(output);
}

/* Of the server, in bytes. */
static double resident(void)
{
    char path[64], line[256];
    long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)server);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kilobytes = strtol(line + 6, NULL, 10);
    if (!file || kilobytes == 0)
        fail("the server's memory is not known");
    fclose(file);
    return (double)kilobytes * 1024;
}

/* Processor time that the server has used, in seconds. */
static double used(void)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(server, &clock) != 0 || clock_gettime(clock, &time) != 0)
        fail("the server's time is not known");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- times ---- */

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

/* In microseconds. */
static double median(double *times, int count)
{
    qsort(times, (size_t)count, sizeof *times, by_size);
    return times[count / 2] * 1e6;
}

static void keep_best(double *best, double time)
{
    if (*best == 0 || time < *best)
        *best = time;
}

/* The round trip of a call that has nothing to do with those who wait; a pause in microseconds goes
 * before each. */
static double round_trip(waldo_lock *lock, int calls, unsigned pause)
{
    double times[CALLS];
    for (int i = 0; i < calls; i++) {
        if (pause > 0)
            usleep(pause);
        double begin = now();
        must(waldo_lock_locked(lock, &err));
        times[i] = now() - begin;
    }
    return median(times, calls);
}

static double best_round_trip(waldo_lock *lock)
{
    double best = 0;
    for (int i = 0; i < rounds; i++)
        keep_best(&best, round_trip(lock, CALLS, 0));
    return best;
}

/* ---- the crowd ---- */

static long waiting(waldo_event *event)
{
    char *text = waldo_proxy_str(waldo_event_proxy(event));
    static const char before[] = "<Event object: unset, ";
    if (!text)
        fail("no text");
    long count = 0;
    if (strncmp(text, before, sizeof before - 1) == 0)
        count = strtol(text + sizeof before - 1, NULL, 10);
    free(text);
    return count;
}

static void measure_crowd(waldo_manager *manager, int waiters)
{
    waldo_event *event;
    waldo_lock *other;
    crowd *all;
    must(waldo_event_new(manager, &event, &err));
    must(waldo_lock_new(manager, &other, &err));
    must(crowd_open(url, CONNECTIONS, &all, &err));
    double alone = best_round_trip(other);
    double before = resident();
    double begin = now(), busy = used();
    must(crowd_call(all, waldo_proxy_object(waldo_event_proxy(event)), "wait", waiters, &err));
    while (waiting(event) < waiters)
        if (now() - begin > 120)
            fail("they do not wait");
    double parked = now() - begin, parking = used() - busy;
    double each = (resident() - before) / waiters;
    double beside = best_round_trip(other);
    begin = now();
    busy = used();
    must(waldo_event_set(event, &err));
    double set = now() - begin;
    must(crowd_listen(all, 120, &err));
    double awake = now() - begin, waking = used() - busy;
    printf("waiters                      %d, from %d connections\n", waiters, CONNECTIONS);
    printf("memory of each               %.0f bytes\n", each);
    printf("until all wait               %.2f s (%.2f s of the server's processor time)\n", parked,
           parking);
    printf("until all are awake          %.2f s (%.2f s), set() itself %.2f s\n", awake, waking,
           set);
    printf("another call, alone          %.1f us\n", alone);
    printf("another call, beside them    %.1f us (%+.0f %%)\n", beside, (beside / alone - 1) * 100);
    crowd_close(all);
    waldo_event_unref(event);
    waldo_lock_unref(other);
}

/* ---- hand-over ---- */

typedef struct runner {
    pthread_t thread;
    waldo_manager *manager;
    waldo_lock *lock;
    _Atomic double *released; /* when the other one began to release it */
    double times[HAND_OVERS];
    int count;
} runner;

/* Two of these give the lock to each other: whoever has it waits until the other one waits for it.
 */
static void *run(void *data)
{
    runner *one = data;
    for (int i = 0; i < HAND_OVERS; i++) {
        must(waldo_lock_acquire(one->lock, WALDO_FOREVER, &err));
        double got = now();
        if (*one->released > 0)
            one->times[one->count++] = got - *one->released;
        usleep(PAUSE);
        *one->released = now();
        must(waldo_lock_release(one->lock, &err));
    }
    *one->released = 0;
    return NULL;
}

static void connect_runner(runner *one, waldo_lock *lock)
{
    waldo_value *token;
    waldo_proxy *proxy;
    must(waldo_connect(url, NULL, &one->manager, &err));
    must(waldo_proxy_to_value(waldo_lock_proxy(lock), &token, &err));
    must(waldo_proxy_from_value(one->manager, token, &proxy, &err));
    must(waldo_lock_from_proxy(proxy, &one->lock, &err));
    waldo_proxy_unref(proxy);
    waldo_value_unref(token);
}

static double hand_over(runner *runners)
{
    double times[2 * HAND_OVERS];
    _Atomic double released = 0;
    int count = 0;
    for (int i = 0; i < 2; i++) {
        runners[i].released = &released;
        runners[i].count = 0;
        if (pthread_create(&runners[i].thread, NULL, run, &runners[i]) != 0)
            fail("no thread");
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(runners[i].thread, NULL);
        memcpy(times + count, runners[i].times, (size_t)runners[i].count * sizeof *times);
        count += runners[i].count;
    }
    return median(times, count);
}

static void measure_hand_over(waldo_manager *manager)
{
    runner runners[2] = {0};
    waldo_lock *lock;
    double trip = 0, next = 0;
    must(waldo_lock_new(manager, &lock, &err));
    for (int i = 0; i < 2; i++)
        connect_runner(&runners[i], lock);
    for (int i = 0; i < rounds; i++) {
        keep_best(&trip, round_trip(lock, HAND_OVERS, PAUSE));
        keep_best(&next, hand_over(runners));
    }
    printf("round trip, once in a while  %.1f us\n", trip);
    printf("lock from one to the next    %.1f us (%.2f round trips)\n", next, next / trip);
    for (int i = 0; i < 2; i++) {
        waldo_lock_unref(runners[i].lock);
        waldo_manager_unref(runners[i].manager);
    }
    waldo_lock_unref(lock);
}

int main(int argc, char **argv)
{
    int waiters = argc > 1 ? (int)strtol(argv[1], NULL, 10) : WAITERS;
    if (waiters < 1) {
        fprintf(stderr, "usage: bench_waiters [WAITERS [URL]]\n");
        return 2;
    }
    if (waiters < WAITERS)
        rounds = 1;
    start_server(argc > 2 ? argv[2] : "tcp://127.0.0.1:0");
    waldo_manager *manager;
    must(waldo_connect(url, NULL, &manager, &err));
    measure_crowd(manager, waiters);
    measure_hand_over(manager);
    waldo_manager_unref(manager);
    kill(server, SIGTERM);
    int status;
    if (waitpid(server, &status, 0) != server || status != 0)
        fail("waldod ended badly");
    return 0;
}
