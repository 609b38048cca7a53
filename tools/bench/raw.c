/* Sockets without anything above them: as many bytes there and back as a short call has. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/bench.h"

/* What dict.__getitem__ of an int takes on the wire of tcp://, frame and encryption included. */
enum { MESSAGE = 96 };

typedef struct raw_state {
    bench_child server;
    int socket;
} raw_state;

static bool receive_all(int socket, char *data, size_t size)
{
    while (size > 0) {
        ssize_t count = recv(socket, data, size, 0);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        data += count;
        size -= (size_t)count;
    }
    return true;
}

static bool send_all(int socket, const char *data, size_t size)
{
    return send(socket, data, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void set_no_delay(int socket)
{
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static struct sockaddr_in local_address(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static struct sockaddr_un path_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

/* ---- the server: echoes to one client ---- */

static int listen_at(const char *kind, const char *path)
{
    bool is_tcp = strcmp(kind, "tcp") == 0;
    int listener = socket(is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = local_address(0);
    struct sockaddr_un file = path_address(path);
    int status = is_tcp ? bind(listener, (struct sockaddr *)&here, sizeof here)
                        : bind(listener, (struct sockaddr *)&file, sizeof file);
    socklen_t size = sizeof here;
    if (status < 0 || listen(listener, 1) < 0 ||
        (is_tcp && getsockname(listener, (struct sockaddr *)&here, &size) < 0))
        return -1;
    printf("%d\n", is_tcp ? ntohs(here.sin_port) : 0);
    fflush(stdout);
    return listener;
}

int bench_serve_raw(const char *kind, const char *address)
{
    int listener = listen_at(kind, address);
    int client = listener < 0 ? -1 : accept(listener, NULL, NULL);
    if (client < 0)
        return EXIT_FAILURE;
    if (strcmp(kind, "tcp") == 0)
        set_no_delay(client);
    char message[MESSAGE];
    while (receive_all(client, message, sizeof message) &&
           send_all(client, message, sizeof message))
        ;
    return EXIT_SUCCESS;
}

/* ---- the client ---- */

static int connect_to(const char *kind, const char *path, uint16_t port)
{
    bool is_tcp = strcmp(kind, "tcp") == 0;
    int client = socket(is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in there = local_address(port);
    struct sockaddr_un file = path_address(path);
    int status = is_tcp ? connect(client, (struct sockaddr *)&there, sizeof there)
                        : connect(client, (struct sockaddr *)&file, sizeof file);
    if (status < 0) {
        close(client);
        return -1;
    }
    if (is_tcp)
        set_no_delay(client);
    return client;
}

static void close_raw(bench_row *row)
{
    raw_state *state = row->state;
    if (state->socket >= 0)
        close(state->socket);
    bench_child_end(&state->server);
    free(state);
}

static int open_raw(bench_row *row, const bench_place *place)
{
    raw_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    state->socket = -1;
    row->state = state;
    char path[BENCH_PATH_SIZE], line[32];
    snprintf(path, sizeof path, "%s/raw", place->directory);
    if (bench_child_serve(&state->server, row->parameter, path) &&
        bench_child_read_line(&state->server, line, sizeof line))
        state->socket = connect_to(row->parameter, path, (uint16_t)strtoul(line, NULL, 10));
    if (state->socket >= 0)
        return 0;
    close_raw(row);
    return bench_fail(row, "its server does not start: %s", strerror(errno));
}

static bool echo_once(bench_row *row)
{
    const raw_state *state = row->state;
    char message[MESSAGE] = {0};
    return (send_all(state->socket, message, sizeof message) &&
            receive_all(state->socket, message, sizeof message)) ||
           bench_fail(row, "the connection broke") == 0;
}

static double run_raw(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, echo_once);
}

bench_row bench_raw_rows[] = {
    {.name = "raw.tcp",
     .is_peer = true,
     .open = open_raw,
     .run = run_raw,
     .close = close_raw,
     .parameter = "tcp"},
    {.name = "raw.unix",
     .is_peer = true,
     .open = open_raw,
     .run = run_raw,
     .close = close_raw,
     .parameter = "unix"},
    {0},
};
