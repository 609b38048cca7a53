#include "types/change.h"

#include <math.h>

#include "proxy/proxy_internal.h"
#include "waldo/builtins.pb-c.h"

int waldo__take_uint64(int status, Google__Protobuf__UInt64Value *message, uint64_t *ret_number)
{
    if (status < 0)
        return status;
    *ret_number = message->value;
    google__protobuf__uint64_value__free_unpacked(message, NULL);
    return status;
}

int waldo__wait_changed(waldo_proxy *proxy, const waldo_proxy_type *type, uint64_t since,
                        double timeout, uint64_t *ret_version, waldo_error *reterr)
{
    if (isnan(timeout) || timeout < 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "a timeout must be a number of seconds");
    Waldo__Builtin__ChangeArguments message = WALDO__BUILTIN__CHANGE_ARGUMENTS__INIT;
    Waldo__Value seconds = WALDO__VALUE__INIT;
    seconds.kind_case = WALDO__VALUE__KIND_REAL;
    seconds.real = timeout;
    message.since = since;
    message.timeout = isinf(timeout) ? NULL : &seconds;
    ProtobufCMessage *result;
    int status = waldo__proxy_invoke_waiting(proxy, type, "wait_changed",
                                             &google__protobuf__uint64_value__descriptor,
                                             &message.base, timeout, &result, reterr);
    uint64_t version = 0;
    status = waldo__take_uint64(status, (Google__Protobuf__UInt64Value *)result, &version);
    if (status < 0 || version == 0)
        return status;
    *ret_version = version;
    return 1;
}
