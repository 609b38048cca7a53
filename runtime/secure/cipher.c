#include "secure/cipher.h"

#include <endian.h>
#include <string.h>

#include <sodium.h>

enum {
    KEY = WALDO__CIPHER_KEY_SIZE,
    TAG = WALDO__CIPHER_TAG_SIZE,
    NONCE = 12,
    NONCE_ZEROS = 4 /* in front of the counter */
};

_Static_assert(KEY == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "the size of ChaCha20's keys");
_Static_assert(TAG == crypto_aead_chacha20poly1305_ietf_ABYTES, "the size of Poly1305's tag");
_Static_assert(NONCE == crypto_aead_chacha20poly1305_ietf_NPUBBYTES, "the size of its nonce");
_Static_assert(KEY == crypto_aead_aes256gcm_KEYBYTES, "the size of AES-256's keys");
_Static_assert(TAG == crypto_aead_aes256gcm_ABYTES, "the size of GCM's tag");
_Static_assert(NONCE == crypto_aead_aes256gcm_NPUBBYTES, "the size of its nonce");
_Static_assert(WALDO__CIPHER_EXPANDED_SIZE == sizeof(crypto_aead_aes256gcm_state),
               "the size of an expanded key");
_Static_assert(_Alignof(waldo__cipher_key) == _Alignof(crypto_aead_aes256gcm_state),
               "where it may lie");

uint8_t waldo__ciphers(void)
{
    bool has_aes = crypto_aead_aes256gcm_is_available();
    return (uint8_t)(1 << WALDO__CHACHA20_POLY1305 | has_aes << WALDO__AES256_GCM);
}

static const crypto_aead_aes256gcm_state *expanded(const waldo__cipher_key *key)
{
    return (const crypto_aead_aes256gcm_state *)(const void *)key->expanded;
}

void waldo__cipher_key_set(waldo__cipher_key *key, waldo__cipher cipher, const uint8_t bytes[KEY])
{
    memmove(key->bytes, bytes, KEY);
    key->cipher = cipher;
    if (cipher == WALDO__AES256_GCM)
        crypto_aead_aes256gcm_beforenm((crypto_aead_aes256gcm_state *)(void *)key->expanded,
                                       key->bytes);
    else
        memset(key->expanded, 0, sizeof key->expanded);
}

/* 32 zero bits, then the counter: for AES-GCM the most significant byte first, for ChaCha20 last.
 */
static void make_nonce(waldo__cipher cipher, uint64_t counter, uint8_t ret_nonce[NONCE])
{
    uint64_t ordered = cipher == WALDO__AES256_GCM ? htobe64(counter) : htole64(counter);
    memset(ret_nonce, 0, NONCE_ZEROS);
    memcpy(ret_nonce + NONCE_ZEROS, &ordered, sizeof ordered);
}

size_t waldo__cipher_max_size(void)
{
    size_t chacha = crypto_aead_chacha20poly1305_ietf_messagebytes_max();
    size_t aes = crypto_aead_aes256gcm_messagebytes_max();
    return chacha < aes ? chacha : aes;
}

void waldo__cipher_encrypt(const waldo__cipher_key *key, uint64_t nonce, const void *header,
                           size_t header_size, const uint8_t *plain, size_t size,
                           uint8_t *ret_sealed)
{
    uint8_t bytes[NONCE];
    make_nonce(key->cipher, nonce, bytes);
    if (key->cipher == WALDO__AES256_GCM)
        crypto_aead_aes256gcm_encrypt_afternm(ret_sealed, NULL, plain, size, header, header_size,
                                              NULL, bytes, expanded(key));
    else
        crypto_aead_chacha20poly1305_ietf_encrypt(ret_sealed, NULL, plain, size, header,
                                                  header_size, NULL, bytes, key->bytes);
}

bool waldo__cipher_decrypt(const waldo__cipher_key *key, uint64_t nonce, const void *header,
                           size_t header_size, const uint8_t *sealed, size_t size,
                           uint8_t *ret_plain)
{
    if (size < TAG)
        return false;
    uint8_t bytes[NONCE];
    make_nonce(key->cipher, nonce, bytes);
    if (key->cipher == WALDO__AES256_GCM)
        return crypto_aead_aes256gcm_decrypt_afternm(ret_plain, NULL, NULL, sealed, size, header,
                                                     header_size, bytes, expanded(key)) == 0;
    return crypto_aead_chacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, sealed, size, header,
                                                     header_size, bytes, key->bytes) == 0;
}

void waldo__cipher_rekey(waldo__cipher_key *key)
{
    static const uint8_t zeros[KEY];
    uint8_t sealed[KEY + TAG];
    waldo__cipher_encrypt(key, UINT64_MAX, NULL, 0, zeros, sizeof zeros, sealed);
    waldo__cipher_key_set(key, key->cipher, sealed);
    sodium_memzero(sealed, sizeof sealed);
}
