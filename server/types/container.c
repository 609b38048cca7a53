#include "types/container.h"

#include <stdlib.h>

#include "call.h"

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
    cell->version = 0;
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

int waldo__cell_leave_changed(waldo__cell *cell, int status)
{
    if (status >= 0)
        cell->version++;
    waldo__cell_leave(cell);
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
    int status = waldo_value_copy(cell->value, ret_value, waldo__call_error(call));
    waldo__cell_leave(cell);
    return status;
}

int waldo__optional_argument(waldo_call *call, const Waldo__Value *message, waldo_value **ret_value)
{
    *ret_value = NULL;
    return message ? waldo_value_from_message(message, ret_value, waldo__call_error(call)) : 0;
}

int waldo__argument(waldo_call *call, const Waldo__Value *message, const char *name,
                    waldo_value **ret_value)
{
    if (!message)
        return waldo_call_raise(call, WALDO_ETYPE, "%s() missing 1 required argument: '%s'",
                                call->method ? call->method->name : "create", name);
    return waldo_value_from_message(message, ret_value, waldo__call_error(call));
}

int waldo__answer(waldo_call *call, int status, Waldo__Value *message, waldo_value *result)
{
    return status < 0 ? status : waldo_call_set_value(call, message, result);
}
