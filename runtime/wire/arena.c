#include "wire/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct waldo__arena_block {
    waldo__arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char data[];
};

enum { LARGEST_BLOCK = 4000 };

static void *allocator_alloc(void *arena, size_t size)
{
    return waldo__arena_alloc(arena, size);
}

static void allocator_free(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

void waldo__arena_init(waldo__arena *arena)
{
    arena->blocks = NULL;
    arena->used = 0;
    arena->allocator = (ProtobufCAllocator){allocator_alloc, allocator_free, arena};
}

static waldo__arena_block *add_block(waldo__arena *arena, size_t size)
{
    size_t capacity = arena->blocks ? 2 * arena->blocks->size : 2 * WALDO__ARENA_FIRST;
    if (capacity > LARGEST_BLOCK)
        capacity = LARGEST_BLOCK;
    if (capacity < size)
        capacity = size;
    if (capacity > SIZE_MAX - sizeof(waldo__arena_block))
        return NULL;
    waldo__arena_block *block = malloc(sizeof *block + capacity);
    if (!block)
        return NULL;
    *block = (waldo__arena_block){.next = arena->blocks, .used = 0, .size = capacity};
    arena->blocks = block;
    return block;
}

static void *take_from_blocks(waldo__arena *arena, size_t size)
{
    waldo__arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        block = add_block(arena, size);
        if (!block)
            return NULL;
    }
    void *memory = block->data + block->used;
    block->used += size;
    return memory;
}

void *waldo__arena_alloc(waldo__arena *arena, size_t size)
{
    if (size > SIZE_MAX - alignof(max_align_t))
        return NULL;
    size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (WALDO__ARENA_FIRST - arena->used < size)
        return take_from_blocks(arena, size);
    void *memory = arena->first + arena->used;
    arena->used += size;
    return memory;
}

char *waldo__arena_strdup(waldo__arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = waldo__arena_alloc(arena, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void waldo__arena_free(waldo__arena *arena)
{
    arena->used = 0;
    while (arena->blocks) {
        waldo__arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}
