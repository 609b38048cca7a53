#include "wire/flat.h"

#include <endian.h>
#include <string.h>

#include "value/unicode.h"

/* MAX_TAG is of lengths, too: protobuf-c reads no longer ones. */
enum { VARINT = 0, FIXED64 = 1, DELIMITED = 2, MAX_VARINT = 10, MAX_TAG = 5 };

typedef struct reader {
    const uint8_t *data;
    const uint8_t *end;
    waldo__arena *arena;
    bool borrows;
} reader;

static void *member(void *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)message + field->offset;
}

static const void *const_member(const void *message, const ProtobufCFieldDescriptor *field)
{
    return (const char *)message + field->offset;
}

/* ---- reading ---- */

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
        *(uint64_t *)target = number;
        return true;
    case PROTOBUF_C_TYPE_UINT32:
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

static bool read_fixed64(reader *from, void *target)
{
    uint64_t number;
    if (from->end - from->data < 8)
        return false;
    memcpy(&number, from->data, sizeof number);
    from->data += sizeof number;
    *(uint64_t *)target = le64toh(number);
    return true;
}

static bool take_text(reader *from, size_t size, char **target)
{
    const char *text = (const char *)from->data;
    char *copy = waldo__arena_alloc(from->arena, size + 1);
    if (!copy || !waldo__utf8_valid(text, size) || (size > 0 && memchr(text, '\0', size)))
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *target = copy;
    return true;
}

static bool take_bytes(reader *from, size_t size, ProtobufCBinaryData *target)
{
    uint8_t *bytes = (uint8_t *)from->data;
    if (!from->borrows && size > 0) {
        bytes = waldo__arena_alloc(from->arena, size);
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
    if (field->type != PROTOBUF_C_TYPE_UINT64 || *count > 0 || size > SIZE_MAX / sizeof(uint64_t))
        return false;
    uint64_t *numbers = waldo__arena_alloc(from->arena, size * sizeof *numbers);
    reader within = *from;
    within.end = from->data + size;
    while (numbers && within.data < within.end)
        if (!read_varint(&within, &numbers[(*count)++]))
            return false;
    *(uint64_t **)member(message, field) = numbers;
    return numbers != NULL;
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
        taken = take_text(from, size, member(message, field));
    else if (field->type == PROTOBUF_C_TYPE_BYTES)
        taken = take_bytes(from, size, member(message, field));
    from->data += size;
    return taken;
}

static bool read_field(reader *from, const ProtobufCMessageDescriptor *descriptor, void *message)
{
    uint64_t tag;
    const uint8_t *start = from->data;
    if (!read_varint(from, &tag) || from->data - start > MAX_TAG || tag >> 3 == 0 ||
        tag >> 3 > descriptor->n_fields)
        return false;
    const ProtobufCFieldDescriptor *field = &descriptor->fields[(tag >> 3) - 1];
    bool single = field->label != PROTOBUF_C_LABEL_REPEATED;
    switch (tag & 7) {
    case VARINT:
        return single && read_number(from, field->type, member(message, field));
    case FIXED64:
        return single && field->type == PROTOBUF_C_TYPE_FIXED64 &&
               read_fixed64(from, member(message, field));
    case DELIMITED:
        return read_delimited(from, message, field);
    default:
        return false;
    }
}

bool waldo__flat_read(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                      const uint8_t *data, size_t size, bool borrows, void *message)
{
    /* No bytes may be nowhere, and then there is no sum. */
    reader from = {data, size > 0 ? data + size : data, arena, borrows};
    descriptor->message_init(message);
    while (from.data < from.end)
        if (!read_field(&from, descriptor, message))
            return false;
    return true;
}

/* ---- writing ---- */

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

static size_t array_size(const void *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)((const char *)message + field->quantifier_offset);
}

/* As it is written, and whether that is worth a field: zero is not. */
static bool number_of(const ProtobufCFieldDescriptor *field, const void *message,
                      uint64_t *ret_number)
{
    const void *from = const_member(message, field);
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        *ret_number = *(const uint64_t *)from;
        break;
    case PROTOBUF_C_TYPE_UINT32:
        *ret_number = *(const uint32_t *)from;
        break;
    case PROTOBUF_C_TYPE_ENUM:
        *ret_number = (uint64_t) * (const int32_t *)from;
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *ret_number = *(const protobuf_c_boolean *)from != 0;
        break;
    default: { /* SINT32 */
        int32_t number = *(const int32_t *)from;
        *ret_number = (uint32_t)number << 1 ^ (uint32_t)(number < 0 ? -1 : 0);
    }
    }
    return *ret_number != 0;
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
    buffer->size += waldo__write_varint(buffer->data + buffer->size, number);
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

static bool write_field(const writer *to, const ProtobufCFieldDescriptor *field,
                        const void *message)
{
    uint64_t number;
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
    if (number_of(field, message, &number))
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
