#include "engine/nanomsg/client.h"

#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine/address.h"
#include "engine/direct/connect.h"
#include "engine/lookup.h"
#include "engine/nanomsg/socket.h"

/* libnanomsg tells nobody that a connection broke, so whoever waits looks from time to time. */
#define SLICE_MS 50
#define FIRST_PAUSE_NS 100000
#define LONGEST_PAUSE_NS 5000000
#define URL_TEXT 600

struct waldo__channel {
    atomic_bool interrupted;
    int socket;
    size_t max_message;
    /* Connections the socket had made when it was opened. More: the server was gone meanwhile, and
     * a reply will never come. */
    uint64_t connections_made;
    int send_timeout; /* as the socket has them; -1: for ever */
    int receive_timeout;
};

static bool is_connected(int socket)
{
    uint64_t connections = nn_get_statistic(socket, NN_STAT_CURRENT_CONNECTIONS);

    return connections > 0 && connections != UINT64_MAX;
}

/* Is there somebody at all? libnanomsg only says that it could not connect; a plain socket is told
 * the reason. 0: a connection can be made, so libnanomsg's next attempt may succeed. */
static int probe(const waldo__url *url, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__url plain = *url;
    int fd;

    if (url->scheme == WALDO__INPROC)
        return 0;
    plain.scheme = url->scheme == WALDO__NN_IPC ? WALDO__IPC : WALDO__TCP;
    int rc = waldo__direct_connect(&plain, deadline, &fd, reterr);
    if (rc == 0)
        close(fd);
    return rc;
}

static int nobody_answers(const waldo__url *url, waldo_error *reterr)
{
    char text[URL_TEXT];

    waldo__url_format(url, text, sizeof text);
    return waldo_error_set(reterr, WALDO_ETIMEOUT, "nobody answers at %s", text);
}

static int not_sp(const waldo__url *url, waldo_error *reterr)
{
    char text[URL_TEXT];

    waldo__url_format(url, text, sizeof text);
    return waldo_error_set(reterr, WALDO_EPROTOCOL,
                           "the peer at %s closed the connection: it does not speak SP, or is no "
                           "REP socket",
                           text);
}

/* Connecting is done when the SP headers were exchanged, not when nn_connect() returns. */
static int wait_connected(int socket, const waldo__url *url, waldo__deadline deadline,
                          waldo_error *reterr)
{
    struct timespec pause = {0, FIRST_PAUSE_NS};
    uint64_t errors_seen = 0;

    while (!is_connected(socket)) {
        uint64_t errors = nn_get_statistic(socket, NN_STAT_CONNECT_ERRORS);
        if (nn_get_statistic(socket, NN_STAT_BROKEN_CONNECTIONS) > 0)
            return not_sp(url, reterr);
        if (errors != errors_seen) {
            errors_seen = errors;
            int rc = probe(url, deadline, reterr);
            if (rc < 0)
                return rc;
        }
        if (waldo__deadline_left(deadline) == 0)
            return nobody_answers(url, reterr);
        nanosleep(&pause, NULL);
        pause.tv_nsec = pause.tv_nsec * 2 < LONGEST_PAUSE_NS ? pause.tv_nsec * 2 : LONGEST_PAUSE_NS;
    }
    return 0;
}

static int connect_socket(int socket, const waldo__url *url, waldo__deadline deadline,
                          waldo_error *reterr)
{
    char text[URL_TEXT];

    waldo__nanomsg_address(url, text, sizeof text);
    if (nn_connect(socket, text) < 0)
        return waldo_error_system(reterr, nn_errno(), "cannot connect to %s", text);
    return wait_connected(socket, url, deadline, reterr);
}

/* A connected socket to an address whose host, if it has one, is numeric. */
static int open_at(const waldo__url *url, size_t max_message, waldo__deadline deadline,
                   int *ret_socket, waldo_error *reterr)
{
    int made;
    int rc = waldo__nanomsg_socket(NN_REQ, url, max_message, &made, reterr);

    if (rc < 0)
        return rc;
    rc = connect_socket(made, url, deadline, reterr);
    if (rc < 0) {
        waldo__nanomsg_close(made);
        return rc;
    }
    *ret_socket = made;
    return 0;
}

static int open_any(const waldo__url *url, size_t max_message, waldo__deadline deadline,
                    int *ret_socket, waldo_error *reterr)
{
    struct addrinfo *list;
    waldo__url numeric;

    if (url->scheme != WALDO__NN_TCP)
        return open_at(url, max_message, deadline, ret_socket, reterr);
    int rc = waldo__lookup(url, deadline, &list, reterr);
    if (rc < 0)
        return rc;
    for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
        rc = waldo__address_url(url, at->ai_addr, at->ai_addrlen, &numeric, reterr);
        if (rc == 0)
            rc = open_at(&numeric, max_message, deadline, ret_socket, reterr);
        if (rc == 0 || waldo__deadline_left(deadline) == 0)
            break;
    }
    freeaddrinfo(list);
    return rc;
}

static int nanomsg_open(const waldo__url *url, size_t max_message, waldo__deadline deadline,
                        waldo__channel **ret_channel, waldo_error *reterr)
{
    waldo__channel *channel = calloc(1, sizeof *channel);

    if (channel == NULL)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    int rc = open_any(url, max_message, deadline, &channel->socket, reterr);
    if (rc < 0) {
        free(channel);
        return rc;
    }
    channel->max_message = max_message;
    channel->send_timeout = -1;
    channel->receive_timeout = -1;
    channel->connections_made = nn_get_statistic(channel->socket, NN_STAT_ESTABLISHED_CONNECTIONS);
    *ret_channel = channel;
    return 0;
}

