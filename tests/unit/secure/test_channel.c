#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "secure/channel_internal.h"
#include "unit/secure/support.h"

enum { ID_AT = 1, COUNTER_AT = 9, CLEAR_HEADER = 9, SEALED_HEADER = 17 };

Test(channel, frames_pass_both_ways_in_both_modes)
{
    for (int mode = WALDO__SECURE_SEALED; mode <= WALDO__SECURE_CLEAR; mode++) {
        pair made = make_pair((waldo__secure_mode)mode);
        for (int i = 0; i < 3; i++) {
            waldo__buffer forth = seal_bytes(made.client, "ping", 4);
            waldo__buffer back = seal_bytes(made.server, "a pong", 6);
            cr_assert(opens_as(made.server, forth.data, forth.size, "ping"));
            cr_assert(opens_as(made.client, back.data, back.size, "a pong"));
            waldo__buffer_free(&forth);
            waldo__buffer_free(&back);
        }
        free_pair(&made);
    }
}

Test(channel, a_frame_is_what_is_written_down)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer lost = seal_bytes(made.client, "lost", 4);
    waldo__buffer frame = seal_bytes(made.client, "hello", 5);
    cr_assert_eq(frame.size, (size_t)5 + WALDO__SECURE_OVERHEAD);
    cr_assert_eq(frame.data[0], WALDO__SECURE_SEALED_FRAME);
    uint64_t id;
    cr_assert(waldo__secure_frame_channel(frame.data, frame.size, &id));
    cr_assert_eq(id, waldo__secure_channel_id(made.server));
    cr_assert_arr_eq(frame.data + COUNTER_AT, "\0\0\0\0\0\0\0\1", 8);
    cr_assert_null(memmem(frame.data, frame.size, "hello", 5));
    waldo__buffer_free(&lost);
    waldo__buffer_free(&frame);
    free_pair(&made);

    made = make_pair(WALDO__SECURE_CLEAR);
    frame = seal_bytes(made.client, "hello", 5);
    cr_assert_eq(frame.size, (size_t)CLEAR_HEADER + 5);
    cr_assert_eq(frame.data[0], WALDO__SECURE_CLEAR_FRAME);
    cr_assert(waldo__secure_frame_channel(frame.data, frame.size, &id));
    cr_assert_eq(id, waldo__secure_channel_id(made.server));
    cr_assert_arr_eq(frame.data + CLEAR_HEADER, "hello", 5);
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, parts_are_joined_and_none_is_fine)
{
    for (int mode = WALDO__SECURE_SEALED; mode <= WALDO__SECURE_CLEAR; mode++) {
        pair made = make_pair((waldo__secure_mode)mode);
        char texts[2][4] = {"one", "two"};
        struct iovec parts[] = {{texts[0], 3}, {NULL, 0}, {texts[1], 3}};
        waldo__buffer frame = {0};
        cr_assert_geq(waldo__secure_seal(made.client, parts, 3, &frame, NULL), 0);
        cr_assert(opens_as(made.server, frame.data, frame.size, "onetwo"));
        cr_assert_geq(waldo__secure_seal(made.client, NULL, 0, &frame, NULL), 0);
        cr_assert(opens_as(made.server, frame.data, frame.size, ""));
        waldo__buffer_free(&frame);
        free_pair(&made);
    }
}

Test(channel, five_mebibytes_pass)
{
    size_t size = (size_t)5 << 20;
    char *text = malloc(size + 1);
    cr_assert_not_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    text[size - 2] = 'y';
    for (int mode = WALDO__SECURE_SEALED; mode <= WALDO__SECURE_CLEAR; mode++) {
        pair made = make_pair((waldo__secure_mode)mode);
        waldo__buffer frame = seal_bytes(made.server, text, size);
        cr_assert(opens_as(made.client, frame.data, frame.size, text));
        waldo__buffer_free(&frame);
        free_pair(&made);
    }
    free(text);
}

Test(channel, many_frames_pass_through_several_keys)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer frame = {0};
    waldo__buffer plain = {0};
    size_t passed = 0;
    for (uint32_t i = 0; i < 200000; i++) {
        waldo__secure_channel *from = i % 3 ? made.client : made.server;
        waldo__secure_channel *to = i % 3 ? made.server : made.client;
        struct iovec part = {&i, sizeof i};
        const uint8_t *payload;
        size_t size;
        passed +=
            waldo__secure_seal(from, &part, 1, &frame, NULL) >= 0 &&
            waldo__secure_open(to, frame.data, frame.size, &plain, &payload, &size, NULL) >= 0 &&
            size == sizeof i && memcmp(payload, &i, size) == 0;
    }
    cr_assert_eq(passed, (size_t)200000);
    cr_assert_eq(made.client->sending.epoch, (uint64_t)2);
    cr_assert_eq(made.client->receiving.epoch, (uint64_t)1);
    waldo__buffer_free(&frame);
    waldo__buffer_free(&plain);
    free_pair(&made);
}

/* ---- what is refused ---- */

