/* How long a thread looks for what it waits for before it sleeps.
 *
 * A wake-up costs more than a short wait, so a short wait is spent looking; a long one spent so
 * takes a processor from somebody else, and the server that is waited for may need it. So one looks
 * where the last wait was a short one, and less and less where waits are long. Not with a single
 * processor, where nothing changes while one looks. */
#ifndef WALDO_RUNTIME_ENGINE_SHM_SPINNING_H
#define WALDO_RUNTIME_ENGINE_SHM_SPINNING_H

#include <stdint.h>

/* The longest time that is spent looking, and the longest wait that is called short, in
 * nanoseconds. */
#ifndef WALDO__SPIN_NS
#define WALDO__SPIN_NS 50000u
#endif

typedef struct waldo__spinning {
    uint64_t budget; /* nanoseconds that the next wait may look */
} waldo__spinning;

void waldo__spinning_init(waldo__spinning *spinning);
/* A wait is over that took so long, however it was spent. */
void waldo__spinning_learn(waldo__spinning *spinning, uint64_t waited);

#endif
