/* Sleeping until something in shared memory has changed, and waking who does, without a system call
 * where nobody sleeps:
 *
 *     for (;;) {                                    change it (sequentially consistent);
 *         uint32_t turn = waldo__bell_listen(b);    waldo__bell_ring(b, 1);
 *         if (it has changed) break;
 *         waldo__bell_wait(b, turn, &patience);
 *     }
 *
 * Whoever is killed in the middle costs the others a slice of their patience, or one needless call.
 */
#ifndef WALDO_RUNTIME_MEMORY_BELL_H
#define WALDO_RUNTIME_MEMORY_BELL_H

#include <stdatomic.h>

#include "memory/futex.h"

typedef struct waldo__bell {
    _Atomic uint32_t sleepers; /* nonzero: there may be some */
    _Atomic uint32_t turn;     /* steps when they are woken */
} waldo__bell;

static inline uint32_t waldo__bell_listen(waldo__bell *bell)
{
    atomic_store(&bell->sleepers, 1);
    return atomic_load(&bell->turn);
}

static inline waldo__woken waldo__bell_wait(waldo__bell *bell, uint32_t turn,
                                            waldo__patience *patience)
{
    return waldo__futex_wait(&bell->turn, turn, patience);
}

static inline void waldo__bell_ring(waldo__bell *bell, int count)
{
    if (atomic_load(&bell->sleepers) == 0)
        return;
    atomic_store(&bell->sleepers, 0);
    atomic_fetch_add(&bell->turn, 1);
    /* Where somebody slept there may be more. */
    if (waldo__futex_wake(&bell->turn, count) > 0)
        atomic_store(&bell->sleepers, 1);
}

#endif
