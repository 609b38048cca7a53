/* Waldo's rows, against a waldod that main.c has started. */
#include <stdlib.h>
#include <string.h>

#include <waldo/waldo.h>

#include "bench/bench.h"
#include "waldo/builtins.proxy.h"

enum { PAYLOAD = 1024 * 1024, PIPELINE = 100 };

typedef struct waldo_state {
    const char *url;
    waldo_manager *manager;
    waldo_dict *dict;
    waldo_builtin_value *value; /* of the payload rows */
    Waldo__Builtin__ValueItem payload;
    Waldo__Value bytes;
} waldo_state;

static int fail(bench_row *row, const waldo_error *error)
{
    return bench_fail(row, "%s: %s", error->type_name, error->message);
}

static const char *url_of(const bench_place *place, const char *scheme)
{
    if (strcmp(scheme, "tcp nospin") == 0)
        return place->tcp_nospin;
    if (strcmp(scheme, "ipc nospin") == 0)
        return place->ipc_nospin;
    if (strcmp(scheme, "shm") == 0)
        return place->ipc;
    if (strcmp(scheme, "ipc") == 0)
        return place->ipc_only;
    return strcmp(scheme, "nn+tcp") == 0 ? place->nn_tcp : place->tcp;
}

/* A dict with one item, {1: 1}. */
static int new_dict(waldo_manager *manager, waldo_dict **ret_dict, waldo_error *error)
{
    int status = waldo_dict_new(manager, ret_dict, error);
    if (status < 0)
        return status;
    status = waldo_dict_set(*ret_dict, waldo_v(1), waldo_v(1), error);
    if (status < 0)
        *ret_dict = waldo_dict_unref(*ret_dict);
    return status;
}

static void close_waldo(bench_row *row)
{
    waldo_state *state = row->state;
    waldo_builtin_value_unref(state->value);
    waldo_dict_unref(state->dict);
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
    waldo_manager_options options = {.spin_us = strstr(row->parameter, "nospin") ? -1 : 0};
    waldo_error error;
    if (waldo_connect(state->url, &options, &state->manager, &error) >= 0 &&
        new_dict(state->manager, &state->dict, &error) >= 0)
        return 0;
    fail(row, &error);
    close_waldo(row);
    return -1;
}

/* ---- one call after another ---- */

static bool get(waldo_dict *dict, waldo_error *error)
{
    waldo_value *item;
    if (waldo_dict_get(dict, waldo_v(1), &item, error) < 0)
        return false;
    waldo_value_unref(item);
    return true;
}

static bool get_once(bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_error error;
    return get(state->dict, &error) || fail(row, &error) == 0;
}

static double run_get(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, get_once);
}

static bool create_once(bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_dict *dict;
    waldo_error error;
    if (waldo_dict_new(state->manager, &dict, &error) < 0)
        return fail(row, &error) == 0;
    waldo_dict_unref(dict);
    return true;
}

static double run_create(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, create_once);
}

/* ---- many calls of one client under way ---- */

static bool await_all(waldo_future *const *futures, size_t count, waldo_error *error)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        Waldo__Value *item;
        if (waldo_builtin_dict___getitem___await(futures[i], WALDO_FOREVER, &item, error) >= 0)
            waldo__value__free_unpacked(item, NULL);
        else
            good = false;
        waldo_future_unref(futures[i]);
    }
    return good;
}

static bool get_many(const waldo_state *state, waldo_error *error)
{
    waldo_future *futures[PIPELINE];
    Waldo__Builtin__DictKey arguments = WALDO__BUILTIN__DICT_KEY__INIT;
    Waldo__Value one = WALDO__VALUE__INIT;
    one.kind_case = WALDO__VALUE__KIND_INTEGER;
    one.integer = 1;
    arguments.key = &one;
    size_t started = 0;
    while (started < PIPELINE && waldo_builtin_dict___getitem___async(
                                     state->dict, &arguments, &futures[started], error) >= 0)
        started++;
    return await_all(futures, started, error) && started == PIPELINE;
}

static double run_pipeline(bench_row *row, double seconds, histogram *times)
{
    (void)times;
    uint64_t start = bench_now(), now = start, end = start + (uint64_t)(seconds * 1e9);
    uint64_t count = 0;
    waldo_error error;
    for (; now < end; now = bench_now(), count += PIPELINE)
        if (!get_many(row->state, &error))
            return fail(row, &error);
    return (double)count * 1e9 / (double)(now - start);
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
    Waldo__Builtin__ValueArguments arguments = WALDO__BUILTIN__VALUE_ARGUMENTS__INIT;
    waldo_error error;
    arguments.typecode = (char *)"i";
    arguments.value = &state->bytes;
    if (state->bytes.bytes.data &&
        waldo_builtin_value_new(state->manager, &arguments, &state->value, &error) >= 0)
        return 0;
    bool has_memory = state->bytes.bytes.data != NULL;
    close_waldo(row);
    return has_memory ? fail(row, &error) : bench_fail(row, "no memory");
}

static bool echo_once(bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_error error;
    Waldo__Value *back;
    if (waldo_builtin_value_set(state->value, &state->payload, &error) < 0 ||
        waldo_builtin_value_get(state->value, &back, &error) < 0)
        return fail(row, &error) == 0;
    waldo__value__free_unpacked(back, NULL);
    return true;
}

static double run_payload(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, echo_once);
}

/* ---- many clients, a connection each ---- */

static void close_client(void *client)
{
    waldo_dict_unref(client); /* the last one of its manager */
}

static void *connect_client(const bench_row *row)
{
    const waldo_state *state = row->state;
    waldo_manager *manager;
    waldo_dict *dict = NULL;
    waldo_error error;
    if (waldo_connect(state->url, NULL, &manager, &error) < 0)
        return NULL;
    if (new_dict(manager, &dict, &error) < 0)
        dict = NULL;
    waldo_manager_unref(manager);
    return dict;
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
    {.name = "call.tcp.nospin",
     .open = open_waldo,
     .run = run_get,
     .close = close_waldo,
     .parameter = "tcp nospin"},
    {.name = "call.ipc.nospin",
     .open = open_waldo,
     .run = run_get,
     .close = close_waldo,
     .parameter = "ipc nospin"},
    {.name = "create_drop.tcp",
     .open = open_waldo,
     .run = run_create,
     .close = close_waldo,
     .parameter = "tcp"},
    {.name = "pipeline.tcp.100",
     .is_rate = true,
     .open = open_waldo,
     .run = run_pipeline,
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
