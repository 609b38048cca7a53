#include "engine/shm/moved.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/deadline.h"
#include "engine/direct/connection.h"
#include "memory/futex.h"

/* Read of one ring in a row, so that a busy client does not keep the others waiting. */
#define BYTES_IN_A_ROW ((size_t)1024 * 1024)
#define RECORDS_IN_A_ROW 64

bool waldo__moved_is(const waldo__connection *connection)
{
    return connection->moved != NULL && connection->moved->begun;
}

/* ---- moving ---- */

static bool send_byte(const waldo__connection *connection, uint8_t byte)
{
    ssize_t sent;

    do
        sent = send(connection->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == 1;
}

static bool send_rings(const waldo__connection *connection, int descriptor)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } room = {.bytes = {0}};
    uint8_t answer = WALDO__SHM_HERE;
    struct iovec part = {&answer, 1};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};

    packet.msg_control = room.bytes;
    packet.msg_controllen = sizeof room.bytes;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&packet);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
    ssize_t sent;

    do
        sent = sendmsg(connection->fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == 1;
}

/* NULL: there is no memory, or no descriptor. */
static waldo__moved *make(uint64_t spin_ns, int *ret_descriptor)
{
    waldo__moved *moved = calloc(1, sizeof *moved);

    if (moved == NULL || waldo__region_new(&moved->region, ret_descriptor, NULL) < 0) {
        free(moved);
        return NULL;
    }
    waldo__lane_reader_init(&moved->requests, &moved->region.requests);
    waldo__lane_writer_init(&moved->replies, &moved->region.replies);
    moved->asleep = true;
    moved->spin.limit = spin_ns;
    moved->rest.limit = spin_ns < WALDO__LANE_REST_NS ? spin_ns : WALDO__LANE_REST_NS;
    return moved;
}

/* One that was admitted, and asks once, with nothing on its way to it, has read what a Welcome
 * said. */
static bool may_ask(const waldo__connection *connection)
{
    return connection->admitted && connection->moved == NULL && connection->queue.size == 0;
}

void waldo__moved_offer(waldo__connection *connection)
{
    waldo__listener *listener = connection->listener;
    int descriptor;
    bool sent;

    if (!may_ask(connection)) {
        waldo__connection_close(connection);
        return;
    }
    if (waldo__listener_offers(listener))
        connection->moved = make(listener->limits.spin_ns, &descriptor);
    if (connection->moved == NULL) {
        sent = send_byte(connection, WALDO__SHM_NO);
    } else {
        listener->moved_count++;
        sent = send_rings(connection, descriptor);
        close(descriptor);
    }
    if (!sent)
        waldo__connection_close(connection);
}

void waldo__moved_begin(waldo__connection *connection)
{
    if (connection->moved == NULL) {
        waldo__connection_close(connection);
        return;
    }
    connection->moved->begun = true;
    connection->parser.shared = true;
}

/* ---- warm connections ---- */

static void on_before_sleep(uv_prepare_t *before_sleep);

/* For how long it stays warm when nothing comes; not at all while that has been in vain. */
static void begin_to_look(waldo__moved *moved)
{
    moved->budget = waldo__spin_is_worth_it(&moved->spin) ? moved->spin.limit : 0;
    if (moved->budget == 0)
        waldo__spin_note(&moved->spin, 0);
}

static void warm_up(waldo__connection *connection)
{
    waldo__listener *listener = connection->listener;

    connection->moved->quiet_at = 0;
    begin_to_look(connection->moved);
    if (connection->moved->warm)
        return;
    if (listener->warm == NULL)
        uv_prepare_start(&listener->before_sleep, on_before_sleep);
    connection->moved->warm = true;
    connection->moved->next_warm = listener->warm;
    listener->warm = connection;
}

