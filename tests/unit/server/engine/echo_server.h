/* For tests of engines: a server on a thread of its own that echoes, and a client's call. */
#ifndef WALDO_TESTS_ECHO_SERVER_H
#define WALDO_TESTS_ECHO_SERVER_H

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Both sides' interfaces are engine/engine.h in their own trees. */
#include "../../../../runtime/engine/engine.h"
#include "../../../../server/engine/engine.h"

#define TEST_MAX_MESSAGE ((size_t)8 << 20)
#define TEST_MAX_QUEUED ((size_t)1 << 20)
#define TEST_URL_SIZE 600

typedef struct echo_server {
    waldo__listener_limits limits;
    bool silent; /* replies to nothing */
    bool never_admits;
    const waldo__server_engine *engine;
    waldo__listener *listener;
    char url[TEST_URL_SIZE];
    uv_loop_t loop;
    uv_async_t wake;
    pthread_t thread;
    sem_t done;
    void (*job)(struct echo_server *server);
    atomic_int messages;
    atomic_int taken;
    atomic_int emptied; /* and it was not full any more */
    atomic_int gone;
    atomic_int closed;
    atomic_ullong last_connection;
} echo_server;

/* What a client says to be admitted, and is answered by servers that are silent, too. */
#define TEST_KNOCK "knock"

static inline void echo_on_message(void *context, uint64_t connection, uint32_t id,
                                   const uint8_t *data, size_t size, waldo__buffer *owner)
{
    echo_server *server = context;
    struct iovec part = {(void *)data, size};

    (void)owner;
    bool knocks = size == strlen(TEST_KNOCK) && memcmp(data, TEST_KNOCK, size) == 0;

    atomic_store(&server->last_connection, connection);
    atomic_fetch_add(&server->messages, !knocks);
    if (!server->never_admits)
        server->engine->admit(server->listener, connection);
    if (!server->silent || knocks) {
        server->engine->reply(server->listener, connection, id, &part, 1, NULL);
    }
}

static inline void echo_on_taken(void *context, uint64_t connection)
{
    echo_server *server = context;

    atomic_fetch_add(&server->taken, 1);
    if (!server->engine->is_full(server->listener, connection))
        atomic_fetch_add(&server->emptied, 1);
}

static inline void echo_on_gone(void *context, uint64_t connection)
{
    echo_server *server = context;

    (void)connection;
    atomic_fetch_add(&server->gone, 1);
}

static inline void echo_on_closed(void *data)
{
    echo_server *server = data;

    atomic_fetch_add(&server->closed, 1);
    server->listener = NULL;
}

static inline void echo_on_wake(uv_async_t *wake)
{
    echo_server *server = wake->data;

    if (server->job == NULL)
        return;
    server->job(server);
    server->job = NULL;
    sem_post(&server->done);
}

static inline void *echo_run(void *data)
{
    echo_server *server = data;

    uv_run(&server->loop, UV_RUN_DEFAULT);
    return NULL;
}

/* Does something on the server's thread and waits until it is done. */
static inline void echo_do(echo_server *server, void (*job)(echo_server *server))
{
    server->job = job;
    uv_async_send(&server->wake);
    while (sem_wait(&server->done) < 0)
        ;
}

/* Fill in limits and flags before, or leave them zero. */
static inline int echo_try_start(echo_server *server, const char *url, waldo_error *err)
{
    const waldo__listener_events events = {
        .message = echo_on_message, .taken = echo_on_taken, .gone = echo_on_gone};
    waldo__url parsed;

    if (server->limits.max_message == 0)
        server->limits.max_message = TEST_MAX_MESSAGE;
    if (server->limits.first_message == 0)
        server->limits.first_message = server->limits.max_message;
    if (server->limits.max_queued == 0)
        server->limits.max_queued = TEST_MAX_QUEUED;
    int rc = waldo__url_parse(url, &parsed, err);
    if (rc < 0)
        return rc;
    server->engine = waldo__server_engine_for(&parsed);
    cr_assert_eq(uv_loop_init(&server->loop), 0);
    rc = server->engine->listen(&server->loop, &parsed, &server->limits, &events, server,
                                &server->listener, err);
    if (rc < 0) {
        uv_run(&server->loop, UV_RUN_NOWAIT);
        cr_assert_eq(uv_loop_close(&server->loop), 0, "a failed listen() leaves handles");
        return rc;
    }
    waldo__url_format(server->engine->address(server->listener), server->url, sizeof server->url);
    cr_assert_eq(uv_async_init(&server->loop, &server->wake, echo_on_wake), 0);
    server->wake.data = server;
    cr_assert_eq(sem_init(&server->done, 0, 0), 0);
    cr_assert_eq(pthread_create(&server->thread, NULL, echo_run, server), 0);
    return 0;
}

static inline void echo_start(echo_server *server, const char *url)
{
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(echo_try_start(server, url, &err), 0, "%s: %s", url, err.message);
}

/* libnanomsg does not say what a client has taken: after a long reply its servers wait as long. */
enum { ECHO_FLUSH_MS = 5000 };

static inline void echo_close_now(echo_server *server)
{
    if (server->listener == NULL)
        return;
    server->engine->close(server->listener, ECHO_FLUSH_MS, echo_on_closed, server);
    /* A second close changes nothing. */
    server->engine->close(server->listener, 0, echo_on_closed, server);
}

