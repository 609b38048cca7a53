#include "memory/carry.h"

#include <stdlib.h>
#include <string.h>

#include "memory/buffer_internal.h"
#include "memory/place.h"
#include "value/message.h"

struct waldo__carried_buffer {
    waldo_mp_buffer *buffer;
    uint8_t id[WALDO__LODGING_ID_SIZE];
    uint8_t *copy; /* of items that do not lie row after row; NULL: none */
    Waldo__Wire__Place place;
    Waldo__Wire__Buffer message;
};

static const bool is_big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;

static int no_memory(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for the buffers of a message");
}

/* ---- out: which buffers a message names ---- */

static bool grow(waldo__carried *carried)
{
    if (carried->count < carried->capacity)
        return true;
    size_t capacity = carried->capacity > 0 ? carried->capacity * 2 : 4;
    waldo__carried_buffer *items = realloc(carried->items, capacity * sizeof *items);
    if (items)
        carried->items = items;
    Waldo__Wire__Buffer **messages = realloc(carried->messages, capacity * sizeof(*messages));
    if (messages)
        carried->messages = messages;
    if (!items || !messages)
        return false;
    carried->capacity = capacity;
    return true;
}

static int add(waldo__carried *carried, const ProtobufCBinaryData *id, waldo_error *reterr)
{
    if (carried->count == WALDO__CARRY_MOST)
        return waldo_error_set(reterr, WALDO_ELIMIT, "a message carries at most %d buffers",
                               WALDO__CARRY_MOST);
    if (!grow(carried))
        return no_memory(reterr);
    waldo_mp_buffer *buffer = waldo__lodging_send(id->data);
    if (!buffer)
        return waldo_error_set(reterr, WALDO_EKEY,
                               "a buffer that the message names is gone: keep it until the call");
    waldo__carried_buffer *item = &carried->items[carried->count++];
    *item = (waldo__carried_buffer){.buffer = buffer};
    memcpy(item->id, id->data, sizeof item->id);
    return 0;
}

static int collect(const ProtobufCMessage *message, waldo__carried *carried, waldo_error *reterr);

/* The message, or the messages, in a field. */
static int collect_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         waldo__carried *carried, waldo_error *reterr)
{
    const uint8_t *base = (const uint8_t *)message;
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        const uint32_t *which = (const uint32_t *)(const void *)(base + field->quantifier_offset);
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && *which != field->id)
            return 0;
        return collect(*(ProtobufCMessage *const *)(const void *)(base + field->offset), carried,
                       reterr);
    }
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    ProtobufCMessage *const *items =
        *(ProtobufCMessage *const *const *)(const void *)(base + field->offset);
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++)
        status = collect(items[i], carried, reterr);
    return status;
}

/* As deep as the message was made: values have a bound. */
static int collect(const ProtobufCMessage *message, waldo__carried *carried, waldo_error *reterr)
{
    if (!message)
        return 0;
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (descriptor == &waldo__handle__descriptor) {
        const ProtobufCBinaryData *id = &((const Waldo__Handle *)message)->carried;
        return id->len == WALDO__LODGING_ID_SIZE ? add(carried, id, reterr) : 0;
    }
    int status = 0;
    for (unsigned i = 0; i < descriptor->n_fields && status >= 0; i++)
        if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            status = collect_field(message, &descriptor->fields[i], carried, reterr);
    return status;
}

int waldo__carry_collect(const ProtobufCMessage *message, waldo__carried *carried,
                         waldo_error *reterr)
{
    return waldo__lodging_is_used() ? collect(message, carried, reterr) : 0;
}

/* ---- out: what is said of them ---- */

/* Bytes of what is turned round on a big-endian machine: a part of a complex number, an item of a
 * vector. */
static size_t unit_of(DLDataType type)
{
    return type.code == kDLComplex ? type.bits / 16u : type.bits / 8u;
}

static void swap_items(uint8_t *items, size_t size, DLDataType type)
{
    size_t unit = unit_of(type);
    if (unit > 1)
        waldo__swap_to_little_endian(items, size / unit, unit);
}

static int fill_data(waldo__carried_buffer *item, waldo_error *reterr)
{
    waldo_mp_buffer *buffer = item->buffer;
    const DLTensor *tensor = &buffer->tensor;
    size_t size;
    /* A view may have one item many times. */
    int status = waldo__shape_size(tensor->dtype, tensor->ndim, tensor->shape, &size, reterr);
    if (status < 0)
        return status;
    if (size > WALDO__SCAN_MEMORY)
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "a buffer of %zu bytes is more than a message carries", size);
    item->message.data = (ProtobufCBinaryData){size, tensor->data};
    if (waldo__buffer_is_packed(buffer) && !is_big_endian)
        return 0;
    if (!item->copy)
        item->copy = malloc(size > 0 ? size : 1);
    if (!item->copy)
        return no_memory(reterr);
    waldo__buffer_copy_items(buffer, item->copy);
    swap_items(item->copy, size, tensor->dtype);
    item->message.data.data = item->copy;
    return 0;
}

static void fill_place(waldo__carried_buffer *item)
{
    waldo__buffer_form form;
    waldo__buffer_form_of(item->buffer, &form);
    waldo__place_of(item->buffer->storage.segment, &item->place);
    item->message.place = &item->place;
    item->message.n_strides = (size_t)item->buffer->tensor.ndim;
    item->message.strides = item->buffer->strides;
    item->message.offset = form.offset;
}

