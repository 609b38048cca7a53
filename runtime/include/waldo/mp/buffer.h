/* Buffers that move between processes of a host without a copy (rows S1-S6): what
 * torch.multiprocessing does for tensors. A buffer is a view (type, shape, strides, offset) of
 * counted memory that is shared; it is exchanged with other libraries as DLPack, and with other
 * processes as a handle.
 *
 *     int64_t shape[] = {1024, 1024};
 *     waldo_mp_buffer *weights;
 *     DLDataType real = {kDLFloat, 32, 1};
 *     waldo_mp_buffer_new(real, 2, shape, WALDO_MP_BY_DESCRIPTOR, &weights, &err);
 *     float *data = waldo_mp_buffer_tensor(weights)->data;
 *     waldo_mp_queue_put(queue, waldo_mp_buffer_value(weights), WALDO_FOREVER, &err);
 *
 * Whoever receives it has the same memory: what one writes the others see, and nobody is told.
 * Memory that arrives twice is mapped once, and views of one memory are views of one memory there.
 * It is gone with the last reference of the last process.
 *
 * Two ways of sharing. BY_DESCRIPTOR: memory without a name; whoever has it keeps a descriptor
 * open. BY_NAME: a file of /dev/shm, which is opened by its name by those that receive it; its name
 * goes with its last user (waldo/mp/shared_memory.h). A buffer on its way by name that nobody takes
 * in stays until the process that made it ends.
 *
 * A buffer may also be an argument or a result of a server's calls, or in one:
 *     waldo_dict_set(dict, waldo_v("weights"), waldo_mp_buffer_value(weights), &err);
 * A client of the server's host and user gets the same memory, and the server has it as long as the
 * buffer is in the dict, whoever made it. Any other client gets a copy, and so does the server from
 * it: WALDO_ETOOBIG where that is more than a message may have.
 *
 * Buffers are counted and do not change; any thread. Memory only: no GPUs. */
#ifndef WALDO_MP_BUFFER_H
#define WALDO_MP_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include <dlpack/dlpack.h>

#include <waldo/value.h>

WALDO_BEGIN_DECLS

#define WALDO_MP_MAX_DIMENSIONS 16

typedef struct waldo_mp_buffer waldo_mp_buffer;

typedef enum waldo_mp_sharing { WALDO_MP_BY_DESCRIPTOR, WALDO_MP_BY_NAME } waldo_mp_sharing;

/** Zeroed, row after row. No dimensions: one item; a dimension of 0: none. WALDO_EVALUE: too many
 *  dimensions, a negative one, a type of no whole bytes; WALDO_ENOMEM: more than this host has. */
WALDO_CHECK int waldo_mp_buffer_new(DLDataType type, int dimensions, const int64_t *shape,
                                    waldo_mp_sharing sharing, waldo_mp_buffer **ret_buffer,
                                    waldo_error *reterr);
/** torch's share_memory_(): TAKES any tensor in memory and moves it to shared memory, with its
 * shape, row after row, and frees it. One that came from waldo_mp_buffer_to_dlpack is not moved
 * again: the result is its buffer. WALDO_EVALUE: it is not in memory (kDLCPU), or malformed. */
WALDO_CHECK int waldo_mp_buffer_share_memory(DLManagedTensor *tensor, waldo_mp_sharing sharing,
                                             waldo_mp_buffer **ret_buffer, waldo_error *reterr);
/** Another view of the same memory: `offset` items after this one's first, with a shape and strides
 *  (in items; NULL: row after row) of its own. WALDO_EINDEX: not within the memory. */
WALDO_CHECK int waldo_mp_buffer_view(waldo_mp_buffer *buffer, int64_t offset, int dimensions,
                                     const int64_t *shape, const int64_t *strides,
                                     waldo_mp_buffer **ret_view, waldo_error *reterr);
waldo_mp_buffer *waldo_mp_buffer_ref(waldo_mp_buffer *buffer);
/** NULL is a no-op. Returns NULL. */
waldo_mp_buffer *waldo_mp_buffer_unref(waldo_mp_buffer *buffer);
/* For WALDO_AUTO(waldo_mp_buffer). */
static inline void waldo_mp_buffer_cleanup(waldo_mp_buffer **buffer)
{
    waldo_mp_buffer_unref(*buffer);
}

/** Type, shape, strides and address, as long as the buffer lives. Its byte_offset is 0. */
const DLTensor *waldo_mp_buffer_tensor(const waldo_mp_buffer *buffer);
/** A reference of its own, for another library: that calls its deleter. */
WALDO_CHECK int waldo_mp_buffer_to_dlpack(waldo_mp_buffer *buffer, DLManagedTensor **ret_tensor,
                                          waldo_error *reterr);
/** Do both lie in the same memory? */
bool waldo_mp_buffer_same_memory(const waldo_mp_buffer *one, const waldo_mp_buffer *other);

/** waldo/mp/handle.h. */
waldo_value *waldo_mp_buffer_value(waldo_mp_buffer *buffer);
WALDO_CHECK int waldo_mp_buffer_from_value(const waldo_value *value, waldo_mp_buffer **ret_buffer,
                                           waldo_error *reterr);

WALDO_END_DECLS

#endif
