/* Any bytes as the buffers of a reply, from a server of this host: what is taken must be there, as
 * far as it says it reaches. The places that it is likely to name are those of this process. */
#include <stdint.h>
#include <stdlib.h>

#include "memory/carry.h"
#include "wire/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Some memory that a place may name, the same all the time. */
static Waldo__Wire__Place *place_of_memory(void)
{
    static waldo__carried carried;
    static Waldo__Wire__Buffer **messages;
    size_t count;
    if (messages)
        return messages[0]->place;
    waldo_mp_buffer *buffer;
    int64_t shape[] = {64, 64};
    uint8_t id[WALDO__LODGING_ID_SIZE];
    if (waldo_mp_buffer_new((DLDataType){kDLInt, 16, 1}, 2, shape, WALDO_MP_BY_DESCRIPTOR, &buffer,
                            NULL) < 0 ||
        !waldo__lodging_enter(buffer, id))
        abort();
    Waldo__Handle handle = WALDO__HANDLE__INIT;
    handle.carried = (ProtobufCBinaryData){sizeof id, id};
    if (waldo__carry_collect(&handle.base, &carried, NULL) < 0 ||
        waldo__carried_describe(&carried, true, &count, &messages, NULL) < 0)
        abort();
    return messages[0]->place;
}

/* All that it says it has can be read. */
static void look(const waldo_mp_buffer *buffer)
{
    const DLTensor *tensor = waldo_mp_buffer_tensor(buffer);
    int64_t last = 0;
    for (int i = 0; i < tensor->ndim; i++) {
        if (tensor->shape[i] == 0)
            return;
        last += (tensor->shape[i] - 1) * tensor->strides[i];
    }
    int64_t bytes = (int64_t)tensor->dtype.bits * tensor->dtype.lanes / 8;
    (void)((const volatile uint8_t *)tensor->data)[0];
    (void)((const volatile uint8_t *)tensor->data)[last * bytes];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProtobufCMessage *message;
    Waldo__Wire__Place *place = place_of_memory();
    if (waldo__unpack(&waldo__wire__reply__descriptor, NULL, data, size, &message, NULL) < 0)
        return 0;
    Waldo__Wire__Reply *reply = (Waldo__Wire__Reply *)message;
    for (size_t i = 0; i < reply->n_buffers; i++) {
        Waldo__Wire__Place *named = reply->buffers[i]->place;
        if (named) {
            named->process = place->process;
            named->descriptor = place->descriptor;
            named->device = place->device;
            named->file = place->file;
        }
    }
    waldo__arrived arrived;
    if (waldo__carry_in(reply->buffers, reply->n_buffers, true, &arrived, NULL) >= 0) {
        for (size_t i = 0; i < reply->n_buffers; i++) {
            waldo_mp_buffer *buffer = waldo__lodging_find(reply->buffers[i]->id.data);
            if (!buffer)
                abort();
            look(buffer);
            waldo_mp_buffer_unref(buffer);
        }
        waldo__arrived_free(&arrived);
    }
    protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}
