/* The handlers of Lock, RLock, Semaphore and BoundedSemaphore (rows F1 to F8, F22). */
#include <stdlib.h>

#include "types/builtins.h"
#include "types/lock.h"

/* ---- objects ---- */

static int make(waldo_call *call, const waldo__lock_kind *kind, waldo__room *room, uint64_t initial,
                void **ret_self)
{
    waldo__lock *lock = malloc(sizeof *lock);
    if (!lock)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a %s", kind->name);
    waldo__lock_init(lock, kind, room, initial);
    *ret_self = lock;
    return 0;
}

static int create_lock(void *type_data, waldo_call *call, void **ret_self)
{
    return make(call, &waldo__lock_kind_lock, type_data, 1, ret_self);
}

static int create_rlock(void *type_data, waldo_call *call, void **ret_self)
{
    return make(call, &waldo__lock_kind_rlock, type_data, 1, ret_self);
}

static int make_semaphore(waldo_call *call, const waldo__lock_kind *kind, waldo__room *room,
                          const Waldo__Builtin__SemaphoreArguments *arguments, void **ret_self)
{
    int64_t value = arguments->value ? arguments->value->value : 1;
    if (value < 0)
        return waldo_call_raise(call, WALDO_EVALUE, "semaphore initial value must be >= 0");
    return make(call, kind, room, (uint64_t)value, ret_self);
}

static int create_semaphore(void *type_data, waldo_call *call,
                            const Waldo__Builtin__SemaphoreArguments *arguments, void **ret_self)
{
    return make_semaphore(call, &waldo__lock_kind_semaphore, type_data, arguments, ret_self);
}

static int create_bounded(void *type_data, waldo_call *call,
                          const Waldo__Builtin__SemaphoreArguments *arguments, void **ret_self)
{
    return make_semaphore(call, &waldo__lock_kind_bounded, type_data, arguments, ret_self);
}

static void destroy(void *self)
{
    waldo__lock_destroy(self);
    free(self);
}

static void session_ended(void *self, const uint8_t *session)
{
    waldo__lock *lock = self;
    waldo__room_lock(lock->room);
    waldo__lock_session_ended(lock, session);
    waldo__room_unlock(lock->room);
}

static int repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    waldo__lock *lock = self;
    char text[128];
    waldo__room_lock(lock->room);
    waldo__lock_describe(lock, text, sizeof text);
    waldo__room_unlock(lock->room);
    *ret_text = waldo_v_str(text);
    return *ret_text ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
}

/* ---- methods ---- */

static int call_acquire(waldo__lock *lock, waldo_call *call,
                        const Waldo__Builtin__LockAcquire *arguments,
                        void (*complete)(waldo__acquisition *one), waldo__acquisition **ret_one)
{
    double seconds;
    int status = waldo__lock_patience(lock, call, arguments, &seconds);
    if (status < 0)
        return status;
    waldo__acquisition *one = waldo_call_alloc(call, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a waiter");
    one->complete = complete;
    *ret_one = one;
    waldo__room_lock(lock->room);
    status = waldo__lock_acquire(lock, call, seconds, one);
    waldo__room_unlock(lock->room);
    return status;
}

static void complete_acquire(waldo__acquisition *one)
{
    Google__Protobuf__BoolValue result = GOOGLE__PROTOBUF__BOOL_VALUE__INIT;
    result.value = one->acquired;
    (void)waldo_call_return(one->waiter.call, &result.base);
}

int waldo__lock_handle_acquire(void *self, waldo_call *call,
                               const Waldo__Builtin__LockAcquire *arguments,
                               Google__Protobuf__BoolValue *result)
{
    waldo__acquisition *one;
    int status = call_acquire(self, call, arguments, complete_acquire, &one);
    if (status == 0)
        result->value = one->acquired;
    return status;
}

static void fill_grant(const waldo__acquisition *one, Waldo__Builtin__LockGrant *result)
{
    result->acquired = one->acquired;
    result->owner_died = one->loan.owner_died;
    result->token = one->loan.token;
}

static void complete_acquire_grant(waldo__acquisition *one)
{
    Waldo__Builtin__LockGrant result = WALDO__BUILTIN__LOCK_GRANT__INIT;
    fill_grant(one, &result);
    (void)waldo_call_return(one->waiter.call, &result.base);
}

int waldo__lock_handle_acquire_grant(void *self, waldo_call *call,
                                     const Waldo__Builtin__LockAcquire *arguments,
                                     Waldo__Builtin__LockGrant *result)
{
    waldo__acquisition *one;
    int status = call_acquire(self, call, arguments, complete_acquire_grant, &one);
    if (status == 0)
        fill_grant(one, result);
    return status;
}

int waldo__lock_handle_release(void *self, waldo_call *call)
{
    waldo__lock *lock = self;
    waldo__room_lock(lock->room);
    int status = waldo__lock_release(lock, call);
    waldo__room_unlock(lock->room);
    return status;
}

int waldo__lock_handle_locked(void *self, waldo_call *call, Google__Protobuf__BoolValue *result)
{
    (void)call;
    waldo__lock *lock = self;
    waldo__room_lock(lock->room);
    result->value = lock->value == 0;
    waldo__room_unlock(lock->room);
    return 0;
}

/* ---- the four types ---- */

#define METHODS                                                                                    \
    .acquire = waldo__lock_handle_acquire, .acquire_grant = waldo__lock_handle_acquire_grant,      \
    .release = waldo__lock_handle_release, .locked = waldo__lock_handle_locked,                    \
    .destroy = destroy, .repr = repr, .session_ended = session_ended

const struct waldo_builtin_lock_ops waldo__lock_ops = {.create = create_lock, METHODS};
const struct waldo_builtin_r_lock_ops waldo__rlock_ops = {.create = create_rlock, METHODS};
const struct waldo_builtin_semaphore_ops waldo__semaphore_ops = {.create = create_semaphore,
                                                                 METHODS};
const struct waldo_builtin_bounded_semaphore_ops waldo__bounded_semaphore_ops = {
    .create = create_bounded, METHODS};
