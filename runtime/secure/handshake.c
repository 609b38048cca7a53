/* How a client and a server agree on a channel. */
#include "secure/channel.h"

#include <string.h>

#include <sodium.h>

#include "secure/channel_internal.h"

enum {
    FIRST_HEADER = 1 + WALDO__KEY_ID_SIZE,
    SECOND_HEADER = 1,
    /* Where they stand in the agreement, behind the channel's id. */
    MODE = WALDO__CHANNEL_ID_SIZE,
    CIPHER,
    AGREEMENT_SIZE
};

_Static_assert(WALDO__SECURE_FIRST_SIZE == FIRST_HEADER + 1 + WALDO__NOISE_OVERHEAD,
               "first message");
_Static_assert(WALDO__SECURE_SECOND_SIZE == SECOND_HEADER + AGREEMENT_SIZE + WALDO__NOISE_OVERHEAD,
               "second message");

static int refuse_key(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EAUTHENTICATION, "the key was rejected");
}

/* The prologue is what both sides must agree on before a secret is used: the protocol and its
 * version, and what stands before Noise's part of the first message. */
static void begin(waldo__noise *noise, const uint8_t header[FIRST_HEADER], const uint8_t *secret)
{
    static const char protocol[] = "Waldo secure channel 2";
    uint8_t prologue[sizeof protocol + FIRST_HEADER];
    memcpy(prologue, protocol, sizeof protocol);
    memcpy(prologue + sizeof protocol, header, FIRST_HEADER);
    waldo__noise_begin(noise, prologue, sizeof prologue, secret);
}

static void split(const waldo__noise *noise, waldo__cipher cipher, waldo__stream *forth,
                  waldo__stream *back)
{
    uint8_t keys[2][WALDO__NOISE_KEY_SIZE];
    waldo__noise_split(noise, keys[0], keys[1]);
    waldo__cipher_key_set(&forth->key, cipher, keys[0]);
    waldo__cipher_key_set(&back->key, cipher, keys[1]);
    sodium_memzero(keys, sizeof keys);
}

static waldo__secure_channel *make_channel(const waldo__noise *noise, const uint8_t *agreement,
                                           waldo__key *key, bool is_client)
{
    waldo__secure_mode mode = agreement[MODE];
    waldo__secure_channel *channel =
        waldo__secure_channel_new(waldo__secure_get_number(agreement), mode, key);
    if (!channel || mode == WALDO__SECURE_CLEAR)
        return channel;
    split(noise, agreement[CIPHER], is_client ? &channel->sending : &channel->receiving,
          is_client ? &channel->receiving : &channel->sending);
    return channel;
}

static bool can_use(uint8_t offered, uint8_t cipher)
{
    return cipher <= WALDO__AES256_GCM && (offered >> cipher & 1) != 0;
}

static int no_memory(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a secure channel");
}

/* ---- the client ---- */

int waldo__secure_start(waldo__secure_handshake *handshake, waldo__key *key,
                        waldo__secure_mode weakest, uint8_t ret_first[WALDO__SECURE_FIRST_SIZE],
                        waldo_error *reterr)
{
    uint8_t first[WALDO__SECURE_FIRST_SIZE] = {WALDO__SECURE_FIRST};
    memcpy(first + 1, waldo__key_id(key), WALDO__KEY_ID_SIZE);
    begin(&handshake->noise, first, waldo__key_secret(key));
    handshake->key = waldo__key_ref(key);
    handshake->weakest = weakest;
    uint8_t offered = waldo__ciphers();
    if (!waldo__noise_write_first(&handshake->noise, NULL, &offered, 1, first + FIRST_HEADER)) {
        waldo__secure_abandon(handshake);
        return waldo_error_set(reterr, WALDO_ESYSTEM, "no key for a handshake could be made");
    }
    memcpy(ret_first, first, sizeof first);
    return 0;
}

static int finish(waldo__secure_handshake *handshake, const uint8_t *second, size_t size,
                  waldo__secure_channel **ret_channel, waldo_error *reterr)
{
    uint8_t agreement[AGREEMENT_SIZE];
    if (size != WALDO__SECURE_SECOND_SIZE || second[0] != WALDO__SECURE_SECOND ||
        !waldo__noise_read_second(&handshake->noise, second + SECOND_HEADER, size - SECOND_HEADER,
                                  agreement) ||
        !can_use(waldo__ciphers(), agreement[CIPHER]))
        return refuse_key(reterr);
    if (agreement[MODE] > (unsigned)handshake->weakest)
        return waldo_error_set(reterr, WALDO_EAUTHENTICATION,
                               "the server would not encrypt, and this is no way between two "
                               "processes of one host");
    waldo__secure_channel *channel =
        make_channel(&handshake->noise, agreement, handshake->key, true);
    if (!channel)
        return no_memory(reterr);
    *ret_channel = channel;
    return 0;
}

