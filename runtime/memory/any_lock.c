#include "memory/any_lock.h"

enum { NONE, LOCK, RLOCK };

void waldo__any_lock_unref(waldo__any_lock *any)
{
    any->lock = waldo_mp_lock_unref(any->lock);
    any->rlock = waldo_mp_rlock_unref(any->rlock);
}

int waldo__any_lock_acquire(const waldo__any_lock *any, double timeout, waldo_error *reterr)
{
    if (any->rlock)
        return waldo_mp_rlock_acquire(any->rlock, timeout, reterr);
    return any->lock ? waldo_mp_lock_acquire(any->lock, timeout, reterr) : 1;
}

int waldo__any_lock_release(const waldo__any_lock *any, waldo_error *reterr)
{
    if (any->rlock)
        return waldo_mp_rlock_release(any->rlock, reterr);
    return any->lock ? waldo_mp_lock_release(any->lock, reterr) : 0;
}

bool waldo__any_lock_is_mine(const waldo__any_lock *any)
{
    if (any->rlock)
        return waldo__rlock_is_mine(any->rlock);
    return any->lock && waldo__lock_is_mine(any->lock);
}

int waldo__any_lock_reduce(const waldo__any_lock *any, waldo__reduced *ret, waldo_error *reterr)
{
    uint8_t kind = any->rlock ? RLOCK : any->lock ? LOCK : NONE;
    if (!waldo__reduced_put(ret, &kind, sizeof kind))
        return waldo_error_set(reterr, WALDO_ELIMIT, "a handle that is too large");
    if (any->rlock)
        return waldo__shared_reduce(&waldo__rlock_shape, &any->rlock->shared, ret, reterr);
    if (any->lock)
        return waldo__shared_reduce(&waldo__lock_shape, &any->lock->shared, ret, reterr);
    return 0;
}

int waldo__any_lock_rebuild(waldo__any_lock *any, const waldo__reduced *from,
                            waldo__reduced_position *position, waldo_error *reterr)
{
    uint8_t kind = NONE;
    bool there = waldo__reduced_get(from, position, &kind, sizeof kind);
    if (there && kind == NONE)
        return 0;
    if (there && kind == LOCK)
        return waldo__shared_rebuild(&waldo__lock_shape, from, position, &any->lock, reterr);
    if (there && kind == RLOCK)
        return waldo__shared_rebuild(&waldo__rlock_shape, from, position, &any->rlock, reterr);
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "a handle without its lock");
}
