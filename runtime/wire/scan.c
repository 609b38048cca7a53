#include "wire/scan.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "value/unicode.h"
#include "wire/simple.h"
#include "wire/varint.h"

#define MAX_FIELD_NUMBER ((1u << 29) - 1)

/* What protobuf-c and malloc keep beside the data itself: for each field that it meets while it
 * works, and for each allocation. */
#define FIELD_OVERHEAD 64
#define ALLOCATION_OVERHEAD 16

typedef enum wire_type {
    VARINT = WALDO__VARINT,
    FIXED64 = WALDO__FIXED64,
    DELIMITED = WALDO__DELIMITED,
    FIXED32 = 5
} wire_type;

typedef struct scan {
    waldo__scan_limits limits;
    size_t memory;
    waldo_error *reterr;
} scan;

typedef struct cursor {
    const uint8_t *data;
    const uint8_t *end;
} cursor;

static int malformed(const scan *s, const ProtobufCMessageDescriptor *descriptor, const char *what)
{
    return waldo_error_set(s->reterr, WALDO_EPROTOCOL, "malformed %s: %s", descriptor->name, what);
}

static int malformed_field(const scan *s, const ProtobufCMessageDescriptor *descriptor,
                           const ProtobufCFieldDescriptor *field, const char *what)
{
    return waldo_error_set(s->reterr, WALDO_EPROTOCOL, "malformed %s: field '%s' %s",
                           descriptor->name, field->name, what);
}

static int take_memory(scan *s, size_t bytes)
{
    if (bytes > s->limits.max_memory || s->memory > s->limits.max_memory - bytes)
        return waldo_error_set(s->reterr, WALDO_ELIMIT,
                               "the message would take more than %zu bytes of memory",
                               s->limits.max_memory);
    s->memory += bytes;
    return 0;
}

static bool read_tag(cursor *at, uint32_t *ret_number, wire_type *ret_type)
{
    uint64_t tag;
    if (!waldo__take_tag(&at->data, at->end, &tag))
        return false;
    if (tag >> 3 == 0 || tag >> 3 > MAX_FIELD_NUMBER)
        return false;
    *ret_number = (uint32_t)(tag >> 3);
    *ret_type = (wire_type)(tag & 7);
    return true;
}

/* Moves behind a field's content, which is *ret_content. */
static bool read_content(cursor *at, wire_type type, cursor *ret_content)
{
    uint64_t size;
    ret_content->data = at->data;
    switch (type) {
    case VARINT:
        if (!waldo__take_varint(&at->data, at->end, &size))
            return false;
        break;
    case FIXED64:
    case FIXED32:
        size = type == FIXED64 ? 8 : 4;
        if ((size_t)(at->end - at->data) < size)
            return false;
        at->data += size;
        break;
    case DELIMITED:
        /* protobuf-c reads lengths into 32 bits. */
        if (!waldo__take_tag(&at->data, at->end, &size) || size > INT32_MAX ||
            (size_t)(at->end - at->data) < size)
            return false;
        ret_content->data = at->data;
        at->data += size;
        break;
    default:
        return false;
    }
    ret_content->end = at->data;
    return true;
}

bool waldo__scan_field(const uint8_t **at, const uint8_t *end, uint32_t *ret_number,
                       bool *ret_delimited, const uint8_t **ret_content)
{
    cursor from = {*at, end};
    cursor content;
    wire_type type;
    if (!read_tag(&from, ret_number, &type) || !read_content(&from, type, &content))
        return false;
    *ret_delimited = type == DELIMITED;
    *ret_content = content.data;
    *at = from.data;
    return true;
}

static wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return FIXED32;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return DELIMITED;
    default:
        return VARINT;
    }
}

/* Repeated scalars in one field: every item must be whole. */
static int scan_packed(scan *s, const ProtobufCMessageDescriptor *descriptor,
                       const ProtobufCFieldDescriptor *field, cursor content)
{
    wire_type type = wire_type_of(field->type);
    size_t count = 0;
    cursor item;
    while (content.data < content.end) {
        if (!read_content(&content, type, &item))
            return malformed_field(s, descriptor, field, "ends within an item");
        count++;
    }
    return take_memory(s, count * sizeof(uint64_t));
}

static int scan_text(scan *s, const ProtobufCMessageDescriptor *descriptor,
                     const ProtobufCFieldDescriptor *field, cursor content)
{
    size_t size = (size_t)(content.end - content.data);
    if (!waldo__utf8_valid((const char *)content.data, size))
        return malformed_field(s, descriptor, field, "is not UTF-8");
    if (size > 0 && memchr(content.data, '\0', size))
        return malformed_field(s, descriptor, field, "holds a NUL");
    return take_memory(s, size + 1 + ALLOCATION_OVERHEAD);
}

