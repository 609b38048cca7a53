/* Shared objects: one for all who create it, made once, kept to the end of the server. */
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/types/live.h"
#include "waldo/builtins.proxy.h"

/* ---- a type whose constructor can be held up, can fail, or keeps its call ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* the constructor passes through it */
static atomic_bool fails, defers;
static atomic_int begun, made, destroyed;
static waldo_call *deferred;
static bool takes_long = true; /* the type's data */

static bool creates(const void *ops)
{
    (void)ops;
    return true;
}

/* For the thread that does the I/O: from the second one on, another thread has to do it. */
static int take_long(void **ret_self)
{
    usleep(10 * 1000);
    *ret_self = malloc(1);
    return 0;
}

static int create(waldo_call *call, const void *ops, void *type_data, const ProtobufCMessage *input,
                  void **ret_self)
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

static void destroy(const void *ops, void *self)
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

static waldo_registry *new_registry(void)
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

static void serve_with(waldo_server_options options)
{
    waldo_registry *registry = new_registry();
    must(waldo_server_new(registry, &options, &server, &err));
    waldo_registry_unref(registry);
    must(waldo_server_listen(server, "tcp://127.0.0.1:0", NULL, &err));
    cr_assert_eq(pthread_create(&server_thread, NULL, live_serve, server), 0);
}

static void begin(void)
{
    serve_with((waldo_server_options){.authkey = "key", .authkey_size = 3, .max_threads = 4});
    manager = live_connect();
}

TestSuite(shared, .init = begin, .timeout = 60);

static waldo_proxy *proxy_of(waldo_manager *from, const char *name)
{
    waldo_proxy *proxy;
    must(waldo_proxy_create(from, name, waldo_v_none(), &proxy, &err));
    return proxy;
}

static waldo_queue *queue_of(waldo_manager *from, const char *name)
{
    waldo_queue *queue;
    must(waldo_queue_from_name(from, name, &queue, &err));
    return queue;
}

static uint64_t objects(void)
{
    uint64_t count;
    must(waldo_manager_number_of_objects(manager, &count, &err));
    return count;
}

static void put(waldo_queue *queue, int64_t number)
{
    must(waldo_queue_put(queue, waldo_v(number), 0, &err));
}

static void gets(waldo_queue *queue, const char *expected)
{
    waldo_value *item;
    must(waldo_queue_get(queue, 0, &item, &err));
    prints(item, expected);
}

/* ---- one object ---- */

Test(shared, is_the_same_for_all)
{
    waldo_manager *other = live_connect();
    waldo_queue *here = queue_of(manager, "jobs"), *there = queue_of(other, "jobs");
    cr_assert_str_eq(waldo_proxy_typeid(waldo_queue_proxy(there)), "jobs");
    cr_assert_eq(waldo_proxy_object(waldo_queue_proxy(here)),
                 waldo_proxy_object(waldo_queue_proxy(there)));
    cr_assert_eq(objects(), 1);
    put(here, 23);
    gets(there, "23");
    waldo_queue_unref(here);
    cr_assert_eq(objects(), 1);
    waldo_queue_unref(there);
    waldo_manager_unref(other);
    live_end();
}

Test(shared, survives_its_clients)
{
    waldo_manager *other = live_connect();
    waldo_queue *queue = queue_of(other, "jobs");
    uint64_t object = waldo_proxy_object(waldo_queue_proxy(queue));
    put(queue, 1);
    waldo_queue_unref(queue);
    waldo_manager_unref(other);
    while (objects() > 0)
        sched_yield();
    queue = queue_of(manager, "jobs");
    cr_assert_eq(waldo_proxy_object(waldo_queue_proxy(queue)), object);
    gets(queue, "1");
    waldo_queue_unref(queue);
    live_end();
}

Test(shared, each_name_is_another_object)
{
    waldo_queue *jobs = queue_of(manager, "jobs"), *slot = queue_of(manager, "slot"), *own;
    must(waldo_queue_new(manager, 0, &own, &err));
    cr_assert_eq(objects(), 3);
    /* Its constructor got what was registered. */
    put(slot, 1);
    must_fail(waldo_queue_put(slot, waldo_v(2), 0, &err), WALDO_EFULL);
    put(jobs, 1);
    put(jobs, 2);
    cr_assert_eq(must(waldo_queue_empty(own, &err)), 1);
    waldo_queue_unref(jobs);
    waldo_queue_unref(slot);
    waldo_queue_unref(own);
    live_end();
}

