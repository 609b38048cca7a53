/* The secure channel against foreign bytes: as they are, and as changes to genuine messages. None
 * of them may be taken for a genuine one.
 *
 * The first byte chooses who is attacked and how, the rest is what it is attacked with. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "secure/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SIZE = 4096 };

/* Made once: the attacked do not remember what they refused. */
static waldo__keyring *ring;
static waldo__secure_channel *channels[2][2]; /* by mode: client, server */

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void begin(waldo__secure_handshake *handshake, waldo__secure_mode mode, uint8_t *first,
                  uint8_t *second, waldo__secure_channel **ret_server)
{
    must(waldo__secure_start(handshake, waldo__keyring_at(ring, 0), mode, first, NULL) >= 0);
    must(waldo__secure_accept(ring, mode, first, WALDO__SECURE_FIRST_SIZE, second, ret_server,
                              NULL) >= 0);
}

static void set_up(void)
{
    if (ring)
        return;
    must(waldo__keyring_from_authkey("fuzz", 4, &ring, NULL) >= 0);
    for (int mode = 0; mode < 2; mode++) {
        waldo__secure_handshake handshake;
        uint8_t first[WALDO__SECURE_FIRST_SIZE];
        uint8_t second[WALDO__SECURE_SECOND_SIZE];
        begin(&handshake, (waldo__secure_mode)mode, first, second, &channels[mode][1]);
        must(waldo__secure_finish(&handshake, second, sizeof second, &channels[mode][0], NULL) >=
             0);
    }
}

/* The genuine message with the input over it, as long as the longer one; or the input alone. false:
 * that changes nothing. */
static bool attack_with(const uint8_t *genuine, size_t genuine_size, bool alone,
                        const uint8_t *data, size_t size, uint8_t *ret_message, size_t *ret_size)
{
    size_t message_size = alone || size > genuine_size ? size : genuine_size;
    memset(ret_message, 0, message_size);
    if (!alone)
        memcpy(ret_message, genuine, genuine_size);
    for (size_t i = 0; i < size; i++)
        ret_message[i] ^= data[i];
    *ret_size = message_size;
    /* Not memcmp: libFuzzer learns what it compares, and would then repeat genuine first messages.
     */
    return message_size != genuine_size || sodium_memcmp(ret_message, genuine, genuine_size) != 0;
}

static void attack_server(bool alone, const uint8_t *data, size_t size)
{
    waldo__secure_handshake handshake;
    waldo__secure_channel *server;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
    begin(&handshake, WALDO__SECURE_SEALED, first, second, &server);
    waldo__secure_channel_free(server);
    uint8_t message[MAX_SIZE];
    size_t message_size;
    if (attack_with(first, sizeof first, alone, data, size, message, &message_size))
        must(waldo__secure_accept(ring, WALDO__SECURE_SEALED, message, message_size, second,
                                  &server, NULL) == WALDO_EAUTHENTICATION);
    waldo__secure_abandon(&handshake);
}

static void attack_client(bool alone, const uint8_t *data, size_t size)
{
    waldo__secure_handshake handshake;
    waldo__secure_channel *server;
    waldo__secure_channel *client;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
    begin(&handshake, WALDO__SECURE_SEALED, first, second, &server);
    waldo__secure_channel_free(server);
    uint8_t message[MAX_SIZE];
    size_t message_size;
    if (attack_with(second, sizeof second, alone, data, size, message, &message_size))
        must(waldo__secure_finish(&handshake, message, message_size, &client, NULL) ==
             WALDO_EAUTHENTICATION);
    waldo__secure_abandon(&handshake);
}

static void attack_channel(waldo__secure_mode mode, bool alone, const uint8_t *data, size_t size)
{
    static const char text[] = "a payload";
    waldo__buffer frame = {0};
    waldo__buffer plain = {0};
    struct iovec part = {(void *)text, sizeof text};
    must(waldo__secure_seal(channels[mode][0], &part, 1, &frame, NULL) >= 0);
    uint8_t message[MAX_SIZE];
    size_t message_size;
    const uint8_t *payload;
    size_t payload_size;
    if (attack_with(frame.data, frame.size, alone, data, size, message, &message_size)) {
        int status = waldo__secure_open(channels[mode][1], message, message_size, &plain, &payload,
                                        &payload_size, NULL);
        must(status == WALDO_EAUTHENTICATION || mode == WALDO__SECURE_CLEAR);
    }
    must(waldo__secure_open(channels[mode][1], frame.data, frame.size, &plain, &payload,
                            &payload_size, NULL) >= 0 &&
         payload_size == sizeof text && memcmp(payload, text, sizeof text) == 0);
    waldo__buffer_free(&frame);
    waldo__buffer_free(&plain);
}

/* What an insider may have sealed. */
static void read_bundle(const uint8_t *data, size_t size)
{
    waldo__bundled message;
    waldo__buffer again = {0};
    const uint8_t *rest = data;
    size_t left = size;
    if (!waldo__bundle_is_sound(data, size))
        return;
    while (waldo__bundle_next(&rest, &left, &message))
        must(waldo__bundle_append(&again, message.id, message.data, message.size));
    must(again.size == size && (size == 0 || memcmp(again.data, data, size) == 0));
    waldo__buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > MAX_SIZE)
        return 0;
    set_up();
    bool alone = data[0] & 4;
    read_bundle(data + 1, size - 1);
    switch (data[0] & 3) {
    case 0:
        attack_server(alone, data + 1, size - 1);
        break;
    case 1:
        attack_client(alone, data + 1, size - 1);
        break;
    case 2:
        attack_channel(WALDO__SECURE_SEALED, alone, data + 1, size - 1);
        break;
    default:
        attack_channel(WALDO__SECURE_CLEAR, alone, data + 1, size - 1);
    }
    return 0;
}
