#include "memory/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <waldo/mp/process.h>

#include "memory/classes.h"

const waldo__shape waldo__lock_shape = {
    .tag = WALDO__TAG('L', 'O', 'C', 'K'),
    .object_size = sizeof(waldo_mp_lock),
    .state_size = sizeof(waldo__lock_state),
};

WALDO__SHARED_TYPE(lock, "Lock", &waldo__lock_shape);

static waldo__lock_state *state_of(const waldo_mp_lock *lock)
{
    return waldo__shared_state(&lock->shared);
}

int waldo_mp_lock_new(waldo_mp_lock **ret_lock, waldo_error *reterr)
{
    return waldo__shared_new(&waldo__lock_shape, 0, ret_lock, reterr);
}

int waldo_mp_lock_acquire(waldo_mp_lock *lock, double timeout, waldo_error *reterr)
{
    waldo__lock_state *state = state_of(lock);
    waldo__patience patience = waldo__endless;
    if (timeout != WALDO_FOREVER) {
        int status = waldo__patience_init(&patience, timeout, reterr);
        if (status < 0)
            return status;
    }
    int taken = waldo__robust_take(&state->owner, waldo__this_process(), &patience);
    if (taken != WALDO__NOT_TAKEN)
        atomic_store_explicit(&state->thread, waldo__this_thread_number(), memory_order_relaxed);
    return taken == WALDO__TAKEN_FROM_DEAD ? WALDO_OWNER_DIED : taken;
}

int waldo_mp_lock_release(waldo_mp_lock *lock, waldo_error *reterr)
{
    if (!waldo__robust_give(&state_of(lock)->owner))
        return waldo_error_set(reterr, WALDO_EVALUE, "semaphore or lock released too many times");
    return 0;
}

bool waldo_mp_lock_locked(const waldo_mp_lock *lock)
{
    return waldo__robust_owner(&state_of(lock)->owner) != 0;
}

bool waldo__lock_is_mine(const waldo_mp_lock *lock)
{
    const waldo__lock_state *state = state_of(lock);
    return waldo__robust_owner(&state->owner) == waldo__this_process() &&
           atomic_load_explicit(&state->thread, memory_order_relaxed) ==
               waldo__this_thread_number();
}

void waldo__owner_text(waldo__identity process, uint32_t thread, char *text, size_t size)
{
    if (process == 0) {
        snprintf(text, size, "None");
        return;
    }
    if (process != waldo__this_process()) {
        snprintf(text, size, "SomeOtherProcess");
        return;
    }
    if (thread != waldo__this_thread_number()) {
        snprintf(text, size, "SomeOtherThread");
        return;
    }
    const char *name = waldo_mp_process_name(waldo_mp_current_process());
    if (thread == (uint32_t)getpid())
        snprintf(text, size, "%s", name);
    else
        snprintf(text, size, "%s|%u", name, thread);
}

char *waldo_mp_lock_repr(const waldo_mp_lock *lock)
{
    const waldo__lock_state *state = state_of(lock);
    char owner[128];
    char *text = NULL;
    waldo__owner_text(waldo__robust_owner(&state->owner), atomic_load(&state->thread), owner,
                      sizeof owner);
    return asprintf(&text, "<Lock(owner=%s)>", owner) < 0 ? NULL : text;
}
