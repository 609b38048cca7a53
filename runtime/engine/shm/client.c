#include "engine/shm/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/direct/connect.h"
#include "engine/shm/region.h"
#include "engine/spin.h"
#include "memory/futex.h"

/* Looks between two looks at the clock. */
#define LOOKS 16
/* A writer that waits for room looks so often whether the server is still there. */
#define SLICE_NS (20 * (int64_t)1000000)
/* A server that was heard of so lately is there. */
#define LATELY_NS 1000000u

struct waldo__shm_client {
    int fd;
    waldo__sp_parser *parser;
    waldo__region region;
    /* The sender's. */
    waldo__lane_writer requests;
    /* The receiver's. */
    waldo__lane_reader replies;
    waldo__span spans[2]; /* what is left of the record that is being read */
    bool reading;
    waldo__spinning rest; /* looking for the rest of a message */
    _Atomic uint64_t heard_at;
    _Atomic uint64_t received; /* records */
    _Atomic uint64_t released; /* waits for room that ended with some; the sender's */
};

static int gone(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EGONE, "the server closed the connection");
}

/* ---- moving ---- */

static int send_byte(int fd, uint8_t byte, waldo_error *reterr)
{
    ssize_t sent;

    do
        sent = send(fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    /* Where the socket is full the server is being woken already. */
    if (sent == 1 || errno == EAGAIN || errno == EWOULDBLOCK)
        return 0;
    return gone(reterr);
}

/* The answer, and the descriptor that came with it or -1. */
static int receive_answer(int fd, waldo__deadline deadline, uint8_t *ret_answer,
                          int *ret_descriptor, waldo_error *reterr)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } room;
    struct iovec part = {ret_answer, 1};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got;

    packet.msg_control = room.bytes;
    do {
        packet.msg_controllen = sizeof room.bytes;
        int rc = waldo__direct_wait(fd, POLLIN, deadline, "asking for shared memory", reterr);
        if (rc < 0)
            return rc;
        got = recvmsg(fd, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK));
    if (got <= 0)
        return gone(reterr);
    const struct cmsghdr *rights = CMSG_FIRSTHDR(&packet);
    if (rights != NULL && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(ret_descriptor, CMSG_DATA(rights), sizeof(int));
    return 0;
}

/* 1: there are rings; 0: there are none, and that is all right. */
static int ask(int fd, waldo__deadline deadline, waldo__region *region, waldo_error *reterr)
{
    uint8_t answer = 0;
    int descriptor = -1;
    int rc = send_byte(fd, WALDO__SHM_ASK, reterr);

    if (rc == 0)
        rc = receive_answer(fd, deadline, &answer, &descriptor, reterr);
    if (rc == 0 && answer != WALDO__SHM_HERE && answer != WALDO__SHM_NO)
        rc = waldo_error_set(reterr, WALDO_EPROTOCOL,
                             "the server answered 0x%02x when asked for shared memory", answer);
    /* Where no descriptor was left here, none came. */
    if (rc == 0 && descriptor >= 0 && answer == WALDO__SHM_HERE)
        rc = waldo__region_open(descriptor, region, NULL) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return rc;
}

int waldo__shm_move(int fd, waldo__sp_parser *parser, waldo__deadline deadline,
                    waldo__shm_client **ret_client, waldo_error *reterr)
{
    waldo__shm_client *client = calloc(1, sizeof *client);

    if (client == NULL)
        return 0;
    int rc = ask(fd, deadline, &client->region, reterr);
    if (rc == 1 && send_byte(fd, WALDO__SHM_MOVED, reterr) < 0)
        rc = WALDO_EGONE;
    if (rc < 1) {
        waldo__shm_close(client);
        return rc;
    }
    client->fd = fd;
    client->parser = parser;
    parser->shared = true;
    waldo__lane_writer_init(&client->requests, &client->region.requests);
    waldo__lane_reader_init(&client->replies, &client->region.replies);
    waldo__lane_wake(&client->replies);
    client->heard_at = waldo__lately();
    client->rest = waldo__spin_make(0);
    if (client->rest.limit > WALDO__LANE_REST_NS)
        client->rest.limit = WALDO__LANE_REST_NS;
    *ret_client = client;
    return 1;
}

/* ---- sending ---- */

static int nonsense(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "the server's ring makes no sense");
}

/* Asks the socket alone: what is in it is the receiver's to take. */
static bool has_hung_up(const waldo__shm_client *client)
{
    struct pollfd polled = {.fd = client->fd, .events = POLLRDHUP};

    return poll(&polled, 1, 0) > 0;
}

/* Waits until something was released, or for a slice. */
static int await_room(const waldo__shm_client *client, waldo__deadline deadline,
                      waldo_error *reterr)
{
    const _Atomic uint32_t *word = &client->requests.place.words->released;
    waldo__patience patience = {.deadline = INT64_MAX, .slice = SLICE_NS};
    uint32_t released;

    for (int i = waldo__spins(); i > 0; i--) {
        if (atomic_load_explicit(word, memory_order_relaxed) != client->requests.released)
            return 0;
        waldo__spin();
    }
    if (!waldo__lane_await_room(&client->requests, &released))
        return 0;
    if (deadline != WALDO__NEVER)
        patience.deadline = (int64_t)deadline;
    waldo__futex_wait((const volatile void *)word, released, &patience);
    if (has_hung_up(client))
        return gone(reterr);
    if (waldo__deadline_left(deadline) == 0)
        return waldo_error_set(reterr, WALDO_ETIMEOUT, "the deadline passed while sending");
    return 0;
}