static int scan_message(scan *s, const ProtobufCMessageDescriptor *descriptor, cursor at,
                        int depth);

static int scan_known(scan *s, const ProtobufCMessageDescriptor *descriptor,
                      const ProtobufCFieldDescriptor *field, wire_type type, cursor content,
                      int depth)
{
    wire_type wanted = wire_type_of(field->type);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (repeated && type == DELIMITED && wanted != DELIMITED)
        return scan_packed(s, descriptor, field, content);
    if (type != wanted)
        return malformed_field(s, descriptor, field, "has another type");
    int status = repeated ? take_memory(s, 2 * sizeof(uint64_t)) : 0;
    if (status < 0)
        return status;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return scan_text(s, descriptor, field, content);
    case PROTOBUF_C_TYPE_BYTES:
        return take_memory(s, (size_t)(content.end - content.data) + ALLOCATION_OVERHEAD);
    case PROTOBUF_C_TYPE_MESSAGE:
        return scan_message(s, field->descriptor, content, depth + 1);
    default:
        return 0;
    }
}

/* depth is bounded by the limits. */
static int scan_message(scan *s, const ProtobufCMessageDescriptor *descriptor, cursor at, int depth)
{
    if (depth > s->limits.max_depth)
        return waldo_error_set(s->reterr, WALDO_ERECURSION, "messages are nested more than %d deep",
                               s->limits.max_depth);
    int status = take_memory(s, descriptor->sizeof_message + ALLOCATION_OVERHEAD);
    while (at.data < at.end && status >= 0) {
        uint32_t number;
        wire_type type;
        cursor content;
        if (!read_tag(&at, &number, &type))
            return malformed(s, descriptor, "a field has no number");
        if (!read_content(&at, type, &content))
            return malformed(s, descriptor, "a field does not end within the message");
        status = take_memory(s, FIELD_OVERHEAD);
        if (status < 0)
            break;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, number);
        if (field)
            status = scan_known(s, descriptor, field, type, content, depth);
        else
            status =
                take_memory(s, (size_t)(content.end - content.data) + 16 + ALLOCATION_OVERHEAD);
    }
    return status;
}

int waldo__scan(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
                const waldo__scan_limits *limits, waldo_error *reterr)
{
    scan s = {.limits = {WALDO__SCAN_DEPTH, WALDO__SCAN_MEMORY}, .reterr = reterr};
    if (limits)
        s.limits = *limits;
    if (size == 0)
        return 0;
    int status = scan_message(&s, descriptor, (cursor){data, data + size}, 1);
    return status < 0 ? status : 0;
}

/* ---- Unpacking ---- */

static void *limited_alloc(void *data, size_t size)
{
    waldo__limited_allocator *limited = data;
    if (size > limited->left) {
        limited->over_limit = true;
        return NULL;
    }
    ProtobufCAllocator *source = limited->source;
    void *memory = source ? source->alloc(source->allocator_data, size) : malloc(size);
    if (memory)
        limited->left -= size;
    else
        limited->no_memory = true;
    return memory;
}

static void limited_free(void *data, void *memory)
{
    ProtobufCAllocator *source = ((waldo__limited_allocator *)data)->source;
    if (source)
        source->free(source->allocator_data, memory);
    else
        free(memory);
}

void waldo__limited_allocator_init(waldo__limited_allocator *limited, ProtobufCAllocator *source,
                                   size_t limit)
{
    *limited = (waldo__limited_allocator){.source = source, .left = limit};
    limited->allocator = (ProtobufCAllocator){limited_alloc, limited_free, limited};
}

int waldo__unpack_within(const ProtobufCMessageDescriptor *descriptor,
                         const waldo__scan_limits *limits, ProtobufCAllocator *allocator,
                         const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                         waldo_error *reterr)
{
    int status = waldo__scan(descriptor, data, size, limits, reterr);
    if (status < 0)
        return status;
    /* The scan has seen to the limit; what is wanted here is why unpacking failed. */
    waldo__limited_allocator noting;
    waldo__limited_allocator_init(&noting, allocator, SIZE_MAX);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &noting.allocator, size, data);
    if (message) {
        *ret_message = message;
        return 0;
    }
    if (noting.no_memory)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "malformed %s: a required field is missing",
                           descriptor->name);
}

int waldo__unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                  const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                  waldo_error *reterr)
{
    if (waldo__simple_unpack(descriptor, allocator, data, size, ret_message))
        return 0;
    return waldo__unpack_within(descriptor, NULL, allocator, data, size, ret_message, reterr);
}
