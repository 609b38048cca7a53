#include "wire/envelope.h"

#include "wire/flat.h"
#include "wire/scan.h"
#include "wire/tail.h"

/* The numbers that wire.proto gives the body fields, as protobuf tags of wire type 2. */
enum { REQUEST_BODY_TAG = 4 << 3 | 2, REPLY_BODY_TAG = 2 << 3 | 2, MAX_VARINT = 10 };

static int no_memory(size_t size, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message of %zu bytes", size);
}

/* A length takes one byte in a short body. false: it is none, and there is nothing behind the
 * envelope. */
static bool append_short(waldo__buffer *buffer, uint8_t body_tag, const ProtobufCMessage *body)
{
    uint8_t *start = buffer->data + buffer->size;
    size_t size;
    if (!waldo__flat_write_short(body, start + 2, &size))
        return false;
    start[0] = body_tag;
    start[1] = (uint8_t)size;
    buffer->size += size > 0 ? 2 + size : 0;
    return true;
}

/* tail may be NULL for none; finds: it is any. */
static int append(waldo__buffer *buffer, const ProtobufCMessage *envelope, uint8_t body_tag,
                  const ProtobufCMessage *body, ProtobufCBinaryData *tail, bool finds,
                  waldo_error *reterr)
{
    if (body && !body->descriptor)
        return waldo_error_set(
            reterr, WALDO_ETYPE,
            "a message that begins with zeros: it has to begin with its ..._INIT");
    if (!waldo__flat_append(buffer, envelope, 2 + WALDO__FLAT_SHORT_ROOM))
        return no_memory(WALDO__FLAT_SHORT_ROOM, reterr);
    bool may_be_short = !tail || tail->len == 0;
    if (!body || (may_be_short && append_short(buffer, body_tag, body)))
        return 0;
    size_t body_size = protobuf_c_message_get_packed_size(body);
    if (tail && tail->len > body_size)
        *tail = (ProtobufCBinaryData){0};
    if (finds && body_size >= WALDO__TAIL_LEAST)
        *tail = waldo__tail_find(body);
    size_t tail_size = tail ? tail->len : 0;
    size_t most = buffer->size + 1 + MAX_VARINT + body_size - tail_size;
    if (!waldo__buffer_reserve(buffer, most))
        return no_memory(body_size, reterr);
    if (body_size == 0)
        return 0;
    buffer->data[buffer->size++] = body_tag;
    buffer->size += waldo__write_varint(buffer->data + buffer->size, body_size);
    if (tail_size == 0)
        buffer->size += protobuf_c_message_pack(body, buffer->data + buffer->size);
    else if (!waldo__tail_pack(buffer, body, tail))
        return no_memory(body_size, reterr);
    return 0;
}

int waldo__envelope_request(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                            const ProtobufCMessage *body, waldo_error *reterr)
{
    return append(buffer, &request->base, REQUEST_BODY_TAG, body, NULL, false, reterr);
}

int waldo__envelope_reply(waldo__buffer *buffer, const Waldo__Wire__Reply *reply,
                          const ProtobufCMessage *body, waldo_error *reterr)
{
    return append(buffer, &reply->base, REPLY_BODY_TAG, body, NULL, false, reterr);
}

int waldo__envelope_request_before(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                                   const ProtobufCMessage *body, ProtobufCBinaryData *ret_tail,
                                   waldo_error *reterr)
{
    *ret_tail = (ProtobufCBinaryData){0};
    return append(buffer, &request->base, REQUEST_BODY_TAG, body, ret_tail, true, reterr);
}

int waldo__envelope_reply_before(waldo__buffer *buffer, const Waldo__Wire__Reply *reply,
                                 const ProtobufCMessage *body, ProtobufCBinaryData *tail,
                                 waldo_error *reterr)
{
    return append(buffer, &reply->base, REPLY_BODY_TAG, body, tail, false, reterr);
}

static int read(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                const uint8_t *data, size_t size, bool borrows, ProtobufCMessage **ret_message,
                waldo_error *reterr)
{
    ProtobufCMessage *message = waldo__arena_alloc(arena, descriptor->sizeof_message);
    if (message && waldo__flat_read(descriptor, arena, data, size, borrows, message)) {
        *ret_message = message;
        return 0;
    }
    return waldo__unpack(descriptor, &arena->allocator, data, size, ret_message, reterr);
}

int waldo__envelope_read_request(waldo__arena *arena, const uint8_t *data, size_t size,
                                 bool borrows, Waldo__Wire__Request **ret_request,
                                 waldo_error *reterr)
{
    return read(&waldo__wire__request__descriptor, arena, data, size, borrows,
                (ProtobufCMessage **)ret_request, reterr);
}

int waldo__envelope_read_reply(waldo__arena *arena, const uint8_t *data, size_t size,
                               Waldo__Wire__Reply **ret_reply, waldo_error *reterr)
{
    return read(&waldo__wire__reply__descriptor, arena, data, size, true,
                (ProtobufCMessage **)ret_reply, reterr);
}
