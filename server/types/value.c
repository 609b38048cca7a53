/* Value: one value of any kind, with a typecode that nobody enforces (row H9). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "holds.h"
#include "server_internal.h"
#include "types/builtins.h"
#include "types/container.h"
#include "value/keeper.h"
#include "value/reference.h"

struct shared_value {
    waldo__cell cell;
    char *typecode;
    waldo_value *lock; /* a proxy, which keeps it; NULL until somebody asks. Guarded by the cell */
};

static void destroy(void *self)
{
    struct shared_value *shared = self;
    waldo__cell_finish(&shared->cell);
    waldo_value_unref(shared->lock);
    free(shared->typecode);
    free(shared);
}

static int create(void *type_data, waldo_call *call,
                  const Waldo__Builtin__ValueArguments *arguments, void **ret_self)
{
    (void)type_data;
    waldo_value *value;
    int status = waldo__argument(call, arguments->value, "value", &value);
    if (status < 0)
        return status;
    struct shared_value *shared = calloc(1, sizeof *shared);
    char *typecode = strdup(arguments->typecode);
    if (shared && typecode)
        status = waldo__cell_init(&shared->cell, call, value);
    else
        status = waldo_call_raise(call, WALDO_ENOMEM, "no memory for a Value");
    if (!shared || !typecode)
        waldo_value_unref(value);
    if (status < 0) {
        free(shared);
        free(typecode);
        return status;
    }
    shared->typecode = typecode;
    *ret_self = shared;
    return 0;
}

static int get(void *self, waldo_call *call, Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    waldo_value *value = waldo_value_ref(cell->value);
    waldo__cell_leave(cell);
    return waldo_call_set_value(call, result, value);
}

static int set(void *self, waldo_call *call, const Waldo__Builtin__ValueItem *arguments)
{
    waldo__cell *cell = self;
    waldo_value *value;
    int status = waldo__argument(call, arguments->value, "value", &value);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    waldo__cell_replace(cell, value);
    return waldo__cell_leave_changed(cell, 0);
}

static int fetch_add(void *self, waldo_call *call, const Waldo__Builtin__ValueItem *arguments,
                     Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo_value *increment;
    waldo_value *sum;
    waldo_value *before = NULL;
    int status = waldo__argument(call, arguments->value, "value", &increment);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_add(cell->value, increment, &sum, call->reterr);
    if (status >= 0) {
        before = waldo_value_ref(cell->value);
        waldo__cell_replace(cell, sum);
    }
    status = waldo__cell_leave_changed(cell, status);
    waldo_value_unref(increment);
    return waldo__answer(call, status, result, before);
}

static int exchange(void *self, waldo_call *call, const Waldo__Builtin__ValueItem *arguments,
                    Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo_value *value;
    int status = waldo__argument(call, arguments->value, "value", &value);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    waldo_value *before = waldo_value_ref(cell->value);
    waldo__cell_replace(cell, value);
    status = waldo__cell_leave_changed(cell, 0);
    return waldo__answer(call, status, result, before);
}

static int compare_and_set(void *self, waldo_call *call,
                           const Waldo__Builtin__ValueExchange *arguments,
                           Google__Protobuf__BoolValue *result)
{
    waldo__cell *cell = self;
    waldo_value *expected;
    waldo_value *desired;
    int status = waldo__argument(call, arguments->expected, "expected", &expected);
    if (status < 0)
        return status;
    status = waldo__argument(call, arguments->desired, "desired", &desired);
    if (status >= 0) {
        waldo__cell_enter(cell);
        status = waldo_value_equal(cell->value, expected, call->reterr);
        if (status == 1) {
            waldo__cell_replace(cell, waldo_value_ref(desired));
            cell->version++;
        }
        waldo__cell_leave(cell);
        waldo_value_unref(desired);
    }
    waldo_value_unref(expected);
    result->value = status == 1;
    return status < 0 ? status : 0;
}

/* The proxy by which the value keeps the lock that was just made. NULL: out of memory. */
static waldo_value *keep(waldo_call *call, const waldo_export *made)
{
    waldo__reference reference = {
        .incarnation = call->server->incarnation,
        .object = made->object->id,
        .type_id = made->object->type->type_id,
    };
    reference.live =
        waldo__keeper_hold(reference.incarnation, reference.object, 0, &reference.release);
    waldo_value *proxy = reference.live ? waldo__v_reference(&reference) : NULL;
    if (reference.live && !proxy)
        reference.release(reference.live);
    return proxy;
}

static int get_lock(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    struct shared_value *shared = self;
    waldo__cell_enter(&shared->cell);
    int status = 0;
    if (shared->lock) {
        const waldo__hold *hold = waldo__value_reference(shared->lock)->live;
        status = waldo_builtin_r_lock_export(ret_proxy, hold->object->self);
    } else {
        status = waldo_export_new(ret_proxy, waldo_v_none());
        if (status >= 0 && !(shared->lock = keep(call, ret_proxy)))
            status = waldo_call_raise(call, WALDO_ENOMEM, "no memory for a lock");
    }
    waldo__cell_leave(&shared->cell);
    return status;
}

/* Value('i', 1) */
static int repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    struct shared_value *shared = self;
    waldo__cell_enter(&shared->cell);
    char *value = waldo_value_repr(shared->cell.value);
    waldo__cell_leave(&shared->cell);
    waldo_value *typecode = waldo_v_str(shared->typecode);
    char *quoted = typecode ? waldo_value_repr(typecode) : NULL;
    char *text = NULL;
    if (!value || !quoted || asprintf(&text, "Value(%s, %s)", quoted, value) < 0)
        text = NULL;
    waldo_value *result = text ? waldo_v_str(text) : NULL;
    waldo_value_unref(typecode);
    free(text);
    free(quoted);
    free(value);
    if (!result)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
    *ret_text = result;
    return 0;
}

const struct waldo_builtin_value_ops waldo__value_ops = {
    .create = create,
    .get = get,
    .set = set,
    .fetch_add = fetch_add,
    .exchange = exchange,
    .compare_and_set = compare_and_set,
    .get_lock = get_lock,
    .version = waldo__cell_version,
    .wait_changed = waldo__cell_wait_changed,
    .destroy = destroy,
    .repr = repr,
};