Test(shared, also_where_clients_cannot_create_the_type)
{
    waldo_proxy *secret, *none = NULL;
    must_fail(waldo_proxy_create(manager, "Secret", waldo_v_none(), &none, &err), WALDO_EATTRIBUTE);
    secret = proxy_of(manager, "secret");
    waldo_proxy_unref(secret);
    live_end();
}

Test(shared, a_server_has_its_own)
{
    waldo_registry *registry = new_registry();
    waldo_server_options options = {.authkey = "key", .authkey_size = 3};
    waldo_server *first = server, *second;
    pthread_t second_thread;
    must(waldo_server_new(registry, &options, &second, &err));
    waldo_registry_unref(registry);
    must(waldo_server_listen(second, "tcp://127.0.0.1:0", NULL, &err));
    cr_assert_eq(pthread_create(&second_thread, NULL, live_serve, second), 0);
    server = second;
    waldo_manager *other = live_connect();
    server = first;
    waldo_queue *here = queue_of(manager, "jobs"), *there = queue_of(other, "jobs");
    put(here, 1);
    cr_assert_eq(must(waldo_queue_empty(there, &err)), 1);
    waldo_queue_unref(here);
    waldo_queue_unref(there);
    waldo_manager_unref(other);
    waldo_server_stop(second);
    pthread_join(second_thread, NULL);
    waldo_server_free(second);
    live_end();
}

/* Objects that it holds, and those that hold it, end with it. */
Test(shared, ends_with_the_server)
{
    waldo_dict *names;
    waldo_proxy *thing = proxy_of(manager, "thing"), *again;
    must(waldo_dict_from_name(manager, "names", &names, &err));
    must(waldo_dict_get_or_create(names, waldo_v("list"), "list", waldo_v_none(), &again, &err));
    waldo_proxy_unref(again);
    must(waldo_dict_get_or_create(names, waldo_v("thing"), "thing", waldo_v_none(), &again, &err));
    cr_assert_eq(waldo_proxy_object(again), waldo_proxy_object(thing));
    waldo_proxy_unref(again);
    waldo_proxy_unref(thing);
    waldo_dict_unref(names);
    waldo_manager_unref(manager);
    waldo_server_stop(server);
    pthread_join(server_thread, NULL);
    cr_assert_eq(destroyed, 0);
    waldo_server_free(server);
    cr_assert_eq(made, 1);
    cr_assert_eq(destroyed, 1);
}

/* ---- what is not given ---- */

