/* Frames of a channel, and its life. */
#include "secure/channel.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "process/id.h"
#include "secure/channel_internal.h"

enum {
    CLEAR_HEADER = WALDO__SECURE_CLEAR_HEAD_SIZE,
    SEALED_HEADER = WALDO__SECURE_SEALED_HEAD_SIZE,
    TAG = WALDO__CIPHER_TAG_SIZE
};

void waldo__secure_put_number(uint64_t number, uint8_t ret_bytes[8])
{
    number = htobe64(number);
    memcpy(ret_bytes, &number, sizeof number);
}

uint64_t waldo__secure_get_number(const uint8_t bytes[8])
{
    uint64_t number;
    memcpy(&number, bytes, sizeof number);
    return be64toh(number);
}

/* ---- life ---- */

waldo__secure_channel *waldo__secure_channel_new(uint64_t id, waldo__secure_mode mode,
                                                 waldo__key *key)
{
    waldo__secure_channel *channel = calloc(1, sizeof *channel);
    if (!channel)
        return NULL;
    channel->id = id;
    channel->mode = mode;
    channel->key = waldo__key_ref(key);
    channel->owner = waldo__process_id();
    return channel;
}

void waldo__secure_channel_free(waldo__secure_channel *channel)
{
    if (!channel)
        return;
    waldo__key_unref(channel->key);
    sodium_memzero(channel, sizeof *channel);
    free(channel);
}

uint64_t waldo__secure_channel_id(const waldo__secure_channel *channel)
{
    return channel->id;
}

waldo__secure_mode waldo__secure_channel_mode(const waldo__secure_channel *channel)
{
    return channel->mode;
}

waldo__key *waldo__secure_channel_key(const waldo__secure_channel *channel)
{
    return channel->key;
}

void waldo__secure_channel_set_key(waldo__secure_channel *channel, waldo__key *key)
{
    waldo__key *before = channel->key;
    channel->key = waldo__key_ref(key);
    waldo__key_unref(before);
}

/* ---- what a message is ---- */

int waldo__secure_kind_of(const uint8_t *data, size_t size)
{
    return size > 0 ? data[0] : 0;
}

static bool is_sealed_kind(int kind)
{
    return kind == WALDO__SECURE_SEALED_FRAME || kind == WALDO__SECURE_SEALED_BUNDLE;
}

bool waldo__secure_frame_channel(const uint8_t *frame, size_t size, uint64_t *ret_id)
{
    int kind = waldo__secure_kind_of(frame, size);
    if ((!is_sealed_kind(kind) && kind != WALDO__SECURE_CLEAR_FRAME) || size < CLEAR_HEADER)
        return false;
    *ret_id = waldo__secure_get_number(frame + 1);
    return true;
}

/* ---- sealing ---- */

static bool add_sizes(const struct iovec *parts, int part_count, size_t *ret_size)
{
    size_t size = 0;
    for (int i = 0; i < part_count; i++) {
        if (parts[i].iov_len > waldo__cipher_max_size() - size)
            return false;
        size += parts[i].iov_len;
    }
    *ret_size = size;
    return true;
}

static void gather(const struct iovec *parts, int part_count, uint8_t *target)
{
    for (int i = 0; i < part_count; i++) {
        if (parts[i].iov_len == 0)
            continue;
        memcpy(target, parts[i].iov_base, parts[i].iov_len);
        target += parts[i].iov_len;
    }
}

static int too_big(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETOOBIG, "the message is too big for one frame");
}

bool waldo__secure_clear_head(const waldo__secure_channel *channel,
                              uint8_t ret_head[WALDO__SECURE_CLEAR_HEAD_SIZE])
{
    if (channel->mode != WALDO__SECURE_CLEAR)
        return false;
    ret_head[0] = WALDO__SECURE_CLEAR_FRAME;
    waldo__secure_put_number(channel->id, ret_head + 1);
    return true;
}

static int out_of_memory(size_t size, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a frame of %zu bytes", size);
}

static int seal_clear(const waldo__secure_channel *channel, const struct iovec *parts,
                      int part_count, size_t size, waldo__buffer *frame, waldo_error *reterr)
{
    if (!waldo__buffer_reserve(frame, CLEAR_HEADER + size))
        return out_of_memory(size, reterr);
    (void)waldo__secure_clear_head(channel, frame->data);
    gather(parts, part_count, frame->data + CLEAR_HEADER);
    frame->size = CLEAR_HEADER + size;
    return 0;
}

