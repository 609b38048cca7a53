/* Array: numbers of one C type, as Python's array.array (row H10). */
#include <stdlib.h>
#include <string.h>

#include <waldo/value_methods.h>

#include "call.h"
#include "types/builtins.h"
#include "types/container.h"

static int create(void *type_data, waldo_call *call,
                  const Waldo__Builtin__ArrayArguments *arguments, void **ret_self)
{
    (void)type_data;
    waldo_value *sequence;
    waldo_value *array;
    if (strlen(arguments->typecode) != 1)
        return waldo_call_raise(call, WALDO_ETYPE,
                                "array() argument 1 must be a unicode character, not str");
    int status = waldo__argument(call, arguments->sequence, "sequence", &sequence);
    if (status < 0)
        return status;
    status = waldo_value_to_array(arguments->typecode[0], sequence, &array, call->reterr);
    waldo_value_unref(sequence);
    return status < 0 ? status : waldo__cell_new(call, array, ret_self);
}

static int get_item(void *self, waldo_call *call, const Waldo__Builtin__ArrayIndex *arguments,
                    Waldo__Value *result)
{
    return waldo__cell_operate(self, call, waldo_value_getitem, arguments->index, "index", result);
}

/* The cell is entered. */
static int assign(waldo__cell *cell, waldo_call *call, const waldo_value *index,
                  const waldo_value *value)
{
    int64_t position;
    waldo_value *array;
    int status;
    switch (waldo_value_kind(index)) {
    case WALDO_KIND_INT:
    case WALDO_KIND_BOOL:
        if (waldo_value_get_int64(index, &position, NULL) < 0)
            return waldo_call_raise(call, WALDO_EINDEX,
                                    "cannot fit 'int' into an index-sized integer");
        return waldo_value_array_set(cell->value, position, value, call->reterr);
    default:
        status = waldo_value_array_splice(cell->value, index, value, &array, call->reterr);
        if (status >= 0)
            waldo__cell_replace(cell, array);
        return status;
    }
}

static int set_item(void *self, waldo_call *call, const Waldo__Builtin__ArrayAssignment *arguments)
{
    waldo__cell *cell = self;
    waldo_value *index;
    waldo_value *value;
    int status = waldo__argument(call, arguments->index, "index", &index);
    if (status < 0)
        return status;
    status = waldo__argument(call, arguments->value, "value", &value);
    if (status >= 0) {
        waldo__cell_enter(cell);
        status = waldo__cell_leave_changed(cell, assign(cell, call, index, value));
        waldo_value_unref(value);
    }
    waldo_value_unref(index);
    return status;
}

const struct waldo_builtin_array_ops waldo__array_ops = {
    .create = create,
    .__len__ = waldo__cell_length,
    .__getitem__ = get_item,
    .__setitem__ = set_item,
    .version = waldo__cell_version,
    .wait_changed = waldo__cell_wait_changed,
    .destroy = waldo__cell_destroy,
    .repr = waldo__cell_repr,
    .getvalue = waldo__cell_getvalue,
};
