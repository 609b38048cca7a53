#include "proxy/spin.h"

#include <sched.h>
#include <stdlib.h>

enum {
    DEFAULT_US = 50,
    MOST_US = 1000 * 1000,
    NS_PER_US = 1000,
    WEIGHT = 8, /* the last wait is one part in so many */
    LONGEST = 4 /* limits */
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

waldo__spin waldo__spin_make(int microseconds)
{
    long limit = microseconds == 0 ? from_environment() : microseconds;
    if (limit <= 0 || has_one_core())
        limit = 0;
    if (limit > MOST_US)
        limit = MOST_US;
    return (waldo__spin){.limit = (uint64_t)limit * NS_PER_US};
}

bool waldo__spin_is_worth_it(const waldo__spin *spin)
{
    return spin->limit > 0 && spin->estimate <= spin->limit;
}

void waldo__spin_note(waldo__spin *spin, uint64_t nanoseconds)
{
    if (nanoseconds > LONGEST * spin->limit)
        nanoseconds = LONGEST * spin->limit;
    spin->estimate += nanoseconds / WEIGHT;
    spin->estimate -= spin->estimate / WEIGHT;
}

void waldo__spin_pause(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}
