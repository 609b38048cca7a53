#include "wire/tail.h"

#include <stdlib.h>

#include "wire/scan.h"
#include "wire/varint.h"

/* The field's value; NULL: another one of its oneof is there. */
static const void *member(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)message;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
        *(const uint32_t *)(base + field->quantifier_offset) != field->id)
        return NULL;
    return base + field->offset;
}

/* The last message in the field, or NULL. */
static ProtobufCMessage *last_message(const ProtobufCMessage *message,
                                      const ProtobufCFieldDescriptor *field)
{
    const void *value = member(message, field);
    if (!value)
        return NULL;
    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return *(ProtobufCMessage *const *)value;
    size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
    return count > 0 ? (*(ProtobufCMessage * *const *)value)[count - 1] : NULL;
}

static bool is_bytes(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_BYTES && field->label != PROTOBUF_C_LABEL_REPEATED;
}

/* ---- packing ---- */

ProtobufCBinaryData waldo__tail_find(const ProtobufCMessage *message)
{
    while (message) {
        const ProtobufCMessageDescriptor *descriptor = message->descriptor;
        const ProtobufCMessage *last = NULL;
        for (unsigned i = descriptor->n_fields; i > 0 && !last; i--) {
            const ProtobufCFieldDescriptor *field = &descriptor->fields[i - 1];
            const ProtobufCBinaryData *bytes = is_bytes(field) ? member(message, field) : NULL;
            if (bytes && bytes->len >= WALDO__TAIL_LEAST)
                return *bytes;
            if (field->type == PROTOBUF_C_TYPE_MESSAGE)
                last = last_message(message, field);
        }
        message = last;
    }
    return (ProtobufCBinaryData){0};
}

typedef struct packing {
    ProtobufCBuffer base;
    waldo__buffer *buffer;
    ProtobufCBinaryData *tail;
    bool at_tail; /* it was left out, and nothing has followed yet */
    bool failed;
} packing;

static void append(ProtobufCBuffer *base, size_t size, const uint8_t *data)
{
    packing *p = (packing *)base;
    if (p->at_tail) {
        p->failed |= !waldo__buffer_append(p->buffer, p->tail->data, p->tail->len);
        *p->tail = (ProtobufCBinaryData){0};
        p->at_tail = false;
    }
    if (size > 0 && data == p->tail->data && size == p->tail->len)
        p->at_tail = true;
    else
        p->failed |= !waldo__buffer_append(p->buffer, data, size);
}

bool waldo__tail_pack(waldo__buffer *buffer, const ProtobufCMessage *message,
                      ProtobufCBinaryData *tail)
{
    packing p = {.base.append = append, .buffer = buffer, .tail = tail};
    protobuf_c_message_pack_to_buffer(message, &p.base);
    if (!p.at_tail)
        *tail = (ProtobufCBinaryData){0};
    return !p.failed;
}

/* ---- unpacking ---- */

/* A message within which the tail is: of the field that it is in, where that begins, and its
 * content, which is the rest. */
typedef struct level {
    uint32_t number;
    const ProtobufCFieldDescriptor *field; /* NULL where nobody asked */
    const uint8_t *start;
    const uint8_t *content;
} level;

enum { LEVELS = 8 };

/* The last field of what begins at `at`; false: its content begins behind `latest`. */
static bool find_last(const ProtobufCMessageDescriptor *descriptor, const uint8_t *at,
                      const uint8_t *latest, const uint8_t *end, level *ret_level)
{
    bool delimited;
    do {
        ret_level->start = at;
        if (at > latest ||
            !waldo__scan_field(&at, end, &ret_level->number, &delimited, &ret_level->content))
            return false;
    } while (at < end);
    ret_level->field = protobuf_c_message_descriptor_get_field(descriptor, ret_level->number);
    return delimited && ret_level->field && ret_level->content <= latest;
}

/* How many levels there are; 0: there is no tail that begins at `latest` or before. */
static int locate(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
                  const uint8_t *latest, level levels[LEVELS])
{
    const uint8_t *at = data;
    for (int i = 0; i < LEVELS; i++) {
        if (!find_last(descriptor, at, latest, data + size, &levels[i]))
            return 0;
        const ProtobufCFieldDescriptor *field = levels[i].field;
        if (is_bytes(field))
            return i + 1;
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            return 0;
        descriptor = field->descriptor;
        at = levels[i].content;
    }
    return 0;
}

/* How many bytes it takes. */
static size_t put_head(uint8_t *target, const level *one, size_t size)
{
    uint8_t *behind = waldo__put_tag(target, one->number, WALDO__DELIMITED);
    return (size_t)(waldo__put_varint(behind, size) - target);
}

/* The same message with a single byte in the tail's place: it says where that belongs. false: out
 * of memory. */
static bool shorten(const uint8_t *data, const level *levels, int count, waldo__buffer *ret_short)
{
    uint8_t head[WALDO__MOST_TAG + WALDO__MOST_VARINT];
    size_t sizes[LEVELS] = {0};
    bool good = true;
    sizes[count - 1] = 1;
    for (int i = count - 1; i > 0; i--)
        sizes[i - 1] = (size_t)(levels[i].start - levels[i - 1].content) +
                       put_head(head, &levels[i], sizes[i]) + sizes[i];
    for (int i = 0; i < count && good; i++) {
        const uint8_t *from = i == 0 ? data : levels[i - 1].content;
        size_t head_size = put_head(head, &levels[i], sizes[i]);
        good = waldo__buffer_append(ret_short, from, (size_t)(levels[i].start - from)) &&
               waldo__buffer_append(ret_short, head, head_size);
    }
    return good && waldo__buffer_append(ret_short, "", 1);
}