static void cool_down(waldo__connection *connection)
{
    waldo__listener *listener = connection->listener;
    waldo__connection **place = &listener->warm;

    while (*place != connection)
        place = &(*place)->moved->next_warm;
    *place = connection->moved->next_warm;
    connection->moved->warm = false;
    if (listener->warm == NULL) {
        uv_prepare_stop(&listener->before_sleep);
        uv_idle_stop(&listener->turning);
    }
}

void waldo__moved_leave(waldo__connection *connection)
{
    if (connection->moved != NULL && connection->moved->warm)
        cool_down(connection);
}

void waldo__moved_free(waldo__connection *connection)
{
    if (connection->moved == NULL)
        return;
    connection->listener->moved_count--;
    waldo__region_close(&connection->moved->region);
    free(connection->moved);
}

/* ---- reading ---- */

static void stay_awake(waldo__moved *moved)
{
    if (moved->asleep)
        waldo__lane_wake(&moved->requests);
    moved->asleep = false;
}

/* Gives a record to the parser, and back to the client. */
static size_t read_record(waldo__connection *connection)
{
    waldo__lane_reader *requests = &connection->moved->requests;
    waldo__span spans[2];
    int rc = waldo__lane_read(requests, spans);

    if (rc < 0)
        waldo__connection_close(connection);
    if (rc <= 0)
        return 0;
    for (int i = 0; i < 2; i++)
        waldo__connection_take(connection, spans[i].data, spans[i].size);
    if (waldo__lane_release(requests))
        waldo__futex_wake((const volatile void *)&requests->place.words->released, 1);
    return spans[0].size + spans[1].size;
}

void waldo__moved_read(waldo__connection *connection)
{
    size_t bytes = 0;

    stay_awake(connection->moved);
    for (int i = 0; i < RECORDS_IN_A_ROW && bytes < BYTES_IN_A_ROW; i++) {
        size_t size = waldo__connection_is_read(connection) ? read_record(connection) : 0;
        if (size == 0)
            break;
        bytes += size;
    }
    /* One that is not read now wakes this side when it has taken something. */
    if (waldo__connection_is_read(connection))
        warm_up(connection);
    else if (connection->moved->warm)
        cool_down(connection);
}

/* The client is gone, but what it wrote before counts; no more of it than fits into ring and slots.
 */
static void read_last_words(waldo__connection *connection)
{
    const size_t most = WALDO__LANE_RING + (size_t)WALDO__LANE_SLOT_COUNT * WALDO__LANE_SLOT_SIZE;
    size_t size = 1;

    for (size_t bytes = 0; size > 0 && bytes < most; bytes += size)
        size = waldo__connection_is_open(connection) ? read_record(connection) : 0;
    waldo__connection_close(connection);
}

bool waldo__moved_drain(waldo__connection *connection)
{
    uint8_t bytes[64];
    ssize_t got = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)))
        return true;
    read_last_words(connection);
    return false;
}

/* ---- writing ---- */

static int after_write(waldo__connection *connection, ssize_t written, bool wake)
{
    connection->moved->quiet_at = 0;
    /* A client whose socket is full is being woken already; one that is gone is noticed there. */
    if (wake)
        (void)send_byte(connection, WALDO__SHM_WAKE);
    return written < 0 ? -EPROTO : 0;
}

/* Has the ring no room, and will the client say so when it has? */
static bool must_wait(const waldo__connection *connection, ssize_t written)
{
    uint32_t released;

    return written == 0 && waldo__lane_await_room(&connection->moved->replies, &released);
}

int waldo__moved_send(waldo__connection *connection, waldo__sp_frame *frame)
{
    waldo__lane_waking waking = {0};

    while (frame->sent < frame->size) {
        bool wake;
        ssize_t written = waldo__lane_write_frame(&connection->moved->replies, frame, &wake);
        bool last = written <= 0 || frame->sent == frame->size;
        int rc = after_write(connection, written, waldo__lane_wakes_now(&waking, wake, last));
        if (rc < 0 || must_wait(connection, written))
            return rc;
    }
    return 1;
}

