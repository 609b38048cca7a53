/* Latency against load, as a picture. */
#ifndef WALDO_BENCH_PLOT_H
#define WALDO_BENCH_PLOT_H

#include "bench/report.h"

/* An SVG with a line for each series of rows: what an operation takes, the median and the 99th
 * percentile, where so many of them are done a second. NULL, or why it was not written. */
const char *plot_write(const report *results, const char *path);

#endif
