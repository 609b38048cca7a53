#include "wire/buffer.h"

#include <stdlib.h>
#include <string.h>

#define SMALLEST 64

bool waldo__buffer_reserve(waldo__buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity)
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
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size = needed;
    return true;
}

void waldo__buffer_free(waldo__buffer *buffer)
{
    free(buffer->data);
    *buffer = (waldo__buffer){NULL, 0, 0};
}
