/* The module behind types.proto: what somebody writes who has read README.md. */
#include <stdlib.h>

#include "bench/types.service.h"

static int create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    int64_t *counter = calloc(1, sizeof *counter);
    if (!counter)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a counter");
    *ret_self = counter;
    return 0;
}

static int add(void *self, waldo_call *call, const Bench__Number *number, Bench__Number *result)
{
    int64_t *counter = self;
    if (__builtin_add_overflow(*counter, number->n, &result->n))
        return waldo_call_raise(call, WALDO_EOVERFLOW, "the counter would pass 2^63");
    *counter = result->n;
    return 0;
}

static int count_up(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    (void)self;
    Bench__Number number = BENCH__NUMBER__INIT;
    while (bench_counter_count_up_yield(generator, &number) >= 0)
        number.n++;
    return 0;
}

static const struct bench_counter_ops ops = {
    .create = create, .add = add, .count_up = count_up, .destroy = free};

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    return bench_counter_register(registry, &ops, NULL, reterr);
}

WALDO_MODULE(initialize);
