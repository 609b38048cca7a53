#include "wire/envelope_fields.h"

#include <endian.h>
#include <string.h>

#include "value/unicode.h"
#include "wire/varint.h"

#define NUMBER(field) ((field) << 3 | WALDO__VARINT)
#define FIXED(field) ((field) << 3 | WALDO__FIXED64)
#define SIZED(field) ((field) << 3 | WALDO__DELIMITED)

/* ---- reading ---- */

/* Bytes of an array. */
enum { MOST_NUMBERS = 1024 * 1024 };

typedef struct reader {
    const uint8_t *at;
    const uint8_t *end;
    waldo__arena *arena;
    bool borrows;
} reader;

static bool take_uint64(reader *from, uint64_t *target)
{
    return waldo__take_varint(&from->at, from->end, target);
}

static bool take_uint32(reader *from, uint32_t *target)
{
    uint64_t number;
    if (!take_uint64(from, &number))
        return false;
    *target = (uint32_t)number;
    return true;
}

static bool take_sint32(reader *from, int32_t *target)
{
    uint32_t number;
    if (!take_uint32(from, &number))
        return false;
    *target = (int32_t)waldo__unzigzag(number);
    return true;
}

static bool take_bool(reader *from, protobuf_c_boolean *target)
{
    uint64_t number;
    if (!take_uint64(from, &number))
        return false;
    *target = number != 0;
    return true;
}

static bool take_fixed64(reader *from, uint64_t *target)
{
    uint64_t number;
    if (from->end - from->at < (ptrdiff_t)sizeof number)
        return false;
    memcpy(&number, from->at, sizeof number);
    from->at += sizeof number;
    *target = le64toh(number);
    return true;
}

/* Moves behind what has a size, and gives its beginning. */
static bool take_sized(reader *from, const uint8_t **ret_start, size_t *ret_size)
{
    uint64_t size;
    if (!waldo__take_tag(&from->at, from->end, &size) || size > (size_t)(from->end - from->at))
        return false;
    *ret_start = from->at;
    *ret_size = (size_t)size;
    from->at += size;
    return true;
}

static bool take_text(reader *from, char **target)
{
    const uint8_t *start;
    size_t size;
    if (!take_sized(from, &start, &size))
        return false;
    char *copy = waldo__arena_alloc(from->arena, size + 1);
    if (!copy || !waldo__utf8_valid((const char *)start, size) ||
        (size > 0 && memchr(start, '\0', size)))
        return false;
    memcpy(copy, start, size);
    copy[size] = '\0';
    *target = copy;
    return true;
}

static bool take_bytes(reader *from, ProtobufCBinaryData *target)
{
    const uint8_t *start;
    size_t size;
    if (!take_sized(from, &start, &size))
        return false;
    uint8_t *bytes = (uint8_t *)start;
    if (!from->borrows && size > 0) {
        bytes = waldo__arena_alloc(from->arena, size);
        if (!bytes)
            return false;
        memcpy(bytes, start, size);
    }
    *target = (ProtobufCBinaryData){size, size > 0 ? bytes : NULL};
    return true;
}

/* Each takes a byte at least, and eight here. */
static bool take_numbers(reader *from, uint64_t **target, size_t *count)
{
    const uint8_t *at;
    size_t size;
    if (*count > 0 || !take_sized(from, &at, &size) || size > MOST_NUMBERS)
        return false;
    *target = waldo__arena_alloc(from->arena, size * sizeof(uint64_t));
    if (!*target)
        return false;
    for (const uint8_t *end = at + size; at < end; (*count)++)
        if (!waldo__take_varint(&at, end, &(*target)[*count]))
            return false;
    return true;
}

