#include "memory/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory/classes.h"

const waldo__shape waldo__rlock_shape = {
    .tag = WALDO__TAG('R', 'L', 'C', 'K'),
    .object_size = sizeof(waldo_mp_rlock),
    .state_size = sizeof(waldo__rlock_state),
};

WALDO__SHARED_TYPE(rlock, "RLock", &waldo__rlock_shape);

static waldo__rlock_state *state_of(const waldo_mp_rlock *rlock)
{
    return waldo__shared_state(&rlock->shared);
}

int waldo_mp_rlock_new(waldo_mp_rlock **ret_rlock, waldo_error *reterr)
{
    return waldo__shared_new(&waldo__rlock_shape, 0, ret_rlock, reterr);
}

bool waldo__rlock_is_mine(const waldo_mp_rlock *rlock)
{
    return waldo__robust_owner(&state_of(rlock)->owner) == waldo__this_thread();
}

static int acquire_again(waldo__rlock_state *state, waldo_error *reterr)
{
    uint32_t count = atomic_load_explicit(&state->count, memory_order_relaxed);
    if (count == UINT32_MAX)
        return waldo_error_set(reterr, WALDO_EOVERFLOW, "acquired too many times");
    atomic_store_explicit(&state->count, count + 1, memory_order_relaxed);
    return 1;
}

int waldo_mp_rlock_acquire(waldo_mp_rlock *rlock, double timeout, waldo_error *reterr)
{
    waldo__rlock_state *state = state_of(rlock);
    waldo__identity self = waldo__this_thread();
    if (waldo__robust_owner(&state->owner) == self)
        return acquire_again(state, reterr);
    waldo__patience patience;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status < 0)
        return status;
    int taken = waldo__robust_take(&state->owner, self, &patience);
    if (taken != WALDO__NOT_TAKEN)
        atomic_store_explicit(&state->count, 1, memory_order_relaxed);
    return taken == WALDO__TAKEN_FROM_DEAD ? WALDO_OWNER_DIED : taken;
}

int waldo_mp_rlock_release(waldo_mp_rlock *rlock, waldo_error *reterr)
{
    waldo__rlock_state *state = state_of(rlock);
    if (waldo__robust_owner(&state->owner) != waldo__this_thread())
        return waldo_error_set(reterr, WALDO_EASSERTION,
                               "attempt to release recursive lock not owned by thread");
    uint32_t count = atomic_load_explicit(&state->count, memory_order_relaxed);
    if (count > 1)
        atomic_store_explicit(&state->count, count - 1, memory_order_relaxed);
    else
        waldo__robust_give(&state->owner);
    return 0;
}

bool waldo_mp_rlock_locked(const waldo_mp_rlock *rlock)
{
    return waldo__robust_owner(&state_of(rlock)->owner) != 0;
}

char *waldo_mp_rlock_repr(const waldo_mp_rlock *rlock)
{
    const waldo__rlock_state *state = state_of(rlock);
    const uint32_t number_bits = (uint32_t)(WALDO__IDENTITY_SPARE_BIT - 1);
    waldo__identity owner = waldo__robust_owner(&state->owner);
    uint32_t thread = (uint32_t)owner & number_bits;
    uint32_t count = owner ? atomic_load_explicit(&state->count, memory_order_relaxed) : 0;
    /* A thread of this process has a directory there. */
    char place[64];
    snprintf(place, sizeof place, "/proc/self/task/%u", thread);
    bool here = owner && access(place, F_OK) == 0;
    char text[128];
    char *repr = NULL;
    waldo__owner_text(here ? waldo__this_process() : owner, thread, text, sizeof text);
    return asprintf(&repr, "<RLock(%s, %u)>", text, count) < 0 ? NULL : repr;
}
