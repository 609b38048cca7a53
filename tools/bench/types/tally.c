#include <stdlib.h>

#include "tally.service.h"

static int create(void *type_data, waldo_call *call, const Tally__Number *arguments,
                  void **ret_self)
{
    (void)type_data;
    int64_t *self = malloc(sizeof *self);
    if (!self)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    *self = arguments->n;
    *ret_self = self;
    return 0;
}

static int get(void *self, waldo_call *call, Tally__Number *result)
{
    (void)call;
    result->n = *(const int64_t *)self;
    return 0;
}

static int count_up(waldo_generator *generator, waldo_call *call, void *self,
                    const Tally__Number *arguments)
{
    (void)call;
    (void)self;
    Tally__Number item = TALLY__NUMBER__INIT;
    while (item.n < arguments->n && tally_tally_count_up_yield(generator, &item) >= 0)
        item.n++;
    return 0;
}

static const struct tally_tally_ops ops = {
    .create = create,
    .destroy = free,
    .get = get,
    .count_up = count_up,
};

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    return tally_tally_register(registry, &ops, NULL, reterr);
}

WALDO_MODULE(initialize);
