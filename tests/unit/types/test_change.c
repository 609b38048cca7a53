/* Waiting until a container has changed. */
#include "live.h"

#include <unistd.h>

TestSuite(change, .init = live_begin);

/* Until so many calls are parked in the server. */
static void await_parked(uint64_t wanted)
{
    waldo_limit_usage usage = {0};
    for (int left = 30000; usage.now != wanted || left == 30000; left--) {
        cr_assert_gt(left, 0, "%d are parked", (int)usage.now);
        usleep(1000);
        waldo_server_usage(server, WALDO_LIMIT_PARKED, &usage);
    }
}

Test(change, versions_grow)
{
    waldo_dict *dict;
    waldo_value *value;
    uint64_t first, second;
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_dict_version(dict, &first, &err));
    must(waldo_dict_set(dict, waldo_v(1), waldo_v(2), &err));
    must(waldo_dict_version(dict, &second, &err));
    cr_assert_gt(second, first);
    /* What only looks, or fails, changes nothing. */
    must(waldo_dict_copy(dict, &value, &err));
    waldo_value_unref(value);
    must(waldo_dict_setdefault(dict, waldo_v(1), waldo_v(3), &value, &err));
    waldo_value_unref(value);
    must(waldo_dict_insert(dict, waldo_v(1), waldo_v(3), NULL, &err));
    must_fail(waldo_dict_delete(dict, waldo_v(3), &err), WALDO_EKEY);
    must(waldo_dict_get_many(dict, waldo_v_list(waldo_v(1)), &value, &err));
    waldo_value_unref(value);
    must(waldo_dict_pop_many(dict, waldo_v_list(waldo_v(5)), &value, &err));
    waldo_value_unref(value);
    must(waldo_dict_version(dict, &first, &err));
    cr_assert_eq(second, first);
    waldo_dict_unref(dict);
    live_end();
}

Test(change, timeouts)
{
    waldo_dict *dict;
    uint64_t version, seen = 77;
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_dict_version(dict, &version, &err));
    cr_assert_eq(must(waldo_dict_wait_changed(dict, version, 0, &seen, &err)), 0);
    cr_assert_eq(must(waldo_dict_wait_changed(dict, version, 0.02, &seen, &err)), 0);
    cr_assert_eq(seen, 77);
    cr_assert_eq(must(waldo_dict_wait_changed(dict, version + 1, WALDO_FOREVER, &seen, &err)), 1);
    cr_assert_eq(seen, version);
    must_fail(waldo_dict_wait_changed(dict, version, -1, &seen, &err), WALDO_EVALUE);
    waldo_value *result;
    must_fail(waldo_proxy_call(waldo_dict_proxy(dict), "wait_changed",
                               waldo_v_tuple(waldo_v(version), waldo_v("x")), &result, &err),
              WALDO_ETYPE);
    must(waldo_proxy_call(waldo_dict_proxy(dict), "wait_changed",
                          waldo_v_tuple(waldo_v(version), waldo_v(-3)), &result, &err));
    prints(result, "0");
    waldo_dict_unref(dict);
    live_end();
}

typedef struct watcher {
    waldo_value *token;
    uint64_t since;
    pthread_t thread;
    int status;
    uint64_t version;
} watcher;

/* With a session of its own. */
static void *watch(void *data)
{
    watcher *self = data;
    waldo_manager *mine = live_connect();
    waldo_dict *dict;
    waldo_error error;
    self->status = waldo_dict_from_value(mine, self->token, &dict, &error);
    if (self->status >= 0) {
        self->status =
            waldo_dict_wait_changed(dict, self->since, WALDO_FOREVER, &self->version, &error);
        waldo_dict_unref(dict);
    }
    waldo_manager_unref(mine);
    return NULL;
}

Test(change, wakes_all_who_wait)
{
    enum { WATCHERS = 5 };
    waldo_dict *dict;
    watcher watchers[WATCHERS];
    uint64_t version, changed;
    waldo_value *token;
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_dict_version(dict, &version, &err));
    must(waldo_proxy_to_value(waldo_dict_proxy(dict), &token, &err));
    for (int i = 0; i < WATCHERS; i++) {
        watchers[i] = (watcher){.token = token, .since = version};
        cr_assert_eq(pthread_create(&watchers[i].thread, NULL, watch, &watchers[i]), 0);
    }
    await_parked(WATCHERS);
    must_fail(waldo_dict_delete(dict, waldo_v(1), &err), WALDO_EKEY); /* no change */
    await_parked(WATCHERS);
    must(waldo_dict_set(dict, waldo_v(1), waldo_v(1), &err));
    for (int i = 0; i < WATCHERS; i++) {
        pthread_join(watchers[i].thread, NULL);
        cr_assert_eq(watchers[i].status, 1);
        cr_assert_gt(watchers[i].version, version);
    }
    must(waldo_dict_version(dict, &changed, &err));
    cr_assert_gt(changed, version);
    await_parked(0);
    waldo_value_unref(token);
    waldo_dict_unref(dict);
    live_end();
}

/* A call that its caller gives up leaves the room, and its dict with it. */
Test(change, the_impatient_leave)
{
    waldo_dict *dict;
    waldo_value *result;
    uint64_t version;
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_dict_version(dict, &version, &err));
    waldo_proxy *proxy = waldo_dict_proxy(dict);
    must(waldo_proxy_set_timeout(proxy, 0.05, &err));
    must_fail(
        waldo_proxy_call(proxy, "wait_changed", waldo_v_tuple(waldo_v(version)), &result, &err),
        WALDO_ETIMEOUT);
    await_parked(0);
    must(waldo_proxy_set_timeout(proxy, 0, &err));
    must(waldo_dict_set(dict, waldo_v(1), waldo_v(1), &err));
    waldo_dict_unref(dict);
    live_end();
}

/* Every container has it. */
Test(change, of_every_container)
{
    static const struct {
        const char *type_id, *method;
        int arguments;
    } types[] = {{"list", "append", 1},       {"set", "add", 1},
                 {"dict", "__setitem__", 2},  {"Value", "set", 1},
                 {"Array", "__setitem__", 2}, {"Namespace", "__setattr__", 2}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        waldo_proxy *proxy;
        waldo_value *before, *after, *result;
        waldo_value *creation = waldo_v_none();
        if (strcmp(types[i].type_id, "Value") == 0 || strcmp(types[i].type_id, "Array") == 0)
            creation = waldo_v_tuple(waldo_v("i"), waldo_v_list(waldo_v(0)));
        must(waldo_proxy_create(manager, types[i].type_id, creation, &proxy, &err));
        must(waldo_proxy_call(proxy, "version", waldo_v_none(), &before, &err));
        waldo_value *key = strcmp(types[i].type_id, "Namespace") == 0 ? waldo_v("x") : waldo_v(0);
        must(waldo_proxy_call(proxy, types[i].method,
                              types[i].arguments == 1 ? waldo_v_tuple(key)
                                                      : waldo_v_tuple(key, waldo_v(1)),
                              &result, &err));
        waldo_value_unref(result);
        must(waldo_proxy_call(proxy, "wait_changed", waldo_v_tuple(before), &after, &err));
        cr_assert(waldo_value_is_true(after), "%s", types[i].type_id);
        waldo_value_unref(after);
        waldo_proxy_unref(proxy);
    }
    live_end();
}
