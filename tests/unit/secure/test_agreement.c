/* Which cipher the two sides agree on, with the other side written out by hand, as docs/security.md
 * has it. */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "secure/cipher.h"
#include "secure/stream.h"
#include "unit/secure/support.h"

enum {
    HEADER = 1 + WALDO__KEY_ID_SIZE,
    ID_SIZE = 8,
    CIPHER_AT = ID_SIZE + 1,
    AGREEMENT = ID_SIZE + 2,
    UNKNOWN_CIPHER = 2
};

static void init(void)
{
    cr_assert_geq(sodium_init(), 0);
}

TestSuite(agreement, .init = init);

static void begin(waldo__noise *noise, const uint8_t *header, waldo__key *key)
{
    uint8_t prologue[23 + HEADER] = "Waldo secure channel 2";
    memcpy(prologue + 23, header, HEADER);
    waldo__noise_begin(noise, prologue, sizeof prologue, waldo__key_secret(key));
}

/* The two directions' streams, as the client sees them. */
static void split(const waldo__noise *noise, unsigned cipher, waldo__stream ret_streams[2])
{
    uint8_t keys[2][WALDO__NOISE_KEY_SIZE];
    waldo__noise_split(noise, keys[0], keys[1]);
    for (int i = 0; i < 2; i++) {
        ret_streams[i] = (waldo__stream){0};
        waldo__cipher_key_set(&ret_streams[i].key, (waldo__cipher)cipher, keys[i]);
    }
}

/* A sealed frame with "hello" in it. */
static waldo__buffer hello(waldo__stream *stream, const uint8_t id[ID_SIZE])
{
    waldo__buffer frame = {0};
    uint8_t head[WALDO__SECURE_SEALED_HEAD_SIZE] = {WALDO__SECURE_SEALED_FRAME};
    memcpy(head + 1, id, ID_SIZE);
    cr_assert(waldo__buffer_append(&frame, head, sizeof head));
    cr_assert(waldo__buffer_append(&frame, "hello", 5));
    cr_assert(waldo__buffer_reserve(&frame, sizeof head + 5 + WALDO__CIPHER_TAG_SIZE));
    cr_assert(waldo__stream_seal(stream, frame.data, sizeof head, frame.data + sizeof head, 5));
    frame.size += WALDO__CIPHER_TAG_SIZE;
    return frame;
}

/* The channel opens what is sealed here in that direction. Frees it. */
static void expect_understood(const waldo__noise *noise, unsigned cipher, int direction,
                              const uint8_t id[ID_SIZE], waldo__secure_channel *channel)
{
    waldo__stream streams[2];
    split(noise, cipher, streams);
    waldo__buffer frame = hello(&streams[direction], id);
    cr_assert(opens_as(channel, frame.data, frame.size, "hello"));
    waldo__buffer_free(&frame);
    waldo__secure_channel_free(channel);
}

/* ---- a client by hand ---- */

static void offer(uint8_t offered, unsigned wanted)
{
    waldo__keyring *ring = make_ring("a key");
    uint8_t first[WALDO__SECURE_FIRST_SIZE] = {WALDO__SECURE_FIRST};
    uint8_t second[WALDO__SECURE_SECOND_SIZE], agreement[AGREEMENT];
    memcpy(first + 1, waldo__key_id(only_key(ring)), WALDO__KEY_ID_SIZE);
    waldo__noise noise;
    begin(&noise, first, only_key(ring));
    cr_assert(waldo__noise_write_first(&noise, NULL, &offered, 1, first + HEADER));
    waldo__secure_channel *server;
    cr_assert_geq(waldo__secure_accept(ring, WALDO__SECURE_SEALED, first, sizeof first, second,
                                       &server, NULL),
                  0);
    cr_assert(waldo__noise_read_second(&noise, second + 1, sizeof second - 1, agreement));
    cr_assert_eq((unsigned)agreement[CIPHER_AT], wanted, "of those offered in %#x", offered);

    expect_understood(&noise, wanted, 0, agreement, server);
    waldo__keyring_free(ring);
}

Test(agreement, the_server_takes_the_fastest_cipher_that_both_have)
{
    unsigned fastest = fastest_cipher();
    offer(1 << WALDO__CHACHA20_POLY1305, WALDO__CHACHA20_POLY1305);
    offer(1 << WALDO__CHACHA20_POLY1305 | 1 << WALDO__AES256_GCM, fastest);
    offer(0xFF, fastest);
    offer((uint8_t) ~(1 << WALDO__AES256_GCM), WALDO__CHACHA20_POLY1305);
}

/* ---- a server by hand ---- */

/* What the client says to a server that takes this cipher; < 0: it does not go on. */
static int finish_with(uint8_t cipher)
{
    static const uint8_t id[ID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
    waldo__keyring *ring = make_ring("a key");
    waldo__secure_handshake handshake;
    uint8_t first[WALDO__SECURE_FIRST_SIZE],
        second[WALDO__SECURE_SECOND_SIZE] = {WALDO__SECURE_SECOND};
    cr_assert_geq(
        waldo__secure_start(&handshake, only_key(ring), WALDO__SECURE_SEALED, first, NULL), 0);
    waldo__noise noise;
    uint8_t offered, agreement[AGREEMENT] = {0};
    begin(&noise, first, only_key(ring));
    cr_assert(waldo__noise_read_first(&noise, first + HEADER, sizeof first - HEADER, &offered));
    cr_assert_eq(offered, waldo__ciphers());
    memcpy(agreement, id, sizeof id);
    agreement[CIPHER_AT] = cipher;
    cr_assert(waldo__noise_write_second(&noise, NULL, agreement, sizeof agreement, second + 1));
    waldo__secure_channel *client;
    int status = waldo__secure_finish(&handshake, second, sizeof second, &client, NULL);
    if (status >= 0)
        expect_understood(&noise, cipher, 1, id, client);
    waldo__keyring_free(ring);
    return status;
}

Test(agreement, the_client_goes_on_with_what_it_offered_only)
{
    cr_assert_eq(finish_with(WALDO__CHACHA20_POLY1305), 0);
    cr_assert_eq(finish_with(WALDO__AES256_GCM),
                 has_cipher(WALDO__AES256_GCM) ? 0 : WALDO_EAUTHENTICATION);
    for (unsigned cipher = UNKNOWN_CIPHER; cipher <= 0xFF; cipher++)
        cr_assert_eq(finish_with((uint8_t)cipher), WALDO_EAUTHENTICATION, "cipher %u", cipher);
}
