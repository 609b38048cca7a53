#include "process/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "process/handle.h"

#define FIRST_CAPACITY ((size_t)4096)

typedef union control_room {
    struct cmsghdr header; /* for alignment */
    char bytes[CMSG_SPACE(sizeof(int) * WALDO__PARCEL_DESCRIPTORS)];
} control_room;

int waldo__inbox_reserve(waldo__inbox *inbox, size_t size, waldo_error *reterr)
{
    if (size <= inbox->capacity)
        return 0;
    size_t capacity = inbox->capacity ? inbox->capacity : FIRST_CAPACITY;
    while (capacity < size)
        capacity = capacity > SIZE_MAX / 2 ? size : capacity * 2;
    uint8_t *data = realloc(inbox->data, capacity);
    if (!data)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message of %zu bytes", size);
    inbox->data = data;
    inbox->capacity = capacity;
    return 0;
}

int waldo__local_pair(int ret_sockets[2], waldo_error *reterr)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return waldo_error_system(reterr, errno, "a pair of sockets");
    ret_sockets[0] = sockets[0];
    ret_sockets[1] = sockets[1];
    return 0;
}

int waldo__socket_failed(const char *what, waldo_error *reterr)
{
    if (errno == EAGAIN)
        return waldo_error_set(reterr, WALDO_ETIMEOUT, "%s: the other side took too long", what);
    return waldo_error_system(reterr, errno, "%s", what);
}

/* ---- sending ---- */

static int send_packet(int socket, const struct msghdr *packet, waldo_error *reterr)
{
    ssize_t sent;
    do
        sent = sendmsg(socket, packet, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return 0;
    if (errno == EPIPE || errno == ECONNRESET)
        return waldo_error_set(reterr, WALDO_EBROKENPIPE, "Broken pipe");
    return waldo__socket_failed("send", reterr);
}

static void put_descriptors(struct msghdr *packet, control_room *room,
                            const waldo__descriptors *descriptors)
{
    size_t size = sizeof(int) * descriptors->count;
    /* The kernel reads the padding behind them, too. */
    memset(room->bytes, 0, CMSG_SPACE(size));
    packet->msg_control = room->bytes;
    packet->msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *header = CMSG_FIRSTHDR(packet);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), descriptors->items, size);
}

static size_t packet_size(size_t left)
{
    return left < WALDO__LOCAL_PACKET ? left : WALDO__LOCAL_PACKET;
}

static int send_first(int socket, const void *data, size_t size,
                      const waldo__descriptors *descriptors, waldo_error *reterr)
{
    uint64_t head = size;
    struct iovec parts[2] = {{&head, sizeof head}, {(void *)(uintptr_t)data, packet_size(size)}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
    if (!descriptors || descriptors->count == 0)
        return send_packet(socket, &packet, reterr);
    control_room room;
    put_descriptors(&packet, &room, descriptors);
    return send_packet(socket, &packet, reterr);
}

int waldo__local_send(int socket, const void *data, size_t size,
                      const waldo__descriptors *descriptors, waldo_error *reterr)
{
    int status = send_first(socket, data, size, descriptors, reterr);
    for (size_t sent = packet_size(size); status >= 0 && sent < size;) {
        struct iovec part = {(uint8_t *)(uintptr_t)data + sent, packet_size(size - sent)};
        struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
        status = send_packet(socket, &packet, reterr);
        sent += part.iov_len;
    }
    return status;
}

/* ---- receiving ---- */

/* A peer that closed without having read everything is told once, ahead of what it sent. */
static ssize_t receive_packet(int socket, struct msghdr *packet, int flags)
{
    ssize_t got;
    do
        got = recvmsg(socket, packet, flags | MSG_CMSG_CLOEXEC);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    return got;
}

static int malformed(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "malformed message");
}

static void take_descriptors(struct msghdr *packet, waldo__descriptors *ret_descriptors)
{
    ret_descriptors->count = ret_descriptors->taken = 0;
    struct cmsghdr *header = CMSG_FIRSTHDR(packet);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return;
    ret_descriptors->count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(ret_descriptors->items, CMSG_DATA(header), ret_descriptors->count * sizeof(int));
}

/* The first packet: how long the message is, and *ret_got bytes of it in `target`. With MSG_PEEK it
 * stays, and without room for descriptors none are made. */
