#include "wire/flat.h"

#include <endian.h>
#include <string.h>

/* MAX_TAG is of lengths, too. */
enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, MAX_VARINT = 10, MAX_TAG = 5 };

static const void *const_member(const void *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->offset;
}

size_t waldo__write_varint(uint8_t *target, uint64_t number)
{
    size_t size = 0;
    while (number >= 0x80) {
        target[size++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    target[size++] = (uint8_t)number;
    return size;
}

/* A count, a choice, or whether it is there. */
static const void *quantifier(const void *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->quantifier_offset;
}

static size_t array_size(const void *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)quantifier(message, field);
}

/* A number or a truth value as the message has it. 0 is not worth a field. */
static uint64_t number_in(const void *message, const ProtobufCFieldDescriptor *field)
{
    static const uint32_t wide = 1u << PROTOBUF_C_TYPE_INT64 | 1u << PROTOBUF_C_TYPE_SINT64 |
                                 1u << PROTOBUF_C_TYPE_SFIXED64 | 1u << PROTOBUF_C_TYPE_UINT64 |
                                 1u << PROTOBUF_C_TYPE_FIXED64 | 1u << PROTOBUF_C_TYPE_DOUBLE;
    const void *from = const_member(message, field);
    return wide >> field->type & 1 ? *(const uint64_t *)from : *(const uint32_t *)from;
}

/* As it is written. */
static uint64_t encode(ProtobufCType type, uint64_t number)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SINT64:
        return number << 1 ^ (number >> 63 ? UINT64_MAX : 0);
    case PROTOBUF_C_TYPE_SINT32:
        return (uint32_t)number << 1 ^ ((uint32_t)number >> 31 ? UINT32_MAX : 0);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        return (uint64_t)(int64_t)(int32_t)(uint32_t)number;
    case PROTOBUF_C_TYPE_BOOL:
        return number != 0;
    default:
        return number;
    }
}

/* What is written, with room for all that may come behind what is written next. */
typedef struct writer {
    waldo__buffer *buffer;
    size_t behind; /* bytes, but for those of texts, arrays and the like */
} writer;

static bool reserve(const writer *to, size_t size)
{
    size_t needed = to->buffer->size + to->behind;
    return needed >= to->behind && size <= SIZE_MAX - needed &&
           waldo__buffer_reserve(to->buffer, needed + size);
}

static void write_tag(waldo__buffer *buffer, const ProtobufCFieldDescriptor *field, unsigned type)
{
    buffer->size += waldo__write_varint(buffer->data + buffer->size, field->id << 3 | type);
}

static void write_number(waldo__buffer *buffer, const ProtobufCFieldDescriptor *field,
                         uint64_t number)
{
    if (field->type == PROTOBUF_C_TYPE_FIXED64) {
        write_tag(buffer, field, FIXED64);
        number = htole64(number);
        memcpy(buffer->data + buffer->size, &number, sizeof number);
        buffer->size += sizeof number;
        return;
    }
    write_tag(buffer, field, VARINT);
    buffer->size += waldo__write_varint(buffer->data + buffer->size, encode(field->type, number));
}

static bool write_bytes(const writer *to, const ProtobufCFieldDescriptor *field, const void *data,
                        size_t size)
{
    waldo__buffer *buffer = to->buffer;
    if (size == 0)
        return true;
    if (!reserve(to, size))
        return false;
    write_tag(buffer, field, DELIMITED);
    buffer->size += waldo__write_varint(buffer->data + buffer->size, size);
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return true;
}

static size_t packed_size(const uint64_t *numbers, size_t count)
{
    uint8_t scratch[MAX_VARINT];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += waldo__write_varint(scratch, numbers[i]);
    return size;
}

static bool write_array(const writer *to, const ProtobufCFieldDescriptor *field,
                        const uint64_t *numbers, size_t count)
{
    waldo__buffer *buffer = to->buffer;
    if (count == 0)
        return true;
    size_t size = packed_size(numbers, count);
    if (!reserve(to, size))
        return false;
    write_tag(buffer, field, DELIMITED);
    buffer->size += waldo__write_varint(buffer->data + buffer->size, size);
    for (size_t i = 0; i < count; i++)
        buffer->size += waldo__write_varint(buffer->data + buffer->size, numbers[i]);
    return true;
}

static bool is_nested(const ProtobufCFieldDescriptor *field, const void *message)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE &&
           (field->label != PROTOBUF_C_LABEL_REPEATED || array_size(message, field) > 0);
}

/* No message. */
static bool write_field(const writer *to, const ProtobufCFieldDescriptor *field,
                        const void *message)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return write_array(to, field, *(const uint64_t *const *)const_member(message, field),
                           array_size(message, field));
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)const_member(message, field);
        return !text || write_bytes(to, field, text, strlen(text));
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = const_member(message, field);
        return write_bytes(to, field, bytes->data, bytes->len);
    }
    uint64_t number = number_in(message, field);
    if (number != 0)
        write_number(to->buffer, field, number);
    return true;
}