static void takes_none(waldo_value *arguments)
{
    waldo_proxy *none = NULL;
    must_fail(waldo_proxy_create(manager, "jobs", arguments, &none, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "no arguments are taken");
    cr_assert_null(none);
}

Test(shared, takes_no_arguments)
{
    Waldo__Builtin__QueueArguments arguments = WALDO__BUILTIN__QUEUE_ARGUMENTS__INIT;
    waldo_proxy *proxy = NULL;
    takes_none(waldo_v_tuple(waldo_v(5)));
    takes_none(waldo_v_fields("maxsize", waldo_v(5)));
    arguments.maxsize = 5;
    must_fail(
        waldo_proxy_new(manager, &waldo_builtin_queue_type, "jobs", &arguments.base, &proxy, &err),
        WALDO_ETYPE);
    cr_assert_str_eq(err.message, "no arguments are taken");
    cr_assert_null(proxy);
    /* These are none. */
    must(waldo_proxy_create(manager, "jobs", waldo_v_tuple(), &proxy, &err));
    waldo_proxy_unref(proxy);
    must(waldo_proxy_create(manager, "jobs", waldo_v_dict(), &proxy, &err));
    waldo_proxy_unref(proxy);
    live_end();
}

Test(shared, as_another_type)
{
    waldo_dict *none = NULL;
    must_fail(waldo_dict_from_name(manager, "jobs", &none, &err), WALDO_ETYPE);
    must_fail(waldo_dict_from_name(manager, "nothing", &none, &err), WALDO_EKEY);
    cr_assert_null(none);
    live_end();
}

Test(shared, is_listed_and_described)
{
    char **offered;
    waldo_type_info *info;
    bool found = false;
    must(waldo_manager_typeids(manager, &offered, &err));
    for (char **one = offered; *one; one++)
        found = found || strcmp(*one, "jobs") == 0;
    free(offered);
    cr_assert(found);
    must(waldo_manager_describe(manager, "jobs", &info, &err));
    cr_assert_str_eq(info->type_id, "jobs");
    cr_assert_str_eq(info->service, "waldo.builtin.Queue");
    found = false;
    for (size_t i = 0; i < info->method_count; i++)
        found = found || strcmp(info->methods[i].name, "get_nowait") == 0;
    cr_assert(found);
    waldo_type_info_free(info);
    live_end();
}

/* ---- the constructor ---- */

Test(shared, a_constructor_that_fails_is_tried_again)
{
    waldo_proxy *thing = NULL;
    fails = true;
    for (int i = 0; i < 2; i++) {
        must_fail(waldo_proxy_create(manager, "thing", waldo_v_none(), &thing, &err), WALDO_EVALUE);
        cr_assert_str_eq(err.message, "not today");
    }
    fails = false;
    thing = proxy_of(manager, "thing");
    waldo_proxy_unref(thing);
    thing = proxy_of(manager, "thing");
    waldo_proxy_unref(thing);
    cr_assert_eq(begun, 3);
    cr_assert_eq(made, 1);
    live_end();
}

/* Its arguments are good enough to be registered. */
Test(shared, a_builtin_constructor_that_fails)
{
    waldo_barrier *pair = NULL;
    must_fail(waldo_barrier_from_name(manager, "pair", &pair, &err), WALDO_EVALUE);
    cr_assert_eq(objects(), 0);
    live_end();
}

/* No constructor may: whether it is of a shared object or not. */
Test(shared, a_constructor_that_keeps_its_call)
{
    waldo_proxy *thing = NULL;
    defers = true;
    must_fail(waldo_proxy_create(manager, "thing", waldo_v_none(), &thing, &err), WALDO_ERUNTIME);
    waldo_call_fail(deferred, WALDO_ECANCELLED, "it should not have been kept");
    defers = false;
    thing = proxy_of(manager, "thing");
    waldo_proxy_unref(thing);
    cr_assert_eq(made, 1);
    live_end();
}

enum { ASKERS = 12 };

typedef struct asker {
    pthread_t thread;
    waldo_manager *own;
    uint64_t object;
} asker;

static void *ask(void *data)
{
    asker *one = data;
    waldo_proxy *thing;
    waldo_error error;
    int status = waldo_proxy_create(one->own, "thing", waldo_v_none(), &thing, &error);
    cr_assert_eq(status, 0, "%s", error.message);
    one->object = waldo_proxy_object(thing);
    waldo_proxy_unref(thing);
    return NULL;
}

/* Without a thread of the server's for each: there are fewer than they, and others go on. */
Test(shared, many_ask_while_it_is_made)
{
    asker askers[ASKERS];
    waldo_proxy_unref(proxy_of(manager, "Slow"));
    pthread_mutex_lock(&gate);
    for (int i = 0; i < ASKERS; i++) {
        askers[i].own = live_connect();
        cr_assert_eq(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    while (begun < 1)
        sched_yield();
    for (int i = 0; i < 10; i++)
        waldo_proxy_unref(proxy_of(manager, "Slow"));
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        cr_assert_eq(askers[i].object, askers[0].object);
        waldo_manager_unref(askers[i].own);
    }
    cr_assert_eq(begun, 1);
    live_end();
}

static void *ask_by_dict(void *data)
{
    asker *one = data;
    waldo_dict *dict;
    waldo_proxy *thing;
    must(waldo_dict_new(one->own, &dict, &err));
    must(waldo_dict_get_or_create(dict, waldo_v("a"), "thing", waldo_v_none(), &thing, &err));
    one->object = waldo_proxy_object(thing);
    waldo_proxy_unref(thing);
    waldo_dict_unref(dict);
    return NULL;
}

/* A method that creates it runs elsewhere than requests to create it. */
Test(shared, a_method_asks_while_it_is_made)
{
    asker by_request = {.own = live_connect()}, by_method = {.own = live_connect()};
    pthread_mutex_lock(&gate);
    cr_assert_eq(pthread_create(&by_request.thread, NULL, ask, &by_request), 0);
    while (begun < 1)
        sched_yield();
    cr_assert_eq(pthread_create(&by_method.thread, NULL, ask_by_dict, &by_method), 0);
    usleep(50 * 1000);
    pthread_mutex_unlock(&gate);
    pthread_join(by_request.thread, NULL);
    pthread_join(by_method.thread, NULL);
    cr_assert_eq(by_request.object, by_method.object);
    cr_assert_eq(begun, 1);
    waldo_manager_unref(by_request.own);
    waldo_manager_unref(by_method.own);
    while (objects() > 0)
        sched_yield();
    live_end();
}

/* The first one to ask gives up; the object is there for the next one. */
Test(shared, who_asks_first_does_not_wait)
{
    waldo_manager_options options = {.authkey = "key", .authkey_size = 3, .call_timeout = 0.1};
    waldo_manager *hasty;
    waldo_proxy *thing = NULL;
    must(waldo_connect(waldo_server_address(server), &options, &hasty, &err));
    pthread_mutex_lock(&gate);
    must_fail(waldo_proxy_create(hasty, "thing", waldo_v_none(), &thing, &err), WALDO_ETIMEOUT);
    pthread_mutex_unlock(&gate);
    thing = proxy_of(manager, "thing");
    waldo_proxy_unref(thing);
    waldo_manager_unref(hasty);
    cr_assert_eq(made, 1);
    while (objects() > 0)
        sched_yield();
    live_end();
}

/* ---- as any other object ---- */

Test(shared, in_a_batch_and_by_a_future)
{
    waldo_batch *batch;
    waldo_future *future;
    waldo_proxy *created, *later;
    waldo_queue *jobs = queue_of(manager, "jobs");
    uint64_t object = waldo_proxy_object(waldo_queue_proxy(jobs));
    must(waldo_batch_new(manager, &batch, &err));
    int made_there = waldo_batch_create(batch, "jobs", waldo_v_none(), &err);
    waldo_batch_call_on(batch, made_there, "put", waldo_v_tuple(waldo_v("from a batch")), &err);
    cr_assert_eq(must(waldo_batch_run(batch, 0, &err)), 0);
    must(waldo_batch_proxy(batch, made_there, &created, &err));
    cr_assert_eq(waldo_proxy_object(created), object);
    gets(jobs, "'from a batch'");
    must(waldo_create_async(manager, "jobs", waldo_v_none(), &future, &err));
    must(waldo_future_proxy(future, 20, &later, &err));
    cr_assert_eq(waldo_proxy_object(later), object);
    waldo_future_unref(future);
    waldo_proxy_unref(later);
    waldo_proxy_unref(created);
    waldo_batch_unref(batch);
    waldo_queue_unref(jobs);
    live_end();
}

Test(shared, in_a_value_and_in_a_child)
{
    waldo_manager *other = live_connect();
    waldo_queue *jobs = queue_of(manager, "jobs"), *passed;
    waldo_value *token;
    must(waldo_proxy_to_value(waldo_queue_proxy(jobs), &token, &err));
    must(waldo_queue_from_value(other, token, &passed, &err));
    waldo_value_unref(token);
    put(passed, 5);
    gets(jobs, "5");
    pid_t child = fork();
    if (child == 0)
        _exit(waldo_queue_put(jobs, waldo_v("from a child"), 0, NULL) < 0);
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    gets(passed, "'from a child'");
    waldo_queue_unref(jobs);
    waldo_queue_unref(passed);
    waldo_manager_unref(other);
    while (objects() > 0)
        sched_yield();
    live_end();
}

/* ---- rights ---- */

static void write_key(const char *path, const char *text)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
}

Test(shared, rights_are_those_of_its_name, .init = NULL)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/waldo-test-%d.keys", (int)getpid());
    write_key(path, "key worker AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= create=jobs "
                    "call=jobs list\n");
    serve_with((waldo_server_options){.authkey_file = path});
    waldo_manager_options options = {.authkey_file = path};
    waldo_queue *none = NULL;
    must(waldo_connect(waldo_server_address(server), &options, &manager, &err));
    unlink(path);
    waldo_queue *jobs = queue_of(manager, "jobs");
    put(jobs, 1);
    gets(jobs, "1");
    must_fail(waldo_queue_new(manager, 0, &none, &err), WALDO_EPERMISSION);
    must_fail(waldo_queue_from_name(manager, "slot", &none, &err), WALDO_EPERMISSION);
    waldo_queue_unref(jobs);
    live_end();
}