int waldo__secure_finish(waldo__secure_handshake *handshake, const uint8_t *second, size_t size,
                         waldo__secure_channel **ret_channel, waldo_error *reterr)
{
    int status = finish(handshake, second, size, ret_channel, reterr);
    waldo__secure_abandon(handshake);
    return status;
}

void waldo__secure_abandon(waldo__secure_handshake *handshake)
{
    waldo__key_unref(handshake->key);
    sodium_memzero(handshake, sizeof *handshake);
}

/* ---- the server ---- */

/* Reads the first message, and which ciphers it offers. NULL: refused. A key id that is not in the
 * ring costs as much time as one that is: strangers cannot tell by a watch which ones there are. */
static waldo__key *recognise(const waldo__keyring *ring, const uint8_t *first, waldo__noise *noise,
                             uint8_t *ret_offered)
{
    static const uint8_t nobody[WALDO__KEY_SIZE];
    waldo__key *key = waldo__keyring_find(ring, first + 1);
    begin(noise, first, key ? waldo__key_secret(key) : nobody);
    bool proven = waldo__noise_read_first(noise, first + FIRST_HEADER,
                                          WALDO__SECURE_FIRST_SIZE - FIRST_HEADER, ret_offered);
    return proven ? key : NULL;
}

static void choose_id(uint8_t ret_id[WALDO__CHANNEL_ID_SIZE])
{
    do
        randombytes_buf(ret_id, WALDO__CHANNEL_ID_SIZE);
    while (sodium_is_zero(ret_id, WALDO__CHANNEL_ID_SIZE));
}

/* The fastest that both have. */
static waldo__cipher choose_cipher(uint8_t offered)
{
    return can_use(offered & waldo__ciphers(), WALDO__AES256_GCM) ? WALDO__AES256_GCM
                                                                  : WALDO__CHACHA20_POLY1305;
}

static int answer(waldo__noise *noise, waldo__key *key, waldo__secure_mode mode, uint8_t offered,
                  uint8_t second[WALDO__SECURE_SECOND_SIZE], waldo__secure_channel **ret_channel,
                  waldo_error *reterr)
{
    uint8_t agreement[AGREEMENT_SIZE] = {
        [MODE] = (uint8_t)mode, [CIPHER] = (uint8_t)choose_cipher(offered)};
    choose_id(agreement);
    second[0] = WALDO__SECURE_SECOND;
    /* Fails for a client that sends a public key with which nothing can be agreed on. */
    if (!waldo__noise_write_second(noise, NULL, agreement, sizeof agreement,
                                   second + SECOND_HEADER))
        return refuse_key(reterr);
    waldo__secure_channel *channel = make_channel(noise, agreement, key, false);
    if (!channel)
        return no_memory(reterr);
    *ret_channel = channel;
    return 0;
}

int waldo__secure_accept(const waldo__keyring *ring, waldo__secure_mode mode, const uint8_t *first,
                         size_t size, uint8_t ret_second[WALDO__SECURE_SECOND_SIZE],
                         waldo__secure_channel **ret_channel, waldo_error *reterr)
{
    if (size != WALDO__SECURE_FIRST_SIZE || first[0] != WALDO__SECURE_FIRST)
        return refuse_key(reterr);
    waldo__noise noise;
    uint8_t second[WALDO__SECURE_SECOND_SIZE], offered = 0;
    waldo__key *key = recognise(ring, first, &noise, &offered);
    int status =
        key ? answer(&noise, key, mode, offered, second, ret_channel, reterr) : refuse_key(reterr);
    if (status >= 0)
        memcpy(ret_second, second, sizeof second);
    waldo__noise_wipe(&noise);
    return status;
}

void waldo__secure_refuse(uint8_t ret_refusal[WALDO__SECURE_REFUSAL_SIZE])
{
    ret_refusal[0] = WALDO__SECURE_REFUSAL;
}
