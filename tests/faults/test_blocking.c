/* Handlers that block, and the callers of other objects. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support.h"

enum { SLEEPERS = 100, SLEEP_MS = 1000, CALLS = 300, ROUNDS = 5 };

static server host;
static waldo_manager *manager;
static waldo_manager *other; /* with a connection of its own: nobody else's replies come by it */
static faults_register *unrelated;
static atomic_int asleep; /* calls of sleepers under way */

/* One processor for all: what a call takes depends more on which ones the system chooses for client
 * and server than on anything that is measured here. */
static void use_one_processor(void)
{
    cpu_set_t all;
    int first = 0;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&all);
    CPU_SET(first, &all);
    cr_assert_eq(sched_setaffinity(0, sizeof all, &all), 0);
}

static void set_up(void)
{
    use_one_processor();
    start_server(&host, NULL);
    manager = connect_to(&host, host.urls[0]);
    other = connect_to(&host, host.urls[0]);
    unrelated = get_register(other, "");
}

static void tear_down(void)
{
    faults_register_unref(unrelated);
    waldo_manager_unref(other);
    waldo_manager_unref(manager);
    stop_server(&host);
}

TestSuite(blocking, .init = set_up, .fini = tear_down);

/* One call, of an object of its own. */
static void *sleep_once(void *data)
{
    (void)data;
    faults_register *mine = get_register(manager, "");
    Faults__Number time = FAULTS__NUMBER__INIT;
    time.n = SLEEP_MS;
    atomic_fetch_add(&asleep, 1);
    OK(faults_register_sleep(mine, &time, &error));
    atomic_fetch_sub(&asleep, 1);
    faults_register_unref(mine);
    return NULL;
}

static int by_size(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return difference > 0 ? 1 : -(difference < 0);
}

static double median_of(double *times, size_t count)
{
    qsort(times, count, sizeof times[0], by_size);
    return times[count / 2];
}

/* The first calls are not counted: the server may still be starting what disturbs them. */
static double median_call(void)
{
    static double times[CALLS];
    for (int i = -CALLS; i < CALLS; i++) {
        double start = now();
        (void)register_number(unrelated);
        if (i >= 0)
            times[i] = now() - start;
    }
    return median_of(times, CALLS);
}

static double median_beside_sleepers(void)
{
    pthread_t sleepers[SLEEPERS];
    for (int i = 0; i < SLEEPERS; i++)
        cr_assert_eq(pthread_create(&sleepers[i], NULL, sleep_once, NULL), 0);
    AWAIT(atomic_load(&asleep) == SLEEPERS);
    double median = median_call();
    cr_assert_eq(atomic_load(&asleep), SLEEPERS, "it took longer than the handlers sleep");
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(sleepers[i], NULL);
    return median;
}

/* In turns, and the median of each: other programs of the machine disturb some rounds. */
Test(blocking, handlers_that_sleep_delay_nobody)
{
    double alone_times[ROUNDS], beside_times[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        beside_times[i] = median_beside_sleepers();
        alone_times[i] = median_call();
    }
    double alone = median_of(alone_times, ROUNDS), beside = median_of(beside_times, ROUNDS);
    cr_assert_leq(beside, 1.5 * alone, "%.0f us beside sleepers, %.0f us alone", beside * 1e6,
                  alone * 1e6);
}

/* Nobody has seen this kind of handler before: it has the loop, and loses it. */
Test(blocking, the_first_handler_that_sleeps_delays_nobody_for_long)
{
    pthread_t sleeper;
    cr_assert_eq(pthread_create(&sleeper, NULL, sleep_once, NULL), 0);
    AWAIT(atomic_load(&asleep) == 1);
    double start = now();
    (void)register_number(unrelated);
    double first = now() - start;
    pthread_join(sleeper, NULL);
    /* Half a sleep: it did not wait for the handler's end. */
    cr_assert_leq(first, SLEEP_MS / 2000.0, "%.0f us", first * 1e6);
}