static bool take_of_request(reader *from, uint64_t tag, Waldo__Wire__Request *request)
{
    uint32_t operation;
    switch (tag) {
    case NUMBER(1):
        if (!take_uint32(from, &operation))
            return false;
        request->operation = (Waldo__Wire__Operation)operation;
        return true;
    case NUMBER(2):
        return take_uint64(from, &request->object);
    case NUMBER(3):
        return take_uint32(from, &request->method);
    case SIZED(4):
        return take_bytes(from, &request->body);
    case SIZED(5):
        return take_text(from, &request->name);
    case NUMBER(6):
        return take_bool(from, &request->dynamic);
    case NUMBER(7):
        return take_bool(from, &request->want_table);
    case NUMBER(8):
        return take_uint32(from, &request->count);
    case SIZED(9):
        return take_bytes(from, &request->session);
    case NUMBER(10):
        return take_uint64(from, &request->sequence);
    case NUMBER(11):
        return take_uint64(from, &request->acknowledged);
    case FIXED(12):
        return take_fixed64(from, &request->incarnation);
    case NUMBER(13):
        return take_uint64(from, &request->timeout);
    case NUMBER(14):
        return take_uint64(from, &request->thread);
    case NUMBER(15):
        return take_uint64(from, &request->cancel);
    case FIXED(16):
        return take_fixed64(from, &request->ticket);
    case SIZED(17):
        return take_numbers(from, &request->outstanding, &request->n_outstanding);
    case NUMBER(19):
        return take_bool(from, &request->near);
    case NUMBER(20):
        return take_uint32(from, &request->ahead);
    case NUMBER(21):
        return take_bool(from, &request->shared);
    default:
        return false;
    }
}

static bool take_of_reply(reader *from, uint64_t tag, Waldo__Wire__Reply *reply)
{
    switch (tag) {
    case NUMBER(1):
        return take_sint32(from, &reply->status);
    case SIZED(2):
        return take_bytes(from, &reply->body);
    case SIZED(3):
        return take_text(from, &reply->error_type);
    case SIZED(4):
        return take_text(from, &reply->error_message);
    case SIZED(5):
        return take_text(from, &reply->error_trace);
    case NUMBER(6):
        return take_bool(from, &reply->proxy);
    case FIXED(7):
        return take_fixed64(from, &reply->incarnation);
    case NUMBER(8):
        return take_uint64(from, &reply->sequence);
    case NUMBER(9):
        return take_bool(from, &reply->raised);
    default:
        return false;
    }
}

bool waldo__request_read(waldo__arena *arena, const uint8_t *data, size_t size, bool borrows,
                         Waldo__Wire__Request *ret_request)
{
    /* No bytes may be nowhere, and then there is no sum. */
    reader from = {data, size > 0 ? data + size : data, arena, borrows};
    uint64_t tag;
    waldo__wire__request__init(ret_request);
    while (from.at < from.end)
        if (!waldo__take_tag(&from.at, from.end, &tag) || !take_of_request(&from, tag, ret_request))
            return false;
    return true;
}

bool waldo__reply_read(waldo__arena *arena, const uint8_t *data, size_t size, bool borrows,
                       Waldo__Wire__Reply *ret_reply)
{
    reader from = {data, size > 0 ? data + size : data, arena, borrows};
    uint64_t tag;
    waldo__wire__reply__init(ret_reply);
    while (from.at < from.end)
        if (!waldo__take_tag(&from.at, from.end, &tag) || !take_of_reply(&from, tag, ret_reply))
            return false;
    return true;
}

/* ---- writing: what is zero or empty is left out; each returns what is behind it ---- */

/* What a field takes, but for bytes, texts and arrays. */
enum { MOST_FIELD = WALDO__MOST_TAG + WALDO__MOST_VARINT };

static uint8_t *put_number(uint8_t *at, uint32_t field, uint64_t number)
{
    return number == 0 ? at : waldo__put_varint(waldo__put_tag(at, field, WALDO__VARINT), number);
}

static uint8_t *put_fixed64(uint8_t *at, uint32_t field, uint64_t number)
{
    if (number == 0)
        return at;
    at = waldo__put_tag(at, field, WALDO__FIXED64);
    number = htole64(number);
    memcpy(at, &number, sizeof number);
    return at + sizeof number;
}

static uint8_t *put_bytes(uint8_t *at, uint32_t field, const void *data, size_t size)
{
    if (size == 0)
        return at;
    at = waldo__put_varint(waldo__put_tag(at, field, WALDO__DELIMITED), size);
    memcpy(at, data, size);
    return at + size;
}

