/* Waking who sleeps on a word, without a system call where nobody does. */
#ifndef WALDO_RUNTIME_MEMORY_BELL_H
#define WALDO_RUNTIME_MEMORY_BELL_H

#include <stdatomic.h>

#include "memory/futex.h"

/* Lies beside the word in shared memory: nonzero, somebody may sleep. A sleeper sets it before it
 * looks at the word for the last time; whoever is killed with it set costs the others one call. */
typedef struct waldo__bell {
    _Atomic uint32_t sleepers;
} waldo__bell;

static inline void waldo__bell_listen(waldo__bell *bell)
{
    atomic_store(&bell->sleepers, 1);
}

/* After the word was changed by a sequentially consistent operation. */
static inline void waldo__bell_ring(waldo__bell *bell, const volatile void *word, int count)
{
    if (atomic_load(&bell->sleepers) == 0)
        return;
    atomic_store(&bell->sleepers, 0);
    /* Where somebody slept there may be more. */
    if (waldo__futex_wake(word, count) > 0)
        atomic_store(&bell->sleepers, 1);
}

#endif
