/* What waiting costs a waldod: memory, others' time, and the time until all are awake; and how long
 * a lock takes from one client to the next.
 *
 *     bench_waiters [WAITERS [URL]]        100,000 of them, tcp://127.0.0.1:0; with fewer
 *                                          all is measured once, for a quick look
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <waldo/waldo.h>

#include "crowd.h"
#include "server.h"

enum { WAITERS = 100000, CONNECTIONS = 64, ROUNDS = 10, CALLS = 2000, HAND_OVERS = 500 };

/* Microseconds for which a lock is held: meanwhile the other one comes and waits. */
enum { PAUSE = 200 };

static _Thread_local waldo_error err;
static const char *url;
/* What is measured in rounds is given as the best round's median: others use the machine, too. */
static int rounds = ROUNDS;

/* ---- times ---- */

static void keep_best(double *best, double time)
{
    if (*best == 0 || time < *best)
        *best = time;
}

/* The round trip of a call that has nothing to do with those who wait; a pause in microseconds goes
 * before each. In microseconds. */
static double round_trip(waldo_lock *lock, int calls, unsigned pause)
{
    double times[CALLS];
    for (int i = 0; i < calls; i++) {
        if (pause > 0)
            usleep(pause);
        double begin = now();
        must(waldo_lock_locked(lock, &err), &err);
        times[i] = now() - begin;
    }
    return median(times, (size_t)calls) * 1e6;
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
        fail("no text", NULL);
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
    must(waldo_event_new(manager, &event, &err), &err);
    must(waldo_lock_new(manager, &other, &err), &err);
    must(crowd_open(url, CONNECTIONS, &all, &err), &err);
    double alone = best_round_trip(other);
    double before = server_resident();
    double begin = now(), busy = server_used();
    must(crowd_call(all, waldo_proxy_object(waldo_event_proxy(event)), "wait", waiters, &err),
         &err);
    while (waiting(event) < waiters)
        if (now() - begin > 120)
            fail("they do not wait", NULL);
    double parked = now() - begin, parking = server_used() - busy;
    double each = (server_resident() - before) / waiters;
    double beside = best_round_trip(other);
    begin = now();
    busy = server_used();
    must(waldo_event_set(event, &err), &err);
    double set = now() - begin;
    must(crowd_listen(all, 120, &err), &err);
    double awake = now() - begin, waking = server_used() - busy;
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
        must(waldo_lock_acquire(one->lock, WALDO_FOREVER, &err), &err);
        double got = now();
        if (*one->released > 0)
            one->times[one->count++] = got - *one->released;
        usleep(PAUSE);
        *one->released = now();
        must(waldo_lock_release(one->lock, &err), &err);
    }
    *one->released = 0;
    return NULL;
}

static void connect_runner(runner *one, waldo_lock *lock)
{
    waldo_value *token;
    waldo_proxy *proxy;
    must(waldo_connect(url, NULL, &one->manager, &err), &err);
    must(waldo_proxy_to_value(waldo_lock_proxy(lock), &token, &err), &err);
    must(waldo_proxy_from_value(one->manager, token, &proxy, &err), &err);
    must(waldo_lock_from_proxy(proxy, &one->lock, &err), &err);
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
            fail("no thread", NULL);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(runners[i].thread, NULL);
        memcpy(times + count, runners[i].times, (size_t)runners[i].count * sizeof *times);
        count += runners[i].count;
    }
    return median(times, (size_t)count) * 1e6;
}

static void measure_hand_over(waldo_manager *manager)
{
    runner runners[2] = {0};
    waldo_lock *lock;
    double trip = 0, next = 0;
    must(waldo_lock_new(manager, &lock, &err), &err);
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
    url = server_start(argc > 2 ? argv[2] : "tcp://127.0.0.1:0", PATIENT);
    waldo_manager *manager;
    must(waldo_connect(url, NULL, &manager, &err), &err);
    measure_crowd(manager, waiters);
    measure_hand_over(manager);
    waldo_manager_unref(manager);
    server_end();
    return 0;
}
