#include <criterion/criterion.h>
#include <limits.h>
#include <math.h>

#include "engine/deadline.h"

Test(deadline, never)
{
    cr_assert_eq(waldo__deadline_in(INFINITY), WALDO__NEVER);
    cr_assert_eq(waldo__deadline_in(1e300), WALDO__NEVER);
    cr_assert_eq(waldo__deadline_left(WALDO__NEVER), UINT64_MAX);
    cr_assert_eq(waldo__deadline_poll_ms(WALDO__NEVER), -1);
}

Test(deadline, now)
{
    const double durations[] = {0, -1, -INFINITY, NAN};

    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        waldo__deadline deadline = waldo__deadline_in(durations[i]);
        cr_assert_leq(deadline, waldo__now());
        cr_assert_eq(waldo__deadline_left(deadline), (uint64_t)0);
        cr_assert_eq(waldo__deadline_poll_ms(deadline), 0);
    }
}

Test(deadline, milliseconds_are_rounded_up)
{
    waldo__deadline deadline = waldo__deadline_in(100);

    cr_assert_leq(waldo__deadline_left(deadline), UINT64_C(100000000000));
    cr_assert_leq(waldo__deadline_poll_ms(deadline), 100000);
    cr_assert_gt(waldo__deadline_poll_ms(deadline), 99000);
    waldo__deadline soon = waldo__now() + 900000;
    int left = waldo__deadline_poll_ms(soon);
    cr_assert(left > 0 || waldo__now() >= soon); /* it may take that long to get here */
    cr_assert_eq(waldo__deadline_poll_ms(waldo__deadline_in(86400.0 * 3650)), INT_MAX);
}

Test(deadline, lately_is_not_long_ago_and_never_to_come)
{
    for (int i = 0; i < 1000; i++) {
        uint64_t before = waldo__lately(), now = waldo__now();
        cr_assert_leq(before, now);
        cr_assert_geq(waldo__lately(), before);
    }
}

Test(deadline, what_has_passed)
{
    cr_assert(waldo__deadline_passed(waldo__deadline_in(0)));
    cr_assert_not(waldo__deadline_passed(WALDO__NEVER));
    cr_assert_not(waldo__deadline_passed(waldo__deadline_in(100)));
    /* Exact where it is near. */
    waldo__deadline soon = waldo__now() + 100000;
    bool passed = false;
    while (!passed) {
        uint64_t before = waldo__now();
        passed = waldo__deadline_passed(soon);
        cr_assert(passed || before < soon);
        cr_assert(!passed || waldo__now() >= soon);
    }
}

Test(deadline, about_is_no_less_and_a_tick_more)
{
    static const uint64_t second = 1000000000, tick = 20000000;
    static const uint64_t durations[] = {1000, second / 1000, second - 1000, second, 60 * second};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        uint64_t before = waldo__now();
        waldo__deadline deadline = waldo__deadline_about(durations[i] / 1000);
        uint64_t after = waldo__now();
        cr_assert_geq(deadline, before + durations[i]);
        cr_assert_leq(deadline, after + durations[i] + tick);
        uint64_t exact = waldo__deadline_left(deadline);
        uint64_t about = waldo__deadline_left_about(deadline);
        cr_assert_leq(about, exact + tick);
        cr_assert_geq(about, waldo__deadline_left(deadline));
    }
    cr_assert_eq(waldo__deadline_about(0), WALDO__NEVER);
    cr_assert_eq(waldo__deadline_about(UINT64_MAX / 1000), WALDO__NEVER);
    cr_assert_eq(waldo__deadline_about(UINT64_MAX), WALDO__NEVER);
    cr_assert_eq(waldo__deadline_left_about(WALDO__NEVER), UINT64_MAX);
    cr_assert_eq(waldo__deadline_left_about(1), (uint64_t)0);
}
