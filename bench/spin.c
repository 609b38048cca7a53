/* How long to look before sleeping: what a call takes, and what it costs, by that limit and by how
 * long the caller does something else between two calls.
 *
 *     bench_spin [CALLS [LISTEN]]
 *
 * Defaults: 20000 calls for each figure, in rounds between those of all others; tcp://127.0.0.1:0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <waldo/waldo.h>

#include "server.h"

enum { ROUNDS = 5, PAUSES = 4, LIMITS = 6, MOST_CALLS = 1000 * 1000 };

static const struct {
    const char *name;
    const char *limit_us;
} limits[LIMITS] = {{"it sleeps at once", "0"}, {"20 us", "20"},   {"50 us", "50"},
                    {"100 us", "100"},          {"200 us", "200"}, {"500 us", "500"}};
static const struct {
    const char *name;
    int us;
} pauses[PAUSES] = {
    {"at once", 0}, {"after 50 us", 50}, {"after 200 us", 200}, {"after 1 ms", 1000}};

static waldo_error error;
static double times[MOST_CALLS];

/* What one pair of limit and pause has come to. */
typedef struct figure {
    double medians[ROUNDS];
    double used; /* seconds of processor time, of both sides */
    long calls;
} figure;

/* Asleep: what else it does is not what is measured. */
static void rest(int pause_us)
{
    struct timespec time = {.tv_nsec = pause_us * 1000L};
    if (pause_us > 0)
        (void)nanosleep(&time, NULL);
}

static void run(waldo_dict *dict, int pause_us, long calls, figure *one, int round)
{
    double used = both_used();
    for (long i = 0; i < calls; i++) {
        waldo_value *item;
        rest(pause_us);
        double start = now();
        must(waldo_dict_get(dict, waldo_v(1), &item, &error), &error);
        times[i] = now() - start;
        waldo_value_unref(item);
    }
    one->used += both_used() - used;
    one->calls += calls;
    one->medians[round] = median(times, (size_t)calls);
}

/* A server and a client with that limit, and each pause. */
static void run_limit(const char *listen, const char *limit_us, long calls, figure figures[PAUSES],
                      int round)
{
    if (setenv("WALDO_SPIN_US", limit_us, 1) != 0)
        fail("the environment cannot be set", NULL);
    const char *url = server_start(listen, PATIENT);
    waldo_manager *manager;
    waldo_dict *dict;
    must(waldo_connect(url, NULL, &manager, &error), &error);
    must(waldo_dict_new(manager, &dict, &error), &error);
    must(waldo_dict_set(dict, waldo_v(1), waldo_v(1), &error), &error);
    for (int i = 0; i < PAUSES; i++)
        run(dict, pauses[i].us, calls, &figures[i], round);
    waldo_dict_unref(dict);
    waldo_manager_unref(manager);
    server_end();
}

static void print(figure figures[LIMITS][PAUSES])
{
    printf("| looks for");
    for (int i = 0; i < PAUSES; i++)
        printf(" | a call %s | its processor time", pauses[i].name);
    printf(" |\n|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < LIMITS; i++) {
        printf("| %s |", limits[i].name);
        for (int j = 0; j < PAUSES; j++) {
            figure *one = &figures[i][j];
            printf(" %.1f us | %.1f us |", median(one->medians, ROUNDS) * 1e6,
                   one->used * 1e6 / (double)one->calls);
        }
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    static figure figures[LIMITS][PAUSES];
    long calls = (argc > 1 ? strtol(argv[1], NULL, 10) : 20000) / ROUNDS;
    const char *listen = argc > 2 ? argv[2] : "tcp://127.0.0.1:0";
    if (calls < 1 || calls > MOST_CALLS)
        fail("usage: bench_spin [CALLS [LISTEN]]", NULL);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < LIMITS; i++)
            run_limit(listen, limits[i].limit_us, calls, figures[i], round);
    print(figures);
    return 0;
}
