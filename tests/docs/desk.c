/* Values, a handler that takes its time, and a registry for all the types. */
#include <time.h>

#include "handlers.h"

#include "types.service.h"

/* It has no state: any number of calls may run. */
static int desk_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    *ret_self = NULL;
    return 0;
}

static int desk_echo(void *self, waldo_call *call, const Waldo__Value *message,
                     Waldo__Value *result)
{
    (void)self;
    waldo_value *value;
    waldo_error error;
    int status = waldo_value_from_message(message, &value, &error);
    if (status < 0)
        return waldo_call_raise(call, status, "%s", error.message);
    return waldo_call_set_value(call, result, value);
}

static int desk_nap(void *self, waldo_call *call, const Google__Protobuf__Duration *duration)
{
    (void)self;
    static const struct timespec blink = {.tv_nsec = 1000000};
    if (duration->seconds < 0 || duration->seconds > 86400)
        return waldo_call_raise(call, WALDO_EVALUE, "a nap lasts a day at most");
    int64_t left = duration->seconds * 1000 + duration->nanos / 1000000;
    for (; left > 0 && !waldo_call_cancelled(call); left--)
        nanosleep(&blink, NULL);
    return 0;
}

static const struct shop_desk_ops desk_ops = {
    .create = desk_create,
    .echo = desk_echo,
    .nap = desk_nap,
};

int shop_register_desk(waldo_registry *registry, waldo_error *reterr)
{
    return shop_desk_register(registry, &desk_ops, NULL, reterr);
}

static int share_objects(waldo_registry *registry, waldo_error *reterr)
{
    int status = waldo_registry_share(registry, "jobs", "Queue", waldo_v_none(), reterr);
    if (status >= 0)
        status = waldo_registry_share(registry, "visitors", "Counter",
                                      waldo_v_fields("at", waldo_v(1000)), reterr);
    return status;
}

int shop_register(waldo_registry *registry, waldo_error *reterr)
{
    int status = shop_register_counter(registry, reterr);
    if (status >= 0)
        status = shop_register_squares(registry, reterr);
    if (status >= 0)
        status = shop_register_mailbox(registry, reterr);
    if (status >= 0)
        status = shop_register_desk(registry, reterr);
    if (status >= 0)
        status = shop_register_share_data(registry, reterr);
    if (status >= 0)
        status = share_objects(registry, reterr);
    return status;
}