int waldo__shm_send_now(waldo__shm_client *client, waldo__sp_frame *frame, waldo_error *reterr)
{
    waldo__lane_waking waking = {0};

    while (frame->sent < frame->size) {
        bool wake;
        ssize_t written = waldo__lane_write_frame(&client->requests, frame, &wake);
        if (written < 0)
            return nonsense(reterr);
        bool last = written == 0 || frame->sent == frame->size;
        if (waldo__lane_wakes_now(&waking, wake, last) &&
            send_byte(client->fd, WALDO__SHM_WAKE, reterr) < 0)
            return WALDO_EGONE;
        if (written == 0)
            return 0;
    }
    return 1;
}

int waldo__shm_wait_to_send(waldo__shm_client *client, bool or_to_receive, waldo__deadline deadline,
                            waldo_error *reterr)
{
    if (or_to_receive && waldo__lane_has(&client->replies))
        return 0;
    int rc = await_room(client, deadline, reterr);
    if (rc == 0)
        atomic_fetch_add_explicit(&client->released, 1, memory_order_relaxed);
    return rc;
}

int waldo__shm_send(waldo__shm_client *client, waldo__sp_frame *frame, waldo__deadline deadline,
                    waldo_error *reterr)
{
    int rc;

    while ((rc = waldo__shm_send_now(client, frame, reterr)) == 0) {
        rc = waldo__shm_wait_to_send(client, false, deadline, reterr);
        if (rc < 0)
            return rc;
    }
    return rc < 0 ? rc : 0;
}

/* ---- receiving ---- */

/* Takes the bytes that woke it. 1: the server has closed the socket. */
static int drain(const waldo__shm_client *client)
{
    uint8_t bytes[64];
    ssize_t got = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/* Sleeps until there is a record. */
static int sleep_until_written(const waldo__shm_client *client, waldo__deadline deadline,
                               waldo_error *reterr)
{
    int rc = 0;

    while (rc == 0 && waldo__lane_sleep(&client->replies)) {
        rc = waldo__direct_wait(client->fd, POLLIN, deadline, "waiting for the reply", reterr);
        waldo__lane_wake(&client->replies);
        /* The server's last words are in the ring. */
        if (rc == 0 && drain(client) == 1 && !waldo__lane_has(&client->replies))
            rc = gone(reterr);
    }
    return rc;
}

static void look_for_the_rest(waldo__shm_client *client)
{
    waldo__spinning *rest = &client->rest;
    uint64_t start = waldo__now(), now = start;

    if (waldo__spin_is_worth_it(rest))
        while (now - start <= rest->limit && !waldo__lane_has(&client->replies)) {
            for (int i = 0; i < LOOKS && !waldo__lane_has(&client->replies); i++)
                waldo__spin();
            now = waldo__now();
        }
    waldo__spin_note(rest, now - start);
}

static int next_record(waldo__shm_client *client, waldo__deadline deadline, waldo_error *reterr)
{
    if (!waldo__lane_has(&client->replies) && waldo__sp_is_midway(client->parser))
        look_for_the_rest(client);
    if (!waldo__lane_has(&client->replies)) {
        if (deadline == 0)
            return waldo__shm_is_connected(client) ? WALDO_ETIMEOUT : gone(reterr);
        int rc = sleep_until_written(client, deadline, reterr);
        if (rc < 0)
            return rc;
    }
    if (waldo__lane_read(&client->replies, client->spans) != 1)
        return nonsense(reterr);
    client->heard_at = waldo__lately();
    client->reading = true;
    atomic_fetch_add_explicit(&client->received, 1, memory_order_relaxed);
    return 0;
}

/* Takes what is left of the record. 1: a message is whole. */
static int take(waldo__shm_client *client, waldo__sp_message *message, waldo_error *reterr)
{
    waldo__span *spans = client->spans;
    int rc = 0;

    for (int i = 0; i < 2; i++)
        while (rc == 0 && spans[i].size > 0)
            rc = waldo__sp_take(client->parser, &spans[i].data, &spans[i].size, message, reterr);
    if (spans[0].size + spans[1].size == 0) {
        client->reading = false;
        /* A server that is gone is noticed when there is nothing left to read. */
        if (waldo__lane_release(&client->replies))
            (void)send_byte(client->fd, WALDO__SHM_WAKE, NULL);
    }
    return rc;
}

int waldo__shm_receive(waldo__shm_client *client, waldo__sp_message *message,
                       waldo__deadline deadline, waldo_error *reterr)
{
    int rc = 0;

    while (rc == 0) {
        if (!client->reading)
            rc = next_record(client, deadline, reterr);
        if (rc == 0)
            rc = take(client, message, reterr);
    }
    return rc < 0 ? rc : 0;
}

uint64_t waldo__shm_progress(const waldo__shm_client *client)
{
    return atomic_load_explicit(&client->received, memory_order_relaxed) +
           atomic_load_explicit(&client->released, memory_order_relaxed);
}

/* ---- life ---- */

bool waldo__shm_is_connected(waldo__shm_client *client)
{
    if (waldo__lately() - client->heard_at < LATELY_NS)
        return true;
    return !has_hung_up(client);
}

void waldo__shm_close(waldo__shm_client *client)
{
    if (client == NULL)
        return;
    waldo__region_close(&client->region);
    free(client);
}
