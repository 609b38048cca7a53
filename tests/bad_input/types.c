/* What the methods of types.proto do. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "types.service.h"

/* Each object is an allocation, so that a lost one is a leak. */
static int create_object(void **ret_self)
{
    *ret_self = malloc(1);
    return *ret_self ? 0 : WALDO_ENOMEM;
}

static int thing_create(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    return create_object(ret_self);
}

static int thing_echo(void *self, waldo_call *call, const Bad__Number *arguments,
                      Bad__Number *result)
{
    (void)self;
    (void)call;
    result->n = arguments->n;
    return 0;
}

static int thing_produce(void *self, waldo_call *call, const Bad__Number *arguments,
                         Bad__Blob *result)
{
    (void)self;
    result->data.data = waldo_call_alloc(call, (size_t)arguments->n);
    result->data.len = (size_t)arguments->n;
    return result->data.data ? 0 : WALDO_ENOMEM;
}

static int thing_consume(void *self, waldo_call *call, const Bad__Blob *arguments,
                         Bad__Number *result)
{
    (void)self;
    (void)call;
    result->n = (int64_t)arguments->data.len;
    return 0;
}

/* As deep as the server lets a message be. */
static int64_t nodes_of(const Bad__Tree *tree)
{
    int64_t nodes = 1;
    for (size_t i = 0; i < tree->n_children; i++)
        nodes += nodes_of(tree->children[i]);
    return nodes;
}

static int thing_measure(void *self, waldo_call *call, const Bad__Tree *arguments,
                         Bad__Number *result)
{
    (void)self;
    (void)call;
    result->n = nodes_of(arguments);
    return 0;
}

static int thing__secret(void *self, waldo_call *call, Bad__Number *result)
{
    (void)self;
    (void)call;
    result->n = 7;
    return 0;
}

/* ---- handlers that fail ---- */

static int thing_fail(void *self, waldo_call *call, const Bad__Report *arguments,
                      Bad__Number *result)
{
    (void)self;
    (void)result;
    return waldo_call_raise(call, arguments->code, "%s", arguments->text);
}

static int thing_fail_with_bytes(void *self, waldo_call *call, Bad__Number *result)
{
    (void)self;
    (void)result;
    return waldo_call_raise(call, WALDO_EVALUE, "not \xFF\xFE text");
}

static int thing_nonsense(void *self, waldo_call *call, const Bad__Number *arguments,
                          Bad__Number *result)
{
    (void)self;
    (void)call;
    (void)result;
    return (int)arguments->n;
}

static int thing_pretend_to_defer(void *self, waldo_call *call, Bad__Number *result)
{
    (void)self;
    (void)call;
    (void)result;
    return WALDO_DEFERRED;
}

static int thing_defer_twice(void *self, waldo_call *call, Bad__Number *result)
{
    (void)self;
    (void)result;
    int status = waldo_call_defer(call);
    if (status != WALDO_DEFERRED)
        return status;
    waldo_call_fail(call, waldo_call_defer(call), "it was deferred before");
    return status;
}

/* ---- handlers that wait ---- */

/* Its caller is gone, or the server ends: then it is given up, so that it is no leak. */
static void give_up(waldo_call *call, void *data)
{
    (void)data;
    waldo_call_fail(call, WALDO_ECANCELLED, "nobody waits any more");
}

static void wake_up(waldo_call *call, void *data)
{
    (void)data;
    Bad__Number result = BAD__NUMBER__INIT;
    result.n = 1;
    bad_thing_nap_complete(call, &result);
}

static int thing_nap(void *self, waldo_call *call, const Bad__Number *arguments,
                     Bad__Number *result)
{
    (void)self;
    (void)result;
    int status = waldo_call_defer(call);
    if (status < 0)
        return status;
    waldo_call_on_cancel(call, give_up, NULL);
    int timing = waldo_call_on_timeout(call, 86400, give_up, NULL);
    if (timing >= 0)
        timing = waldo_call_on_timeout(call, (double)arguments->n / 1000, wake_up, NULL);
    if (timing < 0)
        waldo_call_fail(call, timing, "no time for a nap");
    return status;
}

static int park(waldo_call *call, const Bad__Fifo *arguments,
                void (*on_cancel)(waldo_call *call, void *data))
{
    int status = waldo_call_defer(call);
    waldo_call_on_cancel(call, on_cancel, NULL);
    int fifo = open(arguments->path, O_WRONLY | O_CLOEXEC);
    if (fifo >= 0)
        close(fifo);
    return status;
}

static int thing_park(void *self, waldo_call *call, const Bad__Fifo *arguments, Bad__Number *result)
{
    (void)self;
    (void)result;
    return park(call, arguments, give_up);
}

static void give_up_slowly(waldo_call *call, void *data)
{
    give_up(call, data);
    usleep(500 * 1000);
}

static int thing_linger(void *self, waldo_call *call, const Bad__Fifo *arguments,
                        Bad__Number *result)
{
    (void)self;
    (void)result;
    return park(call, arguments, give_up_slowly);
}