/* Where the single byte is; NULL: the message says one thing twice, and it is not there. */
static ProtobufCBinaryData *place_of(const ProtobufCMessage *message, const level *levels,
                                     int count)
{
    for (int i = 0; i < count - 1 && message; i++)
        message = last_message(message, levels[i].field);
    ProtobufCBinaryData *place =
        message ? (ProtobufCBinaryData *)member(message, levels[count - 1].field) : NULL;
    return place && place->len == 1 ? place : NULL;
}

/* With a single byte at *ret_place, where *ret_tail belongs; NULL: the message is whole. */
static int unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                  const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                  ProtobufCBinaryData **ret_place, ProtobufCBinaryData *ret_tail,
                  waldo_error *reterr)
{
    level levels[LEVELS];
    waldo__buffer shortened = {0};
    int count =
        size >= WALDO__TAIL_LEAST ? locate(descriptor, data, size, data + size / 2, levels) : 0;
    ProtobufCMessage *message = NULL;
    *ret_place = NULL;
    if (count > 0 && shorten(data, levels, count, &shortened) &&
        waldo__unpack(descriptor, allocator, shortened.data, shortened.size, &message, NULL) >= 0)
        *ret_place = place_of(message, levels, count);
    waldo__buffer_free(&shortened);
    if (!*ret_place) {
        if (message)
            protobuf_c_message_free_unpacked(message, allocator);
        return waldo__unpack(descriptor, allocator, data, size, ret_message, reterr);
    }
    const uint8_t *tail = levels[count - 1].content;
    *ret_tail = (ProtobufCBinaryData){(size_t)(data + size - tail), (uint8_t *)tail};
    *ret_message = message;
    return 0;
}

int waldo__tail_unpack(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                       const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                       waldo_error *reterr)
{
    ProtobufCBinaryData *place;
    ProtobufCBinaryData tail;
    int status =
        unpack(descriptor, &arena->allocator, data, size, ret_message, &place, &tail, reterr);
    if (status >= 0 && place)
        *place = tail;
    return status;
}

static uint8_t *tail_of_its_own(const ProtobufCBinaryData *tail, waldo__buffer *holder)
{
    uint8_t *own = holder ? waldo__buffer_give(holder, tail->data, tail->len) : NULL;
    if (own)
        return own;
    own = malloc(tail->len);
    if (own)
        waldo__copy(own, tail->data, tail->len);
    return own;
}

/* In place of the single byte. A failure frees the message. */
static int put_tail(ProtobufCMessage *message, ProtobufCBinaryData *place,
                    const ProtobufCBinaryData *tail, waldo__buffer *holder, waldo_error *reterr)
{
    uint8_t *own = tail_of_its_own(tail, holder);
    if (!own) {
        protobuf_c_message_free_unpacked(message, NULL);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for %zu bytes", tail->len);
    }
    free(place->data);
    *place = (ProtobufCBinaryData){tail->len, own};
    return 0;
}

int waldo__tail_unpack_copy(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                            size_t size, waldo__buffer *holder, ProtobufCMessage **ret_message,
                            waldo_error *reterr)
{
    ProtobufCMessage *message;
    ProtobufCBinaryData *place;
    ProtobufCBinaryData tail;
    int status = unpack(descriptor, NULL, data, size, &message, &place, &tail, reterr);
    if (status >= 0 && place)
        status = put_tail(message, place, &tail, holder, reterr);
    if (status >= 0)
        *ret_message = message;
    return status;
}

/* ---- apart from its lead ---- */

/* The field that begins at `at` and goes on to the end of the message, `led` bytes behind the
 * lead's. */
static bool find_led(const uint8_t *at, const uint8_t *end, size_t led, level *ret_level)
{
    uint64_t tag, size;
    ret_level->start = at;
    if (!waldo__take_tag(&at, end, &tag) || (tag & 7) != WALDO__DELIMITED || tag >> 3 > UINT32_MAX)
        return false;
    ret_level->number = (uint32_t)(tag >> 3);
    bool sized = waldo__take_tag(&at, end, &size);
    ret_level->content = at;
    return sized && size == (size_t)(end - at) + led;
}

bool waldo__tail_leave_out(const uint8_t *lead, size_t size, size_t led, waldo__buffer *ret_short)
{
    level levels[LEVELS] = {0};
    const uint8_t *at = lead, *end = lead + size;
    for (int count = 0; count < LEVELS; count++) {
        uint32_t number;
        bool delimited;
        const uint8_t *content;
        while (waldo__scan_field(&at, end, &number, &delimited, &content))
            ;
        if (!find_led(at, end, led, &levels[count]))
            return false;
        at = levels[count].content;
        if (at == end)
            return shorten(lead, levels, count + 1, ret_short);
    }
    return false;
}

int waldo__tail_unpack_led(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                           size_t size, size_t led, waldo__buffer *holder,
                           ProtobufCMessage **ret_message, waldo_error *reterr)
{
    level levels[LEVELS];
    ProtobufCMessage *message;
    const uint8_t *last = data + size - 1;
    int count = size > 0 ? locate(descriptor, data, size, last, levels) : 0;
    if (count == 0 || levels[count - 1].content != last)
        return 0;
    int status = waldo__unpack(descriptor, NULL, data, size, &message, reterr);
    if (status < 0)
        return status;
    ProtobufCBinaryData *place = place_of(message, levels, count);
    ProtobufCBinaryData tail = {led, holder->data};
    if (!place) {
        protobuf_c_message_free_unpacked(message, NULL);
        return 0;
    }
    status = put_tail(message, place, &tail, holder, reterr);
    if (status < 0)
        return status;
    *ret_message = message;
    return 1;
}
