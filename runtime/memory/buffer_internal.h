/* Buffers as the files see that carry them to other processes. */
#ifndef WALDO_RUNTIME_MEMORY_BUFFER_INTERNAL_H
#define WALDO_RUNTIME_MEMORY_BUFFER_INTERNAL_H

#include <stdatomic.h>

#include <waldo/mp/buffer.h>

#include "memory/storage.h"

struct waldo_mp_buffer {
    _Atomic uint32_t references;
    waldo__storage storage;
    DLTensor tensor; /* points to the next two */
    int64_t shape[WALDO_MP_MAX_DIMENSIONS];
    int64_t strides[WALDO_MP_MAX_DIMENSIONS];
    struct waldo__lodging *lodging; /* lodging.c, under its lock; NULL: no message named it yet */
};

/* Which part of its memory a buffer is. */
typedef struct waldo__buffer_form {
    uint64_t offset; /* of the first item, in bytes of the storage */
    DLDataType type;
    int32_t dimensions;
    uint32_t named;
    int64_t shape[WALDO_MP_MAX_DIMENSIONS];
    int64_t strides[WALDO_MP_MAX_DIMENSIONS];
    char name[WALDO__SEGMENT_NAME_SIZE];
} waldo__buffer_form;

/* All but the name. */
void waldo__buffer_form_of(const waldo_mp_buffer *buffer, waldo__buffer_form *ret_form);
/* TAKES the storage. The form may say anything: WALDO_EPROTOCOL. */
int waldo__buffer_from_form(const waldo__buffer_form *form, waldo__storage storage,
                            waldo_mp_buffer **ret_buffer, waldo_error *reterr);

/* Bytes of the items of a buffer of that shape. Errors as waldo_mp_buffer_new. */
int waldo__shape_size(DLDataType type, int dimensions, const int64_t *shape, size_t *ret_size,
                      waldo_error *reterr);
/* Do its items lie in memory row after row? */
bool waldo__buffer_is_packed(const waldo_mp_buffer *buffer);
/* Its items row after row, into as many bytes as their shape has. */
void waldo__buffer_copy_items(const waldo_mp_buffer *buffer, uint8_t *to);

#endif
