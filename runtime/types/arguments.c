#include "types/arguments.h"

#include "value/message.h"
#include "wire/tail.h"

void waldo__arguments_begin(waldo__arguments *arguments, waldo_error *reterr)
{
    waldo__arena_init(&arguments->arena);
    arguments->lent = NULL;
    arguments->reterr = reterr;
    arguments->status = 0;
}

/* The value of bytes that are lent stays with the arguments. NULL: it lends none, or there is no
 * memory. */
static Waldo__Value *lend(waldo__arguments *arguments, waldo_value *value)
{
    Waldo__Value lent;
    if (!value || arguments->lent || !waldo__value_lend(value, &lent))
        return NULL;
    Waldo__Value *message = waldo__arena_alloc(&arguments->arena, sizeof *message);
    if (!message)
        return NULL;
    *message = lent;
    arguments->lent = value;
    return message;
}

Waldo__Value *waldo__arguments_add(waldo__arguments *arguments, waldo_value *value)
{
    Waldo__Value *message = lend(arguments, value);
    if (message)
        return message;
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
    arguments->lent = waldo_value_unref(arguments->lent);
}

/* Bytes that are many become the value's as they are. */
static int convert(Waldo__Value *message, waldo_value **ret_value, waldo_error *reterr)
{
    if (!message || message->kind_case != WALDO__VALUE__KIND_BYTES ||
        message->bytes.len < WALDO__TAIL_LEAST)
        return waldo_value_from_message(message, ret_value, reterr);
    size_t size = message->bytes.len;
    waldo__buffer memory = {message->bytes.data, size, size};
    waldo__shared_bytes *owner = waldo__buffer_share(&memory);
    if (!owner)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a value");
    int status = waldo__value_from_message(message, NULL, owner, ret_value, reterr);
    message->bytes = (ProtobufCBinaryData){0};
    waldo__shared_bytes_unref(owner);
    return status;
}

int waldo__take_value(int status, Waldo__Value *message, waldo_value **ret_value,
                      waldo_error *reterr)
{
    if (status < 0)
        return status;
    waldo_value *value;
    status = convert(message, &value, reterr);
    waldo__value__free_unpacked(message, NULL);
    if (status < 0)
        return status;
    if (ret_value)
        *ret_value = value;
    else
        waldo_value_unref(value);
    return 0;
}
