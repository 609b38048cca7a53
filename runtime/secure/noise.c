#include "secure/noise.h"

#include <string.h>

#include <sodium.h>

#define PROTOCOL "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b"

enum {
    KEY = WALDO__NOISE_KEY_SIZE,
    HASH = WALDO__NOISE_HASH_SIZE,
    TAG = WALDO__CIPHER_TAG_SIZE,
    HASH_BLOCK = 128 /* BLAKE2b's */
};

_Static_assert(KEY == crypto_scalarmult_BYTES, "the size of X25519's keys");
_Static_assert(HASH == crypto_generichash_BYTES_MAX, "BLAKE2b-512");
_Static_assert(sizeof PROTOCOL - 1 <= HASH, "a longer name would have to be hashed");

/* ---- keys from keys ---- */

/* The HMAC of RFC 2104 over BLAKE2b, of two runs of bytes. ret_mac may be one of the inputs. */
static void hmac(const uint8_t key[HASH], const void *first, size_t first_size, const void *second,
                 size_t second_size, uint8_t ret_mac[HASH])
{
    crypto_generichash_state state;
    uint8_t block[HASH_BLOCK];
    memset(block, 0x36, sizeof block);
    for (int i = 0; i < HASH; i++)
        block[i] ^= key[i];
    crypto_generichash_init(&state, NULL, 0, HASH);
    crypto_generichash_update(&state, block, sizeof block);
    crypto_generichash_update(&state, first, first_size);
    crypto_generichash_update(&state, second, second_size);
    uint8_t inner[HASH];
    crypto_generichash_final(&state, inner, HASH);

    for (int i = 0; i < HASH_BLOCK; i++)
        block[i] ^= 0x36 ^ 0x5C;
    crypto_generichash_init(&state, NULL, 0, HASH);
    crypto_generichash_update(&state, block, sizeof block);
    crypto_generichash_update(&state, inner, sizeof inner);
    crypto_generichash_final(&state, ret_mac, HASH);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(block, sizeof block);
    sodium_memzero(inner, sizeof inner);
}

/* HKDF as the specification has it: `count` outputs, 2 or 3. */
static void derive(const uint8_t chaining_key[HASH], const void *material, size_t size, int count,
                   uint8_t ret_outputs[][HASH])
{
    uint8_t key[HASH];
    hmac(chaining_key, material, size, NULL, 0, key);
    for (int i = 0; i < count; i++) {
        uint8_t number = (uint8_t)(i + 1);
        hmac(key, i ? ret_outputs[i - 1] : NULL, i ? HASH : 0, &number, 1, ret_outputs[i]);
    }
    sodium_memzero(key, sizeof key);
}

/* ---- the symmetric state ---- */

static void mix_hash(waldo__noise *noise, const void *data, size_t size)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH);
    crypto_generichash_update(&state, noise->hash, HASH);
    crypto_generichash_update(&state, data, size);
    crypto_generichash_final(&state, noise->hash, HASH);
}

static void set_key(waldo__noise *noise, const uint8_t key[KEY])
{
    waldo__cipher_key_set(&noise->key, WALDO__CHACHA20_POLY1305, key);
    noise->nonce = 0;
}

static void mix_key(waldo__noise *noise, const uint8_t material[KEY])
{
    uint8_t outputs[2][HASH];
    derive(noise->chaining_key, material, KEY, 2, outputs);
    memcpy(noise->chaining_key, outputs[0], HASH);
    set_key(noise, outputs[1]);
    sodium_memzero(outputs, sizeof outputs);
}

static void mix_key_and_hash(waldo__noise *noise, const uint8_t material[KEY])
{
    uint8_t outputs[3][HASH];
    derive(noise->chaining_key, material, KEY, 3, outputs);
    memcpy(noise->chaining_key, outputs[0], HASH);
    mix_hash(noise, outputs[1], HASH);
    set_key(noise, outputs[2]);
    sodium_memzero(outputs, sizeof outputs);
}

static void encrypt_and_hash(waldo__noise *noise, const void *plain, size_t size,
                             uint8_t *ret_sealed)
{
    waldo__cipher_encrypt(&noise->key, noise->nonce++, noise->hash, HASH, plain, size, ret_sealed);
    mix_hash(noise, ret_sealed, size + TAG);
}

