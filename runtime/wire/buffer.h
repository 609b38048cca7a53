/* A growing run of bytes. Zero is a valid empty one. */
#ifndef WALDO_RUNTIME_WIRE_BUFFER_H
#define WALDO_RUNTIME_WIRE_BUFFER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* memcpy() for what may be long, between places that nobody chose. On some processors a long one
 * takes fifteen times as long where its target lies 1 to 15 bytes behind its source, seen modulo a
 * page; short ones do not. */
void waldo__copy(void *target, const void *source, size_t size);

typedef struct waldo__buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
} waldo__buffer;

/* Room for `capacity` bytes in all, or more; false: out of memory, the buffer is as it was. */
bool waldo__buffer_reserve(waldo__buffer *buffer, size_t capacity);
/* The same, but only with memory that a buffer has left and that is kept for the next one, or in
 * place of such that was given away. */
bool waldo__buffer_reserve_spare(waldo__buffer *buffer, size_t capacity);
bool waldo__buffer_append(waldo__buffer *buffer, const void *data, size_t size);
/* Frees the memory and leaves an empty buffer. */
void waldo__buffer_free(waldo__buffer *buffer);
/* Its memory with these bytes of its own at the beginning, for free(), and leaves an empty buffer.
 * NULL, and it is as it was: they are few, or less than three quarters of it. */
uint8_t *waldo__buffer_give(waldo__buffer *buffer, const uint8_t *bytes, size_t size);

/* Bytes that several hold, of any thread; they do not change. */
typedef struct waldo__shared_bytes {
    atomic_uint references;
    waldo__buffer buffer;
} waldo__shared_bytes;

/* Takes what is in the buffer, and leaves it empty. With one reference. NULL: out of memory. */
waldo__shared_bytes *waldo__buffer_share(waldo__buffer *buffer);
waldo__shared_bytes *waldo__shared_bytes_ref(waldo__shared_bytes *bytes);
/* NULL is a no-op. */
void waldo__shared_bytes_unref(waldo__shared_bytes *bytes);

#endif
