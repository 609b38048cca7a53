#include "relay.h"

#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PAIRS = 256, CHUNK = 4096, TICK_MS = 2 };

/* Bytes on their way. */
typedef struct flow {
    uint8_t data[2 * CHUNK];
    size_t start, end;
    uint64_t due;   /* ms */
    int descriptor; /* that goes with them, or -1 */
} flow;

typedef struct pair {
    int fds[2]; /* which reads: TO_SERVER from the client's socket, fds[TO_SERVER] */
    flow flows[2];
} pair;

struct relay {
    pthread_t thread;
    pthread_mutex_t lock;
    int listener;
    struct sockaddr_storage target;
    socklen_t target_size;
    char url[160];
    char path[108]; /* of our socket, or "" */
    pair *pairs[MAX_PAIRS];
    size_t count;
    size_t accepted;
    bool stop, refuse, passes;
    bool stalled[2];
    unsigned delay[2];
    size_t allowed[2];
    size_t moved[2];
    size_t piece; /* 0: CHUNK */
    bool damages[2], repeats[2], reorders[2];
};

static uint64_t now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* ---- pairs; with the lock ---- */

static void drop(relay *one, size_t index)
{
    pair *gone = one->pairs[index];
    /* Closing alone would wait for the thread's poll(). */
    for (int i = 0; i < 2; i++)
        shutdown(gone->fds[i], SHUT_RDWR);
    for (int i = 0; i < 2; i++) {
        close(gone->fds[i]);
        if (gone->flows[i].descriptor >= 0)
            close(gone->flows[i].descriptor);
    }
    free(gone);
    one->pairs[index] = one->pairs[--one->count];
}

