/* How long a thread looks for what it waits for before it sleeps.
 *
 * A wake-up costs more than a short wait, so a short wait is better spent looking. Looking in vain
 * takes a processor from somebody else, and it may be the very one that is waited for: two that
 * share a processor never find anything by looking. So one goes on looking as long as that finds
 * something; when it did not, the next waits are slept through, twice as many each time, before it
 * is tried again. With a single processor it never is. */
#ifndef WALDO_RUNTIME_ENGINE_SHM_SPINNING_H
#define WALDO_RUNTIME_ENGINE_SHM_SPINNING_H

#include <stdint.h>

/* Nanoseconds that one wait may look. */
#ifndef WALDO__SPIN_NS
#define WALDO__SPIN_NS 50000u
#endif

/* Zero at first. */
typedef struct waldo__spinning {
    uint32_t slept_through; /* waits to come that do not look */
    uint32_t penalty;       /* how many it will be after the next look in vain */
} waldo__spinning;

/* A wait begins: nanoseconds that it may look, perhaps none. */
uint64_t waldo__spinning_begin(waldo__spinning *spinning);
/* It has looked, and found what it waited for. */
void waldo__spinning_found(waldo__spinning *spinning);
/* It has looked in vain. */
void waldo__spinning_failed(waldo__spinning *spinning);

#endif
