/* Any bytes as what travels: a Request, a Reply, and what their bodies may be. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "waldo/builtins.pb-c.h"
#include "waldo/wire.pb-c.h"
#include "wire/flat.h"
#include "wire/scan.h"

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
    uint8_t target[WALDO__FLAT_SHORT_ROOM];
    size_t size;

    if (waldo__flat_write_short(message, target, &size) && !is_same(packed, target, size))
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
    if (waldo__flat_unpack(descriptor, NULL, data, size, &quick)) {
        waldo__buffer again = pack(quick);
        if (!message || !is_same(&packed, again.data, again.size))
            abort();
        waldo__buffer_free(&again);
        protobuf_c_message_free_unpacked(quick, NULL);
    }
    waldo__buffer_free(&packed);
}

/* The same of envelopes. */
static void read_flat(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                      size_t size)
{
    waldo__arena arena;
    ProtobufCMessage *message;

    waldo__arena_init(&arena);
    void *flat = waldo__arena_alloc(&arena, descriptor->sizeof_message);
    if (flat && waldo__flat_read(descriptor, &arena, data, size, true, flat)) {
        message = read_thoroughly(descriptor, data, size);
        if (!message)
            abort();
        protobuf_c_message_free_unpacked(message, NULL);
    }
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
    read_flat(&waldo__wire__request__descriptor, data, size);
    read_flat(&waldo__wire__reply__descriptor, data, size);
    return 0;
}
