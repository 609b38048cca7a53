/* A Lock, an RLock or none, for what is built on either. */
#ifndef WALDO_RUNTIME_MEMORY_ANY_LOCK_H
#define WALDO_RUNTIME_MEMORY_ANY_LOCK_H

#include "memory/lock.h"

/* References; at most one is not NULL. */
typedef struct waldo__any_lock {
    waldo_mp_lock *lock;
    waldo_mp_rlock *rlock;
} waldo__any_lock;

void waldo__any_lock_unref(waldo__any_lock *any);
/* Without a lock acquire is 1 and release 0. */
int waldo__any_lock_acquire(const waldo__any_lock *any, double timeout, waldo_error *reterr);
int waldo__any_lock_release(const waldo__any_lock *any, waldo_error *reterr);
/* Has this thread acquired it? */
bool waldo__any_lock_is_mine(const waldo__any_lock *any);
/* As a part of an object that is reduced. */
int waldo__any_lock_reduce(const waldo__any_lock *any, waldo__reduced *ret, waldo_error *reterr);
int waldo__any_lock_rebuild(waldo__any_lock *any, const waldo__reduced *from,
                            waldo__reduced_position *position, waldo_error *reterr);

#endif
