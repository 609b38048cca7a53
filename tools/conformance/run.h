/* Runs rows, each in a process of its own. */
#ifndef WALDO_CONFORMANCE_RUN_H
#define WALDO_CONFORMANCE_RUN_H

#include <signal.h>

#include "row_internal.h"

typedef struct run_totals {
    unsigned passed;
    unsigned failed;
    unsigned skipped;
} run_totals;

/* Set by a signal: the row that runs is ended, and no other is begun. */
extern volatile sig_atomic_t run_interrupted;

/* Does the row's name, or its id, match the pattern (fnmatch)? NULL matches all. */
bool run_matches(const row_entry *entry, const char *pattern);
/* Prints a line. The row's process must end within so many seconds. */
void run_row(const row_entry *entry, double seconds, run_totals *totals);

#endif
