/* Waldo's rows, against a waldod that main.c has started. */
#include <stdlib.h>
#include <string.h>

#include <waldo/waldo.h>

#include "bench/bench.h"
#include "waldo/builtins.proxy.h"

enum { PAYLOAD = 1024 * 1024 };

typedef struct waldo_state {
    const char *url;
    waldo_manager *manager;
    waldo_builtin_value *value;
    Waldo__Builtin__ValueItem payload;
    Waldo__Value bytes;
} waldo_state;

static int fail(bench_row *row, const waldo_error *error)
{
    return bench_fail(row, "%s: %s", error->type_name, error->message);
}

static const char *url_of(const bench_place *place, const char *scheme)
{
    if (strcmp(scheme, "shm") == 0)
        return place->ipc;
    if (strcmp(scheme, "ipc") == 0)
        return place->ipc_only;
    return strcmp(scheme, "nn+tcp") == 0 ? place->nn_tcp : place->tcp;
}

static int new_value(waldo_manager *manager, waldo_builtin_value **ret_value, waldo_error *error)
{
    Waldo__Builtin__ValueArguments arguments = WALDO__BUILTIN__VALUE_ARGUMENTS__INIT;
    Waldo__Value one = WALDO__VALUE__INIT;
    one.kind_case = WALDO__VALUE__KIND_INTEGER;
    one.integer = 1;
    arguments.typecode = (char *)"i";
    arguments.value = &one;
    return waldo_builtin_value_new(manager, &arguments, ret_value, error);
}

static void close_waldo(bench_row *row)
{
    waldo_state *state = row->state;
    waldo_builtin_value_unref(state->value);
    waldo_manager_unref(state->manager);
    free(state->bytes.bytes.data);
    free(state);
}

static int open_waldo(bench_row *row, const bench_place *place)
{
    waldo_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    state->url = url_of(place, row->parameter);
    waldo_error error;
    if (waldo_connect(state->url, NULL, &state->manager, &error) >= 0 &&
        new_value(state->manager, &state->value, &error) >= 0)
        return 0;
    fail(row, &error);
    close_waldo(row);
    return -1;
}

/* ---- one call after another ---- */

static bool get(waldo_builtin_value *value, waldo_error *error)
{
    Waldo__Value *result;
    if (waldo_builtin_value_get(value, &result, error) < 0)
        return false;
    waldo__value__free_unpacked(result, NULL);
    return true;
}

static bool get_once(bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_error error;
    return get(state->value, &error) || fail(row, &error) == 0;
}

static double run_get(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, get_once);
}

static bool create_once(bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_builtin_value *value;
    waldo_error error;
    if (new_value(state->manager, &value, &error) < 0)
        return fail(row, &error) == 0;
    waldo_builtin_value_unref(value);
    return true;
}

static double run_create(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, create_once);
}

/* ---- large payloads: there and back ---- */

static int open_payload(bench_row *row, const bench_place *place)
{
    if (open_waldo(row, place) < 0)
        return -1;
    waldo_state *state = row->state;
    waldo__builtin__value_item__init(&state->payload);
    waldo__value__init(&state->bytes);
    state->bytes.kind_case = WALDO__VALUE__KIND_BYTES;
    state->bytes.bytes.data = calloc(1, PAYLOAD);
    state->bytes.bytes.len = PAYLOAD;
    state->payload.value = &state->bytes;
    if (state->bytes.bytes.data)
        return 0;
    close_waldo(row);
    return bench_fail(row, "no memory");
}

static bool echo_once(bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_error error;
    return (waldo_builtin_value_set(state->value, &state->payload, &error) >= 0 &&
            get(state->value, &error)) ||
           fail(row, &error) == 0;
}

static double run_payload(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, echo_once);
}

/* ---- many clients, a connection each ---- */

static void close_client(void *client)
{
    waldo_builtin_value_unref(client); /* the last one of its manager */
}

static void *connect_client(const bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_manager *manager;
    waldo_builtin_value *value = NULL;
    waldo_error error;
    if (waldo_connect(state->url, NULL, &manager, &error) < 0)
        return NULL;
    if (new_value(manager, &value, &error) < 0)
        value = NULL;
    waldo_manager_unref(manager);
    return value;
}

static bool get_of_client(void *client)
{
    waldo_error error;
    return get(client, &error);
}

static double run_crowd(bench_row *row, double seconds, histogram *times)
{
    static const bench_client client = {connect_client, get_of_client, close_client};
    (void)times;
    return bench_run_crowd(row, seconds, &client);
}

bench_row bench_waldo_rows[] = {
    {.name = "call.tcp",
     .open = open_waldo,
     .run = run_get,
     .close = close_waldo,
     .parameter = "tcp"},
    {.name = "call.ipc",
     .open = open_waldo,
     .run = run_get,
     .close = close_waldo,
     .parameter = "ipc"},
    {.name = "call.shm",
     .open = open_waldo,
     .run = run_get,
     .close = close_waldo,
     .parameter = "shm"},
    {.name = "call.nn_tcp",
     .open = open_waldo,
     .run = run_get,
     .close = close_waldo,
     .parameter = "nn+tcp"},
    {.name = "create_drop.tcp",
     .open = open_waldo,
     .run = run_create,
     .close = close_waldo,
     .parameter = "tcp"},
    {.name = "payload.tcp",
     .open = open_payload,
     .run = run_payload,
     .close = close_waldo,
     .parameter = "tcp"},
    {.name = "payload.shm",
     .open = open_payload,
     .run = run_payload,
     .close = close_waldo,
     .parameter = "shm"},
    {.name = "clients.tcp.50",
     .is_rate = true,
     .open = open_waldo,
     .run = run_crowd,
     .close = close_waldo,
     .parameter = "tcp"},
    {0},
};
