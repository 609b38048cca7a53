#include "wire/simple.h"

#include <endian.h>
#include <string.h>

#include "wire/varint.h"

static const void *const_member(const void *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->offset;
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
        return waldo__zigzag((int64_t)number);
    case PROTOBUF_C_TYPE_SINT32:
        return waldo__zigzag((int32_t)(uint32_t)number);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        return (uint64_t)(int64_t)(int32_t)(uint32_t)number;
    case PROTOBUF_C_TYPE_BOOL:
        return number != 0;
    default:
        return number;
    }
}

typedef struct writer {
    uint8_t *at;
    const uint8_t *end; /* a number may go beyond it, and is the last thing then */
} writer;

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

static bool put_bytes(writer *to, const void *data, size_t size)
{
    if (to->at >= to->end || size >= (size_t)(to->end - to->at))
        return false;
    *to->at++ = (uint8_t)size;
    if (size > 0)
        memcpy(to->at, data, size);
    to->at += size;
    return true;
}

static bool put_message(writer *to, const ProtobufCMessage *message);

static bool put_nested(writer *to, const ProtobufCMessage *message)
{
    uint8_t *size = to->at++;
    if (to->at > to->end || !put_message(to, message))
        return false;
    *size = (uint8_t)(to->at - size - 1);
    return true;
}

static void put_number(writer *to, const ProtobufCFieldDescriptor *field, const void *message,
                       unsigned type)
{
    uint64_t number = encode(field->type, number_in(message, field));
    to->at = waldo__put_tag(to->at, field->id, type);
    if (type == WALDO__VARINT) {
        to->at = waldo__put_varint(to->at, number);
        return;
    }
    number = htole64(number);
    memcpy(to->at, &number, sizeof number);
    to->at += sizeof number;
}

static bool put_field(writer *to, const ProtobufCFieldDescriptor *field, const void *message)
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
        put_number(to, field, message, WALDO__FIXED64);
        return true;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    default:
        put_number(to, field, message, WALDO__VARINT);
        return true;
    }
    to->at = waldo__put_tag(to->at, field->id, WALDO__DELIMITED);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return put_nested(to, *(const ProtobufCMessage *const *)from);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)from;
        return put_bytes(to, text, strnlen(text, WALDO__SIMPLE_SHORT));
    }
    const ProtobufCBinaryData *bytes = from;
    return put_bytes(to, bytes->data, bytes->len);
}

static bool put_message(writer *to, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (!descriptor || message->n_unknown_fields > 0)
        return false;
    const ProtobufCFieldDescriptor *field = descriptor->fields, *end = field + descriptor->n_fields;
    for (; field < end; field++) {
        if (is_left_out(message, field))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REQUIRED ||
            (field->label == PROTOBUF_C_LABEL_REPEATED && array_size(message, field) > 0))
            return false;
        if (field->label != PROTOBUF_C_LABEL_REPEATED && is_there(message, field) &&
            (!put_field(to, field, message) || to->at > to->end))
            return false;
    }
    return true;
}

bool waldo__simple_pack(const ProtobufCMessage *message, uint8_t *target, size_t *ret_size)
{
    writer to = {target, target + WALDO__SIMPLE_SHORT};
    if (!put_message(&to, message))
        return false;
    *ret_size = (size_t)(to.at - target);
    return true;
}
