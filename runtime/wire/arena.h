/* Memory of one call: taken piece by piece, given back at once. One thread at a time. */
#ifndef WALDO_RUNTIME_WIRE_ARENA_H
#define WALDO_RUNTIME_WIRE_ARENA_H

#include <stdalign.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

typedef struct waldo__arena_block waldo__arena_block;

/* What most calls need; not more, because many may wait at the same time. */
enum { WALDO__ARENA_FIRST = 432 };

/* Stays where it is while it is in use. */
typedef struct waldo__arena {
    waldo__arena_block *blocks; /* beyond the first bytes, which are its own */
    /* For protobuf-c; freeing through it does nothing. */
    ProtobufCAllocator allocator;
    size_t used;
    alignas(max_align_t) unsigned char first[WALDO__ARENA_FIRST];
} waldo__arena;

void waldo__arena_init(waldo__arena *arena);
/* Aligned for any type, not zeroed. NULL: out of memory. */
void *waldo__arena_alloc(waldo__arena *arena, size_t size);
/* NULL: out of memory. */
char *waldo__arena_strdup(waldo__arena *arena, const char *text);
void waldo__arena_free(waldo__arena *arena);

#endif
