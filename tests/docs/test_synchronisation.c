/* The programs of docs/synchronisation.md do what it says. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "clients.h"
#include "synchronisation.h"

static waldo_manager *manager;
static waldo_error error;

#define CHECK(call) cr_assert((call) >= 0, "%s: %s", #call, error.message)

static void start(void)
{
    CHECK(start_manager(NULL, &manager, &error));
}

static void end(void)
{
    uint64_t count;
    CHECK(waldo_manager_number_of_objects(manager, &count, &error));
    cr_expect_eq(count, 0);
    CHECK(waldo_manager_shutdown(manager, &error));
    waldo_manager_unref(manager);
}

TestSuite(synchronisation, .init = start, .fini = end, .timeout = 60);

Test(synchronisation, locks)
{
    WALDO_AUTO(waldo_lock) lock = NULL;
    int64_t balance = 100;
    int repairs = 0;
    uint64_t first, second;
    CHECK(waldo_lock_new(manager, &lock, &error));
    cr_expect_eq(withdraw(lock, &balance, 10, &error), 1);
    cr_expect_eq(balance, 90);
    CHECK(repair_after_death(lock, &repairs, &error));
    cr_expect_eq(repairs, 0);
    CHECK(write_to_storage(lock, &first, &error));
    CHECK(write_to_storage(lock, &second, &error));
    cr_expect_gt(second, first);
    cr_expect_eq(waldo_lock_locked(lock, &error), 0);
}

Test(synchronisation, semaphores)
{
    WALDO_AUTO(waldo_semaphore) printers = NULL;
    CHECK(waldo_semaphore_new(manager, 2, &printers, &error));
    cr_expect_eq(use_printer(printers, &error), 1);
    cr_expect_eq(waldo_semaphore_locked(printers, &error), 0);
}

typedef struct pouring {
    pthread_t thread;
    waldo_condition *changed;
    int64_t level;
    int status;
} pouring;

static void *pour_often(void *data)
{
    pouring *one = data;
    waldo_error failure;
    for (int i = 0; i < 10 && one->status >= 0; i++)
        one->status = pour(one->changed, &one->level, 10, &failure);
    return NULL;
}

Test(synchronisation, conditions)
{
    pouring one = {.status = 0};
    CHECK(waldo_condition_new(manager, NULL, &one.changed, &error));
    cr_assert_eq(pthread_create(&one.thread, NULL, pour_often, &one), 0);
    cr_expect_eq(wait_until_full(one.changed, &one.level, &error), 1);
    pthread_join(one.thread, NULL);
    cr_expect_geq(one.status, 0);
    cr_expect_eq(one.level, 100);
    waldo_condition_unref(one.changed);
}

Test(synchronisation, events_and_barriers)
{
    WALDO_AUTO(waldo_event) event = NULL;
    WALDO_AUTO(waldo_barrier) barrier = NULL;
    cr_expect_eq(start_signal(manager, &event, &error), 1);
    CHECK(waldo_barrier_new(manager, 1, WALDO_FOREVER, &barrier, &error));
    CHECK(take_steps(barrier, 3, &error));
    CHECK(waldo_barrier_abort(barrier, &error));
    cr_expect_eq(take_steps(barrier, 1, &error), WALDO_EBROKENBARRIER);
}
