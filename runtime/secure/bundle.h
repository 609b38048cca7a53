/* A bundle: messages of one connection that leave together, and are sealed as one frame.
 *
 *     | request id 32 | size 64 | as many bytes | ...          integers are big-endian
 *
 * It has at most WALDO__BUNDLE_MOST bytes, so that nobody makes the other side do much work at
 * once; what would not fit is sent as a frame of its own. */
#ifndef WALDO_RUNTIME_SECURE_BUNDLE_H
#define WALDO_RUNTIME_SECURE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/buffer.h"

enum {
    WALDO__BUNDLE_HEAD = 12, /* before each message */
    /* One that has so many bytes should leave. */
    WALDO__BUNDLE_ENOUGH = 32 * 1024,
    /* A message from here on is better alone. */
    WALDO__BUNDLE_LONG = 16 * 1024,
    WALDO__BUNDLE_MOST = WALDO__BUNDLE_ENOUGH + WALDO__BUNDLE_LONG + 1024,
};

typedef struct waldo__bundled {
    uint32_t id;
    const uint8_t *data; /* in the bundle */
    size_t size;
} waldo__bundled;

/* The head of a message of as many bytes. */
void waldo__bundle_put_head(uint8_t head[WALDO__BUNDLE_HEAD], uint32_t id, size_t size);
/* false: out of memory. */
bool waldo__bundle_append(waldo__buffer *bundle, uint32_t id, const uint8_t *data, size_t size);

/* Is it one, as a whole? */
bool waldo__bundle_is_sound(const uint8_t *data, size_t size);
/* The next message of a sound one; moves on. false: there is none left. */
bool waldo__bundle_next(const uint8_t **data, size_t *size, waldo__bundled *ret_message);

#endif
