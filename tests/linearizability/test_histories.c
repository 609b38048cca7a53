/* Histories of real servers, over every engine, with clients that are killed and networks that
 * fail: each of them must be linearizable.
 *
 * WALDO_HISTORIES: so many for each engine, instead of a few. WALDO_FAULTS_SEED: of the first
 * round; a round that is wrong says its own, and begins the same again with it. What follows
 * depends on what the scheduler does. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "round.h"

enum { FEW = 50, CALLS = 36 };

static const char *const short_times[] = {"--lease",   "1.5", "--grace", "0.3",
                                          "--transit", "5",   NULL};
static server host;
static arena all;

static unsigned long long from_environment(const char *name, unsigned long long otherwise)
{
    const char *given = getenv(name);
    return given ? strtoull(given, NULL, 10) : otherwise;
}

static void set_up(void)
{
    start_server(&host, short_times);
}

static void tear_down(void)
{
    stop_server(&host);
}

TestSuite(histories, .init = set_up, .fini = tear_down, .timeout = 100000);

/* All kinds come equally often. */
static void choose_kinds(arena *one, unsigned round)
{
    for (unsigned i = 0; i < SUBJECTS; i++)
        one->kinds[i] = (enum subject_kind)((round * SUBJECTS + i) % SUBJECT_KINDS);
}

static void run_over(const char *url, bool shared)
{
    size_t wanted = (size_t)from_environment("WALDO_HISTORIES", FEW);
    uint64_t seed = from_environment("WALDO_FAULTS_SEED", (unsigned long long)time(NULL) * 1000);
    fprintf(stderr, "histories: %s%s, WALDO_FAULTS_SEED=%llu\n", url,
            shared ? " in shared memory" : "", (unsigned long long)seed);
    double start = now();
    arena_begin(&all, &host, url);
    if (shared)
        relay_pass_descriptors(all.network);
    for (unsigned round = 0; all.histories < wanted; round++) {
        choose_kinds(&all, (unsigned)(seed + round));
        run_round(&all, seed + round, CALLS / (1 + round % 2), 1 + round % 2, round % 4 != 0);
    }
    fprintf(stderr,
            "histories: %s%s, %zu histories, %zu operations, %zu faults, %zu clients killed, %zu "
            "sessions lost, %zu violations, %zu undecided, %.1f s\n",
            url, shared ? " in shared memory" : "", all.histories, all.operations, all.faults,
            all.killed, all.gone, all.violations, all.undecided, now() - start);
    arena_end(&all);
    cr_assert_eq(all.violations, 0);
    cr_assert_eq(all.undecided, 0);
}

static void run(const char *url)
{
    run_over(url, false);
}

Test(histories, tcp)
{
    run(host.urls[0]);
}

Test(histories, ipc)
{
    run(host.urls[1]);
}

/* Connections that the relay would rather cut, and whose sides it wakes late. */
Test(histories, shm)
{
    run_over(host.urls[1], true);
}

Test(histories, nanomsg)
{
    run(host.urls[2]);
}

Test(histories, websocket)
{
    run(host.urls[3]);
}
