/* What a step of a batch takes from those before it. */
#ifndef WALDO_SERVER_BATCH_RESULTS_H
#define WALDO_SERVER_BATCH_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "call.h"

/* A step that has been answered. */
typedef struct waldo__batch_step {
    waldo_call *call; /* kept */
    bool is_dynamic;  /* its result is a waldo.Value */
} waldo__batch_step;

/* Fills in the step's object and arguments, as `one` says; `count` steps went before. < 0: it was
 * raised at the step; where a step whose result it uses has failed, with that one's code. */
int waldo__batch_fill_in(waldo_call *step, const Waldo__Wire__BatchCall *one,
                         const waldo__batch_step *steps, size_t count);

#endif
