/* For tests of bad input: a server with the types of types.proto, over each engine; and what must
 * hold after every test: it serves others, holds no object, and ends without a leak. */
#ifndef WALDO_TESTS_BAD_INPUT_SERVER_H
#define WALDO_TESTS_BAD_INPUT_SERVER_H

#include <pthread.h>
#include <sys/stat.h>

#include <waldo/waldo.h>

#include "daemon.h"
#include "types.proxy.h"

#define TEST_MAX_MESSAGE 65536

typedef struct test_server {
    daemon_process daemon;
    char url[DAEMON_URL_SIZE];
    int descriptors; /* before anybody came */
} test_server;

/* A waldod with those arguments, which listens at one address. */
static inline void server_start_with(test_server *server, const char *const *arguments)
{
    daemon_spawn(&server->daemon, arguments);
    daemon_read_url(&server->daemon, server->url);
    server->descriptors = daemon_descriptors(&server->daemon);
}

static inline void server_start(test_server *server, const char *listen)
{
    const char *const arguments[] = {WALDOD,       "--listen",      listen,  "--load",
                                     TYPES_MODULE, "--max-message", "65536", NULL};

    server_start_with(server, arguments);
}

static inline waldo_manager *server_connect(const test_server *server)
{
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_connect(server->url, NULL, &manager, &err), 0, "%s", err.message);
    return manager;
}

static inline bad_thing *server_thing(waldo_manager *manager)
{
    bad_thing *thing = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(bad_thing_new(manager, &thing, &err), 0, "%s", err.message);
    return thing;
}

/* Does a call work? */
static inline void assert_works(bad_thing *thing)
{
    Bad__Number number = BAD__NUMBER__INIT;
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    number.n = 23;
    cr_assert_eq(bad_thing_echo(thing, &number, &result, &err), 0, "%s", err.message);
    cr_assert_eq(result->n, 23);
    bad__number__free_unpacked(result, NULL);
}

/* References are given back in the background: waits until the server holds so many objects. */
static inline void await_objects(waldo_manager *manager, uint64_t wanted)
{
    uint64_t count = UINT64_MAX;

    for (int left = DAEMON_PATIENCE_MS * (1000 / DAEMON_LOOK_US); count != wanted; left--) {
        cr_assert_gt(left, 0, "%d objects", (int)count);
        usleep(DAEMON_LOOK_US);
        cr_assert_eq(waldo_manager_number_of_objects(manager, &count, NULL), 0);
    }
}

/* What the limit has refused. */
static inline unsigned long server_refused(waldo_manager *manager, const char *what)
{
    char *text = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    unsigned long count = 0;

    cr_assert_eq(waldo_manager_debug_info(manager, &text, &err), 0, "%s", err.message);
    const char *found = strstr(text, what);
    cr_assert(!found || sscanf(found + strlen(what), ": refused %lu", &count) == 1, "%s", text);
    free(text);
    return count;
}

/* Somebody who has nothing to do with what went wrong. */
static inline void assert_serves(const test_server *server)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);

    assert_works(thing);
    bad_thing_unref(thing);
    await_objects(manager, 0);
    waldo_manager_unref(manager);
}

static inline void server_stop(test_server *server)
{
    assert_serves(server);
    daemon_await_descriptors(&server->daemon, server->descriptors);
    daemon_stop(&server->daemon);
}

static inline void run_over(const char *listen, void (*body)(test_server *server))
{
    test_server server = {.descriptors = 0};

    server_start(&server, listen);
    body(&server);
    server_stop(&server);
}

/* Over a Unix socket, from which clients move to shared memory. */
static inline void run_over_socket(void (*body)(test_server *server))
{
    char listen[64];

    snprintf(listen, sizeof listen, "ipc://@waldo-test-%d", (int)getpid());
    run_over(listen, body);
}

/* A test that runs over each of the server's engines that listen on ports and take SP as it is. */
#define TEST_OVER_STREAMS(suite, name)                                                             \
    static void suite##_##name(test_server *server);                                               \
    Test(suite, name##_direct, .fini = daemon_kill_all)                                            \
    {                                                                                              \
        run_over("tcp://127.0.0.1:0", suite##_##name);                                             \
    }                                                                                              \
    Test(suite, name##_nanomsg, .fini = daemon_kill_all)                                           \
    {                                                                                              \
        run_over("nn+tcp://127.0.0.1:0", suite##_##name);                                          \
    }                                                                                              \
    static void suite##_##name(test_server *server)

/* The same, and over WebSocket. */
#define TEST_OVER_PORTS(suite, name)                                                               \
    static void suite##_##name(test_server *server);                                               \
    Test(suite, name##_websocket, .fini = daemon_kill_all)                                         \
    {                                                                                              \
        run_over("ws://127.0.0.1:0", suite##_##name);                                              \
    }                                                                                              \
    TEST_OVER_STREAMS(suite, name)

/* The same, and in shared memory. */
#define TEST_OVER_ENGINES(suite, name)                                                             \
    static void suite##_##name(test_server *server);                                               \
    Test(suite, name##_shm, .fini = daemon_kill_all)                                               \
    {                                                                                              \
        run_over_socket(suite##_##name);                                                           \
    }                                                                                              \
    TEST_OVER_PORTS(suite, name)

/* ---- calls that wait for a FIFO, on a thread of their own ---- */

typedef struct waiting_call {
    bad_thing *thing;
    int (*method)(bad_thing *thing, const Bad__Fifo *arguments, Bad__Number **ret_result,
                  waldo_error *reterr);
    char path[64];
    int fifo; /* the test's end */
    pthread_t thread;
    int status;
    waldo_error err;
} waiting_call;

static inline void *waiting_call_run(void *data)
{
    waiting_call *call = data;
    Bad__Fifo fifo = BAD__FIFO__INIT;
    Bad__Number *result = NULL;

    fifo.path = call->path;
    call->status = call->method(call->thing, &fifo, &result, &call->err);
    if (call->status >= 0)
        bad__number__free_unpacked(result, NULL);
    return NULL;
}

/* Calls the method and waits until its handler runs. */
static inline void waiting_call_start(waiting_call *call, int mode)
{
    snprintf(call->path, sizeof call->path, "/tmp/waldo-test-%d.fifo", (int)getpid());
    unlink(call->path);
    cr_assert_eq(mkfifo(call->path, 0600), 0);
    cr_assert_eq(pthread_create(&call->thread, NULL, waiting_call_run, call), 0);
    call->fifo = open(call->path, mode | O_CLOEXEC);
    unlink(call->path);
    cr_assert_geq(call->fifo, 0);
}

/* Lets a handler that holds end. */
static inline void waiting_call_release(waiting_call *call)
{
    close(call->fifo);
    call->fifo = -1;
}

static inline void waiting_call_join(waiting_call *call)
{
    if (call->fifo >= 0)
        close(call->fifo);
    pthread_join(call->thread, NULL);
}

/* The error says what it should. */
#define assert_error(err, wanted, words)                                                           \
    do {                                                                                           \
        cr_assert_eq((err).code, (wanted), "%s: %s", (err).type_name, (err).message);              \
        cr_assert_not_null(strstr((err).message, (words)), "%s", (err).message);                   \
    } while (0)

#endif
