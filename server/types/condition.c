/* Condition: waiting with a lock released meanwhile (rows F9 to F14).
 *
 * A call that waits stands among the condition's waiters, then, notified or timed out, among those
 * of the lock, and is completed when it has that. A notification that does not arrive goes on to
 * the next one. */
#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "planted.h"
#include "server_internal.h"
#include "types/builtins.h"
#include "types/lock.h"
#include "value/reference.h"

struct condition {
    waldo__lock *lock;
    waldo__lock own;     /* where no other was given */
    waldo_value *shared; /* keeps the other one's object; or NULL */
    waldo__waiters waiters;
};

/* ---- life ---- */

static bool is_lock(const waldo__object *object)
{
    const waldo_service *service = object->type->service;
    return service == &waldo_builtin_lock_service || service == &waldo_builtin_r_lock_service;
}

/* value, which is kept, names the lock's object and keeps it alive. */
static int find_lock(waldo_call *call, const waldo_value *value, waldo__lock **ret_lock)
{
    const waldo__reference *reference = waldo__value_reference(value);
    if (!reference)
        return waldo_call_raise(call, WALDO_EATTRIBUTE, "'%s' object has no attribute 'acquire'",
                                waldo_value_type_name(value));
    waldo_server *server = call->server;
    waldo__object *object = NULL;
    waldo__server_lock(server);
    if (reference->incarnation == server->incarnation)
        object = waldo__object_find(server, reference->object);
    waldo__lock *lock = object && is_lock(object) ? object->self : NULL;
    waldo__object *home = object ? waldo__object_root(object) : NULL;
    if (object)
        waldo__object_unpin(object);
    waldo__server_unlock(server);
    if (!object)
        return waldo_call_raise(call, WALDO_EKEY, "no object %llu",
                                (unsigned long long)reference->object);
    if (!lock)
        return waldo_call_raise(call, WALDO_ETYPE, "a Condition needs a Lock or an RLock");
    waldo__room_lock(lock->room);
    lock->home = home;
    waldo__room_unlock(lock->room);
    *ret_lock = lock;
    return 0;
}

static int share_lock(waldo_call *call, const Waldo__Value *message, struct condition *condition)
{
    waldo_error error;
    waldo_value *value;
    if (waldo_value_from_message(message, &value, &error) < 0)
        return waldo__call_raise_error(call, &error);
    if (waldo_value_kind(value) == WALDO_KIND_NONE) {
        waldo_value_unref(value);
        return 0;
    }
    condition->shared = value;
    return find_lock(call, value, &condition->lock);
}

static void destroy(void *self)
{
    struct condition *condition = self;
    if (condition->lock == &condition->own)
        waldo__lock_destroy(&condition->own);
    waldo_value_unref(condition->shared);
    free(condition);
}

static int create(void *type_data, waldo_call *call,
                  const Waldo__Builtin__ConditionArguments *arguments, void **ret_self)
{
    struct condition *condition = calloc(1, sizeof *condition);
    if (!condition)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a Condition");
    int status = arguments->lock ? share_lock(call, arguments->lock, condition) : 0;
    if (status < 0) {
        destroy(condition);
        return status;
    }
    if (!condition->lock) {
        waldo__lock_init(&condition->own, &waldo__lock_kind_rlock, type_data, 1);
        condition->lock = &condition->own;
    }
    *ret_self = condition;
    return 0;
}

static void session_ended(void *self, const uint8_t *session)
{
    waldo__lock *lock = ((struct condition *)self)->lock;
    waldo__room_lock(lock->room);
    waldo__lock_session_ended(lock, session);
    waldo__room_unlock(lock->room);
}

/* ---- waiting; with the room's lock ---- */

static void pass_on(void *data);

static void wake(struct condition *condition, waldo__acquisition *one, bool alone)
{
    one->notified = true;
    one->loan.undo = alone ? pass_on : NULL;
    one->loan.undo_data = condition;
    waldo__room_move(&one->waiter, &condition->lock->waiters, false);
}

/* Of notify(): whoever was notified never heard of it. With notify_all() all the others have. */
static void pass_on(void *data)
{
    struct condition *condition = data;
    waldo__waiter *next = waldo__room_next(&condition->waiters);
    if (next)
        wake(condition, (waldo__acquisition *)next, true);
}

static void depart(waldo__waiter *waiter, enum waldo__departure why)
{
    waldo__acquisition *one = (waldo__acquisition *)waiter;
    struct condition *condition = one->condition;
    if (why == WALDO__TIMED_OUT)
        waldo__room_move(waiter, &condition->lock->waiters, false);
    else if (one->loan.undo)
        pass_on(condition);
    waldo__lock_serve(condition->lock);
}

