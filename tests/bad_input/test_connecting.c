/* A client's way to its connection, and servers that do not help it along. */
#include <stdatomic.h>
#include <stddef.h>
#include <sys/un.h>

#include <waldo/waldo.h>

#include "fake_server.h"
#include "seal_bundle.h"

/* ---- a server that says nothing any more, and many who call it ---- */

static atomic_int connections;

static bool welcome_and_hang_up(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    Waldo__Wire__Welcome welcome = fake_plain_welcome(600);

    welcome.multiplexes = true;
    fake_reply(reply, 0, &welcome.base);
    return request->operation == WALDO__WIRE__OPERATION__HELLO;
}

static void fall_silent(fake_server *server, int fd)
{
    if (atomic_fetch_add(&connections, 1) == 0)
        fake_speak_waldo(server, fd);
    else
        fake_listen_on(fd);
}

static void *ping_in_vain(void *manager)
{
    waldo_error err = WALDO_ERROR_INIT;

    cr_expect_eq(waldo_manager_ping(manager, &err), WALDO_EGONE, "%s", err.message);
    return NULL;
}

/* They do not try one after the other, each as long as connecting may take. */
Test(connecting, one_thread_tries_for_all)
{
    enum { THREADS = 32 };
    fake_server server = {.serve = fall_silent, .answer = welcome_and_hang_up};
    waldo_manager_options options = {.connect_timeout = 0.2, .call_timeout = 60};
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    pthread_t threads[THREADS];

    fake_start(&server);
    cr_assert_eq(waldo_connect(fake_url(&server, "tcp"), &options, &manager, &err), 0, "%s",
                 err.message);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, ping_in_vain, manager), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    waldo_manager_unref(manager);
    fake_stop(&server);
    cr_assert_lt(atomic_load(&connections), THREADS);
}

/* ---- a server that would have bundles where nothing is sealed ---- */

enum { IPC_HEAD = 13 };

static bool read_ipc(int fd, uint32_t *ret_id, uint8_t payload[4096], size_t *ret_size)
{
    uint8_t head[IPC_HEAD];

    if (!fake_read(fd, head, sizeof head))
        return false;
    *ret_size = waldo__sp_get_word(head + 5) - 4;
    *ret_id = waldo__sp_get_word(head + 9);
    return *ret_size <= 4096 && fake_read(fd, payload, *ret_size);
}

static void send_ipc(int fd, uint32_t id, const void *data, size_t size)
{
    uint8_t head[IPC_HEAD] = {1};

    waldo__sp_put_word(head + 5, (uint32_t)size + 4);
    waldo__sp_put_word(head + 9, id);
    fake_send(fd, head, sizeof head);
    fake_send(fd, data, size);
}

static void reply_in_the_clear(int fd, waldo__secure_channel *secure, uint32_t id,
                               const Waldo__Wire__Request *request)
{
    Waldo__Wire__Welcome welcome = fake_plain_welcome(FAKE_LEASE_MS);
    waldo__buffer reply = {0}, sealed = {0};

    welcome.multiplexes = welcome.bundles = true;
    bool greets = request->operation == WALDO__WIRE__OPERATION__HELLO;
    fake_reply(&reply, 0, greets ? &welcome.base : NULL);
    struct iovec part = {reply.data, reply.size};
    cr_assert_eq(waldo__secure_seal(secure, &part, 1, &sealed, NULL), 0);
    send_ipc(fd, id, sealed.data, sealed.size);
    waldo__buffer_free(&sealed);
    waldo__buffer_free(&reply);
}

static void speak_in_the_clear(fake_server *server, int fd)
{
    static uint8_t payload[4096];
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
    const uint8_t *data;
    size_t size;
    uint32_t id;
    waldo__keyring *ring;
    waldo__secure_channel *secure = NULL;

    (void)server;
    if (!fake_greet(fd) || !read_ipc(fd, &id, payload, &size))
        return;
    cr_assert_eq(waldo__keyring_from_default(&ring, NULL), 0);
    cr_assert_eq(
        waldo__secure_accept(ring, WALDO__SECURE_CLEAR, payload, size, second, &secure, NULL), 0);
    waldo__keyring_free(ring);
    send_ipc(fd, id, second, sizeof second);
    while (read_ipc(fd, &id, payload, &size) &&
           waldo__secure_open(secure, payload, size, NULL, &data, &size, NULL) >= 0) {
        Waldo__Wire__Request *request = waldo__wire__request__unpack(NULL, size, data);
        cr_assert_not_null(request);
        reply_in_the_clear(fd, secure, id, request);
        waldo__wire__request__free_unpacked(request, NULL);
    }
    waldo__secure_channel_free(secure);
}

Test(connecting, a_server_that_wants_bundles_in_the_clear)
{
    fake_server server = {.serve = speak_in_the_clear};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    char url[64];

    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "waldo-clear-%d", (int)getpid());
    snprintf(url, sizeof url, "ipc://@waldo-clear-%d", (int)getpid());
    server.listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(address.sun_path + 1));
    cr_assert_eq(bind(server.listening, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(server.listening, 16), 0);
    cr_assert_eq(pthread_create(&server.thread, NULL, fake_run, &server), 0);
    waldo_manager_options options = {.call_timeout = 5};
    cr_assert_eq(waldo_connect(url, &options, &manager, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_manager_ping(manager, &err), 0, "%s", err.message);
    waldo_manager_unref(manager);
    fake_stop(&server);
}

/* ---- bundles ---- */

static const char *bundle;
static size_t bundle_size;

/* Answers HELLO with a bundle that is none. */
static void send_no_bundle(fake_server *server, int fd)
{
    waldo__secure_channel *secure = fake_greet(fd) ? fake_shake_hands(fd) : NULL;
    Waldo__Wire__Request *request = NULL;
    uint32_t id;

    (void)server;
    if (secure && fake_read_request(fd, secure, &id, &request)) {
        waldo__buffer sealed = seal_bundle(secure, bundle, bundle_size);
        fake_send_message(fd, id, sealed.data, sealed.size);
        waldo__buffer_free(&sealed);
        waldo__wire__request__free_unpacked(request, NULL);
        fake_listen_on(fd);
    }
    waldo__secure_channel_free(secure);
}

Test(connecting, bundles_that_are_none)
{
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        {"\0\0\0\1\0\0\0\0\0\0\0", 11},
        {"\0\0\0\1\0\0\0\0\0\0\0\2x", 13},
        {"\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xffx", 13},
        {"\0\0\0\1\0\0\0\0\0\0\0\0x", 13},
    };
    fake_server server = {.serve = send_no_bundle};
    waldo_manager_options options = {.connect_timeout = 20};

    fake_start(&server);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bundle = rows[i].bytes;
        bundle_size = rows[i].size;
        waldo_manager *manager = NULL;
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(waldo_connect(fake_url(&server, "tcp"), &options, &manager, &err),
                     WALDO_EPROTOCOL, "%zu: %s", i, err.message);
    }
    fake_stop(&server);
}
