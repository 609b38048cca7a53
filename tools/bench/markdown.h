/* The results as a part of a page. */
#ifndef WALDO_BENCH_MARKDOWN_H
#define WALDO_BENCH_MARKDOWN_H

#include "bench/report.h"

/* Replaces what stands in the file between <!-- waldo-bench --> and <!-- /waldo-bench -->. plot: a
 * picture beside it, or NULL. NULL, or why it was not written; then the file is as it was. */
const char *markdown_write(const report *results, const char *path, const char *plot);

#endif
