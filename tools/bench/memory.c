/* Memory without anything above it: as many bytes there and back as a short call has, between two
 * processes that do nothing but look; and a long value copied there and back. */
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/bench.h"

enum {
    LINE = 128,
    MESSAGE = 96,       /* as in raw.c */
    LOOKS = 100 * 1000, /* before the server naps, so that it does not disturb the other rows */
    PAYLOAD = 1024 * 1024
};

typedef struct one_way {
    alignas(LINE) _Atomic uint32_t count; /* of messages */
    char message[MESSAGE];
} one_way;

typedef struct both_ways {
    one_way request;
    one_way reply;
} both_ways;

static void pause_a_little(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static both_ways *map(int descriptor)
{
    void *memory = mmap(NULL, sizeof(both_ways), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* ---- the server: echoes to one client until it is ended ---- */

static void await_request(both_ways *shared, uint32_t count)
{
    for (unsigned looks = 0; atomic_load(&shared->request.count) != count; looks++) {
        pause_a_little();
        if (looks >= LOOKS)
            bench_sleep(0.001);
    }
}

int bench_serve_memory(const char *address)
{
    int descriptor = open(address, O_RDWR | O_CLOEXEC);
    both_ways *shared = descriptor < 0 ? NULL : map(descriptor);
    if (!shared)
        return EXIT_FAILURE;
    printf("ready\n");
    fflush(stdout);
    for (uint32_t count = 1;; count++) {
        char message[MESSAGE];
        await_request(shared, count);
        memcpy(message, shared->request.message, sizeof message);
        memcpy(shared->reply.message, message, sizeof message);
        atomic_store(&shared->reply.count, count);
    }
}

/* ---- the client ---- */

typedef struct memory_state {
    bench_child server;
    both_ways *shared;
    uint32_t count;
} memory_state;

static void close_memory(bench_row *row)
{
    memory_state *state = row->state;
    bench_child_end(&state->server);
    if (state->shared)
        munmap(state->shared, sizeof *state->shared);
    free(state);
}

static bool start_server(memory_state *state, int descriptor)
{
    char address[BENCH_PATH_SIZE], line[32];
    snprintf(address, sizeof address, "/proc/%d/fd/%d", (int)getpid(), descriptor);
    return bench_child_serve(&state->server, "shm", address) &&
           bench_child_read_line(&state->server, line, sizeof line) && strcmp(line, "ready") == 0;
}

static bench_opened open_memory(bench_row *row)
{
    memory_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    int descriptor = memfd_create("waldo-bench", MFD_CLOEXEC);
    bool ready = descriptor >= 0 && ftruncate(descriptor, sizeof(both_ways)) == 0 &&
                 (state->shared = map(descriptor)) != NULL && start_server(state, descriptor);
    if (descriptor >= 0)
        close(descriptor);
    if (ready)
        return 0;
    close_memory(row);
    return bench_fail(row, "its server does not start: %s", strerror(errno));
}

static bool echo_once(bench_row *row)
{
    memory_state *state = row->state;
    char message[MESSAGE] = {0};
    memcpy(state->shared->request.message, message, sizeof message);
    atomic_store(&state->shared->request.count, ++state->count);
    while (atomic_load(&state->shared->reply.count) != state->count)
        pause_a_little();
    memcpy(message, state->shared->reply.message, sizeof message);
    return true;
}

static double run_echo(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, echo_once);
}

/* ---- copying ---- */

typedef struct copies {
    char *here;
    char *there;
} copies;

static void close_copies(bench_row *row)
{
    copies *state = row->state;
    free(state->here);
    free(state->there);
    free(state);
}

static bench_opened open_copies(bench_row *row)
{
    copies *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    state->here = malloc(PAYLOAD);
    state->there = malloc(PAYLOAD);
    if (state->here && state->there) {
        memset(state->here, 1, PAYLOAD);
        memset(state->there, 2, PAYLOAD);
        return 0;
    }
    close_copies(row);
    return bench_fail(row, "no memory");
}

static bool copy_once(bench_row *row)
{
    const copies *state = row->state;
    memcpy(state->there, state->here, PAYLOAD);
    state->there[0]++;
    memcpy(state->here, state->there, PAYLOAD);
    return true;
}

static double run_copies(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, copy_once);
}

bench_row bench_memory_rows[] = {
    {.name = "raw.shm",
     .is_peer = true,
     .open = open_memory,
     .run = run_echo,
     .close = close_memory},
    {.name = "raw.memcpy",
     .is_peer = true,
     .open = open_copies,
     .run = run_copies,
     .close = close_copies},
    {0},
};
