/* The secure channel: both sides prove that they hold the same key, then exchange frames.
 *
 *     client                                       server
 *     start    1 | key id 8 | Noise's first 49: ciphers 1  -> accept
 *     finish  <-     2 | Noise's second 58: channel id 8, mode 1, cipher 1
 *     seal     3 | channel id 8 | counter 8 | ciphertext, tag 16    <-> open, sealed mode
 *     seal     6 | the same, of a bundle: see bundle.h                <-> open, sealed mode
 *     seal     4 | channel id 8 | payload                           <-> open, clear mode
 *             <-     5                                       refuse
 *
 * Integers are big-endian. A channel is found by the id in its frames, never by the connection that
 * they came on. Whatever a peer does wrong ends in WALDO_EAUTHENTICATION, with a text that does
 * not say what it was. A stranger costs the server a message of fixed size; one who repeats a
 * message of somebody who holds the key makes it agree on a channel that is of no use to him: only
 * the first frame that is opened proves that the client is who it was.
 *
 * A channel belongs to the process that made it: a forked child would use up the same counters. */
#ifndef WALDO_RUNTIME_SECURE_CHANNEL_H
#define WALDO_RUNTIME_SECURE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <waldo/error.h>

#include "secure/bundle.h"
#include "secure/key.h"
#include "secure/keyring.h"
#include "secure/noise.h"
#include "wire/buffer.h"

/* The first byte of everything. */
typedef enum waldo__secure_kind {
    WALDO__SECURE_FIRST = 1,
    WALDO__SECURE_SECOND = 2,
    WALDO__SECURE_SEALED_FRAME = 3,
    WALDO__SECURE_CLEAR_FRAME = 4,
    WALDO__SECURE_REFUSAL = 5,
    WALDO__SECURE_SEALED_BUNDLE = 6
} waldo__secure_kind;

typedef enum waldo__secure_mode {
    WALDO__SECURE_SEALED, /* encrypted, authenticated, counted: wherever others can listen */
    WALDO__SECURE_CLEAR   /* none of it: between processes of one host whose socket tells the uid */
} waldo__secure_mode;

enum {
    WALDO__SECURE_FIRST_SIZE = 1 + WALDO__KEY_ID_SIZE + 1 + WALDO__NOISE_OVERHEAD,
    WALDO__SECURE_SECOND_SIZE = 1 + 8 + 1 + 1 + WALDO__NOISE_OVERHEAD,
    WALDO__SECURE_REFUSAL_SIZE = 1,
    WALDO__SECURE_CLEAR_HEAD_SIZE = 1 + 8,
    WALDO__SECURE_SEALED_HEAD_SIZE = 1 + 8 + 8,
    /* What a frame may have more than its payload. */
    WALDO__SECURE_OVERHEAD = WALDO__SECURE_SEALED_HEAD_SIZE + WALDO__CIPHER_TAG_SIZE
};

typedef struct waldo__secure_channel waldo__secure_channel;

/* ---- the client's handshake ---- */

/* Holds secrets between start and finish. */
typedef struct waldo__secure_handshake {
    waldo__key *key;
    waldo__secure_mode weakest;
    waldo__noise noise;
} waldo__secure_handshake;

/* Writes the first message and takes a reference to the key. `weakest` is what the client can bear:
 * with WALDO__SECURE_SEALED a server that would speak in the clear is refused. After success comes
 * one waldo__secure_finish or waldo__secure_abandon. WALDO_ESYSTEM: no randomness. */
int waldo__secure_start(waldo__secure_handshake *handshake, waldo__key *key,
                        waldo__secure_mode weakest, uint8_t ret_first[WALDO__SECURE_FIRST_SIZE],
                        waldo_error *reterr);
/* Reads the server's answer, of any size; ends the handshake whatever comes of it. *ret_channel is
 * the caller's. WALDO_EAUTHENTICATION: refused, by either side. WALDO_ENOMEM. */
