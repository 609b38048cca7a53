/* What locks, queues, values and the like have in common: an object of this process that stands for
 * a state in shared memory, and can be handed to others (process/handle.h).
 *
 * A state begins with a tag, which says what it is. It may be hostile: what is read from it is read
 * once and checked before it is used as a place or a size. */
#ifndef WALDO_RUNTIME_MEMORY_SHARED_H
#define WALDO_RUNTIME_MEMORY_SHARED_H

#include <stdatomic.h>

#include "memory/heap.h"
#include "process/handle.h"

#define WALDO__TAG(a, b, c, d)                                                                     \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* What every such object starts with. */
typedef struct waldo__shared {
    _Atomic uint32_t references;
    void *state;
    waldo__block block;
} waldo__shared;

/* Where the rest of a waldo__reduced begins. */
typedef struct waldo__reduced_position {
    size_t data;
    size_t descriptor;
} waldo__reduced_position;

typedef struct waldo__shape {
    uint32_t tag;
    size_t object_size;
    size_t state_size; /* at least */
    /* These may be NULL. What else has to travel: put it behind what is in *ret, and get it back.
     */
    int (*reduce_more)(waldo__shared *shared, waldo__reduced *ret, waldo_error *reterr);
    int (*rebuild_more)(waldo__shared *shared, const waldo__reduced *from,
                        waldo__reduced_position *position, waldo_error *reterr);
    /* Before the memory goes; also when rebuild_more has failed. */
    void (*dispose)(waldo__shared *shared);
} waldo__shape;

/* An object with a new, zeroed state of `size` bytes, but at least the shape's. */
int waldo__shared_new(const waldo__shape *shape, size_t size, void *ret_object,
                      waldo_error *reterr);
void *waldo__shared_ref(void *object);
void *waldo__shared_unref(const waldo__shape *shape, void *object);
static inline void *waldo__shared_state(const waldo__shared *shared)
{
    return shared->state;
}

/* Adds the object to *ret. Its descriptors stay its own. */
int waldo__shared_reduce(const waldo__shape *shape, waldo__shared *shared, waldo__reduced *ret,
                         waldo_error *reterr);
/* Takes an object out of *from, and of the descriptors those that are its own, even if it fails.
 * WALDO_EPROTOCOL: no state of that shape is there. */
int waldo__shared_rebuild(const waldo__shape *shape, const waldo__reduced *from,
                          waldo__reduced_position *position, void *ret_object, waldo_error *reterr);
/* The same for an object that came alone. TAKES all descriptors. */
int waldo__shared_rebuild_all(const waldo__shape *shape, const waldo__reduced *from,
                              void **ret_object, waldo_error *reterr);
/* Bytes of *from, and *to for them to be put into. False: there are too few, or no room. */
bool waldo__reduced_get(const waldo__reduced *from, waldo__reduced_position *position, void *data,
                        size_t size);
bool waldo__reduced_put(waldo__reduced *to, const void *data, size_t size);

/* The public functions that each type has: ref, unref, value, from_value; and its handle class,
 * waldo__TYPE_class. `label` is how Python calls it. */
#define WALDO__SHARED_TYPE(type, label, shape)                                                     \
    waldo_mp_##type *waldo_mp_##type##_ref(waldo_mp_##type *type)                                  \
    {                                                                                              \
        return waldo__shared_ref(type);                                                            \
    }                                                                                              \
    waldo_mp_##type *waldo_mp_##type##_unref(waldo_mp_##type *type)                                \
    {                                                                                              \
        return waldo__shared_unref(shape, type);                                                   \
    }                                                                                              \
    static void *unref_##type(void *object)                                                        \
    {                                                                                              \
        return waldo__shared_unref(shape, object);                                                 \
    }                                                                                              \
    static int reduce_##type(void *object, waldo__reduced *ret, waldo_error *reterr)               \
    {                                                                                              \
        return waldo__shared_reduce(shape, object, ret, reterr);                                   \
    }                                                                                              \
    static int rebuild_##type(const waldo__reduced *from, void **ret_object, waldo_error *reterr)  \
    {                                                                                              \
        return waldo__shared_rebuild_all(shape, from, ret_object, reterr);                         \
    }                                                                                              \
    const waldo__handle_class waldo__##type##_class = {                                            \
        .name = (label),                                                                           \
        .reduce = reduce_##type,                                                                   \
        .rebuild = rebuild_##type,                                                                 \
        .ref = waldo__shared_ref,                                                                  \
        .unref = unref_##type,                                                                     \
    };                                                                                             \
    waldo_value *waldo_mp_##type##_value(waldo_mp_##type *type)                                    \
    {                                                                                              \
        return waldo__v_handle(&waldo__##type##_class, type);                                      \
    }                                                                                              \
    int waldo_mp_##type##_from_value(const waldo_value *value, waldo_mp_##type **ret_##type,       \
                                     waldo_error *reterr)                                          \
    {                                                                                              \
        void *object = NULL;                                                                       \
        int status = waldo__handle_from_value(value, &waldo__##type##_class, &object, reterr);     \
        if (status >= 0)                                                                           \
            *ret_##type = object;                                                                  \
        return status;                                                                             \
    }                                                                                              \
    WALDO_STATIC_ASSERT(sizeof(waldo_mp_##type) >= sizeof(waldo__shared), "an object of that "     \
                                                                          "type")

#endif
