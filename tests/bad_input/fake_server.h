/* For tests: a server on a thread of its own that is none, or one that answers with what it likes.
 */
#ifndef WALDO_TESTS_FAKE_SERVER_H
#define WALDO_TESTS_FAKE_SERVER_H

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../runtime/engine/sp.h"
#include "secure/channel.h"
#include "secure/default_key.h"
#include "waldo/wire.pb-c.h"
#include "wire/envelope.h"

#define FAKE_INCARNATION 77
#define FAKE_LEASE_MS 60000

typedef struct fake_server {
    /* What it does with a connection; then it is closed. */
    void (*serve)(struct fake_server *server, int fd);
    /* For fake_speak_waldo: appends the reply to a request; false: closes the connection. */
    bool (*answer)(const Waldo__Wire__Request *request, waldo__buffer *reply);
    const void *bytes; /* what it says, without being asked */
    size_t size;
    int listening;
    uint16_t port;
    pthread_t thread;
} fake_server;

static inline void fake_send(int fd, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the client has heard enough */
        bytes += sent;
        size -= (size_t)sent;
    }
}

static inline bool fake_read(int fd, void *bytes, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, bytes, size, 0);
        if (got <= 0)
            return false;
        bytes = (uint8_t *)bytes + got;
        size -= (size_t)got;
    }
    return true;
}

/* Reads until the client closes. */
static inline void fake_listen_on(int fd)
{
    uint8_t bytes[4096];

    while (recv(fd, bytes, sizeof bytes, 0) > 0)
        ;
}

/* Says its bytes to whatever comes, and no more. */
static inline void fake_say(fake_server *server, int fd)
{
    uint8_t byte;

    (void)fake_read(fd, &byte, 1);
    fake_send(fd, server->bytes, server->size);
    shutdown(fd, SHUT_WR);
    fake_listen_on(fd);
}

static inline void fake_say_nothing(fake_server *server, int fd)
{
    (void)server;
    fake_listen_on(fd);
}

/* ---- SP ---- */

static inline bool fake_greet(int fd)
{
    uint8_t hello[WALDO__SP_HELLO_SIZE];

    if (!fake_read(fd, hello, sizeof hello))
        return false;
    waldo__sp_hello(hello, WALDO__SP_REP);
    fake_send(fd, hello, sizeof hello);
    return true;
}

/* The next message; it overwrites the one before. */
static inline bool fake_read_message(int fd, uint32_t *ret_id, const uint8_t **ret_data,
                                     size_t *ret_size)
{
    static uint8_t payload[1 << 16];
    uint8_t head[12];

    if (!fake_read(fd, head, sizeof head))
        return false;
    *ret_size = waldo__sp_get_word(head + 4) - 4;
    *ret_id = waldo__sp_get_word(head + 8);
    *ret_data = payload;
    return *ret_size <= sizeof payload && fake_read(fd, payload, *ret_size);
}

static inline void fake_send_message(int fd, uint32_t id, const void *data, size_t size)
{
    uint8_t head[12] = {0};

    waldo__sp_put_word(head + 4, (uint32_t)size + 4);
    waldo__sp_put_word(head + 8, id);
    fake_send(fd, head, sizeof head);
    fake_send(fd, data, size);
}

/* ---- the secure channel ---- */

/* The server's side of the handshake, with the user's own key; NULL: the client went away. */
static inline waldo__secure_channel *fake_shake_hands(int fd)
{
    waldo__keyring *ring;
    waldo__secure_channel *secure = NULL;
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
    const uint8_t *first;
    size_t size;
    uint32_t id;

    if (!fake_read_message(fd, &id, &first, &size))
        return NULL;
    cr_assert_eq(waldo__keyring_from_default(&ring, NULL), 0);
    cr_assert_eq(
        waldo__secure_accept(ring, WALDO__SECURE_SEALED, first, size, second, &secure, NULL), 0);
    waldo__keyring_free(ring);
    fake_send_message(fd, id, second, sizeof second);
    return secure;
}

