#include "wire/flat.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "value/unicode.h"

/* MAX_TAG is of lengths, too: protobuf-c reads no longer ones. */
enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, MAX_TAG = 5, MAX_DEPTH = 8 };

typedef struct reader {
    const uint8_t *data;
    const uint8_t *end;
    ProtobufCAllocator *allocator; /* NULL: malloc's */
    bool is_envelope;              /* may hold arrays; what they and others take is an arena's */
    bool borrows;
    int depth; /* messages that may be within this one */
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

static bool read_long_varint(reader *from, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && from->data < from->end; shift += 7) {
        uint8_t byte = *from->data++;
        if (shift == 63 && byte > 1)
            return false;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* Most have one byte. */
static inline bool read_varint(reader *from, uint64_t *ret_number)
{
    if (from->data == from->end || *from->data >= 0x80)
        return read_long_varint(from, ret_number);
    *ret_number = *from->data++;
    return true;
}

static bool read_number(reader *from, ProtobufCType type, void *target)
{
    uint64_t number;
    if (!read_varint(from, &number))
        return false;
    switch (type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        *(uint64_t *)target = number;
        return true;
    case PROTOBUF_C_TYPE_SINT64:
        *(int64_t *)target = (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
        return true;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        *(uint32_t *)target = (uint32_t)number;
        return true;
    case PROTOBUF_C_TYPE_SINT32:
        *(int32_t *)target = (int32_t)((uint32_t)number >> 1) ^ -(int32_t)(number & 1);
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
    if (!fits || from->end - from->data < 8)
        return false;
    memcpy(&number, from->data, sizeof number);
    from->data += sizeof number;
    *(uint64_t *)target = le64toh(number);
    return true;
}

static bool take_text(reader *from, size_t size, const ProtobufCFieldDescriptor *field,
                      char **target)
{
    const char *text = (const char *)from->data;
    if (*target && *target != field->default_value)
        return false;
    if (size == 0 && *target && !**target)
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

static bool take_bytes(reader *from, size_t size, ProtobufCBinaryData *target)
{
    uint8_t *bytes = (uint8_t *)from->data;
    if (target->data)
        return false;
    if (!from->borrows && size > 0) {
        bytes = take_memory(from, size);
        if (!bytes)
            return false;
        memcpy(bytes, from->data, size);
    }
    *target = (ProtobufCBinaryData){size, size > 0 ? bytes : NULL};
    return true;
}

/* Numbers in one field. Each takes a byte at least. */
static bool take_array(reader *from, size_t size, void *message,
                       const ProtobufCFieldDescriptor *field)
{
    size_t *count = (size_t *)((char *)message + field->quantifier_offset);
    if (!from->is_envelope || field->type != PROTOBUF_C_TYPE_UINT64 || *count > 0 ||
        size > SIZE_MAX / sizeof(uint64_t))
        return false;
    uint64_t *numbers = take_memory(from, size * sizeof *numbers);
    reader within = *from;
    within.end = from->data + size;
    while (numbers && within.data < within.end)
        if (!read_varint(&within, &numbers[(*count)++]))
            return false;
    *(uint64_t **)member(message, field) = numbers;
    return numbers != NULL;
}

static bool read_message(reader *from, const ProtobufCMessageDescriptor *descriptor, void *message);

static bool take_message(reader *from, size_t size, const ProtobufCMessageDescriptor *descriptor,
                         void **target)
{
    if (from->depth == 0 || !descriptor->message_init || *target)
        return false;
    *target = take_memory(from, descriptor->sizeof_message);
    if (!*target)
        return false;
    reader within = *from;
    within.end = from->data + size;
    within.depth--;
    return read_message(&within, descriptor, *target);
}

static bool read_delimited(reader *from, void *message, const ProtobufCFieldDescriptor *field)
{
    uint64_t size;
    const uint8_t *start = from->data;
    if (!read_varint(from, &size) || from->data - start > MAX_TAG ||
        size > (size_t)(from->end - from->data))
        return false;
    bool taken = false;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        taken = take_array(from, size, message, field);
    else if (field->type == PROTOBUF_C_TYPE_STRING)
        taken = take_text(from, size, field, member(message, field));
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        taken = take_bytes(from, size, member(message, field));
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        taken = take_message(from, size, field->descriptor, member(message, field));
    from->data += size;
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
    const uint8_t *start = from->data;
    if (!read_varint(from, &tag) || from->data - start > MAX_TAG)
        return false;
    const ProtobufCFieldDescriptor *field = find_field(descriptor, tag >> 3);
    if (!field || !note_presence(message, field))
        return false;
    bool single = field->label != PROTOBUF_C_LABEL_REPEATED;
    switch (tag & 7) {
    case VARINT:
        return single && read_number(from, field->type, member(message, field));
    case FIXED64:
        return single && read_fixed64(from, field->type, member(message, field));
    case DELIMITED:
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
    while (from->data < from->end)
        if (!read_field(from, descriptor, message))
            return false;
    return from->is_envelope || !has_required(descriptor);
}

bool waldo__flat_read(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                      const uint8_t *data, size_t size, bool borrows, void *message)
{
    /* No bytes may be nowhere, and then there is no sum. */
    reader from = {data, size > 0 ? data + size : data, &arena->allocator, true, borrows, 0};
    return read_message(&from, descriptor, message);
}

bool waldo__flat_unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                        const uint8_t *data, size_t size, ProtobufCMessage **ret_message)
{
    reader from = {data, size > 0 ? data + size : data, allocator, false, false, MAX_DEPTH};
    if (size > WALDO__FLAT_MOST || !descriptor->message_init)
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
