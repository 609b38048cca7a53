/* The server's side: what the methods do. */
#include <stdio.h>
#include <stdlib.h>

#include "types.h"

#include "demo.service.h"

/* ---- class Foo: it has no state ---- */

static int foo_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    *ret_self = NULL;
    return 0;
}

static int foo_f(void *self, waldo_call *call)
{
    (void)self;
    (void)call;
    puts("you called Foo.f()");
    return 0;
}

static int foo_g(void *self, waldo_call *call)
{
    (void)self;
    (void)call;
    puts("you called Foo.g()");
    return 0;
}

static int foo__h(void *self, waldo_call *call)
{
    (void)self;
    (void)call;
    puts("you called Foo._h()");
    return 0;
}

static const struct demo_foo_ops foo_ops = {
    .create = foo_create,
    .f = foo_f,
    .g = foo_g,
    ._h = foo__h,
};

/* ---- def baz(): a plain loop; each yield waits for the client to want more ---- */

static int baz(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    (void)self;
    for (int64_t i = 0; i < 10; i++) {
        Demo__Square square = DEMO__SQUARE__INIT;
        square.number = i * i;
        if (demo_baz___next___yield(generator, &square) < 0)
            break; /* nobody listens any more */
    }
    return 0;
}

static const struct demo_baz_ops baz_ops = {
    .create = foo_create,
    .__next__ = baz,
};

/* ---- the operator module ---- */

/* One object, however often it is asked for. */
static int operator_create(void *type_data, waldo_call *call, void **ret_self)
{
    static char module;
    (void)type_data;
    (void)call;
    *ret_self = &module;
    return 0;
}

typedef int binary_operation(const waldo_value *left, const waldo_value *right,
                             waldo_value **ret_value, waldo_error *reterr);

static int operate(waldo_call *call, const Demo__Pair *pair, Waldo__Value *result,
                   binary_operation *operation)
{
    waldo_error error = WALDO_ERROR_INIT;
    waldo_value *left = NULL, *right = NULL, *value = NULL;
    int status = waldo_value_from_message(pair->a, &left, &error);
    if (status >= 0)
        status = waldo_value_from_message(pair->b, &right, &error);
    if (status >= 0)
        status = operation(left, right, &value, &error);
    waldo_value_unref(left);
    waldo_value_unref(right);
    if (status < 0)
        return waldo_call_raise(call, status, "%s", error.message);
    return waldo_call_set_value(call, result, value);
}

#define OPERATION(name)                                                                            \
    static int operator_##name(void *self, waldo_call *call, const Demo__Pair *pair,               \
                               Waldo__Value *result)                                               \
    {                                                                                              \
        (void)self;                                                                                \
        return operate(call, pair, result, waldo_value_##name);                                    \
    }
OPERATION(add)
OPERATION(sub)
OPERATION(mul)
OPERATION(floordiv)
OPERATION(mod)
OPERATION(pow)

static const struct demo_operator_ops operator_ops = {
    .create = operator_create,
    .add = operator_add,
    .sub = operator_sub,
    .mul = operator_mul,
    .floordiv = operator_floordiv,
    .mod = operator_mod,
    .pow = operator_pow,
};

waldo_registry *my_manager_types(waldo_error *reterr)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    if (registry && demo_foo_register(registry, &foo_ops, NULL, reterr) >= 0 &&
        demo_baz_register(registry, &baz_ops, NULL, reterr) >= 0 &&
        demo_operator_register(registry, &operator_ops, NULL, reterr) >= 0)
        return registry;
    return waldo_registry_unref(registry);
}