static inline void echo_close_wake(echo_server *server)
{
    uv_close((uv_handle_t *)&server->wake, NULL);
}

static inline void echo_stop(echo_server *server)
{
    echo_do(server, echo_close_now);
    echo_do(server, echo_close_wake);
    pthread_join(server->thread, NULL);
    cr_assert_eq(uv_loop_close(&server->loop), 0, "the listener left handles");
    cr_assert_eq(atomic_load(&server->closed), 1);
    sem_destroy(&server->done);
}

/* ---- Clients ---- */

static inline int try_open(const char *text, size_t max_message, double seconds,
                           const waldo__client_engine **ret_engine, waldo__channel **ret_channel,
                           waldo_error *err)
{
    waldo__url url;
    int rc = waldo__url_parse(text, &url, err);

    if (rc < 0)
        return rc;
    *ret_engine = waldo__client_engine_for(&url);
    return (*ret_engine)->open(&url, max_message, waldo__deadline_in(seconds), ret_channel, err);
}

typedef struct test_client {
    const waldo__client_engine *engine;
    waldo__channel *channel;
    waldo__buffer reply;
    uint32_t next_id;
} test_client;

static inline void client_close(test_client *client)
{
    client->engine->close(client->channel);
    waldo__buffer_free(&client->reply);
}

/* Sends data in two parts and expects it back. */
static inline void client_echo(test_client *client, const uint8_t *data, size_t size)
{
    struct iovec parts[2] = {{(void *)data, size / 3},
                             {(void *)(data + size / 3), size - size / 3}};
    waldo__deadline deadline = waldo__deadline_in(60);
    waldo_error err = WALDO_ERROR_INIT;
    uint32_t id = client->next_id++ | WALDO__REQUEST_ID_FLAG;
    uint32_t replied = 0;
    int rc = client->engine->send(client->channel, id, parts, 2, deadline, &err);

    cr_assert_eq(rc, 0, "send: %s", err.message);
    rc = client->engine->receive(client->channel, &replied, &client->reply, deadline, &err);
    cr_assert_eq(rc, 0, "receive: %s", err.message);
    cr_assert_eq(replied, id);
    cr_assert_eq(client->reply.size, size);
    cr_assert(size == 0 || memcmp(client->reply.data, data, size) == 0);
}

/* Moves to shared memory as a manager would, where the server and the URL allow it; returns whether
 * it did. */
static inline bool client_move(test_client *client)
{
    waldo_error err = WALDO_ERROR_INIT;

    if (client->engine->move == NULL)
        return false;
    client_echo(client, (const uint8_t *)TEST_KNOCK, strlen(TEST_KNOCK));
    int rc = client->engine->move(client->channel, waldo__deadline_in(20), NULL, &err);
    cr_assert_geq(rc, 0, "move: %s", err.message);
    return rc == 1;
}

/* To an ipc:// server without ?shm=0: by shared memory. */
static inline test_client client_open(const char *text)
{
    test_client client = {.next_id = 1};
    waldo_error err = WALDO_ERROR_INIT;
    int rc = try_open(text, TEST_MAX_MESSAGE, 20, &client.engine, &client.channel, &err);

    cr_assert_eq(rc, 0, "%s: %s", text, err.message);
    if (strncmp(text, "ipc://", 6) == 0 && strchr(text, '?') == NULL)
        cr_assert(client_move(&client));
    return client;
}

/* The server's URL as the other engine reaches it. */
static inline const char *other_url(const char *url, char *text)
{
    static const waldo__scheme others[] = {
        [WALDO__TCP] = WALDO__NN_TCP,
        [WALDO__IPC] = WALDO__NN_IPC,
        [WALDO__NN_TCP] = WALDO__TCP,
        [WALDO__NN_IPC] = WALDO__IPC,
    };
    waldo__url parsed;

    cr_assert_eq(waldo__url_parse(url, &parsed, NULL), 0);
    parsed.scheme = others[parsed.scheme];
    parsed.no_shm = parsed.scheme == WALDO__IPC; /* libnanomsg has none */
    waldo__url_format(&parsed, text, TEST_URL_SIZE);
    return text;
}

/* The URL for a client that stays on the socket: no Waldo is at its other end. */
static inline const char *stay_url(const char *url, char *text)
{
    snprintf(text, TEST_URL_SIZE, "%.500s?shm=0", url);
    return text;
}

/* A path for a socket of this process, always the same. Its time is in the name: an earlier process
 * of the same number, that was killed, may have left its own behind. */
static inline const char *socket_path(char *text, const char *prefix)
{
    static uint64_t born;

    if (born == 0)
        born = waldo__now();
    snprintf(text, TEST_URL_SIZE, "%s/tmp/waldo-test-%d-%llx.sock", prefix, (int)getpid(),
             (unsigned long long)born);
    return text;
}

static inline uint8_t *random_bytes(size_t size)
{
    uint8_t *data = malloc(size + 1);

    cr_assert_not_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    return data;
}

/* Waits until a counter has reached a value. */
static inline void await_count(atomic_int *count, int wanted)
{
    for (int i = 0; atomic_load(count) < wanted; i++) {
        cr_assert_lt(i, 20000, "the count stays at %d", atomic_load(count));
        usleep(1000);
    }
}

/* Open descriptors of this process. */
static inline int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        if (lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF)
            count++;
    return count;
}

#endif
