/* Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b, as revision 34 of the Noise specification has it:
 *
 *     -> psk, e       the first message, from the client
 *     <- e, ee        the second, from the server
 *
 * A state is used by one thread, in this order, and no more after a failure:
 *     initiator   begin, write_first, read_second, split, wipe
 *     responder   begin, read_first, write_second, split, wipe
 * sodium_init() comes before all of it. Failures are false: they tell no more on purpose. */
#ifndef WALDO_RUNTIME_SECURE_NOISE_H
#define WALDO_RUNTIME_SECURE_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "secure/cipher.h"

enum {
    WALDO__NOISE_KEY_SIZE = WALDO__CIPHER_KEY_SIZE,
    WALDO__NOISE_HASH_SIZE = 64,
    /* What a handshake message adds to its payload: a public key and a tag. */
    WALDO__NOISE_OVERHEAD = WALDO__NOISE_KEY_SIZE + WALDO__CIPHER_TAG_SIZE
};

typedef struct waldo__noise {
    uint8_t chaining_key[WALDO__NOISE_HASH_SIZE];
    uint8_t hash[WALDO__NOISE_HASH_SIZE]; /* in the end the handshake's hash */
    waldo__cipher_key key;
    uint64_t nonce;
    uint8_t secret[WALDO__NOISE_KEY_SIZE]; /* the own ephemeral key */
    uint8_t peer[WALDO__NOISE_KEY_SIZE];   /* the peer's public one */
} waldo__noise;

void waldo__noise_begin(waldo__noise *noise, const void *prologue, size_t size,
                        const uint8_t pre_shared_key[WALDO__NOISE_KEY_SIZE]);

/* A message out has WALDO__NOISE_OVERHEAD bytes more than its payload. `ephemeral` is the secret
 * key to use, for tests against known answers; NULL: a fresh one. false: randomness gave a key, or
 * the peer sent one, with which no secret can be agreed on. */
bool waldo__noise_write_first(waldo__noise *noise, const uint8_t *ephemeral, const void *payload,
                              size_t size, uint8_t *ret_message);
bool waldo__noise_write_second(waldo__noise *noise, const uint8_t *ephemeral, const void *payload,
                               size_t size, uint8_t *ret_message);

/* A payload has WALDO__NOISE_OVERHEAD bytes less than its message, which may be of any size. false:
 * too short, or made without the key, or not as it was sent. */
bool waldo__noise_read_first(waldo__noise *noise, const uint8_t *message, size_t size,
                             uint8_t *ret_payload);
bool waldo__noise_read_second(waldo__noise *noise, const uint8_t *message, size_t size,
                              uint8_t *ret_payload);

/* The keys for what the initiator sends and for what it receives. */
void waldo__noise_split(const waldo__noise *noise, uint8_t ret_forth[WALDO__NOISE_KEY_SIZE],
                        uint8_t ret_back[WALDO__NOISE_KEY_SIZE]);
void waldo__noise_wipe(waldo__noise *noise);

#endif
