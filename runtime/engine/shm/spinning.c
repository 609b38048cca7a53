#include "engine/shm/spinning.h"

#include <sched.h>
#include <stdatomic.h>

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

static uint64_t limit(void)
{
    return processors() > 1 ? WALDO__SPIN_NS : 0;
}

void waldo__spinning_init(waldo__spinning *spinning)
{
    spinning->budget = limit();
}

void waldo__spinning_learn(waldo__spinning *spinning, uint64_t waited)
{
    if (waited <= WALDO__SPIN_NS)
        spinning->budget = limit();
    else
        spinning->budget /= 4;
}
