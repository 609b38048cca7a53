#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "noise_vectors.h"
#include "secure/noise.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

typedef struct bytes {
    uint8_t data[256];
    size_t size;
} bytes;

static bytes from_hex(const char *hex)
{
    bytes made = {0};
    const char *end;
    cr_assert_eq(
        sodium_hex2bin(made.data, sizeof made.data, hex, strlen(hex), NULL, &made.size, &end), 0);
    cr_assert_eq(*end, '\0');
    return made;
}

static void check_bytes(const uint8_t *data, size_t size, const char *hex)
{
    bytes wanted = from_hex(hex);
    cr_assert_eq(size, wanted.size);
    cr_assert_arr_eq(data, wanted.data, size);
}

static void init(void)
{
    cr_assert_geq(sodium_init(), 0);
}

TestSuite(noise, .init = init);

/* ---- the published vectors ---- */

static void begin_both(const noise_vector *vector, waldo__noise sides[2])
{
    bytes prologue = from_hex(vector->prologue);
    bytes key = from_hex(vector->pre_shared_key);
    cr_assert_eq(key.size, (size_t)WALDO__NOISE_KEY_SIZE);
    for (int i = 0; i < 2; i++)
        waldo__noise_begin(&sides[i], prologue.data, prologue.size, key.data);
}

static void shake_hands(const noise_vector *vector, waldo__noise sides[2])
{
    bytes ephemeral = from_hex(vector->initiator_ephemeral);
    bytes payload = from_hex(vector->messages[0].payload);
    uint8_t message[256];
    uint8_t plain[256];
    size_t size = payload.size + WALDO__NOISE_OVERHEAD;
    cr_assert(
        waldo__noise_write_first(&sides[0], ephemeral.data, payload.data, payload.size, message));
    check_bytes(message, size, vector->messages[0].ciphertext);
    cr_assert(waldo__noise_read_first(&sides[1], message, size, plain));
    check_bytes(plain, payload.size, vector->messages[0].payload);

    ephemeral = from_hex(vector->responder_ephemeral);
    payload = from_hex(vector->messages[1].payload);
    size = payload.size + WALDO__NOISE_OVERHEAD;
    cr_assert(
        waldo__noise_write_second(&sides[1], ephemeral.data, payload.data, payload.size, message));
    check_bytes(message, size, vector->messages[1].ciphertext);
    cr_assert(waldo__noise_read_second(&sides[0], message, size, plain));
    check_bytes(plain, payload.size, vector->messages[1].payload);
    check_bytes(sides[0].hash, sizeof sides[0].hash, vector->handshake_hash);
    check_bytes(sides[1].hash, sizeof sides[1].hash, vector->handshake_hash);
}

/* From the third on the sides take turns, the initiator first. */
static void exchange(const noise_vector *vector, uint8_t keys[2][WALDO__NOISE_KEY_SIZE])
{
    for (size_t i = 2; i < vector->message_count; i++) {
        uint64_t nonce = (i - 2) / 2;
        bytes payload = from_hex(vector->messages[i].payload);
        uint8_t sealed[256];
        uint8_t plain[256];
        size_t size = payload.size + WALDO__CIPHER_TAG_SIZE;
        waldo__cipher_key key;
        waldo__cipher_key_set(&key, WALDO__CHACHA20_POLY1305, keys[i % 2]);
        waldo__cipher_encrypt(&key, nonce, NULL, 0, payload.data, payload.size, sealed);
        check_bytes(sealed, size, vector->messages[i].ciphertext);
        cr_assert(waldo__cipher_decrypt(&key, nonce, NULL, 0, sealed, size, plain));
        check_bytes(plain, payload.size, vector->messages[i].payload);
    }
}

Test(noise, gives_what_the_published_vectors_say)
{
    cr_assert_gt(COUNT(noise_vectors), (size_t)0);
    for (size_t i = 0; i < COUNT(noise_vectors); i++) {
        waldo__noise sides[2];
        uint8_t keys[2][2][WALDO__NOISE_KEY_SIZE];
        begin_both(&noise_vectors[i], sides);
        shake_hands(&noise_vectors[i], sides);
        for (int side = 0; side < 2; side++) {
            waldo__noise_split(&sides[side], keys[side][0], keys[side][1]);
            exchange(&noise_vectors[i], keys[side]);
        }
    }
}

/* ---- what is refused ---- */

static const uint8_t psk[WALDO__NOISE_KEY_SIZE] = "one key for both of these sides";

static void begin_with(waldo__noise sides[2], const uint8_t *second_key,
                       const char *second_prologue)
{
    waldo__noise_begin(&sides[0], "p", 1, psk);
    waldo__noise_begin(&sides[1], second_prologue, strlen(second_prologue), second_key);
}

