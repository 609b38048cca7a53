#include "memory/satchel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/handle.h"

typedef struct waldo__satchel_message {
    struct msghdr header;
    struct iovec part;
    uint64_t serial;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(WALDO__PARCEL_DESCRIPTORS * sizeof(int))];
} waldo__satchel_message;

static void prepare(waldo__satchel_message *message)
{
    memset(message, 0, sizeof *message);
    message->part = (struct iovec){&message->serial, sizeof message->serial};
    message->header.msg_iov = &message->part;
    message->header.msg_iovlen = 1;
    message->header.msg_control = message->control;
    message->header.msg_controllen = sizeof message->control;
}

int waldo__satchel_open(waldo__satchel *satchel, waldo_error *reterr)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return waldo_error_system(reterr, errno, "making a queue");
    satchel->in = ends[0];
    satchel->out = ends[1];
    return 0;
}

void waldo__satchel_close(waldo__satchel *satchel)
{
    waldo__close_descriptors((int[]){satchel->in, satchel->out}, 2);
    satchel->in = satchel->out = -1;
}

int waldo__satchel_put(const waldo__satchel *satchel, uint64_t serial,
                       const waldo__descriptors *descriptors, waldo_error *reterr)
{
    waldo__satchel_message message;
    prepare(&message);
    size_t size = descriptors->count * sizeof descriptors->items[0];
    message.serial = serial;
    message.header.msg_controllen = CMSG_SPACE(size);
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message.header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(rights), descriptors->items, size);
    while (sendmsg(satchel->in, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN || errno == ETOOMANYREFS)
            return WALDO_EFULL;
        if (errno != EINTR)
            return waldo_error_system(reterr, errno, "sending descriptors through a queue");
    }
    return 0;
}

/* What came with a message. */
static void collect(struct msghdr *header, waldo__descriptors *descriptors)
{
    descriptors->count = descriptors->taken = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t size = part->cmsg_len - CMSG_LEN(0);
        descriptors->count = size / sizeof(int);
        memcpy(descriptors->items, CMSG_DATA(part), size);
    }
}

/* *ret_cut: not all descriptors could be opened. */
static ssize_t receive(const waldo__satchel *satchel, int flags, uint64_t *ret_serial,
                       waldo__descriptors *descriptors, bool *ret_cut)
{
    waldo__satchel_message message;
    ssize_t size;
    do {
        prepare(&message);
        size = recvmsg(satchel->out, &message.header, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    descriptors->count = descriptors->taken = 0;
    if (size >= 0)
        collect(&message.header, descriptors);
    *ret_serial = message.serial;
    *ret_cut = size >= 0 && message.header.msg_flags & MSG_CTRUNC;
    return size;
}

int waldo__satchel_peek(const waldo__satchel *satchel, uint64_t serial,
                        waldo__descriptors *ret_descriptors, waldo_error *reterr)
{
    uint64_t its_serial = 0;
    bool cut;
    for (;;) {
        ssize_t size = receive(satchel, MSG_PEEK, &its_serial, ret_descriptors, &cut);
        bool found = size == sizeof its_serial && its_serial == serial;
        if (found && !cut)
            return 0;
        waldo__close_descriptors(ret_descriptors->items, ret_descriptors->count);
        if (found)
            return waldo_error_set(reterr, WALDO_ELIMIT,
                                   "no descriptor is left for an item of a queue");
        if (size <= 0 || (size == sizeof its_serial && its_serial > serial))
            return waldo_error_set(reterr, WALDO_EPROTOCOL,
                                   "the descriptors of an item of a queue are missing");
        waldo__satchel_drop(satchel);
    }
}

void waldo__satchel_drop(const waldo__satchel *satchel)
{
    waldo__descriptors descriptors;
    uint64_t serial = 0;
    bool cut;
    receive(satchel, 0, &serial, &descriptors, &cut);
    waldo__close_descriptors(descriptors.items, descriptors.count);
}
