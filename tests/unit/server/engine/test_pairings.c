/* Every client engine with every server engine: the wire is the same. */
#include <signal.h>

#include "echo_server.h"

typedef struct pairing {
    const char *listen;  /* a prefix only: a path of this process follows */
    bool other;          /* the client uses the other engine */
    const char *options; /* of both sides, or NULL */
} pairing;

static const pairing pairings[] = {
    {"tcp://127.0.0.1:0", false, NULL},
    {"tcp://127.0.0.1:0", true, NULL},
    {"nn+tcp://127.0.0.1:0", false, NULL},
    {"nn+tcp://127.0.0.1:0", true, NULL},
    {"ipc://", false, NULL}, /* in shared memory */
    {"ipc://", false, "?shm=0"},
    {"ipc://", true, NULL},
    {"nn+ipc://", false, NULL},
    {"nn+ipc://", true, NULL},
    {"ws://127.0.0.1:0", false, NULL},
    {"inproc://waldo-test", false, NULL},
};

#define PAIRINGS (sizeof pairings / sizeof pairings[0])

static void start(echo_server *server, const pairing *pair, char *url)
{
    char listen[TEST_URL_SIZE];
    bool path = strstr(pair->listen, "ipc://") != NULL;

    if (path)
        socket_path(listen, pair->listen);
    if (pair->options != NULL)
        strcat(listen, pair->options);
    echo_start(server, path ? listen : pair->listen);
    if (pair->other)
        other_url(server->url, url);
    else
        strcpy(url, server->url);
}

Test(pairings, echo_of_every_size)
{
    const size_t sizes[] = {0, 1, 2, 1000, 16 * 1024, 65535, 65536, 1 << 20, 5 << 20};
    uint8_t *data = random_bytes(5 << 20);

    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {0};
        char url[TEST_URL_SIZE];
        start(&server, &pairings[i], url);
        test_client client = client_open(url);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            client_echo(&client, data, sizes[s]);
        client_echo(&client, data, 3);
        client_close(&client);
        echo_stop(&server);
    }
    free(data);
}

static void many_round_trips(const char *listen, int count)
{
    echo_server server = {0};
    uint8_t *data = random_bytes(64);

    echo_start(&server, listen);
    test_client client = client_open(server.url);
    for (int i = 0; i < count; i++)
        client_echo(&client, data, 64);
    cr_assert_eq(atomic_load(&server.messages), count);
    client_close(&client);
    echo_stop(&server);
    free(data);
}

Test(pairings, ten_thousand_round_trips_direct)
{
    many_round_trips("tcp://127.0.0.1:0", 10000);
}

Test(pairings, ten_thousand_round_trips_nanomsg)
{
    many_round_trips("nn+tcp://127.0.0.1:0", 10000);
}

static void *call_often(void *url)
{
    uint8_t *data = random_bytes(3000);
    test_client client = client_open(url);

    for (size_t i = 0; i < 300; i++)
        client_echo(&client, data, i * 10);
    client_close(&client);
    free(data);
    return NULL;
}

Test(pairings, eight_client_threads)
{
    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {0};
        char url[TEST_URL_SIZE];
        pthread_t threads[8];
        start(&server, &pairings[i], url);
        for (size_t t = 0; t < 8; t++)
            cr_assert_eq(pthread_create(&threads[t], NULL, call_often, url), 0);
        for (size_t t = 0; t < 8; t++)
            pthread_join(threads[t], NULL);
        cr_assert_eq(atomic_load(&server.messages), 2400);
        echo_stop(&server);
    }
}

Test(pairings, too_big_is_refused_before_sending)
{
    static uint8_t data[2000];

    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {0};
        test_client client = {.next_id = 1};
        char url[TEST_URL_SIZE];
        struct iovec part = {data, sizeof data};
        start(&server, &pairings[i], url);
        cr_assert_eq(try_open(url, 1999, 20, &client.engine, &client.channel, NULL), 0);
        cr_assert_eq(client.engine->send(client.channel, 1, &part, 1, waldo__deadline_in(20), NULL),
                     WALDO_ETOOBIG);
        client_echo(&client, data, 1999);
        cr_assert_eq(atomic_load(&server.messages), 1);
        client_close(&client);
        echo_stop(&server);
    }
}

Test(pairings, silence_until_the_deadline)
{
    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {.silent = true};
        char url[TEST_URL_SIZE];
        struct iovec part = {"x", 1};
        uint32_t id = 77;
        waldo_error err = WALDO_ERROR_INIT;
        start(&server, &pairings[i], url);
        test_client client = client_open(url);
        uint64_t begun = waldo__now();
        waldo__deadline deadline = waldo__deadline_in(0.08);
        cr_assert_eq(client.engine->send(client.channel, 1, &part, 1, deadline, &err), 0);
        cr_assert_eq(client.engine->receive(client.channel, &id, &client.reply, deadline, &err),
                     WALDO_ETIMEOUT, "%s: %s", url, err.message);
        cr_assert_geq(waldo__now() - begun, 80 * 1000000u);
        cr_assert_eq(id, 77, "untouched on failure");
        client_close(&client);
        echo_stop(&server);
    }
}

typedef struct waiting_client {
    test_client client;
    int rc;
    waldo_error err;
} waiting_client;

static void *wait_for_reply(void *data)
{
    waiting_client *waiting = data;
    uint32_t id;

    waiting->rc =
        waiting->client.engine->receive(waiting->client.channel, &id, &waiting->client.reply,
                                        waldo__deadline_in(60), &waiting->err);
    return NULL;
}

