#include <sys/stat.h>

#include "../../../../../runtime/engine/nanomsg/socket.h"
#include "../raw_peer.h"

/* A libnanomsg listener's URL as raw_connect() takes it. */
static const char *plain(const char *url, char *text)
{
    return other_url(url, text);
}

Test(nanomsg_server, port_0_is_resolved)
{
    const char *urls[] = {"nn+tcp://127.0.0.1:0", "nn+tcp://localhost:0"};

    for (size_t i = 0; i < 2; i++) {
        echo_server server = {0};
        echo_start(&server, urls[i]);
        cr_assert_neq(server.engine->address(server.listener)->port, 0);
        test_client client = client_open(server.url);
        client_echo(&client, (const uint8_t *)"x", 1);
        client_close(&client);
        echo_stop(&server);
    }
    cr_assert(waldo__nanomsg_was_used());
}

Test(nanomsg_server, nothing_is_used_by_default)
{
    cr_assert_not(waldo__nanomsg_was_used());
}

Test(nanomsg_server, hostile_strangers)
{
    echo_server server = {.limits = {.max_message = 1000}};
    char url[TEST_URL_SIZE];
    uint8_t hello[HELLO_SIZE];

    echo_start(&server, "nn+tcp://127.0.0.1:0");
    plain(server.url, url);
    const struct {
        const char *bytes;
        size_t size;
    } attacks[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {REPLY_HELLO, 8},
        {REQUEST_HELLO "\x10\0\0\0\0\0\0\0", 16},
        {REQUEST_HELLO "\x80\0\0\0\0\0\0\0", 16},
        {REQUEST_HELLO "\xff\xff\xff\xff\xff\xff\xff\xff", 16},
    };
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        int fd = raw_connect(url);
        raw_send(fd, attacks[i].bytes, attacks[i].size);
        raw_await_end(fd);
        close(fd);
    }
    int fd = raw_connect(url);
    raw_send(fd, REQUEST_HELLO "\0\0\0\0\0\0\0\4\0\0\0\1", 20); /* no id: ignored */
    raw_read(fd, hello, sizeof hello);
    close(fd);
    test_client client = client_open(server.url);
    client_echo(&client, (const uint8_t *)"hello", 5);
    client_close(&client);
    cr_assert_eq(atomic_load(&server.messages), 1);
    echo_stop(&server);
}

Test(nanomsg_server, two_requests_of_one_connection)
{
    echo_server server = {0};
    char url[TEST_URL_SIZE];
    const char requests[] = "\0\0\0\0\0\0\0\7\x80\0\0\1one"
                            "\0\0\0\0\0\0\0\x0f\0\0\0\5\0\0\0\6\x80\0\0\2two"
                            "\0\0\0\0\0\0\0\x0f\0\0\0\7\0\0\0\x08\x80\0\0\2six";
    char replies[8 + sizeof requests - 1];

    echo_start(&server, "nn+tcp://127.0.0.1:0");
    int fd = raw_connect(plain(server.url, url));
    raw_send(fd, REQUEST_HELLO, HELLO_SIZE);
    raw_send(fd, requests, sizeof requests - 1);
    raw_read(fd, replies, sizeof replies);
    cr_assert_arr_eq(replies + 8, requests, sizeof requests - 1);
    close(fd);
    echo_stop(&server);
}

static void reply_too_big(echo_server *server)
{
    struct iovec part = {"xxxxxxxxxxxxxx", 11};
    struct iovec fits = {"x", 1};

    cr_assert_eq(server->engine->reply(server->listener, atomic_load(&server->last_connection), 1,
                                       &part, 1, NULL),
                 WALDO_ETOOBIG);
    /* It cannot tell that nobody is there. */
    cr_assert_eq(server->engine->reply(server->listener, 12345, 1, &fits, 1, NULL), 0);
    server->engine->disconnect(server->listener, 12345);
    server->engine->stop(server->listener);
}

Test(nanomsg_server, a_reply_above_the_limit_is_not_sent)
{
    echo_server server = {.limits = {.max_message = 10}};

    echo_start(&server, "nn+tcp://127.0.0.1:0");
    test_client client = client_open(server.url);
    client_echo(&client, (const uint8_t *)"0123456789", 10);
    echo_do(&server, reply_too_big);
    client_echo(&client, (const uint8_t *)"0123456789", 10);
    client_close(&client);
    echo_stop(&server);
}

Test(nanomsg_server, its_socket_file_is_for_this_user)
{
    echo_server server = {0};
    char url[TEST_URL_SIZE], path[TEST_URL_SIZE];
    struct stat made;

    echo_start(&server, socket_path(url, "nn+ipc://"));
    cr_assert_eq(stat(socket_path(path, ""), &made), 0);
    cr_assert_eq(made.st_mode & 0777u, 0600u);
    echo_stop(&server);
}

Test(nanomsg_server, addresses_that_cannot_be)
{
    echo_server server = {0};

    cr_assert_eq(echo_try_start(&server, "nn+ipc:///no/such/directory/x", NULL), WALDO_ENOTFOUND);
    cr_assert_eq(echo_try_start(&server, "nn+tcp://203.0.113.1:0", NULL), WALDO_ESYSTEM);
    cr_assert_eq(echo_try_start(&server, "nn+tcp://no-such-host.invalid:0", NULL), WALDO_ENOTFOUND);
}