static void accept_one(relay *one)
{
    int client = accept4(one->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0)
        return;
    one->accepted++;
    int server = socket(one->target.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pair *made = calloc(1, sizeof *made);
    bool connected = !one->refuse && one->count < MAX_PAIRS && made &&
                     connect(server, (struct sockaddr *)&one->target, one->target_size) == 0;
    if (!connected) {
        close(client);
        close(server);
        free(made);
        return;
    }
    fcntl(server, F_SETFL, O_NONBLOCK);
    int on = 1;
    (void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    made->fds[TO_SERVER] = client;
    made->fds[TO_CLIENT] = server;
    made->flows[TO_SERVER].descriptor = made->flows[TO_CLIENT].descriptor = -1;
    one->pairs[one->count++] = made;
}

static bool may_read(const relay *one, direction which, const flow *bytes)
{
    return bytes->start == bytes->end && !one->stalled[which] && one->allowed[which] > 0;
}

static bool may_write(const relay *one, direction which, const flow *bytes)
{
    return bytes->start < bytes->end && !one->stalled[which] && bytes->due <= now_ms();
}

/* What the network does to bytes that have just come. */
static void spoil(relay *one, direction which, flow *bytes)
{
    if (one->damages[which]) {
        bytes->data[bytes->end / 2] ^= 0x10;
        one->damages[which] = false;
    }
    if (one->reorders[which] && bytes->end > 1) {
        uint8_t first[CHUNK];
        size_t half = bytes->end / 2;
        memcpy(first, bytes->data, half);
        memmove(bytes->data, bytes->data + half, bytes->end - half);
        memcpy(bytes->data + bytes->end - half, first, half);
        one->reorders[which] = false;
    }
    if (one->repeats[which]) {
        memcpy(bytes->data + bytes->end, bytes->data, bytes->end);
        bytes->end *= 2;
        one->repeats[which] = false;
    }
}

typedef union packet_room {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr head;
} packet_room;

/* As recv(), with the descriptor that comes with the bytes if the relay passes them. */
static ssize_t take(const relay *one, int from, flow *bytes, size_t room)
{
    packet_room control;
    struct iovec part = {bytes->data, room};
    struct msghdr packet = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = one->passes ? control.bytes : NULL,
                            .msg_controllen = one->passes ? sizeof control : 0};
    ssize_t got = recvmsg(from, &packet, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&packet) : NULL;
    if (head && head->cmsg_type == SCM_RIGHTS)
        memcpy(&bytes->descriptor, CMSG_DATA(head), sizeof(int));
    return got;
}

/* As send(); the descriptor goes with the first bytes. */
static ssize_t give(int to, flow *bytes)
{
    packet_room control = {.head = {.cmsg_len = CMSG_LEN(sizeof(int)),
                                    .cmsg_level = SOL_SOCKET,
                                    .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {bytes->data + bytes->start, bytes->end - bytes->start};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (bytes->descriptor >= 0) {
        packet.msg_control = control.bytes;
        packet.msg_controllen = sizeof control;
        memcpy(CMSG_DATA(&control.head), &bytes->descriptor, sizeof(int));
    }
    ssize_t sent = sendmsg(to, &packet, MSG_NOSIGNAL);
    if (sent > 0 && bytes->descriptor >= 0) {
        close(bytes->descriptor);
        bytes->descriptor = -1;
    }
    return sent;
}

/* false: the connection is over. */
static bool move(relay *one, pair *through, direction which)
{
    flow *bytes = &through->flows[which];
    if (may_read(one, which, bytes)) {
        size_t piece = one->piece ? one->piece : CHUNK;
        size_t room = one->allowed[which] < piece ? one->allowed[which] : piece;
        ssize_t got = take(one, through->fds[which], bytes, room);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        if (got > 0) {
            bytes->start = 0;
            bytes->end = (size_t)got;
            bytes->due = now_ms() + one->delay[which];
            if (one->allowed[which] != SIZE_MAX)
                one->allowed[which] -= (size_t)got;
            spoil(one, which, bytes);
        }
    }
    if (may_write(one, which, bytes)) {
        ssize_t sent = give(through->fds[!which], bytes);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (sent > 0) {
            bytes->start += (size_t)sent;
            one->moved[which] += (size_t)sent;
        }
    }
    return true;
}

/* A side that is not read from may have gone all the same. */
static bool has_hung_up(const pair *one)
{
    for (int i = 0; i < 2; i++) {
        struct pollfd look = {.fd = one->fds[i], .events = POLLRDHUP};
        if (poll(&look, 1, 0) > 0 && look.revents & (POLLHUP | POLLERR))
            return true;
    }
    return false;
}

static void move_all(relay *one)
{
    for (size_t i = 0; i < one->count;) {
        pair *through = one->pairs[i];
        if (move(one, through, TO_SERVER) && move(one, through, TO_CLIENT) && !has_hung_up(through))
            i++;
        else
            drop(one, i);
    }
}

/* What to wait for; the number of descriptors. */
static nfds_t fill(const relay *one, struct pollfd *polled)
{
    nfds_t count = 0;
    polled[count++] = (struct pollfd){.fd = one->listener, .events = POLLIN};
    for (size_t i = 0; i < one->count; i++)
        for (int which = 0; which < 2; which++) {
            short events = may_read(one, which, &one->pairs[i]->flows[which]) ? POLLIN : 0;
            polled[count++] = (struct pollfd){.fd = one->pairs[i]->fds[which], .events = events};
        }
    return count;
}

static void *run(void *argument)
{
    relay *one = argument;
    struct pollfd polled[1 + 2 * MAX_PAIRS];
    for (;;) {
        pthread_mutex_lock(&one->lock);
        bool stop = one->stop;
        if (!stop)
            move_all(one);
        nfds_t count = fill(one, polled);
        pthread_mutex_unlock(&one->lock);
        if (stop)
            return NULL;
        /* A tick for commands, delays and full sockets. */
        (void)poll(polled, count, TICK_MS);
        if (polled[0].revents & POLLIN) {
            pthread_mutex_lock(&one->lock);
            accept_one(one);
            pthread_mutex_unlock(&one->lock);
        }
    }
}

/* ---- addresses ---- */

static void parse(relay *one, const char *url)
{
    unsigned port;
    if (strncmp(url, "ipc://", 6) == 0) {
        struct sockaddr_un *address = (struct sockaddr_un *)&one->target;
        address->sun_family = AF_UNIX;
        snprintf(address->sun_path, sizeof address->sun_path, "%s", url + 6);
        one->target_size = sizeof *address;
        return;
    }
    struct sockaddr_in *address = (struct sockaddr_in *)&one->target;
    const char *host = strstr(url, "://127.0.0.1:");
    cr_assert(host && sscanf(host, "://127.0.0.1:%u", &port) == 1, "%s", url);
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)port);
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    one->target_size = sizeof *address;
}

static void listen_unix(relay *one, const char *beside)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static unsigned number;
    snprintf(one->path, sizeof one->path, "%.90s-%u", beside, ++number);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", one->path);
    snprintf(one->url, sizeof one->url, "ipc://%s", one->path);
    cr_assert_eq(bind(one->listener, (struct sockaddr *)&address, sizeof address), 0, "%s",
                 strerror(errno));
}

