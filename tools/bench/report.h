/* What was measured, for people and for programs. */
#ifndef WALDO_BENCH_REPORT_H
#define WALDO_BENCH_REPORT_H

#include <stddef.h>
#include <sys/utsname.h>

#include "bench/bench.h"

enum { REPORT_ROWS = 80, REPORT_ROUNDS = 16 };

typedef struct result {
    bench_row *row;
    bench_opened outcome;
    bool is_open;
    unsigned rounds;
    double medians[REPORT_ROUNDS]; /* of each round: nanoseconds, or operations a second */
    histogram times;               /* of all rounds together */
    double used;                   /* seconds of processor time, of both sides, in all rounds */
    double operations;             /* in that time */
} result;

typedef struct report {
    result rows[REPORT_ROWS];
    size_t count;
    unsigned rounds;
    double seconds; /* of a row in a round */
} report;

/* Nanoseconds, or operations a second: the median of the rounds'. */
double report_median(const result *one);
/* Microseconds of processor time that an operation takes, of both sides together; < 0: it is not
 * known. */
double report_used(const result *one);
/* NULL: it was not measured. */
const result *report_find(const report *results, const char *name);

/* What rows are to be compared with. */
typedef struct comparison {
    const char *row;
    const char *peer;
    bool at_least; /* as fast, or as many; else at most as long */
    double bar;
} comparison;

/* NULL row at the end. */
extern const comparison report_comparisons[];
/* Of the times; where the bar is a least, of the speeds. 0: one of the two was not measured. */
double report_ratio(const report *results, const comparison *with);
bool report_is_reached(const comparison *with, double ratio);

typedef struct report_machine {
    struct utsname system;
    char processor[80]; /* as the kernel calls it */
    long cores;
} report_machine;

void report_describe_machine(report_machine *ret_machine);

void report_print(const report *results);
/* NULL, or why it was not written. */
const char *report_write_json(const report *results, const char *path);
/* Nothing failed. */
bool report_is_good(const report *results);

#endif
