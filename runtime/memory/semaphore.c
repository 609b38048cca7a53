#include <errno.h>
#include <string.h>

#include <waldo/mp/sync.h>

#include "memory/bell.h"
#include "memory/classes.h"
#include "memory/robust.h"

#define LARGEST 0x7fffffff /* SEM_VALUE_MAX */
#define HOLDERS 62

typedef struct waldo__holder {
    waldo__identity process; /* 0: free */
    uint32_t permits;
} waldo__holder;

/* Changed under the guard. As long as permits are attributed,
 *     value = total - all permits of holders
 * and the latter decide: a change begins with one store to them, the value is brought up to date by
 * whoever takes the guard from a dead process. */
typedef struct waldo__semaphore_state {
    uint32_t tag;
    uint32_t bound;
    waldo__robust guard;
    _Atomic uint32_t value;
    waldo__bell bell; /* for those that wait for the value to leave 0 */
    uint32_t total;
    uint32_t signals;       /* nonzero: permits are nobody's */
    uint32_t from_the_dead; /* permits whose next owners are to be told */
    waldo__holder holders[HOLDERS];
} waldo__semaphore_state;

struct waldo_mp_semaphore {
    waldo__shared shared;
};

static const waldo__shape shape = {
    .tag = WALDO__TAG('S', 'E', 'M', 'A'),
    .object_size = sizeof(waldo_mp_semaphore),
    .state_size = sizeof(waldo__semaphore_state),
};

WALDO__SHARED_TYPE(semaphore, "Semaphore", &shape);

static waldo__semaphore_state *state_of(const waldo_mp_semaphore *semaphore)
{
    return waldo__shared_state(&semaphore->shared);
}

static int make(int64_t value, bool bounded, waldo_mp_semaphore **ret_semaphore,
                waldo_error *reterr)
{
    if (value < 0 || value > LARGEST)
        return waldo_error_system(reterr, EINVAL, "a semaphore of value %lld", (long long)value);
    waldo_mp_semaphore *semaphore = NULL;
    int status = waldo__shared_new(&shape, 0, &semaphore, reterr);
    if (status < 0)
        return status;
    waldo__semaphore_state *state = state_of(semaphore);
    atomic_init(&state->value, (uint32_t)value);
    state->total = (uint32_t)value;
    state->bound = bounded ? (uint32_t)value : LARGEST;
    *ret_semaphore = semaphore;
    return 0;
}

int waldo_mp_semaphore_new(int64_t value, waldo_mp_semaphore **ret_semaphore, waldo_error *reterr)
{
    return make(value, false, ret_semaphore, reterr);
}

int waldo_mp_bounded_semaphore_new(int64_t value, waldo_mp_semaphore **ret_semaphore,
                                   waldo_error *reterr)
{
    return make(value, true, ret_semaphore, reterr);
}

static void recount(waldo__semaphore_state *state)
{
    uint32_t held = 0;
    for (size_t i = 0; i < HOLDERS; ++i)
        held += state->holders[i].permits;
    atomic_store(&state->value, state->total - held);
}

static void enter(waldo__semaphore_state *state)
{
    if (waldo__robust_enter(&state->guard) && !state->signals)
        recount(state);
}

static void leave(waldo__semaphore_state *state)
{
    waldo__robust_give(&state->guard);
}

/* Takes back what dead processes hold. Under the guard. */
static void collect(waldo__semaphore_state *state)
{
    uint32_t found = 0;
    for (waldo__holder *holder = state->holders; holder < state->holders + HOLDERS; ++holder) {
        if (!holder->process || !waldo__has_died(holder->process))
            continue;
        found += holder->permits;
        holder->permits = 0;
        holder->process = 0;
    }
    if (found > 0) {
        state->from_the_dead += found;
        recount(state);
    }
}

/* Where this process's permits are noted. NULL: it has none, and (make) no room is left for it. */
static waldo__holder *find_holder(waldo__semaphore_state *state, waldo__identity self, bool make)
{
    waldo__holder *room = NULL;
    for (waldo__holder *holder = state->holders; holder < state->holders + HOLDERS; ++holder) {
        if (holder->process == self)
            return holder;
        if (!room && holder->permits == 0)
            room = holder;
    }
    if (!make || !room)
        return NULL;
    room->process = self;
    return room;
}

/* Under the guard, with a value above 0. */
static int take(waldo__semaphore_state *state)
{
    if (!state->signals) {
        waldo__holder *holder = find_holder(state, waldo__this_process(), true);
        if (holder)
            ++holder->permits;
        else
            state->signals = 1;
    }
    atomic_fetch_sub(&state->value, 1);
    if (state->from_the_dead == 0)
        return 1;
    --state->from_the_dead;
    return WALDO_OWNER_DIED;
}

static int try_take(waldo__semaphore_state *state, bool ask)
{
    if (!ask && atomic_load(&state->value) == 0)
        return 0;
    enter(state);
    if (ask && atomic_load(&state->value) == 0 && !state->signals)
        collect(state);
    int taken = atomic_load(&state->value) > 0 ? take(state) : 0;
    leave(state);
    return taken;
}

int waldo_mp_semaphore_acquire(waldo_mp_semaphore *semaphore, double timeout, waldo_error *reterr)
{
    waldo__semaphore_state *state = state_of(semaphore);
    waldo__patience patience;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status < 0)
        return status;
    int first = try_take(state, false);
    if (first)
        return first;
    bool ask = false;
    for (;;) {
        uint32_t turn = waldo__bell_listen(&state->bell);
        int taken = try_take(state, ask);
        if (taken)
            return taken;
        waldo__woken woken = waldo__bell_wait(&state->bell, turn, &patience);
        if (woken == WALDO__TIMED_OUT)
            return try_take(state, true);
        ask = woken == WALDO__SLICE_OVER;
    }
}

/* Under the guard. */
static void give(waldo__semaphore_state *state)
{
    if (!state->signals) {
        waldo__holder *holder = find_holder(state, waldo__this_process(), false);
        if (holder && holder->permits > 0)
            --holder->permits;
        else
            state->signals = 1;
    }
    atomic_fetch_add(&state->value, 1);
}

int waldo_mp_semaphore_release(waldo_mp_semaphore *semaphore, waldo_error *reterr)
{
    waldo__semaphore_state *state = state_of(semaphore);
    enter(state);
    bool room = atomic_load(&state->value) < state->bound;
    if (room)
        give(state);
    leave(state);
    if (!room)
        return waldo_error_set(reterr, WALDO_EVALUE, "semaphore or lock released too many times");
    waldo__bell_ring(&state->bell, 1);
    return 0;
}

int waldo_mp_semaphore_get_value(const waldo_mp_semaphore *semaphore)
{
    return (int)(atomic_load(&state_of(semaphore)->value) & LARGEST);
}

bool waldo_mp_semaphore_locked(const waldo_mp_semaphore *semaphore)
{
    return atomic_load(&state_of(semaphore)->value) == 0;
}