static void listen_tcp(relay *one, const char *scheme, size_t scheme_size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    cr_assert_eq(bind(one->listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(one->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(one->url, sizeof one->url, "%.*s://127.0.0.1:%u", (int)scheme_size, scheme,
             ntohs(address.sin_port));
}

relay *relay_start(const char *url)
{
    relay *one = calloc(1, sizeof *one);
    cr_assert(one);
    parse(one, url);
    one->listener = socket(one->target.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (one->target.ss_family == AF_UNIX)
        listen_unix(one, url + 6);
    else
        listen_tcp(one, url, (size_t)(strstr(url, "://") - url));
    cr_assert_eq(listen(one->listener, MAX_PAIRS), 0);
    one->allowed[0] = one->allowed[1] = SIZE_MAX;
    pthread_mutex_init(&one->lock, NULL);
    cr_assert_eq(pthread_create(&one->thread, NULL, run, one), 0);
    return one;
}

const char *relay_url(const relay *one)
{
    return one->url;
}

void relay_free(relay *one)
{
    pthread_mutex_lock(&one->lock);
    one->stop = true;
    pthread_mutex_unlock(&one->lock);
    pthread_join(one->thread, NULL);
    while (one->count > 0)
        drop(one, 0);
    close(one->listener);
    if (one->path[0])
        unlink(one->path);
    pthread_mutex_destroy(&one->lock);
    free(one);
}

/* ---- commands ---- */

void relay_cut(relay *one)
{
    pthread_mutex_lock(&one->lock);
    while (one->count > 0)
        drop(one, 0);
    pthread_mutex_unlock(&one->lock);
}

#define COMMAND(name, parameters, action)                                                          \
    void relay_##name parameters                                                                   \
    {                                                                                              \
        pthread_mutex_lock(&one->lock);                                                            \
        action;                                                                                    \
        pthread_mutex_unlock(&one->lock);                                                          \
    }
COMMAND(pass_descriptors, (relay * one), one->passes = true)
COMMAND(refuse, (relay * one, int refuse), one->refuse = refuse != 0)
COMMAND(stall, (relay * one, direction which, int stall), one->stalled[which] = stall != 0)
COMMAND(delay, (relay * one, direction which, unsigned ms), one->delay[which] = ms)
COMMAND(allow, (relay * one, direction which, size_t bytes), one->allowed[which] = bytes)
COMMAND(split, (relay * one, size_t bytes), one->piece = bytes < CHUNK ? bytes : CHUNK)
COMMAND(damage, (relay * one, direction which), one->damages[which] = true)
COMMAND(reorder, (relay * one, direction which), one->reorders[which] = true)
COMMAND(repeat, (relay * one, direction which), one->repeats[which] = true)

#define QUESTION(type, name, parameters, expression)                                               \
    type relay_##name parameters                                                                   \
    {                                                                                              \
        pthread_mutex_lock(&one->lock);                                                            \
        type answer = expression;                                                                  \
        pthread_mutex_unlock(&one->lock);                                                          \
        return answer;                                                                             \
    }
QUESTION(size_t, moved, (relay * one, direction which), one->moved[which])
QUESTION(size_t, connections, (relay * one), one->count)
QUESTION(size_t, accepted, (relay * one), one->accepted)

static int waiting(const pair *one, direction which)
{
    int bytes = 0;
    (void)ioctl(one->fds[which], FIONREAD, &bytes);
    return bytes > 0 || one->flows[which].start < one->flows[which].end;
}

int relay_holds_back(relay *one, direction which)
{
    int found = 0;
    pthread_mutex_lock(&one->lock);
    for (size_t i = 0; i < one->count; i++)
        if ((one->stalled[which] || one->allowed[which] == 0) && waiting(one->pairs[i], which))
            found = 1;
    pthread_mutex_unlock(&one->lock);
    return found;
}
