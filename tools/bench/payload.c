/* Large values: there and back. */
#include <stdlib.h>
#include <string.h>

#include "bench/waldo_client.h"
#include "waldo/builtins.proxy.h"

enum { KIB = 1024, MIB = 1024 * KIB };

typedef struct payload_state {
    waldo_manager *manager;
    waldo_builtin_value *value;
    Waldo__Builtin__ValueItem item;
    Waldo__Value bytes;
} payload_state;

static void close_payload(bench_row *row)
{
    payload_state *state = row->state;
    waldo_builtin_value_unref(state->value);
    waldo_manager_unref(state->manager);
    free(state->bytes.bytes.data);
    free(state);
}

static bool fill(payload_state *state, size_t size)
{
    waldo__builtin__value_item__init(&state->item);
    waldo__value__init(&state->bytes);
    state->bytes.kind_case = WALDO__VALUE__KIND_BYTES;
    state->bytes.bytes.data = malloc(size);
    state->bytes.bytes.len = size;
    state->item.value = &state->bytes;
    if (!state->bytes.bytes.data)
        return false;
    /* Pages that nobody has written to would all be one. */
    memset(state->bytes.bytes.data, 1, size);
    return true;
}

static bench_opened open_payload(bench_row *row)
{
    payload_state *state = calloc(1, sizeof *state);
    if (!state || !fill(state, row->number)) {
        free(state);
        return bench_fail(row, "no memory");
    }
    row->state = state;
    Waldo__Builtin__ValueArguments arguments = WALDO__BUILTIN__VALUE_ARGUMENTS__INIT;
    waldo_error error;
    arguments.typecode = (char *)"i";
    arguments.value = &state->bytes;
    if (bench_connect(row, row->parameter, &state->manager, &error) >= 0 &&
        waldo_builtin_value_new(state->manager, &arguments, &state->value, &error) >= 0)
        return BENCH_READY;
    close_payload(row);
    return bench_fail_with(row, &error);
}

static bool echo_once(bench_row *row)
{
    const payload_state *state = row->state;
    waldo_error error;
    Waldo__Value *back;
    if (waldo_builtin_value_set(state->value, &state->item, &error) < 0 ||
        waldo_builtin_value_get(state->value, &back, &error) < 0)
        return bench_fail_with(row, &error) == BENCH_READY;
    waldo__value__free_unpacked(back, NULL);
    return true;
}

static double run_payload(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, echo_once);
}

#define PAYLOAD(scheme)                                                                            \
    .open = open_payload, .run = run_payload, .close = close_payload, .parameter = scheme

bench_row bench_payload_rows[] = {
    {.name = "payload.tcp.64B", PAYLOAD("tcp"), .number = 64},
    {.name = "payload.tcp.4KiB", PAYLOAD("tcp"), .number = 4 * KIB},
    {.name = "payload.tcp.64KiB", PAYLOAD("tcp"), .number = 64 * KIB},
    {.name = "payload.tcp", PAYLOAD("tcp"), .number = MIB},
    {.name = "payload.tcp.16MiB", PAYLOAD("tcp"), .number = 16 * MIB},
    {.name = "payload.shm.64B", PAYLOAD("shm"), .number = 64},
    {.name = "payload.shm.4KiB", PAYLOAD("shm"), .number = 4 * KIB},
    {.name = "payload.shm.64KiB", PAYLOAD("shm"), .number = 64 * KIB},
    {.name = "payload.shm", PAYLOAD("shm"), .number = MIB},
    {.name = "payload.shm.16MiB", PAYLOAD("shm"), .number = 16 * MIB},
    {0},
};
