#include "types.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "trial.service.h"

static int create_nothing(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    *ret_self = NULL;
    return 0;
}

static int copy_blob(waldo_call *call, const void *data, size_t size, Trial__Blob *result)
{
    result->data.data = waldo_call_alloc(call, size + 1);
    if (!result->data.data)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    if (size > 0 && data)
        memcpy(result->data.data, data, size);
    result->data.len = size;
    return 0;
}

/* ---- Foo ---- */

static int foo_f(void *self, waldo_call *call, Trial__Blob *result)
{
    (void)self;
    return copy_blob(call, "f()", 3, result);
}

static int foo_g(void *self, waldo_call *call)
{
    (void)self;
    return waldo_call_raise(call, WALDO_EVALUE, "g() is not for you");
}

static int foo__h(void *self, waldo_call *call, Trial__Blob *result)
{
    (void)self;
    return copy_blob(call, "_h()", 4, result);
}

static const struct trial_foo_ops foo_ops = {
    .create = create_nothing,
    .f = foo_f,
    .g = foo_g,
    ._h = foo__h,
};

/* Without a constructor: row B6. */
static const struct trial_foo_ops foo_name_ops = {
    .f = foo_f,
    .g = foo_g,
    ._h = foo__h,
};

/* ---- Counter ---- */

typedef struct counter {
    int64_t n;
} counter;

static counter *counter_new(waldo_call *call, int64_t n)
{
    counter *one = malloc(sizeof *one);
    if (one)
        one->n = n;
    else
        waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    return one;
}

static int counter_create(void *type_data, waldo_call *call, const Trial__Number *arguments,
                          void **ret_self)
{
    (void)type_data;
    if (arguments->n < 0)
        return waldo_call_raise(call, WALDO_EVALUE, "a counter cannot start at %" PRId64,
                                arguments->n);
    counter *one = counter_new(call, arguments->n);
    if (!one)
        return WALDO_ENOMEM;
    *ret_self = one;
    return 0;
}

static void counter_destroy(void *self)
{
    free(self);
    conformance_event_post("destroyed");
}

static int counter_add(void *self, waldo_call *call, const Trial__Number *arguments,
                       Trial__Number *result)
{
    counter *one = self;
    if (__builtin_add_overflow(one->n, arguments->n, &one->n))
        return waldo_call_raise(call, WALDO_EOVERFLOW, "past 2^63");
    result->n = one->n;
    return 0;
}

static int counter_get(void *self, waldo_call *call, Trial__Number *result)
{
    const counter *one = self;
    (void)call;
    result->n = one->n;
    return 0;
}

/* On success the server owns self. */
static int export_counter(waldo_call *call, waldo_export *target, int64_t n)
{
    counter *one = counter_new(call, n);
    if (!one)
        return WALDO_ENOMEM;
    int status = trial_counter_export(target, one);
    if (status < 0)
        free(one);
    return status;
}

static int counter_twin(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    const counter *one = self;
    return export_counter(call, ret_proxy, one->n);
}

static int counter_repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    const counter *one = self;
    (void)call;
    char text[40];
    snprintf(text, sizeof text, "Counter(%" PRId64 ")", one->n);
    *ret_text = waldo_v_str(text);
    return 0;
}

static int counter_getvalue(void *self, waldo_call *call, waldo_value **ret_value)
{
    const counter *one = self;
    (void)call;
    *ret_value = waldo_v_int64(one->n);
    return 0;
}

static const struct trial_counter_ops counter_ops = {
    .create = counter_create,
    .add = counter_add,
    .get = counter_get,
    .twin = counter_twin,
    .destroy = counter_destroy,
    .repr = counter_repr,
    .getvalue = counter_getvalue,
};

/* ---- Maker ---- */

typedef struct maker {
    counter *same; /* the server's, once it was exported */
} maker;

static int maker_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    maker *one = calloc(1, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    *ret_self = one;
    return 0;
}

static int maker_make(void *self, waldo_call *call, const Trial__Number *arguments,
                      waldo_export *ret_proxy)
{
    (void)self;
    return export_counter(call, ret_proxy, arguments->n);
}

static int maker_build(void *self, waldo_call *call, const Trial__Number *arguments,
                       waldo_export *ret_proxy)
{
    (void)self;
    (void)call;
    return waldo_export_new(ret_proxy, waldo_v_fields("n", waldo_v(arguments->n)));
}