int waldo__secure_finish(waldo__secure_handshake *handshake, const uint8_t *second, size_t size,
                         waldo__secure_channel **ret_channel, waldo_error *reterr);
/* Wipes what a started handshake holds. Zeros, and one that has ended, are no-ops. */
void waldo__secure_abandon(waldo__secure_handshake *handshake);

/* ---- the server's ---- */

/* Reads a client's first message, of any size, and writes the answer. *ret_channel is the caller's;
 * it holds the ring's key. WALDO_EAUTHENTICATION, WALDO_ENOMEM. */
int waldo__secure_accept(const waldo__keyring *ring, waldo__secure_mode mode, const uint8_t *first,
                         size_t size, uint8_t ret_second[WALDO__SECURE_SECOND_SIZE],
                         waldo__secure_channel **ret_channel, waldo_error *reterr);
/* The answer to anything that was refused, and to frames of a channel that is not there. It tells
 * nothing but that; and since anybody can make one, a client can believe no more than that it has
 * to shake hands anew. */
void waldo__secure_refuse(uint8_t ret_refusal[WALDO__SECURE_REFUSAL_SIZE]);

/* ---- frames, on both sides ---- */

/* 0: empty. Else the first byte, which may be none of the kinds. */
int waldo__secure_kind_of(const uint8_t *data, size_t size);
/* The channel that a frame of either mode says it belongs to; false: it is no frame. */
bool waldo__secure_frame_channel(const uint8_t *frame, size_t size, uint64_t *ret_id);

/* One thread at a time seals and one at a time opens; both may happen at once.
 *
 * Makes one frame of the parts; what was in the buffer is overwritten. Frames are sent in the order
 * in which they were sealed: the peer refuses one that was overtaken. WALDO_ENOMEM, WALDO_ETOOBIG;
 * WALDO_EFORK in another process; WALDO_ELIMIT after 2^64 - 1 frames. */
int waldo__secure_seal(waldo__secure_channel *channel, const struct iovec *parts, int part_count,
                       waldo__buffer *frame, waldo_error *reterr);
/* Makes a frame, or the frame of a bundle, where its payload lies: from `start` on there are
 * WALDO__SECURE_SEALED_HEAD_SIZE bytes of any content, for its head, and the payload behind them.
 * Sealed channels only. Errors as above; then the buffer is empty. */
int waldo__secure_seal_in_place(waldo__secure_channel *channel, waldo__secure_kind kind,
                                waldo__buffer *frame, size_t start, waldo_error *reterr);
/* false: the channel is sealed. Else the head of a frame of its, which a payload of any size may
 * follow as it is: so a long one needs no copy. */
bool waldo__secure_clear_head(const waldo__secure_channel *channel,
                              uint8_t ret_head[WALDO__SECURE_CLEAR_HEAD_SIZE]);
/* Checks a frame, of any size; whether it is that of a bundle its kind says. *ret_payload then
 * points into the frame if the channel is clear, else into `plain`, whose content is overwritten.
 * WALDO_EAUTHENTICATION, and the channel is as before: whether to go on is the caller's choice.
 * WALDO_ENOMEM. */
int waldo__secure_open(waldo__secure_channel *channel, const uint8_t *frame, size_t size,
                       waldo__buffer *plain, const uint8_t **ret_payload, size_t *ret_size,
                       waldo_error *reterr);

/* Random, not 0, known to both sides; unique but for a chance of 2^-64. */
uint64_t waldo__secure_channel_id(const waldo__secure_channel *channel);
waldo__secure_mode waldo__secure_channel_mode(const waldo__secure_channel *channel);
/* The key that both sides proved to hold; the channel's. */
waldo__key *waldo__secure_channel_key(const waldo__secure_channel *channel);
/* Exchanges the key for its successor in a new ring: other rights, the same secret. Not while
 * another thread reads it. */
void waldo__secure_channel_set_key(waldo__secure_channel *channel, waldo__key *key);
/* Wipes its keys. NULL is a no-op. */
void waldo__secure_channel_free(waldo__secure_channel *channel);

#endif