static int begin_wait(struct condition *condition, waldo_call *call, double seconds,
                      waldo__acquisition *one)
{
    waldo__lock *lock = condition->lock;
    if (!waldo__lock_is_held_for(lock, call))
        return waldo_call_raise(call, WALDO_ERUNTIME, "cannot wait on un-acquired lock");
    one->waiter.depart = depart;
    one->loan.lock = lock;
    one->condition = condition;
    bool waits = seconds > 0;
    int status = waldo__room_park(lock->room, waits ? &condition->waiters : &lock->waiters,
                                  &one->waiter, call, waits ? seconds : WALDO_FOREVER);
    if (status >= 0)
        waldo__lock_give_up(lock, call, &one->depth);
    return status;
}

static int handle_wait(struct condition *condition, waldo_call *call,
                       const Waldo__Builtin__ConditionWait *arguments,
                       void (*complete)(waldo__acquisition *one))
{
    double seconds;
    int status = waldo__room_seconds(call, arguments->timeout, WALDO_FOREVER, &seconds);
    if (status < 0)
        return status;
    waldo__acquisition *one = waldo_call_alloc(call, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a waiter");
    one->complete = complete;
    waldo__room_lock(condition->lock->room);
    status = begin_wait(condition, call, seconds, one);
    waldo__room_unlock(condition->lock->room);
    return status;
}

static void complete_wait(waldo__acquisition *one)
{
    Google__Protobuf__BoolValue result = GOOGLE__PROTOBUF__BOOL_VALUE__INIT;
    result.value = one->notified;
    (void)waldo_builtin_condition_wait_complete(one->waiter.call, &result);
}

static int wait(void *self, waldo_call *call, const Waldo__Builtin__ConditionWait *arguments,
                Google__Protobuf__BoolValue *result)
{
    (void)result;
    return handle_wait(self, call, arguments, complete_wait);
}

static void complete_wait_grant(waldo__acquisition *one)
{
    Waldo__Builtin__ConditionGrant result = WALDO__BUILTIN__CONDITION_GRANT__INIT;
    result.notified = one->notified;
    result.owner_died = one->loan.owner_died;
    result.token = one->loan.token;
    (void)waldo_builtin_condition_wait_grant_complete(one->waiter.call, &result);
}

static int wait_grant(void *self, waldo_call *call, const Waldo__Builtin__ConditionWait *arguments,
                      Waldo__Builtin__ConditionGrant *result)
{
    (void)result;
    return handle_wait(self, call, arguments, complete_wait_grant);
}

/* ---- notifying ---- */

static int wake_some(struct condition *condition, waldo_call *call, int64_t count, bool alone)
{
    waldo__lock *lock = condition->lock;
    int status = 0;
    waldo__room_lock(lock->room);
    if (!waldo__lock_is_held_for(lock, call))
        status = waldo_call_raise(call, WALDO_ERUNTIME, "cannot notify on un-acquired lock");
    for (; status == 0 && count > 0; count--) {
        waldo__waiter *waiter = waldo__room_next(&condition->waiters);
        if (!waiter)
            break;
        wake(condition, (waldo__acquisition *)waiter, alone);
    }
    waldo__room_unlock(lock->room);
    return status;
}

static int notify(void *self, waldo_call *call, const Waldo__Builtin__ConditionNotify *arguments)
{
    int64_t count = arguments->n ? arguments->n->value : 1;
    return wake_some(self, call, count + waldo__planted(WALDO__PLANTED_WAKE_TWO), true);
}

static int notify_all(void *self, waldo_call *call)
{
    return wake_some(self, call, INT64_MAX, false);
}

/* ---- the lock's methods ---- */

static int acquire(void *self, waldo_call *call, const Waldo__Builtin__LockAcquire *arguments,
                   Google__Protobuf__BoolValue *result)
{
    return waldo__lock_handle_acquire(((struct condition *)self)->lock, call, arguments, result);
}

static int acquire_grant(void *self, waldo_call *call, const Waldo__Builtin__LockAcquire *arguments,
                         Waldo__Builtin__LockGrant *result)
{
    return waldo__lock_handle_acquire_grant(((struct condition *)self)->lock, call, arguments,
                                            result);
}

static int release(void *self, waldo_call *call)
{
    return waldo__lock_handle_release(((struct condition *)self)->lock, call);
}

static int locked(void *self, waldo_call *call, Google__Protobuf__BoolValue *result)
{
    return waldo__lock_handle_locked(((struct condition *)self)->lock, call, result);
}

/* <Condition(<unlocked RLock object>, 0)> */
static int repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    struct condition *condition = self;
    waldo__room *room = condition->lock->room;
    char lock[128], text[192];
    waldo__room_lock(room);
    waldo__lock_describe(condition->lock, lock, sizeof lock);
    snprintf(text, sizeof text, "<Condition(%s, %zu)>", lock, condition->waiters.count);
    waldo__room_unlock(room);
    *ret_text = waldo_v_str(text);
    return *ret_text ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
}

const struct waldo_builtin_condition_ops waldo__condition_ops = {
    .create = create,
    .acquire = acquire,
    .acquire_grant = acquire_grant,
    .release = release,
    .locked = locked,
    .wait = wait,
    .wait_grant = wait_grant,
    .notify = notify,
    .notify_all = notify_all,
    .destroy = destroy,
    .repr = repr,
    .session_ended = session_ended,
};
