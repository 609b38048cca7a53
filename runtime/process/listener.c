/* Rows N10 and N11. Who has come waits, in no order, until it has said its first word: a silent one
 * delays nobody. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <waldo/mp/listener.h>

#include "engine/address.h"
#include "engine/deadline.h"
#include "process/addresses.h"
#include "process/meeting.h"

enum { GUESTS = 64 };

/* What a client that has begun to speak may take for the rest of the handshake. */
#define SECONDS_TO_FINISH 2.0

typedef struct guest {
    int socket;
    waldo__deadline deadline;
} guest;

struct waldo_mp_listener {
    atomic_uint references;
    int socket; /* -1: closed */
    waldo__url url;
    char address[600];
    char last_accepted[600];
    waldo__keyring *keys;
    double timeout;
    pid_t creator;
    ino_t file; /* of the socket's file; 0: none */
    guest guests[GUESTS];
    size_t guest_count;
};

/* ---- life ---- */

static int choose_address(const char *address, waldo__url *ret_url, waldo_error *reterr)
{
    char text[64];
    if (!address) {
        snprintf(text, sizeof text, "ipc://@waldo-mp-%08x%08x", randombytes_random(),
                 randombytes_random());
        address = text;
    }
    return waldo__mp_url(address, ret_url, reterr);
}

static int open_listener(waldo_mp_listener *listener, int backlog, waldo_error *reterr)
{
    int status = waldo__mp_listen(&listener->url, backlog, &listener->socket, reterr);
    if (status < 0)
        return status;
    waldo__url_format(&listener->url, listener->address, sizeof listener->address);
    struct stat found;
    if (listener->url.scheme == WALDO__IPC && listener->url.path[0] != '@' &&
        lstat(listener->url.path, &found) == 0)
        listener->file = found.st_ino;
    return 0;
}

int waldo_mp_listener_new(const char *address, const waldo_mp_listener_options *options,
                          waldo_mp_listener **ret_listener, waldo_error *reterr)
{
    static const waldo_mp_listener_options none = {0};
    const waldo_mp_listener_options *wanted = options ? options : &none;
    waldo_mp_listener *listener = calloc(1, sizeof(*listener));
    if (!listener)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a listener");
    atomic_init(&listener->references, 1);
    listener->socket = -1;
    listener->creator = getpid();
    listener->timeout = waldo__mp_timeout(wanted);
    int status = waldo__mp_keys(wanted, &listener->keys, reterr);
    if (status >= 0)
        status = choose_address(address, &listener->url, reterr);
    if (status >= 0)
        status = open_listener(listener, wanted->backlog > 0 ? wanted->backlog : 128, reterr);
    if (status < 0)
        waldo_mp_listener_unref(listener);
    else
        *ret_listener = listener;
    return status;
}

waldo_mp_listener *waldo_mp_listener_ref(waldo_mp_listener *listener)
{
    atomic_fetch_add_explicit(&listener->references, 1, memory_order_relaxed);
    return listener;
}

waldo_mp_listener *waldo_mp_listener_unref(waldo_mp_listener *listener)
{
    if (listener &&
        atomic_fetch_sub_explicit(&listener->references, 1, memory_order_acq_rel) == 1) {
        waldo_mp_listener_close(listener);
        waldo__keyring_free(listener->keys);
        free(listener);
    }
    return NULL;
}

void waldo_mp_listener_close(waldo_mp_listener *listener)
{
    struct stat found;
    if (listener->socket < 0)
        return;
    if (listener->file && listener->creator == getpid() && lstat(listener->url.path, &found) == 0 &&
        found.st_ino == listener->file)
        unlink(listener->url.path);
    close(listener->socket);
    listener->socket = -1;
    while (listener->guest_count > 0)
        close(listener->guests[--listener->guest_count].socket);
}

const char *waldo_mp_listener_address(const waldo_mp_listener *listener)
{
    return listener->address;
}

const char *waldo_mp_listener_last_accepted(const waldo_mp_listener *listener)
{
    return listener->last_accepted;
}

