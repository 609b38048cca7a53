#include "wire/envelope.h"

/* The numbers that wire.proto gives the body fields, as protobuf tags of wire type 2. */
enum { REQUEST_BODY_TAG = 4 << 3 | 2, REPLY_BODY_TAG = 2 << 3 | 2, MAX_VARINT = 10 };

static size_t write_varint(uint8_t *target, uint64_t number)
{
    size_t size = 0;
    while (number >= 0x80) {
        target[size++] = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    target[size++] = (uint8_t)number;
    return size;
}

static int append(waldo__buffer *buffer, const ProtobufCMessage *envelope, uint8_t body_tag,
                  const ProtobufCMessage *body, waldo_error *reterr)
{
    size_t body_size = body ? protobuf_c_message_get_packed_size(body) : 0;
    size_t envelope_size = protobuf_c_message_get_packed_size(envelope);
    if (!waldo__buffer_reserve(buffer, buffer->size + envelope_size + 1 + MAX_VARINT + body_size))
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a message of %zu bytes",
                               envelope_size + body_size);
    buffer->size += protobuf_c_message_pack(envelope, buffer->data + buffer->size);
    if (body_size > 0) {
        buffer->data[buffer->size++] = body_tag;
        buffer->size += write_varint(buffer->data + buffer->size, body_size);
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
