#include "wire/envelope.h"

#include "wire/envelope_fields.h"
#include "wire/scan.h"
#include "wire/simple.h"
#include "wire/tail.h"
#include "wire/varint.h"

/* The numbers that wire.proto gives the body fields. */
enum { REQUEST_BODY = 4, REPLY_BODY = 2 };

/* Room for a short body behind an envelope: its tag and its length take a byte each. */
enum { SHORT_HEAD = 2, SHORT_ROOM = SHORT_HEAD + WALDO__SIMPLE_ROOM };

/* Bytes of an envelope that is read by protobuf-c, besides twice its own. */
enum { PLAIN_MEMORY = 16 * 1024 * 1024 };

static int no_memory(size_t size, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message of %zu bytes", size);
}

static int no_message(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE,
                           "a message that begins with zeros: it has to begin with its ..._INIT");
}

static bool append_short(waldo__buffer *buffer, uint32_t field, const ProtobufCMessage *body)
{
    uint8_t *start = buffer->data + buffer->size;
    size_t size;
    if (!waldo__simple_pack(body, start + SHORT_HEAD, &size))
        return false;
    if (size > 0) {
        (void)waldo__put_varint(waldo__put_tag(start, field, WALDO__DELIMITED), size);
        buffer->size += SHORT_HEAD + size;
    }
    return true;
}

/* tail may be NULL for none; finds: it is any. */
static int append_long(waldo__buffer *buffer, uint32_t field, const ProtobufCMessage *body,
                       ProtobufCBinaryData *tail, bool finds, waldo_error *reterr)
{
    size_t body_size = protobuf_c_message_get_packed_size(body);
    if (tail && tail->len > body_size)
        *tail = (ProtobufCBinaryData){0};
    if (finds && body_size >= WALDO__TAIL_LEAST)
        *tail = waldo__tail_find(body);
    if (body_size == 0)
        return 0;
    size_t tail_size = tail ? tail->len : 0;
    size_t most = WALDO__MOST_TAG + WALDO__MOST_VARINT + body_size - tail_size;
    if (!waldo__buffer_reserve(buffer, buffer->size + most))
        return no_memory(body_size, reterr);
    uint8_t *at = waldo__put_tag(buffer->data + buffer->size, field, WALDO__DELIMITED);
    at = waldo__put_varint(at, body_size);
    buffer->size = (size_t)(at - buffer->data);
    if (tail_size == 0)
        buffer->size += protobuf_c_message_pack(body, at);
    else if (!waldo__tail_pack(buffer, body, tail))
        return no_memory(body_size, reterr);
    return 0;
}

/* Behind an envelope with SHORT_ROOM. */
static int append_body(waldo__buffer *buffer, uint32_t field, const ProtobufCMessage *body,
                       ProtobufCBinaryData *tail, bool finds, waldo_error *reterr)
{
    bool may_be_short = !tail || tail->len == 0;
    if (!body || (may_be_short && append_short(buffer, field, body)))
        return 0;
    return append_long(buffer, field, body, tail, finds, reterr);
}

static int append_request(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                          const ProtobufCMessage *body, ProtobufCBinaryData *tail, bool finds,
                          waldo_error *reterr)
{
    if (body && !body->descriptor)
        return no_message(reterr);
    if (!waldo__request_append(buffer, request, SHORT_ROOM))
        return no_memory(SHORT_ROOM, reterr);
    return append_body(buffer, REQUEST_BODY, body, tail, finds, reterr);
}

int waldo__envelope_request(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                            const ProtobufCMessage *body, waldo_error *reterr)
{
    return append_request(buffer, request, body, NULL, false, reterr);
}

int waldo__envelope_request_before(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                                   const ProtobufCMessage *body, ProtobufCBinaryData *ret_tail,
                                   waldo_error *reterr)
{
    *ret_tail = (ProtobufCBinaryData){0};
    return append_request(buffer, request, body, ret_tail, true, reterr);
}

int waldo__envelope_reply(waldo__buffer *buffer, const Waldo__Wire__Reply *reply,
                          const ProtobufCMessage *body, ProtobufCBinaryData *tail,
                          waldo_error *reterr)
{
    if (body && !body->descriptor)
        return no_message(reterr);
    if (!waldo__reply_append(buffer, reply, SHORT_ROOM))
        return no_memory(SHORT_ROOM, reterr);
    return append_body(buffer, REPLY_BODY, body, tail, false, reterr);
}

/* As protobuf-c reads it, and not in many times the memory: what takes that, such as numbers of a
 * byte each, or fields that nobody knows, is no envelope that anybody needs. */
static int read_plainly(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                        const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                        waldo_error *reterr)
{
    waldo__scan_limits limits = {WALDO__SCAN_DEPTH, WALDO__SCAN_MEMORY};
    if (size < (WALDO__SCAN_MEMORY - PLAIN_MEMORY) / 2)
        limits.max_memory = PLAIN_MEMORY + 2 * size;
    return waldo__unpack_within(descriptor, &limits, &arena->allocator, data, size, ret_message,
                                reterr);
}

int waldo__envelope_read_request(waldo__arena *arena, const uint8_t *data, size_t size,
                                 bool borrows, Waldo__Wire__Request **ret_request,
                                 waldo_error *reterr)
{
    Waldo__Wire__Request *request = waldo__arena_alloc(arena, sizeof *request);
    if (!request || !waldo__request_read(arena, data, size, borrows, request))
        return read_plainly(&waldo__wire__request__descriptor, arena, data, size,
                            (ProtobufCMessage **)ret_request, reterr);
    *ret_request = request;
    return 0;
}

int waldo__envelope_read_reply(waldo__arena *arena, const uint8_t *data, size_t size,
                               Waldo__Wire__Reply **ret_reply, waldo_error *reterr)
{
    Waldo__Wire__Reply *reply = waldo__arena_alloc(arena, sizeof *reply);
    if (!reply || !waldo__reply_read(arena, data, size, true, reply))
        return read_plainly(&waldo__wire__reply__descriptor, arena, data, size,
                            (ProtobufCMessage **)ret_reply, reterr);
    *ret_reply = reply;
    return 0;
}
