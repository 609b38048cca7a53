#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "unit/secure/support.h"

/* One client's try at a server. */
typedef struct attempt {
    waldo__keyring *client_ring;
    waldo__keyring *server_ring;
    waldo__secure_handshake handshake;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
} attempt;

static attempt start(const char *client_key, const char *server_key, waldo__secure_mode weakest)
{
    attempt made = {.client_ring = make_ring(client_key), .server_ring = make_ring(server_key)};
    cr_assert_geq(
        waldo__secure_start(&made.handshake, only_key(made.client_ring), weakest, made.first, NULL),
        0);
    return made;
}

static waldo__secure_channel *must_accept(attempt *made, waldo__secure_mode mode)
{
    waldo__secure_channel *channel = NULL;
    cr_assert_geq(waldo__secure_accept(made->server_ring, mode, made->first, sizeof made->first,
                                       made->second, &channel, NULL),
                  0);
    return channel;
}

static void end(attempt *made)
{
    waldo__secure_abandon(&made->handshake);
    waldo__keyring_free(made->client_ring);
    waldo__keyring_free(made->server_ring);
}

/* Does the server refuse these bytes, with the one code and text, writing nothing? */
static bool server_refuses(const waldo__keyring *ring, const uint8_t *first, size_t size)
{
    waldo__secure_channel *channel = NULL;
    waldo_error error = WALDO_ERROR_INIT;
    uint8_t second[WALDO__SECURE_SECOND_SIZE] = {0};
    int status =
        waldo__secure_accept(ring, WALDO__SECURE_SEALED, first, size, second, &channel, &error);
    return status == WALDO_EAUTHENTICATION && error.code == status && !channel &&
           strcmp(error.message, "the key was rejected") == 0 &&
           strcmp(error.type_name, "AuthenticationError") == 0 &&
           sodium_is_zero(second, sizeof second);
}

/* Does a client that stands where this one does refuse these bytes? */
static bool client_refuses(const attempt *made, const uint8_t *second, size_t size)
{
    waldo__secure_handshake handshake = made->handshake;
    waldo__key_ref(handshake.key);
    waldo__secure_channel *channel = NULL;
    waldo_error error = WALDO_ERROR_INIT;
    int status = waldo__secure_finish(&handshake, second, size, &channel, &error);
    return status == WALDO_EAUTHENTICATION && error.code == status && !channel &&
           strcmp(error.message, "the key was rejected") == 0 &&
           sodium_is_zero((const uint8_t *)&handshake, sizeof handshake);
}

Test(handshake, both_sides_agree)
{
    for (int mode = WALDO__SECURE_SEALED; mode <= WALDO__SECURE_CLEAR; mode++) {
        pair made = make_pair((waldo__secure_mode)mode);
        cr_assert_neq(waldo__secure_channel_id(made.client), (uint64_t)0);
        cr_assert_eq(waldo__secure_channel_id(made.client), waldo__secure_channel_id(made.server));
        cr_assert_eq((int)waldo__secure_channel_mode(made.client), mode);
        cr_assert_eq((int)waldo__secure_channel_mode(made.server), mode);
        cr_assert_eq(waldo__secure_channel_key(made.server), only_key(made.ring));
        free_pair(&made);
    }
}

Test(handshake, messages_have_the_sizes_that_are_written_down)
{
    cr_assert_eq((int)WALDO__SECURE_FIRST_SIZE, 58);
    cr_assert_eq((int)WALDO__SECURE_SECOND_SIZE, 59);
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    cr_assert_eq(made.first[0], WALDO__SECURE_FIRST);
    cr_assert_arr_eq(made.first + 1, waldo__key_id(only_key(made.client_ring)), WALDO__KEY_ID_SIZE);
    waldo__secure_channel_free(must_accept(&made, WALDO__SECURE_SEALED));
    cr_assert_eq(made.second[0], WALDO__SECURE_SECOND);
    end(&made);
}

