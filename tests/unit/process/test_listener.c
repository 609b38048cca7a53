/* Rows N10 and N11; N4 to N7 over encrypted connections. */
#include <waldo/mp/listener.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/address.h"
#include "unit/value/support.h"

#define SOON 60.0

static char directory[] = "/tmp/waldo-listener-XXXXXX";
static char path_address[64];

static const waldo_mp_listener_options key = {.authkey = "open sesame", .authkey_size = 11};

static void make_directory(void)
{
    cr_assert_not_null(mkdtemp(directory));
    snprintf(path_address, sizeof path_address, "ipc://%s/socket", directory);
}

static void remove_directory(void)
{
    cr_expect_eq(rmdir(directory), 0, "something is left in it");
}

TestSuite(listener, .init = make_directory, .fini = remove_directory);

static const char *const all_addresses[] = {NULL, path_address, "tcp://127.0.0.1:0"};

static waldo_mp_listener *listen_at(const char *address)
{
    waldo_mp_listener *listener;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_geq(waldo_mp_listener_new(address, &key, &listener, &err), 0, "%s", err.message);
    return listener;
}

/* ---- a client on a thread of its own ---- */

typedef struct visit {
    const char *address;
    waldo_mp_listener_options options;
    int status;
    waldo_mp_connection *connection;
    waldo_error err;
    pthread_t thread;
} visit;

static void *connect_client(void *data)
{
    visit *made = data;
    made->status = waldo_mp_client(made->address, &made->options, &made->connection, &made->err);
    return NULL;
}

static void begin_visit(visit *made, const waldo_mp_listener *listener,
                        const waldo_mp_listener_options *options)
{
    *made = (visit){.address = waldo_mp_listener_address(listener), .options = *options};
    cr_assert_eq(pthread_create(&made->thread, NULL, connect_client, made), 0);
}

static waldo_mp_connection *visited(visit *made)
{
    pthread_join(made->thread, NULL);
    cr_assert_geq(made->status, 0, "%s", made->err.message);
    return made->connection;
}

static waldo_mp_connection *accepted(waldo_mp_listener *listener)
{
    waldo_mp_connection *connection = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_eq(waldo_mp_listener_accept(listener, SOON, &connection, &err), 1, "%s", err.message);
    return connection;
}

static void meet(waldo_mp_listener *listener, waldo_mp_connection **ret_here,
                 waldo_mp_connection **ret_there)
{
    visit made;
    begin_visit(&made, listener, &key);
    *ret_here = accepted(listener);
    *ret_there = visited(&made);
}

static void pass(waldo_mp_connection *from, waldo_mp_connection *to, waldo_value *value,
                 const char *repr)
{
    waldo_value *received;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_geq(waldo_mp_connection_send(from, value, &err), 0, "%s", err.message);
    cr_assert_geq(waldo_mp_connection_recv(to, &received, &err), 0, "%s", err.message);
    expect_repr(received, repr);
}

Test(listener, meets_its_clients)
{
    for (size_t i = 0; i < sizeof all_addresses / sizeof all_addresses[0]; i++) {
        waldo_mp_listener *listener = listen_at(all_addresses[i]);
        waldo_mp_connection *here;
        waldo_mp_connection *there;
        cr_assert_str_empty(waldo_mp_listener_last_accepted(listener));
        meet(listener, &here, &there);
        const char *peer = waldo_mp_listener_last_accepted(listener);
        cr_assert(i < 2 ? peer[0] == '\0' : strncmp(peer, "tcp://127.0.0.1:", 16) == 0);
        pass(here, there, waldo_v_list(waldo_v(1)), "[1]");
        pass(there, here, waldo_v("x"), "'x'");
        waldo_mp_connection_unref(here);
        waldo_mp_connection_unref(there);
        waldo_mp_listener_unref(listener);
    }
}

Test(listener, what_a_client_said_before_it_left_arrives)
{
    for (size_t i = 0; i < sizeof all_addresses / sizeof all_addresses[0]; i++) {
        waldo_mp_listener *listener = listen_at(all_addresses[i]);
        waldo_mp_connection *here;
        waldo_mp_connection *there;
        meet(listener, &here, &there);
        cr_assert_geq(waldo_mp_connection_send(there, waldo_v("hello"), NULL), 0);
        waldo_mp_connection_unref(there);
        waldo_value *value;
        cr_assert_geq(waldo_mp_connection_recv(here, &value, NULL), 0);
        expect_repr(value, "'hello'");
        EXPECT_ERROR(waldo_mp_connection_recv(here, &value, reterr), WALDO_EEOF,
                     "the other end was closed");
        waldo_mp_connection_unref(here);
        waldo_mp_listener_unref(listener);
    }
}

