#include "wire/simple.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "value/unicode.h"
#include "wire/varint.h"

enum { MAX_DEPTH = 8 };

typedef struct reader {
    const uint8_t *at;
    const uint8_t *end;
    ProtobufCAllocator *allocator; /* NULL: malloc's */
    int depth;                     /* messages that may be within this one */
} reader;

static void *member(void *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}

static void *take_memory(const reader *from, size_t size)
{
    ProtobufCAllocator *allocator = from->allocator;
    return allocator ? allocator->alloc(allocator->allocator_data, size) : malloc(size);
}

static bool read_number(reader *from, ProtobufCType type, void *target)
{
    uint64_t number;
    if (!waldo__take_varint(&from->at, from->end, &number))
        return false;
    switch (type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        *(uint64_t *)target = number;
        return true;
    case PROTOBUF_C_TYPE_SINT64:
        *(int64_t *)target = waldo__unzigzag(number);
        return true;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        *(uint32_t *)target = (uint32_t)number;
        return true;
    case PROTOBUF_C_TYPE_SINT32:
        *(int32_t *)target = (int32_t)waldo__unzigzag((uint32_t)number);
        return true;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)target = number != 0;
        return true;
    default:
        return false;
    }
}

static bool read_fixed64(reader *from, ProtobufCType type, void *target)
{
    uint64_t number;
    bool fits = type == PROTOBUF_C_TYPE_FIXED64 || type == PROTOBUF_C_TYPE_SFIXED64 ||
                type == PROTOBUF_C_TYPE_DOUBLE;
    if (!fits || from->end - from->at < 8)
        return false;
    memcpy(&number, from->at, sizeof number);
    from->at += sizeof number;
    *(uint64_t *)target = le64toh(number);
    return true;
}

static bool take_text(const reader *from, size_t size, const ProtobufCFieldDescriptor *field,
                      char **target)
{
    const char *text = (const char *)from->at;
    if (*target && *target != field->default_value)
        return false;
    /* Without a label an empty text is as good as none. */
    if (size == 0 && *target && field->label == PROTOBUF_C_LABEL_NONE)
        return true;
    if (!waldo__utf8_valid(text, size) || (size > 0 && memchr(text, '\0', size)))
        return false;
    char *copy = take_memory(from, size + 1);
    if (!copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *target = copy;
    return true;
}

static bool take_bytes(const reader *from, size_t size, ProtobufCBinaryData *target)
{
    if (target->data)
        return false;
    uint8_t *bytes = size > 0 ? take_memory(from, size) : NULL;
    if (size > 0 && !bytes)
        return false;
    if (size > 0)
        memcpy(bytes, from->at, size);
    *target = (ProtobufCBinaryData){size, bytes};
    return true;
}

static bool read_message(reader *from, const ProtobufCMessageDescriptor *descriptor, void *message);

static bool take_message(const reader *from, size_t size,
                         const ProtobufCMessageDescriptor *descriptor, void **target)
{
    if (from->depth == 0 || !descriptor->message_init || *target)
        return false;
    *target = take_memory(from, descriptor->sizeof_message);
    if (!*target)
        return false;
    reader within = *from;
    within.end = from->at + size;
    within.depth--;
    return read_message(&within, descriptor, *target);
}

static bool read_delimited(reader *from, void *message, const ProtobufCFieldDescriptor *field)
{
    uint64_t size;
    if (!waldo__take_tag(&from->at, from->end, &size) || size > (size_t)(from->end - from->at))
        return false;
    bool taken = false;
    if (field->type == PROTOBUF_C_TYPE_STRING)
        taken = take_text(from, size, field, member(message, field));
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        taken = take_bytes(from, size, member(message, field));
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        taken = take_message(from, size, field->descriptor, member(message, field));
    from->at += size;
    return taken;
}

/* Says that the field is there, where the message has a place to say so. false: it is the second
 * one of its kind, and the first one would have to be given back. */
static bool note_presence(void *message, const ProtobufCFieldDescriptor *field)
{
    void *quantifier = (char *)message + field->quantifier_offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*(uint32_t *)quantifier != 0)
            return false;
        *(uint32_t *)quantifier = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset > 0) {
        *(protobuf_c_boolean *)quantifier = 1;
    }
    return true;
}

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor,
                                                  uint64_t number)
{
    if (number == 0 || number > descriptor->n_fields)
        return NULL;
    const ProtobufCFieldDescriptor *field = &descriptor->fields[number - 1];
    return field->id == number ? field : NULL;
}

static bool read_field(reader *from, const ProtobufCMessageDescriptor *descriptor, void *message)
{
    uint64_t tag;
    if (!waldo__take_tag(&from->at, from->end, &tag))
        return false;
    const ProtobufCFieldDescriptor *field = find_field(descriptor, tag >> 3);
    if (!field || field->label == PROTOBUF_C_LABEL_REPEATED || !note_presence(message, field))
        return false;
    switch (tag & 7) {
    case WALDO__VARINT:
        return read_number(from, field->type, member(message, field));
    case WALDO__FIXED64:
        return read_fixed64(from, field->type, member(message, field));
    case WALDO__DELIMITED:
        return read_delimited(from, message, field);
    default:
        return false;
    }
}

/* What has to be there is looked for by protobuf-c. */
static bool has_required(const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (descriptor->fields[i].label == PROTOBUF_C_LABEL_REQUIRED)
            return true;
    return false;
}

static bool read_message(reader *from, const ProtobufCMessageDescriptor *descriptor, void *message)
{
    descriptor->message_init(message);
    while (from->at < from->end)
        if (!read_field(from, descriptor, message))
            return false;
    return !has_required(descriptor);
}

bool waldo__simple_unpack(const ProtobufCMessageDescriptor *descriptor,
                          ProtobufCAllocator *allocator, const uint8_t *data, size_t size,
                          ProtobufCMessage **ret_message)
{
    /* No bytes may be nowhere, and then there is no sum. */
    reader from = {data, size > 0 ? data + size : data, allocator, MAX_DEPTH};
    if (size > WALDO__SIMPLE_MOST || !descriptor->message_init)
        return false;
    ProtobufCMessage *message = take_memory(&from, descriptor->sizeof_message);
    if (!message)
        return false;
    if (read_message(&from, descriptor, message)) {
        *ret_message = message;
        return true;
    }
    protobuf_c_message_free_unpacked(message, allocator);
    return false;
}
