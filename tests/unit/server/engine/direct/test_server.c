#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "../raw_peer.h"

static void expect_still_serving(const char *url)
{
    test_client client = client_open(url);

    client_echo(&client, (const uint8_t *)"hello", 5);
    client_close(&client);
}

static void expect_refused(echo_server *server, const void *bytes, size_t size, bool greeted)
{
    int gone = atomic_load(&server->gone);
    int fd = greeted ? raw_greet(server->url) : raw_connect(server->url);

    raw_send(fd, bytes, size);
    raw_await_end(fd);
    await_count(&server->gone, gone + 1);
    close(fd);
}

Test(direct_server, hostile_strangers)
{
    echo_server server = {.limits = {.max_message = 1000}};
    uint8_t noise[4096];

    echo_start(&server, "tcp://127.0.0.1:0");
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * i + 17);
    expect_refused(&server, "GET / HTTP/1.1\r\n\r\n", 18, false);
    expect_refused(&server, noise, sizeof noise, false);
    expect_refused(&server, REPLY_HELLO, HELLO_SIZE, false);
    expect_refused(&server, "\x80\0\0\0\0\0\0\0", 8, true);
    expect_refused(&server, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, true);
    expect_refused(&server, "\0\0\0\0\0\0\0\0", 8, true);
    expect_refused(&server, "\0\0\0\0\0\0\4\x0d", 8, true);            /* limit, way back, and 1 */
    expect_refused(&server, "\0\0\0\0\0\0\3\xed\x80\0\0\1", 12, true); /* limit and 1 */
    expect_still_serving(server.url);
    cr_assert_eq(atomic_load(&server.messages), 1);
    echo_stop(&server);
}

Test(direct_server, peers_that_leave_in_the_middle)
{
    echo_server server = {0};

    echo_start(&server, "tcp://127.0.0.1:0");
    int fds[4] = {raw_connect(server.url), raw_connect(server.url), raw_greet(server.url),
                  raw_greet(server.url)};
    raw_send(fds[1], REQUEST_HELLO, 3);
    raw_send(fds[2], "\0\0\0\0\0", 5);
    raw_send(fds[3], "\0\0\0\0\0\1\0\0\x80\0\0\1half", 16);
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    await_count(&server.gone, 4);
    expect_still_serving(server.url);
    await_count(&server.gone, 5);
    echo_stop(&server);
    cr_assert_eq(atomic_load(&server.gone), 5, "once for each");
}

Test(direct_server, a_silent_stranger_is_closed)
{
    echo_server server = {.limits = {.stranger_ms = 60}};

    echo_start(&server, "tcp://127.0.0.1:0");
    test_client client = client_open(server.url);
    client_echo(&client, (const uint8_t *)"x", 1);
    int silent = raw_connect(server.url);
    int greeted = raw_greet(server.url);
    raw_await_end(silent);
    raw_await_end(greeted);
    await_count(&server.gone, 2);
    client_echo(&client, (const uint8_t *)"known clients may be silent", 27);
    close(silent);
    close(greeted);
    client_close(&client);
    echo_stop(&server);
}

Test(direct_server, a_stranger_may_send_little_until_it_is_admitted)
{
    echo_server server = {.limits = {.max_message = 100000, .first_message = 100}};
    uint8_t *data = random_bytes(100000);

    echo_start(&server, "tcp://127.0.0.1:0");
    test_client client = client_open(server.url);
    client_echo(&client, data, 100);
    client_echo(&client, data, 100000);
    client_close(&client);
    int fd = raw_greet(server.url);
    raw_send(fd, "\0\0\0\0\0\0\0\x69\x80\0\0\1", 12);
    raw_await_end(fd);
    close(fd);
    server.never_admits = true;
    client = client_open(server.url);
    client_echo(&client, data, 100);
    struct iovec part = {data, 101};
    uint32_t id;
    cr_assert_eq(client.engine->send(client.channel, 1, &part, 1, waldo__deadline_in(20), NULL), 0);
    cr_assert_eq(
        client.engine->receive(client.channel, &id, &client.reply, waldo__deadline_in(20), NULL),
        WALDO_EGONE);
    client_close(&client);
    echo_stop(&server);
    free(data);
}