int waldo_mp_listener_fileno(const waldo_mp_listener *listener)
{
    return listener->socket;
}

/* ---- guests ---- */

static void forget_guest(waldo_mp_listener *listener, size_t position)
{
    listener->guest_count--;
    memmove(&listener->guests[position], &listener->guests[position + 1],
            (listener->guest_count - position) * sizeof(guest));
}

static void drop_guest(waldo_mp_listener *listener, size_t position)
{
    close(listener->guests[position].socket);
    forget_guest(listener, position);
}

static void drop_silent(waldo_mp_listener *listener)
{
    for (size_t i = listener->guest_count; i-- > 0;)
        if (waldo__deadline_left(listener->guests[i].deadline) == 0)
            drop_guest(listener, i);
}

/* The oldest makes room. */
static void let_in(waldo_mp_listener *listener)
{
    int socket = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC);
    if (socket < 0)
        return;
    if (listener->guest_count == GUESTS)
        drop_guest(listener, 0);
    listener->guests[listener->guest_count++] =
        (guest){socket, waldo__deadline_in(listener->timeout)};
}

static void note_peer(waldo_mp_listener *listener, int socket)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    waldo__url url;
    listener->last_accepted[0] = '\0';
    if (listener->url.scheme == WALDO__TCP &&
        getpeername(socket, (struct sockaddr *)&peer, &size) == 0 &&
        waldo__address_url(&listener->url, (struct sockaddr *)&peer, size, &url, NULL) >= 0)
        waldo__url_format(&url, listener->last_accepted, sizeof listener->last_accepted);
}

static int meet(waldo_mp_listener *listener, size_t position, waldo_mp_connection **ret_connection,
                waldo_error *reterr)
{
    int socket = listener->guests[position].socket;
    bool local = listener->url.scheme == WALDO__IPC;
    int on = 1;
    forget_guest(listener, position);
    note_peer(listener, socket);
    if (!local)
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int status = waldo__set_timeouts(socket, SECONDS_TO_FINISH, reterr);
    if (status < 0) {
        close(socket);
        return status;
    }
    status = waldo__meet_client(socket, local, listener->keys, ret_connection, reterr);
    /* Whatever it did, it did not show that it knows the key. */
    if (status < 0 && status != WALDO_ENOMEM)
        return waldo_error_set(reterr, WALDO_EAUTHENTICATION, "digest received was wrong");
    return status < 0 ? status : 1;
}

/* Waits for the listener or a guest. The first guest that speaks, or -1. */
static int next_to_speak(waldo_mp_listener *listener, waldo__deadline deadline)
{
    struct pollfd polled[GUESTS + 1] = {{.fd = listener->socket, .events = POLLIN}};
    size_t count = listener->guest_count;
    for (size_t i = 0; i < count; i++) {
        polled[i + 1] = (struct pollfd){.fd = listener->guests[i].socket, .events = POLLIN};
        if (listener->guests[i].deadline < deadline)
            deadline = listener->guests[i].deadline;
    }
    if (poll(polled, count + 1, waldo__deadline_poll_ms(deadline)) <= 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (polled[i + 1].revents)
            return (int)i;
    let_in(listener);
    return -1;
}

int waldo_mp_listener_accept(waldo_mp_listener *listener, double seconds,
                             waldo_mp_connection **ret_connection, waldo_error *reterr)
{
    waldo__deadline deadline = waldo__deadline_in(seconds);
    for (;;) {
        if (listener->socket < 0)
            return waldo_error_set(reterr, WALDO_ESYSTEM, "Listener is closed");
        bool last = waldo__deadline_left(deadline) == 0;
        drop_silent(listener);
        size_t before = listener->guest_count;
        int speaker = next_to_speak(listener, deadline);
        if (speaker >= 0)
            return meet(listener, (size_t)speaker, ret_connection, reterr);
        /* Whoever has just come may have spoken as well. */
        if (last && listener->guest_count <= before)
            return 0;
    }
}
