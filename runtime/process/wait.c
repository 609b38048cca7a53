/* Row N12. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include <waldo/mp/connection.h>

#include "engine/deadline.h"

enum { FEW = 16 };

static int count_ready(const struct pollfd *polled, size_t count, bool *ret_ready,
                       waldo_error *reterr)
{
    int ready = 0;
    for (size_t i = 0; i < count; i++)
        if (polled[i].revents & POLLNVAL)
            return waldo_error_set(reterr, WALDO_EVALUE, "descriptor %d is not open", polled[i].fd);
    for (size_t i = 0; i < count; i++) {
        ready += polled[i].revents != 0;
        if (ret_ready)
            ret_ready[i] = polled[i].revents != 0;
    }
    return ready;
}

static int wait_for(struct pollfd *polled, size_t count, waldo__deadline deadline,
                    waldo_error *reterr)
{
    int ready;
    do
        ready = poll(polled, count, waldo__deadline_poll_ms(deadline));
    while ((ready < 0 && errno == EINTR) || (ready == 0 && deadline == WALDO__NEVER) ||
           (ready == 0 && waldo__deadline_left(deadline) > 0));
    return ready < 0 ? waldo_error_system(reterr, errno, "wait") : ready;
}

int waldo_mp_wait(const int *descriptors, size_t count, double seconds, bool *ret_ready,
                  waldo_error *reterr)
{
    struct pollfd few[FEW];
    struct pollfd *polled = count <= FEW ? few : calloc(count, sizeof(*polled));
    if (!polled)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory to wait for %zu descriptors",
                               count);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++) {
        polled[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
        /* poll() would pass over it. */
        if (descriptors[i] < 0)
            status =
                waldo_error_set(reterr, WALDO_EVALUE, "descriptor %d is not open", descriptors[i]);
    }
    if (status >= 0)
        status = wait_for(polled, count, waldo__deadline_in(seconds), reterr);
    if (status >= 0)
        status = count_ready(polled, count, ret_ready, reterr);
    if (polled != few)
        free(polled);
    return status;
}
