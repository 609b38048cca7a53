#include "value/later.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "process/handle.h"

typedef struct later {
    atomic_uint references;
    const void *batch; /* for comparing only */
    int call;
} later;

static void *ref_later(void *object)
{
    later *one = object;
    atomic_fetch_add(&one->references, 1);
    return one;
}

static void *unref_later(void *object)
{
    later *one = object;
    if (atomic_fetch_sub(&one->references, 1) == 1)
        free(one);
    return NULL;
}

/* It is in no list of classes: nothing but the arguments of a batch takes it. */
static const waldo__handle_class later_class = {
    .name = "result of a later call", .ref = ref_later, .unref = unref_later};

waldo_value *waldo__v_later(const void *batch, int call)
{
    later *one = calloc(1, sizeof *one);
    if (!one)
        return NULL;
    atomic_init(&one->references, 1);
    one->batch = batch;
    one->call = call;
    waldo_value *value = waldo__v_handle(&later_class, one);
    unref_later(one);
    return value;
}

int waldo__later_fill(const waldo_value *value, waldo__later_scope *scope, Waldo__Value *message,
                      waldo_error *reterr)
{
    const waldo__handle_class *class = NULL;
    const later *one = waldo__value_handle(value, &class);
    if (!one || class != &later_class)
        return 0;
    if (!scope)
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "the result of a batch's call can only be used in that batch");
    if (one->batch != scope->batch)
        return waldo_error_set(reterr, WALDO_EVALUE, "the result is one of another batch");
    if (one->call < 0 || one->call >= scope->call)
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "call %d cannot use the result of call %d, which does not come "
                               "before it",
                               scope->call, one->call);
    message->kind_case = WALDO__VALUE__KIND_RESULT;
    message->result = (uint32_t)one->call + 1;
    scope->is_used = true;
    return 1;
}
