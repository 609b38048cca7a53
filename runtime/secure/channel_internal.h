/* What the two halves of the secure channel share: handshake.c makes channels, channel.c uses them.
 */
#ifndef WALDO_RUNTIME_SECURE_CHANNEL_INTERNAL_H
#define WALDO_RUNTIME_SECURE_CHANNEL_INTERNAL_H

#include <sys/types.h>

#include "secure/channel.h"
#include "secure/stream.h"

enum { WALDO__CHANNEL_ID_SIZE = 8 };

struct waldo__secure_channel {
    uint64_t id;
    waldo__secure_mode mode;
    waldo__key *key;
    pid_t owner;
    waldo__stream sending; /* zeros if the mode is clear */
    waldo__stream receiving;
};

/* Takes a reference to the key. NULL: no memory. */
waldo__secure_channel *waldo__secure_channel_new(uint64_t id, waldo__secure_mode mode,
                                                 waldo__key *key);

void waldo__secure_put_number(uint64_t number, uint8_t ret_bytes[8]);
uint64_t waldo__secure_get_number(const uint8_t bytes[8]);

#endif
