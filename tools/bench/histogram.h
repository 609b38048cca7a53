/* Durations in buckets whose width is at most 1/256 of their value. */
#ifndef WALDO_BENCH_HISTOGRAM_H
#define WALDO_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 256, HISTOGRAM_BUCKETS = 60 * HISTOGRAM_STEPS };

typedef struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total;
} histogram;

void histogram_add(histogram *to, uint64_t nanoseconds);
void histogram_merge(histogram *to, const histogram *from);
/* The duration that `share` of them (0.5: the median) do not exceed, in nanoseconds; 0 if there are
 * none. */
double histogram_at(const histogram *from, double share);

#endif
