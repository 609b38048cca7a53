/* What waldo-bench measures, and what it measures with.
 *
 * A row is opened once and then run in rounds, between the rounds of all others, so that what
 * disturbs the machine disturbs all of them. */
#ifndef WALDO_BENCH_BENCH_H
#define WALDO_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "bench/histogram.h"

enum {
    BENCH_URL_SIZE = 256,
    BENCH_DIRECTORY_SIZE = 40,
    BENCH_PATH_SIZE = 64,
    BENCH_REASON_SIZE = 200
};

/* Where the waldod under test listens, and one that does not spin. */
typedef struct bench_place {
    char tcp[BENCH_URL_SIZE];
    char ipc[BENCH_URL_SIZE];      /* from where clients move to shared memory */
    char ipc_only[BENCH_URL_SIZE]; /* the same without that */
    char nn_tcp[BENCH_URL_SIZE];
    char tcp_nospin[BENCH_URL_SIZE];
    char ipc_nospin[BENCH_URL_SIZE];      /* as ipc_only */
    char directory[BENCH_DIRECTORY_SIZE]; /* for sockets; removed at the end */
} bench_place;

typedef struct bench_row bench_row;
struct bench_row {
    const char *name;
    bool is_rate; /* operations a second, not the time of one */
    bool is_peer; /* something else than Waldo */
    /* 0, or -1 with the reason in row->reason: the row is left out. */
    int (*open)(bench_row *row, const bench_place *place);
    /* Runs for about so many seconds. Of a latency row: adds each operation's time to `times`. Of a
     * rate row: returns operations a second. < 0: it failed, with the reason. */
    double (*run)(bench_row *row, double seconds, histogram *times);
    void (*close)(bench_row *row);
    const char *parameter; /* of open, where several rows share it */
    void *state;
    char reason[BENCH_REASON_SIZE];
};

/* NULL name at the end. */
extern bench_row bench_waldo_rows[];
extern bench_row bench_user_rows[];
extern bench_row bench_raw_rows[];
extern bench_row bench_memory_rows[];
extern bench_row bench_nanomsg_rows[];
extern bench_row bench_redis_rows[];
extern bench_row bench_cpython_rows[];

/* Sets the reason; returns -1. */
int bench_fail(bench_row *row, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline uint64_t bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void bench_sleep(double seconds);

/* One operation after another for so long; `once` returns false where it fails, with the reason in
 * the row. */
double bench_time_each(bench_row *row, double seconds, histogram *times,
                       bool (*once)(bench_row *row));

/* What one of many clients does. NULL, false: it failed. */
typedef struct bench_client {
    void *(*connect)(const bench_row *row);
    bool (*once)(void *client);
    void (*close)(void *client);
} bench_client;

/* Fifty clients, a thread each, do one operation after another for so long: operations a second of
 * all together. */
double bench_run_crowd(bench_row *row, double seconds, const bench_client *kind);

/* The path of the module with the type of the user's rows. */
const char *bench_module(void);

/* ---- child processes ---- */

typedef struct bench_child {
    pid_t pid;  /* 0: none */
    int input;  /* its standard input, and */
    int output; /* output */
} bench_child;

/* arguments[0] is a program, found on the PATH. */
bool bench_child_start(bench_child *ret_child, const char *const *arguments);
/* A line of its output without its end; false: it said none within ten seconds. */
bool bench_child_read_line(bench_child *child, char *line, size_t size);
bool bench_child_write(bench_child *child, const char *text);
/* SIGTERM, and waits. */
void bench_child_end(bench_child *child);
/* The end of its input, and waits: it ends by itself. */
void bench_child_finish(bench_child *child);
/* This program again, as a peer's server: `waldo-bench --serve KIND`. */
bool bench_child_serve(bench_child *ret_child, const char *kind, const char *address);

/* ---- the other side of the rows of raw.c, memory.c and nanomsg.c: `--serve`; never return ---- */
int bench_serve_raw(const char *kind, const char *address);
int bench_serve_memory(const char *address);
int bench_serve_nanomsg(const char *address);

#endif
