/* For tests: seals what may be a bundle, or none. */
#ifndef WALDO_TESTS_BAD_INPUT_SEAL_BUNDLE_H
#define WALDO_TESTS_BAD_INPUT_SEAL_BUNDLE_H

#include <criterion/criterion.h>

#include "secure/channel.h"

/* The frame is the caller's. */
static inline waldo__buffer seal_bundle(waldo__secure_channel *secure, const void *data,
                                        size_t size)
{
    static const uint8_t head[WALDO__SECURE_SEALED_HEAD_SIZE];
    waldo__buffer frame = {0};

    cr_assert(waldo__buffer_append(&frame, head, sizeof head));
    cr_assert(waldo__buffer_append(&frame, data, size));
    cr_assert_eq(waldo__secure_seal_in_place(secure, WALDO__SECURE_SEALED_BUNDLE, &frame, 0, NULL),
                 0);
    return frame;
}

#endif