static int maker_me(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    (void)call;
    return trial_maker_export(ret_proxy, self);
}

/* Good for as long as somebody holds it. */
static int maker_same(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    maker *one = self;
    if (!one->same)
        one->same = counter_new(call, 0);
    return one->same ? trial_counter_export(ret_proxy, one->same) : WALDO_ENOMEM;
}

static int maker_nothing(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    (void)self;
    (void)call;
    (void)ret_proxy;
    return 0;
}

static const struct trial_maker_ops maker_ops = {
    .create = maker_create,
    .make = maker_make,
    .build = maker_build,
    .me = maker_me,
    .same = maker_same,
    .nothing = maker_nothing,
    .destroy = free,
};

/* ---- Box ---- */

typedef struct box {
    waldo_value *content;
} box;

static int box_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    box *one = calloc(1, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    one->content = waldo_v_none();
    *ret_self = one;
    return 0;
}

static void box_destroy(void *self)
{
    box *one = self;
    waldo_value_unref(one->content);
    free(one);
}

static int box_set(void *self, waldo_call *call, const Waldo__Value *arguments)
{
    box *one = self;
    waldo_value *value;
    waldo_error error;
    int status = waldo_value_from_message(arguments, &value, &error);
    if (status < 0)
        return waldo_call_raise(call, status, "%s", error.message);
    waldo_value_unref(one->content);
    one->content = value;
    return 0;
}

static int box_get(void *self, waldo_call *call, Waldo__Value *result)
{
    box *one = self;
    return waldo_call_set_value(call, result, waldo_value_ref(one->content));
}

static int box_echo(void *self, waldo_call *call, const Trial__Blob *arguments, Trial__Blob *result)
{
    (void)self;
    return copy_blob(call, arguments->data.data, arguments->data.len, result);
}

static int box_zeros(void *self, waldo_call *call, const Trial__Number *arguments,
                     Trial__Blob *result)
{
    (void)self;
    return copy_blob(call, NULL, (size_t)arguments->n, result);
}

static const struct trial_box_ops box_ops = {
    .create = box_create,
    .set = box_set,
    .get = box_get,
    .echo = box_echo,
    .zeros = box_zeros,
    .destroy = box_destroy,
};

/* ---- registration ---- */

static int register_by_hand(waldo_registry *registry, waldo_error *reterr)
{
    static const char *const none[] = {NULL};
    static const char *const only_me[] = {"me", NULL};
    static const waldo_method_to_typeid make_returns[] = {{"make", "ReadCounter"}, {NULL, NULL}};
    waldo_registration name_only = {.type_id = "FooName"};
    waldo_registration empty_list = {.type_id = "FooHidden", .exposed = none};
    waldo_registration read_maker = {
        .type_id = "ReadMaker", .exposed = only_me, .method_to_typeid = make_returns};
    int status =
        waldo_registry_add(registry, &name_only, &trial_foo_service, &foo_name_ops, NULL, reterr);
    if (status >= 0)
        status =
            waldo_registry_add(registry, &empty_list, &trial_foo_service, &foo_ops, NULL, reterr);
    if (status >= 0)
        status = waldo_registry_add(registry, &read_maker, &trial_maker_service, &maker_ops, NULL,
                                    reterr);
    return status;
}

int conformance_register(waldo_registry *registry, waldo_error *reterr)
{
    int status = trial_foo_register(registry, &foo_ops, NULL, reterr);
    if (status >= 0)
        status = trial_counter_register(registry, &counter_ops, NULL, reterr);
    if (status >= 0)
        status = trial_maker_register(registry, &maker_ops, NULL, reterr);
    if (status >= 0)
        status = trial_box_register(registry, &box_ops, NULL, reterr);
    if (status >= 0)
        status = register_by_hand(registry, reterr);
    if (status >= 0)
        status = waldo_registry_share(registry, "SharedQueue", "Queue", waldo_v_none(), reterr);
    if (status >= 0)
        status = conformance_register_events(registry, reterr);
    if (status >= 0)
        status = conformance_register_faults(registry, reterr);
    if (status >= 0)
        status = conformance_register_generators(registry, reterr);
    return status;
}

/* A test that crashes leaves no server behind. */
static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return conformance_register(registry, reterr);
}

WALDO_MODULE(initialize);
