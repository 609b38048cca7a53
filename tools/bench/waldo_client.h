/* What Waldo's rows have in common. */
#ifndef WALDO_BENCH_WALDO_CLIENT_H
#define WALDO_BENCH_WALDO_CLIENT_H

#include <waldo/waldo.h>

#include "bench/bench.h"

/* Sets the reason; returns BENCH_FAILED. */
bench_opened bench_fail_with(bench_row *row, const waldo_error *error);
/* To the row's place, over "tcp", "ipc", "shm" or "nn+tcp", with the row's spinning. */
int bench_connect(const bench_row *row, const char *scheme, waldo_manager **ret_manager,
                  waldo_error *reterr);
/* A client that has a dict with one item, {1: 1}. */
typedef struct bench_dict {
    waldo_manager *manager;
    waldo_dict *dict;
} bench_dict;

/* After a failure `ret_client` has nothing. */
int bench_enter(const bench_row *row, const char *scheme, bench_dict *ret_client,
                waldo_error *reterr);
/* Gets the item. */
bool bench_get(const bench_dict *client, waldo_error *reterr);
void bench_leave(bench_dict *client);

/* ---- of rows whose state is one such client; their parameter is the scheme ---- */
bench_opened bench_open_dict(bench_row *row);
double bench_run_get(bench_row *row, double seconds, histogram *times);
void bench_close_dict(bench_row *row);

#endif
