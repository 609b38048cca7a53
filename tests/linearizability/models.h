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

/* The end of a session of which so many replies may have arrived or not: a state for each
 * possibility. end() ends it in one of them; bits of `unheard` say which of these replies, in the
 * order in which end() comes to them, did not arrive. false: there is no room. */
static inline int end_in_every_way(const operation *one, unsigned replies, state *after,
                                   bool (*end)(void *is, const operation *one, unsigned unheard))
{
    int count = 1 << replies;
    if (count > MAX_NEXT)
        return STEP_TOO_LARGE;
    for (int i = 0; i < count; i++)
        if (!end(after[i].bytes, one, (unsigned)i))
            return STEP_TOO_LARGE;
    return count;
}

/* The result with the status. */
static inline int gave(const operation *one, int status, int64_t result)
{
    return one->is_unknown || (one->status == status && one->results[0] == result);
}

#endif