static int fill(waldo__carried_buffer *item, bool near, waldo_error *reterr)
{
    const DLTensor *tensor = &item->buffer->tensor;
    waldo__wire__buffer__init(&item->message);
    item->message.id = (ProtobufCBinaryData){sizeof item->id, item->id};
    item->message.code = tensor->dtype.code;
    item->message.bits = tensor->dtype.bits;
    item->message.lanes = tensor->dtype.lanes;
    item->message.n_shape = (size_t)tensor->ndim;
    item->message.shape = tensor->shape;
    if (!near)
        return fill_data(item, reterr);
    fill_place(item);
    return 0;
}

int waldo__carried_describe(waldo__carried *carried, bool near, size_t *ret_count,
                            Waldo__Wire__Buffer ***ret_messages, waldo_error *reterr)
{
    int status = 0;
    for (size_t i = 0; i < carried->count && status >= 0; i++) {
        status = fill(&carried->items[i], near, reterr);
        carried->messages[i] = &carried->items[i].message;
    }
    if (status < 0)
        return status;
    *ret_count = carried->count;
    *ret_messages = carried->messages;
    return 0;
}

void waldo__carried_free(waldo__carried *carried)
{
    for (size_t i = 0; i < carried->count; i++) {
        waldo_mp_buffer_unref(carried->items[i].buffer);
        free(carried->items[i].copy);
    }
    free(carried->items);
    free(carried->messages);
    *carried = (waldo__carried){0};
}

/* ---- in ---- */

static int malformed(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "a buffer that came is malformed");
}

/* What both ways have: false: it cannot be. */
static bool read_shape(const Waldo__Wire__Buffer *message, waldo__buffer_form *ret_form)
{
    if (message->id.len != WALDO__LODGING_ID_SIZE || message->n_shape > WALDO_MP_MAX_DIMENSIONS ||
        message->code > UINT8_MAX || message->bits > UINT8_MAX || message->lanes > UINT16_MAX)
        return false;
    ret_form->type =
        (DLDataType){(uint8_t)message->code, (uint8_t)message->bits, (uint16_t)message->lanes};
    ret_form->dimensions = (int32_t)message->n_shape;
    for (size_t i = 0; i < message->n_shape; i++)
        ret_form->shape[i] = message->shape[i];
    return true;
}

static int from_place(const Waldo__Wire__Buffer *message, waldo__buffer_form *form,
                      waldo_mp_buffer **ret_buffer, waldo_error *reterr)
{
    waldo__storage storage;
    int descriptor;
    if (message->n_strides != message->n_shape)
        return malformed(reterr);
    for (size_t i = 0; i < message->n_strides; i++)
        form->strides[i] = message->strides[i];
    form->offset = message->offset;
    int status = waldo__place_open(message->place, &descriptor, reterr);
    if (status >= 0)
        status = waldo__storage_open(descriptor, message->place->name, &storage, reterr);
    return status < 0 ? status : waldo__buffer_from_form(form, storage, ret_buffer, reterr);
}

static int from_data(const Waldo__Wire__Buffer *message, const waldo__buffer_form *form,
                     waldo_mp_buffer **ret_buffer, waldo_error *reterr)
{
    size_t size;
    int status = waldo__shape_size(form->type, form->dimensions, form->shape, &size, NULL);
    if (status < 0 || size != message->data.len)
        return malformed(reterr);
    waldo_mp_buffer *buffer;
    status = waldo_mp_buffer_new(form->type, form->dimensions, form->shape, WALDO_MP_BY_DESCRIPTOR,
                                 &buffer, reterr);
    if (status < 0)
        return status;
    status = waldo__place_check_number(buffer->storage.segment->descriptor, reterr);
    if (status < 0) {
        waldo_mp_buffer_unref(buffer);
        return status;
    }
    if (size > 0)
        memcpy(buffer->tensor.data, message->data.data, size);
    swap_items(buffer->tensor.data, size, form->type);
    *ret_buffer = buffer;
    return 0;
}

static int arrive(const Waldo__Wire__Buffer *message, bool near, bool once,
                  waldo__lodging **ret_lodging, waldo_error *reterr)
{
    waldo__buffer_form form = {0};
    waldo_mp_buffer *buffer;
    if (!read_shape(message, &form) || (message->place && !near))
        return malformed(reterr);
    int status = message->place ? from_place(message, &form, &buffer, reterr)
                                : from_data(message, &form, &buffer, reterr);
    if (status < 0)
        return status;
    *ret_lodging = waldo__lodging_arrive(buffer, message->id.data, once);
    waldo_mp_buffer_unref(buffer);
    return *ret_lodging ? 0 : no_memory(reterr);
}

int waldo__carry_in(Waldo__Wire__Buffer *const *messages, size_t count, bool near,
                    waldo__arrived *ret_arrived, waldo_error *reterr)
{
    waldo__arrived arrived = {0};
    int status = 0;
    if (count > WALDO__CARRY_MOST)
        return malformed(reterr);
    if (count > 0 && ret_arrived && !(arrived.items = calloc(count, sizeof(*arrived.items))))
        return no_memory(reterr);
    for (size_t i = 0; i < count && status >= 0; i++) {
        waldo__lodging *lodging;
        status = arrive(messages[i], near, !ret_arrived, &lodging, reterr);
        if (status >= 0 && ret_arrived)
            arrived.items[arrived.count++] = lodging;
    }
    if (status < 0)
        waldo__arrived_free(&arrived);
    else if (ret_arrived)
        *ret_arrived = arrived;
    return status;
}

void waldo__arrived_free(waldo__arrived *arrived)
{
    for (size_t i = 0; i < arrived->count; i++)
        waldo__lodging_leave(arrived->items[i]);
    free(arrived->items);
    *arrived = (waldo__arrived){0};
}