static inline bool fake_read_request(int fd, waldo__secure_channel *secure, uint32_t *ret_id,
                                     Waldo__Wire__Request **ret_request)
{
    waldo__buffer plain = {0};
    const uint8_t *data;
    size_t size;

    *ret_request = NULL;
    if (fake_read_message(fd, ret_id, &data, &size) &&
        waldo__secure_open(secure, data, size, &plain, &data, &size, NULL) >= 0)
        *ret_request = waldo__wire__request__unpack(NULL, size, data);
    waldo__buffer_free(&plain);
    return *ret_request != NULL;
}

static inline void fake_send_reply(int fd, waldo__secure_channel *secure, uint32_t id,
                                   const waldo__buffer *reply)
{
    struct iovec part = {reply->data, reply->size};
    waldo__buffer frame = {0};

    cr_assert_eq(waldo__secure_seal(secure, &part, 1, &frame, NULL), 0);
    fake_send_message(fd, id, frame.data, frame.size);
    waldo__buffer_free(&frame);
}

static inline void fake_speak_waldo(fake_server *server, int fd)
{
    Waldo__Wire__Request *request;
    uint32_t id;
    waldo__secure_channel *secure = fake_greet(fd) ? fake_shake_hands(fd) : NULL;
    bool more = secure != NULL;

    while (more && fake_read_request(fd, secure, &id, &request)) {
        waldo__buffer reply = {0};
        more = server->answer(request, &reply);
        if (more)
            fake_send_reply(fd, secure, id, &reply);
        waldo__buffer_free(&reply);
        waldo__wire__request__free_unpacked(request, NULL);
    }
    waldo__secure_channel_free(secure);
}

static inline void *fake_run(void *data)
{
    fake_server *server = data;

    for (int fd; (fd = accept(server->listening, NULL, NULL)) >= 0; close(fd)) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        server->serve(server, fd);
    }
    return NULL;
}

static inline void fake_start(fake_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(server->listening, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(server->listening, 16), 0);
    cr_assert_eq(getsockname(server->listening, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&server->thread, NULL, fake_run, server), 0);
}

static inline const char *fake_url(const fake_server *server, const char *scheme)
{
    static char url[64];

    snprintf(url, sizeof url, "%s://127.0.0.1:%d", scheme, server->port);
    return url;
}

/* Clients have closed their connections before. */
static inline void fake_stop(fake_server *server)
{
    shutdown(server->listening, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listening);
}

/* ---- answers ---- */

static inline void fake_reply(waldo__buffer *buffer, int status, const ProtobufCMessage *body)
{
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;

    reply.status = status;
    cr_assert_eq(waldo__envelope_reply(buffer, &reply, body, NULL, NULL), 0);
}

/* As a server's of this version that offers nothing more. */
static inline Waldo__Wire__Welcome fake_plain_welcome(uint64_t lease_ms)
{
    Waldo__Wire__Welcome welcome = WALDO__WIRE__WELCOME__INIT;

    welcome.protocol = WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION;
    welcome.incarnation = FAKE_INCARNATION;
    welcome.max_message = 1 << 20;
    welcome.lease_ms = lease_ms;
    welcome.grace_ms = lease_ms;
    return welcome;
}

static inline void fake_welcome(waldo__buffer *buffer, uint32_t protocol, uint64_t incarnation,
                                uint64_t lease_ms)
{
    Waldo__Wire__Welcome welcome = fake_plain_welcome(lease_ms);

    welcome.protocol = protocol;
    welcome.incarnation = incarnation;
    fake_reply(buffer, 0, &welcome.base);
}

/* A proxy of object 1, a Thing whose methods are given. */
static inline void fake_created(waldo__buffer *buffer, Waldo__Wire__MethodNumber **methods,
                                size_t count)
{
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    Waldo__Wire__Created created = WALDO__WIRE__CREATED__INIT;
    Waldo__Ref ref = WALDO__REF__INIT;

    ref.incarnation = FAKE_INCARNATION;
    ref.object = 1;
    ref.typeid_ = (char *)"Thing";
    created.ref = &ref;
    created.methods = methods;
    created.n_methods = count;
    reply.proxy = true;
    cr_assert_eq(waldo__envelope_reply(buffer, &reply, &created.base, NULL, NULL), 0);
}

#endif
