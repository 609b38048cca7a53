#include "engine/spin.h"

#include <sched.h>
#include <stdlib.h>

enum {
    DEFAULT_US = 100,
    MOST_US = 1000 * 1000,
    NS_PER_US = 1000,
    MOST_SLEEPS = 4096,
    GOOD_ENOUGH = 64 /* waits in a row that halve the penalty */
};

static bool has_one_core(void)
{
    cpu_set_t cores;
    return sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) < 2;
}

/* What is no number counts as nothing. */
static long from_environment(void)
{
    const char *text = getenv("WALDO_SPIN_US");
    if (!text || !*text)
        return DEFAULT_US;
    char *end;
    long microseconds = strtol(text, &end, 10);
    return *end ? DEFAULT_US : microseconds;
}

waldo__spinning waldo__spin_make(int microseconds)
{
    long limit = microseconds == 0 ? from_environment() : microseconds;
    if (limit <= 0 || has_one_core())
        limit = 0;
    if (limit > MOST_US)
        limit = MOST_US;
    return (waldo__spinning){.limit = (uint64_t)limit * NS_PER_US};
}

bool waldo__spin_is_worth_it(const waldo__spinning *spin)
{
    return spin->limit > 0 && spin->sleeps == 0;
}

static void punish(waldo__spinning *spin)
{
    spin->good = 0;
    spin->penalty = 2 * spin->penalty + 1;
    if (spin->penalty > MOST_SLEEPS)
        spin->penalty = MOST_SLEEPS;
    spin->sleeps = spin->penalty;
}

static void praise(waldo__spinning *spin)
{
    if (++spin->good < GOOD_ENOUGH)
        return;
    spin->good = 0;
    spin->penalty /= 2;
}

void waldo__spin_note(waldo__spinning *spin, uint64_t nanoseconds)
{
    if (spin->sleeps > 0)
        spin->sleeps--;
    else if (nanoseconds > spin->limit)
        punish(spin);
    else
        praise(spin);
}
