/* One client's calls of a waldod that has a lot of objects, or of calls that wait. Another process
 * holds them, and each row has a server of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/waldo_client.h"
#include "waldo/builtins.proxy.h"

/* Calls that one session may have under way: a reply has to be kept for each. */
enum { PER_SESSION = 4000 };

/* ---- who holds them ---- */

/* Nothing of it is given back before the process ends. */

static int hold_objects(waldo_manager *manager, unsigned long count, waldo_error *error)
{
    waldo_event *event;
    int status = 0;
    for (unsigned long i = 0; i < count && status >= 0; i++)
        status = waldo_event_new(manager, &event, error);
    return status;
}

static int hold_waiters(waldo_manager *manager, unsigned long count, waldo_error *error)
{
    waldo_builtin_event *event;
    waldo_future *future;
    Waldo__Builtin__EventWait for_ever = WALDO__BUILTIN__EVENT_WAIT__INIT;
    int status = waldo_builtin_event_new(manager, &event, error);
    for (unsigned long i = 0; i < count && status >= 0; i++)
        status = waldo_builtin_event_wait_async(event, &for_ever, &future, error);
    /* Calls on one object are in order: when this one is answered all others wait. */
    Google__Protobuf__BoolValue *is_set;
    if (status >= 0)
        status = waldo_builtin_event_is_set(event, &is_set, error);
    return status;
}

static int hold(const char *kind, unsigned long count, const char *url, waldo_error *error)
{
    const waldo_manager_options options = {.call_timeout = WALDO_FOREVER};
    bool are_objects = strcmp(kind, "objects") == 0;
    int status = 0;
    for (unsigned long left = count; left > 0 && status >= 0;) {
        unsigned long some = are_objects || left < PER_SESSION ? left : PER_SESSION;
        waldo_manager *manager;
        status = waldo_connect(url, &options, &manager, error);
        if (status >= 0)
            status = are_objects ? hold_objects(manager, some, error)
                                 : hold_waiters(manager, some, error);
        left -= some;
    }
    return status;
}

int bench_serve_holder(const char *kind, const char *address)
{
    char *url, end;
    unsigned long count = strtoul(address, &url, 10);
    waldo_error error;
    int status = hold(kind, count, url + strspn(url, " "), &error);
    if (status < 0)
        printf("%s: %s\n", error.type_name, error.message);
    else
        puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &end, 1) > 0)
        ;
    _exit(status < 0);
}

/* ---- who calls ---- */

typedef struct crowded_state {
    bench_dict client; /* first: bench_run_get() sees nothing but this */
    bench_child server;
    bench_child holder;
    bench_place place;
} crowded_state;

static void close_crowded(bench_row *row)
{
    crowded_state *state = row->state;
    bench_leave(&state->client);
    bench_child_end(&state->server); /* first: it need not tidy up behind the other one */
    bench_child_finish(&state->holder);
    free(state);
}

/* The row fails with what the holder said unless that was "ready". */
static bool start_holder(bench_row *row)
{
    crowded_state *state = row->state;
    char address[BENCH_URL_SIZE + 16], line[BENCH_REASON_SIZE] = "no holder";
    snprintf(address, sizeof address, "%u %s", row->number, state->place.ipc);
    bool ready = bench_child_serve(&state->holder, row->parameter, address) &&
                 bench_child_read_line(&state->holder, line, sizeof line) &&
                 strcmp(line, "ready") == 0;
    if (!ready)
        bench_fail(row, "%s: %s", row->parameter, line);
    return ready;
}

static bench_opened open_crowded(bench_row *row)
{
    crowded_state *state = calloc(1, sizeof *state);
    if (!state)
        return bench_fail(row, "no memory");
    row->state = state;
    state->place = *row->place;
    row->place = &state->place;
    waldo_error error;
    if (!bench_waldod_start(&state->server, row->name, NULL, &state->place))
        bench_fail(row, "waldod does not start");
    else if (!start_holder(row))
        ;
    else if (bench_enter(row, "tcp", &state->client, &error) < 0)
        bench_fail_with(row, &error);
    else
        return BENCH_READY;
    close_crowded(row);
    return BENCH_FAILED;
}

#define CROWDED(what)                                                                              \
    .open = open_crowded, .run = bench_run_get, .close = close_crowded, .parameter = what

bench_row bench_crowded_rows[] = {
    {.name = "objects.1", CROWDED("objects"), .number = 1},
    {.name = "objects.1000", CROWDED("objects"), .number = 1000},
    {.name = "objects.100000", CROWDED("objects"), .number = 100 * 1000},
    {.name = "objects.1000000", CROWDED("objects"), .number = 1000 * 1000},
    {.name = "waiters.1000", CROWDED("waiters"), .number = 1000},
    {.name = "waiters.100000", CROWDED("waiters"), .number = 100 * 1000},
    {0},
};
