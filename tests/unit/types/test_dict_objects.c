/* get_or_create: one message, one object, and nothing where it fails. */
#include "dicts.h"

#include <stdatomic.h>

#include "proxy/manager_internal.h"

/* ---- a type whose constructor can be made to meet another one, or to fail ---- */

static pthread_barrier_t meeting;
static atomic_bool meets, fails;
static atomic_int made, destroyed;

static bool creates(const void *ops)
{
    (void)ops;
    return true;
}

static int create(waldo_call *call, const void *ops, void *type_data, const ProtobufCMessage *input,
                  void **ret_self)
{
    (void)ops;
    (void)type_data;
    (void)input;
    if (atomic_load(&fails))
        return waldo_call_raise(call, WALDO_EVALUE, "not today");
    *ret_self = malloc(1);
    made++;
    if (atomic_load(&meets))
        pthread_barrier_wait(&meeting);
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

static void begin(void)
{
    waldo_server_options options = {.authkey = "key", .authkey_size = 3};
    waldo_registry *registry = waldo_registry_new(NULL);
    must(waldo_registry_add_service(registry, &service, NULL, NULL, &err));
    must(waldo_server_new(registry, &options, &server, &err));
    waldo_registry_unref(registry);
    must(waldo_server_listen(server, "tcp://127.0.0.1:0", NULL, &err));
    cr_assert_eq(pthread_create(&server_thread, NULL, live_serve, server), 0);
    manager = live_connect();
}

TestSuite(dict_objects, .init = begin, .timeout = 60);

static uint64_t requests(void)
{
    pthread_mutex_lock(&manager->lock);
    uint64_t count = manager->last_sequence;
    pthread_mutex_unlock(&manager->lock);
    return count;
}

static uint64_t objects(void)
{
    uint64_t count;
    must(waldo_manager_number_of_objects(manager, &count, &err));
    return count;
}

/* ---- tests ---- */

Test(dict_objects, one_message)
{
    waldo_dict *dict = new_dict();
    waldo_proxy *first, *second;
    uint64_t before = requests();
    must(waldo_dict_get_or_create(dict, waldo_v("a"), "list", waldo_v_tuple(waldo_v("xy")), &first,
                                  &err));
    cr_assert_eq(requests(), before + 1);
    must(waldo_dict_get_or_create(dict, waldo_v("a"), "list", waldo_v_none(), &second, &err));
    cr_assert_eq(requests(), before + 2);
    cr_assert_eq(waldo_proxy_object(first), waldo_proxy_object(second));
    char *text = waldo_proxy_str(second);
    cr_assert_str_eq(text, "['x', 'y']");
    free(text);
    waldo_proxy_unref(first);
    waldo_proxy_unref(second);
    cr_assert_eq(objects(), 2);
    must(waldo_dict_clear(dict, &err));
    end(dict);
}

Test(dict_objects, by_name)
{
    waldo_dict *dict = new_dict();
    waldo_proxy *proxy = waldo_dict_proxy(dict), *inner;
    waldo_value *result;
    must(waldo_proxy_call(proxy, "get_or_create", waldo_v_tuple(waldo_v("a"), waldo_v("list")),
                          &result, &err));
    must(waldo_proxy_from_value(manager, result, &inner, &err));
    cr_assert_str_eq(waldo_proxy_typeid(inner), "list");
    waldo_value_unref(result);
    waldo_proxy_unref(inner);
    must(waldo_dict_clear(dict, &err));
    end(dict);
}

typedef struct racer {
    pthread_t thread;
    waldo_manager *own;
    waldo_dict *dict;
    uint64_t object;
} racer;

static void *race(void *data)
{
    racer *one = data;
    waldo_proxy *thing;
    waldo_error error;
    int status = waldo_dict_get_or_create(one->dict, waldo_v("thing"), "Thing", waldo_v_none(),
                                          &thing, &error);
    cr_assert_eq(status, 0, "%s", error.message);
    one->object = waldo_proxy_object(thing);
    waldo_proxy_unref(thing);
    return NULL;
}

/* Two ask while the constructor is at work. */
Test(dict_objects, two_clients_race)
{
    waldo_dict *dict = new_dict();
    waldo_value *token;
    racer racers[2];
    must(waldo_proxy_to_value(waldo_dict_proxy(dict), &token, &err));
    pthread_barrier_init(&meeting, NULL, 2);
    meets = true;
    for (int i = 0; i < 2; i++) {
        racers[i].own = live_connect();
        must(waldo_dict_from_value(racers[i].own, token, &racers[i].dict, &err));
        cr_assert_eq(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    waldo_value_unref(token);
    pthread_barrier_wait(&meeting);
    for (int i = 0; i < 2; i++)
        pthread_join(racers[i].thread, NULL);
    cr_assert_eq(racers[0].object, racers[1].object);
    cr_assert_eq(made, 1);
    cr_assert_eq(objects(), 2);
    for (int i = 0; i < 2; i++) {
        waldo_dict_unref(racers[i].dict);
        waldo_manager_unref(racers[i].own);
    }
    must(waldo_dict_clear(dict, &err));
    while (destroyed < 1)
        sched_yield();
    pthread_barrier_destroy(&meeting);
    end(dict);
}

static void *race_in_vain(void *data)
{
    racer *one = data;
    waldo_proxy *thing;
    waldo_error error;
    cr_assert_eq(waldo_dict_get_or_create(one->dict, waldo_v("thing"), "Thing", waldo_v_none(),
                                          &thing, &error),
                 WALDO_ETYPE);
    return NULL;
}

/* A transaction does not wait for the constructor. */
Test(dict_objects, the_key_is_set_meanwhile)
{
    racer one = {.dict = new_dict()};
    waldo_transaction *all;
    pthread_barrier_init(&meeting, NULL, 2);
    meets = true;
    cr_assert_eq(pthread_create(&one.thread, NULL, race_in_vain, &one), 0);
    while (made < 1)
        sched_yield();
    must(waldo_transaction_new(manager, &all, &err));
    must(waldo_transaction_add(all, waldo_dict_proxy(one.dict), "__setitem__",
                               waldo_v_tuple(waldo_v("thing"), waldo_v(1)), &err));
    must(waldo_transaction_commit(all, NULL, &err));
    waldo_transaction_unref(all);
    pthread_barrier_wait(&meeting);
    pthread_join(one.thread, NULL);
    while (destroyed < 1)
        sched_yield();
    holds(one.dict, "{'thing': 1}");
    pthread_barrier_destroy(&meeting);
    end(one.dict);
}

static void refuses(waldo_dict *dict, waldo_value *key, const char *type_id, waldo_value *arguments,
                    int code, const char *message)
{
    waldo_proxy *proxy = NULL;
    must_fail(waldo_dict_get_or_create(dict, key, type_id, arguments, &proxy, &err), code);
    cr_assert_str_eq(err.message, message);
    cr_assert_null(proxy);
}

Test(dict_objects, what_cannot_be_made_changes_nothing)
{
    waldo_dict *dict = dict_of(waldo_v_dict(waldo_v("n"), waldo_v(1)));
    uint64_t before, after;
    must(waldo_dict_version(dict, &before, &err));
    refuses(dict, waldo_v("n"), "list", waldo_v_none(), WALDO_ETYPE, "a 'int' is no proxy");
    refuses(dict, waldo_v("a"), "nope", waldo_v_none(), WALDO_EKEY,
            "this server offers no type 'nope'");
    refuses(dict, waldo_v("a"), "Secret", waldo_v_none(), WALDO_EATTRIBUTE,
            "objects of type 'Secret' are not created by clients");
    refuses(dict, waldo_v("a"), "list", waldo_v_tuple(waldo_v(5)), WALDO_ETYPE,
            "'int' object is not iterable");
    refuses(dict, waldo_v_list(), "list", waldo_v_none(), WALDO_ETYPE, "unhashable type: 'list'");
    fails = true;
    refuses(dict, waldo_v("a"), "Thing", waldo_v_none(), WALDO_EVALUE, "not today");
    must_fail(waldo_dict_get_or_create(dict, NULL, "Thing", waldo_v_none(), NULL, &err),
              WALDO_ENOMEM);
    must_fail(waldo_dict_get_or_create(dict, waldo_v("a"), "Thing", NULL, NULL, &err),
              WALDO_ENOMEM);
    must(waldo_dict_version(dict, &after, &err));
    cr_assert_eq(after, before);
    holds(dict, "{'n': 1}");
    cr_assert_eq(objects(), 1);
    end(dict);
}

Test(dict_objects, not_in_a_transaction)
{
    waldo_dict *dict = new_dict();
    waldo_transaction *all;
    must(waldo_transaction_new(manager, &all, &err));
    must(waldo_transaction_add(all, waldo_dict_proxy(dict), "get_or_create",
                               waldo_v_tuple(waldo_v("a"), waldo_v("list")), &err));
    must_fail(waldo_transaction_commit(all, NULL, &err), WALDO_ETYPE);
    waldo_transaction_unref(all);
    holds(dict, "{}");
    end(dict);
}
