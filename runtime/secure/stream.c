#include "secure/stream.h"

#include <string.h>

#include <sodium.h>

/* The nonce that rekeying uses. */
#define LAST_COUNTER UINT64_MAX

static uint64_t epoch_of(uint64_t counter)
{
    return counter >> WALDO__STREAM_EPOCH_BITS;
}

static void follow(waldo__stream *stream, uint64_t epoch)
{
    for (; stream->epoch < epoch; stream->epoch++)
        waldo__cipher_rekey(&stream->key);
}

bool waldo__stream_seal(waldo__stream *stream, const void *header, size_t header_size,
                        uint8_t *data, size_t size)
{
    if (stream->next == LAST_COUNTER)
        return false;
    follow(stream, epoch_of(stream->next));
    waldo__cipher_encrypt(&stream->key, stream->next, header, header_size, data, size, data);
    stream->next++;
    return true;
}

/* The first frame of a later epoch. Until it has proved genuine, only a copy follows its counter.
 */
static bool open_ahead(waldo__stream *stream, uint64_t counter, const void *header,
                       size_t header_size, const uint8_t *sealed, size_t size, uint8_t *ret_plain)
{
    waldo__stream ahead = *stream;
    follow(&ahead, epoch_of(counter));
    bool genuine =
        waldo__cipher_decrypt(&ahead.key, counter, header, header_size, sealed, size, ret_plain);
    if (genuine)
        *stream = ahead;
    sodium_memzero(&ahead, sizeof ahead);
    return genuine;
}

bool waldo__stream_open(waldo__stream *stream, uint64_t counter, const void *header,
                        size_t header_size, const uint8_t *sealed, size_t size, uint8_t *ret_plain)
{
    if (counter < stream->next || counter == LAST_COUNTER ||
        epoch_of(counter) - stream->epoch > WALDO__STREAM_MAX_SKIP)
        return false;
    bool genuine = epoch_of(counter) == stream->epoch
                       ? waldo__cipher_decrypt(&stream->key, counter, header, header_size, sealed,
                                               size, ret_plain)
                       : open_ahead(stream, counter, header, header_size, sealed, size, ret_plain);
    if (genuine)
        stream->next = counter + 1;
    return genuine;
}
