/* Iterator: what a method that starts a generator gives. The table of methods is written by hand,
 * because the items are those of the generator. */
#include "call.h"
#include "generator.h"
#include "types/builtins.h"
#include "types/container.h"

static int send_value(waldo_call *call, const void *ops, void *self, const ProtobufCMessage *input)
{
    (void)ops;
    (void)self;
    waldo_value *value;
    int status = waldo__argument(call, ((const Waldo__Builtin__IteratorSend *)input)->value,
                                 "value", &value);
    if (status < 0)
        return status;
    status = waldo__generator_send(call->object->generator, call, value);
    waldo_value_unref(value);
    return status;
}

static int throw_error(waldo_call *call, const void *ops, void *self, const ProtobufCMessage *input)
{
    (void)ops;
    (void)self;
    waldo_value *value;
    waldo_error error;
    int status = waldo__argument(call, ((const Waldo__Builtin__IteratorThrow *)input)->error,
                                 "error", &value);
    if (status < 0)
        return status;
    status = waldo_value_get_error(value, &error, NULL);
    if (status < 0 || error.code >= 0)
        status = waldo_call_raise(
            call, WALDO_ETYPE, "exceptions must be instances deriving from BaseException, not %s",
            waldo_value_type_name(value));
    else
        status = waldo__generator_throw(call->object->generator, call, &error);
    waldo_value_unref(value);
    return status;
}

static int close_generator(waldo_call *call, const void *ops, void *self,
                           const ProtobufCMessage *input)
{
    (void)ops;
    (void)self;
    (void)input;
    waldo__generator_close(call->object->generator);
    return waldo_call_return(call, NULL);
}

static const waldo_service_method methods[] = {
    {.name = "__next__",
     .signature = "__next__() returns the next item",
     .comment = "The next item; StopIteration when there is none.",
     .flags = WALDO_METHOD_ITERATES_SELF},
    {.name = "send",
     .signature = "send(waldo.builtin.IteratorSend) returns the next item",
     .comment = "The next item, which the generator makes of the value.",
     .input = &waldo__builtin__iterator_send__descriptor,
     .invoke = send_value},
    {.name = "throw",
     .signature = "throw(waldo.builtin.IteratorThrow) returns the next item",
     .comment = "The next item, which the generator makes of the error; or the error.",
     .input = &waldo__builtin__iterator_throw__descriptor,
     .invoke = throw_error},
    {.name = "close",
     .signature = "close()",
     .comment = "Ends the generator.",
     .invoke = close_generator},
};

enum { METHODS = sizeof methods / sizeof methods[0] };

static const char *const exposed[] = {"__next__", "send", "throw", "close", NULL};

static const waldo_service_typeid typeids[] = {
    {.type_id = "Iterator", .exposed = exposed, .no_create = true},
};

/* Its objects always have a generator, so that no handler is needed to make one. */
static bool provides(const void *ops, size_t position)
{
    (void)ops;
    return position < METHODS;
}

static bool creates(const void *ops)
{
    (void)ops;
    return false;
}

const waldo_service waldo__iterator_service = {
    .abi = WALDO_ABI,
    .name = "waldo.Iterator",
    .comment = "A generator that a method started.",
    .methods = methods,
    .method_count = METHODS,
    .typeids = typeids,
    .typeid_count = 1,
    .provides = provides,
    .creates = creates,
};
