/* How a shared object is made: once, whoever asks, and again only where that fails. */
#include <sched.h>

#include "shared_objects.h"

TestSuite(shared_making, .init = begin, .timeout = 60);

Test(shared_making, a_constructor_that_fails_is_tried_again)
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
Test(shared_making, a_builtin_constructor_that_fails)
{
    waldo_barrier *pair = NULL;
    must_fail(waldo_barrier_from_name(manager, "pair", &pair, &err), WALDO_EVALUE);
    cr_assert_eq(objects(), 0);
    live_end();
}

/* No constructor may: whether it is of a shared object or not. */
Test(shared_making, a_constructor_that_keeps_its_call)
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
Test(shared_making, many_ask_while_it_is_made)
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
Test(shared_making, a_method_asks_while_it_is_made)
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
Test(shared_making, who_asks_first_does_not_wait)
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
