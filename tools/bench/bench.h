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

/* Where a waldod under test listens. */
typedef struct bench_place {
    char tcp[BENCH_URL_SIZE];
    char ipc[BENCH_URL_SIZE];      /* from where clients move to shared memory */
    char ipc_only[BENCH_URL_SIZE]; /* the same without that */
    char nn_tcp[BENCH_URL_SIZE];
    char directory[BENCH_DIRECTORY_SIZE]; /* for sockets; removed at the end */
} bench_place;

typedef enum bench_opened {
    BENCH_FAILED = -1,
    BENCH_READY = 0,
    BENCH_ABSENT = 1 /* what the row needs is not installed: it is left out, and that is no error */
} bench_opened;

typedef struct bench_row bench_row;
struct bench_row {
    const char *name;
    bool is_rate;      /* operations a second, not the time of one */
    bool is_peer;      /* something else than Waldo */
    bool no_spin;      /* neither the server nor the client looks before it sleeps */
    bool is_elsewhere; /* what is measured runs, in part, in processes of a child's */
    /* Unless BENCH_READY, the reason is in row->reason. */
    bench_opened (*open)(bench_row *row);
    /* Runs for about so many seconds. Of a latency row: adds each operation's time to `times`; a
     * rate row may do so, and returns operations a second. < 0: it failed, with the reason. */
    double (*run)(bench_row *row, double seconds, histogram *times);
    void (*close)(bench_row *row);
    const char *parameter; /* of open, where several rows share it */
    unsigned number;       /* what the name says: of clients, calls under way, bytes, objects */
    const char *series;    /* the line of the plot that it is a point of; NULL: of none */
    const bench_place *place;
    void *state;
    char reason[BENCH_REASON_SIZE];
};

/* NULL name at the end. */
extern bench_row bench_call_rows[];
extern bench_row bench_client_rows[];
extern bench_row bench_payload_rows[];
extern bench_row bench_crowded_rows[];
extern bench_row bench_raw_rows[];
extern bench_row bench_memory_rows[];
extern bench_row bench_nanomsg_rows[];
extern bench_row bench_redis_rows[];
extern bench_row bench_cpython_rows[];

/* Sets the reason; returns BENCH_FAILED, which is below 0 as a run's result, too. */
bench_opened bench_fail(bench_row *row, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* After a child was not started: BENCH_ABSENT if there is no such program, as errno says. */
bench_opened bench_fail_without(bench_row *row, const char *program);

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
/* Many operations at a time for so long: operations a second. `some` does row->number of them. */
double bench_count_all(bench_row *row, double seconds, bool (*some)(bench_row *row));

/* What one of many clients does. NULL, false: it failed. */
typedef struct bench_client {
    void *(*connect)(const bench_row *row);
    bool (*once)(void *client);
    void (*close)(void *client);
} bench_client;

/* row->number clients, a thread each, do one operation after another for so long: operations a
 * second of all together. Each one's time is added. */
double bench_run_crowd(bench_row *row, double seconds, histogram *times, const bench_client *kind);

/* ---- child processes ---- */

typedef struct bench_child {
    pid_t pid;  /* 0: none */
    int input;  /* its standard input, and */
    int output; /* output */
} bench_child;

/* arguments[0] is a program, found on the PATH. false: errno says why. */
bool bench_child_start(bench_child *ret_child, const char *const *arguments);
/* A line of its output without its end; false: it said none within a minute. */
bool bench_child_read_line(bench_child *child, char *line, size_t size);
bool bench_child_write(bench_child *child, const char *text);
/* SIGTERM, and waits. */
void bench_child_end(bench_child *child);
/* The end of its input, and waits: it ends by itself. */
void bench_child_finish(bench_child *child);
/* Seconds of processor time that this program has used, and its children that still run. */
double bench_used(void);
/* This program again, as a peer's server: `waldo-bench --serve KIND`. */
bool bench_child_serve(bench_child *ret_child, const char *kind, const char *address);

/* A waldod with the types of types.proto; its sockets are in place->directory under that name.
 * `options`: more arguments, NULL at the end; NULL: none. false: it does not start, and there is no
 * child. */
bool bench_waldod_start(bench_child *ret_child, const char *name, const char *const *options,
                        bench_place *place);

/* ---- the other side of some rows: `--serve`; they return an exit status ---- */
int bench_serve_raw(const char *kind, const char *address);
int bench_serve_memory(const char *address);
int bench_serve_nanomsg(const char *address);
/* Holds objects, or calls that wait, at a waldod: `address` is their number and its URL. */
int bench_serve_holder(const char *kind, const char *address);

#endif
