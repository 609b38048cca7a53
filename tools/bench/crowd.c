/* Many clients at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/bench.h"

enum { MOST_CLIENTS = 50 };

typedef struct crowd {
    const bench_row *row;
    const bench_client *kind;
    atomic_bool stop;
    atomic_uint failed;
    pthread_barrier_t begin;
    pthread_mutex_t lock; /* of `times` */
    histogram *times;
} crowd;

/* Until all are told to stop, or this one fails; its times. */
static bool take_turns(crowd *all, void *client, histogram *times)
{
    for (uint64_t start = bench_now(), now; !atomic_load_explicit(&all->stop, memory_order_relaxed);
         start = now) {
        if (!all->kind->once(client))
            return false;
        now = bench_now();
        histogram_add(times, now - start);
    }
    return true;
}

static void *be_client(void *argument)
{
    crowd *all = argument;
    histogram *times = calloc(1, sizeof *times);
    void *client = times ? all->kind->connect(all->row) : NULL;
    pthread_barrier_wait(&all->begin);
    if (!client || !take_turns(all, client, times))
        atomic_fetch_add(&all->failed, 1);
    if (client) {
        pthread_mutex_lock(&all->lock);
        histogram_merge(all->times, times);
        pthread_mutex_unlock(&all->lock);
        all->kind->close(client);
    }
    free(times);
    return NULL;
}

double bench_run_crowd(bench_row *row, double seconds, histogram *times, const bench_client *kind)
{
    crowd all = {.row = row, .kind = kind, .times = times};
    pthread_t threads[MOST_CLIENTS];
    pthread_barrier_init(&all.begin, NULL, row->number + 1);
    pthread_mutex_init(&all.lock, NULL);
    for (unsigned i = 0; i < row->number; i++)
        if (pthread_create(&threads[i], NULL, be_client, &all) != 0)
            abort(); /* the others wait for it */
    pthread_barrier_wait(&all.begin);
    uint64_t start = bench_now();
    bench_sleep(seconds);
    atomic_store(&all.stop, true);
    uint64_t took = bench_now() - start;
    for (unsigned i = 0; i < row->number; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&all.lock);
    pthread_barrier_destroy(&all.begin);
    if (atomic_load(&all.failed))
        return bench_fail(row, "%u clients failed", atomic_load(&all.failed));
    return (double)times->total * 1e9 / (double)took;
}
