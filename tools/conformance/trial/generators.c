/* Generators, in both forms. */
#include <stdlib.h>

#include "types.h"

#include "trial.service.h"

/* ---- plain functions ---- */

static int create_nothing(void *type_data, waldo_call *call, void **ret_self)
{
    (void)type_data;
    (void)call;
    *ret_self = NULL;
    return 0;
}

static int squares(waldo_generator *generator, waldo_call *call, void *self,
                   const Trial__Number *arguments)
{
    (void)self;
    int64_t count = llabs(arguments->n);
    for (int64_t i = 0; i < count; i++) {
        Trial__Number item = TRIAL__NUMBER__INIT;
        item.n = i * i;
        if (trial_source_squares_yield(generator, &item) < 0)
            break;
    }
    conformance_event_post("closed");
    return arguments->n < 0 ? waldo_call_raise(call, WALDO_EVALUE, "no more squares") : 0;
}

static int baz(waldo_generator *generator, waldo_call *call, void *self)
{
    (void)call;
    (void)self;
    for (int64_t i = 0; i < 10; i++) {
        Trial__Number item = TRIAL__NUMBER__INIT;
        item.n = i * i;
        if (trial_baz___next___yield(generator, &item) < 0)
            break;
    }
    conformance_event_post("closed");
    return 0;
}

/* ---- steps ---- */

typedef struct progress {
    int64_t next;
    int64_t limit;
} progress;

static int start(waldo_call *call, const Trial__Number *arguments, void **ret_progress)
{
    progress *state = malloc(sizeof *state);
    if (!state)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    *state = (progress){0, arguments->n};
    *ret_progress = state;
    return 0;
}

static int open_squares(void *self, waldo_call *call, const Trial__Number *arguments,
                        void **ret_state)
{
    (void)self;
    return start(call, arguments, ret_state);
}

static int next_square(void *state, waldo_call *call, Trial__Number *item)
{
    progress *now = state;
    if (now->next == llabs(now->limit))
        return now->limit < 0 ? waldo_call_raise(call, WALDO_EVALUE, "no more squares") : 0;
    item->n = now->next * now->next;
    now->next++;
    return 1;
}

static void close_squares(void *state)
{
    free(state);
    conformance_event_post("closed");
}

static int steps_create(void *type_data, waldo_call *call, const Trial__Number *arguments,
                        void **ret_self)
{
    (void)type_data;
    return start(call, arguments, ret_self);
}

/* The state is the object, which is freed with it. */
static void close_steps(void *state)
{
    (void)state;
    conformance_event_post("closed");
}

static const struct trial_source_ops source_ops = {
    .create = create_nothing,
    .squares = squares,
    .squares_by_steps_steps = {open_squares, next_square, close_squares},
};

static const struct trial_baz_ops baz_ops = {
    .create = create_nothing,
    .__next__ = baz,
};

static const struct trial_steps_ops steps_ops = {
    .create = steps_create,
    .__next___steps = {NULL, next_square, close_steps},
    .destroy = free,
};

int conformance_register_generators(waldo_registry *registry, waldo_error *reterr)
{
    int status = trial_source_register(registry, &source_ops, NULL, reterr);
    if (status >= 0)
        status = trial_baz_register(registry, &baz_ops, NULL, reterr);
    if (status >= 0)
        status = trial_steps_register(registry, &steps_ops, NULL, reterr);
    return status;
}
