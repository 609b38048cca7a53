#include "memory/shared.h"

#include <stdlib.h>
#include <string.h>

/* What goes over the wire for a block. */
typedef struct waldo__place {
    uint64_t offset;
    uint64_t size;
} waldo__place;

static int new_object(const waldo__shape *shape, waldo__shared **ret_shared, waldo_error *reterr)
{
    waldo__shared *shared = calloc(1, shape->object_size);
    if (!shared)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    atomic_init(&shared->references, 1);
    *ret_shared = shared;
    return 0;
}

int waldo__shared_new(const waldo__shape *shape, size_t size, void *ret_object, waldo_error *reterr)
{
    waldo__shared *shared = NULL;
    int status = new_object(shape, &shared, reterr);
    if (status < 0)
        return status;
    if (size < shape->state_size)
        size = shape->state_size;
    status = waldo__block_new(size, &shared->block, reterr);
    if (status < 0) {
        free(shared);
        return status;
    }
    shared->state = waldo__block_memory(&shared->block);
    *(uint32_t *)shared->state = shape->tag;
    *(void **)ret_object = shared;
    return 0;
}

void *waldo__shared_ref(void *object)
{
    waldo__shared *shared = object;
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    return shared;
}

static void destroy(const waldo__shape *shape, waldo__shared *shared)
{
    if (shape->dispose)
        shape->dispose(shared);
    waldo__block_free(&shared->block);
    free(shared);
}

void *waldo__shared_unref(const waldo__shape *shape, void *object)
{
    waldo__shared *shared = object;
    if (shared && atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) == 1)
        destroy(shape, shared);
    return NULL;
}

bool waldo__reduced_put(waldo__reduced *to, const void *data, size_t size)
{
    if (size > sizeof to->data - to->size)
        return false;
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return true;
}

bool waldo__reduced_get(const waldo__reduced *from, waldo__reduced_position *position, void *data,
                        size_t size)
{
    if (size > from->size - position->data)
        return false;
    memcpy(data, from->data + position->data, size);
    position->data += size;
    return true;
}

int waldo__shared_reduce(const waldo__shape *shape, waldo__shared *shared, waldo__reduced *ret,
                         waldo_error *reterr)
{
    const waldo__place place = {shared->block.offset, shared->block.size};
    if (!waldo__reduced_put(ret, &place, sizeof place) ||
        ret->descriptor_count == WALDO__REDUCED_DESCRIPTORS)
        return waldo_error_set(reterr, WALDO_ELIMIT, "a handle that is too large");
    waldo__block_share(&shared->block);
    ret->descriptors[ret->descriptor_count++] = shared->block.segment->descriptor;
    return shape->reduce_more ? shape->reduce_more(shared, ret, reterr) : 0;
}

static int malformed(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "a handle on shared memory is malformed");
}

/* Is there a state of that shape at that place? */
static bool fits(const waldo__shape *shape, const waldo__segment *segment,
                 const waldo__place *place)
{
    if (place->offset % WALDO__BLOCK_ALIGNMENT != 0 || place->offset > segment->size ||
        place->size > segment->size - place->offset || place->size < shape->state_size)
        return false;
    return *(const volatile uint32_t *)(segment->memory + place->offset) == shape->tag;
}

static int open_block(const waldo__shape *shape, const waldo__reduced *from,
                      waldo__reduced_position *position, waldo__block *ret_block,
                      waldo_error *reterr)
{
    waldo__place place;
    if (position->descriptor == from->descriptor_count)
        return malformed(reterr);
    int descriptor = from->descriptors[position->descriptor++];
    if (!waldo__reduced_get(from, position, &place, sizeof place)) {
        waldo__close_descriptors(&descriptor, 1);
        return malformed(reterr);
    }
    waldo__segment *segment = NULL;
    int status = waldo__segment_open(descriptor, &segment, reterr);
    if (status < 0)
        return status;
    if (!fits(shape, segment, &place)) {
        waldo__segment_unref(segment);
        return malformed(reterr);
    }
    *ret_block = (waldo__block){
        .segment = segment, .offset = place.offset, .size = place.size, .shared = true};
    return 0;
}

int waldo__shared_rebuild(const waldo__shape *shape, const waldo__reduced *from,
                          waldo__reduced_position *position, void *ret_object, waldo_error *reterr)
{
    waldo__block block;
    waldo__shared *shared = NULL;
    int status = open_block(shape, from, position, &block, reterr);
    if (status < 0)
        return status;
    status = new_object(shape, &shared, reterr);
    if (status < 0) {
        waldo__block_free(&block);
        return status;
    }
    shared->block = block;
    shared->state = waldo__block_memory(&block);
    if (shape->rebuild_more)
        status = shape->rebuild_more(shared, from, position, reterr);
    if (status < 0) {
        destroy(shape, shared);
        return status;
    }
    *(void **)ret_object = shared;
    return 0;
}

int waldo__shared_rebuild_all(const waldo__shape *shape, const waldo__reduced *from,
                              void **ret_object, waldo_error *reterr)
{
    waldo__reduced_position position = {0};
    void *object = NULL;
    int status = waldo__shared_rebuild(shape, from, &position, &object, reterr);
    waldo__close_descriptors(from->descriptors + position.descriptor,
                             from->descriptor_count - position.descriptor);
    if (status == 0 && position.data != from->size) {
        waldo__shared_unref(shape, object);
        status = malformed(reterr);
    }
    if (status == 0)
        *ret_object = object;
    return status;
}