Test(direct_server, a_request_that_comes_byte_by_byte)
{
    echo_server server = {0};
    const char request[] = "\0\0\0\0\0\0\0\7\x80\0\0\7abc";
    char reply[15];

    echo_start(&server, "tcp://127.0.0.1:0");
    int fd = raw_connect(server.url);
    for (size_t i = 0; i < HELLO_SIZE; i++)
        raw_send(fd, &REQUEST_HELLO[i], 1);
    for (size_t i = 0; i < 15; i++)
        raw_send(fd, request + i, 1);
    raw_read(fd, reply, HELLO_SIZE);
    raw_read(fd, reply, sizeof reply);
    cr_assert_arr_eq(reply, request, 15);
    close(fd);
    echo_stop(&server);
}

Test(direct_server, many_requests_in_one_segment_are_answered_in_order)
{
    echo_server server = {0};
    enum { COUNT = 500 };
    uint8_t stream[COUNT * 16], replies[COUNT * 16];

    echo_start(&server, "tcp://127.0.0.1:0");
    for (uint32_t i = 0; i < COUNT; i++) {
        memset(stream + i * 16, 0, 7);
        stream[i * 16 + 7] = 8;
        waldo__sp_put_word(stream + i * 16 + 8, 0x80000000u + i);
        waldo__sp_put_word(stream + i * 16 + 12, i);
    }
    int fd = raw_greet(server.url);
    raw_send(fd, stream, sizeof stream);
    raw_read(fd, replies, sizeof replies);
    cr_assert_arr_eq(replies, stream, sizeof stream);
    close(fd);
    echo_stop(&server);
}

