/* Value for C programs, over the generated proxy. */
#include <waldo/shared_value.h>

#include "types/arguments.h"
#include "types/change.h"
#include "types/handle.h"
#include "types/results.h"
#include "waldo/builtins.proxy.h"

int waldo_shared_value_new(waldo_manager *manager, const char *typecode, waldo_value *value,
                           waldo_shared_value **ret_shared, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ValueArguments message = WALDO__BUILTIN__VALUE_ARGUMENTS__INIT;
    message.typecode = (char *)typecode;
    message.value = waldo__arguments_add(&arguments, value);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_value_new(manager, &message, ret_shared, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

WALDO__DEFINE_HANDLE(shared_value, value, shared)

int waldo_shared_value_get(waldo_shared_value *shared, waldo_value **ret_value, waldo_error *reterr)
{
    Waldo__Value *result = NULL;
    int status = waldo_builtin_value_get(shared, &result, reterr);
    return waldo__take_value(status, result, ret_value, reterr);
}

int waldo_shared_value_set(waldo_shared_value *shared, waldo_value *value, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ValueItem message = WALDO__BUILTIN__VALUE_ITEM__INIT;
    message.value = waldo__arguments_add(&arguments, value);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_value_set(shared, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

typedef int swap_call(waldo_shared_value *shared, const Waldo__Builtin__ValueItem *arguments,
                      Waldo__Value **ret_result, waldo_error *reterr);

/* TAKES value. */
static int swap(waldo_shared_value *shared, swap_call *call, waldo_value *value,
                waldo_value **ret_before, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ValueItem message = WALDO__BUILTIN__VALUE_ITEM__INIT;
    message.value = waldo__arguments_add(&arguments, value);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = call(shared, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_before, reterr);
}

int waldo_shared_value_fetch_add(waldo_shared_value *shared, waldo_value *value,
                                 waldo_value **ret_before, waldo_error *reterr)
{
    return swap(shared, waldo_builtin_value_fetch_add, value, ret_before, reterr);
}

int waldo_shared_value_exchange(waldo_shared_value *shared, waldo_value *value,
                                waldo_value **ret_before, waldo_error *reterr)
{
    return swap(shared, waldo_builtin_value_exchange, value, ret_before, reterr);
}

int waldo_shared_value_compare_and_set(waldo_shared_value *shared, waldo_value *expected,
                                       waldo_value *desired, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ValueExchange message = WALDO__BUILTIN__VALUE_EXCHANGE__INIT;
    message.expected = waldo__arguments_add(&arguments, expected);
    message.desired = waldo__arguments_add(&arguments, desired);
    Google__Protobuf__BoolValue *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_value_compare_and_set(shared, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_truth(status, result);
}

int waldo_shared_value_get_lock(waldo_shared_value *shared, waldo_rlock **ret_lock,
                                waldo_error *reterr)
{
    return waldo_builtin_value_get_lock(shared, ret_lock, reterr);
}

/* ---- Changes ---- */

int waldo_shared_value_version(waldo_shared_value *shared, uint64_t *ret_version,
                               waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result = NULL;
    int status = waldo_builtin_value_version(shared, &result, reterr);
    return waldo__take_uint64(status, result, ret_version);
}

int waldo_shared_value_wait_changed(waldo_shared_value *shared, uint64_t since, double timeout,
                                    uint64_t *ret_version, waldo_error *reterr)
{
    return waldo__wait_changed(waldo_shared_value_proxy(shared), &waldo_builtin_value_type, since,
                               timeout, ret_version, reterr);
}
