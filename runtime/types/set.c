/* set for C programs: one function for what one can do with it, over the generated proxy. */
#include <waldo/set.h>

#include "types/arguments.h"
#include "types/change.h"
#include "types/handle.h"
#include "types/results.h"
#include "waldo/builtins.proxy.h"

/* ---- the object ---- */

int waldo_set_new(waldo_manager *manager, waldo_set **ret_set, waldo_error *reterr)
{
    return waldo_builtin_set_new(manager, NULL, ret_set, reterr);
}

int waldo_set_new_from(waldo_manager *manager, waldo_value *items, waldo_set **ret_set,
                       waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__SetArguments message = WALDO__BUILTIN__SET_ARGUMENTS__INIT;
    message.iterable = waldo__arguments_add(&arguments, items);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_set_new(manager, &message, ret_set, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

WALDO__DEFINE_HANDLE(set, set, set)

/* ---- Items ---- */

typedef int change_call(waldo_set *set, const Waldo__Builtin__SetObject *arguments,
                        waldo_error *reterr);
typedef int question_call(waldo_set *set, const Waldo__Builtin__SetObject *arguments,
                          Google__Protobuf__BoolValue **ret_result, waldo_error *reterr);

/* TAKES object. */
static int change_by(waldo_set *set, change_call *call, waldo_value *object, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__SetObject message = WALDO__BUILTIN__SET_OBJECT__INIT;
    message.object = waldo__arguments_add(&arguments, object);
    int status = arguments.status;
    if (status >= 0)
        status = call(set, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

/* TAKES object. 1 or 0. */
static int ask_about(waldo_set *set, question_call *call, waldo_value *object, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__SetObject message = WALDO__BUILTIN__SET_OBJECT__INIT;
    message.object = waldo__arguments_add(&arguments, object);
    Google__Protobuf__BoolValue *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = call(set, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_truth(status, result);
}

int waldo_set_add(waldo_set *set, waldo_value *item, waldo_error *reterr)
{
    return change_by(set, waldo_builtin_set_add, item, reterr);
}

int waldo_set_remove(waldo_set *set, waldo_value *item, waldo_error *reterr)
{
    return change_by(set, waldo_builtin_set_remove, item, reterr);
}

int waldo_set_discard(waldo_set *set, waldo_value *item, waldo_error *reterr)
{
    return change_by(set, waldo_builtin_set_discard, item, reterr);
}

int waldo_set_pop(waldo_set *set, waldo_value **ret_item, waldo_error *reterr)
{
    Waldo__Value *result = NULL;
    int status = waldo_builtin_set_pop(set, &result, reterr);
    return waldo__take_value(status, result, ret_item, reterr);
}

int waldo_set_contains(waldo_set *set, waldo_value *item, waldo_error *reterr)
{
    return ask_about(set, waldo_builtin_set___contains__, item, reterr);
}

int waldo_set_length(waldo_set *set, size_t *ret_length, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result = NULL;
    int status = waldo_builtin_set___len__(set, &result, reterr);
    return waldo__take_size(status, result, ret_length);
}

int waldo_set_clear(waldo_set *set, waldo_error *reterr)
{
    return waldo_builtin_set_clear(set, reterr);
}

int waldo_set_copy(waldo_set *set, waldo_value **ret_copy, waldo_error *reterr)
{
    Waldo__Value *result = NULL;
    int status = waldo_builtin_set_copy(set, &result, reterr);
    return waldo__take_value(status, result, ret_copy, reterr);
}

/* ---- Algebra ---- */

typedef int others_call(waldo_set *set, const Waldo__Builtin__SetOthers *arguments,
                        Waldo__Value **ret_result, waldo_error *reterr);
typedef int others_update(waldo_set *set, const Waldo__Builtin__SetOthers *arguments,
                          waldo_error *reterr);

int waldo_set_combine(waldo_set *set, waldo_set_operation operation, waldo_value *items,
                      waldo_value **ret_set, waldo_error *reterr)
{
    static others_call *const calls[] = {
        [WALDO_SET_UNION] = waldo_builtin_set_union_,
        [WALDO_SET_INTERSECTION] = waldo_builtin_set_intersection,
        [WALDO_SET_DIFFERENCE] = waldo_builtin_set_difference,
    };
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Value *other = waldo__arguments_add(&arguments, items);
    Waldo__Builtin__SetObject one = WALDO__BUILTIN__SET_OBJECT__INIT;
    one.object = other;
    Waldo__Builtin__SetOthers others = WALDO__BUILTIN__SET_OTHERS__INIT;
    others.others = &other;
    others.n_others = 1;
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0 && operation == WALDO_SET_SYMMETRIC_DIFFERENCE)
        status = waldo_builtin_set_symmetric_difference(set, &one, &result, reterr);
    else if (status >= 0)
        status = calls[operation](set, &others, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_set, reterr);
}

int waldo_set_update(waldo_set *set, waldo_set_operation operation, waldo_value *items,
                     waldo_error *reterr)
{
    static others_update *const calls[] = {
        [WALDO_SET_UNION] = waldo_builtin_set_update,
        [WALDO_SET_INTERSECTION] = waldo_builtin_set_intersection_update,
        [WALDO_SET_DIFFERENCE] = waldo_builtin_set_difference_update,
    };
    if (operation == WALDO_SET_SYMMETRIC_DIFFERENCE)
        return change_by(set, waldo_builtin_set_symmetric_difference_update, items, reterr);
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Value *other = waldo__arguments_add(&arguments, items);
    Waldo__Builtin__SetOthers others = WALDO__BUILTIN__SET_OTHERS__INIT;
    others.others = &other;
    others.n_others = 1;
    int status = arguments.status;
    if (status >= 0)
        status = calls[operation](set, &others, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_set_is_disjoint(waldo_set *set, waldo_value *items, waldo_error *reterr)
{
    return ask_about(set, waldo_builtin_set_isdisjoint, items, reterr);
}

int waldo_set_is_subset(waldo_set *set, waldo_value *items, waldo_error *reterr)
{
    return ask_about(set, waldo_builtin_set_issubset, items, reterr);
}

int waldo_set_is_superset(waldo_set *set, waldo_value *items, waldo_error *reterr)
{
    return ask_about(set, waldo_builtin_set_issuperset, items, reterr);
}

/* ---- Changes ---- */

int waldo_set_version(waldo_set *set, uint64_t *ret_version, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result = NULL;
    int status = waldo_builtin_set_version(set, &result, reterr);
    return waldo__take_uint64(status, result, ret_version);
}

int waldo_set_wait_changed(waldo_set *set, uint64_t since, double timeout, uint64_t *ret_version,
                           waldo_error *reterr)
{
    return waldo__wait_changed(waldo_set_proxy(set), &waldo_builtin_set_type, since, timeout,
                               ret_version, reterr);
}
