#include <stdlib.h>

#include "counter.service.h"

static int create(void *type_data, waldo_call *call, const Shop__Start *start, void **ret_self)
{
    (void)type_data;
    int64_t *counter = malloc(sizeof *counter);
    if (!counter)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a counter");
    *counter = start->at;
    *ret_self = counter;
    return 0;
}

static int add(void *self, waldo_call *call, const Shop__Number *number, Shop__Number *result)
{
    int64_t *counter = self;
    if (__builtin_add_overflow(*counter, number->n, &result->n))
        return waldo_call_raise(call, WALDO_EOVERFLOW, "the counter would pass 2^63");
    *counter = result->n;
    return 0;
}

static int countdown(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    Shop__Number number = SHOP__NUMBER__INIT;
    for (number.n = *(int64_t *)self; number.n > 0; number.n--)
        if (shop_counter_countdown_yield(generator, &number) < 0)
            break; /* nobody listens any more */
    return 0;
}

static const struct shop_counter_ops ops = {
    .create = create, .add = add, .countdown = countdown, .destroy = free};

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    return shop_counter_register(registry, &ops, NULL, reterr);
}

WALDO_MODULE(initialize);
