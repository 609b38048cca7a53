#include <waldo/condition.h>

#include <math.h>

#include "engine/deadline.h"
#include "proxy/proxy_internal.h"
#include "types/acquire.h"
#include "waldo/builtins.proxy.h"

int waldo_condition_new(waldo_manager *manager, waldo_proxy *lock, waldo_condition **ret_condition,
                        waldo_error *reterr)
{
    Waldo__Ref reference = WALDO__REF__INIT;
    Waldo__Value value = WALDO__VALUE__INIT;
    Waldo__Builtin__ConditionArguments arguments = WALDO__BUILTIN__CONDITION_ARGUMENTS__INIT;
    if (lock) {
        reference.incarnation = lock->incarnation;
        reference.object = lock->object;
        reference.typeid_ = (char *)waldo_proxy_typeid(lock);
        value.kind_case = WALDO__VALUE__KIND_REF;
        value.ref = &reference;
        arguments.lock = &value;
    }
    return waldo_builtin_condition_new(manager, &arguments, ret_condition, reterr);
}

WALDO__DEFINE_HANDLE(condition, condition, condition)
WALDO__DEFINE_ACQUIRE(condition, condition)

int waldo_condition_wait_grant(waldo_condition *condition, double timeout, waldo_grant *ret_grant,
                               waldo_error *reterr)
{
    Waldo__Builtin__ConditionWait arguments = WALDO__BUILTIN__CONDITION_WAIT__INIT;
    Google__Protobuf__DoubleValue seconds;
    int status = waldo__timeout_field(timeout, &seconds, &arguments.timeout, reterr);
    if (status < 0)
        return status;
    /* To have the lock again may take any time. */
    ProtobufCMessage *message;
    status =
        waldo__proxy_invoke_waiting(waldo_condition_proxy(condition), &waldo_builtin_condition_type,
                                    "wait_grant", &waldo__builtin__condition_grant__descriptor,
                                    &arguments.base, WALDO_FOREVER, &message, reterr);
    if (status < 0)
        return status;
    const Waldo__Builtin__ConditionGrant *grant = (const Waldo__Builtin__ConditionGrant *)message;
    status = grant->notified ? 1 : 0;
    if (ret_grant)
        *ret_grant = (waldo_grant){.token = grant->token, .owner_died = grant->owner_died};
    protobuf_c_message_free_unpacked(message, NULL);
    return status;
}

int waldo_condition_wait(waldo_condition *condition, double timeout, waldo_error *reterr)
{
    return waldo_condition_wait_grant(condition, timeout, NULL, reterr);
}

int waldo_condition_wait_for(waldo_condition *condition, int (*predicate)(void *data), void *data,
                             double timeout, waldo_error *reterr)
{
    int status = waldo__check_seconds(timeout, "a timeout", reterr);
    if (status < 0)
        return status;
    waldo__deadline end = waldo__deadline_in(timeout);
    int truth;
    while ((truth = predicate(data)) == 0) {
        uint64_t left = waldo__deadline_left(end);
        if (left == 0)
            break;
        double seconds = left == UINT64_MAX ? WALDO_FOREVER : (double)left / 1e9;
        status = waldo_condition_wait(condition, seconds, reterr);
        if (status < 0)
            return status;
    }
    return truth;
}

int waldo_condition_notify(waldo_condition *condition, int64_t n, waldo_error *reterr)
{
    Google__Protobuf__Int64Value count = GOOGLE__PROTOBUF__INT64_VALUE__INIT;
    count.value = n;
    Waldo__Builtin__ConditionNotify arguments = WALDO__BUILTIN__CONDITION_NOTIFY__INIT;
    arguments.n = &count;
    return waldo_builtin_condition_notify(condition, &arguments, reterr);
}

int waldo_condition_notify_all(waldo_condition *condition, waldo_error *reterr)
{
    return waldo_builtin_condition_notify_all(condition, reterr);
}
