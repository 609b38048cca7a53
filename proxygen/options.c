#include "options.h"

#include <stdlib.h>

static ProtobufCMessage *reread(const ProtobufCMessage *options,
                                const ProtobufCMessageDescriptor *descriptor)
{
    if (options == NULL)
        return protobuf_c_message_unpack(descriptor, NULL, 0, NULL);
    size_t size = protobuf_c_message_get_packed_size(options);
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL)
        return NULL;
    protobuf_c_message_pack(options, bytes);
    ProtobufCMessage *read = protobuf_c_message_unpack(descriptor, NULL, size, bytes);
    free(bytes);
    return read;
}

Proxygen__FileOptions *options_of_file(const Google__Protobuf__FileOptions *options)
{
    return (Proxygen__FileOptions *)reread((const ProtobufCMessage *)options,
                                           &proxygen__file_options__descriptor);
}

Proxygen__MessageOptions *options_of_message(const Google__Protobuf__MessageOptions *options)
{
    return (Proxygen__MessageOptions *)reread((const ProtobufCMessage *)options,
                                              &proxygen__message_options__descriptor);
}

Proxygen__ServiceOptions *options_of_service(const Google__Protobuf__ServiceOptions *options)
{
    return (Proxygen__ServiceOptions *)reread((const ProtobufCMessage *)options,
                                              &proxygen__service_options__descriptor);
}

Proxygen__MethodOptions *options_of_method(const Google__Protobuf__MethodOptions *options)
{
    return (Proxygen__MethodOptions *)reread((const ProtobufCMessage *)options,
                                             &proxygen__method_options__descriptor);
}
