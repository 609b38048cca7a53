#include "process/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

/* ---- life ---- */

waldo_mp_connection *waldo__connection_new(int socket, bool readable, bool writable,
                                           const waldo__transport *transport, void *state)
{
    waldo_mp_connection *connection = calloc(1, sizeof(*connection));
    if (!connection) {
        close(socket);
        if (transport->free_state)
            transport->free_state(state);
        return NULL;
    }
    atomic_init(&connection->references, 1);
    connection->socket = socket;
    connection->readable = readable;
    connection->writable = writable;
    connection->transport = transport;
    connection->state = state;
    return connection;
}

waldo_mp_connection *waldo_mp_connection_ref(waldo_mp_connection *connection)
{
    atomic_fetch_add_explicit(&connection->references, 1, memory_order_relaxed);
    return connection;
}

waldo_mp_connection *waldo_mp_connection_unref(waldo_mp_connection *connection)
{
    if (connection &&
        atomic_fetch_sub_explicit(&connection->references, 1, memory_order_acq_rel) == 1) {
        waldo_mp_connection_close(connection);
        if (connection->transport->free_state)
            connection->transport->free_state(connection->state);
        free(connection->inbox.data);
        free(connection);
    }
    return NULL;
}

void waldo_mp_connection_close(waldo_mp_connection *connection)
{
    if (connection->socket >= 0)
        close(connection->socket);
    connection->socket = -1;
}

bool waldo_mp_connection_closed(const waldo_mp_connection *connection)
{
    return connection->socket < 0;
}

bool waldo_mp_connection_readable(const waldo_mp_connection *connection)
{
    return connection->readable;
}

bool waldo_mp_connection_writable(const waldo_mp_connection *connection)
{
    return connection->writable;
}

int waldo_mp_connection_fileno(const waldo_mp_connection *connection)
{
    return connection->socket;
}

int waldo_mp_pipe(bool duplex, waldo_mp_connection **ret_first, waldo_mp_connection **ret_second,
                  waldo_error *reterr)
{
    int sockets[2];
    int status = waldo__local_pair(sockets, reterr);
    if (status < 0)
        return status;
    waldo_mp_connection *first =
        waldo__connection_new(sockets[0], true, duplex, &waldo__local_transport, NULL);
    waldo_mp_connection *second =
        waldo__connection_new(sockets[1], duplex, true, &waldo__local_transport, NULL);
    if (!first || !second) {
        waldo_mp_connection_unref(first);
        waldo_mp_connection_unref(second);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a pipe");
    }
    *ret_first = first;
    *ret_second = second;
    return 0;
}

/* ---- messages ---- */

static int check_open(const waldo_mp_connection *connection, waldo_error *reterr)
{
    if (connection->socket < 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "handle is closed");
    return 0;
}

static int check_readable(const waldo_mp_connection *connection, waldo_error *reterr)
{
    int status = check_open(connection, reterr);
    if (status >= 0 && !connection->readable)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "connection is write-only");
    return status;
}

static int check_writable(const waldo_mp_connection *connection, waldo_error *reterr)
{
    int status = check_open(connection, reterr);
    if (status >= 0 && !connection->writable)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "connection is read-only");
    return status;
}

static int send_value(waldo_mp_connection *connection, const waldo_value *value,
                      waldo_error *reterr)
{
    uint8_t *data;
    size_t size;
    waldo__descriptors descriptors;
    int status = check_writable(connection, reterr);
    if (status < 0)
        return status;
    status = connection->transport->carries_descriptors
                 ? waldo__parcel_pack(value, &data, &size, &descriptors, reterr)
                 : waldo_value_pack(value, &data, &size, reterr);
    if (status < 0)
        return status;
    status = connection->transport->send(
        connection, data, size, connection->transport->carries_descriptors ? &descriptors : NULL,
        reterr);
    free(data);
    return status;
}

int waldo_mp_connection_send(waldo_mp_connection *connection, waldo_value *value,
                             waldo_error *reterr)
{
    if (!value)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = send_value(connection, value, reterr);
    waldo_value_unref(value);
    return status;
}

int waldo_mp_connection_recv(waldo_mp_connection *connection, waldo_value **ret_value,
                             waldo_error *reterr)
{
    waldo__descriptors descriptors;
    int status = check_readable(connection, reterr);
    if (status >= 0)
        status = connection->transport->receive(connection, SIZE_MAX, &descriptors, reterr);
    if (status < 0)
        return status;
    return waldo__parcel_unpack(connection->inbox.data, connection->inbox.size, &descriptors,
                                ret_value, reterr);
}

