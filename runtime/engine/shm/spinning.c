#include "engine/shm/spinning.h"

#include <sched.h>
#include <stdatomic.h>

#define MOST_SLEPT_THROUGH 256

/* What this process may run on, counted once. */
static int processors(void)
{
    static atomic_int known;
    int count = atomic_load_explicit(&known, memory_order_relaxed);

    if (count == 0) {
        cpu_set_t set;
        /* Of more processors than fit into the set there is surely more than one. */
        count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 2;
        atomic_store_explicit(&known, count, memory_order_relaxed);
    }
    return count;
}

uint64_t waldo__spinning_begin(waldo__spinning *spinning)
{
    if (spinning->slept_through == 0)
        return processors() > 1 ? WALDO__SPIN_NS : 0;
    spinning->slept_through--;
    return 0;
}

void waldo__spinning_found(waldo__spinning *spinning)
{
    spinning->penalty = 0;
}

void waldo__spinning_failed(waldo__spinning *spinning)
{
    uint32_t penalty = spinning->penalty > 0 ? 2 * spinning->penalty : 1;

    spinning->penalty = penalty < MOST_SLEPT_THROUGH ? penalty : MOST_SLEPT_THROUGH;
    spinning->slept_through = spinning->penalty;
}
