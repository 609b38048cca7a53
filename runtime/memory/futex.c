#include "memory/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NANOSECONDS 1000000000
#define FIRST_SLICE (20 * (int64_t)1000000)
#define LAST_SLICE (200 * (int64_t)1000000)

const waldo__patience waldo__endless = {INT64_MAX, FIRST_SLICE};

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * (int64_t)NANOSECONDS + time.tv_nsec;
}

int waldo__patience_init(waldo__patience *patience, double seconds, waldo_error *reterr)
{
    if (isnan(seconds))
        return waldo_error_set(reterr, WALDO_EVALUE, "the timeout is not a number");
    *patience = waldo__endless;
    if (seconds <= 0)
        patience->deadline = 0;
    else if (seconds < 1e9) /* 31 years; beyond, there is none */
        patience->deadline = now() + (int64_t)(seconds * NANOSECONDS);
    return 0;
}

waldo__woken waldo__futex_wait(const volatile void *word, uint32_t expected,
                               waldo__patience *patience)
{
    if (patience->deadline == 0)
        return WALDO__TIMED_OUT;
    int64_t start = now();
    if (start >= patience->deadline)
        return WALDO__TIMED_OUT;
    int64_t until = start + patience->slice;
    if (until > patience->deadline)
        until = patience->deadline;
    const struct timespec time = {until / NANOSECONDS, until % NANOSECONDS};
    long status =
        syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, &time, NULL, FUTEX_BITSET_MATCH_ANY);
    if (status == 0 || errno != ETIMEDOUT)
        return WALDO__LOOK;
    patience->slice *= 2;
    if (patience->slice > LAST_SLICE)
        patience->slice = LAST_SLICE;
    return WALDO__SLICE_OVER;
}

int waldo__futex_wake(const volatile void *word, int count)
{
    return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

void waldo__spin(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

int waldo__spins(void)
{
    static int known = -1;
    int spins = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (spins < 0) {
        spins = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 200 : 0;
        __atomic_store_n(&known, spins, __ATOMIC_RELAXED);
    }
    return spins;
}
