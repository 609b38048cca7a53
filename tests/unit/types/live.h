/* A server with the builtin types, on a thread of the test, and a client of it. */
#ifndef WALDO_TESTS_UNIT_TYPES_LIVE_H
#define WALDO_TESTS_UNIT_TYPES_LIVE_H

#include <criterion/criterion.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/server.h>
#include <waldo/waldo.h>

static waldo_error err;
static waldo_server *server;
static pthread_t server_thread;
static waldo_manager *manager;

#define must(call) live_expect((call), 0, #call)
#define must_fail(call, code) live_expect((call), (code), #call)

/* expected 0 stands for every success. Returns the status. */
static inline int live_expect(int status, int expected, const char *call)
{
    if (expected == 0)
        cr_assert_geq(status, 0, "%s: %s: %s", call, err.type_name, err.message);
    else
        cr_assert_eq(status, expected, "%s: %d", call, status);
    return status;
}

/* TAKES value, which prints as Python prints it. */
static inline void prints(waldo_value *value, const char *expected)
{
    char *text = waldo_value_repr(value);
    cr_assert_str_eq(text, expected);
    free(text);
    waldo_value_unref(value);
}

static inline void *live_serve(void *data)
{
    cr_assert_eq(waldo_server_serve_forever(data, NULL), 0);
    return NULL;
}

static inline waldo_manager *live_connect(void)
{
    waldo_manager_options options = {.authkey = "key", .authkey_size = 3};
    waldo_manager *connected;
    must(waldo_connect(waldo_server_address(server), &options, &connected, &err));
    return connected;
}

static inline void live_begin_at(const char *url, waldo_server_options options)
{
    options.authkey = "key";
    options.authkey_size = 3;
    must(waldo_server_new(NULL, &options, &server, &err));
    must(waldo_server_listen(server, url, NULL, &err));
    cr_assert_eq(pthread_create(&server_thread, NULL, live_serve, server), 0);
    manager = live_connect();
}

static inline void live_begin_with(waldo_server_options options)
{
    live_begin_at("tcp://127.0.0.1:0", options);
}

static inline void live_begin(void)
{
    live_begin_with((waldo_server_options){0});
}

/* No object may be left. */
static inline void live_end(void)
{
    uint64_t objects;
    must(waldo_manager_number_of_objects(manager, &objects, &err));
    cr_assert_eq(objects, 0);
    waldo_manager_unref(manager);
    waldo_server_stop(server);
    pthread_join(server_thread, NULL);
    waldo_server_free(server);
}

#endif
