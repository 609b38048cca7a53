/* Handlers that return at once, generators, and methods that return proxies. */
#include <stdlib.h>

#include "handlers.h"

#include "types.service.h"

/* ---- Counter ---- */

struct counter {
    int64_t n;
};

static int make(waldo_call *call, int64_t n, struct counter **ret_counter)
{
    struct counter *counter = malloc(sizeof *counter);
    if (!counter)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a counter");
    counter->n = n;
    *ret_counter = counter;
    return 0;
}

static int counter_create(void *type_data, waldo_call *call, const Shop__Start *start,
                          void **ret_self)
{
    (void)type_data;
    struct counter *counter = NULL;
    int status = make(call, start->at, &counter);
    if (status >= 0)
        *ret_self = counter;
    return status;
}

static int counter_add(void *self, waldo_call *call, const Shop__Number *number,
                       Shop__Number *result)
{
    struct counter *counter = self;
    if (number->n < 0)
        return waldo_call_raise(call, WALDO_EVALUE, "visitors do not leave");
    if (__builtin_add_overflow(counter->n, number->n, &result->n))
        return waldo_call_raise_type(call, WALDO_EOVERFLOW, "TooManyVisitors", "past 2^63");
    counter->n = result->n;
    return 0;
}

static int counter_get(void *self, waldo_call *call, Shop__Number *result)
{
    (void)call;
    const struct counter *counter = self;
    result->n = counter->n;
    return 0;
}

static int counter__reset(void *self, waldo_call *call)
{
    (void)call;
    struct counter *counter = self;
    counter->n = 0;
    return 0;
}

static int counter_countdown(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    const struct counter *counter = self;
    Shop__Number item = SHOP__NUMBER__INIT;
    for (item.n = counter->n; item.n > 0; item.n--)
        if (shop_counter_countdown_yield(generator, &item) < 0)
            break; /* nobody listens any more */
    return 0;
}

static int counter_twin(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    const struct counter *counter = self;
    struct counter *twin = NULL;
    int status = make(call, counter->n, &twin);
    if (status < 0)
        return status;
    status = shop_counter_export(ret_proxy, twin);
    if (status < 0)
        free(twin); /* it is the server's only on success */
    return status;
}

static int counter_ticket(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    (void)call;
    const struct counter *counter = self;
    return waldo_export_new(ret_proxy, waldo_v_fields("at", waldo_v(counter->n)));
}

static int counter_repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    (void)call;
    const struct counter *counter = self;
    char text[64];
    snprintf(text, sizeof text, "Counter(%lld)", (long long)counter->n);
    *ret_text = waldo_v_str(text);
    return *ret_text ? 0 : WALDO_ENOMEM;
}

static int counter_getvalue(void *self, waldo_call *call, waldo_value **ret_value)
{
    (void)call;
    const struct counter *counter = self;
    *ret_value = waldo_v(counter->n);
    return *ret_value ? 0 : WALDO_ENOMEM;
}

static const struct shop_counter_ops counter_ops = {
    .create = counter_create,
    .add = counter_add,
    .get = counter_get,
    ._reset = counter__reset,
    .countdown = counter_countdown,
    .twin = counter_twin,
    .ticket = counter_ticket,
    .destroy = free,
    .repr = counter_repr,
    .getvalue = counter_getvalue,
};

int shop_register_counter(waldo_registry *registry, waldo_error *reterr)
{
    return shop_counter_register(registry, &counter_ops, NULL, reterr);
}

/* ---- Squares: the steps of a generator, one by one ---- */

static int squares_next(void *state, waldo_call *call, Shop__Number *item)
{
    int64_t *root = state;
    if (__builtin_mul_overflow(*root, *root, &item->n))
        return waldo_call_raise(call, WALDO_EOVERFLOW, "no larger square");
    if (item->n > 100)
        return 0; /* exhausted */
    ++*root;
    return 1;
}

static int squares_create(void *type_data, waldo_call *call, const Shop__Start *start,
                          void **ret_self)
{
    (void)type_data;
    int64_t *root = malloc(sizeof *root);
    if (!root)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for squares");
    *root = start->at;
    *ret_self = root;
    return 0;
}

static const struct shop_squares_ops squares_ops = {
    .create = squares_create,
    .__next___steps = {.next = squares_next},
    .destroy = free,
};

int shop_register_squares(waldo_registry *registry, waldo_error *reterr)
{
    return shop_squares_register(registry, &squares_ops, NULL, reterr);
}
