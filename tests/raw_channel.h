/* For tests: a secure channel over an engine's channel, without a manager. */
#ifndef WALDO_TESTS_RAW_CHANNEL_H
#define WALDO_TESTS_RAW_CHANNEL_H

#include <criterion/criterion.h>

#include "../runtime/engine/engine.h"
#include "secure/channel.h"
#include "secure/default_key.h"
#include "wire/buffer.h"

/* Shakes hands with the user's own key. */
static inline waldo__secure_channel *raw_shake_hands(const waldo__client_engine *engine,
                                                     waldo__channel *channel, const waldo__url *url,
                                                     uint32_t id, waldo__deadline deadline)
{
    waldo__keyring *ring;
    waldo__secure_handshake handshake;
    waldo__secure_channel *secure = NULL;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    struct iovec part = {first, sizeof first};
    waldo__buffer second = {0};
    waldo_error failure = WALDO_ERROR_INIT;

    cr_assert_eq(waldo__keyring_from_default(&ring, &failure), 0, "%s", failure.message);
    cr_assert_eq(waldo__secure_start(&handshake, waldo__keyring_at(ring, 0),
                                     waldo__secure_mode_for(url), first, &failure),
                 0, "%s", failure.message);
    cr_assert_eq(engine->send(channel, id, &part, 1, deadline, &failure), 0, "%s", failure.message);
    cr_assert_eq(engine->receive(channel, &id, &second, deadline, &failure), 0, "%s",
                 failure.message);
    cr_assert_eq(waldo__secure_finish(&handshake, second.data, second.size, &secure, &failure), 0,
                 "%s", failure.message);
    waldo__buffer_free(&second);
    waldo__keyring_free(ring);
    return secure;
}

/* 0 or an error. */
static inline int raw_send_sealed(const waldo__client_engine *engine, waldo__channel *channel,
                                  waldo__secure_channel *secure, uint32_t id, const void *data,
                                  size_t size, waldo__deadline deadline)
{
    struct iovec part = {(void *)data, size};
    waldo__buffer frame = {0};
    int status = waldo__secure_seal(secure, &part, 1, &frame, NULL);

    if (status >= 0) {
        part = (struct iovec){frame.data, frame.size};
        status = engine->send(channel, id, &part, 1, deadline, NULL);
    }
    waldo__buffer_free(&frame);
    return status;
}

/* What was in the next frame; 0 or an error. */
static inline int raw_receive_sealed(const waldo__client_engine *engine, waldo__channel *channel,
                                     waldo__secure_channel *secure, uint32_t *ret_id,
                                     waldo__buffer *ret_plain, waldo__deadline deadline)
{
    waldo__buffer frame = {0}, scratch = {0};
    const uint8_t *data;
    size_t size;
    int status = engine->receive(channel, ret_id, &frame, deadline, NULL);

    if (status >= 0)
        status = waldo__secure_open(secure, frame.data, frame.size, &scratch, &data, &size, NULL);
    ret_plain->size = 0;
    if (status >= 0)
        cr_assert(waldo__buffer_append(ret_plain, data, size));
    waldo__buffer_free(&frame);
    waldo__buffer_free(&scratch);
    return status;
}

#endif