/* There is room for the tag. */
static int seal_payload(waldo__secure_channel *channel, waldo__secure_kind kind, uint8_t *frame,
                        size_t size, waldo_error *reterr)
{
    /* A number that is used twice under one key gives both messages away. */
    if (channel->owner != waldo__process_id())
        return waldo_error_set(reterr, WALDO_EFORK,
                               "a forked child cannot use its parent's channel");
    if (size > waldo__cipher_max_size())
        return too_big(reterr);
    frame[0] = (uint8_t)kind;
    waldo__secure_put_number(channel->id, frame + 1);
    waldo__secure_put_number(channel->sending.next, frame + CLEAR_HEADER);
    if (!waldo__stream_seal(&channel->sending, frame, SEALED_HEADER, frame + SEALED_HEADER, size)) {
        sodium_memzero(frame + SEALED_HEADER, size);
        return waldo_error_set(reterr, WALDO_ELIMIT, "the channel's frame numbers are used up");
    }
    return 0;
}

int waldo__secure_seal_in_place(waldo__secure_channel *channel, waldo__secure_kind kind,
                                waldo__buffer *frame, size_t start, waldo_error *reterr)
{
    size_t size = frame->size - start - SEALED_HEADER;
    int status = waldo__buffer_reserve(frame, frame->size + TAG)
                     ? seal_payload(channel, kind, frame->data + start, size, reterr)
                     : out_of_memory(size, reterr);
    frame->size = status < 0 ? 0 : frame->size + TAG;
    return status;
}

static int seal(waldo__secure_channel *channel, const struct iovec *parts, int part_count,
                size_t size, waldo__buffer *frame, waldo_error *reterr)
{
    if (!waldo__buffer_reserve(frame, SEALED_HEADER + size + TAG))
        return out_of_memory(size, reterr);
    gather(parts, part_count, frame->data + SEALED_HEADER);
    frame->size = SEALED_HEADER + size;
    return waldo__secure_seal_in_place(channel, WALDO__SECURE_SEALED_FRAME, frame, 0, reterr);
}

int waldo__secure_seal(waldo__secure_channel *channel, const struct iovec *parts, int part_count,
                       waldo__buffer *frame, waldo_error *reterr)
{
    size_t size;
    if (!add_sizes(parts, part_count, &size) || size > SIZE_MAX - WALDO__SECURE_OVERHEAD)
        return too_big(reterr);
    frame->size = 0;
    return channel->mode == WALDO__SECURE_CLEAR
               ? seal_clear(channel, parts, part_count, size, frame, reterr)
               : seal(channel, parts, part_count, size, frame, reterr);
}

/* ---- opening ---- */

static int refuse_frame(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EAUTHENTICATION, "the frame was refused");
}

static int open_sealed(waldo__secure_channel *channel, const uint8_t *frame, size_t size,
                       waldo__buffer *plain, waldo_error *reterr)
{
    if (size < SEALED_HEADER + TAG)
        return refuse_frame(reterr);
    size_t sealed = size - SEALED_HEADER;
    plain->size = 0;
    if (!waldo__buffer_reserve(plain, sealed))
        return out_of_memory(size, reterr);
    if (!waldo__stream_open(&channel->receiving, waldo__secure_get_number(frame + CLEAR_HEADER),
                            frame, SEALED_HEADER, frame + SEALED_HEADER, sealed, plain->data))
        return refuse_frame(reterr);
    plain->size = sealed - TAG;
    return 0;
}

int waldo__secure_open(waldo__secure_channel *channel, const uint8_t *frame, size_t size,
                       waldo__buffer *plain, const uint8_t **ret_payload, size_t *ret_size,
                       waldo_error *reterr)
{
    uint64_t id;
    int kind = waldo__secure_kind_of(frame, size);
    bool fits = channel->mode == WALDO__SECURE_CLEAR ? kind == WALDO__SECURE_CLEAR_FRAME
                                                     : is_sealed_kind(kind);
    if (!fits || !waldo__secure_frame_channel(frame, size, &id) || id != channel->id)
        return refuse_frame(reterr);
    if (channel->mode == WALDO__SECURE_CLEAR) {
        *ret_payload = frame + CLEAR_HEADER;
        *ret_size = size - CLEAR_HEADER;
        return 0;
    }
    int status = open_sealed(channel, frame, size, plain, reterr);
    if (status < 0)
        return status;
    *ret_payload = plain->data;
    *ret_size = plain->size;
    return 0;
}