Test(listener, another_key_is_refused)
{
    for (size_t i = 0; i < sizeof all_addresses / sizeof all_addresses[0]; i++) {
        waldo_mp_listener *listener = listen_at(all_addresses[i]);
        static const waldo_mp_listener_options other = {.authkey = "x", .authkey_size = 1};
        waldo_mp_connection *connection = NULL;
        visit made;
        begin_visit(&made, listener, &other);
        EXPECT_ERROR(waldo_mp_listener_accept(listener, SOON, &connection, reterr),
                     WALDO_EAUTHENTICATION, "digest received was wrong");
        pthread_join(made.thread, NULL);
        cr_assert_eq(made.status, WALDO_EAUTHENTICATION);
        cr_assert_null(connection);
        cr_assert_null(made.connection);
        waldo_mp_listener_unref(listener);
    }
}

Test(listener, children_have_the_key)
{
    waldo_mp_listener *listener;
    cr_assert_geq(waldo_mp_listener_new(NULL, NULL, &listener, NULL), 0);
    static const waldo_mp_listener_options own = {0};
    visit made;
    begin_visit(&made, listener, &own);
    waldo_mp_connection_unref(accepted(listener));
    waldo_mp_connection_unref(visited(&made));
    waldo_mp_listener_unref(listener);
}

/* ---- strangers ---- */

static int connect_stranger(const waldo_mp_listener *listener)
{
    waldo__url url;
    cr_assert_geq(waldo__url_parse(waldo_mp_listener_address(listener), &url, NULL), 0);
    if (url.scheme == WALDO__IPC) {
        struct sockaddr_un address;
        socklen_t length = waldo__address_unix(&url, &address);
        int made = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        cr_assert_eq(connect(made, (struct sockaddr *)&address, length), 0);
        return made;
    }
    struct addrinfo *list;
    cr_assert_geq(waldo__address_resolve(&url, false, &list, NULL), 0);
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(made, list->ai_addr, list->ai_addrlen), 0);
    freeaddrinfo(list);
    return made;
}

Test(listener, silent_strangers_delay_nobody)
{
    for (size_t i = 0; i < sizeof all_addresses / sizeof all_addresses[0]; i++) {
        waldo_mp_listener *listener = listen_at(all_addresses[i]);
        enum { STRANGERS = 70 };
        int strangers[STRANGERS];
        waldo_mp_connection *here;
        waldo_mp_connection *there;
        for (int k = 0; k < STRANGERS; k++)
            strangers[k] = connect_stranger(listener);
        cr_assert_eq(waldo_mp_listener_accept(listener, 0, &here, NULL), 0);
        meet(listener, &here, &there);
        waldo_mp_connection_unref(here);
        waldo_mp_connection_unref(there);
        for (int k = 0; k < STRANGERS; k++)
            close(strangers[k]);
        waldo_mp_listener_unref(listener);
    }
}

Test(listener, strangers_who_talk_nonsense_are_refused)
{
    static const char *const texts[] = {"", "x", "GET / HTTP/1.1\r\n\r\n", "\0\0\0\0\0\0\0\1x",
                                        "\xff\xff\xff\xff\xff\xff\xff\xff"};
    static const size_t sizes[] = {0, 1, 18, 9, 8};
    for (size_t i = 0; i < sizeof all_addresses / sizeof all_addresses[0]; i++) {
        waldo_mp_listener *listener = listen_at(all_addresses[i]);
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
            waldo_mp_connection *connection;
            int stranger = connect_stranger(listener);
            if (sizes[k] > 0)
                cr_assert_eq(send(stranger, texts[k], sizes[k], 0), (ssize_t)sizes[k]);
            shutdown(stranger, SHUT_WR);
            EXPECT_ERROR(waldo_mp_listener_accept(listener, SOON, &connection, reterr),
                         WALDO_EAUTHENTICATION, "digest received was wrong");
            close(stranger);
        }
        waldo_mp_listener_unref(listener);
    }
}

/* ---- encrypted connections ---- */

typedef struct burst {
    waldo_mp_connection *connection;
    void *bytes;
    size_t size;
} burst;

static void *send_burst(void *data)
{
    const burst *sent = data;
    int status = waldo_mp_connection_send_bytes(sent->connection, sent->bytes, sent->size, NULL);
    return status < 0 ? NULL : data;
}

Test(listener, large_messages_over_tcp)
{
    waldo_mp_listener *listener = listen_at("tcp://127.0.0.1:0");
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    meet(listener, &here, &there);
    burst sent = {there, NULL, (size_t)5 << 20};
    sent.bytes = malloc(sent.size);
    memset(sent.bytes, 7, sent.size);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, send_burst, &sent), 0);
    char small[16];
    void *data;
    size_t size = 0;
    EXPECT_ERROR(waldo_mp_connection_recv_bytes_into(here, small, sizeof small, &size, reterr),
                 WALDO_EBUFFERTOOSHORT, "a message of 5242880 bytes for a buffer of 16");
    EXPECT_ERROR(waldo_mp_connection_recv_bytes(here, 100, &data, &size, reterr), WALDO_ETOOBIG,
                 "bad message length");
    cr_assert_geq(waldo_mp_connection_recv_bytes(here, SIZE_MAX, &data, &size, NULL), 0);
    void *result;
    pthread_join(thread, &result);
    cr_assert_not_null(result);
    cr_assert_eq(size, sent.size);
    cr_assert_eq(memcmp(data, sent.bytes, size), 0);
    free(data);
    free(sent.bytes);

    cr_assert_geq(waldo_mp_connection_send_bytes(here, "", 0, NULL), 0);
    cr_assert_eq(waldo_mp_connection_poll(there, SOON, NULL), 1);
    cr_assert_geq(waldo_mp_connection_recv_bytes_into(there, small, sizeof small, &size, NULL), 0);
    cr_assert_eq(size, 0);
    cr_assert_eq(waldo_mp_connection_poll(there, 0, NULL), 0);
    waldo_mp_connection_unref(here);
    waldo_mp_connection_unref(there);
    waldo_mp_listener_unref(listener);
}

