/* Which rows are compared with what, and the ratios to reach. */
#include <string.h>

#include "bench/report.h"

const comparison report_comparisons[] = {
    {"call.tcp", "redis.tcp", false, 0.6},
    {"call.tcp", "cpython.tcp", false, 0.35},
    {"call.tcp.nospin", "redis.tcp", false, 1.0},
    {"call.tcp.nospin", "raw.tcp", false, 1.3},
    {"call.user.tcp", "call.tcp", false, 1.1},
    {"call.ipc", "cpython.unix", false, 0.35},
    {"call.ipc.nospin", "redis.unix", false, 0.95},
    {"call.shm", "redis.unix", false, 0.15},
    {"call.shm", "raw.shm", false, 3},
    {"call.shm", "cpython.unix", false, 0.35},
    {"call.nn_tcp", "raw.nanomsg", false, 1.1},
    {"create_drop.tcp", "call.tcp", false, 2.2},
    {"pipeline.tcp.100", "redis.tcp.pipeline100", true, 1.5},
    {"clients.tcp.50", "redis.tcp.clients50", true, 1.3},
    {"generator.tcp", "cpython.generator", true, 50},
    {"payload.tcp", "raw.tcp.encrypted", true, 0.8},
    {"payload.shm", "raw.memcpy", true, 0.5},
    {"objects.1000000", "objects.1", false, 1.1},
    {0},
};

const result *report_find(const report *results, const char *name)
{
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->rows[i].row->name, name) == 0)
            return results->rows[i].outcome == BENCH_READY ? &results->rows[i] : NULL;
    return NULL;
}

double report_ratio(const report *results, const comparison *with)
{
    const result *row = report_find(results, with->row), *peer = report_find(results, with->peer);
    if (!row || !peer)
        return 0;
    double ours = report_median(row), theirs = report_median(peer);
    if (ours <= 0 || theirs <= 0)
        return 0;
    return with->at_least && !row->row->is_rate ? theirs / ours : ours / theirs;
}

bool report_is_reached(const comparison *with, double ratio)
{
    return with->at_least ? ratio >= with->bar : ratio <= with->bar;
}
