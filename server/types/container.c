#include "types/container.h"

#include <math.h>
#include <stdlib.h>

#include "call.h"
#include "planted.h"
#include "registry.h"
#include "server_internal.h"
#include "value/message.h"

int waldo__cell_init(waldo__cell *cell, waldo_call *call, waldo_value *value)
{
    pthread_mutexattr_t recursive;
    bool ready = value && pthread_mutexattr_init(&recursive) == 0;
    if (ready) {
        pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
        ready = pthread_mutex_init(&cell->lock, &recursive) == 0;
        pthread_mutexattr_destroy(&recursive);
    }
    if (!ready) {
        waldo_value_unref(value);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a container");
    }
    cell->value = value;
    cell->version = 1;
    cell->room = call->server->registry->room;
    cell->waiters = (waldo__waiters){0};
    cell->awaited = false;
    return 0;
}

int waldo__cell_new(waldo_call *call, waldo_value *value, void **ret_self)
{
    waldo__cell *cell = malloc(sizeof *cell);
    if (!cell) {
        waldo_value_unref(value);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a container");
    }
    int status = waldo__cell_init(cell, call, value);
    if (status < 0)
        free(cell);
    else
        *ret_self = cell;
    return status;
}

void waldo__cell_finish(waldo__cell *cell)
{
    waldo_value_unref(cell->value);
    pthread_mutex_destroy(&cell->lock);
}

void waldo__cell_destroy(void *self)
{
    waldo__cell_finish(self);
    free(self);
}

void waldo__cell_enter(waldo__cell *cell)
{
    pthread_mutex_lock(&cell->lock);
}

void waldo__cell_leave(waldo__cell *cell)
{
    pthread_mutex_unlock(&cell->lock);
}

/* Those who wait for a change, to be told of this one. With the cell entered. */
static waldo__waiter *take_waiters(waldo__cell *cell)
{
    if (!cell->awaited)
        return NULL;
    cell->awaited = false;
    waldo__room_lock(cell->room);
    waldo__waiter *first = waldo__room_take_all(&cell->waiters);
    waldo__room_unlock(cell->room);
    return first;
}

static void answer_version(waldo_call *call, uint64_t version)
{
    Google__Protobuf__UInt64Value result = GOOGLE__PROTOBUF__UINT64_VALUE__INIT;
    result.value = version;
    (void)waldo_call_return(call, &result.base);
}

int waldo__cell_leave_changed(waldo__cell *cell, int status)
{
    waldo__waiter *waiter = NULL;
    if (status >= 0) {
        cell->version += !waldo__planted(WALDO__PLANTED_LOSE_CHANGE);
        waiter = take_waiters(cell);
    }
    uint64_t version = cell->version;
    waldo__cell_leave(cell);
    for (waldo__waiter *next; waiter; waiter = next) {
        next = waiter->next;
        answer_version(waiter->call, version);
    }
    return status;
}

void waldo__cell_replace(waldo__cell *cell, waldo_value *value)
{
    waldo_value *old = cell->value;
    cell->value = value;
    waldo_value_unref(old);
}

int waldo__cell_repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    char *text = waldo_value_repr(cell->value);
    waldo__cell_leave(cell);
    *ret_text = text ? waldo_v_str(text) : NULL;
    free(text);
    return *ret_text ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
}

int waldo__cell_getvalue(void *self, waldo_call *call, waldo_value **ret_value)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    int status = waldo_value_copy(cell->value, ret_value, call->reterr);
    waldo__cell_leave(cell);
    return status;
}

int waldo__cell_length(void *self, waldo_call *call, Google__Protobuf__UInt64Value *result)
{
    waldo__cell *cell = self;
    size_t length = 0;
    waldo__cell_enter(cell);
    int status = waldo_value_length(cell->value, &length, call->reterr);
    waldo__cell_leave(cell);
    result->value = length;
    return status;
}

int waldo__cell_copy(void *self, waldo_call *call, Waldo__Value *result)
{
    waldo_value *value = NULL;
    int status = waldo__cell_getvalue(self, call, &value);
    return waldo__answer(call, status, result, value);
}

/* ---- waiting for a change ---- */

int waldo__cell_version(void *self, waldo_call *call, Google__Protobuf__UInt64Value *result)
{
    (void)call;
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    result->value = cell->version;
    waldo__cell_leave(cell);
    return 0;
}

/* Seconds; absent and None: for ever, less than none: none. */
static int timeout_argument(waldo_call *call, const Waldo__Value *message, double *ret_seconds)
{
    waldo_value *value;
    int status = waldo__optional_argument(call, message, &value);
    if (status < 0)
        return status;
    double seconds = WALDO_FOREVER;
    if (value && waldo_value_kind(value) != WALDO_KIND_NONE)
        status = waldo_value_get_double(value, &seconds, call->reterr);
    if (status >= 0 && isnan(seconds))
        status = waldo_call_raise(call, WALDO_EVALUE, "a timeout that is no number");
    waldo_value_unref(value);
    if (status >= 0)
        *ret_seconds = seconds > 0 ? seconds : 0;
    return status;
}

static void depart(waldo__waiter *waiter, enum waldo__departure why)
{
    if (why == WALDO__TIMED_OUT)
        answer_version(waiter->call, 0);
}