Test(listener, handles_do_not_leave_the_host)
{
    waldo_mp_listener *listener = listen_at("tcp://127.0.0.1:0");
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    meet(listener, &here, &there);
    EXPECT_ERROR(waldo_mp_connection_send(here, waldo_mp_descriptor_value(0), reterr), WALDO_ETYPE,
                 "a descriptor can only be sent to a process of this host");
    waldo_mp_connection *first;
    waldo_mp_connection *second;
    cr_assert_geq(waldo_mp_pipe(true, &first, &second, NULL), 0);
    EXPECT_ERROR(waldo_mp_connection_send(first, waldo_mp_connection_value(here), reterr),
                 WALDO_ETYPE, "an encrypted connection cannot be sent");
    waldo_mp_connection_unref(first);
    waldo_mp_connection_unref(second);
    waldo_mp_connection_unref(here);
    waldo_mp_connection_unref(there);
    waldo_mp_listener_unref(listener);
}

Test(listener, handles_travel_over_ipc)
{
    waldo_mp_listener *listener = listen_at(NULL);
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    meet(listener, &here, &there);
    pass(here, there, waldo_v_list(waldo_mp_descriptor_value(0)), "[<descriptor>]");
    waldo_mp_connection_unref(here);
    waldo_mp_connection_unref(there);
    waldo_mp_listener_unref(listener);
}

Test(listener, a_message_that_was_changed_on_the_way_is_refused)
{
    waldo_mp_listener *listener = listen_at("tcp://127.0.0.1:0");
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    meet(listener, &here, &there);
    /* 40 bytes that nobody sealed. */
    uint8_t forged[48] = {[7] = 40, [8] = 3};
    cr_assert_eq(send(waldo_mp_connection_fileno(there), forged, sizeof forged, 0),
                 (ssize_t)sizeof forged);
    waldo_value *value;
    cr_assert_eq(waldo_mp_connection_recv(here, &value, NULL), WALDO_EAUTHENTICATION);
    waldo_mp_connection_unref(here);
    waldo_mp_connection_unref(there);
    waldo_mp_listener_unref(listener);
}

/* ---- addresses ---- */

Test(listener, addresses)
{
    waldo_mp_listener *listener = listen_at(path_address);
    waldo_mp_listener *second = NULL;
    waldo_mp_connection *connection = NULL;
    struct stat found;
    cr_assert_str_eq(waldo_mp_listener_address(listener), path_address);
    cr_assert_eq(waldo_mp_listener_new(path_address, &key, &second, NULL), WALDO_EADDRESSINUSE);
    cr_assert_eq(waldo_mp_listener_new("ws://127.0.0.1:0", &key, &second, NULL), WALDO_EVALUE);
    cr_assert_eq(waldo_mp_listener_new("nonsense", &key, &second, NULL), WALDO_EVALUE);
    cr_assert_null(second);
    cr_assert_eq(stat(path_address + strlen("ipc://"), &found), 0);
    waldo_mp_listener_close(listener);
    waldo_mp_listener_close(listener);
    cr_assert_neq(stat(path_address + strlen("ipc://"), &found), 0);
    cr_assert_eq(waldo_mp_listener_fileno(listener), -1);
    EXPECT_ERROR(waldo_mp_listener_accept(listener, 0, &connection, reterr), WALDO_ESYSTEM,
                 "Listener is closed");
    cr_assert_eq(waldo_mp_client(path_address, &key, &connection, NULL), WALDO_ENOTFOUND);
    cr_assert_eq(waldo_mp_client("ipc://@waldo-nobody", &key, &connection, NULL), WALDO_EREFUSED);
    cr_assert_null(connection);
    waldo_mp_listener_unref(listener);

    listener = listen_at("tcp://127.0.0.1:0");
    cr_assert_null(strstr(waldo_mp_listener_address(listener), ":0"));
    waldo_mp_listener_unref(listener);
}

Test(listener, a_listener_that_does_not_answer)
{
    waldo_mp_listener *listener = listen_at(NULL);
    waldo_mp_listener_options short_time = key;
    short_time.timeout = 0.05;
    waldo_mp_connection *connection;
    EXPECT_ERROR(
        waldo_mp_client(waldo_mp_listener_address(listener), &short_time, &connection, reterr),
        WALDO_ETIMEOUT, "receive: the other side took too long");
    waldo_mp_listener_unref(listener);
}
