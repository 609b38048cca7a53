/* Any bytes as what travels: a Request, a Reply, and what their bodies may be. */
#include <stdint.h>
#include <stdlib.h>

#include "waldo/wire.pb-c.h"
#include "wire/flat.h"
#include "wire/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size)
{
    ProtobufCMessage *message;
    waldo__buffer packed = {0};

    if (waldo__unpack(descriptor, NULL, data, size, &message, NULL) < 0)
        return;
    /* What was taken can be packed. */
    if (!waldo__buffer_reserve(&packed, protobuf_c_message_get_packed_size(message)))
        abort();
    protobuf_c_message_pack(message, packed.data);
    waldo__buffer_free(&packed);
    protobuf_c_message_free_unpacked(message, NULL);
}

/* What the quick reader takes, the thorough one takes, too. */
static void read_flat(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                      size_t size)
{
    waldo__arena arena;
    ProtobufCMessage *message;

    waldo__arena_init(&arena);
    void *flat = waldo__arena_alloc(&arena, descriptor->sizeof_message);
    if (flat && waldo__flat_read(descriptor, &arena, data, size, true, flat)) {
        if (waldo__unpack(descriptor, NULL, data, size, &message, NULL) < 0)
            abort();
        protobuf_c_message_free_unpacked(message, NULL);
    }
    waldo__arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const descriptors[] = {
        &waldo__wire__request__descriptor, &waldo__wire__reply__descriptor,
        &waldo__wire__hello__descriptor,   &waldo__wire__welcome__descriptor,
        &waldo__wire__created__descriptor, &waldo__wire__description__descriptor,
    };

    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        unpack(descriptors[i], data, size);
    read_flat(&waldo__wire__request__descriptor, data, size);
    read_flat(&waldo__wire__reply__descriptor, data, size);
    return 0;
}