Test(channel, repeated_and_overtaken_frames_are_refused)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer first = seal_bytes(made.client, "1", 1);
    waldo__buffer second = seal_bytes(made.client, "2", 1);
    waldo__buffer third = seal_bytes(made.client, "3", 1);
    cr_assert(opens_as(made.server, second.data, second.size, "2"), "a gap is no harm");
    cr_assert(refuses(made.server, second.data, second.size));
    cr_assert(refuses(made.server, first.data, first.size));
    cr_assert(opens_as(made.server, third.data, third.size, "3"));
    waldo__buffer_free(&first);
    waldo__buffer_free(&second);
    waldo__buffer_free(&third);
    free_pair(&made);
}

Test(channel, every_changed_bit_is_refused)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer frame = seal_bytes(made.client, "a payload", 9);
    size_t refused = 0;
    for (size_t bit = 0; bit < 8 * frame.size; bit++) {
        frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        refused += refuses(made.server, frame.data, frame.size);
        frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_eq(refused, 8 * frame.size);
    cr_assert(opens_as(made.server, frame.data, frame.size, "a payload"));
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, every_changed_bit_of_a_clear_frames_header_is_refused)
{
    pair made = make_pair(WALDO__SECURE_CLEAR);
    waldo__buffer frame = seal_bytes(made.client, "a payload", 9);
    for (size_t bit = 0; bit < 8 * (size_t)CLEAR_HEADER; bit++) {
        frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert(refuses(made.server, frame.data, frame.size), "bit %zu", bit);
        frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert(opens_as(made.server, frame.data, frame.size, "a payload"));
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, every_shorter_and_a_longer_frame_is_refused)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer frame = seal_bytes(made.client, "a payload", 9);
    for (size_t size = 0; size < frame.size; size++) {
        /* In a block of its own, so that reading beyond it is noticed. */
        uint8_t *copy = malloc(size ? size : 1);
        cr_assert_not_null(copy);
        memcpy(copy, frame.data, size);
        cr_assert(refuses(made.server, copy, size), "%zu bytes", size);
        free(copy);
    }
    size_t size = frame.size;
    cr_assert(waldo__buffer_append(&frame, "", 1));
    cr_assert(refuses(made.server, frame.data, frame.size));
    cr_assert(opens_as(made.server, frame.data, size, "a payload"));
    waldo__buffer_free(&frame);
    free_pair(&made);

    made = make_pair(WALDO__SECURE_CLEAR);
    frame = seal_bytes(made.client, "", 0);
    for (size = 0; size < frame.size; size++)
        cr_assert(refuses(made.server, frame.data, size), "%zu bytes in the clear", size);
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, frames_of_another_channel_are_refused)
{
    pair one = make_pair(WALDO__SECURE_SEALED);
    pair other = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer frame = seal_bytes(one.client, "hello", 5);
    cr_assert(refuses(other.server, frame.data, frame.size));
    waldo__secure_put_number(other.server->id, frame.data + ID_AT);
    cr_assert(refuses(other.server, frame.data, frame.size), "under the other one's id");
    waldo__buffer_free(&frame);
    free_pair(&one);
    free_pair(&other);
}

static void put_payload(waldo__buffer *frame, const char *text)
{
    static const uint8_t head[WALDO__SECURE_SEALED_HEAD_SIZE];
    frame->size = 0;
    cr_assert(waldo__buffer_append(frame, head, sizeof head));
    cr_assert(waldo__buffer_append(frame, text, strlen(text)));
}

Test(channel, frames_can_be_sealed_where_they_lie)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer frame = {0};
    const waldo__secure_kind kinds[] = {WALDO__SECURE_SEALED_FRAME, WALDO__SECURE_SEALED_BUNDLE};
    for (int i = 0; i < 2; i++) {
        put_payload(&frame, "hello");
        cr_assert_eq(waldo__secure_seal_in_place(made.client, kinds[i], &frame, 0, NULL), 0);
        cr_assert_eq(frame.size, 5 + (size_t)WALDO__SECURE_OVERHEAD);
        cr_assert_eq(waldo__secure_kind_of(frame.data, frame.size), (int)kinds[i]);
        /* What it is cannot be changed on the way. */
        frame.data[0] ^= WALDO__SECURE_SEALED_FRAME ^ WALDO__SECURE_SEALED_BUNDLE;
        cr_assert(refuses(made.server, frame.data, frame.size));
        frame.data[0] ^= WALDO__SECURE_SEALED_FRAME ^ WALDO__SECURE_SEALED_BUNDLE;
        cr_assert(opens_as(made.server, frame.data, frame.size, "hello"));
    }
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, what_cannot_be_sealed_where_it_lies_is_gone)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer frame = {0};
    put_payload(&frame, "hello");
    made.client->owner++;
    cr_assert_eq(
        waldo__secure_seal_in_place(made.client, WALDO__SECURE_SEALED_BUNDLE, &frame, 0, NULL),
        WALDO_EFORK);
    cr_assert_eq(frame.size, (size_t)0);
    made.client->owner--;
    put_payload(&frame, "hello");
    made.client->sending.next = UINT64_MAX;
    cr_assert_eq(
        waldo__secure_seal_in_place(made.client, WALDO__SECURE_SEALED_BUNDLE, &frame, 0, NULL),
        WALDO_ELIMIT);
    cr_assert_eq(frame.size, (size_t)0);
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, ones_own_frames_are_refused)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    waldo__buffer frame = seal_bytes(made.client, "hello", 5);
    cr_assert(refuses(made.client, frame.data, frame.size));
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, frames_of_the_other_mode_are_refused)
{
    pair sealed = make_pair(WALDO__SECURE_SEALED);
    pair clear = make_pair(WALDO__SECURE_CLEAR);
    clear.client->id = clear.server->id = sealed.server->id;
    waldo__buffer frame = seal_bytes(clear.client, "hello, hello, hello, hello, hello", 33);
    cr_assert(refuses(sealed.server, frame.data, frame.size));
    waldo__buffer_free(&frame);
    frame = seal_bytes(sealed.client, "hello", 5);
    cr_assert(refuses(clear.server, frame.data, frame.size));
    waldo__buffer_free(&frame);
    free_pair(&sealed);
    free_pair(&clear);
}

