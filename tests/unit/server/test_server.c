/* A server in this process: listening, serving, stopping, and what is left behind. */
#include <waldo/server.h>

#include <signal.h>

#include "server.h"

static waldo_registry *new_types(void)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_registry_load(registry, TYPES_MODULE, &err), 0, "%s", err.message);
    return registry;
}

/* With the types of types.proto; the server keeps them. */
static waldo_server *new_server(const waldo_server_options *options)
{
    waldo_registry *registry = new_types();
    waldo_server *server = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_server_new(registry, options, &server, &err), 0, "%s", err.message);
    waldo_registry_unref(registry);
    return server;
}

static const char *listen_on(waldo_server *server, const char *url)
{
    const char *address = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_server_listen(server, url, &address, &err), 0, "%s: %s", url, err.message);
    return address;
}

static void *serve(void *server)
{
    cr_assert_eq(waldo_server_serve_forever(server, NULL), 0);
    return NULL;
}

typedef struct running {
    waldo_server *server;
    const char *url;
    pthread_t thread;
    waldo_manager *manager;
} running;

static running start(const char *url, const waldo_server_options *options)
{
    running self = {.server = new_server(options)};
    waldo_error err = WALDO_ERROR_INIT;

    self.url = listen_on(self.server, url);
    cr_assert_eq(pthread_create(&self.thread, NULL, serve, self.server), 0);
    cr_assert_eq(waldo_connect(self.url, NULL, &self.manager, &err), 0, "%s", err.message);
    return self;
}

static void stop(running *self)
{
    waldo_server_stop(self->server);
    pthread_join(self->thread, NULL);
    cr_assert_not(waldo_server_is_busy(self->server));
    cr_assert_null(waldo_server_free(self->server));
    waldo_manager_unref(self->manager);
}

static const char *const urls[] = {"tcp://127.0.0.1:0", "nn+tcp://127.0.0.1:0", "ws://127.0.0.1:0",
                                   "inproc://waldo-test-server"};

/* Only inproc, the last one, refuses nobody when its server is gone: whoever calls then waits. */
enum { URLS = sizeof urls / sizeof urls[0], URLS_THAT_REFUSE = URLS - 1 };

/* ---- listening ---- */

Test(server, listens_in_many_places)
{
    waldo_server *server = new_server(NULL);
    char first[DAEMON_URL_SIZE];

    cr_assert_null(waldo_server_address(server));
    for (size_t i = 0; i < URLS; i++) {
        const char *address = listen_on(server, urls[i]);
        cr_assert_null(strstr(address, ":0"), "%s", address);
        if (i == 0)
            strcpy(first, address);
    }
    cr_assert_eq(waldo_server_listen(server, "tcp://127.0.0.1:0", NULL, NULL), 0);
    cr_assert_str_eq(waldo_server_address(server), first);
    waldo_server_free(server);
}

Test(server, refuses_addresses)
{
    static const struct {
        const char *url;
        int code;
    } bad[] = {
        {"gopher://127.0.0.1:70", WALDO_EVALUE},
        {"tcp://127.0.0.1", WALDO_EVALUE},
        {"tcp://192.0.2.1:0", WALDO_ESYSTEM}, /* not an address of this host */
        {"ipc:///no/such/directory/x", WALDO_ENOTFOUND},
    };
    waldo_server *server = new_server(NULL);
    const char *address = "untouched";

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(waldo_server_listen(server, bad[i].url, &address, &err), bad[i].code, "%s: %s",
                     bad[i].url, err.message);
        cr_assert_str_eq(address, "untouched");
    }
    cr_assert_null(waldo_server_address(server));
    listen_on(server, "tcp://127.0.0.1:0");
    waldo_server_free(server);
}

Test(server, listens_nowhere)
{
    waldo_server *server = new_server(NULL);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_server_serve_forever(server, &err), WALDO_ERUNTIME);
    assert_error(err, WALDO_ERUNTIME, "the server listens nowhere");
    waldo_server_free(server);
    cr_assert_null(waldo_server_free(NULL));
}

/* ---- serving ---- */

Test(server, serves_and_stops)
{
    for (size_t i = 0; i < URLS; i++) {
        running self = start(urls[i], NULL);
        bad_thing *thing = server_thing(self.manager);
        assert_works(thing);
        bad_thing_unref(thing);
        await_objects(self.manager, 0);
        stop(&self);
    }
}

Test(server, the_builtin_types_without_a_registry)
{
    waldo_server *server = NULL;
    waldo_manager *manager = NULL;
    waldo_proxy *proxy = NULL;
    pthread_t thread;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_server_new(NULL, NULL, &server, NULL), 0);
    const char *url = listen_on(server, "tcp://127.0.0.1:0");
    cr_assert_eq(pthread_create(&thread, NULL, serve, server), 0);
    cr_assert_eq(waldo_connect(url, NULL, &manager, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_proxy_create(manager, "Thing", waldo_v_none(), &proxy, &err), WALDO_EKEY);
    assert_error(err, WALDO_EKEY, "this server offers no type 'Thing'");
    waldo_server_stop(server);
    pthread_join(thread, NULL);
    waldo_server_free(server);
    waldo_manager_unref(manager);
}

Test(server, stop_before_serving)
{
    for (size_t i = 0; i < URLS; i++) {
        waldo_server *server = new_server(NULL);
        waldo_error err = WALDO_ERROR_INIT;
        listen_on(server, urls[i]);
        waldo_server_stop(server);
        cr_assert_eq(waldo_server_serve_forever(server, &err), 0, "%s", err.message);
        cr_assert_eq(waldo_server_serve_forever(server, &err), WALDO_ERUNTIME);
        assert_error(err, WALDO_ERUNTIME, "the server has been stopped");
        waldo_server_stop(server);
        waldo_server_free(server);
    }
}