static int set_timeout(const waldo__channel *channel, int option, int *current,
                       waldo__deadline deadline)
{
    int left = waldo__deadline_poll_ms(deadline);
    int wanted = left < 0 || left > SLICE_MS ? SLICE_MS : left;

    if (wanted == *current)
        return 0;
    if (nn_setsockopt(channel->socket, NN_SOL_SOCKET, option, &wanted, sizeof wanted) < 0)
        return -nn_errno();
    *current = wanted;
    return 0;
}

/* libnanomsg connects again by itself, maybe to another life of the server: that is another
 * channel. */
static bool is_the_same(const waldo__channel *channel)
{
    return is_connected(channel->socket) &&
           nn_get_statistic(channel->socket, NN_STAT_ESTABLISHED_CONNECTIONS) ==
               channel->connections_made;
}

static int broke(const char *what, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EGONE, "the connection to the server broke while %s",
                           what);
}

/* After an attempt that ended with -error: 0, try again; else what to report. */
static int look_around(const waldo__channel *channel, int error, waldo__deadline deadline,
                       const char *what, waldo_error *reterr)
{
    if (error == ENOMEM)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message");
    if (error != ETIMEDOUT && error != EAGAIN && error != EINTR)
        return waldo_error_set(reterr, WALDO_EGONE, "the connection failed: %s",
                               nn_strerror(error));
    if (atomic_load(&channel->interrupted))
        return waldo_error_set(reterr, WALDO_EGONE, "interrupted while %s", what);
    if (!is_the_same(channel))
        return broke(what, reterr);
    if (waldo__deadline_left(deadline) == 0)
        return waldo_error_set(reterr, WALDO_ETIMEOUT, "the deadline passed while %s", what);
    return 0;
}

static int nanomsg_send(waldo__channel *channel, uint32_t id, const struct iovec *parts,
                        int part_count, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__nanomsg_header header = {.size = 4};
    size_t limit = channel->max_message < WALDO__NANOMSG_LARGEST ? channel->max_message
                                                                 : WALDO__NANOMSG_LARGEST;
    size_t size;

    if (!waldo__sp_measure(parts, part_count, limit, &size))
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the message is larger than the %zu bytes allowed", limit);
    waldo__sp_put_word(header.bytes, id | WALDO__REQUEST_ID_FLAG);
    if (!is_the_same(channel))
        return broke("nobody called", reterr);
    for (;;) {
        int rc = set_timeout(channel, NN_SNDTIMEO, &channel->send_timeout, deadline);
        if (rc == 0)
            rc = waldo__nanomsg_send(channel->socket, &header, parts, part_count, size, 0);
        if (rc == 0)
            return 0;
        rc = look_around(channel, -rc, deadline, "sending", reterr);
        if (rc < 0)
            return rc;
    }
}

static int hand_over(const waldo__channel *channel, const waldo__nanomsg_header *header,
                     const void *data, size_t size, waldo__buffer *message, waldo_error *reterr)
{
    if (header->size != 4)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the peer sent a reply without an id");
    if (size > channel->max_message)
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the peer sent a message of %zu bytes; %zu are allowed", size,
                               channel->max_message);
    message->size = 0;
    if (!waldo__buffer_append(message, data, size))
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a reply");
    return 0;
}

static int nanomsg_receive(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                           waldo__deadline deadline, waldo_error *reterr)
{
    waldo__nanomsg_header header;
    void *data;
    size_t size;

    for (;;) {
        int rc = set_timeout(channel, NN_RCVTIMEO, &channel->receive_timeout, deadline);
        if (rc == 0)
            rc = waldo__nanomsg_receive(channel->socket, &header, &data, &size, 0);
        if (rc == 0)
            break;
        rc = look_around(channel, -rc, deadline, "waiting for the reply", reterr);
        if (rc < 0)
            return rc;
    }
    int rc = hand_over(channel, &header, data, size, message, reterr);
    nn_freemsg(data);
    if (rc == 0)
        *ret_id = waldo__sp_get_word(header.bytes);
    return rc;
}

static void nanomsg_close(waldo__channel *channel)
{
    if (channel == NULL)
        return;
    waldo__nanomsg_close(channel->socket);
    free(channel);
}

/* Noticed at the end of the slice: libnanomsg has no way to wake one receiver. */
static void nanomsg_interrupt(waldo__channel *channel)
{
    atomic_store(&channel->interrupted, true);
}

static bool nanomsg_is_connected(waldo__channel *channel)
{
    return is_the_same(channel);
}

/* In a forked child libnanomsg's locks and worker are not to be touched: nn_close() never returns
 * there. The socket's memory and descriptors stay. */
static void nanomsg_abandon(waldo__channel *channel)
{
    free(channel);
}

const waldo__client_engine waldo__nanomsg_client = {
    .name = "nanomsg",
    .survives_fork = 0,
    .open = nanomsg_open,
    .send = nanomsg_send,
    .receive = nanomsg_receive,
    .interrupt = nanomsg_interrupt,
    .is_connected = nanomsg_is_connected,
    .close = nanomsg_close,
    .abandon = nanomsg_abandon,
};
