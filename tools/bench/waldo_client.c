#include "bench/waldo_client.h"

#include <stdlib.h>
#include <string.h>

bench_opened bench_fail_with(bench_row *row, const waldo_error *error)
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

int bench_connect(const bench_row *row, const char *scheme, waldo_manager **ret_manager,
                  waldo_error *reterr)
{
    const waldo_manager_options options = {.spin_us = row->no_spin ? -1 : 0};
    return waldo_connect(url_of(row->place, scheme), &options, ret_manager, reterr);
}

void bench_leave(bench_dict *client)
{
    waldo_dict_unref(client->dict);
    waldo_manager_unref(client->manager);
    *client = (bench_dict){0};
}

int bench_enter(const bench_row *row, const char *scheme, bench_dict *ret_client,
                waldo_error *reterr)
{
    bench_dict client = {0};
    int status = bench_connect(row, scheme, &client.manager, reterr);
    if (status >= 0)
        status = waldo_dict_new(client.manager, &client.dict, reterr);
    if (status >= 0)
        status = waldo_dict_set(client.dict, waldo_v(1), waldo_v(1), reterr);
    if (status < 0)
        bench_leave(&client);
    *ret_client = client;
    return status;
}

bool bench_get(const bench_dict *client, waldo_error *reterr)
{
    waldo_value *item;
    if (waldo_dict_get(client->dict, waldo_v(1), &item, reterr) < 0)
        return false;
    waldo_value_unref(item);
    return true;
}

void bench_close_dict(bench_row *row)
{
    bench_leave(row->state);
    free(row->state);
}

bench_opened bench_open_dict(bench_row *row)
{
    bench_dict *client = malloc(sizeof *client);
    if (!client)
        return bench_fail(row, "no memory");
    row->state = client;
    waldo_error error;
    if (bench_enter(row, row->parameter, client, &error) >= 0)
        return BENCH_READY;
    free(client);
    return bench_fail_with(row, &error);
}

static bool get_once(bench_row *row)
{
    waldo_error error;
    return bench_get(row->state, &error) || bench_fail_with(row, &error) == BENCH_READY;
}

double bench_run_get(bench_row *row, double seconds, histogram *times)
{
    return bench_time_each(row, seconds, times, get_once);
}