Test(handshake, the_right_key_of_many_is_found)
{
    static const char text[] = "key a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                               "key b BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                               "key c CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    waldo__keyring *ring = NULL;
    cr_assert_geq(waldo__keyring_parse(text, sizeof text - 1, "ring", &ring, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        waldo__secure_handshake handshake;
        waldo__secure_channel *channel;
        uint8_t first[WALDO__SECURE_FIRST_SIZE];
        uint8_t second[WALDO__SECURE_SECOND_SIZE];
        cr_assert_geq(waldo__secure_start(&handshake, waldo__keyring_at(ring, i),
                                          WALDO__SECURE_SEALED, first, NULL),
                      0);
        cr_assert_geq(waldo__secure_accept(ring, WALDO__SECURE_SEALED, first, sizeof first, second,
                                           &channel, NULL),
                      0);
        cr_assert_eq(waldo__secure_channel_key(channel), waldo__keyring_at(ring, i));
        waldo__secure_abandon(&handshake);
        waldo__secure_channel_free(channel);
    }
    waldo__keyring_free(ring);
}

Test(handshake, a_wrong_key_is_rejected)
{
    attempt made = start("the key", "another key", WALDO__SECURE_SEALED);
    cr_assert(server_refuses(made.server_ring, made.first, sizeof made.first));
    /* Also under the id of a key that is there. */
    memcpy(made.first + 1, waldo__key_id(only_key(made.server_ring)), WALDO__KEY_ID_SIZE);
    cr_assert(server_refuses(made.server_ring, made.first, sizeof made.first));
    end(&made);
}

Test(handshake, no_key_is_no_way_in)
{
    /* An id that is not there is tried against zeros: they open nothing. */
    waldo__keyring *zeros = NULL;
    uint8_t secret[WALDO__KEY_SIZE] = {0};
    cr_assert_geq(waldo__keyring_from_authkey(secret, sizeof secret, &zeros, NULL), 0);
    attempt made = start("", "another key", WALDO__SECURE_SEALED);
    cr_assert(server_refuses(made.server_ring, made.first, sizeof made.first));
    waldo__secure_handshake handshake;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    cr_assert_geq(
        waldo__secure_start(&handshake, only_key(zeros), WALDO__SECURE_SEALED, first, NULL), 0);
    cr_assert(server_refuses(made.server_ring, first, sizeof first));
    cr_assert(server_refuses(made.server_ring, NULL, 0));
    waldo__secure_abandon(&handshake);
    waldo__keyring_free(zeros);
    end(&made);
}

Test(handshake, every_changed_bit_of_the_first_message_is_refused)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * sizeof made.first; bit++) {
        made.first[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused += server_refuses(made.server_ring, made.first, sizeof made.first);
        made.first[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_eq(refused, 8 * sizeof made.first);
    waldo__secure_channel_free(must_accept(&made, WALDO__SECURE_SEALED));
    end(&made);
}

Test(handshake, every_changed_bit_of_the_second_message_is_refused)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    waldo__secure_channel_free(must_accept(&made, WALDO__SECURE_SEALED));
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * sizeof made.second; bit++) {
        made.second[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused += client_refuses(&made, made.second, sizeof made.second);
        made.second[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_eq(refused, 8 * sizeof made.second);
    waldo__secure_channel *channel;
    cr_assert_geq(
        waldo__secure_finish(&made.handshake, made.second, sizeof made.second, &channel, NULL), 0);
    waldo__secure_channel_free(channel);
    end(&made);
}

Test(handshake, every_other_length_is_refused)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    waldo__secure_channel_free(must_accept(&made, WALDO__SECURE_SEALED));
    uint8_t longer[200] = {0};
    for (size_t size = 0; size <= sizeof longer; size++) {
        memcpy(longer, made.first, sizeof made.first);
        if (size != sizeof made.first)
            cr_assert(server_refuses(made.server_ring, longer, size), "first, %zu bytes", size);
        memcpy(longer, made.second, sizeof made.second);
        if (size != sizeof made.second)
            cr_assert(client_refuses(&made, longer, size), "second, %zu bytes", size);
    }
    end(&made);
}

Test(handshake, a_refusal_is_a_rejected_key)
{
    attempt made = start("a key", "another key", WALDO__SECURE_SEALED);
    uint8_t refusal[WALDO__SECURE_REFUSAL_SIZE];
    waldo__secure_refuse(refusal);
    cr_assert_eq(waldo__secure_kind_of(refusal, sizeof refusal), (int)WALDO__SECURE_REFUSAL);
    cr_assert(client_refuses(&made, refusal, sizeof refusal));
    end(&made);
}

Test(handshake, a_server_without_the_key_cannot_answer)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    attempt other = start("a key", "a key", WALDO__SECURE_SEALED);
    waldo__secure_channel_free(must_accept(&other, WALDO__SECURE_SEALED));
    cr_assert(client_refuses(&made, other.second, sizeof other.second),
              "an answer to somebody else");
    memcpy(made.second, made.first, sizeof made.first);
    cr_assert(client_refuses(&made, made.second, sizeof made.second), "one's own words");
    end(&made);
    end(&other);
}

/* Whoever repeats a first message gets an answer that he cannot read, and a channel on which he
 * cannot speak. */
Test(handshake, a_repeated_first_message_is_of_no_use)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    waldo__secure_channel *true_server = must_accept(&made, WALDO__SECURE_SEALED);
    waldo__secure_channel *client;
    cr_assert_geq(
        waldo__secure_finish(&made.handshake, made.second, sizeof made.second, &client, NULL), 0);
    waldo__secure_channel *repeated = must_accept(&made, WALDO__SECURE_SEALED);
    cr_assert_neq(waldo__secure_channel_id(repeated), waldo__secure_channel_id(true_server));

    /* The frames that the attacker has seen, as they were and under the new channel's id. */
    waldo__buffer frame = seal_bytes(client, "hello", 5);
    cr_assert(refuses(repeated, frame.data, frame.size));
    for (int i = 0; i < 8; i++)
        frame.data[1 + i] = (uint8_t)(waldo__secure_channel_id(repeated) >> (8 * (7 - i)));
    cr_assert(refuses(repeated, frame.data, frame.size));
    waldo__buffer_free(&frame);
    waldo__secure_channel_free(client);
    waldo__secure_channel_free(true_server);
    waldo__secure_channel_free(repeated);
    end(&made);
}

