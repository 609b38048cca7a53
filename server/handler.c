/* What a handler may do with its call (waldo/service.h). */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ahead.h"
#include "call.h"
#include "engine/deadline.h"
#include "error_internal.h"
#include "server_internal.h"
#include "value/convert.h"
#include "value/message.h"

void *waldo_call_alloc(waldo_call *call, size_t size)
{
    void *memory = waldo__arena_alloc(&call->arena, size);
    if (memory)
        memset(memory, 0, size);
    return memory;
}

char *waldo_call_strdup(waldo_call *call, const char *text)
{
    return waldo__arena_strdup(&call->arena, text);
}

ProtobufCAllocator *waldo_call_allocator(waldo_call *call)
{
    return &call->arena.allocator;
}

/* Bytes that are many stay where they are: the call keeps their value until it has packed them. */
static bool lend(waldo_call *call, Waldo__Value *result, waldo_value *value)
{
    if (call->lent || !waldo__value_lend(value, result))
        return false;
    call->lent = value;
    return true;
}

ProtobufCBinaryData waldo__call_lent(const waldo_call *call)
{
    ProtobufCBinaryData bytes = {0};
    const uint8_t *data = NULL;
    if (call->lent && !call->batch &&
        waldo_value_get_bytes(call->lent, &data, &bytes.len, NULL) >= 0)
        bytes.data = (uint8_t *)data;
    return bytes;
}

int waldo_call_set_value(waldo_call *call, Waldo__Value *result, waldo_value *value)
{
    Waldo__Value *message = NULL;
    waldo_error error;
    int status;
    if (value && lend(call, result, value))
        return 0;
    if (!value)
        status = waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    else if ((status = waldo_value_to_message(value, &call->arena.allocator, &message, &error)) < 0)
        waldo__call_raise_error(call, &error);
    else
        *result = *message;
    waldo_value_unref(value);
    return status;
}

/* Most calls raise nothing, and many wait: room for an error is made when there is one. */
static bool has_error(waldo_call *call)
{
    if (!call->error)
        call->error = calloc(1, sizeof *call->error);
    return call->error != NULL;
}

static void set_error(waldo_call *call, int code, const char *type_name, const char *format,
                      va_list arguments)
{
    if (has_error(call))
        waldo__error_vset(call->error, code, type_name, format, arguments);
}

int waldo__call_raise_error(waldo_call *call, const waldo_error *error)
{
    if (error && has_error(call))
        *call->error = *error;
    return error ? error->code : 0;
}

int waldo_call_raise(waldo_call *call, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(call, code, waldo_error_type(code), format, arguments);
    va_end(arguments);
    return code;
}

int waldo_call_raise_type(waldo_call *call, int code, const char *type_name, const char *format,
                          ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(call, code, type_name, format, arguments);
    va_end(arguments);
    return code;
}

const uint8_t *waldo_call_session(const waldo_call *call)
{
    return call->session->id;
}

uint64_t waldo_call_thread(const waldo_call *call)
{
    return call->request->thread;
}

double waldo_call_remaining(const waldo_call *call)
{
    uint64_t left = waldo__deadline_left(call->deadline);
    return left == UINT64_MAX ? WALDO_FOREVER : (double)left / 1e9;
}

bool waldo_call_cancelled(waldo_call *call)
{
    return atomic_load(&call->cancelled);
}

int waldo_call_defer(waldo_call *call)
{
    if (call->kept)
        return waldo_call_raise(call, WALDO_ERUNTIME, "the call was deferred before");
    if (call->is_step)
        return waldo_call_raise(call, WALDO_ERUNTIME, "a step of a transaction cannot wait");
    if (!waldo__limit_take(&call->server->limits, WALDO_LIMIT_PARKED))
        return waldo__limit_raise(call, WALDO_LIMIT_PARKED);
    waldo__call_ref(call);
    call->kept = true;
    atomic_store(&call->deferred, true);
    return WALDO_DEFERRED;
}