Test(noise, another_key_is_refused)
{
    uint8_t other[WALDO__NOISE_KEY_SIZE];
    memcpy(other, psk, sizeof other);
    other[31] ^= 1;
    waldo__noise sides[2];
    uint8_t message[WALDO__NOISE_OVERHEAD];
    uint8_t nothing;
    begin_with(sides, other, "p");
    cr_assert(waldo__noise_write_first(&sides[0], NULL, NULL, 0, message));
    cr_assert_not(waldo__noise_read_first(&sides[1], message, sizeof message, &nothing));
}

Test(noise, another_prologue_is_refused)
{
    waldo__noise sides[2];
    uint8_t message[WALDO__NOISE_OVERHEAD];
    uint8_t nothing;
    begin_with(sides, psk, "q");
    cr_assert(waldo__noise_write_first(&sides[0], NULL, NULL, 0, message));
    cr_assert_not(waldo__noise_read_first(&sides[1], message, sizeof message, &nothing));
}

Test(noise, short_messages_are_refused)
{
    waldo__noise sides[2];
    uint8_t message[WALDO__NOISE_OVERHEAD];
    uint8_t nothing;
    begin_with(sides, psk, "p");
    cr_assert(waldo__noise_write_first(&sides[0], NULL, NULL, 0, message));
    for (size_t size = 0; size < sizeof message; size++) {
        waldo__noise reader = sides[1];
        cr_assert_not(waldo__noise_read_first(&reader, message, size, &nothing), "%zu bytes", size);
        reader = sides[0];
        cr_assert_not(waldo__noise_read_second(&reader, message, size, &nothing), "%zu bytes",
                      size);
    }
    cr_assert(waldo__noise_read_first(&sides[1], message, sizeof message, &nothing));
}

/* Points of small order: whatever is multiplied with them, the result is zeros. */
static const char *const small_orders[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

/* A first message as a holder of the key would make it, but for its public key. */
static void forge_first(const uint8_t public[WALDO__NOISE_KEY_SIZE],
                        uint8_t ret_message[WALDO__NOISE_OVERHEAD])
{
    /* What is left is to find the tag that a reader expects: it mixes in the public key, then
     * decrypts an empty payload under key and hash. A reader that fails has them ready. */
    waldo__noise reader;
    uint8_t nothing;
    waldo__noise_begin(&reader, "p", 1, psk);
    memset(ret_message, 0, WALDO__NOISE_OVERHEAD);
    memcpy(ret_message, public, WALDO__NOISE_KEY_SIZE);
    cr_assert_not(waldo__noise_read_first(&reader, ret_message, WALDO__NOISE_OVERHEAD, &nothing));
    waldo__cipher_encrypt(&reader.key, 0, reader.hash, sizeof reader.hash, NULL, 0,
                          ret_message + WALDO__NOISE_KEY_SIZE);
}

Test(noise, a_public_key_that_forces_the_secret_is_refused)
{
    for (size_t i = 0; i < COUNT(small_orders); i++) {
        bytes public = from_hex(small_orders[i]);
        uint8_t message[WALDO__NOISE_OVERHEAD];
        uint8_t answer[WALDO__NOISE_OVERHEAD];
        uint8_t nothing;
        waldo__noise responder;
        forge_first(public.data, message);
        waldo__noise_begin(&responder, "p", 1, psk);
        cr_assert(waldo__noise_read_first(&responder, message, sizeof message, &nothing));
        cr_assert_not(waldo__noise_write_second(&responder, NULL, NULL, 0, answer), "point %zu", i);

        waldo__noise initiator;
        waldo__noise_begin(&initiator, "p", 1, psk);
        cr_assert(waldo__noise_write_first(&initiator, NULL, NULL, 0, message));
        memcpy(answer, public.data, WALDO__NOISE_KEY_SIZE);
        cr_assert_not(waldo__noise_read_second(&initiator, answer, sizeof answer, &nothing));
    }
}

Test(noise, fresh_ephemeral_keys_differ)
{
    waldo__noise sides[2];
    uint8_t messages[2][WALDO__NOISE_OVERHEAD];
    begin_with(sides, psk, "p");
    for (int i = 0; i < 2; i++)
        cr_assert(waldo__noise_write_first(&sides[i], NULL, NULL, 0, messages[i]));
    cr_assert_arr_neq(messages[0], messages[1], WALDO__NOISE_KEY_SIZE);
}

Test(noise, wiping_leaves_zeros)
{
    waldo__noise noise;
    uint8_t message[WALDO__NOISE_OVERHEAD];
    waldo__noise_begin(&noise, "p", 1, psk);
    cr_assert(waldo__noise_write_first(&noise, NULL, NULL, 0, message));
    cr_assert_not(sodium_is_zero((uint8_t *)&noise, sizeof noise));
    waldo__noise_wipe(&noise);
    cr_assert(sodium_is_zero((uint8_t *)&noise, sizeof noise));
}
