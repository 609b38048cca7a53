#include "process/parcel.h"

#include "process/handle.h"
#include "value/message.h"

int waldo__parcel_pack(const waldo_value *value, uint8_t **ret_data, size_t *ret_size,
                       waldo__descriptors *descriptors, waldo_error *reterr)
{
    Waldo__Value *message;
    descriptors->count = descriptors->taken = 0;
    int status = waldo__value_to_message(value, true, WALDO__HANDLES_SENT, descriptors, NULL,
                                         &message, reterr);
    return status < 0 ? status : waldo__value_pack_message(message, ret_data, ret_size, reterr);
}

int waldo__parcel_unpack(const uint8_t *data, size_t size, waldo__descriptors *descriptors,
                         waldo_value **ret_value, waldo_error *reterr)
{
    ProtobufCMessage *message;
    int status = waldo__unpack(&waldo__value__descriptor, NULL, data, size, &message, reterr);
    if (status >= 0) {
        status = waldo__value_from_message((const Waldo__Value *)message, descriptors, NULL,
                                           ret_value, reterr);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    waldo__close_descriptors(descriptors->items + descriptors->taken,
                             descriptors->count - descriptors->taken);
    descriptors->taken = descriptors->count;
    return status;
}
