#include "wire/envelope.h"

#include "wire/flat.h"
#include "wire/scan.h"

/* The numbers that wire.proto gives the body fields, as protobuf tags of wire type 2. */
enum { REQUEST_BODY_TAG = 4 << 3 | 2, REPLY_BODY_TAG = 2 << 3 | 2, MAX_VARINT = 10 };

static int append(waldo__buffer *buffer, const ProtobufCMessage *envelope, uint8_t body_tag,
                  const ProtobufCMessage *body, waldo_error *reterr)
{
    if (body && !body->descriptor)
        return waldo_error_set(
            reterr, WALDO_ETYPE,
            "a message that begins with zeros: it has to begin with its ..._INIT");
    size_t body_size = body ? protobuf_c_message_get_packed_size(body) : 0;
    if (!waldo__flat_append(buffer, envelope, 1 + MAX_VARINT + body_size))
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message of %zu bytes",
                               body_size);
    if (body_size > 0) {
        buffer->data[buffer->size++] = body_tag;
        buffer->size += waldo__write_varint(buffer->data + buffer->size, body_size);
        buffer->size += protobuf_c_message_pack(body, buffer->data + buffer->size);
    }
    return 0;
}

int waldo__envelope_request(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                            const ProtobufCMessage *body, waldo_error *reterr)
{
    return append(buffer, &request->base, REQUEST_BODY_TAG, body, reterr);
}

int waldo__envelope_reply(waldo__buffer *buffer, const Waldo__Wire__Reply *reply,
                          const ProtobufCMessage *body, waldo_error *reterr)
{
    return append(buffer, &reply->base, REPLY_BODY_TAG, body, reterr);
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
