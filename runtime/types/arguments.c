#include "types/arguments.h"

void waldo__arguments_begin(waldo__arguments *arguments, waldo_error *reterr)
{
    waldo__arena_init(&arguments->arena);
    arguments->reterr = reterr;
    arguments->status = 0;
}

Waldo__Value *waldo__arguments_add(waldo__arguments *arguments, waldo_value *value)
{
    Waldo__Value *message = NULL;
    int status;
    if (!value)
        status = waldo_error_set(arguments->status < 0 ? NULL : arguments->reterr, WALDO_ENOMEM,
                                 "no memory for the arguments, or NULL where waldo_v_none() is "
                                 "meant");
    else
        status = waldo_value_to_message(value, &arguments->arena.allocator, &message,
                                        arguments->status < 0 ? NULL : arguments->reterr);
    waldo_value_unref(value);
    if (arguments->status >= 0)
        arguments->status = status;
    return message;
}

void waldo__arguments_end(waldo__arguments *arguments)
{
    waldo__arena_free(&arguments->arena);
}

int waldo__take_value(int status, Waldo__Value *message, waldo_value **ret_value,
                      waldo_error *reterr)
{
    if (status < 0)
        return status;
    waldo_value *value;
    status = waldo_value_from_message(message, &value, reterr);
    waldo__value__free_unpacked(message, NULL);
    if (status < 0)
        return status;
    if (ret_value)
        *ret_value = value;
    else
        waldo_value_unref(value);
    return 0;
}
