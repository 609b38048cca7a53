/* A lock in shared memory that outlives its owner: one word that says who has it, changed by single
 * atomic operations, so that there is no instruction at which a kill could leave it half taken.
 * Zeroed memory is a free lock. What is in the word may come from a hostile process: nothing worse
 * than waiting follows from it. */
#ifndef WALDO_RUNTIME_MEMORY_ROBUST_H
#define WALDO_RUNTIME_MEMORY_ROBUST_H

#include <stdatomic.h>

#include "memory/futex.h"
#include "memory/identity.h"

typedef struct waldo__robust {
    _Alignas(8) _Atomic uint64_t owner; /* an identity, and the spare bit: somebody waits */
} waldo__robust;

enum { WALDO__NOT_TAKEN = 0, WALDO__TAKEN = 1, WALDO__TAKEN_FROM_DEAD = 2 };

/* In the name of self. Not recursive: whoever has it already waits, too. */
int waldo__robust_take_slowly(waldo__robust *lock, waldo__identity self, waldo__patience *patience);
/* Whoever has it. False: nobody had. */
bool waldo__robust_give(waldo__robust *lock);

static inline int waldo__robust_take(waldo__robust *lock, waldo__identity self,
                                     waldo__patience *patience)
{
    uint64_t nobody = 0;
    if (atomic_compare_exchange_strong_explicit(&lock->owner, &nobody, self, memory_order_acquire,
                                                memory_order_relaxed))
        return WALDO__TAKEN;
    return waldo__robust_take_slowly(lock, self, patience);
}

/* Waits as long as it takes: for locks that are held for moments. True: the owner before died. */
static inline bool waldo__robust_enter(waldo__robust *lock)
{
    waldo__patience patience = waldo__endless;
    return waldo__robust_take(lock, waldo__this_process(), &patience) == WALDO__TAKEN_FROM_DEAD;
}

static inline waldo__identity waldo__robust_owner(const waldo__robust *lock)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) & ~WALDO__IDENTITY_SPARE_BIT;
}

#endif
