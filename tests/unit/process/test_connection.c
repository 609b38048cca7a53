/* Rows N1 to N9 and N12. */
#include <waldo/mp/connection.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/value/support.h"

#define SOON 60.0

typedef struct ends {
    waldo_mp_connection *first;
    waldo_mp_connection *second;
} ends;

static ends make_pipe(bool duplex)
{
    ends made;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_geq(waldo_mp_pipe(duplex, &made.first, &made.second, &err), 0, "%s", err.message);
    return made;
}

static void drop(ends *both)
{
    both->first = waldo_mp_connection_unref(both->first);
    both->second = waldo_mp_connection_unref(both->second);
}

static waldo_value *receive(waldo_mp_connection *connection)
{
    waldo_value *value;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_geq(waldo_mp_connection_recv(connection, &value, &err), 0, "%s", err.message);
    return value;
}

static void send_text(waldo_mp_connection *connection, const char *text)
{
    cr_assert_geq(waldo_mp_connection_send_bytes(connection, text, strlen(text), NULL), 0);
}

static void expect_bytes(waldo_mp_connection *connection, const char *text)
{
    void *data;
    size_t size;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_geq(waldo_mp_connection_recv_bytes(connection, SIZE_MAX, &data, &size, &err), 0, "%s",
                  err.message);
    cr_assert_eq(size, strlen(text));
    cr_assert_str_eq(data, text);
    free(data);
}

/* What one thread sends while another receives. */
typedef struct burst {
    waldo_mp_connection *connection;
    size_t size;
} burst;

static uint8_t byte_at(size_t position)
{
    return (uint8_t)(position * 31 + position / 251);
}

static void *send_burst(void *data)
{
    const burst *sent = data;
    uint8_t *bytes = malloc(sent->size + 1);
    for (size_t i = 0; i < sent->size; i++)
        bytes[i] = byte_at(i);
    int status = waldo_mp_connection_send_bytes(sent->connection, bytes, sent->size, NULL);
    free(bytes);
    return status < 0 ? NULL : data;
}

static void exchange_burst(size_t size, bool into)
{
    ends both = make_pipe(true);
    burst sent = {both.first, size};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, send_burst, &sent), 0);
    size_t got;
    void *bytes = into ? malloc(size + 1) : NULL;
    if (into)
        cr_assert_geq(waldo_mp_connection_recv_bytes_into(both.second, bytes, size + 1, &got, NULL),
                      0);
    else
        cr_assert_geq(waldo_mp_connection_recv_bytes(both.second, size, &bytes, &got, NULL), 0);
    void *result;
    pthread_join(thread, &result);
    cr_assert_not_null(result);
    cr_assert_eq(got, size);
    for (size_t i = 0; i < size; i++)
        if (((uint8_t *)bytes)[i] != byte_at(i))
            cr_assert_fail("byte %zu of %zu differs", i, size);
    free(bytes);
    drop(&both);
}

Test(connection, values_go_both_ways)
{
    ends both = make_pipe(true);
    waldo_value *sent = waldo_v_dict(waldo_v("a"), waldo_v_list(waldo_v(1), waldo_v(2.5)),
                                     waldo_v(7), waldo_v_none());
    cr_assert_geq(waldo_mp_connection_send(both.first, waldo_value_ref(sent), NULL), 0);
    expect_repr(receive(both.second), "{'a': [1, 2.5], 7: None}");
    cr_assert_geq(waldo_mp_connection_send(both.second, sent, NULL), 0);
    expect_repr(receive(both.first), "{'a': [1, 2.5], 7: None}");
    drop(&both);
}

Test(connection, one_way_has_a_reader_and_a_writer)
{
    ends both = make_pipe(false);
    cr_assert(waldo_mp_connection_readable(both.first));
    cr_assert_not(waldo_mp_connection_writable(both.first));
    cr_assert_not(waldo_mp_connection_readable(both.second));
    cr_assert(waldo_mp_connection_writable(both.second));
    send_text(both.second, "hello");
    expect_bytes(both.first, "hello");
    waldo_value *value;
    EXPECT_ERROR(waldo_mp_connection_send(both.first, waldo_v(1), reterr), WALDO_ESYSTEM,
                 "connection is read-only");
    EXPECT_ERROR(waldo_mp_connection_recv(both.second, &value, reterr), WALDO_ESYSTEM,
                 "connection is write-only");
    EXPECT_ERROR(waldo_mp_connection_poll(both.second, 0, reterr), WALDO_ESYSTEM,
                 "connection is write-only");
    drop(&both);
}

Test(connection, boundaries_are_kept)
{
    ends both = make_pipe(true);
    send_text(both.first, "one");
    send_text(both.first, "");
    send_text(both.first, "three");
    expect_bytes(both.second, "one");
    expect_bytes(both.second, "");
    expect_bytes(both.second, "three");
    drop(&both);
}

