/* What was measured, for people and for programs. */
#ifndef WALDO_BENCH_REPORT_H
#define WALDO_BENCH_REPORT_H

#include <stddef.h>

#include "bench/bench.h"

enum { REPORT_ROWS = 64, REPORT_ROUNDS = 16 };

typedef struct result {
    bench_row *row;
    bool failed;
    unsigned rounds;
    double medians[REPORT_ROUNDS]; /* of each round: nanoseconds, or operations a second */
    histogram times;               /* of all rounds together */
} result;

typedef struct report {
    result rows[REPORT_ROWS];
    size_t count;
} report;

void report_print(report *results);
bool report_write_json(report *results, const char *path);
/* Has every row been measured? */
bool report_is_good(const report *results);

#endif
