#include <waldo/mp/buffer.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "memory/buffer_internal.h"
#include "memory/classes.h"
#include "memory/lodging.h"

#define DIMENSIONS WALDO_MP_MAX_DIMENSIONS

/* ---- Shapes ---- */

/* 0: no type of whole bytes. */
static int64_t item_size(DLDataType type)
{
    int64_t bits = (int64_t)type.bits * type.lanes;
    return bits % 8 == 0 ? bits / 8 : 0;
}

static int bad_shape(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EVALUE, "a buffer of a shape or type that cannot be");
}

/* How many items; -1: it cannot be. */
static int64_t count_items(int dimensions, const int64_t *shape)
{
    int64_t count = 1;
    bool none = false;
    for (int i = 0; i < dimensions; ++i) {
        if (shape[i] < 0)
            return -1;
        if (shape[i] == 0)
            none = true;
        else if (__builtin_mul_overflow(count, shape[i], &count))
            return -1;
    }
    return none ? 0 : count;
}

static void row_strides(int dimensions, const int64_t *shape, int64_t *strides)
{
    int64_t step = 1;
    for (int i = dimensions - 1; i >= 0; --i) {
        strides[i] = step;
        step *= shape[i] > 0 ? shape[i] : 1;
    }
}

/* Do all items lie in `size` bytes of memory, of which the first begins at offset? */
static bool is_within(const waldo__buffer_form *form, size_t size)
{
    int64_t least = 0;
    int64_t most = 0;
    int64_t bytes = item_size(form->type);
    if (form->offset > size || size > INT64_MAX)
        return false;
    for (int i = 0; i < form->dimensions; ++i) {
        int64_t reach;
        if (form->shape[i] == 0)
            return true;
        if (__builtin_mul_overflow(form->shape[i] - 1, form->strides[i], &reach) ||
            __builtin_add_overflow(reach < 0 ? least : most, reach, reach < 0 ? &least : &most))
            return false;
    }
    if (__builtin_add_overflow(most, 1, &most) || __builtin_mul_overflow(most, bytes, &most) ||
        __builtin_mul_overflow(least, bytes, &least))
        return false;
    return least >= -(int64_t)form->offset && most <= (int64_t)(size - form->offset);
}

static int check_form(const waldo__buffer_form *form, waldo_error *reterr)
{
    if (form->dimensions < 0 || form->dimensions > DIMENSIONS || item_size(form->type) == 0 ||
        count_items(form->dimensions, form->shape) < 0)
        return bad_shape(reterr);
    return 0;
}

/* TAKES the storage. The form is checked but for its place in it: WALDO_EINDEX. */
static int make(const waldo__buffer_form *form, waldo__storage storage,
                waldo_mp_buffer **ret_buffer, waldo_error *reterr)
{
    waldo_mp_buffer *buffer = NULL;
    int status = 0;
    if (!is_within(form, waldo__storage_size(&storage)))
        status =
            waldo_error_set(reterr, WALDO_EINDEX, "the view is not within the buffer's memory");
    else if (!(buffer = calloc(1, sizeof *buffer)))
        status = waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    if (status < 0) {
        waldo__storage_unref(&storage);
        return status;
    }
    atomic_init(&buffer->references, 1);
    buffer->storage = storage;
    memcpy(buffer->shape, form->shape, sizeof buffer->shape);
    memcpy(buffer->strides, form->strides, sizeof buffer->strides);
    buffer->tensor = (DLTensor){.data = waldo__storage_data(&storage) + form->offset,
                                .device = {kDLCPU, 0},
                                .ndim = form->dimensions,
                                .dtype = form->type,
                                .shape = buffer->shape,
                                .strides = buffer->strides};
    *ret_buffer = buffer;
    return 0;
}

int waldo__shape_size(DLDataType type, int dimensions, const int64_t *shape, size_t *ret_size,
                      waldo_error *reterr)
{
    int64_t size;
    if (dimensions < 0 || dimensions > DIMENSIONS || item_size(type) == 0 ||
        count_items(dimensions, shape) < 0)
        return bad_shape(reterr);
    if (__builtin_mul_overflow(count_items(dimensions, shape), item_size(type), &size))
        return waldo_error_set(reterr, WALDO_ENOMEM, "a buffer larger than memory can be");
    *ret_size = (size_t)size;
    return 0;
}

int waldo_mp_buffer_new(DLDataType type, int dimensions, const int64_t *shape,
                        waldo_mp_sharing sharing, waldo_mp_buffer **ret_buffer, waldo_error *reterr)
{
    waldo__buffer_form form = {.type = type, .dimensions = dimensions};
    waldo__storage storage;
    size_t size;
    int status = waldo__shape_size(type, dimensions, shape, &size, reterr);
    if (status < 0)
        return status;
    if (dimensions > 0)
        memcpy(form.shape, shape, (size_t)dimensions * sizeof *shape);
    row_strides(dimensions, form.shape, form.strides);
    status = waldo__storage_new(size, sharing == WALDO_MP_BY_NAME, &storage, reterr);
    return status < 0 ? status : make(&form, storage, ret_buffer, reterr);
}

