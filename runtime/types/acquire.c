#include "types/acquire.h"

#include <math.h>

#include "proxy/proxy_internal.h"
#include "waldo/builtins.pb-c.h"

int waldo__timeout_field(double timeout, Google__Protobuf__DoubleValue *message,
                         Google__Protobuf__DoubleValue **ret_field, waldo_error *reterr)
{
    int status = waldo__check_seconds(timeout, "a timeout", reterr);
    if (status < 0)
        return status;
    google__protobuf__double_value__init(message);
    message->value = timeout;
    *ret_field = isinf(timeout) ? NULL : message;
    return 0;
}

int waldo__take_bool(int status, Google__Protobuf__BoolValue *result)
{
    if (status < 0)
        return status;
    int truth = result->value ? 1 : 0;
    google__protobuf__bool_value__free_unpacked(result, NULL);
    return truth;
}

int waldo__acquire(waldo_proxy *proxy, const waldo_proxy_type *type, double timeout,
                   waldo_grant *ret_grant, waldo_error *reterr)
{
    Waldo__Builtin__LockAcquire arguments = WALDO__BUILTIN__LOCK_ACQUIRE__INIT;
    Google__Protobuf__DoubleValue seconds;
    int status = waldo__timeout_field(timeout, &seconds, &arguments.timeout, reterr);
    if (status < 0)
        return status;
    ProtobufCMessage *message;
    status = waldo__proxy_invoke_waiting(proxy, type, "acquire_grant",
                                         &waldo__builtin__lock_grant__descriptor, &arguments.base,
                                         timeout, &message, reterr);
    if (status < 0)
        return status;
    const Waldo__Builtin__LockGrant *grant = (const Waldo__Builtin__LockGrant *)message;
    if (grant->acquired) {
        status = grant->owner_died ? WALDO_OWNER_DIED : 1;
        if (ret_grant)
            *ret_grant = (waldo_grant){.token = grant->token, .owner_died = grant->owner_died};
    }
    protobuf_c_message_free_unpacked(message, NULL);
    return status;
}
