/* An event is one word: how often it was set, and whether it is. */
#include <limits.h>

#include <waldo/mp/sync.h>

#include "memory/classes.h"
#include "memory/futex.h"

#define IS_SET 1u

typedef struct waldo__event_state {
    uint32_t tag;
    _Atomic uint32_t word;
} waldo__event_state;

struct waldo_mp_event {
    waldo__shared shared;
};

static const waldo__shape shape = {
    .tag = WALDO__TAG('E', 'V', 'N', 'T'),
    .object_size = sizeof(waldo_mp_event),
    .state_size = sizeof(waldo__event_state),
};

WALDO__SHARED_TYPE(event, "Event", &shape);

static _Atomic uint32_t *word_of(const waldo_mp_event *event)
{
    return &((waldo__event_state *)waldo__shared_state(&event->shared))->word;
}

int waldo_mp_event_new(waldo_mp_event **ret_event, waldo_error *reterr)
{
    return waldo__shared_new(&shape, 0, ret_event, reterr);
}

void waldo_mp_event_set(waldo_mp_event *event)
{
    _Atomic uint32_t *word = word_of(event);
    uint32_t seen = atomic_load(word);
    while (!(seen & IS_SET) && !atomic_compare_exchange_weak(word, &seen, (seen + 2) | IS_SET))
        ;
    waldo__futex_wake(word, INT_MAX);
}

void waldo_mp_event_clear(waldo_mp_event *event)
{
    atomic_fetch_and(word_of(event), ~IS_SET);
}

bool waldo_mp_event_is_set(const waldo_mp_event *event)
{
    return atomic_load(word_of(event)) & IS_SET;
}

int waldo_mp_event_wait(waldo_mp_event *event, double timeout, waldo_error *reterr)
{
    waldo__patience patience;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status < 0)
        return status;
    _Atomic uint32_t *word = word_of(event);
    uint32_t first = atomic_load(word);
    for (uint32_t seen = first; !(seen & IS_SET) && seen == first; seen = atomic_load(word))
        if (waldo__futex_wait(word, seen, &patience) == WALDO__TIMED_OUT)
            return 0;
    return 1;
}