static uint64_t offset_of(const waldo_mp_buffer *buffer)
{
    return (uint64_t)((uint8_t *)buffer->tensor.data - waldo__storage_data(&buffer->storage));
}

int waldo_mp_buffer_view(waldo_mp_buffer *buffer, int64_t offset, int dimensions,
                         const int64_t *shape, const int64_t *strides, waldo_mp_buffer **ret_view,
                         waldo_error *reterr)
{
    waldo__buffer_form form = {.type = buffer->tensor.dtype, .dimensions = dimensions};
    int64_t bytes;
    if (dimensions < 0 || dimensions > DIMENSIONS)
        return bad_shape(reterr);
    if (dimensions > 0)
        memcpy(form.shape, shape, (size_t)dimensions * sizeof *shape);
    int status = check_form(&form, reterr);
    if (status < 0)
        return status;
    if (strides && dimensions > 0)
        memcpy(form.strides, strides, (size_t)dimensions * sizeof *strides);
    else
        row_strides(dimensions, form.shape, form.strides);
    if (__builtin_mul_overflow(offset, item_size(form.type), &bytes) ||
        __builtin_add_overflow(bytes, (int64_t)offset_of(buffer), &bytes) || bytes < 0)
        return waldo_error_set(reterr, WALDO_EINDEX, "the view is not within the buffer's memory");
    form.offset = (uint64_t)bytes;
    return make(&form, waldo__storage_ref(&buffer->storage), ret_view, reterr);
}

waldo_mp_buffer *waldo_mp_buffer_ref(waldo_mp_buffer *buffer)
{
    atomic_fetch_add_explicit(&buffer->references, 1, memory_order_relaxed);
    return buffer;
}

waldo_mp_buffer *waldo_mp_buffer_unref(waldo_mp_buffer *buffer)
{
    if (buffer && atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) == 1) {
        waldo__lodging_forget(buffer);
        waldo__storage_unref(&buffer->storage);
        free(buffer);
    }
    return NULL;
}

const DLTensor *waldo_mp_buffer_tensor(const waldo_mp_buffer *buffer)
{
    return &buffer->tensor;
}

bool waldo_mp_buffer_same_memory(const waldo_mp_buffer *one, const waldo_mp_buffer *other)
{
    return one->storage.segment == other->storage.segment;
}

/* ---- DLPack ---- */

static void delete_managed(DLManagedTensor *managed)
{
    waldo_mp_buffer_unref(managed->manager_ctx);
    free(managed);
}

int waldo_mp_buffer_to_dlpack(waldo_mp_buffer *buffer, DLManagedTensor **ret_tensor,
                              waldo_error *reterr)
{
    DLManagedTensor *managed = malloc(sizeof *managed);
    if (!managed)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    *managed = (DLManagedTensor){.dl_tensor = buffer->tensor,
                                 .manager_ctx = waldo_mp_buffer_ref(buffer),
                                 .deleter = delete_managed};
    *ret_tensor = managed;
    return 0;
}

/* Items of a tensor of any strides, one after the other. The innermost dimension goes in one piece
 * where it is one. */
static void copy_tensor(const DLTensor *from, const int64_t *strides, uint8_t *to)
{
    int64_t at[DIMENSIONS] = {0};
    size_t bytes = (size_t)item_size(from->dtype);
    const uint8_t *data = (const uint8_t *)from->data + from->byte_offset;
    int inner = from->ndim - 1;
    int64_t run = inner >= 0 && strides[inner] == 1 ? from->shape[inner] : 1;
    int64_t count = count_items(from->ndim, from->shape);
    for (int64_t done = 0; done < count; done += run) {
        int64_t offset = 0;
        for (int i = 0; i < from->ndim; ++i)
            offset += at[i] * strides[i];
        memcpy(to, data + offset * (int64_t)bytes, (size_t)run * bytes);
        to += (size_t)run * bytes;
        int i = run > 1 ? inner - 1 : inner;
        while (i >= 0 && ++at[i] == from->shape[i])
            at[i--] = 0;
    }
}

bool waldo__buffer_is_packed(const waldo_mp_buffer *buffer)
{
    int64_t strides[DIMENSIONS] = {0};
    row_strides(buffer->tensor.ndim, buffer->shape, strides);
    for (int i = 0; i < buffer->tensor.ndim; ++i)
        if (buffer->shape[i] > 1 && buffer->strides[i] != strides[i])
            return false;
    return true;
}

