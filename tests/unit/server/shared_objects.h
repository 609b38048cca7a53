/* A server in this process with objects that its clients share, one of them of a type whose
 * constructor can be held up, can fail, or keeps its call. */
#ifndef WALDO_TESTS_UNIT_SERVER_SHARED_H
#define WALDO_TESTS_UNIT_SERVER_SHARED_H

#include <stdatomic.h>
#include <unistd.h>

#include "unit/types/live.h"

/* ---- the type ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* the constructor passes through it */
static atomic_bool fails, defers;
static atomic_int begun, made, destroyed;
static waldo_call *deferred;
static bool takes_long = true; /* the type's data */

static inline bool creates(const void *ops)
{
    (void)ops;
    return true;
}

/* For the thread that does the I/O: from the second one on, another thread has to do it. */
static inline int take_long(void **ret_self)
{
    usleep(10 * 1000);
    *ret_self = malloc(1);
    return 0;
}

static inline int create(waldo_call *call, const void *ops, void *type_data,
                         const ProtobufCMessage *input, void **ret_self)
{
    (void)ops;
    (void)input;
    if (type_data)
        return take_long(ret_self);
    begun++;
    if (atomic_load(&fails))
        return waldo_call_raise(call, WALDO_EVALUE, "not today");
    if (atomic_load(&defers)) {
        deferred = call;
        return waldo_call_defer(call);
    }
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    *ret_self = malloc(1);
    made++;
    return 0;
}

static inline void destroy(const void *ops, void *self)
{
    (void)ops;
    free(self);
    destroyed++;
}

static const char *const nothing[] = {NULL};
static const waldo_service_typeid typeids[] = {{"Thing", nothing, false},
                                               {"Secret", nothing, true}};
static const waldo_service service = {.abi = WALDO_ABI,
                                      .name = "test.Thing",
                                      .comment = "",
                                      .typeids = typeids,
                                      .typeid_count = 2,
                                      .creates = creates,
                                      .create = create,
                                      .destroy = destroy};

/* ---- the server ---- */

static inline waldo_registry *new_registry(void)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    must(waldo_registry_add_service(registry, &service, NULL, NULL, &err));
    must(waldo_registry_add(registry, &(waldo_registration){.type_id = "Slow", .exposed = nothing},
                            &service, NULL, &takes_long, &err));
    must(waldo_registry_share(registry, "thing", "Thing", waldo_v_none(), &err));
    must(waldo_registry_share(registry, "secret", "Secret", waldo_v_none(), &err));
    must(waldo_registry_share(registry, "jobs", "Queue", waldo_v_none(), &err));
    must(waldo_registry_share(registry, "slot", "Queue", waldo_v_tuple(waldo_v(1)), &err));
    must(waldo_registry_share(registry, "names", "dict", waldo_v_none(), &err));
    must(waldo_registry_share(registry, "pair", "Barrier", waldo_v_none(), &err));
    return registry;
}

static inline void serve_with(waldo_server_options options)
{
    waldo_registry *registry = new_registry();
    must(waldo_server_new(registry, &options, &server, &err));
    waldo_registry_unref(registry);
    must(waldo_server_listen(server, "tcp://127.0.0.1:0", NULL, &err));
    cr_assert_eq(pthread_create(&server_thread, NULL, live_serve, server), 0);
}

static inline void begin(void)
{
    serve_with((waldo_server_options){.authkey = "key", .authkey_size = 3, .max_threads = 4});
    manager = live_connect();
}

static inline waldo_proxy *proxy_of(waldo_manager *from, const char *name)
{
    waldo_proxy *proxy;
    must(waldo_proxy_create(from, name, waldo_v_none(), &proxy, &err));
    return proxy;
}

static inline uint64_t objects(void)
{
    uint64_t count;
    must(waldo_manager_number_of_objects(manager, &count, &err));
    return count;
}

#endif
