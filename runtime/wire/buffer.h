/* A growing run of bytes. Zero is a valid empty one. */
#ifndef WALDO_RUNTIME_WIRE_BUFFER_H
#define WALDO_RUNTIME_WIRE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct waldo__buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
} waldo__buffer;

/* Room for `capacity` bytes in all, or more; false: out of memory, the buffer is as it was. */
bool waldo__buffer_reserve(waldo__buffer *buffer, size_t capacity);
/* The same, but only with memory that a buffer has left and that is kept for the next one. */
bool waldo__buffer_reserve_spare(waldo__buffer *buffer, size_t capacity);
bool waldo__buffer_append(waldo__buffer *buffer, const void *data, size_t size);
/* Frees the memory and leaves an empty buffer. */
void waldo__buffer_free(waldo__buffer *buffer);

#endif
