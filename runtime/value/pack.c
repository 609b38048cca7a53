/* Values as bytes and back. */
#include <stdlib.h>

#include "value/message.h"
#include "wire/scan.h"

int waldo__value_pack_message(Waldo__Value *message, uint8_t **ret_data, size_t *ret_size,
                              waldo_error *reterr)
{
    size_t size = waldo__value__get_packed_size(message);
    uint8_t *data = malloc(size ? size : 1);
    if (data) {
        *ret_size = waldo__value__pack(message, data);
        *ret_data = data;
    }
    waldo__value__free_unpacked(message, NULL);
    return data ? 0 : waldo__no_memory(reterr);
}

int waldo_value_pack(const waldo_value *value, uint8_t **ret_data, size_t *ret_size,
                     waldo_error *reterr)
{
    Waldo__Value *message;
    int status =
        waldo__value_to_message(value, true, WALDO__HANDLES_REFUSED, NULL, NULL, &message, reterr);
    return status < 0 ? status : waldo__value_pack_message(message, ret_data, ret_size, reterr);
}

int waldo_value_unpack(const uint8_t *data, size_t size, waldo_value **ret_value,
                       waldo_error *reterr)
{
    ProtobufCMessage *message;
    int status = waldo__unpack(&waldo__value__descriptor, NULL, data, size, &message, reterr);
    if (status < 0)
        return status;
    status = waldo_value_from_message((const Waldo__Value *)message, ret_value, reterr);
    protobuf_c_message_free_unpacked(message, NULL);
    return status;
}
