/* Keys, rings and handshakes for the tests of the secure channel. */
#ifndef WALDO_TESTS_SECURE_SUPPORT_H
#define WALDO_TESTS_SECURE_SUPPORT_H

#include <criterion/criterion.h>
#include <string.h>

#include "secure/channel.h"

/* Can this machine use it? After sodium_init(). */
static inline bool has_cipher(unsigned cipher)
{
    return waldo__ciphers() >> cipher & 1;
}

static inline waldo__cipher fastest_cipher(void)
{
    return has_cipher(WALDO__AES256_GCM) ? WALDO__AES256_GCM : WALDO__CHACHA20_POLY1305;
}

/* A ring with one key, made of the authkey. */
static inline waldo__keyring *make_ring(const char *authkey)
{
    waldo__keyring *ring = NULL;
    cr_assert_geq(waldo__keyring_from_authkey(authkey, strlen(authkey), &ring, NULL), 0);
    return ring;
}

static inline waldo__key *only_key(const waldo__keyring *ring)
{
    cr_assert_eq(waldo__keyring_count(ring), (size_t)1);
    return waldo__keyring_at(ring, 0);
}

typedef struct pair {
    waldo__keyring *ring;
    waldo__secure_channel *client;
    waldo__secure_channel *server;
} pair;

static inline pair make_pair(waldo__secure_mode mode)
{
    pair made = {.ring = make_ring("correct horse battery staple")};
    waldo__secure_handshake handshake;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
    cr_assert_geq(waldo__secure_start(&handshake, only_key(made.ring), mode, first, NULL), 0);
    cr_assert_geq(
        waldo__secure_accept(made.ring, mode, first, sizeof first, second, &made.server, NULL), 0);
    cr_assert_geq(waldo__secure_finish(&handshake, second, sizeof second, &made.client, NULL), 0);
    return made;
}

static inline void free_pair(pair *made)
{
    waldo__secure_channel_free(made->client);
    waldo__secure_channel_free(made->server);
    waldo__keyring_free(made->ring);
}

/* Seals one run of bytes; the frame is the caller's to free. */
static inline waldo__buffer seal_bytes(waldo__secure_channel *channel, const void *data,
                                       size_t size)
{
    waldo__buffer frame = {0};
    struct iovec part = {(void *)data, size};
    cr_assert_geq(waldo__secure_seal(channel, &part, 1, &frame, NULL), 0);
    return frame;
}

/* Does the channel take the frame, and is it this text? */
static inline bool opens_as(waldo__secure_channel *channel, const uint8_t *frame, size_t size,
                            const char *text)
{
    waldo__buffer plain = {0};
    const uint8_t *payload;
    size_t payload_size;
    bool same =
        waldo__secure_open(channel, frame, size, &plain, &payload, &payload_size, NULL) >= 0 &&
        payload_size == strlen(text) && memcmp(payload, text, payload_size) == 0;
    waldo__buffer_free(&plain);
    return same;
}

/* Does the channel refuse the frame, with the one code, touching nothing? */
static inline bool refuses(waldo__secure_channel *channel, const uint8_t *frame, size_t size)
{
    waldo__buffer plain = {0};
    const uint8_t *payload = NULL;
    size_t payload_size = 77;
    waldo_error error = WALDO_ERROR_INIT;
    int status = waldo__secure_open(channel, frame, size, &plain, &payload, &payload_size, &error);
    waldo__buffer_free(&plain);
    return status == WALDO_EAUTHENTICATION && error.code == status && !payload &&
           payload_size == 77 && strcmp(error.message, "the frame was refused") == 0;
}

#endif