static int thing_hold(void *self, waldo_call *call, const Bad__Fifo *arguments, Bad__Number *result)
{
    (void)self;
    int fifo = open(arguments->path, O_RDONLY | O_CLOEXEC);
    if (fifo < 0)
        return waldo_call_raise(call, WALDO_ENOTFOUND, "%s", arguments->path);
    char byte;
    while (read(fifo, &byte, 1) > 0)
        ;
    close(fifo);
    result->n = 1;
    return 0;
}

/* ---- handlers that export ---- */

static int export_new(waldo_export *result)
{
    void *self;
    int status = create_object(&self);
    if (status < 0)
        return status;
    status = bad_thing_export(result, self);
    if (status < 0)
        free(self);
    return status;
}

static int thing_twin(void *self, waldo_call *call, waldo_export *result)
{
    (void)self;
    (void)call;
    return export_new(result);
}

static int thing_export_nothing(void *self, waldo_call *call, waldo_export *result)
{
    (void)self;
    (void)call;
    (void)result;
    return 0;
}

static int thing_export_twice(void *self, waldo_call *call, waldo_export *result)
{
    (void)self;
    (void)call;
    int status = export_new(result);
    return status < 0 ? status : export_new(result);
}

static int thing_export_another(void *self, waldo_call *call, waldo_export *result)
{
    (void)self;
    (void)call;
    void *made;
    int status = create_object(&made);
    if (status < 0)
        return status;
    status = bad_picky_export(result, made);
    if (status < 0)
        free(made);
    return status;
}

static int thing_count(waldo_generator *generator, waldo_call *call, void *self,
                       const Bad__Number *arguments)
{
    (void)self;
    (void)call;
    for (int64_t i = 0; i < arguments->n; i++) {
        Bad__Number item = BAD__NUMBER__INIT;
        item.n = i;
        if (bad_thing_count_yield(generator, &item) < 0)
            return 0;
    }
    return 42;
}

static const struct bad_thing_ops thing_ops = {
    .create = thing_create,
    .echo = thing_echo,
    .produce = thing_produce,
    .consume = thing_consume,
    .measure = thing_measure,
    ._secret = thing__secret,
    .fail = thing_fail,
    .fail_with_bytes = thing_fail_with_bytes,
    .nonsense = thing_nonsense,
    .pretend_to_defer = thing_pretend_to_defer,
    .defer_twice = thing_defer_twice,
    .nap = thing_nap,
    .park = thing_park,
    .linger = thing_linger,
    .hold = thing_hold,
    .twin = thing_twin,
    .export_nothing = thing_export_nothing,
    .export_twice = thing_export_twice,
    .export_another = thing_export_another,
    .count = thing_count,
    .destroy = free,
};

/* ---- Mute ---- */

static int say_nothing(waldo_call *call, const void *ops, void *self, const ProtobufCMessage *input)
{
    (void)call;
    (void)ops;
    (void)self;
    (void)input;
    return 0;
}

static int mute_quiet(void *self, waldo_call *call, Bad__Number *result)
{
    (void)self;
    (void)call;
    (void)result;
    return 0;
}

static const struct bad_mute_ops mute_ops = {
    .create = thing_create,
    .quiet = mute_quiet,
    .destroy = free,
};

/* ---- Picky ---- */

static int picky_create(void *type_data, waldo_call *call, const Bad__Report *arguments,
                        void **ret_self)
{
    (void)type_data;
    if (arguments->code > 0)
        return arguments->code;
    if (arguments->code < 0)
        return waldo_call_raise(call, arguments->code, "%s", arguments->text);
    return create_object(ret_self);
}

static const struct bad_picky_ops picky_ops = {
    .create = picky_create,
    .get = mute_quiet,
    .destroy = free,
};

static int register_mute(waldo_registry *registry, waldo_error *reterr)
{
    static waldo_service_method method;
    static waldo_service service;
    method = bad_mute_service.methods[0];
    method.invoke = say_nothing;
    service = bad_mute_service;
    service.methods = &method;
    return waldo_registry_add_service(registry, &service, &mute_ops, NULL, reterr);
}

/* `twin` of a Lost returns a typeid that nobody offers. */
static int register_lost(waldo_registry *registry, waldo_error *reterr)
{
    static const waldo_method_to_typeid map[] = {{"twin", "Nowhere"}, {NULL, NULL}};
    const waldo_registration lost = {.type_id = "Lost", .method_to_typeid = map};
    return waldo_registry_add(registry, &lost, &bad_thing_service, &thing_ops, NULL, reterr);
}

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    int status = bad_thing_register(registry, &thing_ops, NULL, reterr);
    if (status >= 0)
        status = bad_picky_register(registry, &picky_ops, NULL, reterr);
    if (status >= 0)
        status = register_mute(registry, reterr);
    if (status >= 0)
        status = register_lost(registry, reterr);
    return status;
}

WALDO_MODULE(initialize);