int waldo_mp_connection_send_bytes(waldo_mp_connection *connection, const void *data, size_t size,
                                   waldo_error *reterr)
{
    int status = check_writable(connection, reterr);
    if (status < 0)
        return status;
    return connection->transport->send(connection, data, size, NULL, reterr);
}

int waldo_mp_connection_recv_bytes(waldo_mp_connection *connection, size_t maxlength,
                                   void **ret_data, size_t *ret_size, waldo_error *reterr)
{
    int status = check_readable(connection, reterr);
    if (status >= 0)
        status = connection->transport->receive(connection, maxlength, NULL, reterr);
    if (status < 0)
        return status;
    size_t size = connection->inbox.size;
    uint8_t *data = malloc(size + 1);
    if (!data)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message of %zu bytes", size);
    memcpy(data, connection->inbox.data, size);
    data[size] = '\0';
    *ret_data = data;
    *ret_size = size;
    return 0;
}

int waldo_mp_connection_recv_bytes_into(waldo_mp_connection *connection, void *buffer,
                                        size_t capacity, size_t *ret_size, waldo_error *reterr)
{
    int status = check_readable(connection, reterr);
    if (status < 0)
        return status;
    return connection->transport->receive_into(connection, buffer, capacity, ret_size, reterr);
}

int waldo_mp_connection_poll(waldo_mp_connection *connection, double seconds, waldo_error *reterr)
{
    int status = check_readable(connection, reterr);
    if (status < 0)
        return status;
    return waldo_mp_wait(&connection->socket, 1, seconds, NULL, reterr);
}

/* ---- between processes of one host ---- */

static int local_send(waldo_mp_connection *connection, const void *data, size_t size,
                      const waldo__descriptors *descriptors, waldo_error *reterr)
{
    return waldo__local_send(connection->socket, data, size, descriptors, reterr);
}

static int local_receive(waldo_mp_connection *connection, size_t limit,
                         waldo__descriptors *ret_descriptors, waldo_error *reterr)
{
    return waldo__local_receive(connection->socket, limit, &connection->inbox, ret_descriptors,
                                reterr);
}

static int local_receive_into(waldo_mp_connection *connection, void *buffer, size_t capacity,
                              size_t *ret_size, waldo_error *reterr)
{
    return waldo__local_receive_into(connection->socket, buffer, capacity, ret_size, reterr);
}

const waldo__transport waldo__local_transport = {
    .send = local_send,
    .receive = local_receive,
    .receive_into = local_receive_into,
    .carries_descriptors = true,
};

/* ---- as a handle ---- */

static int connection_reduce(void *object, waldo__reduced *ret, waldo_error *reterr)
{
    const waldo_mp_connection *connection = object;
    int status = check_open(connection, reterr);
    if (status < 0)
        return status;
    if (!connection->transport->carries_descriptors)
        return waldo_error_set(reterr, WALDO_ETYPE, "an encrypted connection cannot be sent");
    ret->data[0] = (uint8_t)(connection->readable | connection->writable << 1);
    ret->size = 1;
    ret->descriptors[0] = connection->socket;
    ret->descriptor_count = 1;
    return 0;
}

static bool is_local_socket(int descriptor)
{
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof domain;
    return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX &&
           type == SOCK_SEQPACKET;
}

static int connection_rebuild(const waldo__reduced *from, void **ret_object, waldo_error *reterr)
{
    if (from->size != 1 || from->descriptor_count != 1 || !is_local_socket(from->descriptors[0])) {
        waldo__close_descriptors(from->descriptors, from->descriptor_count);
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "malformed connection");
    }
    waldo_mp_connection *connection =
        waldo__connection_new(from->descriptors[0], from->data[0] & 1, from->data[0] >> 1 & 1,
                              &waldo__local_transport, NULL);
    if (!connection)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    *ret_object = connection;
    return 0;
}

static void *connection_ref(void *object)
{
    return waldo_mp_connection_ref(object);
}

static void *connection_unref(void *object)
{
    return waldo_mp_connection_unref(object);
}

const waldo__handle_class waldo__connection_class = {
    .name = "Connection",
    .reduce = connection_reduce,
    .rebuild = connection_rebuild,
    .ref = connection_ref,
    .unref = connection_unref,
};

waldo_value *waldo_mp_connection_value(waldo_mp_connection *connection)
{
    return waldo__v_handle(&waldo__connection_class, connection);
}

int waldo_mp_connection_from_value(const waldo_value *value, waldo_mp_connection **ret_connection,
                                   waldo_error *reterr)
{
    void *object;
    int status = waldo__handle_from_value(value, &waldo__connection_class, &object, reterr);
    if (status >= 0)
        *ret_connection = object;
    return status;
}