static int receive_first(int socket, void *target, size_t room_size, int flags, uint64_t *ret_size,
                         size_t *ret_got, waldo__descriptors *descriptors, waldo_error *reterr)
{
    uint64_t size;
    control_room room;
    struct iovec parts[2] = {{&size, sizeof size}, {target, room_size}};
    struct msghdr packet = {.msg_iov = parts, .msg_iovlen = 2};
    if (descriptors) {
        packet.msg_control = room.bytes;
        packet.msg_controllen = sizeof room;
    }
    ssize_t got = receive_packet(socket, &packet, flags);
    if (got < 0)
        return waldo__socket_failed("receive", reterr);
    if (descriptors)
        take_descriptors(&packet, descriptors);
    if (got == 0)
        return waldo_error_set(reterr, WALDO_EEOF, "the other end was closed");
    int status = 0;
    if (descriptors && packet.msg_flags & MSG_CTRUNC)
        status = waldo_error_set(reterr, WALDO_ELIMIT,
                                 "the descriptors of a message: too many are open here");
    else if ((size_t)got < sizeof size || (!(flags & MSG_PEEK) && packet.msg_flags & MSG_TRUNC))
        status = malformed(reterr);
    if (status < 0) {
        if (descriptors)
            waldo__close_descriptors(descriptors->items, descriptors->count);
        return status;
    }
    *ret_size = size;
    *ret_got = (size_t)got - sizeof size;
    return 0;
}

/* A packet in the middle of a message that has `left` bytes to go. */
static int receive_next(int socket, void *target, size_t left, waldo_error *reterr)
{
    struct iovec part = {target, packet_size(left)};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got = receive_packet(socket, &packet, 0);
    if (got == 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "got end of file during message");
    if (got < 0)
        return waldo__socket_failed("receive", reterr);
    if ((size_t)got != part.iov_len || packet.msg_flags & MSG_TRUNC)
        return malformed(reterr);
    return 0;
}

/* Room is made as bytes come: a size alone costs no memory. */
static int receive_rest(int socket, uint64_t size, waldo__inbox *inbox, waldo_error *reterr)
{
    int status = 0;
    while (status >= 0 && inbox->size < size) {
        size_t next = packet_size(size - inbox->size);
        status = waldo__inbox_reserve(inbox, inbox->size + next, reterr);
        if (status >= 0)
            status = receive_next(socket, inbox->data + inbox->size, next, reterr);
        inbox->size += next;
    }
    return status;
}

static int peek(int socket, uint64_t *ret_size, waldo_error *reterr)
{
    size_t got;
    return receive_first(socket, NULL, 0, MSG_PEEK, ret_size, &got, NULL, reterr);
}

static int check_limit(int socket, size_t limit, waldo_error *reterr)
{
    uint64_t size;
    int status = peek(socket, &size, reterr);
    if (status >= 0 && size > limit)
        return waldo_error_set(reterr, WALDO_ETOOBIG, "bad message length");
    return status;
}

int waldo__local_receive(int socket, size_t limit, waldo__inbox *inbox,
                         waldo__descriptors *ret_descriptors, waldo_error *reterr)
{
    uint64_t size;
    waldo__descriptors descriptors;
    int status = limit < SIZE_MAX ? check_limit(socket, limit, reterr) : 0;
    if (status >= 0)
        status = waldo__inbox_reserve(inbox, WALDO__LOCAL_PACKET, reterr);
    if (status < 0)
        return status;
    waldo__descriptors *target = ret_descriptors ? ret_descriptors : &descriptors;
    status = receive_first(socket, inbox->data, WALDO__LOCAL_PACKET, 0, &size, &inbox->size, target,
                           reterr);
    if (status < 0)
        return status;
    if (size > SIZE_MAX / 4 || inbox->size != packet_size((size_t)size))
        status = malformed(reterr);
    else
        status = receive_rest(socket, size, inbox, reterr);
    if (status < 0 || !ret_descriptors)
        waldo__close_descriptors(target->items, target->count);
    return status;
}

int waldo__local_receive_into(int socket, void *buffer, size_t capacity, size_t *ret_size,
                              waldo_error *reterr)
{
    uint64_t size;
    size_t got;
    waldo__descriptors descriptors;
    int status = peek(socket, &size, reterr);
    if (status < 0)
        return status;
    if (size > capacity)
        return waldo_error_set(reterr, WALDO_EBUFFERTOOSHORT,
                               "a message of %llu bytes for a buffer of %zu",
                               (unsigned long long)size, capacity);
    status = receive_first(socket, buffer, packet_size((size_t)size), 0, &size, &got, &descriptors,
                           reterr);
    if (status < 0)
        return status;
    waldo__close_descriptors(descriptors.items, descriptors.count);
    if (size > capacity || got != packet_size((size_t)size))
        return malformed(reterr);
    while (status >= 0 && got < size) {
        size_t next = packet_size((size_t)size - got);
        status = receive_next(socket, (uint8_t *)buffer + got, next, reterr);
        got += next;
    }
    if (status >= 0)
        *ret_size = got;
    return status;
}
