#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "secure/stream.h"
#include "unit/secure/support.h"

#define EPOCH ((uint64_t)1 << WALDO__STREAM_EPOCH_BITS)

typedef struct sealed_frame {
    uint64_t counter;
    uint8_t data[8 + WALDO__CIPHER_TAG_SIZE];
} sealed_frame;

static void init(void)
{
    cr_assert_geq(sodium_init(), 0);
}

TestSuite(stream, .init = init);

/* Two ends at the same number. The key is not what it would be after so many epochs. */
static void begin_at(waldo__stream ends[2], uint64_t next)
{
    waldo__stream end = {.epoch = next >> WALDO__STREAM_EPOCH_BITS, .next = next};
    uint8_t bytes[WALDO__CIPHER_KEY_SIZE];
    memset(bytes, 9, sizeof bytes);
    waldo__cipher_key_set(&end.key, fastest_cipher(), bytes);
    ends[0] = ends[1] = end;
}

/* The payload is the counter's bytes. */
static bool seal(waldo__stream *stream, sealed_frame *ret_frame)
{
    ret_frame->counter = stream->next;
    memcpy(ret_frame->data, &ret_frame->counter, 8);
    return waldo__stream_seal(stream, "header", 6, ret_frame->data, 8);
}

static bool opens(waldo__stream *stream, const sealed_frame *frame)
{
    uint8_t plain[8];
    return waldo__stream_open(stream, frame->counter, "header", 6, frame->data, sizeof frame->data,
                              plain) &&
           memcmp(plain, &frame->counter, 8) == 0;
}

static sealed_frame must_seal(waldo__stream *stream)
{
    sealed_frame frame;
    cr_assert(seal(stream, &frame));
    return frame;
}

/* `count` frames are lost. */
static void lose(waldo__stream *stream, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        sealed_frame frame;
        if (!seal(stream, &frame))
            cr_assert_fail("frame %zu could not be sealed", (size_t)i);
    }
}

static bool has_key(const waldo__stream *stream, const waldo__cipher_key *key)
{
    return memcmp(stream->key.bytes, key->bytes, sizeof key->bytes) == 0;
}

Test(stream, two_hundred_thousand_frames_pass_through_several_keys)
{
    waldo__stream ends[2];
    begin_at(ends, 0);
    waldo__cipher_key first_key = ends[0].key;
    size_t passed = 0;
    for (int i = 0; i < 200000; i++) {
        sealed_frame frame;
        passed += seal(&ends[0], &frame) && opens(&ends[1], &frame);
    }
    cr_assert_eq(passed, (size_t)200000);
    cr_assert_eq(ends[1].epoch, (uint64_t)3);
    for (int i = 0; i < 3; i++)
        waldo__cipher_rekey(&first_key);
    cr_assert(has_key(&ends[0], &first_key));
    cr_assert(has_key(&ends[1], &first_key));
}

Test(stream, the_key_changes_with_the_first_frame_of_an_epoch)
{
    waldo__stream ends[2];
    begin_at(ends, EPOCH - 2);
    waldo__cipher_key key = ends[0].key;
    for (int i = 0; i < 2; i++) {
        sealed_frame frame = must_seal(&ends[0]);
        cr_assert(opens(&ends[1], &frame));
        cr_assert(has_key(&ends[0], &key));
        cr_assert(has_key(&ends[1], &key));
    }
    sealed_frame frame = must_seal(&ends[0]);
    cr_assert_eq(frame.counter, EPOCH);
    cr_assert(opens(&ends[1], &frame));
    cr_assert_not(has_key(&ends[0], &key));
    cr_assert(has_key(&ends[1], &ends[0].key));
}

Test(stream, repeated_and_overtaken_frames_are_refused)
{
    waldo__stream ends[2];
    begin_at(ends, EPOCH - 2);
    sealed_frame frames[4];
    for (int i = 0; i < 4; i++)
        frames[i] = must_seal(&ends[0]);
    cr_assert(opens(&ends[1], &frames[0]));
    cr_assert_not(opens(&ends[1], &frames[0]));
    cr_assert(opens(&ends[1], &frames[2]), "a lost frame is only a gap");
    cr_assert_not(opens(&ends[1], &frames[1]), "late, and of the last epoch");
    cr_assert_not(opens(&ends[1], &frames[2]));
    cr_assert(opens(&ends[1], &frames[3]));
}

Test(stream, a_gap_of_some_epochs_is_followed_and_a_larger_one_refused)
{
    waldo__stream ends[2];
    begin_at(ends, 0);
    lose(&ends[0], (WALDO__STREAM_MAX_SKIP + 1) * EPOCH - 1);
    sealed_frame last = must_seal(&ends[0]);
    sealed_frame beyond = must_seal(&ends[0]);
    waldo__stream before = ends[1];
    cr_assert_not(opens(&ends[1], &beyond));
    cr_assert_arr_eq(&ends[1], &before, sizeof before);
    cr_assert(opens(&ends[1], &last));
    cr_assert(opens(&ends[1], &beyond));
}

Test(stream, a_forged_counter_moves_nothing)
{
    waldo__stream ends[2];
    begin_at(ends, 5);
    sealed_frame frame = must_seal(&ends[0]);
    waldo__stream before = ends[1];
    static const uint64_t counters[] = {
        0, 4, 6, EPOCH - 1, EPOCH, 5 * EPOCH, 6 * EPOCH, (uint64_t)1 << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        sealed_frame forged = frame;
        forged.counter = counters[i];
        cr_assert_not(opens(&ends[1], &forged), "counter %zu", i);
        cr_assert_arr_eq(&ends[1], &before, sizeof before);
    }
    cr_assert(opens(&ends[1], &frame));
}

Test(stream, numbers_pass_two_to_the_63)
{
    waldo__stream ends[2];
    begin_at(ends, ((uint64_t)1 << 63) - 3);
    for (int i = 0; i < 6; i++) {
        sealed_frame frame = must_seal(&ends[0]);
        cr_assert(opens(&ends[1], &frame), "frame %d", i);
        cr_assert_not(opens(&ends[1], &frame), "frame %d again", i);
    }
    cr_assert_eq(ends[1].next, ((uint64_t)1 << 63) + 3);
}

Test(stream, the_last_number_is_never_used)
{
    waldo__stream ends[2];
    begin_at(ends, UINT64_MAX - 1);
    sealed_frame frame = must_seal(&ends[0]);
    cr_assert(opens(&ends[1], &frame));
    cr_assert_not(seal(&ends[0], &frame));
    cr_assert_not(seal(&ends[0], &frame));
    /* Not even one that was made under the key. */
    waldo__cipher_encrypt(&ends[1].key, UINT64_MAX, "header", 6, (uint8_t[8]){0}, 8, frame.data);
    frame.counter = UINT64_MAX;
    cr_assert_not(opens(&ends[1], &frame));
}

Test(stream, too_short_a_frame_is_refused)
{
    waldo__stream ends[2];
    begin_at(ends, 0);
    sealed_frame frame = must_seal(&ends[0]);
    uint8_t plain[8];
    for (size_t size = 0; size < sizeof frame.data; size++)
        cr_assert_not(
            waldo__stream_open(&ends[1], frame.counter, "header", 6, frame.data, size, plain));
    cr_assert(opens(&ends[1], &frame));
}
