/* One direction of a sealed channel: frames numbered from 0, encrypted under a key that is replaced
 * every 65,536 frames, so that a key that leaks opens no earlier ones.
 *
 * Frames may get lost; they are neither accepted twice nor out of order. One thread at a time. */
#ifndef WALDO_RUNTIME_SECURE_STREAM_H
#define WALDO_RUNTIME_SECURE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secure/cipher.h"

enum {
    WALDO__STREAM_EPOCH_BITS = 16, /* of a counter, below its epoch: frames under one key */
    WALDO__STREAM_MAX_SKIP = 4     /* epochs that may be lost in one piece */
};

typedef struct waldo__stream {
    waldo__cipher_key key;
    uint64_t epoch; /* the key's */
    uint64_t next;  /* the counter of the next frame to send, the lowest to accept */
} waldo__stream;

/* Encrypts frame number stream->next from and to the same place, which has room for
 * WALDO__CIPHER_TAG_SIZE bytes more. false: all numbers are used up. */
bool waldo__stream_seal(waldo__stream *stream, const void *header, size_t header_size,
                        uint8_t *data, size_t size);
/* Writes size - WALDO__CIPHER_TAG_SIZE bytes, not to the same place. false: seen before, late, too
 * far ahead, or not as it was sent; the stream is as it was. */
bool waldo__stream_open(waldo__stream *stream, uint64_t counter, const void *header,
                        size_t header_size, const uint8_t *sealed, size_t size, uint8_t *ret_plain);

#endif
