#include "process/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct descriptor {
    atomic_uint references;
    int number;
} descriptor;

static void *descriptor_ref(void *object)
{
    atomic_fetch_add_explicit(&((descriptor *)object)->references, 1, memory_order_relaxed);
    return object;
}

static void *descriptor_unref(void *object)
{
    descriptor *held = object;
    if (held && atomic_fetch_sub_explicit(&held->references, 1, memory_order_acq_rel) == 1) {
        close(held->number);
        free(held);
    }
    return NULL;
}

/* TAKES the number. */
static descriptor *new_descriptor(int number)
{
    descriptor *made = malloc(sizeof(*made));
    if (!made) {
        close(number);
        return NULL;
    }
    atomic_init(&made->references, 1);
    made->number = number;
    return made;
}

static int descriptor_reduce(void *object, waldo__reduced *ret, waldo_error *reterr)
{
    (void)reterr;
    ret->descriptors[0] = ((descriptor *)object)->number;
    ret->descriptor_count = 1;
    return 0;
}

static int descriptor_rebuild(const waldo__reduced *from, void **ret_object, waldo_error *reterr)
{
    if (from->size != 0 || from->descriptor_count != 1) {
        waldo__close_descriptors(from->descriptors, from->descriptor_count);
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "malformed descriptor");
    }
    descriptor *made = new_descriptor(from->descriptors[0]);
    if (!made)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    *ret_object = made;
    return 0;
}

const waldo__handle_class waldo__descriptor_class = {
    .name = "descriptor",
    .reduce = descriptor_reduce,
    .rebuild = descriptor_rebuild,
    .ref = descriptor_ref,
    .unref = descriptor_unref,
};

waldo_value *waldo__v_descriptor(int number)
{
    descriptor *made = new_descriptor(number);
    waldo_value *value = waldo__v_handle(&waldo__descriptor_class, made);
    descriptor_unref(made);
    return value;
}

waldo_value *waldo_mp_descriptor_value(int number)
{
    int copy = fcntl(number, F_DUPFD_CLOEXEC, 0);
    return copy >= 0 ? waldo__v_descriptor(copy) : NULL;
}

int waldo_mp_descriptor_from_value(const waldo_value *value, int *ret_descriptor,
                                   waldo_error *reterr)
{
    void *object;
    int status = waldo__handle_from_value(value, &waldo__descriptor_class, &object, reterr);
    if (status < 0)
        return status;
    int copy = fcntl(((descriptor *)object)->number, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
        status = waldo_error_system(reterr, errno, "descriptor");
    else
        *ret_descriptor = copy;
    descriptor_unref(object);
    return status;
}
