#include <sched.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "engine/spin.h"

static bool have_two_cores(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) > 1;
}

static void use_one_core(void)
{
    cpu_set_t cores;
    int core = 0;
    cr_assert_eq(sched_getaffinity(0, sizeof cores, &cores), 0);
    while (!CPU_ISSET(core, &cores))
        core++;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    cr_assert_eq(sched_setaffinity(0, sizeof cores, &cores), 0);
}

Test(spin, the_options_come_first)
{
    setenv("WALDO_SPIN_US", "7", 1);
    cr_assert_eq(waldo__spin_make(-1).limit, 0);
    if (!have_two_cores())
        cr_skip_test("this machine has one core");
    cr_assert_eq(waldo__spin_make(20).limit, 20000);
    cr_assert_eq(waldo__spin_make(0).limit, 7000);
    setenv("WALDO_SPIN_US", "0", 1);
    cr_assert_eq(waldo__spin_make(0).limit, 0);
    setenv("WALDO_SPIN_US", "-5", 1);
    cr_assert_eq(waldo__spin_make(0).limit, 0);
    unsetenv("WALDO_SPIN_US");
    uint64_t otherwise = waldo__spin_make(0).limit;
    setenv("WALDO_SPIN_US", "7 or so", 1);
    cr_assert_eq(waldo__spin_make(0).limit, otherwise);
}

Test(spin, never_with_one_core)
{
    use_one_core();
    cr_assert_eq(waldo__spin_make(20).limit, 0);
    cr_assert_not(waldo__spin_is_worth_it(&(waldo__spinning){0}));
}

/* So many of the next replies, which are quick, are waited for asleep. */
static int count_sleeps(waldo__spinning *spin)
{
    int sleeps = 0;
    for (; !waldo__spin_is_worth_it(spin); sleeps++)
        waldo__spin_note(spin, 20000);
    return sleeps;
}

Test(spin, follows_what_replies_take)
{
    waldo__spinning spin = {.limit = 50000};
    cr_assert(waldo__spin_is_worth_it(&spin));
    for (int i = 0; i < 20; i++)
        waldo__spin_note(&spin, 20000);
    cr_assert(waldo__spin_is_worth_it(&spin));
    for (int i = 0; i < 20; i++)
        waldo__spin_note(&spin, 1000000000);
    cr_assert_not(waldo__spin_is_worth_it(&spin), "it spins for replies that take a second");
    cr_assert_lt(count_sleeps(&spin), 100, "long waits are never forgotten");
}

Test(spin, what_was_in_vain_is_tried_less_and_less)
{
    waldo__spinning spin = {.limit = 50000};
    int before = 0;
    for (int i = 0; i < 20; i++) {
        waldo__spin_note(&spin, 60000);
        int sleeps = count_sleeps(&spin);
        cr_assert_geq(sleeps, before);
        before = sleeps;
    }
    cr_assert_gt(before, 1000);
    for (int i = 0; i < 2000; i++)
        waldo__spin_note(&spin, 20000);
    waldo__spin_note(&spin, 60000);
    cr_assert_lt(count_sleeps(&spin), 10, "what was long ago is not forgotten");
}