bool waldo__call_hear_cancel(waldo_call *call, void (*on_cancel)(waldo_call *call, void *data),
                             void *data)
{
    waldo__server_lock(call->server);
    bool late = atomic_load(&call->cancelled);
    if (!late) {
        atomic_store(&call->listens, true);
        call->on_cancel = on_cancel;
        call->on_cancel_data = data;
    }
    waldo__server_unlock(call->server);
    return !late;
}

void waldo_call_on_cancel(waldo_call *call, void (*on_cancel)(waldo_call *call, void *data),
                          void *data)
{
    if (!waldo__call_hear_cancel(call, on_cancel, data))
        on_cancel(call, data);
}

void waldo_call_on_lost(waldo_call *call, void (*on_lost)(void *self, void *data),
                        void (*release)(void *data), void *data)
{
    call->on_lost = on_lost;
    call->release_lost = release;
    call->lost_data = data;
}

int waldo_call_watch_session(waldo_call *call)
{
    waldo__server_lock(call->server);
    bool watched = call->object && waldo__session_watch(call->session, call->object);
    waldo__server_unlock(call->server);
    return watched ? 0 : waldo_call_raise(call, WALDO_ECANCELLED, "the caller is gone");
}

void waldo_call_unwatch_session(waldo_call *call)
{
    waldo__server_lock(call->server);
    waldo__session_unwatch(call->session, call->object);
    waldo__server_unlock(call->server);
}

/* The reference that waldo_call_defer took. */
static void end_deferral(waldo_call *call)
{
    if (atomic_exchange(&call->deferred, false))
        waldo__call_unref(call);
}

void waldo_call_fail(waldo_call *call, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(call, code, waldo_error_type(code), format, arguments);
    va_end(arguments);
    waldo__call_answer_error(call, code);
    end_deferral(call);
}

static int return_proxy(waldo_call *call)
{
    waldo__object *object = call->exported.object;
    if (!object)
        return waldo_call_raise(call, WALDO_ERUNTIME, "the handler exported no object");
    call->exported.object = NULL;
    return waldo__call_answer_proxy(call, object);
}

static int return_dynamic(waldo_call *call, const ProtobufCMessage *result)
{
    waldo_value *value = NULL;
    waldo_error error;
    int status = 0;
    if (!result)
        value = waldo_v_none();
    else if (waldo__convert_from_message(result, &value, &error) < 0)
        status = waldo__call_raise_error(call, &error);
    if (status >= 0)
        status = value ? waldo__call_answer_value(call, value)
                       : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    waldo_value_unref(value);
    return status;
}

/* A method that gives a proxy gives nothing here: in a builtin type it is an operator that works in
 * place, and gives the object itself. */
static int keep_step_result(waldo_call *call, const ProtobufCMessage *result)
{
    waldo_error error;
    if (!result)
        call->step_result = waldo_v_none();
    else if (waldo__convert_from_message(result, &call->step_result, &error) < 0)
        return waldo__call_raise_error(call, &error);
    return call->step_result ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
}

static int return_item(waldo_call *call, const ProtobufCMessage *item)
{
    waldo__ahead items = {0};
    int status = waldo__ahead_add(&items, call, item);
    return status < 0 ? status : waldo__ahead_answer(&items, call);
}

int waldo_call_return(waldo_call *call, const ProtobufCMessage *result)
{
    if (call->is_step)
        return keep_step_result(call, result);
    int status = 0;
    if (call->method && call->method->flags & WALDO_METHOD_RETURNS_PROXY)
        status = return_proxy(call);
    else if (call->request->dynamic)
        status = return_dynamic(call, result);
    else if (waldo__ahead_is_wanted(call))
        status = return_item(call, result);
    else
        status = waldo__call_answer(call, result);
    if (status < 0) {
        waldo__call_lose(call); /* the error says nothing of what the result carries */
        waldo__call_answer_error(call, status);
    }
    end_deferral(call);
    return status;
}
