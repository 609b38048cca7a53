/* Where a client writes what it does, in memory that outlives it: a file that is mapped. */
#ifndef WALDO_TESTS_LINEARIZABILITY_JOURNAL_H
#define WALDO_TESTS_LINEARIZABILITY_JOURNAL_H

#include <stdatomic.h>

#include "history.h"

enum { JOURNAL_CALLS = 256 };

enum { CALL_FREE, CALL_STARTED, CALL_ENDED };

/* Whoever is killed while it writes leaves the last whole state. */
typedef struct journal_call {
    atomic_int stage;
    operation started;
    operation ended;
} journal_call;

typedef struct journal {
    atomic_uint count;
    journal_call calls[JOURNAL_CALLS];
} journal;

#endif
