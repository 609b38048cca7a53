#include "process/sealed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "secure/channel_internal.h"

#define HEAD 8

/* Where in a sealed frame its number is. */
#define COUNTER_OFFSET 9

/* ---- a stream of messages ---- */

static int send_all(int socket, struct msghdr *message, waldo_error *reterr)
{
    struct iovec *part = message->msg_iov;
    while (message->msg_iovlen > 0) {
        ssize_t sent = sendmsg(socket, message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return waldo_error_set(reterr, WALDO_EBROKENPIPE, "Broken pipe");
        if (sent < 0)
            return waldo__socket_failed("send", reterr);
        for (size_t left = (size_t)sent; message->msg_iovlen > 0;) {
            size_t taken = left < part->iov_len ? left : part->iov_len;
            part->iov_base = (uint8_t *)part->iov_base + taken;
            part->iov_len -= taken;
            left -= taken;
            if (part->iov_len > 0)
                break;
            message->msg_iov = ++part;
            message->msg_iovlen--;
        }
    }
    return 0;
}

int waldo__stream_send(int socket, const void *data, size_t size, waldo_error *reterr)
{
    uint8_t head[HEAD];
    waldo__secure_put_number(size, head);
    struct iovec parts[2] = {{head, sizeof head}, {(void *)(uintptr_t)data, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return send_all(socket, &message, reterr);
}

/* midway: the end of file is not where it may be. */
static int receive_all(int socket, void *target, size_t size, int flags, bool midway,
                       waldo_error *reterr)
{
    size_t got = 0;
    while (got < size) {
        ssize_t more = recv(socket, (uint8_t *)target + got, size - got, MSG_WAITALL | flags);
        if (more < 0 && errno == EINTR)
            continue;
        if (more < 0 && errno != ECONNRESET)
            return waldo__socket_failed("receive", reterr);
        if (more <= 0 && !midway && got == 0)
            return waldo_error_set(reterr, WALDO_EEOF, "the other end was closed");
        if (more <= 0 || ((flags & MSG_PEEK) && (size_t)more < size))
            return waldo_error_set(reterr, WALDO_ESYSTEM, "got end of file during message");
        got += (size_t)more;
    }
    return 0;
}

static int peek_size(int socket, uint64_t *ret_size, waldo_error *reterr)
{
    uint8_t head[HEAD];
    int status = receive_all(socket, head, sizeof head, MSG_PEEK, false, reterr);
    if (status >= 0)
        *ret_size = waldo__secure_get_number(head);
    return status;
}

/* After peek_size. Room is made as bytes come. */
static int receive_body(int socket, uint64_t size, waldo__inbox *inbox, waldo_error *reterr)
{
    uint8_t head[HEAD];
    int status = receive_all(socket, head, sizeof head, 0, true, reterr);
    inbox->size = 0;
    while (status >= 0 && inbox->size < size) {
        uint64_t left = size - inbox->size;
        size_t next = left < WALDO__LOCAL_PACKET ? (size_t)left : WALDO__LOCAL_PACKET;
        status = waldo__inbox_reserve(inbox, inbox->size + next, reterr);
        if (status >= 0)
            status = receive_all(socket, inbox->data + inbox->size, next, 0, true, reterr);
        inbox->size += next;
    }
    return status;
}

int waldo__stream_receive(int socket, size_t limit, waldo__inbox *inbox, waldo_error *reterr)
{
    uint64_t size = 0;
    int status = peek_size(socket, &size, reterr);
    if (status < 0)
        return status;
    if (size > limit)
        return waldo_error_set(reterr, WALDO_ETOOBIG, "bad message length");
    return receive_body(socket, size, inbox, reterr);
}

/* ---- sealed ---- */

typedef struct sealed {
    waldo__secure_channel *channel;
    waldo__buffer frame;
    waldo__buffer plain;
    waldo__inbox inbox;
} sealed;

static void sealed_free(void *state)
{
    sealed *held = state;
    waldo__secure_channel_free(held->channel);
    waldo__buffer_free(&held->frame);
    waldo__buffer_free(&held->plain);
    free(held->inbox.data);
    free(held);
}

static int sealed_send(waldo_mp_connection *connection, const void *data, size_t size,
                       const waldo__descriptors *descriptors, waldo_error *reterr)
{
    (void)descriptors;
    sealed *state = connection->state;
    struct iovec part = {(void *)(uintptr_t)data, size};
    int status = waldo__secure_seal(state->channel, &part, 1, &state->frame, reterr);
    if (status < 0)
        return status;
    return waldo__stream_send(connection->socket, state->frame.data, state->frame.size, reterr);
}

/* A peer's frames come one by one: none was left out on the way. */
static int check_number(const sealed *state, waldo_error *reterr)
{
    const uint8_t *number = state->inbox.data + COUNTER_OFFSET;
    if (waldo__secure_get_number(number) != state->channel->receiving.next)
        return waldo_error_set(reterr, WALDO_EAUTHENTICATION, "a message is missing");
    return 0;
}

static int peek_payload(waldo_mp_connection *connection, uint64_t *ret_sealed, uint64_t *ret_size,
                        waldo_error *reterr)
{
    int status = peek_size(connection->socket, ret_sealed, reterr);
    if (status < 0)
        return status;
    if (*ret_sealed < WALDO__SECURE_OVERHEAD)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "malformed message");
    *ret_size = *ret_sealed - WALDO__SECURE_OVERHEAD;
    return 0;
}

static int open_next(waldo_mp_connection *connection, uint64_t sealed_size,
                     const uint8_t **ret_data, size_t *ret_size, waldo_error *reterr)
{
    sealed *state = connection->state;
    int status = receive_body(connection->socket, sealed_size, &state->inbox, reterr);
    if (status >= 0)
        status = check_number(state, reterr);
    if (status < 0)
        return status;
    return waldo__secure_open(state->channel, state->inbox.data, state->inbox.size, &state->plain,
                              ret_data, ret_size, reterr);
}

static int sealed_receive(waldo_mp_connection *connection, size_t limit,
                          waldo__descriptors *ret_descriptors, waldo_error *reterr)
{
    uint64_t sealed_size;
    uint64_t size = 0;
    const uint8_t *data;
    size_t opened;
    int status = peek_payload(connection, &sealed_size, &size, reterr);
    if (status >= 0 && size > limit)
        return waldo_error_set(reterr, WALDO_ETOOBIG, "bad message length");
    if (status >= 0)
        status = open_next(connection, sealed_size, &data, &opened, reterr);
    if (status >= 0)
        status = waldo__inbox_reserve(&connection->inbox, opened, reterr);
    if (status < 0)
        return status;
    if (opened > 0)
        memcpy(connection->inbox.data, data, opened);
    connection->inbox.size = opened;
    if (ret_descriptors)
        ret_descriptors->count = ret_descriptors->taken = 0;
    return 0;
}

static int sealed_receive_into(waldo_mp_connection *connection, void *buffer, size_t capacity,
                               size_t *ret_size, waldo_error *reterr)
{
    uint64_t sealed_size;
    uint64_t size = 0;
    const uint8_t *data;
    size_t opened;
    int status = peek_payload(connection, &sealed_size, &size, reterr);
    if (status >= 0 && size > capacity)
        return waldo_error_set(reterr, WALDO_EBUFFERTOOSHORT,
                               "a message of %llu bytes for a buffer of %zu",
                               (unsigned long long)size, capacity);
    if (status >= 0)
        status = open_next(connection, sealed_size, &data, &opened, reterr);
    if (status < 0)
        return status;
    if (opened > 0)
        memcpy(buffer, data, opened);
    *ret_size = opened;
    return 0;
}

static const waldo__transport sealed_transport = {
    .send = sealed_send,
    .receive = sealed_receive,
    .receive_into = sealed_receive_into,
    .free_state = sealed_free,
    .carries_descriptors = false,
};

waldo_mp_connection *waldo__sealed_connection(int socket, waldo__secure_channel *channel)
{
    sealed *state = calloc(1, sizeof(*state));
    if (!state) {
        close(socket);
        waldo__secure_channel_free(channel);
        return NULL;
    }
    state->channel = channel;
    return waldo__connection_new(socket, true, true, &sealed_transport, state);
}
