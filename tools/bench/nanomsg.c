/* libnanomsg's REQ and REP as they are meant to be used, over TCP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nanomsg/nn.h>
#include <nanomsg/reqrep.h>
#include <nanomsg/tcp.h>

#include "bench/bench.h"

enum { MESSAGE = 96, FIRST_PORT = 20000, PORTS = 20000 };

typedef struct nanomsg_state {
    bench_child server;
    int socket;
} nanomsg_state;

static int open_socket(int protocol)
{
    int on = 1;
    int socket = nn_socket(AF_SP, protocol);
    if (socket >= 0)
        (void)nn_setsockopt(socket, NN_TCP, NN_TCP_NODELAY, &on, sizeof on);
    return socket;
}

/* libnanomsg takes no port 0. */
int bench_serve_nanomsg(const char *address)
{
    (void)address;
    int socket = open_socket(NN_REP);
    int endpoint = -1;
    char url[64];
    for (unsigned i = 0; endpoint < 0 && i < PORTS; i++) {
        unsigned port = FIRST_PORT + ((unsigned)getpid() + i) % PORTS;
        snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
        endpoint = nn_bind(socket, url);
    }
    if (endpoint < 0)
        return EXIT_FAILURE;
    puts(url);
    fflush(stdout);
    char message[MESSAGE];
    for (int size; (size = nn_recv(socket, message, sizeof message, 0)) >= 0;)
        if (nn_send(socket, message, (size_t)size, 0) < 0)
            break;
    return EXIT_SUCCESS;
}

static void close_nanomsg(bench_row *row)
{
    nanomsg_state *state = row->state;
    if (state->socket >= 0)
        nn_close(state->socket);
    bench_child_end(&state->server);
    free(state);
}

static bench_opened open_nanomsg(bench_row *row)
{
    nanomsg_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    state->socket = open_socket(NN_REQ);
    char url[64];
    if (state->socket >= 0 && bench_child_serve(&state->server, "nanomsg", "") &&
        bench_child_read_line(&state->server, url, sizeof url) &&
        nn_connect(state->socket, url) >= 0)
        return 0;
    close_nanomsg(row);
    return bench_fail(row, "libnanomsg: %s", nn_strerror(nn_errno()));
}

static bool ask_once(bench_row *row)
{
    const nanomsg_state *state = row->state;
    char message[MESSAGE] = {0};
    return (nn_send(state->socket, message, sizeof message, 0) >= 0 &&
            nn_recv(state->socket, message, sizeof message, 0) >= 0) ||
           bench_fail(row, "libnanomsg: %s", nn_strerror(nn_errno())) == 0;
}

static double run_nanomsg(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, ask_once);
}

bench_row bench_nanomsg_rows[] = {
    {.name = "raw.nanomsg",
     .is_peer = true,
     .open = open_nanomsg,
     .run = run_nanomsg,
     .close = close_nanomsg},
    {0},
};
