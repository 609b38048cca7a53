#include "types/iterable.h"

#include "call.h"
#include "holds.h"
#include "server_internal.h"
#include "types/builtins.h"
#include "types/container.h"
#include "value/reference.h"

/* The object that a proxy value names, if this server hosts it as a container. The value keeps it
 * alive. */
static const waldo__object *container_of(const waldo_call *call, const waldo_value *value)
{
    const waldo__reference *reference = waldo__value_reference(value);
    if (!reference || !reference->live || reference->incarnation != call->server->incarnation)
        return NULL;
    const waldo__object *object = ((const waldo__hold *)reference->live)->object;
    const waldo_service *service = object ? object->type->service : NULL;
    bool iterable =
        service == &waldo_builtin_dict_service || service == &waldo_builtin_list_service ||
        service == &waldo_builtin_set_service || service == &waldo_builtin_array_service;
    return iterable ? object : NULL;
}

int waldo__iterable_from(waldo_call *call, waldo_value *value, waldo_value **ret_value)
{
    const waldo__object *object = container_of(call, value);
    if (!object) {
        *ret_value = value;
        return 0;
    }
    int status = waldo__cell_getvalue(object->self, call, ret_value);
    waldo_value_unref(value);
    return status;
}

int waldo__iterable_argument(waldo_call *call, const Waldo__Value *message, const char *name,
                             waldo_value **ret_value)
{
    waldo_value *value;
    int status = waldo__argument(call, message, name, &value);
    return status < 0 ? status : waldo__iterable_from(call, value, ret_value);
}

int waldo__cell_from_iterable(waldo_call *call, const Waldo__Value *message,
                              int (*convert)(const waldo_value *iterable, waldo_value **ret_value,
                                             waldo_error *reterr),
                              void **ret_self)
{
    waldo_value *iterable = NULL;
    waldo_value *value = NULL;
    int status = 0;
    if (message)
        status = waldo__iterable_argument(call, message, "iterable", &iterable);
    else if (!(iterable = waldo_v_tuple()))
        status = waldo_call_raise(call, WALDO_ENOMEM, "no memory for a container");
    if (status >= 0)
        status = convert(iterable, &value, call->reterr);
    waldo_value_unref(iterable);
    return status < 0 ? status : waldo__cell_new(call, value, ret_self);
}

int waldo__keyword_argument(waldo_call *call, const char *name, const Waldo__Value *message,
                            waldo_value *dict)
{
    waldo_value *value;
    int status = waldo_value_from_message(message, &value, call->reterr);
    return status < 0 ? status : waldo_value_dict_set(dict, waldo_v_str(name), value, call->reterr);
}
