/* For tests of engines: peers that send what they like. */
#ifndef WALDO_TESTS_RAW_PEER_H
#define WALDO_TESTS_RAW_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "../../../../runtime/engine/address.h"
#include "../../../../runtime/engine/sp.h"
#include "../../../../runtime/engine/websocket/opening.h"
#include "echo_server.h"

#define REQUEST_HELLO "\0SP\0\0\x30\0\0"
#define REPLY_HELLO "\0SP\0\0\x31\0\0"
#define HELLO_SIZE 8

/* A blocking socket, connected to a direct listener; nothing is sent yet. */
static inline int raw_connect(const char *text)
{
    waldo__url url;
    int fd;

    cr_assert_eq(waldo__url_parse(text, &url, NULL), 0);
    if (url.scheme == WALDO__IPC) {
        struct sockaddr_un address;
        socklen_t length = waldo__address_unix(&url, &address);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        cr_assert_eq(connect(fd, (struct sockaddr *)&address, length), 0);
        return fd;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(url.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* A socket that listens at a free port of this host; *ret_url: where, by that scheme. */
static inline int raw_listen(const char *scheme, char ret_url[TEST_URL_SIZE])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(ret_url, TEST_URL_SIZE, "%s://127.0.0.1:%u", scheme, ntohs(address.sin_port));
    return fd;
}

/* A ws:// URL where nobody listens, for peers that cannot take a free port by themselves. */
static inline const char *free_ws_url(char *text)
{
    close(raw_listen("ws", text));
    return text;
}

static inline void raw_send(int fd, const void *bytes, size_t size)
{
    cr_assert_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static inline void raw_read(int fd, void *bytes, size_t size)
{
    for (size_t have = 0; have < size;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        cr_assert_eq(poll(&polled, 1, 20000), 1, "nothing comes");
        ssize_t got = recv(fd, (uint8_t *)bytes + have, size - have, 0);
        cr_assert_gt(got, 0, "the connection was closed");
        have += (size_t)got;
    }
}

/* One side's opening of a WebSocket, to its end. */
static inline waldo__ws_text raw_read_opening(int fd)
{
    waldo__ws_text text = {.size = 0};
    size_t taken;
    char byte;

    do
        raw_read(fd, &byte, 1);
    while (waldo__ws_text_add(&text, &byte, 1, &taken) == 0);
    return text;
}

/* Reads until the peer closes. */
static inline void raw_await_end(int fd)
{
    uint8_t bytes[4096];

    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        cr_assert_eq(poll(&polled, 1, 20000), 1, "the connection stays open");
        ssize_t got = recv(fd, bytes, sizeof bytes, 0);
        if (got <= 0)
            return;
    }
}

/* Sends a request as SP over TCP has it. */
static inline void raw_request(int fd, uint32_t id, const void *data, uint32_t size)
{
    uint8_t head[12] = {0};

    waldo__sp_put_word(head + 4, size + 4);
    waldo__sp_put_word(head + 8, id);
    raw_send(fd, head, sizeof head);
    raw_send(fd, data, size);
}

/* Connects and exchanges hellos with a direct TCP listener. */
static inline int raw_greet(const char *url)
{
    uint8_t hello[HELLO_SIZE];
    int fd = raw_connect(url);

    raw_send(fd, REQUEST_HELLO, HELLO_SIZE);
    raw_read(fd, hello, sizeof hello);
    cr_assert_arr_eq(hello, REPLY_HELLO, HELLO_SIZE);
    return fd;
}

#endif
