#include "memory/heap.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ARENA ((size_t)64 << 10)
#define LARGEST_ARENA ((size_t)4 << 20)

/* A free part of an arena. Neighbours are one. */
typedef struct waldo__gap {
    size_t offset;
    size_t size;
    struct waldo__gap *next; /* by offset */
} waldo__gap;

typedef struct waldo__arena {
    waldo__segment *segment;
    waldo__gap *gaps;
    size_t blocks; /* that have not been freed */
    size_t bytes;  /* in them */
    bool closed;   /* this process forked: nothing in it is given out again */
    struct waldo__arena *next;
} waldo__arena;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static waldo__arena *arenas;
static size_t next_size = FIRST_ARENA;
static uint64_t generation = 1; /* changes in a forked child */

static void free_arena(waldo__arena *arena)
{
    while (arena->gaps) {
        waldo__gap *gap = arena->gaps;
        arena->gaps = gap->next;
        free(gap);
    }
    waldo__segment_unref(arena->segment);
    free(arena);
}

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
    for (waldo__arena *arena = arenas; arena; arena = arena->next)
        arena->closed = true;
    next_size = FIRST_ARENA;
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    pthread_mutex_unlock(&lock);
    while (arenas) {
        waldo__arena *arena = arenas;
        arenas = arena->next;
        free_arena(arena);
    }
    next_size = FIRST_ARENA;
    ++generation;
}

/* fork() takes this lock before that of the segments, as everybody does. */
static void install(void)
{
    waldo__segments_watch_fork();
    (void)pthread_atfork(before_fork, in_parent, in_child);
}

static int add_arena(waldo__arena **ret_arena, waldo_error *reterr)
{
    size_t size = next_size;
    waldo__arena *arena = calloc(1, sizeof *arena);
    waldo__gap *gap = calloc(1, sizeof *gap);
    int status = 0;
    if (!arena || !gap)
        status = waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    if (status == 0)
        status = waldo__segment_new(size, &arena->segment, reterr);
    if (status < 0) {
        free(gap);
        free(arena);
        return status;
    }
    gap->size = size;
    arena->gaps = gap;
    arena->next = arenas;
    arenas = arena;
    if (next_size < LARGEST_ARENA)
        next_size *= 2;
    *ret_arena = arena;
    return 0;
}

/* The place in the list of the first gap that is large enough; NULL: there is none. */
static waldo__gap **find_gap(waldo__arena *arena, size_t size)
{
    for (waldo__gap **link = &arena->gaps; *link; link = &(*link)->next)
        if ((*link)->size >= size)
            return link;
    return NULL;
}

static void cut(waldo__arena *arena, waldo__gap **link, waldo__block *block)
{
    waldo__gap *gap = *link;
    block->segment = waldo__segment_ref(arena->segment);
    block->offset = gap->offset;
    block->arena = arena;
    block->generation = generation;
    ++arena->blocks;
    arena->bytes += block->size;
    gap->offset += block->size;
    gap->size -= block->size;
    if (gap->size == 0) {
        *link = gap->next;
        free(gap);
    }
}

static int find_room(waldo__block *block, waldo_error *reterr)
{
    for (waldo__arena *arena = arenas; arena; arena = arena->next) {
        waldo__gap **gap = arena->closed ? NULL : find_gap(arena, block->size);
        if (gap) {
            cut(arena, gap, block);
            memset(waldo__block_memory(block), 0, block->size);
            return 0;
        }
    }
    waldo__arena *arena = NULL;
    int status = add_arena(&arena, reterr);
    if (status < 0)
        return status;
    cut(arena, &arena->gaps, block);
    return 0;
}

/* What is large goes back whole. */
static int own_segment(size_t size, waldo__block *ret_block, waldo_error *reterr)
{
    waldo__block block = {.size = size};
    int status = waldo__segment_new(size, &block.segment, reterr);
    if (status == 0)
        *ret_block = block;
    return status;
}

int waldo__block_new(size_t size, waldo__block *ret_block, waldo_error *reterr)
{
    if (size == 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "a shared block of 0 bytes");
    if (size > waldo__host_memory())
        return waldo_error_set(reterr, WALDO_ENOMEM,
                               "%zu bytes of shared memory are more than this host has", size);
    if (size >= FIRST_ARENA)
        return own_segment(size, ret_block, reterr);
    pthread_once(&once, install);
    const size_t alignment = WALDO__BLOCK_ALIGNMENT;
    waldo__block block = {.size = (size + alignment - 1) / alignment * alignment};
    pthread_mutex_lock(&lock);
    int status = find_room(&block, reterr);
    pthread_mutex_unlock(&lock);
    if (status == 0)
        *ret_block = block;
    return status;
}

void waldo__block_share(waldo__block *block)
{
    pthread_mutex_lock(&lock);
    block->shared = true;
    pthread_mutex_unlock(&lock);
}

/* Gives the room back, joined with its neighbours. Without memory for it, it is given back with the
 * arena only. */
static void return_room(waldo__arena *arena, size_t offset, size_t size)
{
    waldo__gap *before = NULL;
    waldo__gap *after = arena->gaps;
    while (after && after->offset < offset) {
        before = after;
        after = after->next;
    }
    if (before && before->offset + before->size == offset) {
        before->size += size;
    } else {
        waldo__gap *gap = malloc(sizeof *gap);
        if (!gap)
            return;
        *gap = (waldo__gap){offset, size, after};
        if (before)
            before->next = gap;
        else
            arena->gaps = gap;
        before = gap;
    }
    if (after && before->offset + before->size == after->offset) {
        before->size += after->size;
        before->next = after->next;
        free(after);
    }
}

/* Takes the arena out of the list and frees it. */
static void drop_arena(waldo__arena *arena)
{
    waldo__arena **link = &arenas;
    while (*link != arena)
        link = &(*link)->next;
    *link = arena->next;
    free_arena(arena);
}

void waldo__block_free(waldo__block *block)
{
    if (!block->segment)
        return;
    pthread_mutex_lock(&lock);
    waldo__arena *arena = block->generation == generation ? block->arena : NULL;
    if (arena) {
        --arena->blocks;
        arena->bytes -= block->size;
        if (arena->blocks == 0)
            drop_arena(arena);
        else if (!block->shared && !arena->closed)
            return_room(arena, block->offset, block->size);
    }
    pthread_mutex_unlock(&lock);
    waldo__segment_unref(block->segment);
    block->segment = NULL;
}

void waldo__heap_usage(size_t *ret_arenas, size_t *ret_bytes)
{
    *ret_arenas = *ret_bytes = 0;
    pthread_mutex_lock(&lock);
    for (const waldo__arena *arena = arenas; arena; arena = arena->next) {
        ++*ret_arenas;
        *ret_bytes += arena->bytes;
    }
    pthread_mutex_unlock(&lock);
}
