/* One client: one call after the other, many under way, and a generator's items. */
#include <stdlib.h>

#include "bench/types.proxy.h"
#include "bench/waldo_client.h"
#include "waldo/builtins.proxy.h"

enum { MOST_UNDER_WAY = 100 };

static bool create_once(bench_row *row)
{
    const bench_dict *state = row->state;
    waldo_dict *dict;
    waldo_error error;
    if (waldo_dict_new(state->manager, &dict, &error) < 0)
        return bench_fail_with(row, &error) == BENCH_READY;
    waldo_dict_unref(dict);
    return true;
}

static double run_create(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, create_once);
}

/* ---- many calls under way ---- */

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

static bool get_many(bench_row *row)
{
    const bench_dict *state = row->state;
    waldo_future *futures[MOST_UNDER_WAY];
    Waldo__Builtin__DictKey arguments = WALDO__BUILTIN__DICT_KEY__INIT;
    Waldo__Value one = WALDO__VALUE__INIT;
    one.kind_case = WALDO__VALUE__KIND_INTEGER;
    one.integer = 1;
    arguments.key = &one;
    waldo_error error;
    size_t started = 0;
    while (started < row->number && waldo_builtin_dict___getitem___async(
                                        state->dict, &arguments, &futures[started], &error) >= 0)
        started++;
    return (await_all(futures, started, &error) && started == row->number) ||
           bench_fail_with(row, &error) == BENCH_READY;
}

static double run_pipeline(bench_row *row, double seconds, histogram *times)
{
    (void)times;
    return bench_count_all(row, seconds, get_many);
}

/* ---- many calls in one message ---- */

static bool take_results(waldo_batch *batch, int count, waldo_error *error)
{
    for (int i = 0; i < count; i++) {
        waldo_value *item;
        if (waldo_batch_result(batch, i, &item, error) < 0)
            return false;
        waldo_value_unref(item);
    }
    return true;
}

static bool get_batch(bench_row *row)
{
    const bench_dict *state = row->state;
    WALDO_AUTO(waldo_batch) batch = NULL;
    waldo_error error;
    int count = (int)row->number;
    int status = waldo_batch_new(state->manager, &batch, &error);
    for (int i = 0; status >= 0 && i < count; i++)
        status = waldo_batch_call(batch, waldo_dict_proxy(state->dict), "__getitem__",
                                  waldo_v_tuple(waldo_v(1)), &error);
    if (status >= 0)
        status = waldo_batch_run(batch, 0, &error);
    return (status >= 0 && take_results(batch, count, &error)) ||
           bench_fail_with(row, &error) == BENCH_READY;
}

static double run_batch(bench_row *row, double seconds, histogram *times)
{
    (void)times;
    return bench_count_all(row, seconds, get_batch);
}

/* ---- a user's own type ---- */

typedef struct user_state {
    waldo_manager *manager;
    bench_counter *counter;
    bench_counter_count_up_iterator *numbers;
} user_state;

static void close_user(bench_row *row)
{
    user_state *state = row->state;
    bench_counter_count_up_unref(state->numbers);
    bench_counter_unref(state->counter);
    waldo_manager_unref(state->manager);
    free(state);
}

static bench_opened open_user(bench_row *row)
{
    user_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    waldo_error error;
    if (bench_connect(row, row->parameter, &state->manager, &error) >= 0 &&
        bench_counter_new(state->manager, &state->counter, &error) >= 0 &&
        bench_counter_count_up(state->counter, &state->numbers, &error) >= 0)
        return BENCH_READY;
    close_user(row);
    return bench_fail_with(row, &error);
}

static bool add_once(bench_row *row)
{
    const user_state *state = row->state;
    Bench__Number one = BENCH__NUMBER__INIT, *sum;
    waldo_error error;
    one.n = 1;
    if (bench_counter_add(state->counter, &one, &sum, &error) < 0)
        return bench_fail_with(row, &error) == BENCH_READY;
    bench__number__free_unpacked(sum, NULL);
    return true;
}

static double run_add(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, add_once);
}

static bool take_some(bench_row *row)
{
    const user_state *state = row->state;
    const Bench__Number *item;
    waldo_error error;
    for (unsigned i = 0; i < row->number; i++)
        if (bench_counter_count_up_next(state->numbers, &item, &error) != 1)
            return bench_fail_with(row, &error) == BENCH_READY;
    return true;
}

static double run_generator(bench_row *row, double seconds, histogram *times)
{
    (void)times;
    return bench_count_all(row, seconds, take_some);
}

#define GET .open = bench_open_dict, .run = bench_run_get, .close = bench_close_dict
#define PIPELINE                                                                                   \
    .is_rate = true, .open = bench_open_dict, .run = run_pipeline, .close = bench_close_dict,      \
    .parameter = "tcp"

bench_row bench_call_rows[] = {
    {.name = "call.tcp", GET, .parameter = "tcp"},
    {.name = "call.user.tcp",
     .open = open_user,
     .run = run_add,
     .close = close_user,
     .parameter = "tcp"},
    {.name = "call.tcp.nospin", GET, .parameter = "tcp", .no_spin = true},
    {.name = "call.ipc", GET, .parameter = "ipc"},
    {.name = "call.ipc.nospin", GET, .parameter = "ipc", .no_spin = true},
    {.name = "call.shm", GET, .parameter = "shm"},
    {.name = "call.nn_tcp", GET, .parameter = "nn+tcp"},
    {.name = "create_drop.tcp",
     .open = bench_open_dict,
     .run = run_create,
     .close = bench_close_dict,
     .parameter = "tcp"},
    {.name = "pipeline.tcp.1", PIPELINE, .number = 1},
    {.name = "pipeline.tcp.10", PIPELINE, .number = 10},
    {.name = "pipeline.tcp.100", PIPELINE, .number = MOST_UNDER_WAY},
    {.name = "batch.tcp.100",
     .is_rate = true,
     .open = bench_open_dict,
     .run = run_batch,
     .close = bench_close_dict,
     .parameter = "tcp",
     .number = 100},
    {.name = "generator.tcp",
     .is_rate = true,
     .open = open_user,
     .run = run_generator,
     .close = close_user,
     .parameter = "tcp",
     .number = 256}, /* between two looks at the clock */
    {0},
};