static waldo_server *of_signal;

static void stop_it(int number)
{
    (void)number;
    waldo_server_stop(of_signal);
}

Test(server, stop_from_a_signal_handler)
{
    struct sigaction action = {.sa_handler = stop_it};
    running self = start("tcp://127.0.0.1:0", NULL);

    of_signal = self.server;
    sigaction(SIGUSR1, &action, NULL);
    cr_assert_eq(pthread_kill(self.thread, SIGUSR1), 0);
    pthread_join(self.thread, NULL);
    waldo_server_free(self.server);
    waldo_manager_unref(self.manager);
}

/* Objects that clients still hold are destroyed, those of generators in the middle too. */
Test(server, free_destroys_what_is_held)
{
    for (size_t i = 0; i < URLS_THAT_REFUSE; i++) {
        running self = start(urls[i], NULL);
        Bad__Number many = BAD__NUMBER__INIT;
        bad_thing *thing = server_thing(self.manager), *twin = NULL;
        bad_thing_count_iterator *items = NULL;
        const Bad__Number *item = NULL;
        many.n = 100;
        cr_assert_eq(bad_thing_twin(thing, &twin, NULL), 0);
        cr_assert_eq(bad_thing_count(thing, &many, &items, NULL), 0);
        cr_assert_eq(bad_thing_count_next(items, &item, NULL), 1);
        waldo_server_stop(self.server);
        pthread_join(self.thread, NULL);
        waldo_server_free(self.server);
        bad_thing_count_unref(items);
        bad_thing_unref(twin);
        bad_thing_unref(thing);
        waldo_manager_unref(self.manager);
    }
}

Test(server, stop_finishes_the_calls_that_run)
{
    for (size_t i = 0; i < URLS; i++) {
        running self = start(urls[i], NULL);
        waiting_call call = {.thing = server_thing(self.manager), .method = bad_thing_hold};
        waiting_call_start(&call, O_WRONLY);
        cr_assert(waldo_server_is_busy(self.server));
        waldo_server_stop(self.server);
        waiting_call_release(&call);
        waiting_call_join(&call);
        cr_assert_eq(call.status, 0, "%s: %s", urls[i], call.err.message);
        pthread_join(self.thread, NULL);
        waldo_server_free(self.server);
        bad_thing_unref(call.thing);
        waldo_manager_unref(self.manager);
    }
}

Test(server, stop_tells_those_who_wait)
{
    for (size_t i = 0; i < URLS; i++) {
        running self = start(urls[i], NULL);
        waiting_call call = {.thing = server_thing(self.manager), .method = bad_thing_park};
        waiting_call_start(&call, O_RDONLY);
        waldo_server_stop(self.server);
        waiting_call_join(&call);
        cr_assert_eq(call.status, WALDO_EGONE);
        cr_assert_str_eq(call.err.message, "the server is shutting down", "%s: %s", urls[i],
                         call.err.message);
        pthread_join(self.thread, NULL);
        waldo_server_free(self.server);
        bad_thing_unref(call.thing);
        waldo_manager_unref(self.manager);
    }
}

/* ---- limits and times ---- */

Test(server, max_message_is_told_to_clients)
{
    const waldo_server_options options = {.max_message = 5000};
    running self = start("tcp://127.0.0.1:0", &options);
    bad_thing *thing = server_thing(self.manager);
    static uint8_t bytes[5000];
    Bad__Blob blob = BAD__BLOB__INIT;
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    blob.data.data = bytes;
    blob.data.len = sizeof bytes;
    cr_assert_eq(bad_thing_consume(thing, &blob, &result, &err), WALDO_ETOOBIG);
    assert_error(err, WALDO_ETOOBIG, "more than the 5000 that are allowed");
    bad_thing_unref(thing);
    stop(&self);
}

/* A client that is gone without a word: its objects go when the time of grace is over. */
Test(server, grace, .fini = daemon_kill_all)
{
    const waldo_server_options options = {.grace = 0.02};
    running self = start("tcp://127.0.0.1:0", &options);
    const char *const arguments[] = {HOLDER, self.url, NULL};
    daemon_process client;
    char line[16];

    daemon_spawn(&client, arguments);
    daemon_read(&client, line, sizeof line, '\n');
    cr_assert_str_eq(line, "holding", "%s", daemon_errors(&client));
    await_objects(self.manager, 1);
    cr_assert_eq(daemon_end(&client, SIGKILL), -SIGKILL);
    close(client.errors);
    await_objects(self.manager, 0);
    stop(&self);
}

/* ---- what outlives it ---- */

/* Giving back what a server had that is no more takes a moment, however much it is; also where
 * nobody says that it is no more. */
Test(server, proxies_that_outlive_it, .timeout = 60)
{
    enum { PROXIES = 100 };
    static const double most = 10; /* seconds; looking for the server for each would be 25 */

    for (size_t i = 0; i < URLS; i++) {
        running self = start(urls[i], NULL);
        bad_thing *things[PROXIES];
        struct timespec start_time, end_time;
        for (size_t k = 0; k < PROXIES; k++)
            things[k] = server_thing(self.manager);
        waldo_server_stop(self.server);
        pthread_join(self.thread, NULL);
        waldo_server_free(self.server);
        clock_gettime(CLOCK_MONOTONIC, &start_time);
        for (size_t k = 0; k < PROXIES; k++)
            bad_thing_unref(things[k]);
        waldo_manager_unref(self.manager);
        clock_gettime(CLOCK_MONOTONIC, &end_time);
        cr_assert_lt(difftime(end_time.tv_sec, start_time.tv_sec), most, "%s", urls[i]);
    }
}