Test(connection, any_size)
{
    static const size_t sizes[] = {1, 65528, 65535, 65536, 65537, 131072, 131073, 16 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        exchange_burst(sizes[i], false);
        exchange_burst(sizes[i], true);
    }
}

Test(connection, a_longer_message_than_allowed_stays)
{
    ends both = make_pipe(true);
    send_text(both.first, "0123456789");
    void *data = NULL;
    size_t size = 0;
    EXPECT_ERROR(waldo_mp_connection_recv_bytes(both.second, 9, &data, &size, reterr),
                 WALDO_ETOOBIG, "bad message length");
    char buffer[10];
    EXPECT_ERROR(waldo_mp_connection_recv_bytes_into(both.second, buffer, 9, &size, reterr),
                 WALDO_EBUFFERTOOSHORT, "a message of 10 bytes for a buffer of 9");
    cr_assert_eq(size, 0);
    cr_assert_geq(waldo_mp_connection_recv_bytes_into(both.second, buffer, 10, &size, NULL), 0);
    cr_assert_eq(size, 10);
    cr_assert_arr_eq(buffer, "0123456789", 10);
    drop(&both);
}

Test(connection, the_other_end_was_closed)
{
    ends both = make_pipe(true);
    send_text(both.first, "last words");
    both.first = waldo_mp_connection_unref(both.first);
    expect_bytes(both.second, "last words");
    waldo_value *value;
    EXPECT_ERROR(waldo_mp_connection_recv(both.second, &value, reterr), WALDO_EEOF,
                 "the other end was closed");
    cr_assert_eq(waldo_mp_connection_poll(both.second, 0, NULL), 1);
    EXPECT_ERROR(waldo_mp_connection_send(both.second, waldo_v(1), reterr), WALDO_EBROKENPIPE,
                 "Broken pipe");
    drop(&both);
}

Test(connection, what_was_sent_arrives_though_the_sender_read_nothing)
{
    ends both = make_pipe(true);
    send_text(both.second, "unread");
    send_text(both.first, "last words");
    both.first = waldo_mp_connection_unref(both.first);
    expect_bytes(both.second, "last words");
    void *data;
    size_t size;
    cr_assert_eq(waldo_mp_connection_recv_bytes(both.second, SIZE_MAX, &data, &size, NULL),
                 WALDO_EEOF);
    drop(&both);
}

Test(connection, closing_twice_and_using_what_is_closed)
{
    ends both = make_pipe(true);
    cr_assert_not(waldo_mp_connection_closed(both.first));
    waldo_mp_connection_close(both.first);
    waldo_mp_connection_close(both.first);
    cr_assert(waldo_mp_connection_closed(both.first));
    cr_assert_eq(waldo_mp_connection_fileno(both.first), -1);
    waldo_value *value;
    EXPECT_ERROR(waldo_mp_connection_send(both.first, waldo_v(1), reterr), WALDO_ESYSTEM,
                 "handle is closed");
    EXPECT_ERROR(waldo_mp_connection_recv(both.first, &value, reterr), WALDO_ESYSTEM,
                 "handle is closed");
    EXPECT_ERROR(
        waldo_mp_connection_send(both.second, waldo_mp_connection_value(both.first), reterr),
        WALDO_ESYSTEM, "handle is closed");
    drop(&both);
}

Test(connection, an_end_and_a_descriptor_travel)
{
    ends carrier = make_pipe(true);
    ends cargo = make_pipe(false);
    int pair[2];
    cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
    waldo_value *sent =
        waldo_v_tuple(waldo_mp_connection_value(cargo.second), waldo_mp_descriptor_value(pair[1]));
    cr_assert_geq(waldo_mp_connection_send(carrier.first, sent, NULL), 0);
    cargo.second = waldo_mp_connection_unref(cargo.second);
    close(pair[1]);

    waldo_value *received = receive(carrier.second);
    waldo_value *items[2];
    waldo_mp_connection *writer;
    int descriptor;
    cr_assert_geq(waldo_value_item(received, 0, &items[0], NULL), 0);
    cr_assert_geq(waldo_value_item(received, 1, &items[1], NULL), 0);
    cr_assert_geq(waldo_mp_connection_from_value(items[0], &writer, NULL), 0);
    cr_assert_geq(waldo_mp_descriptor_from_value(items[1], &descriptor, NULL), 0);
    waldo_value_unref(items[0]);
    waldo_value_unref(items[1]);
    waldo_value_unref(received);

    cr_assert_not(waldo_mp_connection_readable(writer));
    send_text(writer, "through the copy");
    expect_bytes(cargo.first, "through the copy");
    cr_assert_eq(write(descriptor, "x", 1), 1);
    char byte;
    cr_assert_eq(read(pair[0], &byte, 1), 1);
    waldo_mp_connection_unref(writer);
    close(descriptor);
    /* No duplicate is left anywhere. */
    cr_assert_eq(read(pair[0], &byte, 1), 0);
    cr_assert_eq(waldo_mp_connection_poll(cargo.first, SOON, NULL), 1);
    waldo_value *none;
    cr_assert_eq(waldo_mp_connection_recv(cargo.first, &none, NULL), WALDO_EEOF);
    close(pair[0]);
    drop(&carrier);
    drop(&cargo);
}

