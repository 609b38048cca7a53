#include <waldo/event.h>

#include "proxy/proxy_internal.h"
#include "types/acquire.h"
#include "waldo/builtins.proxy.h"

int waldo_event_new(waldo_manager *manager, waldo_event **ret_event, waldo_error *reterr)
{
    return waldo_builtin_event_new(manager, ret_event, reterr);
}

WALDO__DEFINE_HANDLE(event, event, event)

int waldo_event_is_set(waldo_event *event, waldo_error *reterr)
{
    Google__Protobuf__BoolValue *result = NULL;
    int status = waldo_builtin_event_is_set(event, &result, reterr);
    return waldo__take_bool(status, result);
}

int waldo_event_set(waldo_event *event, waldo_error *reterr)
{
    return waldo_builtin_event_set(event, reterr);
}

int waldo_event_clear(waldo_event *event, waldo_error *reterr)
{
    return waldo_builtin_event_clear(event, reterr);
}

int waldo_event_wait(waldo_event *event, double timeout, waldo_error *reterr)
{
    Waldo__Builtin__EventWait arguments = WALDO__BUILTIN__EVENT_WAIT__INIT;
    Google__Protobuf__DoubleValue seconds;
    int status = waldo__timeout_field(timeout, &seconds, &arguments.timeout, reterr);
    if (status < 0)
        return status;
    ProtobufCMessage *result = NULL;
    status = waldo__proxy_invoke_waiting(waldo_event_proxy(event), &waldo_builtin_event_type,
                                         "wait", &google__protobuf__bool_value__descriptor,
                                         &arguments.base, timeout, &result, reterr);
    return waldo__take_bool(status, (Google__Protobuf__BoolValue *)result);
}