static bool decrypt_and_hash(waldo__noise *noise, const uint8_t *sealed, size_t size,
                             uint8_t *ret_plain)
{
    if (!waldo__cipher_decrypt(&noise->key, noise->nonce++, noise->hash, HASH, sealed, size,
                               ret_plain))
        return false;
    mix_hash(noise, sealed, size);
    return true;
}

/* ---- the handshake ---- */

void waldo__noise_begin(waldo__noise *noise, const void *prologue, size_t size,
                        const uint8_t pre_shared_key[KEY])
{
    *noise = (waldo__noise){.hash = PROTOCOL};
    memcpy(noise->chaining_key, noise->hash, HASH);
    mix_hash(noise, prologue, size);
    /* "psk" is the first token of the first message, for whoever writes and whoever reads it. */
    mix_key_and_hash(noise, pre_shared_key);
}

/* Where there is a pre-shared key, an ephemeral one goes into the key as well. */
static void mix_ephemeral(waldo__noise *noise, const uint8_t public[KEY])
{
    mix_hash(noise, public, KEY);
    mix_key(noise, public);
}

/* Token "e", writing. */
static bool send_ephemeral(waldo__noise *noise, const uint8_t *ephemeral, uint8_t ret_public[KEY])
{
    if (ephemeral)
        memcpy(noise->secret, ephemeral, KEY);
    else
        randombytes_buf(noise->secret, KEY);
    if (crypto_scalarmult_base(ret_public, noise->secret) != 0)
        return false;
    mix_ephemeral(noise, ret_public);
    return true;
}

/* Token "ee". libsodium reports a result of zeros only, which a peer can force. */
static bool agree(waldo__noise *noise)
{
    uint8_t shared[KEY];
    bool done = crypto_scalarmult(shared, noise->secret, noise->peer) == 0;
    if (done)
        mix_key(noise, shared);
    sodium_memzero(shared, sizeof shared);
    return done;
}

bool waldo__noise_write_first(waldo__noise *noise, const uint8_t *ephemeral, const void *payload,
                              size_t size, uint8_t *ret_message)
{
    if (!send_ephemeral(noise, ephemeral, ret_message))
        return false;
    encrypt_and_hash(noise, payload, size, ret_message + KEY);
    return true;
}

bool waldo__noise_read_first(waldo__noise *noise, const uint8_t *message, size_t size,
                             uint8_t *ret_payload)
{
    if (size < WALDO__NOISE_OVERHEAD)
        return false;
    memcpy(noise->peer, message, KEY);
    mix_ephemeral(noise, noise->peer);
    return decrypt_and_hash(noise, message + KEY, size - KEY, ret_payload);
}

bool waldo__noise_write_second(waldo__noise *noise, const uint8_t *ephemeral, const void *payload,
                               size_t size, uint8_t *ret_message)
{
    if (!send_ephemeral(noise, ephemeral, ret_message) || !agree(noise))
        return false;
    encrypt_and_hash(noise, payload, size, ret_message + KEY);
    return true;
}

bool waldo__noise_read_second(waldo__noise *noise, const uint8_t *message, size_t size,
                              uint8_t *ret_payload)
{
    if (size < WALDO__NOISE_OVERHEAD)
        return false;
    memcpy(noise->peer, message, KEY);
    mix_ephemeral(noise, noise->peer);
    return agree(noise) && decrypt_and_hash(noise, message + KEY, size - KEY, ret_payload);
}

void waldo__noise_split(const waldo__noise *noise, uint8_t ret_forth[KEY], uint8_t ret_back[KEY])
{
    uint8_t outputs[2][HASH];
    derive(noise->chaining_key, NULL, 0, 2, outputs);
    memcpy(ret_forth, outputs[0], KEY);
    memcpy(ret_back, outputs[1], KEY);
    sodium_memzero(outputs, sizeof outputs);
}

void waldo__noise_wipe(waldo__noise *noise)
{
    sodium_memzero(noise, sizeof *noise);
}