static bool append_nested(const writer *to, const ProtobufCMessage *message)
{
    if (!reserve(to, protobuf_c_message_get_packed_size(message)))
        return false;
    to->buffer->size += protobuf_c_message_pack(message, to->buffer->data + to->buffer->size);
    return true;
}

bool waldo__flat_append(waldo__buffer *buffer, const ProtobufCMessage *message, size_t room)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    size_t before = buffer->size, most = descriptor->n_fields * (MAX_TAG + MAX_VARINT);
    writer to = {buffer, room + most};
    bool appended = room <= SIZE_MAX - most && reserve(&to, 0);
    for (unsigned i = 0; i < descriptor->n_fields && appended; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (is_nested(field, message)) {
            buffer->size = before;
            return append_nested(&to, message);
        }
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            appended = write_field(&to, field, message);
    }
    if (!appended)
        buffer->size = before;
    return appended;
}

/* ---- short messages ---- */

typedef struct short_writer {
    uint8_t *at;
    const uint8_t *end; /* a number may go beyond it, and is the last thing then */
} short_writer;

/* As protobuf-c decides it: whether the field is worth a place. Of a oneof it is the chosen one. */
static bool is_there(const void *message, const ProtobufCFieldDescriptor *field)
{
    const void *from = const_member(message, field);
    bool chosen = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const char *pointer = *(const char *const *)from;
        bool plain = field->label == PROTOBUF_C_LABEL_NONE && !chosen;
        return pointer && pointer != field->default_value &&
               (!plain || field->type == PROTOBUF_C_TYPE_MESSAGE || *pointer);
    }
    if (chosen)
        return true;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(const protobuf_c_boolean *)quantifier(message, field);
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)from)->len > 0;
    if (field->type == PROTOBUF_C_TYPE_DOUBLE)
        return *(const double *)from != 0; /* nor is -0.0 */
    return number_in(message, field) != 0;
}

/* Another one of its oneof was chosen. */
static bool is_left_out(const void *message, const ProtobufCFieldDescriptor *field)
{
    return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF &&
           *(const uint32_t *)quantifier(message, field) != field->id;
}

static bool put_bytes(short_writer *to, const void *data, size_t size)
{
    if (to->at >= to->end || size >= (size_t)(to->end - to->at))
        return false;
    *to->at++ = (uint8_t)size;
    if (size > 0)
        memcpy(to->at, data, size);
    to->at += size;
    return true;
}

static bool put_message(short_writer *to, const ProtobufCMessage *message);

static bool put_nested(short_writer *to, const ProtobufCMessage *message)
{
    uint8_t *size = to->at++;
    if (!put_message(to, message))
        return false;
    *size = (uint8_t)(to->at - size - 1);
    return true;
}

static void put_number(short_writer *to, const ProtobufCFieldDescriptor *field, const void *message,
                       unsigned type)
{
    uint64_t number = encode(field->type, number_in(message, field));
    to->at += waldo__write_varint(to->at, field->id << 3 | type);
    if (type == VARINT) {
        to->at += waldo__write_varint(to->at, number);
        return;
    }
    number = htole64(number);
    memcpy(to->at, &number, sizeof number);
    to->at += sizeof number;
}

static bool put_field(short_writer *to, const ProtobufCFieldDescriptor *field, const void *message)
{
    const void *from = const_member(message, field);
    switch (field->type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return false;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        put_number(to, field, message, FIXED64);
        return true;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    default:
        put_number(to, field, message, VARINT);
        return true;
    }
    to->at += waldo__write_varint(to->at, field->id << 3 | DELIMITED);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return put_nested(to, *(const ProtobufCMessage *const *)from);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)from;
        return put_bytes(to, text, strnlen(text, WALDO__FLAT_SHORT));
    }
    const ProtobufCBinaryData *bytes = from;
    return put_bytes(to, bytes->data, bytes->len);
}

static bool put_message(short_writer *to, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (!descriptor || message->n_unknown_fields > 0)
        return false;
    for (unsigned i = 0; i < descriptor->n_fields && to->at <= to->end; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (is_left_out(message, field))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REQUIRED ||
            (field->label == PROTOBUF_C_LABEL_REPEATED && array_size(message, field) > 0))
            return false;
        if (field->label != PROTOBUF_C_LABEL_REPEATED && is_there(message, field) &&
            !put_field(to, field, message))
            return false;
    }
    return to->at <= to->end;
}

bool waldo__flat_write_short(const ProtobufCMessage *message, uint8_t *target, size_t *ret_size)
{
    short_writer to = {target, target + WALDO__FLAT_SHORT};
    if (!put_message(&to, message))
        return false;
    *ret_size = (size_t)(to.at - target);
    return true;
}
