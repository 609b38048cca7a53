/* Any bytes as what travels: a Request, a Reply, and what their bodies may be. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "waldo/builtins.pb-c.h"
#include "waldo/wire.pb-c.h"
#include "wire/envelope_fields.h"
#include "wire/scan.h"
#include "wire/simple.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static waldo__buffer pack(const ProtobufCMessage *message)
{
    waldo__buffer packed = {0};

    if (!waldo__buffer_reserve(&packed, protobuf_c_message_get_packed_size(message)))
        abort();
    packed.size = protobuf_c_message_pack(message, packed.data);
    return packed;
}

static bool is_same(const waldo__buffer *packed, const uint8_t *data, size_t size)
{
    return packed->size == size && (size == 0 || memcmp(packed->data, data, size) == 0);
}

/* What was taken can be packed, in short as at length. */
static void check_packing(const ProtobufCMessage *message, const waldo__buffer *packed)
{
    uint8_t target[WALDO__SIMPLE_ROOM];
    size_t size;

    if (waldo__simple_pack(message, target, &size) && !is_same(packed, target, size))
        abort();
}

/* The thorough one's reading; NULL: it refuses. */
static ProtobufCMessage *read_thoroughly(const ProtobufCMessageDescriptor *descriptor,
                                         const uint8_t *data, size_t size)
{
    if (waldo__scan(descriptor, data, size, NULL, NULL) < 0)
        return NULL;
    return protobuf_c_message_unpack(descriptor, NULL, size, data);
}

/* What the quick reader takes, the thorough one takes for the same. */
static void unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size)
{
    ProtobufCMessage *quick;
    ProtobufCMessage *message = read_thoroughly(descriptor, data, size);
    waldo__buffer packed = {0};

    if (message) {
        packed = pack(message);
        check_packing(message, &packed);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    if (waldo__simple_unpack(descriptor, NULL, data, size, &quick)) {
        waldo__buffer again = pack(quick);
        if (!message || !is_same(&packed, again.data, again.size))
            abort();
        waldo__buffer_free(&again);
        protobuf_c_message_free_unpacked(quick, NULL);
    }
    waldo__buffer_free(&packed);
}

/* The same of envelopes. */
static void check_envelope(const ProtobufCMessage *quick, const uint8_t *data, size_t size)
{
    ProtobufCMessage *message = read_thoroughly(quick->descriptor, data, size);
    if (!message)
        abort();
    waldo__buffer packed = pack(message), again = pack(quick);
    if (!is_same(&packed, again.data, again.size))
        abort();
    waldo__buffer_free(&again);
    waldo__buffer_free(&packed);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void read_envelopes(const uint8_t *data, size_t size)
{
    waldo__arena arena;
    Waldo__Wire__Request request;
    Waldo__Wire__Reply reply;

    waldo__arena_init(&arena);
    if (waldo__request_read(&arena, data, size, true, &request))
        check_envelope(&request.base, data, size);
    if (waldo__reply_read(&arena, data, size, true, &reply))
        check_envelope(&reply.base, data, size);
    waldo__arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const descriptors[] = {
        &waldo__wire__request__descriptor,     &waldo__wire__reply__descriptor,
        &waldo__wire__hello__descriptor,       &waldo__wire__welcome__descriptor,
        &waldo__wire__created__descriptor,     &waldo__wire__description__descriptor,
        &waldo__builtin__dict_key__descriptor, &waldo__value__descriptor,
    };

    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        unpack(descriptors[i], data, size);
    read_envelopes(data, size);
    return 0;
}