Test(handshake, a_client_that_wants_encryption_does_not_speak_in_the_clear)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    waldo__secure_channel_free(must_accept(&made, WALDO__SECURE_CLEAR));
    waldo__secure_channel *channel = NULL;
    waldo_error error;
    cr_assert_eq(
        waldo__secure_finish(&made.handshake, made.second, sizeof made.second, &channel, &error),
        WALDO_EAUTHENTICATION);
    cr_assert_null(channel);
    end(&made);
}

Test(handshake, a_client_that_could_speak_in_the_clear_also_encrypts)
{
    attempt made = start("a key", "a key", WALDO__SECURE_CLEAR);
    waldo__secure_channel *server = must_accept(&made, WALDO__SECURE_SEALED);
    waldo__secure_channel *client = NULL;
    cr_assert_geq(
        waldo__secure_finish(&made.handshake, made.second, sizeof made.second, &client, NULL), 0);
    cr_assert_eq(waldo__secure_channel_mode(client), WALDO__SECURE_SEALED);
    waldo__buffer frame = seal_bytes(client, "hi", 2);
    cr_assert(opens_as(server, frame.data, frame.size, "hi"));
    waldo__buffer_free(&frame);
    waldo__secure_channel_free(client);
    waldo__secure_channel_free(server);
    end(&made);
}

Test(handshake, ending_it_leaves_no_secrets)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    cr_assert_not(sodium_is_zero((uint8_t *)&made.handshake, sizeof made.handshake));
    waldo__secure_abandon(&made.handshake);
    cr_assert(sodium_is_zero((uint8_t *)&made.handshake, sizeof made.handshake));
    waldo__secure_abandon(&made.handshake);
    end(&made);
}

Test(handshake, the_channel_keeps_its_key)
{
    attempt made = start("a key", "a key", WALDO__SECURE_SEALED);
    waldo__secure_channel *channel = must_accept(&made, WALDO__SECURE_SEALED);
    end(&made);
    cr_assert_str_eq(waldo__key_name(waldo__secure_channel_key(channel)), "authkey");
    waldo__keyring *other = make_ring("a key");
    waldo__secure_channel_set_key(channel, only_key(other));
    cr_assert_eq(waldo__secure_channel_key(channel), only_key(other));
    waldo__secure_channel_set_key(channel, only_key(other));
    waldo__keyring_free(other);
    cr_assert_str_eq(waldo__key_name(waldo__secure_channel_key(channel)), "authkey");
    waldo__secure_channel_free(channel);
}
