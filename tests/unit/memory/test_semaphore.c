/* Rows Q1, Q5, F7, F8: Semaphore and BoundedSemaphore. */
#include <criterion/criterion.h>
#include <string.h>

#include <waldo/mp/sync.h>

#include "unit/memory/children.h"

static waldo_error err;

Test(semaphore, counts)
{
    waldo_mp_semaphore *semaphore;
    OK(waldo_mp_semaphore_new(2, &semaphore, &err));
    cr_expect_eq(waldo_mp_semaphore_get_value(semaphore), 2);
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, 0, &err), 1);
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, 0, &err), 1);
    cr_expect(waldo_mp_semaphore_locked(semaphore));
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, 0, &err), 0);
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, 0.05, &err), 0);
    for (int i = 0; i < 4; ++i)
        OK(waldo_mp_semaphore_release(semaphore, &err));
    cr_expect_eq(waldo_mp_semaphore_get_value(semaphore), 4);
    waldo_mp_semaphore_unref(semaphore);
}

Test(semaphore, bounds)
{
    waldo_mp_semaphore *semaphore;
    cr_expect_eq(waldo_mp_semaphore_new(-1, &semaphore, &err), WALDO_ESYSTEM);
    cr_expect_str_eq(err.type_name, "OSError");
    cr_expect_eq(waldo_mp_semaphore_new((int64_t)1 << 31, &semaphore, &err), WALDO_ESYSTEM);
    OK(waldo_mp_semaphore_new(0x7fffffff, &semaphore, &err));
    cr_expect_eq(waldo_mp_semaphore_release(semaphore, &err), WALDO_EVALUE);
    waldo_mp_semaphore_unref(semaphore);
    OK(waldo_mp_bounded_semaphore_new(2, &semaphore, &err));
    cr_expect_eq(waldo_mp_semaphore_release(semaphore, &err), WALDO_EVALUE);
    OK(waldo_mp_semaphore_acquire(semaphore, 0, &err));
    OK(waldo_mp_semaphore_release(semaphore, &err));
    cr_expect_eq(waldo_mp_semaphore_release(semaphore, &err), WALDO_EVALUE);
    cr_expect_str_eq(err.message, "semaphore or lock released too many times");
    waldo_mp_semaphore_unref(semaphore);
}

static int take_two(void *semaphore)
{
    MUST(waldo_mp_semaphore_acquire(semaphore, SOON, NULL) == 1);
    return waldo_mp_semaphore_acquire(semaphore, SOON, NULL);
}

Test(semaphore, permits_of_a_dead_process_come_back_and_their_takers_are_told)
{
    waldo_mp_semaphore *semaphore;
    OK(waldo_mp_bounded_semaphore_new(2, &semaphore, &err));
    cr_expect_eq(join_child(start_child(take_two, semaphore)), 1);
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, SOON, &err), WALDO_OWNER_DIED);
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, SOON, &err), WALDO_OWNER_DIED);
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, 0, &err), 0);
    OK(waldo_mp_semaphore_release(semaphore, &err));
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, 0, &err), 1);
    waldo_mp_semaphore_unref(semaphore);
}

static int release_three(void *semaphore)
{
    for (int i = 0; i < 3; ++i)
        MUST(waldo_mp_semaphore_release(semaphore, NULL) == 0);
    return 0;
}

static int take_one(void *semaphore)
{
    return waldo_mp_semaphore_acquire(semaphore, SOON, NULL);
}

Test(semaphore, as_a_signal_nothing_comes_back)
{
    waldo_mp_semaphore *semaphore;
    OK(waldo_mp_semaphore_new(0, &semaphore, &err));
    cr_expect_eq(join_child(start_child(release_three, semaphore)), 0);
    for (int i = 0; i < 3; ++i)
        cr_expect_eq(join_child(start_child(take_one, semaphore)), 1);
    cr_expect_eq(waldo_mp_semaphore_acquire(semaphore, 0.3, &err), 0);
    waldo_mp_semaphore_unref(semaphore);
}

struct relay {
    waldo_mp_semaphore *there;
    waldo_mp_semaphore *back;
};

static int echo(void *data)
{
    struct relay *relay = data;
    for (int i = 0; i < 5000; ++i) {
        MUST(waldo_mp_semaphore_acquire(relay->there, SOON, NULL) == 1);
        MUST(waldo_mp_semaphore_release(relay->back, NULL) == 0);
    }
    return 0;
}

Test(semaphore, wakes)
{
    struct relay relay;
    OK(waldo_mp_semaphore_new(0, &relay.there, &err));
    OK(waldo_mp_semaphore_new(0, &relay.back, &err));
    pid_t child = start_child(echo, &relay);
    for (int i = 0; i < 5000; ++i) {
        OK(waldo_mp_semaphore_release(relay.there, &err));
        cr_assert_eq(waldo_mp_semaphore_acquire(relay.back, SOON, &err), 1);
    }
    cr_expect_eq(join_child(child), 0);
    waldo_mp_semaphore_unref(relay.there);
    waldo_mp_semaphore_unref(relay.back);
}
