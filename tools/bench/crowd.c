/* Many clients at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/bench.h"

enum { CLIENTS = 50 };

typedef struct crowd {
    const bench_row *row;
    const bench_client *kind;
    atomic_bool stop;
    atomic_uint failed;
    atomic_ullong count;
    pthread_barrier_t begin;
} crowd;

static void *be_client(void *argument)
{
    crowd *all = argument;
    void *client = all->kind->connect(all->row);
    bool good = client != NULL;
    pthread_barrier_wait(&all->begin);
    uint64_t count = 0;
    while (good && !atomic_load_explicit(&all->stop, memory_order_relaxed)) {
        good = all->kind->once(client);
        count += good;
    }
    if (!good)
        atomic_fetch_add(&all->failed, 1);
    atomic_fetch_add(&all->count, count);
    if (client)
        all->kind->close(client);
    return NULL;
}

double bench_run_crowd(bench_row *row, double seconds, const bench_client *kind)
{
    crowd all = {.row = row, .kind = kind};
    pthread_t threads[CLIENTS];
    pthread_barrier_init(&all.begin, NULL, CLIENTS + 1);
    for (int i = 0; i < CLIENTS; i++)
        if (pthread_create(&threads[i], NULL, be_client, &all) != 0)
            abort(); /* the others wait for it */
    pthread_barrier_wait(&all.begin);
    uint64_t start = bench_now();
    bench_sleep(seconds);
    atomic_store(&all.stop, true);
    uint64_t took = bench_now() - start;
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all.begin);
    if (atomic_load(&all.failed))
        return bench_fail(row, "%u clients failed", atomic_load(&all.failed));
    return (double)atomic_load(&all.count) * 1e9 / (double)took;
}
