#include "engine/nanomsg/socket.h"

#include <errno.h>
#include <nanomsg/tcp.h>
#include <stdatomic.h>
#include <string.h>

static atomic_bool was_used;

bool waldo__nanomsg_was_used(void)
{
    return atomic_load(&was_used);
}

void waldo__nanomsg_address(const waldo__url *url, char *text, size_t size)
{
    waldo__url plain = *url;

    if (url->scheme == WALDO__NN_TCP)
        plain.scheme = WALDO__TCP;
    if (url->scheme == WALDO__NN_IPC)
        plain.scheme = WALDO__IPC;
    waldo__url_format(&plain, text, size);
}

static int set_option(int socket, int level, int option, int value)
{
    return nn_setsockopt(socket, level, option, &value, sizeof value);
}

static int set_options(int socket, const waldo__url *url, size_t max_message)
{
    size_t largest = max_message < WALDO__NANOMSG_LARGEST ? max_message : WALDO__NANOMSG_LARGEST;
    int rc =
        set_option(socket, NN_SOL_SOCKET, NN_RCVMAXSIZE, (int)(largest + WALDO__SP_ROUTE_SIZE));

    if (rc == 0 && strchr(url->host, ':') != NULL)
        rc = set_option(socket, NN_SOL_SOCKET, NN_IPV4ONLY, 0);
    if (rc == 0 && url->scheme == WALDO__NN_TCP)
        rc = set_option(socket, NN_TCP, NN_TCP_NODELAY, 1);
    return rc;
}

int waldo__nanomsg_socket(int protocol, const waldo__url *url, size_t max_message, int *ret_socket,
                          waldo_error *reterr)
{
    atomic_store(&was_used, true);
    int made = nn_socket(AF_SP_RAW, protocol);
    if (made < 0 && nn_errno() == EMFILE)
        return waldo_error_set(reterr, WALDO_ELIMIT,
                               "no more libnanomsg sockets: it has 512 a process, and each takes "
                               "descriptors");
    if (made < 0)
        return waldo_error_system(reterr, nn_errno(), "cannot make a libnanomsg socket");
    if (set_options(made, url, max_message) < 0) {
        int error = nn_errno();
        waldo__nanomsg_close(made);
        return waldo_error_system(reterr, error, "cannot set up a libnanomsg socket");
    }
    *ret_socket = made;
    return 0;
}

void waldo__nanomsg_close(int socket)
{
    while (nn_close(socket) < 0 && nn_errno() == EINTR)
        ;
}

/* Room for one control message with a header: its struct, the header's size, the header. */
typedef union control_space {
    struct nn_cmsghdr first;
    uint8_t bytes[NN_CMSG_SPACE(sizeof(size_t) + sizeof((waldo__nanomsg_header *)0)->bytes)];
} control_space;

static size_t put_header(const waldo__nanomsg_header *header, control_space *control)
{
    size_t total = NN_CMSG_SPACE(sizeof header->size + header->size);
    uint8_t *data = control->bytes + sizeof control->first;

    memset(control, 0, sizeof *control);
    control->first.cmsg_len = NN_CMSG_LEN(sizeof header->size + header->size);
    control->first.cmsg_level = PROTO_SP;
    control->first.cmsg_type = SP_HDR;
    memcpy(data, &header->size, sizeof header->size);
    memcpy(data + sizeof header->size, header->bytes, header->size);
    return total;
}

static void get_header(const control_space *control, waldo__nanomsg_header *header)
{
    const uint8_t *data = control->bytes + sizeof control->first;
    size_t size = 0;

    header->size = 0;
    if (control->first.cmsg_level != PROTO_SP || control->first.cmsg_type != SP_HDR)
        return;
    memcpy(&size, data, sizeof size);
    if (size > sizeof header->bytes)
        return;
    header->size = size;
    memcpy(header->bytes, data + sizeof size, size);
}

static void gather(const struct iovec *parts, int part_count, uint8_t *data)
{
    for (int i = 0; i < part_count; i++) {
        if (parts[i].iov_len > 0)
            memcpy(data, parts[i].iov_base, parts[i].iov_len);
        data += parts[i].iov_len;
    }
}

/* The message is allocated here because nn_allocmsg() reports a failure, while nn_sendmsg() aborts
 * the process when it cannot allocate the message by itself. */
int waldo__nanomsg_send(int socket, const waldo__nanomsg_header *header, const struct iovec *parts,
                        int part_count, size_t size, int flags)
{
    control_space control;
    void *data = nn_allocmsg(size, 0);

    if (data == NULL)
        return -ENOMEM;
    gather(parts, part_count, data);
    struct nn_iovec vector = {&data, NN_MSG};
    struct nn_msghdr message = {&vector, 1, &control, put_header(header, &control)};
    if (nn_sendmsg(socket, &message, flags) >= 0)
        return 0;
    int error = nn_errno();
    nn_freemsg(data);
    return -error;
}

int waldo__nanomsg_receive(int socket, waldo__nanomsg_header *ret_header, void **ret_data,
                           size_t *ret_size, int flags)
{
    control_space control;
    void *data = NULL;
    struct nn_iovec vector = {&data, NN_MSG};
    struct nn_msghdr message = {&vector, 1, &control, sizeof control};

    memset(&control, 0, sizeof control);
    int size = nn_recvmsg(socket, &message, flags);
    if (size < 0)
        return -nn_errno();
    get_header(&control, ret_header);
    *ret_data = data;
    *ret_size = (size_t)size;
    return 0;
}
