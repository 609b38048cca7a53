/* What the models share: does an operation's outcome agree with what the model says? */
#ifndef WALDO_TESTS_LINEARIZABILITY_MODELS_H
#define WALDO_TESTS_LINEARIZABILITY_MODELS_H

#include "checker.h"

static inline int said(const operation *one, int status)
{
    return one->is_unknown || one->status == status;
}

static inline int gave_two(const operation *one, int status, int64_t first, int64_t second)
{
    return one->is_unknown ||
           (one->status == status && one->results[0] == first && one->results[1] == second);
}

/* The result with the status. */
static inline int gave(const operation *one, int status, int64_t result)
{
    return one->is_unknown || (one->status == status && one->results[0] == result);
}

#endif
