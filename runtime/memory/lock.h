/* The states of Lock and RLock, for conditions and the like that are built on them. */
#ifndef WALDO_RUNTIME_MEMORY_LOCK_H
#define WALDO_RUNTIME_MEMORY_LOCK_H

#include <waldo/mp/sync.h>

#include "memory/robust.h"
#include "memory/shared.h"

typedef struct waldo__lock_state {
    uint32_t tag;
    _Atomic uint32_t thread; /* that acquired it: for repr and conditions only */
    waldo__robust owner;     /* a process */
} waldo__lock_state;

typedef struct waldo__rlock_state {
    uint32_t tag;
    _Atomic uint32_t count; /* the owner's own, who alone writes it */
    waldo__robust owner;    /* a thread */
} waldo__rlock_state;

struct waldo_mp_lock {
    waldo__shared shared;
};
struct waldo_mp_rlock {
    waldo__shared shared;
};

extern const waldo__shape waldo__lock_shape;
extern const waldo__shape waldo__rlock_shape;

/* Has this thread acquired it? */
bool waldo__lock_is_mine(const waldo_mp_lock *lock);
bool waldo__rlock_is_mine(const waldo_mp_rlock *rlock);

/* "MainProcess", with "|THREAD" if it is a thread that is not the first one, "SomeOtherThread",
 * "SomeOtherProcess" or "None". thread 0: nobody knows. */
void waldo__owner_text(waldo__identity process, uint32_t thread, char *text, size_t size);

#endif
