/* Handlers that block, and the callers of other objects. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support.h"

enum { SLEEPERS = 100, SLEEP_MS = 100, CALLS = 300, ROUNDS = 5 };

static server host;
static waldo_manager *manager;
static faults_register *unrelated;
static atomic_bool over;
static atomic_int asleep;

static void set_up(void)
{
    start_server(&host, NULL);
    manager = connect_to(&host, host.urls[0]);
    unrelated = get_register(manager, "");
}

static void tear_down(void)
{
    faults_register_unref(unrelated);
    waldo_manager_unref(manager);
    stop_server(&host);
}

TestSuite(blocking, .init = set_up, .fini = tear_down);

/* An object of its own, of which one call after another sleeps. */
static void *sleep_again_and_again(void *data)
{
    (void)data;
    faults_register *mine = get_register(manager, "");
    Faults__Number time = FAULTS__NUMBER__INIT;
    time.n = SLEEP_MS;
    while (!atomic_load(&over)) {
        atomic_fetch_add(&asleep, 1);
        OK(faults_register_sleep(mine, &time, &error));
    }
    faults_register_unref(mine);
    return NULL;
}

static int by_size(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return difference > 0 ? 1 : -(difference < 0);
}

static double median_call(void)
{
    static double times[CALLS];
    for (int i = 0; i < CALLS; i++) {
        double start = now();
        (void)register_number(unrelated);
        times[i] = now() - start;
    }
    qsort(times, CALLS, sizeof times[0], by_size);
    return times[CALLS / 2];
}

/* The best of several rounds: other programs of the machine disturb some. */
static double best_median(void)
{
    double best = median_call();
    for (int i = 1; i < ROUNDS; i++) {
        double median = median_call();
        if (median < best)
            best = median;
    }
    return best;
}

Test(blocking, handlers_that_sleep_delay_nobody)
{
    pthread_t sleepers[SLEEPERS];
    double alone = best_median();
    for (int i = 0; i < SLEEPERS; i++)
        cr_assert_eq(pthread_create(&sleepers[i], NULL, sleep_again_and_again, NULL), 0);
    AWAIT(atomic_load(&asleep) >= 2 * SLEEPERS);
    double beside = best_median();
    atomic_store(&over, true);
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(sleepers[i], NULL);
    cr_assert_leq(beside, 1.5 * alone, "%.0f us beside sleepers, %.0f us alone", beside * 1e6,
                  alone * 1e6);
}

/* Nobody has seen this kind of handler before: it has the loop, and loses it. */
Test(blocking, the_first_handler_that_sleeps_delays_nobody_for_long)
{
    pthread_t sleeper;
    double alone = best_median();
    cr_assert_eq(pthread_create(&sleeper, NULL, sleep_again_and_again, NULL), 0);
    AWAIT(atomic_load(&asleep) == 1);
    double start = now();
    (void)register_number(unrelated);
    double first = now() - start;
    atomic_store(&over, true);
    pthread_join(sleeper, NULL);
    /* Half a sleep: it did not wait for the handler's end. */
    cr_assert_leq(first, SLEEP_MS / 2000.0 + alone, "%.0f us", first * 1e6);
}
