#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "unit/secure/support.h"

static void init(void)
{
    cr_assert_geq(sodium_init(), 0);
}

TestSuite(cipher, .init = init);

static void with_each(void (*test)(waldo__cipher cipher))
{
    test(WALDO__CHACHA20_POLY1305);
    if (has_cipher(WALDO__AES256_GCM))
        test(WALDO__AES256_GCM);
}

static void change_every_bit(waldo__cipher cipher)
{
    waldo__cipher_key key;
    uint8_t sealed[5 + WALDO__CIPHER_TAG_SIZE];
    uint8_t plain[5];
    waldo__cipher_key_set(&key, cipher, (uint8_t[WALDO__CIPHER_KEY_SIZE]){7});
    waldo__cipher_encrypt(&key, 3, "h", 1, (const uint8_t *)"hello", 5, sealed);
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_not(waldo__cipher_decrypt(&key, 3, "h", 1, sealed, sizeof sealed, plain));
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_not(waldo__cipher_decrypt(&key, 4, "h", 1, sealed, sizeof sealed, plain));
    cr_assert_not(waldo__cipher_decrypt(&key, 3, "i", 1, sealed, sizeof sealed, plain));
    for (size_t size = 0; size < sizeof sealed; size++)
        cr_assert_not(waldo__cipher_decrypt(&key, 3, "h", 1, sealed, size, plain));
    cr_assert(waldo__cipher_decrypt(&key, 3, "h", 1, sealed, sizeof sealed, plain));
    cr_assert_arr_eq(plain, "hello", 5);
}

Test(cipher, every_changed_bit_of_a_message_is_noticed)
{
    with_each(change_every_bit);
}

static void seal_any_size(waldo__cipher cipher)
{
    enum { MOST = 300 };
    waldo__cipher_key key;
    waldo__cipher_key_set(&key, cipher, (uint8_t[WALDO__CIPHER_KEY_SIZE]){1});
    uint8_t plain[MOST], sealed[MOST + WALDO__CIPHER_TAG_SIZE], same[sizeof sealed];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 7);
    for (size_t size = 0; size <= sizeof plain; size++) {
        waldo__cipher_encrypt(&key, size, "header", 6, plain, size, sealed);
        memcpy(same, plain, size);
        waldo__cipher_encrypt(&key, size, "header", 6, same, size, same);
        cr_assert_arr_eq(same, sealed, size + WALDO__CIPHER_TAG_SIZE, "%zu bytes", size);
        cr_assert(waldo__cipher_decrypt(&key, size, "header", 6, same,
                                        size + WALDO__CIPHER_TAG_SIZE, same));
        cr_assert_arr_eq(same, plain, size, "%zu bytes", size);
    }
}

Test(cipher, any_size_is_sealed_in_place_as_elsewhere)
{
    with_each(seal_any_size);
}

/* ---- ChaCha20-Poly1305; the published vectors of the handshake are its, too ---- */

Test(cipher, chacha20s_nonce_is_a_little_endian_counter_behind_four_zeros)
{
    uint8_t bytes[WALDO__CIPHER_KEY_SIZE] = {1, 2, 3};
    uint8_t nonce[12] = {0, 0, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1};
    uint8_t wanted[3 + 16], sealed[3 + 16];
    waldo__cipher_key key;
    crypto_aead_chacha20poly1305_ietf_encrypt(wanted, NULL, (const uint8_t *)"abc", 3,
                                              (const uint8_t *)"header", 6, NULL, nonce, bytes);
    waldo__cipher_key_set(&key, WALDO__CHACHA20_POLY1305, bytes);
    waldo__cipher_encrypt(&key, 0x0102030405060708, "header", 6, (const uint8_t *)"abc", 3, sealed);
    cr_assert_arr_eq(sealed, wanted, sizeof sealed);
}

Test(cipher, rekeying_is_encrypting_zeros_under_the_last_nonce)
{
    uint8_t bytes[WALDO__CIPHER_KEY_SIZE];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    /* Written out once more, with no help of the code under test. */
    uint8_t nonce[12] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
    uint8_t zeros[32] = {0}, wanted[48];
    waldo__cipher_key key;
    crypto_aead_chacha20poly1305_ietf_encrypt(wanted, NULL, zeros, sizeof zeros, NULL, 0, NULL,
                                              nonce, bytes);
    waldo__cipher_key_set(&key, WALDO__CHACHA20_POLY1305, bytes);
    waldo__cipher_rekey(&key);
    cr_assert_arr_eq(key.bytes, wanted, sizeof key.bytes);
}

/* ---- AES-256-GCM ---- */

/* Numbers 13 and 14 of the test cases that came with the specification of GCM: a key and a nonce of
 * zeros, and nothing or a block of zeros. */
Test(cipher, aes_gives_what_the_published_vectors_say)
{
    static const uint8_t empty[] = {0x53, 0x0f, 0x8a, 0xfb, 0xc7, 0x45, 0x36, 0xb9,
                                    0xa9, 0x63, 0xb4, 0xf1, 0xc4, 0xcb, 0x73, 0x8b};
    static const uint8_t block[] = {0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
                                    0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18,
                                    0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
                                    0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19};
    if (!has_cipher(WALDO__AES256_GCM))
        cr_skip_test("this processor has no instructions for AES");
    waldo__cipher_key key;
    uint8_t zeros[WALDO__CIPHER_KEY_SIZE] = {0}, sealed[sizeof block];
    waldo__cipher_key_set(&key, WALDO__AES256_GCM, zeros);
    waldo__cipher_encrypt(&key, 0, NULL, 0, NULL, 0, sealed);
    cr_assert_arr_eq(sealed, empty, sizeof empty);
    waldo__cipher_encrypt(&key, 0, NULL, 0, zeros, 16, sealed);
    cr_assert_arr_eq(sealed, block, sizeof block);
}

Test(cipher, aes_has_a_big_endian_counter_behind_four_zeros_and_another_key_after_rekeying)
{
    if (!has_cipher(WALDO__AES256_GCM))
        cr_skip_test("this processor has no instructions for AES");
    uint8_t bytes[WALDO__CIPHER_KEY_SIZE] = {1, 2, 3};
    uint8_t last[12] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
    uint8_t nonce[12] = {0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t next[32 + 16], wanted[3 + 16], sealed[3 + 16];
    crypto_aead_aes256gcm_encrypt(next, NULL, (uint8_t[32]){0}, 32, NULL, 0, NULL, last, bytes);
    crypto_aead_aes256gcm_encrypt(wanted, NULL, (const uint8_t *)"abc", 3,
                                  (const uint8_t *)"header", 6, NULL, nonce, next);
    waldo__cipher_key key;
    waldo__cipher_key_set(&key, WALDO__AES256_GCM, bytes);
    waldo__cipher_rekey(&key);
    waldo__cipher_encrypt(&key, 0x0102030405060708, "header", 6, (const uint8_t *)"abc", 3, sealed);
    cr_assert_arr_eq(sealed, wanted, sizeof sealed);
}
