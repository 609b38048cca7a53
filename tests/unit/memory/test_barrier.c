/* Rows F16-F21, Q7, pain 5: Barrier. */
#include <criterion/criterion.h>
#include <pthread.h>

#include <waldo/mp/sync.h>

#include "unit/memory/children.h"

static waldo_error err;
static int actions;

static int act(void *data)
{
    (void)data;
    ++actions;
    return 0;
}

static int fail(void *data)
{
    (void)data;
    return WALDO_EVALUE;
}

Test(barrier, of_one)
{
    waldo_mp_barrier *barrier;
    cr_expect_eq(waldo_mp_barrier_new(0, NULL, NULL, 1, &barrier, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_barrier_new(70000, NULL, NULL, 1, &barrier, &err), WALDO_EVALUE);
    OK(waldo_mp_barrier_new(1, act, NULL, WALDO_FOREVER, &barrier, &err));
    for (int i = 0; i < 3; ++i)
        cr_expect_eq(waldo_mp_barrier_wait(barrier, -1, &err), 0);
    cr_expect_eq(actions, 3);
    cr_expect_eq(waldo_mp_barrier_parties(barrier), 1);
    cr_expect_eq(waldo_mp_barrier_n_waiting(barrier), 0);
    waldo_mp_barrier_unref(barrier);
}

Test(barrier, action_that_fails)
{
    waldo_mp_barrier *barrier;
    OK(waldo_mp_barrier_new(1, fail, NULL, WALDO_FOREVER, &barrier, &err));
    cr_expect_eq(waldo_mp_barrier_wait(barrier, -1, &err), WALDO_EBROKENBARRIER);
    cr_expect(waldo_mp_barrier_broken(barrier));
    waldo_mp_barrier_unref(barrier);
}

Test(barrier, timeout_breaks_it_until_it_is_reset)
{
    waldo_mp_barrier *barrier;
    OK(waldo_mp_barrier_new(2, NULL, NULL, 0.05, &barrier, &err));
    cr_expect_eq(waldo_mp_barrier_wait(barrier, -1, &err), WALDO_EBROKENBARRIER);
    cr_expect(waldo_mp_barrier_broken(barrier));
    cr_expect_eq(waldo_mp_barrier_wait(barrier, SOON, &err), WALDO_EBROKENBARRIER);
    waldo_mp_barrier_reset(barrier);
    cr_expect_not(waldo_mp_barrier_broken(barrier));
    waldo_mp_barrier_abort(barrier);
    cr_expect(waldo_mp_barrier_broken(barrier));
    waldo_mp_barrier_unref(barrier);
}

#define PARTIES 4
#define ROUNDS 1000

static int walk(void *barrier)
{
    for (int round = 0; round < ROUNDS; ++round) {
        int place = waldo_mp_barrier_wait(barrier, SOON, NULL);
        MUST(place >= 0 && place < PARTIES);
    }
    return 0;
}

Test(barrier, in_lockstep)
{
    waldo_mp_barrier *barrier;
    OK(waldo_mp_barrier_new(PARTIES, NULL, NULL, WALDO_FOREVER, &barrier, &err));
    pid_t children[PARTIES];
    for (int i = 0; i < PARTIES; ++i)
        children[i] = start_child(walk, barrier);
    for (int i = 0; i < PARTIES; ++i)
        cr_expect_eq(join_child(children[i]), 0);
    cr_expect_eq(waldo_mp_barrier_n_waiting(barrier), 0);
    cr_expect_not(waldo_mp_barrier_broken(barrier));
    waldo_mp_barrier_unref(barrier);
}

static int wait_once(void *barrier)
{
    return waldo_mp_barrier_wait(barrier, SOON, NULL) == WALDO_EBROKENBARRIER;
}

static void wait_for_waiting(waldo_mp_barrier *barrier, int count)
{
    double end = seconds_now() + SOON;
    while (waldo_mp_barrier_n_waiting(barrier) != count && seconds_now() < end)
        usleep(1000);
    cr_assert_eq(waldo_mp_barrier_n_waiting(barrier), count);
}

static pid_t pair_waiting(waldo_mp_barrier **ret_barrier, pid_t *ret_other)
{
    OK(waldo_mp_barrier_new(3, NULL, NULL, WALDO_FOREVER, ret_barrier, &err));
    pid_t child = start_child(wait_once, *ret_barrier);
    *ret_other = start_child(wait_once, *ret_barrier);
    wait_for_waiting(*ret_barrier, 2);
    return child;
}

Test(barrier, abort_wakes_all)
{
    waldo_mp_barrier *barrier;
    pid_t other;
    pid_t child = pair_waiting(&barrier, &other);
    waldo_mp_barrier_abort(barrier);
    cr_expect_eq(join_child(child), 1);
    cr_expect_eq(join_child(other), 1);
    waldo_mp_barrier_unref(barrier);
}

Test(barrier, reset_wakes_all_and_the_next_round_is_whole)
{
    waldo_mp_barrier *barrier;
    pid_t other;
    pid_t child = pair_waiting(&barrier, &other);
    waldo_mp_barrier_reset(barrier);
    cr_expect_eq(join_child(child), 1);
    cr_expect_eq(join_child(other), 1);
    cr_expect_eq(waldo_mp_barrier_n_waiting(barrier), 0);
    cr_expect_not(waldo_mp_barrier_broken(barrier));
    waldo_mp_barrier_unref(barrier);
}

Test(barrier, a_party_that_dies_waiting_breaks_it)
{
    waldo_mp_barrier *barrier;
    pid_t other;
    pid_t child = pair_waiting(&barrier, &other);
    kill_child(child);
    cr_expect_eq(join_child(other), 1);
    cr_expect_eq(waldo_mp_barrier_wait(barrier, 0, &err), WALDO_EBROKENBARRIER);
    cr_expect_str_eq(err.message, "the barrier is broken: a party died");
    waldo_mp_barrier_unref(barrier);
}
