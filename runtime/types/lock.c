#include <waldo/lock.h>

#include "types/acquire.h"
#include "waldo/builtins.proxy.h"

int waldo_lock_new(waldo_manager *manager, waldo_lock **ret_lock, waldo_error *reterr)
{
    return waldo_builtin_lock_new(manager, ret_lock, reterr);
}

int waldo_rlock_new(waldo_manager *manager, waldo_rlock **ret_rlock, waldo_error *reterr)
{
    return waldo_builtin_r_lock_new(manager, ret_rlock, reterr);
}

WALDO__DEFINE_HANDLE(lock, lock, lock)
WALDO__DEFINE_ACQUIRE(lock, lock)
WALDO__DEFINE_HANDLE(rlock, r_lock, rlock)
WALDO__DEFINE_ACQUIRE(rlock, r_lock)