Test(connection, descriptors_in_bytes_are_closed)
{
    ends both = make_pipe(true);
    int pair[2];
    cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
    cr_assert_geq(waldo_mp_connection_send(both.first, waldo_mp_descriptor_value(pair[1]), NULL),
                  0);
    close(pair[1]);
    void *data;
    size_t size;
    cr_assert_geq(waldo_mp_connection_recv_bytes(both.second, SIZE_MAX, &data, &size, NULL), 0);
    free(data);
    char byte;
    cr_assert_eq(read(pair[0], &byte, 1), 0);
    close(pair[0]);
    drop(&both);
}

Test(connection, no_descriptor_left_for_what_comes)
{
    ends both = make_pipe(true);
    cr_assert_geq(waldo_mp_connection_send(both.first, waldo_mp_descriptor_value(0), NULL), 0);
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit none = {3, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    waldo_value *value;
    EXPECT_ERROR(waldo_mp_connection_recv(both.second, &value, reterr), WALDO_ELIMIT,
                 "the descriptors of a message: too many are open here");
    setrlimit(RLIMIT_NOFILE, &before);
    send_text(both.first, "still good");
    expect_bytes(both.second, "still good");
    drop(&both);
}

/* ---- a hostile peer ---- */

static void expect_refused(const void *packet, size_t size, int code)
{
    ends both = make_pipe(true);
    cr_assert_eq(send(waldo_mp_connection_fileno(both.first), packet, size, 0), (ssize_t)size);
    waldo_mp_connection_close(both.first);
    waldo_value *value = NULL;
    cr_assert_eq(waldo_mp_connection_recv(both.second, &value, NULL), code);
    cr_assert_null(value);
    drop(&both);
}

Test(connection, nonsense_is_refused)
{
    uint8_t packet[64] = {0};
    uint64_t size = 4;
    expect_refused(packet, 1, WALDO_EPROTOCOL);
    memcpy(packet, &size, sizeof size);
    expect_refused(packet, 8, WALDO_EPROTOCOL);  /* fewer bytes than it says */
    expect_refused(packet, 20, WALDO_EPROTOCOL); /* more */
    expect_refused(packet, 12, WALDO_EPROTOCOL); /* no value */
    size = UINT64_MAX;
    memcpy(packet, &size, sizeof size);
    expect_refused(packet, 8, WALDO_EPROTOCOL);
    static uint8_t first[8 + 65536];
    size = 1ULL << 40; /* costs no memory */
    memcpy(first, &size, sizeof size);
    expect_refused(first, sizeof first, WALDO_ESYSTEM);
}

/* ---- waiting ---- */

Test(connection, polls_without_taking)
{
    ends both = make_pipe(true);
    cr_assert_eq(waldo_mp_connection_poll(both.second, 0, NULL), 0);
    cr_assert_eq(waldo_mp_connection_poll(both.second, -1, NULL), 0);
    cr_assert_eq(waldo_mp_connection_poll(both.second, 0.001, NULL), 0);
    send_text(both.first, "");
    cr_assert_eq(waldo_mp_connection_poll(both.second, WALDO_FOREVER, NULL), 1);
    cr_assert_eq(waldo_mp_connection_poll(both.second, 0, NULL), 1);
    expect_bytes(both.second, "");
    cr_assert_eq(waldo_mp_connection_poll(both.second, 0, NULL), 0);
    drop(&both);
}

Test(connection, wait_tells_which)
{
    enum { COUNT = 20 };
    ends pipes[COUNT];
    int descriptors[COUNT];
    bool ready[COUNT];
    for (int i = 0; i < COUNT; i++) {
        pipes[i] = make_pipe(false);
        descriptors[i] = waldo_mp_connection_fileno(pipes[i].first);
    }
    cr_assert_eq(waldo_mp_wait(descriptors, COUNT, 0, ready, NULL), 0);
    cr_assert_eq(waldo_mp_wait(descriptors, COUNT, -1, ready, NULL), 0);
    send_text(pipes[3].second, "x");
    waldo_mp_connection_close(pipes[17].second);
    cr_assert_eq(waldo_mp_wait(descriptors, COUNT, SOON, ready, NULL), 2);
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(ready[i], i == 3 || i == 17);
        drop(&pipes[i]);
    }
    cr_assert_eq(waldo_mp_wait(NULL, 0, 0.001, NULL, NULL), 0);
    cr_assert_eq(waldo_mp_wait(descriptors, 1, 0, NULL, NULL), WALDO_EVALUE);
    int closed = -1;
    EXPECT_ERROR(waldo_mp_wait(&closed, 1, 0, NULL, reterr), WALDO_EVALUE,
                 "descriptor -1 is not open");
}
