#include "engine/deadline.h"

#include <limits.h>
#include <time.h>

#define NANOSECONDS 1000000000u
#define NANOSECONDS_PER_MICROSECOND 1000u
#define NANOSECONDS_PER_MILLISECOND 1000000u
#define TICK_AT_MOST (20 * UINT64_C(1000000))
#define FAR (UINT64_C(1000) * NANOSECONDS_PER_MILLISECOND)
#define HUNDRED_YEARS (100.0 * 365.25 * 86400.0)

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

uint64_t waldo__now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t waldo__lately(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

waldo__deadline waldo__deadline_in(double seconds)
{
    if (seconds >= HUNDRED_YEARS)
        return WALDO__NEVER;
    if (!(seconds > 0)) /* so that NaN is now, too */
        return waldo__now();
    return waldo__now() + (uint64_t)(seconds * NANOSECONDS);
}

uint64_t waldo__deadline_left(waldo__deadline deadline)
{
    if (deadline == WALDO__NEVER)
        return UINT64_MAX;
    uint64_t now = waldo__now();
    return deadline > now ? deadline - now : 0;
}

uint64_t waldo__deadline_left_about(waldo__deadline deadline)
{
    uint64_t lately = waldo__lately();
    bool is_far = deadline != WALDO__NEVER && deadline > lately + FAR;
    return is_far ? deadline - lately : waldo__deadline_left(deadline);
}

waldo__deadline waldo__deadline_about(uint64_t microseconds)
{
    if (microseconds == 0 || microseconds > UINT64_MAX / NANOSECONDS_PER_MICROSECOND)
        return WALDO__NEVER;
    uint64_t left = microseconds * NANOSECONDS_PER_MICROSECOND;
    uint64_t now = left < FAR ? waldo__now() : waldo__lately() + TICK_AT_MOST;
    return left < WALDO__NEVER - now ? now + left : WALDO__NEVER;
}

bool waldo__deadline_passed(waldo__deadline deadline)
{
    return deadline <= waldo__lately() + TICK_AT_MOST && waldo__deadline_left(deadline) == 0;
}

int waldo__deadline_poll_ms(waldo__deadline deadline)
{
    if (deadline == WALDO__NEVER)
        return -1;
    uint64_t left = waldo__deadline_left(deadline);
    uint64_t milliseconds = left / NANOSECONDS_PER_MILLISECOND;
    if (left % NANOSECONDS_PER_MILLISECOND != 0)
        milliseconds++;
    return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}
