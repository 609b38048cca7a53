/* Any bytes as what travels: a Request, a Reply, and what their bodies may be. */
#include <stdint.h>
#include <stdlib.h>

#include "waldo/wire.pb-c.h"
#include "wire/envelope.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const ProtobufCMessageDescriptor *const descriptors[] = {
        &waldo__wire__request__descriptor, &waldo__wire__reply__descriptor,
        &waldo__wire__hello__descriptor,   &waldo__wire__welcome__descriptor,
        &waldo__wire__created__descriptor, &waldo__wire__description__descriptor,
    };

    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
        unpack(descriptors[i], data, size);
    return 0;
}
