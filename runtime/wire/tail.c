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
    const ProtobufCFieldDescriptor *field;
    const uint8_t *start;
    const uint8_t *content;
} level;

enum { LEVELS = 8 };

/* The last field of what begins at `at`; false: it is not most of the data. */
static bool find_last(const ProtobufCMessageDescriptor *descriptor, const uint8_t *at,
                      const uint8_t *half, const uint8_t *end, level *ret_level)
{
    uint32_t number;
    bool delimited;
    do {
        ret_level->start = at;
        if (at > half || !waldo__scan_field(&at, end, &number, &delimited, &ret_level->content))
            return false;
    } while (at < end);
    ret_level->field = protobuf_c_message_descriptor_get_field(descriptor, number);
    return delimited && ret_level->field && ret_level->content <= half;
}

/* How many levels there are; 0: there is no tail. */
static int locate(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
                  level levels[LEVELS])
{
    const uint8_t *at = data;
    for (int i = 0; i < LEVELS; i++) {
        if (!find_last(descriptor, at, data + size / 2, data + size, &levels[i]))
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
    uint8_t *behind = waldo__put_tag(target, one->field->id, WALDO__DELIMITED);
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
    int count = size >= WALDO__TAIL_LEAST ? locate(descriptor, data, size, levels) : 0;
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

int waldo__tail_unpack_copy(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                            size_t size, waldo__buffer *holder, ProtobufCMessage **ret_message,
                            waldo_error *reterr)
{
    ProtobufCMessage *message;
    ProtobufCBinaryData *place;
    ProtobufCBinaryData tail;
    int status = unpack(descriptor, NULL, data, size, &message, &place, &tail, reterr);
    uint8_t *own = status >= 0 && place ? tail_of_its_own(&tail, holder) : NULL;
    if (status >= 0 && place && !own) {
        protobuf_c_message_free_unpacked(message, NULL);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for %zu bytes", tail.len);
    }
    if (own) {
        free(place->data);
        *place = (ProtobufCBinaryData){tail.len, own};
    }
    if (status >= 0)
        *ret_message = message;
    return status;
}
