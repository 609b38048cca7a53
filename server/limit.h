/* Keeping to the limits. Counters may be used by any thread. */
#ifndef WALDO_SERVER_LIMIT_H
#define WALDO_SERVER_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <waldo/limits.h>
#include <waldo/service.h>

#include "wire/buffer.h"

typedef struct waldo__limits {
    uint64_t limit[WALDO_LIMIT_COUNT];
    _Atomic uint64_t now[WALDO_LIMIT_COUNT];
    _Atomic uint64_t refused[WALDO_LIMIT_COUNT];
    _Atomic uint64_t memory_measured_at; /* waldo__now() clock */
} waldo__limits;

/* Zeros in `wanted` are the defaults. */
void waldo__limits_init(waldo__limits *limits, const uint64_t wanted[WALDO_LIMIT_COUNT]);
/* Takes one if there is one left; counts the refusal if not. */
bool waldo__limit_take(waldo__limits *limits, enum waldo_limit which);
void waldo__limit_give(waldo__limits *limits, enum waldo_limit which);
/* Is `amount` within a limit of what is limited one by one? Counts the refusal if not. */
bool waldo__limit_allows(waldo__limits *limits, enum waldo_limit which, uint64_t amount);
/* Raises WALDO_ELIMIT with the limit's name at the call's caller. */
int waldo__limit_raise(waldo_call *call, enum waldo_limit which);
/* Appends a line for each limit that has refused something. false: out of memory. */
bool waldo__limits_report(const waldo__limits *limits, waldo__buffer *text);
/* Measures the memory in use, now and then; false: above the limit. */
bool waldo__limit_memory(waldo__limits *limits);

#endif