/* A request of two clients behind the same devices, with the same id. */
Test(direct_server, the_way_back_through_devices_is_kept)
{
    echo_server server = {0};
    const char one[] = "\0\0\0\0\0\0\0\x0d\0\0\0\1\0\0\0\2\x80\0\0\7x";
    const char two[] = "\0\0\0\0\0\0\0\x0d\0\0\0\3\0\0\0\4\x80\0\0\7y";
    char reply[21];

    echo_start(&server, "tcp://127.0.0.1:0");
    int fd = raw_greet(server.url);
    raw_send(fd, one, 21);
    raw_send(fd, two, 21);
    raw_read(fd, reply, 21);
    cr_assert_arr_eq(reply, one, 21);
    raw_read(fd, reply, 21);
    cr_assert_arr_eq(reply, two, 21);
    raw_send(fd, "\0\0\0\0\0\0\1\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 28);
    raw_send(fd, "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 16);
    raw_await_end(fd);
    close(fd);
    echo_stop(&server);
}

static void disconnect_last(echo_server *server)
{
    struct iovec part = {"x", 1};
    uint64_t last = atomic_load(&server->last_connection);

    server->engine->disconnect(server->listener, last);
    server->engine->disconnect(server->listener, last);
    cr_assert_eq(server->engine->reply(server->listener, last, 1, &part, 1, NULL), WALDO_EGONE);
    cr_assert_eq(server->engine->reply(server->listener, 12345, 1, &part, 1, NULL), WALDO_EGONE);
    server->engine->disconnect(server->listener, 12345);
    server->engine->admit(server->listener, 12345);
}

Test(direct_server, disconnect_sends_what_is_queued_first)
{
    echo_server server = {0};
    size_t size = 6 << 20;
    uint8_t *data = random_bytes(size);
    uint8_t head[12];

    echo_start(&server, "tcp://127.0.0.1:0");
    int fd = raw_greet(server.url);
    raw_request(fd, 0x80000001u, data, (uint32_t)size);
    await_count(&server.messages, 1);
    echo_do(&server, disconnect_last);
    raw_read(fd, head, sizeof head);
    uint8_t *reply = malloc(size);
    raw_read(fd, reply, size);
    cr_assert_eq(memcmp(reply, data, size), 0);
    raw_await_end(fd);
    await_count(&server.gone, 1);
    close(fd);
    free(reply);
    free(data);
    echo_stop(&server);
    cr_assert_eq(atomic_load(&server.gone), 1);
}

static void reply_too_big(echo_server *server)
{
    struct iovec part = {"xxxxxxxxxxxxxx", 11};

    cr_assert_eq(server->engine->reply(server->listener, atomic_load(&server->last_connection), 1,
                                       &part, 1, NULL),
                 WALDO_ETOOBIG);
}

Test(direct_server, a_reply_above_the_limit_is_not_sent)
{
    echo_server server = {.limits = {.max_message = 10}};

    echo_start(&server, "tcp://127.0.0.1:0");
    test_client client = client_open(server.url);
    client_echo(&client, (const uint8_t *)"0123456789", 10);
    echo_do(&server, reply_too_big);
    client_echo(&client, (const uint8_t *)"0123456789", 10);
    client_close(&client);
    echo_stop(&server);
}

static void stop_listening(echo_server *server)
{
    server->engine->stop(server->listener);
    server->engine->stop(server->listener);
}

Test(direct_server, stop_keeps_the_connections)
{
    echo_server server = {0};
    const waldo__client_engine *engine;
    waldo__channel *channel;

    echo_start(&server, "tcp://127.0.0.1:0");
    test_client client = client_open(server.url);
    client_echo(&client, (const uint8_t *)"a", 1);
    echo_do(&server, stop_listening);
    client_echo(&client, (const uint8_t *)"b", 1);
    cr_assert_eq(try_open(server.url, 1000, 20, &engine, &channel, NULL), WALDO_EREFUSED);
    client_close(&client);
    echo_stop(&server);
}

Test(direct_server, a_stale_socket_file_is_replaced_and_a_live_one_is_not)
{
    echo_server server = {0}, second = {0};
    char url[TEST_URL_SIZE], path[TEST_URL_SIZE];
    waldo__url parsed;
    struct sockaddr_un address;
    struct stat made;

    cr_assert_eq(waldo__url_parse(socket_path(url, "ipc://"), &parsed, NULL), 0);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t length = waldo__address_unix(&parsed, &address);
    cr_assert_eq(bind(stale, (struct sockaddr *)&address, length), 0);
    close(stale);
    echo_start(&server, url);
    cr_assert_eq(stat(socket_path(path, ""), &made), 0);
    cr_assert_eq(made.st_mode & 0777u, 0600u);
    cr_assert_eq(echo_try_start(&second, url, NULL), WALDO_EADDRESSINUSE);
    expect_still_serving(url);
    echo_stop(&server);
    cr_assert_neq(access(path, F_OK), 0);
}

Test(direct_server, a_socket_file_that_is_no_longer_its_own_is_left)
{
    echo_server server = {0}, successor = {0};
    char url[TEST_URL_SIZE], path[TEST_URL_SIZE];

    echo_start(&server, socket_path(url, "ipc://"));
    cr_assert_eq(unlink(socket_path(path, "")), 0);
    echo_start(&successor, url);
    echo_stop(&server);
    expect_still_serving(url);
    echo_stop(&successor);
}

Test(direct_server, abstract_sockets)
{
    echo_server server = {0}, second = {0};
    char url[TEST_URL_SIZE];

    snprintf(url, sizeof url, "ipc://@waldo-test-%d", (int)getpid());
    echo_start(&server, url);
    cr_assert_str_eq(server.url, url);
    expect_still_serving(url);
    cr_assert_eq(echo_try_start(&second, url, NULL), WALDO_EADDRESSINUSE);
    echo_stop(&server);
    cr_assert_neq(access(url + strlen("ipc://"), F_OK), 0);
}

Test(direct_server, addresses_that_cannot_be)
{
    echo_server server = {0};

    cr_assert_eq(echo_try_start(&server, "ipc:///no/such/directory/x", NULL), WALDO_ENOTFOUND);
    cr_assert_eq(echo_try_start(&server, "tcp://203.0.113.1:0", NULL), WALDO_ESYSTEM);
    cr_assert_eq(echo_try_start(&server, "tcp://no-such-host.invalid:0", NULL), WALDO_ENOTFOUND);
}

Test(direct_server, names_and_ipv6)
{
    const char *urls[] = {"tcp://localhost:0", "tcp://[::1]:0"};

    for (size_t i = 0; i < 2; i++) {
        echo_server server = {0};
        waldo_error err;
        int rc = echo_try_start(&server, urls[i], &err);
        if (rc == WALDO_ESYSTEM)
            continue; /* a host without IPv6 */
        cr_assert_eq(rc, 0, "%s", err.message);
        expect_still_serving(server.url);
        echo_stop(&server);
    }
}

/* When no descriptor is left, connections wait in the backlog, and the loop does not spin. */
Test(direct_server, no_descriptor_left)
{
    echo_server server = {0};
    struct rlimit limit;
    struct rusage before, after;
    int taken[1024], count = 0, waiting;

    echo_start(&server, "tcp://127.0.0.1:0");
    expect_still_serving(server.url);
    await_count(&server.gone, 1);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 200;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    waiting = socket(AF_INET, SOCK_STREAM, 0);
    while (count < 1024 && (taken[count] = dup(0)) >= 0)
        count++;
    waldo__url url;
    cr_assert_eq(waldo__url_parse(server.url, &url, NULL), 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(url.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    getrusage(RUSAGE_SELF, &before);
    cr_assert_eq(connect(waiting, (struct sockaddr *)&address, sizeof address), 0);
    struct pollfd polled = {.fd = waiting, .events = POLLIN};
    cr_assert_eq(poll(&polled, 1, 400), 0, "it cannot have been accepted");
    getrusage(RUSAGE_SELF, &after);
    cr_assert_lt((after.ru_utime.tv_sec + after.ru_stime.tv_sec) * 1000000 +
                     after.ru_utime.tv_usec + after.ru_stime.tv_usec -
                     (before.ru_utime.tv_sec + before.ru_stime.tv_sec) * 1000000 -
                     before.ru_utime.tv_usec - before.ru_stime.tv_usec,
                 200000, "the loop spins");
    while (count > 0)
        close(taken[--count]);
    uint8_t hello[HELLO_SIZE];
    raw_read(waiting, hello, sizeof hello);
    close(waiting);
    echo_stop(&server);
}

Test(direct_server, no_descriptor_is_left_open)
{
    int before = 0;

    for (int i = 0; i < 4; i++) {
        echo_server server = {0};
        test_client clients[20];
        echo_start(&server, i % 2 == 0 ? "tcp://127.0.0.1:0" : "ipc://@waldo-test-descriptors");
        for (int k = 0; k < 20; k++) {
            clients[k] = client_open(server.url);
            client_echo(&clients[k], (const uint8_t *)"x", 1);
        }
        for (int k = 0; k < 10; k++)
            client_close(&clients[k]);
        echo_stop(&server);
        for (int k = 10; k < 20; k++)
            client_close(&clients[k]);
        cr_assert_eq(atomic_load(&server.gone), 20);
        /* libuv keeps some of the first loop's. */
        if (i == 0)
            before = count_descriptors();
        cr_assert_eq(count_descriptors(), before);
    }
}

/* ---- gathering ---- */

static void gather(echo_server *server)
{
    server->engine->gather(server->listener, true);
}

static void flush(echo_server *server)
{
    server->engine->gather(server->listener, false);
}

static void expect_reply(int fd, uint8_t id)
{
    const uint8_t wanted[16] = {0, 0, 0, 0, 0, 0, 0, 8, 0x80, 0, 0, id, 'p', 'i', 'n', 'g'};
    uint8_t reply[sizeof wanted];

    raw_read(fd, reply, sizeof reply);
    cr_assert_arr_eq(reply, wanted, sizeof wanted);
}

/* They leave at the end, in order; a client that is gone by then hurts nobody. */
Test(direct_server, gathered_replies)
{
    echo_server server = {0};
    uint8_t byte;

    echo_start(&server, "tcp://127.0.0.1:0");
    int fds[3] = {raw_greet(server.url), raw_greet(server.url), raw_greet(server.url)};
    echo_do(&server, gather);
    for (uint32_t id = 1; id <= 3; id++)
        for (int i = 0; i < 3; i++)
            raw_request(fds[i], WALDO__REQUEST_ID_FLAG | id, "ping", 4);
    await_count(&server.messages, 9);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(recv(fds[i], &byte, 1, MSG_DONTWAIT), -1);
    close(fds[2]);
    await_count(&server.gone, 1);
    echo_do(&server, flush);
    for (int i = 0; i < 2; i++) {
        for (uint8_t id = 1; id <= 3; id++)
            expect_reply(fds[i], id);
        close(fds[i]);
    }
    expect_still_serving(server.url);
    echo_stop(&server);
}
