#include "wire/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "wire/poison.h"

#define SMALLEST 64

void waldo__copy(void *target, const void *source, size_t size)
{
    enum { SHORT = 2048 };
    /* Not memcpy(), in whose place a compiler that knows the bound may put what has the same
     * trouble. */
    for (size_t done = 0, piece; done < size; done += piece) {
        piece = size - done < SHORT ? size - done : SHORT;
        memmove((uint8_t *)target + done, (const uint8_t *)source + done, piece);
    }
}

/* ---- spare memory ---- */

/* What malloc() had from the system for a long message goes back to it with the message, and the
 * next one's pages have to be cleared again: that costs more than to copy it. So a few blocks stay
 * with the process. Whoever takes one out of its place owns it. */
#define SPARE_LEAST ((size_t)64 * 1024)
#define SPARE_MOST ((size_t)4 * 1024 * 1024)
enum { SPARES = 4, SPARE_MOST_TIMES = 4 };

typedef struct spare_block {
    size_t capacity;
} spare_block;

static _Atomic(spare_block *) spares[SPARES];
static atomic_size_t given; /* the capacity of what was given away last */

/* The smallest of all has no place in the end. */
static void keep(spare_block *block, size_t capacity)
{
    block->capacity = capacity;
    ASAN_POISON_MEMORY_REGION(block + 1, capacity - sizeof *block);
    for (int i = 0; i < SPARES && block != NULL; i++) {
        /* From here on somebody else may have it, and have freed it. */
        spare_block *other = atomic_exchange(&spares[i], block);
        if (other != NULL && other->capacity > capacity)
            other = atomic_exchange(&spares[i], other);
        block = other;
        capacity = block != NULL ? block->capacity : 0;
    }
    free(block);
}

/* NULL: there is none of that capacity, or only such as would be wasted on it: who keeps a message
 * is taken to keep no more than that. */
static spare_block *take(size_t capacity)
{
    for (int i = 0; i < SPARES; i++) {
        spare_block *block = atomic_exchange(&spares[i], NULL);
        if (block == NULL)
            continue;
        if (block->capacity < capacity || block->capacity / SPARE_MOST_TIMES > capacity) {
            keep(block, block->capacity);
            continue;
        }
        ASAN_UNPOISON_MEMORY_REGION(block, block->capacity);
        return block;
    }
    return NULL;
}

/* Once for each message whose memory was given away: one like it may have as much. */
static spare_block *replace_given(size_t capacity)
{
    size_t most = atomic_load_explicit(&given, memory_order_relaxed);

    if (capacity > most || most / SPARE_MOST_TIMES > capacity ||
        !atomic_compare_exchange_strong(&given, &most, 0))
        return NULL;
    spare_block *block = malloc(capacity);
    if (block != NULL)
        block->capacity = capacity;
    return block;
}

bool waldo__buffer_reserve_spare(waldo__buffer *buffer, size_t capacity)
{
    if (capacity < SPARE_LEAST || capacity > SPARE_MOST)
        return false;
    spare_block *block = take(capacity);
    if (block == NULL)
        block = replace_given(capacity);
    if (block == NULL)
        return false;
    waldo__buffer taken = {(uint8_t *)block, buffer->size, block->capacity};
    if (buffer->size > 0)
        memcpy(taken.data, buffer->data, buffer->size);
    waldo__buffer_free(buffer);
    *buffer = taken;
    return true;
}

/* ---- buffers ---- */

bool waldo__buffer_reserve(waldo__buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity || waldo__buffer_reserve_spare(buffer, capacity))
        return true;
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

/* Doubles, so that many small appends cost few copies. */
static size_t grown_capacity(const waldo__buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > SIZE_MAX / 2 ? needed : buffer->capacity * 2;

    if (capacity < SMALLEST)
        capacity = SMALLEST;
    return capacity < needed ? needed : capacity;
}

bool waldo__buffer_append(waldo__buffer *buffer, const void *data, size_t size)
{
    if (size == 0)
        return true;
    if (size > SIZE_MAX - buffer->size)
        return false;
    size_t needed = buffer->size + size;
    if (needed > buffer->capacity && !waldo__buffer_reserve(buffer, grown_capacity(buffer, needed)))
        return false;
    waldo__copy(buffer->data + buffer->size, data, size);
    buffer->size = needed;
    return true;
}

void waldo__buffer_free(waldo__buffer *buffer)
{
    if (buffer->capacity >= SPARE_LEAST && buffer->capacity <= SPARE_MOST)
        keep((spare_block *)buffer->data, buffer->capacity);
    else
        free(buffer->data);
    *buffer = (waldo__buffer){NULL, 0, 0};
}

uint8_t *waldo__buffer_give(waldo__buffer *buffer, const uint8_t *bytes, size_t size)
{
    uint8_t *memory = buffer->data;

    if (size < SPARE_LEAST || size < buffer->capacity - buffer->capacity / 4)
        return NULL;
    /* In place memmove() is faster: the target lies a message's head before the source. */
    if (bytes != memory)
        memmove(memory, bytes, size);
    atomic_store_explicit(&given, buffer->capacity, memory_order_relaxed);
    *buffer = (waldo__buffer){NULL, 0, 0};
    return memory;
}

/* ---- shared ones ---- */

waldo__shared_bytes *waldo__buffer_share(waldo__buffer *buffer)
{
    waldo__shared_bytes *bytes = malloc(sizeof *bytes);
    if (bytes == NULL)
        return NULL;
    atomic_init(&bytes->references, 1);
    bytes->buffer = *buffer;
    *buffer = (waldo__buffer){NULL, 0, 0};
    return bytes;
}

waldo__shared_bytes *waldo__shared_bytes_ref(waldo__shared_bytes *bytes)
{
    atomic_fetch_add_explicit(&bytes->references, 1, memory_order_relaxed);
    return bytes;
}

void waldo__shared_bytes_unref(waldo__shared_bytes *bytes)
{
    if (bytes == NULL ||
        atomic_fetch_sub_explicit(&bytes->references, 1, memory_order_acq_rel) != 1)
        return;
    waldo__buffer_free(&bytes->buffer);
    free(bytes);
}
