/* Memory of one call: taken piece by piece, given back at once. One thread at a time. */
#ifndef WALDO_RUNTIME_WIRE_ARENA_H
#define WALDO_RUNTIME_WIRE_ARENA_H

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

typedef struct waldo__arena_block waldo__arena_block;

typedef struct waldo__arena {
    waldo__arena_block *blocks;
    /* For protobuf-c; freeing through it does nothing. */
    ProtobufCAllocator allocator;
} waldo__arena;

void waldo__arena_init(waldo__arena *arena);
/* Aligned for any type, not zeroed. NULL: out of memory. */
void *waldo__arena_alloc(waldo__arena *arena, size_t size);
/* NULL: out of memory. */
char *waldo__arena_strdup(waldo__arena *arena, const char *text);
void waldo__arena_free(waldo__arena *arena);

#endif
