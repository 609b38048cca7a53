/* Python's slices, as values and as ranges of a sequence. */
#ifndef WALDO_RUNTIME_VALUE_SLICE_H
#define WALDO_RUNTIME_VALUE_SLICE_H

#include <stdbool.h>

#include <waldo/value.h>

/* The `count` indices start, start + step, ... of a sequence; all are within it. Where count is 0,
 * start is where items would be inserted. */
typedef struct waldo__range {
    int64_t start;
    int64_t step; /* never 0 */
    size_t count;
} waldo__range;

bool waldo__is_slice(const waldo_value *value);
/* Start, stop and step, or WALDO_OMIT; false: the bytes are no slice. */
bool waldo__slice_read(const waldo_value *slice, int64_t ret_parts[3]);
/* What the slice selects of a sequence of that length. WALDO_EVALUE: a step of zero, or bytes that
 * are no slice. */
int waldo__slice_resolve(const waldo_value *slice, size_t length, waldo__range *ret_range,
                         waldo_error *reterr);

#endif
