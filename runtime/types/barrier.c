#include <waldo/barrier.h>

#include <math.h>

#include <waldo/value_message.h>

#include "proxy/proxy_internal.h"
#include "types/acquire.h"
#include "waldo/builtins.proxy.h"

/* ---- life ---- */

static int create(waldo_manager *manager, int64_t parties, bool has_action, double timeout,
                  waldo_barrier **ret_barrier, waldo_error *reterr)
{
    Waldo__Builtin__BarrierArguments arguments = WALDO__BUILTIN__BARRIER_ARGUMENTS__INIT;
    Google__Protobuf__DoubleValue seconds;
    int status = waldo__timeout_field(timeout, &seconds, &arguments.timeout, reterr);
    if (status < 0)
        return status;
    Waldo__Value action = WALDO__VALUE__INIT;
    action.kind_case = WALDO__VALUE__KIND_BOOLEAN;
    action.boolean = true;
    arguments.parties = parties;
    if (has_action)
        arguments.action = &action;
    return waldo_builtin_barrier_new(manager, &arguments, ret_barrier, reterr);
}

int waldo_barrier_new(waldo_manager *manager, int64_t parties, double timeout,
                      waldo_barrier **ret_barrier, waldo_error *reterr)
{
    return create(manager, parties, false, timeout, ret_barrier, reterr);
}

int waldo_barrier_new_with_action(waldo_manager *manager, int64_t parties, double timeout,
                                  waldo_barrier **ret_barrier, waldo_error *reterr)
{
    return create(manager, parties, true, timeout, ret_barrier, reterr);
}

WALDO__DEFINE_HANDLE(barrier, barrier, barrier)

/* ---- waiting ---- */

/* A WALDO_FOREVER is said, so that it counts for more than the barrier's own timeout. */
static int call_wait(waldo_barrier *barrier, const char *method, double timeout,
                     const ProtobufCMessageDescriptor *output, ProtobufCMessage **ret_result,
                     waldo_error *reterr)
{
    Waldo__Builtin__BarrierWait arguments = WALDO__BUILTIN__BARRIER_WAIT__INIT;
    Google__Protobuf__DoubleValue seconds = GOOGLE__PROTOBUF__DOUBLE_VALUE__INIT;
    double patience = WALDO_FOREVER;
    if (timeout != WALDO_BARRIER_TIMEOUT) {
        int status = waldo__check_seconds(timeout, "a timeout", reterr);
        if (status < 0)
            return status;
        patience = seconds.value = timeout;
        arguments.timeout = &seconds;
    }
    return waldo__proxy_invoke_waiting(waldo_barrier_proxy(barrier), &waldo_builtin_barrier_type,
                                       method, output, &arguments.base, patience, ret_result,
                                       reterr);
}

int waldo_barrier_wait(waldo_barrier *barrier, double timeout, int64_t *ret_index,
                       waldo_error *reterr)
{
    ProtobufCMessage *result;
    int status = call_wait(barrier, "wait", timeout, &google__protobuf__int64_value__descriptor,
                           &result, reterr);
    if (status < 0)
        return status;
    if (ret_index)
        *ret_index = ((const Google__Protobuf__Int64Value *)result)->value;
    protobuf_c_message_free_unpacked(result, NULL);
    return 0;
}

/* Runs the action and tells the others how it went. */
static int act(waldo_barrier *barrier, int (*action)(void *data, waldo_error *reterr), void *data,
               waldo_error *reterr)
{
    Waldo__Builtin__BarrierOutcome outcome = WALDO__BUILTIN__BARRIER_OUTCOME__INIT;
    int status = action(data, reterr);
    outcome.failed = status < 0;
    int told = waldo_builtin_barrier_finish(barrier, &outcome, status < 0 ? NULL : reterr);
    return status < 0 ? status : told;
}

int waldo_barrier_wait_action(waldo_barrier *barrier,
                              int (*action)(void *data, waldo_error *reterr), void *data,
                              double timeout, int64_t *ret_index, waldo_error *reterr)
{
    ProtobufCMessage *result;
    int status = call_wait(barrier, "arrive", timeout, &waldo__builtin__barrier_place__descriptor,
                           &result, reterr);
    if (status < 0)
        return status;
    const Waldo__Builtin__BarrierPlace *place = (const Waldo__Builtin__BarrierPlace *)result;
    if (place->act)
        status = act(barrier, action, data, reterr);
    if (status >= 0 && ret_index)
        *ret_index = place->index;
    protobuf_c_message_free_unpacked(result, NULL);
    return status < 0 ? status : 0;
}

int waldo_barrier_abort(waldo_barrier *barrier, waldo_error *reterr)
{
    return waldo_builtin_barrier_abort(barrier, reterr);
}

int waldo_barrier_reset(waldo_barrier *barrier, waldo_error *reterr)
{
    return waldo_builtin_barrier_reset(barrier, reterr);
}

/* ---- attributes ---- */

static int get_attribute(waldo_barrier *barrier, char *name, Waldo__Value **ret_value,
                         waldo_error *reterr)
{
    Waldo__Builtin__BarrierAttribute attribute = WALDO__BUILTIN__BARRIER_ATTRIBUTE__INIT;
    attribute.name = name;
    return waldo_builtin_barrier___getattribute__(barrier, &attribute, ret_value, reterr);
}

static int get_number(waldo_barrier *barrier, char *name, int64_t *ret_number, waldo_error *reterr)
{
    Waldo__Value *value;
    int status = get_attribute(barrier, name, &value, reterr);
    if (status < 0)
        return status;
    *ret_number = value->integer;
    waldo__value__free_unpacked(value, NULL);
    return 0;
}

int waldo_barrier_parties(waldo_barrier *barrier, int64_t *ret_parties, waldo_error *reterr)
{
    return get_number(barrier, "parties", ret_parties, reterr);
}

int waldo_barrier_n_waiting(waldo_barrier *barrier, int64_t *ret_count, waldo_error *reterr)
{
    return get_number(barrier, "n_waiting", ret_count, reterr);
}

int waldo_barrier_broken(waldo_barrier *barrier, waldo_error *reterr)
{
    Waldo__Value *value;
    int status = get_attribute(barrier, "broken", &value, reterr);
    if (status < 0)
        return status;
    int broken = value->boolean ? 1 : 0;
    waldo__value__free_unpacked(value, NULL);
    return broken;
}