int waldo__moved_send_bytes(waldo__connection *connection, const uint8_t *data, size_t size,
                            size_t *ret_sent)
{
    waldo__lane_waking waking = {0};

    *ret_sent = 0;
    while (*ret_sent < size) {
        bool wake;
        struct iovec part = {(void *)(data + *ret_sent), size - *ret_sent};
        ssize_t written = waldo__lane_write(&connection->moved->replies, &part, 1, &wake);
        bool last = written <= 0 || *ret_sent + (size_t)written == size;
        int rc = after_write(connection, written, waldo__lane_wakes_now(&waking, wake, last));
        if (rc < 0 || must_wait(connection, written))
            return rc;
        *ret_sent += (size_t)written;
    }
    return 1;
}

/* ---- the listener's ---- */

/* false: there is something to read. */
static bool fall_asleep(waldo__moved *moved)
{
    if (!moved->asleep)
        moved->asleep = waldo__lane_sleep(&moved->requests);
    return moved->asleep;
}

static uint64_t patience_with(const waldo__connection *connection)
{
    const waldo__moved *moved = connection->moved;
    bool longer = moved->budget < moved->rest.limit && waldo__sp_is_midway(&connection->parser) &&
                  waldo__spin_is_worth_it(&moved->rest);

    return longer ? moved->rest.limit : moved->budget;
}

static void note_rest(waldo__connection *connection, bool found)
{
    waldo__spinning *rest = &connection->moved->rest;

    if (waldo__sp_is_midway(&connection->parser))
        waldo__spin_note(rest, found ? 0 : rest->limit + 1);
}

/* Has it been quiet for longer than is worth while? Then it cools down, and has to wake this side.
 * `now` is 0 until it is known. */
static void look_at_quiet(waldo__connection *connection, uint64_t *now)
{
    waldo__moved *moved = connection->moved;

    if (*now == 0)
        *now = waldo__now();
    if (moved->quiet_at == 0)
        moved->quiet_at = *now;
    if (*now - moved->quiet_at < patience_with(connection) || !fall_asleep(moved))
        return;
    note_rest(connection, false);
    if (moved->budget > 0)
        waldo__spin_note(&moved->spin, moved->spin.limit + 1);
    cool_down(connection);
}

int waldo__moved_poll(waldo__listener *listener)
{
    waldo__connection *next;
    uint64_t now = 0;
    bool found = false;

    /* What is read may end any connection: then `next` is not warm any more. */
    for (waldo__connection *one = listener->warm; one != NULL && one->moved->warm; one = next) {
        next = one->moved->next_warm;
        if (waldo__lane_has(&one->moved->requests)) {
            waldo__spin_note(&one->moved->spin, 0);
            note_rest(one, true);
            waldo__moved_read(one);
            found = true;
        } else {
            look_at_quiet(one, &now);
        }
    }
    if (found)
        return 1;
    return listener->warm != NULL ? 0 : -1;
}

static void on_turn(uv_idle_t *turning)
{
    waldo__listener *listener = turning->data;

    uv_idle_stop(turning);
    waldo__moved_poll(listener);
}

/* What has come meanwhile keeps the loop from sleeping, and is read in its next round. */
static void on_before_sleep(uv_prepare_t *before_sleep)
{
    waldo__listener *listener = before_sleep->data;
    waldo__connection *next;
    uint64_t now = 0;

    for (waldo__connection *one = listener->warm; one != NULL; one = next) {
        next = one->moved->next_warm;
        if (!fall_asleep(one->moved))
            uv_idle_start(&listener->turning, on_turn);
        else
            look_at_quiet(one, &now);
    }
}

void waldo__moved_init(waldo__listener *listener)
{
    uv_prepare_init(listener->loop, &listener->before_sleep);
    uv_idle_init(listener->loop, &listener->turning);
    listener->before_sleep.data = listener->turning.data = listener;
}
