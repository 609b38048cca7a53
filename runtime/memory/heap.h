/* The heap behind locks, values and arrays (row O6): blocks of shared arenas.
 *
 * Only the process that made an arena gives out blocks of it, and it keeps the books in its own
 * memory: no other process can spoil them, and none that is killed leaves them half written. What
 * the heap cannot know is how long others use a block. So a block that another process may have
 * seen, because it was handed over or because this process forked while it existed, is never used
 * again; its memory goes back with its arena, when every block of it has been freed. A forked child
 * starts with an empty heap. Any thread. */
#ifndef WALDO_RUNTIME_MEMORY_HEAP_H
#define WALDO_RUNTIME_MEMORY_HEAP_H

#include <stdbool.h>

#include "memory/segment.h"

#define WALDO__BLOCK_ALIGNMENT 64

typedef struct waldo__block {
    waldo__segment *segment; /* a reference */
    size_t offset;
    size_t size;                /* at least what was asked for */
    struct waldo__arena *arena; /* NULL: another process's, or the segment is all its own */
    uint64_t generation;        /* of the heap that it is from */
    bool shared;                /* others may know it */
} waldo__block;

/* Zeroed memory. WALDO_EVALUE: size 0; else as waldo__segment_new. */
int waldo__block_new(size_t size, waldo__block *ret_block, waldo_error *reterr);
/* Says that others may know it from now on. */
void waldo__block_share(waldo__block *block);
/* Nothing if it has no segment, that is, if it was zeroed or freed. */
void waldo__block_free(waldo__block *block);

static inline void *waldo__block_memory(const waldo__block *block)
{
    return block->segment->memory + block->offset;
}

/* For tests: arenas of this process's heap, and bytes in their blocks. */
void waldo__heap_usage(size_t *ret_arenas, size_t *ret_bytes);

#endif
