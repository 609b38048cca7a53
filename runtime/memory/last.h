/* Counted references. */
#ifndef WALDO_RUNTIME_MEMORY_LAST_H
#define WALDO_RUNTIME_MEMORY_LAST_H

#include <stdatomic.h>
#include <stdbool.h>

/* Gives one reference back; true: it was the last, and its object is the caller's alone, who sees
 * what all others did. Who has the only one knows it without the dear operation, and the count is
 * not 0 then: not for what may be found, and taken, by somebody who holds no reference. */
static inline bool waldo__is_last(atomic_uint *references)
{
    return atomic_load_explicit(references, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel) == 1;
}

#endif
