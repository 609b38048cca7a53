/* Frames on their way out: see sp.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/sp.h"

#define IPC_MESSAGE 0x01

bool waldo__sp_measure(const struct iovec *parts, int part_count, size_t limit, size_t *ret_size)
{
    size_t size = 0;

    for (int i = 0; i < part_count; i++) {
        if (parts[i].iov_len > limit - size)
            return false;
        size += parts[i].iov_len;
    }
    *ret_size = size;
    return true;
}

void waldo__sp_frame_init(waldo__sp_frame *frame, bool ipc, const waldo__sp_route *route,
                          const struct iovec *parts, int part_count, size_t payload)
{
    uint64_t length = (uint64_t)route->size + payload;
    uint8_t *at = frame->head;

    if (ipc)
        *at++ = IPC_MESSAGE;
    waldo__sp_put_word(at, (uint32_t)(length >> 32));
    waldo__sp_put_word(at + 4, (uint32_t)length);
    waldo__sp_frame_begin(frame, (size_t)(at + 8 - frame->head), route, parts, part_count, payload);
}

void waldo__sp_frame_begin(waldo__sp_frame *frame, size_t prefix_size, const waldo__sp_route *route,
                           const struct iovec *parts, int part_count, size_t payload)
{
    memcpy(frame->head + prefix_size, route->bytes, route->size);
    frame->head_size = prefix_size + route->size;
    frame->parts = parts;
    frame->part_count = part_count;
    frame->size = frame->head_size + payload;
    frame->sent = 0;
}

/* Points window at the bytes that are not sent yet; returns how many entries it took. */
static size_t unsent(const waldo__sp_frame *frame, int *part, size_t *skip, struct iovec *window)
{
    size_t count = 0;

    for (; *part < frame->part_count && count < WALDO__SP_WINDOW; ++*part) {
        const struct iovec *whole = *part < 0
                                        ? &(struct iovec){(void *)frame->head, frame->head_size}
                                        : &frame->parts[*part];
        if (whole->iov_len <= *skip) {
            *skip -= whole->iov_len;
            continue;
        }
        window[count].iov_base = (uint8_t *)whole->iov_base + *skip;
        window[count].iov_len = whole->iov_len - *skip;
        *skip = 0;
        count++;
    }
    return count;
}

int waldo__sp_frame_unsent(const waldo__sp_frame *frame, struct iovec window[WALDO__SP_WINDOW])
{
    size_t skip = frame->sent;
    int part = -1;

    return (int)unsent(frame, &part, &skip, window);
}

int waldo__sp_frame_send(waldo__sp_frame *frame, int fd)
{
    while (frame->sent < frame->size) {
        struct iovec window[WALDO__SP_WINDOW];
        struct msghdr message = {.msg_iov = window};
        message.msg_iovlen = (size_t)waldo__sp_frame_unsent(frame, window);
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            frame->sent += (size_t)sent;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        else if (errno != EINTR)
            return -errno;
    }
    return 1;
}

bool waldo__sp_frame_keep_rest(const waldo__sp_frame *frame, waldo__buffer *buffer)
{
    size_t skip = frame->sent;
    size_t before = buffer->size;
    int part = -1;

    while (part < frame->part_count) {
        struct iovec window[WALDO__SP_WINDOW];
        size_t count = unsent(frame, &part, &skip, window);
        for (size_t i = 0; i < count; i++)
            if (!waldo__buffer_append(buffer, window[i].iov_base, window[i].iov_len)) {
                buffer->size = before;
                return false;
            }
    }
    return true;
}
