#include "limit.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>

#include <uv.h>

#include "engine/deadline.h"
#include "server_internal.h"

static const struct {
    uint64_t value;
    const char *what;
} rows[] = {
#define WALDO_LIMIT_ROW(name, value, what) {value, what},
    WALDO_LIMIT_MAP(WALDO_LIMIT_ROW)
#undef WALDO_LIMIT_ROW
};

/* Three quarters of what there is; the rest is for what cannot be refused. */
static uint64_t default_memory(void)
{
    uint64_t total = uv_get_total_memory(), constrained = uv_get_constrained_memory();
    if (constrained > 0 && constrained < total)
        total = constrained;
    return total > 0 ? total / 4 * 3 : UINT64_MAX;
}

void waldo__limits_init(waldo__limits *limits, const uint64_t wanted[WALDO_LIMIT_COUNT])
{
    for (int i = 0; i < WALDO_LIMIT_COUNT; i++)
        limits->limit[i] = wanted[i] ? wanted[i] : rows[i].value;
    if (limits->limit[WALDO_LIMIT_DEPTH] > rows[WALDO_LIMIT_DEPTH].value)
        limits->limit[WALDO_LIMIT_DEPTH] = rows[WALDO_LIMIT_DEPTH].value;
    if (limits->limit[WALDO_LIMIT_MEMORY] == 0)
        limits->limit[WALDO_LIMIT_MEMORY] = default_memory();
}

bool waldo__limit_take(waldo__limits *limits, enum waldo_limit which)
{
    if (atomic_fetch_add(&limits->now[which], 1) < limits->limit[which])
        return true;
    atomic_fetch_sub(&limits->now[which], 1);
    atomic_fetch_add(&limits->refused[which], 1);
    return false;
}

void waldo__limit_give(waldo__limits *limits, enum waldo_limit which)
{
    atomic_fetch_sub(&limits->now[which], 1);
}

bool waldo__limit_allows(waldo__limits *limits, enum waldo_limit which, uint64_t amount)
{
    if (amount <= limits->limit[which])
        return true;
    atomic_fetch_add(&limits->refused[which], 1);
    return false;
}

int waldo__limit_raise(waldo_call *call, enum waldo_limit which)
{
    return waldo_call_raise(call, WALDO_ELIMIT, "the server's limit of %" PRIu64 " %s is reached",
                            call->server->limits.limit[which], rows[which].what);
}

bool waldo__limits_report(const waldo__limits *limits, waldo__buffer *text)
{
    bool complete = true;
    for (int i = 0; i < WALDO_LIMIT_COUNT; i++) {
        char line[256];
        uint64_t refused = atomic_load(&limits->refused[i]);
        int length = snprintf(line, sizeof line, "\n  limit of %" PRIu64 " %s: refused %" PRIu64,
                              limits->limit[i], rows[i].what, refused);
        if (refused > 0)
            complete = waldo__buffer_append(text, line, (size_t)length) && complete;
    }
    return complete;
}

void waldo_server_keep_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 16 * 1024 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 32 * 1024 * 1024);
#endif
}

static uint64_t resident(void)
{
    size_t bytes = 0;
    (void)uv_resident_set_memory(&bytes);
    return bytes;
}

static void measure_memory(waldo__limits *limits)
{
    uint64_t bytes = resident();
    /* What was freed does not count. */
    if (bytes > limits->limit[WALDO_LIMIT_MEMORY] && malloc_trim(0))
        bytes = resident();
    atomic_store(&limits->now[WALDO_LIMIT_MEMORY], bytes);
}

bool waldo__limit_memory(waldo__limits *limits)
{
    /* Looking costs about as much as a call, and trimming more. */
    static const uint64_t interval = 50 * 1000 * 1000;
    uint64_t now = waldo__lately();
    uint64_t before = atomic_load(&limits->memory_measured_at);
    if (now > before + interval &&
        atomic_compare_exchange_strong(&limits->memory_measured_at, &before, now)) {
        measure_memory(limits);
        atomic_store(&limits->memory_measured_at, waldo__lately());
    }
    return waldo__limit_allows(limits, WALDO_LIMIT_MEMORY,
                               atomic_load(&limits->now[WALDO_LIMIT_MEMORY]));
}

void waldo_server_usage(waldo_server *server, enum waldo_limit which, waldo_limit_usage *ret_usage)
{
    waldo__limits *limits = &server->limits;
    *ret_usage = (waldo_limit_usage){limits->limit[which], atomic_load(&limits->now[which]),
                                     atomic_load(&limits->refused[which])};
}