Test(channel, handshake_messages_and_refusals_are_no_frames)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    uint8_t message[WALDO__SECURE_FIRST_SIZE] = {0};
    uint64_t id = 5;
    for (int kind = 0; kind < 256; kind++) {
        message[0] = (uint8_t)kind;
        bool frame = kind == WALDO__SECURE_SEALED_FRAME || kind == WALDO__SECURE_CLEAR_FRAME ||
                     kind == WALDO__SECURE_SEALED_BUNDLE;
        cr_assert_eq(waldo__secure_frame_channel(message, sizeof message, &id), frame);
        cr_assert(refuses(made.server, message, sizeof message));
    }
    waldo__secure_refuse(message);
    cr_assert(refuses(made.client, message, WALDO__SECURE_REFUSAL_SIZE));
    cr_assert_eq(waldo__secure_kind_of(message, 0), 0);
    free_pair(&made);
}

/* ---- limits ---- */

Test(channel, counters_pass_two_to_the_63)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    uint64_t next = ((uint64_t)1 << 63) - 2;
    made.client->sending.next = made.server->receiving.next = next;
    made.client->sending.epoch = made.server->receiving.epoch = next >> WALDO__STREAM_EPOCH_BITS;
    for (int i = 0; i < 5; i++) {
        waldo__buffer frame = seal_bytes(made.client, "x", 1);
        cr_assert(opens_as(made.server, frame.data, frame.size, "x"), "frame %d", i);
        cr_assert(refuses(made.server, frame.data, frame.size), "frame %d again", i);
        waldo__buffer_free(&frame);
    }
    free_pair(&made);
}

Test(channel, used_up_numbers_are_an_error)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    made.client->sending.next = UINT64_MAX;
    waldo__buffer frame = {0};
    struct iovec part = {(char[]){"x"}, 1};
    cr_assert_eq(waldo__secure_seal(made.client, &part, 1, &frame, NULL), WALDO_ELIMIT);
    cr_assert_eq(frame.size, (size_t)0);
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, absurd_sizes_are_refused_before_anything_is_read)
{
    for (int mode = WALDO__SECURE_SEALED; mode <= WALDO__SECURE_CLEAR; mode++) {
        pair made = make_pair((waldo__secure_mode)mode);
        waldo__buffer frame = {0};
        char byte = 'x';
        struct iovec parts[] = {{&byte, 1}, {&byte, SIZE_MAX}};
        cr_assert_eq(waldo__secure_seal(made.client, parts, 2, &frame, NULL), WALDO_ETOOBIG);
        parts[1].iov_len = waldo__cipher_max_size();
        cr_assert_eq(waldo__secure_seal(made.client, parts, 2, &frame, NULL), WALDO_ETOOBIG);
        waldo__buffer_free(&frame);
        free_pair(&made);
    }
}

Test(channel, another_process_cannot_seal)
{
    pair made = make_pair(WALDO__SECURE_SEALED);
    /* As it looks to a forked child. */
    made.client->owner++;
    waldo__buffer frame = {0};
    struct iovec part = {(char[]){"x"}, 1};
    cr_assert_eq(waldo__secure_seal(made.client, &part, 1, &frame, NULL), WALDO_EFORK);
    cr_assert_eq(made.client->sending.next, (uint64_t)0);
    made.client->owner--;
    cr_assert_geq(waldo__secure_seal(made.client, &part, 1, &frame, NULL), 0);
    cr_assert(opens_as(made.server, frame.data, frame.size, "x"));
    waldo__buffer_free(&frame);
    free_pair(&made);
}

Test(channel, clear_channels_hold_no_keys)
{
    pair made = make_pair(WALDO__SECURE_CLEAR);
    cr_assert(sodium_is_zero((uint8_t *)&made.client->sending, sizeof(waldo__stream)));
    cr_assert(sodium_is_zero((uint8_t *)&made.server->receiving, sizeof(waldo__stream)));
    free_pair(&made);
    waldo__secure_channel_free(NULL);
}
