/* Many clients, a connection each: on objects of their own, and on one lock. */
#include "bench/waldo_client.h"

#include <stdlib.h>

/* ---- a dict each ---- */

static void leave(void *client)
{
    bench_leave(client);
    free(client);
}

static void *enter(const bench_row *row)
{
    bench_dict *client = malloc(sizeof *client);
    waldo_error error;
    if (client && bench_enter(row, row->parameter, client, &error) < 0) {
        free(client);
        client = NULL;
    }
    return client;
}

static bool get_of_client(void *client)
{
    waldo_error error;
    return bench_get(client, &error);
}

static double run_clients(bench_row *row, double seconds, histogram *times)
{
    static const bench_client client = {enter, get_of_client, leave};
    return bench_run_crowd(row, seconds, times, &client);
}

/* ---- one lock ---- */

typedef struct lock_state {
    waldo_manager *manager;
    waldo_lock *lock;
} lock_state;

static void close_lock(bench_row *row)
{
    lock_state *state = row->state;
    waldo_lock_unref(state->lock);
    waldo_manager_unref(state->manager);
    free(state);
}

static bench_opened open_lock(bench_row *row)
{
    lock_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    waldo_error error;
    if (bench_connect(row, row->parameter, &state->manager, &error) >= 0 &&
        waldo_lock_new(state->manager, &state->lock, &error) >= 0)
        return BENCH_READY;
    close_lock(row);
    return bench_fail_with(row, &error);
}

/* The row's lock, as a manager of its own knows it. */
static void *connect_lock(const bench_row *row)
{
    const lock_state *state = row->state;
    waldo_manager *manager = NULL;
    waldo_value *token = NULL;
    waldo_proxy *proxy = NULL;
    waldo_lock *lock = NULL;
    waldo_error error;
    if (bench_connect(row, row->parameter, &manager, &error) < 0 ||
        waldo_proxy_to_value(waldo_lock_proxy(state->lock), &token, &error) < 0 ||
        waldo_proxy_from_value(manager, token, &proxy, &error) < 0 ||
        waldo_lock_from_proxy(proxy, &lock, &error) < 0)
        lock = NULL;
    waldo_proxy_unref(proxy);
    waldo_value_unref(token);
    waldo_manager_unref(manager);
    return lock;
}

static bool acquire_and_release(void *client)
{
    waldo_error error;
    return waldo_lock_acquire(client, WALDO_FOREVER, &error) >= 0 &&
           waldo_lock_release(client, &error) >= 0;
}

static void leave_lock(void *client)
{
    waldo_lock_unref(client);
}

static double run_contention(bench_row *row, double seconds, histogram *times)
{
    static const bench_client client = {connect_lock, acquire_and_release, leave_lock};
    return bench_run_crowd(row, seconds, times, &client);
}

#define CLIENTS                                                                                    \
    .is_rate = true, .open = bench_open_dict, .run = run_clients, .close = bench_close_dict,       \
    .parameter = "tcp", .series = "Waldo, tcp://"
#define CONTENTION                                                                                 \
    .is_rate = true, .open = open_lock, .run = run_contention, .close = close_lock,                \
    .parameter = "tcp"

bench_row bench_client_rows[] = {
    {.name = "clients.tcp.1", CLIENTS, .number = 1},
    {.name = "clients.tcp.2", CLIENTS, .number = 2},
    {.name = "clients.tcp.5", CLIENTS, .number = 5},
    {.name = "clients.tcp.10", CLIENTS, .number = 10},
    {.name = "clients.tcp.50", CLIENTS, .number = 50},
    {.name = "contention.tcp.1", CONTENTION, .number = 1},
    {.name = "contention.tcp.2", CONTENTION, .number = 2},
    {.name = "contention.tcp.10", CONTENTION, .number = 10},
    {.name = "contention.tcp.50", CONTENTION, .number = 50},
    {0},
};
