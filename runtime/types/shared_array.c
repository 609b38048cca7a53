/* Array for C programs, over the generated proxy. */
#include <waldo/shared_array.h>

#include "types/arguments.h"
#include "types/change.h"
#include "types/handle.h"
#include "types/results.h"
#include "waldo/builtins.proxy.h"

int waldo_shared_array_new(waldo_manager *manager, char typecode, waldo_value *items,
                           waldo_shared_array **ret_array, waldo_error *reterr)
{
    char text[] = {typecode, '\0'};
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ArrayArguments message = WALDO__BUILTIN__ARRAY_ARGUMENTS__INIT;
    message.typecode = text;
    message.sequence = waldo__arguments_add(&arguments, items);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_array_new(manager, &message, ret_array, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

WALDO__DEFINE_HANDLE(shared_array, array, array)

int waldo_shared_array_length(waldo_shared_array *array, size_t *ret_length, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result = NULL;
    int status = waldo_builtin_array___len__(array, &result, reterr);
    return waldo__take_size(status, result, ret_length);
}

/* Both TAKE the index, and the value. */

static int get_at(waldo_shared_array *array, waldo_value *index, waldo_value **ret_value,
                  waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ArrayIndex message = WALDO__BUILTIN__ARRAY_INDEX__INIT;
    message.index = waldo__arguments_add(&arguments, index);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_array___getitem__(array, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_value, reterr);
}

static int set_at(waldo_shared_array *array, waldo_value *index, waldo_value *value,
                  waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ArrayAssignment message = WALDO__BUILTIN__ARRAY_ASSIGNMENT__INIT;
    message.index = waldo__arguments_add(&arguments, index);
    message.value = waldo__arguments_add(&arguments, value);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_array___setitem__(array, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_shared_array_get(waldo_shared_array *array, int64_t index, waldo_value **ret_item,
                           waldo_error *reterr)
{
    return get_at(array, waldo_v(index), ret_item, reterr);
}

int waldo_shared_array_set(waldo_shared_array *array, int64_t index, waldo_value *item,
                           waldo_error *reterr)
{
    return set_at(array, waldo_v(index), item, reterr);
}

int waldo_shared_array_get_slice(waldo_shared_array *array, int64_t start, int64_t stop,
                                 int64_t step, waldo_value **ret_items, waldo_error *reterr)
{
    return get_at(array, waldo_v_slice(start, stop, step), ret_items, reterr);
}

int waldo_shared_array_set_slice(waldo_shared_array *array, int64_t start, int64_t stop,
                                 int64_t step, waldo_value *items, waldo_error *reterr)
{
    return set_at(array, waldo_v_slice(start, stop, step), items, reterr);
}

/* ---- Changes ---- */

int waldo_shared_array_version(waldo_shared_array *array, uint64_t *ret_version,
                               waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result = NULL;
    int status = waldo_builtin_array_version(array, &result, reterr);
    return waldo__take_uint64(status, result, ret_version);
}

int waldo_shared_array_wait_changed(waldo_shared_array *array, uint64_t since, double timeout,
                                    uint64_t *ret_version, waldo_error *reterr)
{
    return waldo__wait_changed(waldo_shared_array_proxy(array), &waldo_builtin_array_type, since,
                               timeout, ret_version, reterr);
}
