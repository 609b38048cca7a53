#include "memory/robust.h"

#define SOMEBODY_WAITS WALDO__IDENTITY_SPARE_BIT

/* The half of the word that holds the number and the spare bit. */
static const volatile void *futex_of(const waldo__robust *lock)
{
    const volatile uint32_t *halves = (const volatile void *)&lock->owner;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return halves + 1;
#else
    return halves;
#endif
}

static bool replace(waldo__robust *lock, uint64_t *expected, uint64_t wanted)
{
    return atomic_compare_exchange_strong_explicit(&lock->owner, expected, wanted,
                                                   memory_order_acquire, memory_order_relaxed);
}

static uint64_t spin(waldo__robust *lock, const waldo__patience *patience)
{
    int spins = patience->deadline == 0 ? 0 : waldo__spins();
    uint64_t seen = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    while (seen && spins-- > 0) {
        waldo__spin();
        seen = atomic_load_explicit(&lock->owner, memory_order_relaxed);
    }
    return seen;
}

/* Sleeps until the word is no longer what was seen. True: time to ask whether the owner lives. */
static bool sleep_on(waldo__robust *lock, uint64_t seen, waldo__patience *patience,
                     bool *ret_timed_out)
{
    if (!(seen & SOMEBODY_WAITS) && patience->deadline != 0) {
        if (!replace(lock, &seen, seen | SOMEBODY_WAITS))
            return false;
        seen |= SOMEBODY_WAITS;
    }
    waldo__woken woken = waldo__futex_wait(futex_of(lock), (uint32_t)seen, patience);
    *ret_timed_out = woken == WALDO__TIMED_OUT;
    return woken != WALDO__LOOK;
}

int waldo__robust_take_slowly(waldo__robust *lock, waldo__identity self, waldo__patience *patience)
{
    uint64_t seen = spin(lock, patience);
    uint64_t mine = self;
    bool timed_out = false;
    for (;;) {
        if (seen == 0) {
            if (replace(lock, &seen, mine))
                return WALDO__TAKEN;
            continue;
        }
        bool ask = sleep_on(lock, seen, patience, &timed_out);
        /* From now on others may wait of whom this one does not know. */
        mine = self | SOMEBODY_WAITS;
        seen = atomic_load_explicit(&lock->owner, memory_order_relaxed);
        if (ask && seen && waldo__has_died(seen) && replace(lock, &seen, mine))
            return WALDO__TAKEN_FROM_DEAD;
        if (timed_out && seen)
            return WALDO__NOT_TAKEN;
    }
}

bool waldo__robust_give(waldo__robust *lock)
{
    uint64_t seen = atomic_exchange_explicit(&lock->owner, 0, memory_order_release);
    if (seen & SOMEBODY_WAITS)
        waldo__futex_wake(futex_of(lock), 1);
    return seen != 0;
}