/* With the cell entered. */
static int park(waldo__cell *cell, waldo_call *call, double timeout)
{
    waldo__waiter *waiter = waldo_call_alloc(call, sizeof *waiter);
    if (!waiter)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a waiter");
    waiter->depart = depart;
    waldo__room_lock(cell->room);
    int status = waldo__room_park(cell->room, &cell->waiters, waiter, call, timeout);
    waldo__room_unlock(cell->room);
    cell->awaited = true;
    return status;
}

int waldo__cell_wait_changed(void *self, waldo_call *call,
                             const Waldo__Builtin__ChangeArguments *arguments,
                             Google__Protobuf__UInt64Value *result)
{
    waldo__cell *cell = self;
    double timeout;
    int status = timeout_argument(call, arguments->timeout, &timeout);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    if (cell->version != arguments->since)
        result->value = cell->version;
    else if (timeout > 0)
        status = park(cell, call, timeout);
    waldo__cell_leave(cell);
    return status;
}

/* ---- arguments and results ---- */

int waldo__optional_argument(waldo_call *call, const Waldo__Value *message, waldo_value **ret_value)
{
    *ret_value = NULL;
    return message
               ? waldo__value_from_message(message, NULL, call->message, ret_value, call->reterr)
               : 0;
}

int waldo__argument(waldo_call *call, const Waldo__Value *message, const char *name,
                    waldo_value **ret_value)
{
    if (!message)
        return waldo_call_raise(call, WALDO_ETYPE, "%s() missing 1 required argument: '%s'",
                                call->method ? call->method->name : "create", name);
    return waldo__value_from_message(message, NULL, call->message, ret_value, call->reterr);
}

static bool is_integer(const waldo_value *value)
{
    waldo_kind kind = waldo_value_kind(value);
    return kind == WALDO_KIND_INT || kind == WALDO_KIND_BOOL;
}

int waldo__integer_argument(waldo_call *call, const Waldo__Value *message, const char *name,
                            int64_t *ret_number)
{
    waldo_value *value;
    int status = waldo__argument(call, message, name, &value);
    if (status < 0)
        return status;
    if (!is_integer(value))
        status =
            waldo_call_raise(call, WALDO_ETYPE, "'%s' object cannot be interpreted as an integer",
                             waldo_value_type_name(value));
    else if (waldo_value_get_int64(value, ret_number, NULL) < 0)
        status =
            waldo_call_raise(call, WALDO_EOVERFLOW, "Python int too large to convert to C ssize_t");
    waldo_value_unref(value);
    return status;
}

int waldo__bound_argument(waldo_call *call, const Waldo__Value *message, int64_t *ret_bound)
{
    waldo_value *value;
    int status = waldo__optional_argument(call, message, &value);
    if (status < 0 || !value)
        return status;
    int order = 0;
    waldo_value *zero = waldo_v(0);
    if (!is_integer(value))
        status = waldo_call_raise(call, WALDO_ETYPE,
                                  "slice indices must be integers or have an __index__ method");
    else if (!zero)
        status = waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    else if (waldo_value_get_int64(value, ret_bound, NULL) < 0 &&
             (status = waldo_value_compare(value, zero, &order, call->reterr)) >= 0)
        *ret_bound = order < 0 ? INT64_MIN : INT64_MAX;
    waldo_value_unref(zero);
    waldo_value_unref(value);
    return status;
}

int waldo__answer(waldo_call *call, int status, Waldo__Value *message, waldo_value *result)
{
    return status < 0 ? status : waldo_call_set_value(call, message, result);
}

int waldo__answer_field(waldo_call *call, waldo_value *value, Waldo__Value **ret_field)
{
    Waldo__Value *field = waldo_call_alloc(call, sizeof *field);
    if (!field) {
        waldo_value_unref(value);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a result");
    }
    waldo__value__init(field);
    *ret_field = field;
    return waldo_call_set_value(call, field, value);
}

/* ---- questions ---- */

int waldo__cell_operate(waldo__cell *cell, waldo_call *call, waldo__operation *operation,
                        const Waldo__Value *argument, const char *name, Waldo__Value *result)
{
    waldo_value *operand;
    waldo_value *value = NULL;
    int status = waldo__argument(call, argument, name, &operand);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = operation(cell->value, operand, &value, call->reterr);
    waldo__cell_leave(cell);
    waldo_value_unref(operand);
    return waldo__answer(call, status, result, value);
}

int waldo__cell_answer(waldo__cell *cell, waldo_call *call, waldo__question *question,
                       waldo_value *argument, Google__Protobuf__BoolValue *result)
{
    waldo__cell_enter(cell);
    int status = question(cell->value, argument, call->reterr);
    waldo__cell_leave(cell);
    waldo_value_unref(argument);
    result->value = status == 1;
    return status < 0 ? status : 0;
}

int waldo__cell_contains(waldo__cell *cell, waldo_call *call, waldo__question *contains,
                         const Waldo__Value *item, Google__Protobuf__BoolValue *result)
{
    waldo_value *key;
    int status = waldo__argument(call, item, "key", &key);
    return status < 0 ? status : waldo__cell_answer(cell, call, contains, key, result);
}
