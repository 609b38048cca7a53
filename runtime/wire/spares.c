#include "wire/spares.h"

#include <stdbool.h>
#include <stdlib.h>

#include "wire/poison.h"

enum { MOST = 128, SHORT_BUFFER = 512 };

void waldo__spares_init(waldo__spares *spares, size_t size, void (*end)(void *block))
{
    *spares = (waldo__spares){.size = size, .end = end};
    pthread_mutex_init(&spares->lock, NULL);
}

void *waldo__spares_take(waldo__spares *spares)
{
    pthread_mutex_lock(&spares->lock);
    void **block = spares->first;
    if (block) {
        spares->first = *block;
        spares->count--;
    }
    pthread_mutex_unlock(&spares->lock);
    if (!block)
        return calloc(1, spares->size);
    ASAN_UNPOISON_MEMORY_REGION(block, spares->size);
    return block;
}

static void end(const waldo__spares *spares, void *block)
{
    spares->end(block);
    free(block);
}

void waldo__spares_give(waldo__spares *spares, void *block)
{
    void **spare = block;
    pthread_mutex_lock(&spares->lock);
    bool keeps = spares->count < MOST;
    if (keeps) {
        *spare = spares->first;
        spares->first = spare;
        spares->count++;
        /* Whoever uses it still is found out. */
        ASAN_POISON_MEMORY_REGION(spare + 1, spares->size - sizeof *spare);
    }
    pthread_mutex_unlock(&spares->lock);
    if (!keeps)
        end(spares, block);
}

void waldo__spares_trim(waldo__buffer *buffer)
{
    /* What only poisoned memory points to is taken for a leak. */
    if (WALDO__POISONS || buffer->capacity > SHORT_BUFFER)
        waldo__buffer_free(buffer);
    buffer->size = 0;
}

void waldo__spares_after_fork(waldo__spares *spares)
{
    pthread_mutex_init(&spares->lock, NULL);
}

void waldo__spares_free(waldo__spares *spares)
{
    while (spares->first) {
        void **block = spares->first;
        spares->first = *block;
        ASAN_UNPOISON_MEMORY_REGION(block, spares->size);
        end(spares, block);
    }
    pthread_mutex_destroy(&spares->lock);
}