Test(pairings, a_waiting_client_notices_that_the_server_is_gone)
{
    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {.silent = true};
        char url[TEST_URL_SIZE];
        struct iovec part = {"x", 1};
        pthread_t thread;
        start(&server, &pairings[i], url);
        waiting_client waiting = {.client = client_open(url)};
        test_client *client = &waiting.client;
        cr_assert_eq(
            client->engine->send(client->channel, 1, &part, 1, waldo__deadline_in(20), NULL), 0);
        await_count(&server.messages, 1);
        cr_assert_eq(pthread_create(&thread, NULL, wait_for_reply, &waiting), 0);
        echo_stop(&server);
        pthread_join(thread, NULL);
        cr_assert_eq(waiting.rc, WALDO_EGONE, "%s: %s", url, waiting.err.message);
        client_close(client);
    }
}

static void ignore_signal(int number)
{
    (void)number;
}

static atomic_bool storm_over;

static void *storm(void *thread)
{
    while (!atomic_load(&storm_over)) {
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        usleep(50);
    }
    return NULL;
}

Test(pairings, signals_end_nothing)
{
    struct sigaction action = {.sa_handler = ignore_signal};
    uint8_t *data = random_bytes(1 << 20);

    sigaction(SIGUSR1, &action, NULL);
    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {0};
        char url[TEST_URL_SIZE];
        pthread_t self = pthread_self(), thread;
        start(&server, &pairings[i], url);
        atomic_store(&storm_over, false);
        cr_assert_eq(pthread_create(&thread, NULL, storm, &self), 0);
        test_client client = client_open(url);
        for (size_t k = 0; k < 100; k++)
            client_echo(&client, data, k * k * 100);
        atomic_store(&storm_over, true);
        pthread_join(thread, NULL);
        client_close(&client);
        echo_stop(&server);
    }
    free(data);
}

Test(pairings, nobody_listens)
{
    const char *urls[] = {"tcp://127.0.0.1:1", "nn+tcp://127.0.0.1:1", "ws://127.0.0.1:1",
                          "tcp://localhost:1", "nn+tcp://localhost:1"};
    const waldo__client_engine *engine;
    waldo__channel *channel = NULL;
    char path[TEST_URL_SIZE];
    waldo_error err;

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        cr_assert_eq(try_open(urls[i], 1000, 20, &engine, &channel, &err), WALDO_EREFUSED, "%s: %s",
                     urls[i], err.message);
    cr_assert_eq(try_open(socket_path(path, "ipc://"), 1000, 20, &engine, &channel, &err),
                 WALDO_ENOTFOUND);
    cr_assert_eq(try_open(socket_path(path, "nn+ipc://"), 1000, 20, &engine, &channel, &err),
                 WALDO_ENOTFOUND);
    cr_assert_eq(try_open("inproc://nobody", 1000, 0.05, &engine, &channel, &err), WALDO_ETIMEOUT);
    cr_assert_eq(try_open("tcp://no-such-host.invalid:1", 1000, 20, &engine, &channel, &err),
                 WALDO_ENOTFOUND);
    cr_assert_null(channel);
}

Test(pairings, the_port_is_in_use)
{
    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {0}, second = {0};
        char url[TEST_URL_SIZE];
        waldo_error err = WALDO_ERROR_INIT;
        start(&server, &pairings[i], url);
        cr_assert_eq(echo_try_start(&second, server.url, &err), WALDO_EADDRESSINUSE, "%s: %s",
                     server.url, err.message);
        cr_assert_eq(echo_try_start(&second, url, &err), WALDO_EADDRESSINUSE, "%s: %s", url,
                     err.message);
        test_client client = client_open(url);
        client_echo(&client, (const uint8_t *)"still there", 11);
        client_close(&client);
        echo_stop(&server);
    }
}

Test(pairings, a_regular_file_is_left_alone)
{
    const char *prefixes[] = {"ipc://", "nn+ipc://"};

    for (size_t i = 0; i < 2; i++) {
        echo_server server = {0};
        char path[TEST_URL_SIZE], url[TEST_URL_SIZE];
        FILE *file = fopen(socket_path(path, ""), "w");
        cr_assert_not_null(file);
        fputs("precious", file);
        fclose(file);
        cr_assert_eq(echo_try_start(&server, socket_path(url, prefixes[i]), NULL), WALDO_EEXIST);
        cr_assert_eq(access(path, R_OK), 0);
        unlink(path);
    }
}

Test(pairings, the_socket_file_is_removed_at_the_end)
{
    const char *prefixes[] = {"ipc://", "nn+ipc://"};

    for (size_t i = 0; i < 2; i++) {
        echo_server server = {0};
        char path[TEST_URL_SIZE], url[TEST_URL_SIZE];
        echo_start(&server, socket_path(url, prefixes[i]));
        cr_assert_eq(access(socket_path(path, ""), F_OK), 0);
        echo_stop(&server);
        cr_assert_neq(access(path, F_OK), 0);
    }
}

Test(pairings, long_replies_are_flushed_before_the_end)
{
    uint8_t *data = random_bytes(5 << 20);

    for (size_t i = 0; i < PAIRINGS; i++) {
        echo_server server = {0};
        char url[TEST_URL_SIZE];
        struct iovec part = {data, 5 << 20};
        pthread_t thread;
        start(&server, &pairings[i], url);
        waiting_client waiting = {.client = client_open(url)};
        test_client *client = &waiting.client;
        cr_assert_eq(
            client->engine->send(client->channel, 1, &part, 1, waldo__deadline_in(20), NULL), 0);
        await_count(&server.messages, 1);
        cr_assert_eq(pthread_create(&thread, NULL, wait_for_reply, &waiting), 0);
        echo_stop(&server);
        pthread_join(thread, NULL);
        cr_assert_eq(waiting.rc, 0, "%s: %s", url, waiting.err.message);
        cr_assert_eq(client->reply.size, (size_t)5 << 20);
        client_close(client);
    }
    free(data);
}
