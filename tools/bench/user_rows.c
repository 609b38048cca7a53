/* Rows on a type of a user's own, which waldod has loaded: types/. */
#include <dlfcn.h>
#include <stdlib.h>

#include <waldo/waldo.h>

#include "bench/bench.h"
#include "tally.proxy.h"

enum { ITEMS = 100000 };

typedef struct user_state {
    waldo_manager *manager;
    tally_tally *tally;
    tally_tally_count_up_iterator *items; /* NULL: at the end of one */
} user_state;

/* The module is a library that this program uses. */
const char *bench_module(void)
{
    Dl_info info;
    return dladdr((void *)(uintptr_t)tally_tally_new, &info) ? info.dli_fname : "";
}

static int fail(bench_row *row, const waldo_error *error)
{
    return bench_fail(row, "%s: %s", error->type_name, error->message);
}

static void close_user(bench_row *row)
{
    user_state *state = row->state;
    tally_tally_count_up_unref(state->items);
    tally_tally_unref(state->tally);
    waldo_manager_unref(state->manager);
    free(state);
}

static int open_user(bench_row *row, const bench_place *place)
{
    user_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    Tally__Number one = TALLY__NUMBER__INIT;
    one.n = 1;
    waldo_error error;
    if (waldo_connect(place->tcp, NULL, &state->manager, &error) >= 0 &&
        tally_tally_new(state->manager, &one, &state->tally, &error) >= 0)
        return 0;
    fail(row, &error);
    close_user(row);
    return -1;
}

static bool get_once(bench_row *row)
{
    const user_state *state = row->state;
    Tally__Number *number;
    waldo_error error;
    if (tally_tally_get(state->tally, &number, &error) < 0)
        return fail(row, &error) == 0;
    tally__number__free_unpacked(number, NULL);
    return true;
}

static double run_get(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, get_once);
}

/* ---- items of a generator, one after the other as they come by themselves ---- */

/* 1: there was one; 0: that generator has come to its end. */
static int next_item(user_state *state, waldo_error *error)
{
    Tally__Number count = TALLY__NUMBER__INIT;
    count.n = ITEMS;
    const Tally__Number *item;
    int status = 0;
    if (!state->items)
        status = tally_tally_count_up(state->tally, &count, &state->items, error);
    if (status >= 0)
        status = tally_tally_count_up_next(state->items, &item, error);
    if (status == 0)
        state->items = tally_tally_count_up_unref(state->items);
    return status;
}

static double run_generator(bench_row *row, double seconds, histogram *times)
{
    enum { BETWEEN_LOOKS = 64 };
    (void)times;
    uint64_t start = bench_now(), now = start, end = start + (uint64_t)(seconds * 1e9);
    uint64_t count = 0;
    waldo_error error;
    for (; now < end; now = bench_now())
        for (int i = 0; i < BETWEEN_LOOKS; i++) {
            int status = next_item(row->state, &error);
            if (status < 0)
                return fail(row, &error);
            count += (uint64_t)status;
        }
    return (double)count * 1e9 / (double)(now - start);
}

bench_row bench_user_rows[] = {
    {.name = "call.user.tcp", .open = open_user, .run = run_get, .close = close_user},
    {.name = "generator.tcp",
     .is_rate = true,
     .open = open_user,
     .run = run_generator,
     .close = close_user},
    {0},
};