void waldo__buffer_copy_items(const waldo_mp_buffer *buffer, uint8_t *to)
{
    copy_tensor(&buffer->tensor, buffer->strides, to);
}

static int copy_in(const DLTensor *from, waldo_mp_sharing sharing, waldo_mp_buffer **ret_buffer,
                   waldo_error *reterr)
{
    int64_t strides[DIMENSIONS] = {0};
    waldo_mp_buffer *buffer = NULL;
    if (from->device.device_type != kDLCPU)
        return waldo_error_set(reterr, WALDO_EVALUE, "the tensor is not in the host's memory");
    int status =
        waldo_mp_buffer_new(from->dtype, from->ndim, from->shape, sharing, &buffer, reterr);
    if (status < 0)
        return status;
    if (from->strides && from->ndim > 0)
        memcpy(strides, from->strides, (size_t)from->ndim * sizeof *strides);
    else
        row_strides(from->ndim, from->shape, strides);
    copy_tensor(from, strides, buffer->tensor.data);
    *ret_buffer = buffer;
    return 0;
}

int waldo_mp_buffer_share_memory(DLManagedTensor *tensor, waldo_mp_sharing sharing,
                                 waldo_mp_buffer **ret_buffer, waldo_error *reterr)
{
    int status = 0;
    if (tensor->deleter == delete_managed)
        *ret_buffer = waldo_mp_buffer_ref(tensor->manager_ctx);
    else
        status = copy_in(&tensor->dl_tensor, sharing, ret_buffer, reterr);
    if (tensor->deleter)
        tensor->deleter(tensor);
    return status;
}

/* ---- As a handle ---- */

static void *ref(void *object)
{
    return waldo_mp_buffer_ref(object);
}

static void *unref(void *object)
{
    return waldo_mp_buffer_unref(object);
}

void waldo__buffer_form_of(const waldo_mp_buffer *buffer, waldo__buffer_form *ret_form)
{
    *ret_form = (waldo__buffer_form){
        .offset = offset_of(buffer),
        .type = buffer->tensor.dtype,
        .dimensions = buffer->tensor.ndim,
        .named = buffer->storage.named,
    };
    memcpy(ret_form->shape, buffer->shape, sizeof ret_form->shape);
    memcpy(ret_form->strides, buffer->strides, sizeof ret_form->strides);
}

static int malformed(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "a buffer's handle is malformed");
}

int waldo__buffer_from_form(const waldo__buffer_form *form, waldo__storage storage,
                            waldo_mp_buffer **ret_buffer, waldo_error *reterr)
{
    if (check_form(form, NULL) < 0) {
        waldo__storage_unref(&storage);
        return malformed(reterr);
    }
    int status = make(form, storage, ret_buffer, reterr);
    return status == WALDO_EINDEX ? malformed(reterr) : status;
}

static int reduce(void *object, waldo__reduced *ret, waldo_error *reterr)
{
    const waldo_mp_buffer *buffer = object;
    waldo__buffer_form form;
    waldo__buffer_form_of(buffer, &form);
    waldo__storage_reduce(&buffer->storage, form.name, ret);
    if (!waldo__reduced_put(ret, &form, sizeof form))
        return waldo_error_set(reterr, WALDO_ELIMIT, "a handle that is too large");
    return 0;
}

static int rebuild(const waldo__reduced *from, void **ret_object, waldo_error *reterr)
{
    waldo__buffer_form form;
    waldo__storage storage;
    waldo__reduced_position position = {0};
    waldo_mp_buffer *buffer = NULL;
    if (from->size != sizeof form || !waldo__reduced_get(from, &position, &form, sizeof form)) {
        waldo__close_descriptors(from->descriptors, from->descriptor_count);
        return malformed(reterr);
    }
    int status = waldo__storage_rebuild(form.named != 0, form.name, from, &storage, reterr);
    if (status >= 0)
        status = waldo__buffer_from_form(&form, storage, &buffer, reterr);
    if (status >= 0)
        *ret_object = buffer;
    return status;
}

const waldo__handle_class waldo__buffer_class = {
    .name = "Buffer", .reduce = reduce, .rebuild = rebuild, .ref = ref, .unref = unref};

waldo_value *waldo_mp_buffer_value(waldo_mp_buffer *buffer)
{
    return waldo__v_handle(&waldo__buffer_class, buffer);
}

int waldo_mp_buffer_from_value(const waldo_value *value, waldo_mp_buffer **ret_buffer,
                               waldo_error *reterr)
{
    void *object = NULL;
    int status = waldo__handle_from_value(value, &waldo__buffer_class, &object, reterr);
    if (status >= 0)
        *ret_buffer = object;
    return status;
}
