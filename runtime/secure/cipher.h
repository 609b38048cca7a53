/* Single messages under a key, sealed by one of two ciphers. sodium_init() comes before all of it.
 */
#ifndef WALDO_RUNTIME_SECURE_CIPHER_H
#define WALDO_RUNTIME_SECURE_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As they stand in the handshake's second message; in the first one bit number n offers cipher n.
 */
typedef enum waldo__cipher {
    WALDO__CHACHA20_POLY1305, /* every processor has it: always offered */
    WALDO__AES256_GCM /* only where the processor has instructions for it, and then faster */
} waldo__cipher;

enum {
    WALDO__CIPHER_KEY_SIZE = 32,
    WALDO__CIPHER_TAG_SIZE = 16,
    WALDO__CIPHER_EXPANDED_SIZE = 512
};

/* Its owner wipes it. */
typedef struct waldo__cipher_key {
    _Alignas(16) uint8_t expanded[WALDO__CIPHER_EXPANDED_SIZE]; /* of AES; else zeros */
    uint8_t bytes[WALDO__CIPHER_KEY_SIZE];
    waldo__cipher cipher;
} waldo__cipher_key;

/* Those that this machine can use, in bits as above. */
uint8_t waldo__ciphers(void);

/* One that this machine can use. */
void waldo__cipher_key_set(waldo__cipher_key *key, waldo__cipher cipher,
                           const uint8_t bytes[WALDO__CIPHER_KEY_SIZE]);
/* Replaces a key by the one that follows from it, as Noise has it. */
void waldo__cipher_rekey(waldo__cipher_key *key);

/* The most bytes that one message may have before it is encrypted. */
size_t waldo__cipher_max_size(void);
/* Writes size + WALDO__CIPHER_TAG_SIZE bytes; in place is allowed. A nonce is used once for a key,
 * and UINT64_MAX never. size is at most waldo__cipher_max_size(). */
void waldo__cipher_encrypt(const waldo__cipher_key *key, uint64_t nonce, const void *header,
                           size_t header_size, const uint8_t *plain, size_t size,
                           uint8_t *ret_sealed);
/* Writes size - WALDO__CIPHER_TAG_SIZE bytes, in place or elsewhere; on failure what is there is
 * zeros or as it was. */
bool waldo__cipher_decrypt(const waldo__cipher_key *key, uint64_t nonce, const void *header,
                           size_t header_size, const uint8_t *sealed, size_t size,
                           uint8_t *ret_plain);

#endif
