/* Peers that have never heard of Waldo, at a server. */
#include <arpa/inet.h>
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "raw_client.h"
#include "server.h"

/* The server's URL as other programs have it. */
static const char *plain_url(const test_server *server)
{
    return strncmp(server->url, "nn+", 3) == 0 ? server->url + 3 : server->url;
}

/* ---- not even SP ---- */

static int connect_socket(const test_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)strtoul(strrchr(server->url, ':') + 1, NULL, 10));
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Reads until the server closes. */
static void await_end(int fd)
{
    uint8_t bytes[4096];

    for (ssize_t got = 1; got > 0;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        cr_assert_eq(poll(&polled, 1, DAEMON_PATIENCE_MS), 1, "the connection stays open");
        got = recv(fd, bytes, sizeof bytes, 0);
    }
    close(fd);
}

static void say(const test_server *server, const void *bytes, size_t size)
{
    int fd = connect_socket(server);

    /* The server may have heard enough before all is sent. */
    (void)send(fd, bytes, size, MSG_NOSIGNAL);
    await_end(fd);
}

TEST_OVER_PORTS(strangers, a_http_client)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    say(server, request, strlen(request));
}

TEST_OVER_PORTS(strangers, random_bytes)
{
    static uint8_t bytes[100000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((i + 3) * 2654435761u >> 15);
    say(server, bytes, sizeof bytes);
    say(server, bytes, 8);
}

TEST_OVER_PORTS(strangers, another_kind_of_sp_socket)
{
    say(server, "\0SP\0\0\x21\0\0", 8); /* a subscriber */
    say(server, "\0SP\1\0\x30\0\0", 8); /* a later version of SP */
}

TEST_OVER_PORTS(strangers, one_that_leaves_at_once)
{
    for (size_t size = 0; size < 8; size++) {
        int fd = connect_socket(server);
        cr_assert_eq(send(fd, "\0SP\0\0\x30\0\0", size, 0), (ssize_t)size);
        close(fd);
    }
}

/* An announcement of more than there is memory, and nothing behind it. */
TEST_OVER_PORTS(strangers, a_frame_of_absurd_length)
{
    say(server, "\0SP\0\0\x30\0\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x80\0\0\1", 20);
    say(server, "\0SP\0\0\x30\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x80\0\0\1", 20);
}

TEST_OVER_STREAMS(strangers, one_that_ends_in_the_middle_of_a_frame)
{
    int fd = connect_socket(server);
    uint8_t hello[8];

    cr_assert_eq(send(fd, "\0SP\0\0\x30\0\0\0\0\0\0\0\0\1\0\x80\0\0\1half", 24, 0), 24);
    cr_assert_eq(recv(fd, hello, sizeof hello, MSG_WAITALL), 8);
    close(fd);
}

/* ---- SP, but not Waldo ---- */

/* One byte that tells nothing, whatever was wrong. */
static void assert_is_refusal(const void *data, size_t size)
{
    cr_assert_eq(size, (size_t)WALDO__SECURE_REFUSAL_SIZE);
    cr_assert_eq(*(const uint8_t *)data, WALDO__SECURE_REFUSAL);
}

TEST_OVER_PORTS(strangers, a_plain_nng_program)
{
    static const char *const sizes[] = {"0", "1", "2", "100", "4000"};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const char *const arguments[] = {NNG_STRANGER, plain_url(server), sizes[i], NULL};
        daemon_process stranger;
        char line[64], reply[4096];
        daemon_spawn(&stranger, arguments);
        daemon_read(&stranger, line, sizeof line, '\n');
        size_t size = daemon_read(&stranger, reply, sizeof reply, EOF);
        cr_assert_eq(daemon_wait(&stranger), 0, "%s", daemon_errors(&stranger));
        cr_assert_eq(strncmp(line, "reply ", 6), 0, "%s bytes: %s", sizes[i], line);
        cr_assert_eq(size, strtoull(line + 6, NULL, 10));
        assert_is_refusal(reply, size);
        close(stranger.errors);
    }
}

/* NNG itself leaks when its WebSocket is closed in the middle of that. */
TEST_OVER_STREAMS(strangers, a_plain_nng_program_with_a_huge_request)
{
    const char *const arguments[] = {NNG_STRANGER, plain_url(server), "3000000", NULL};
    daemon_process stranger;
    char line[64];

    daemon_spawn(&stranger, arguments);
    daemon_read(&stranger, line, sizeof line, '\n');
    cr_assert_eq(daemon_wait(&stranger), 0, "%s", daemon_errors(&stranger));
    cr_assert_str_eq(line, "closed");
    close(stranger.errors);
}

TEST_OVER_PORTS(strangers, a_plain_nanomsg_program)
{
    static uint8_t bytes[4000];
    const int patience = DAEMON_PATIENCE_MS;
    int stranger = nn_socket(AF_SP, NN_REQ);

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((i + 5) * 2654435761u >> 15);
    cr_assert_geq(stranger, 0);
    cr_assert_eq(nn_setsockopt(stranger, NN_SOL_SOCKET, NN_RCVTIMEO, &patience, sizeof patience),
                 0);
    cr_assert_geq(nn_connect(stranger, plain_url(server)), 0);
    for (size_t size = 0; size <= sizeof bytes; size = size * 4 + 1) {
        void *reply = NULL;
        cr_assert_eq(nn_send(stranger, bytes, size, 0), (int)size);
        int got = nn_recv(stranger, &reply, NN_MSG, 0);
        cr_assert_geq(got, 0, "%s", nn_strerror(nn_errno()));
        assert_is_refusal(reply, (size_t)got);
        nn_freemsg(reply);
    }
    cr_assert_eq(nn_close(stranger), 0);
}