static size_t numbers_size(const uint64_t *numbers, size_t count)
{
    uint8_t scratch[WALDO__MOST_VARINT];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)(waldo__put_varint(scratch, numbers[i]) - scratch);
    return size;
}

static uint8_t *put_numbers(uint8_t *at, uint32_t field, const uint64_t *numbers, size_t count)
{
    if (count == 0)
        return at;
    at = waldo__put_tag(at, field, WALDO__DELIMITED);
    at = waldo__put_varint(at, numbers_size(numbers, count));
    for (size_t i = 0; i < count; i++)
        at = waldo__put_varint(at, numbers[i]);
    return at;
}

static size_t length(const char *text)
{
    return text ? strlen(text) : 0;
}

/* Room for fields of a message without messages in it, whose bytes, texts and arrays take so many.
 * NULL: out of memory. */
static uint8_t *reserve(waldo__buffer *buffer, size_t fields, size_t bytes, size_t room)
{
    size_t most = buffer->size + fields * MOST_FIELD + bytes;
    if (most < bytes || most > SIZE_MAX - room || !waldo__buffer_reserve(buffer, most + room))
        return NULL;
    return buffer->data + buffer->size;
}

static bool append_plainly(waldo__buffer *buffer, const ProtobufCMessage *message, size_t room)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *at = reserve(buffer, 0, size, room);
    if (at)
        buffer->size += protobuf_c_message_pack(message, at);
    return at != NULL;
}

bool waldo__request_append(waldo__buffer *buffer, const Waldo__Wire__Request *request, size_t room)
{
    if (request->n_buffers > 0)
        return append_plainly(buffer, &request->base, room);
    size_t name_size = length(request->name);
    size_t bytes = request->body.len + name_size + request->session.len +
                   request->n_outstanding * WALDO__MOST_VARINT;
    uint8_t *at = reserve(buffer, 21, bytes, room);
    if (!at)
        return false;
    at = put_number(at, 1, (uint64_t)(int64_t)(int32_t)request->operation);
    at = put_number(at, 2, request->object);
    at = put_number(at, 3, request->method);
    at = put_bytes(at, 4, request->body.data, request->body.len);
    at = put_bytes(at, 5, request->name, name_size);
    at = put_number(at, 6, request->dynamic != 0);
    at = put_number(at, 7, request->want_table != 0);
    at = put_number(at, 8, request->count);
    at = put_bytes(at, 9, request->session.data, request->session.len);
    at = put_number(at, 10, request->sequence);
    at = put_number(at, 11, request->acknowledged);
    at = put_fixed64(at, 12, request->incarnation);
    at = put_number(at, 13, request->timeout);
    at = put_number(at, 14, request->thread);
    at = put_number(at, 15, request->cancel);
    at = put_fixed64(at, 16, request->ticket);
    at = put_numbers(at, 17, request->outstanding, request->n_outstanding);
    at = put_number(at, 19, request->near != 0);
    at = put_number(at, 20, request->ahead);
    at = put_number(at, 21, request->shared != 0);
    buffer->size = (size_t)(at - buffer->data);
    return true;
}

bool waldo__reply_append(waldo__buffer *buffer, const Waldo__Wire__Reply *reply, size_t room)
{
    if (reply->n_buffers > 0)
        return append_plainly(buffer, &reply->base, room);
    size_t type_size = length(reply->error_type);
    size_t message_size = length(reply->error_message);
    size_t trace_size = length(reply->error_trace);
    uint8_t *at = reserve(buffer, 9, reply->body.len + type_size + message_size + trace_size, room);
    if (!at)
        return false;
    at = put_number(at, 1, waldo__zigzag(reply->status));
    at = put_bytes(at, 2, reply->body.data, reply->body.len);
    at = put_bytes(at, 3, reply->error_type, type_size);
    at = put_bytes(at, 4, reply->error_message, message_size);
    at = put_bytes(at, 5, reply->error_trace, trace_size);
    at = put_number(at, 6, reply->proxy != 0);
    at = put_fixed64(at, 7, reply->incarnation);
    at = put_number(at, 8, reply->sequence);
    at = put_number(at, 9, reply->raised != 0);
    buffer->size = (size_t)(at - buffer->data);
    return true;
}
