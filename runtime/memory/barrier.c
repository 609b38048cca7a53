#include <waldo/mp/sync.h>

#include "memory/classes.h"
#include "memory/robust.h"

#define LARGEST 65536
#define REMEMBERED 64

/* Rounds are numbered. Who has arrived in this one is in the first `count` places. */
typedef struct waldo__arrivals {
    uint32_t round;
    uint32_t count;
} waldo__arrivals;

/* Why it is broken. */
enum { WHOLE, ABORTED, TIMEOUT, DIED, ACTION_FAILED };

/* Changed under the guard. One store to `arrivals` makes an arrival count, and ends a round; what
 * stands before it is meaningless if its process is killed there. */
typedef struct waldo__barrier_state {
    uint32_t tag;
    uint32_t parties;
    waldo__robust guard;
    _Atomic uint64_t arrivals; /* waldo__arrivals, round above */
    _Atomic uint32_t signal;   /* steps whenever a waiter has to look */
    _Atomic uint32_t broken;
    uint64_t broken_rounds; /* bit round % REMEMBERED: it ended by a reset */
    waldo__identity places[];
} waldo__barrier_state;

struct waldo_mp_barrier {
    waldo__shared shared;
    uint32_t parties;
    int (*action)(void *data);
    void *data;
    double timeout;
};

static waldo__barrier_state *state_of(const waldo_mp_barrier *barrier)
{
    return waldo__shared_state(&barrier->shared);
}

static int reduce_more(waldo__shared *shared, waldo__reduced *ret, waldo_error *reterr)
{
    const waldo_mp_barrier *barrier = (waldo_mp_barrier *)shared;
    if (barrier->action)
        return waldo_error_set(reterr, WALDO_ETYPE,
                               "a barrier with an action can be inherited, but not sent");
    return waldo__reduced_put(ret, &barrier->timeout, sizeof barrier->timeout)
               ? 0
               : waldo_error_set(reterr, WALDO_ELIMIT, "a handle that is too large");
}

/* The state lies in a block of its size, whatever it says later. */
static int rebuild_more(waldo__shared *shared, const waldo__reduced *from,
                        waldo__reduced_position *position, waldo_error *reterr)
{
    waldo_mp_barrier *barrier = (waldo_mp_barrier *)shared;
    barrier->parties = *(volatile uint32_t *)&state_of(barrier)->parties;
    if (!waldo__reduced_get(from, position, &barrier->timeout, sizeof barrier->timeout) ||
        barrier->parties == 0 || barrier->parties > LARGEST ||
        barrier->parties >
            (shared->block.size - sizeof(waldo__barrier_state)) / sizeof(waldo__identity))
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a barrier that is malformed");
    return 0;
}

static const waldo__shape shape = {
    .tag = WALDO__TAG('B', 'A', 'R', 'R'),
    .object_size = sizeof(waldo_mp_barrier),
    .state_size = sizeof(waldo__barrier_state),
    .reduce_more = reduce_more,
    .rebuild_more = rebuild_more,
};

WALDO__SHARED_TYPE(barrier, "Barrier", &shape);

int waldo_mp_barrier_new(int parties, int (*action)(void *data), void *data, double timeout,
                         waldo_mp_barrier **ret_barrier, waldo_error *reterr)
{
    if (parties < 1 || parties > LARGEST)
        return waldo_error_set(reterr, WALDO_EVALUE, "a barrier for %d parties", parties);
    waldo__patience patience;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status < 0)
        return status;
    waldo_mp_barrier *barrier = NULL;
    size_t size = sizeof(waldo__barrier_state) + (size_t)parties * sizeof(waldo__identity);
    status = waldo__shared_new(&shape, size, &barrier, reterr);
    if (status < 0)
        return status;
    state_of(barrier)->parties = barrier->parties = (uint32_t)parties;
    barrier->action = action;
    barrier->data = data;
    barrier->timeout = timeout;
    *ret_barrier = barrier;
    return 0;
}

/* A count from a hostile process is cut to what there is room for. */
static waldo__arrivals arrivals_of(const waldo_mp_barrier *barrier)
{
    uint64_t word = atomic_load(&state_of(barrier)->arrivals);
    waldo__arrivals arrivals = {(uint32_t)(word >> 32), (uint32_t)word};
    if (arrivals.count > barrier->parties)
        arrivals.count = barrier->parties;
    return arrivals;
}

static void set_arrivals(waldo__barrier_state *state, uint32_t round, uint32_t count)
{
    atomic_store(&state->arrivals, (uint64_t)round << 32 | count);
}

static void enter(waldo__barrier_state *state)
{
    waldo__robust_enter(&state->guard);
}

static void leave(waldo__barrier_state *state)
{
    waldo__robust_give(&state->guard);
}

static void wake(waldo__barrier_state *state)
{
    atomic_fetch_add(&state->signal, 1);
    waldo__futex_wake(&state->signal, INT32_MAX);
}

/* Under the guard. */
static void end_round(waldo__barrier_state *state, uint32_t round, bool broken)
{
    uint64_t bit = (uint64_t)1 << round % REMEMBERED;
    state->broken_rounds = broken ? state->broken_rounds | bit : state->broken_rounds & ~bit;
    set_arrivals(state, round + 1, 0);
}

static void break_it(waldo__barrier_state *state, uint32_t why)
{
    if (atomic_load(&state->broken) == WHOLE)
        atomic_store(&state->broken, why);
}

static int say_broken(uint32_t why, waldo_error *reterr)
{
    static const char *const reasons[] = {
        [WHOLE] = "the barrier was reset",
        [ABORTED] = "the barrier is broken: aborted",
        [TIMEOUT] = "the barrier is broken: a party's timeout passed",
        [DIED] = "the barrier is broken: a party died",
        [ACTION_FAILED] = "the barrier is broken: its action failed",
    };
    return waldo_error_set(reterr, WALDO_EBROKENBARRIER, "%s",
                           reasons[why <= ACTION_FAILED ? why : (uint32_t)ABORTED]);
}

/* Under the guard: is somebody dead who has arrived? */
static bool lost_a_party(const waldo_mp_barrier *barrier)
{
    waldo__arrivals arrivals = arrivals_of(barrier);
    for (uint32_t i = 0; i < arrivals.count; ++i)
        if (waldo__has_died(state_of(barrier)->places[i]))
            return true;
    return false;
}

typedef enum waldo__stage { WAITING, PASSED, BROKEN } waldo__stage;

/* How it stands with a party that arrived in that round. Under the guard. */
static waldo__stage stage_of(const waldo_mp_barrier *barrier, uint32_t round, waldo_error *reterr)
{
    const waldo__barrier_state *state = state_of(barrier);
    if (arrivals_of(barrier).round != round) {
        if (!(state->broken_rounds >> round % REMEMBERED & 1))
            return PASSED;
        say_broken(WHOLE, reterr);
        return BROKEN;
    }
    uint32_t why = atomic_load(&state->broken);
    if (why == WHOLE)
        return WAITING;
    say_broken(why, reterr);
    return BROKEN;
}

static waldo__stage look(waldo_mp_barrier *barrier, uint32_t round, waldo__woken woken,
                         waldo_error *reterr)
{
    waldo__barrier_state *state = state_of(barrier);
    enter(state);
    waldo__stage stage = stage_of(barrier, round, reterr);
    bool broke = stage == WAITING && (woken == WALDO__TIMED_OUT ||
                                      (woken == WALDO__SLICE_OVER && lost_a_party(barrier)));
    if (broke) {
        break_it(state, woken == WALDO__TIMED_OUT ? TIMEOUT : DIED);
        stage = stage_of(barrier, round, reterr);
    }
    leave(state);
    if (broke)
        wake(state);
    return stage;
}

static waldo__stage wait_for_round(waldo_mp_barrier *barrier, uint32_t round,
                                   waldo__patience *patience, waldo_error *reterr)
{
    waldo__barrier_state *state = state_of(barrier);
    waldo__woken woken = WALDO__LOOK;
    for (;;) {
        uint32_t signal = atomic_load(&state->signal);
        waldo__stage stage = look(barrier, round, woken, reterr);
        if (stage != WAITING)
            return stage;
        woken = waldo__futex_wait(&state->signal, signal, patience);
    }
}

/* The last one to arrive lets the others go. */
static waldo__stage finish(waldo_mp_barrier *barrier, uint32_t round, waldo_error *reterr)
{
    waldo__barrier_state *state = state_of(barrier);
    int status = barrier->action ? barrier->action(barrier->data) : 0;
    enter(state);
    waldo__stage stage = stage_of(barrier, round, reterr);
    if (stage == WAITING && status < 0) {
        break_it(state, ACTION_FAILED);
        stage = stage_of(barrier, round, reterr);
    } else if (stage == WAITING) {
        end_round(state, round, false);
        stage = PASSED;
    }
    leave(state);
    wake(state);
    return stage;
}

/* 1: arrived at *ret; 0: the round is full and not over; < 0: broken. */
static int arrive(waldo_mp_barrier *barrier, waldo__arrivals *ret, waldo_error *reterr)
{
    waldo__barrier_state *state = state_of(barrier);
    enter(state);
    uint32_t why = atomic_load(&state->broken);
    waldo__arrivals arrivals = arrivals_of(barrier);
    bool room = arrivals.count < barrier->parties;
    if (why == WHOLE && room) {
        state->places[arrivals.count] = waldo__this_process();
        set_arrivals(state, arrivals.round, arrivals.count + 1);
    }
    leave(state);
    *ret = arrivals;
    return why != WHOLE ? say_broken(why, reterr) : room;
}

int waldo_mp_barrier_wait(waldo_mp_barrier *barrier, double timeout, waldo_error *reterr)
{
    waldo__patience patience;
    waldo__arrivals arrivals;
    int status = waldo__patience_init(&patience, timeout < 0 ? barrier->timeout : timeout, reterr);
    if (status < 0)
        return status;
    while ((status = arrive(barrier, &arrivals, reterr)) == 0)
        if (wait_for_round(barrier, arrivals.round, &patience, reterr) == BROKEN)
            return WALDO_EBROKENBARRIER;
    if (status < 0)
        return status;
    waldo__stage stage = arrivals.count + 1 == barrier->parties
                             ? finish(barrier, arrivals.round, reterr)
                             : wait_for_round(barrier, arrivals.round, &patience, reterr);
    return stage == PASSED ? (int)arrivals.count : WALDO_EBROKENBARRIER;
}

void waldo_mp_barrier_reset(waldo_mp_barrier *barrier)
{
    waldo__barrier_state *state = state_of(barrier);
    enter(state);
    waldo__arrivals arrivals = arrivals_of(barrier);
    if (arrivals.count > 0)
        end_round(state, arrivals.round, true);
    atomic_store(&state->broken, WHOLE);
    leave(state);
    wake(state);
}

void waldo_mp_barrier_abort(waldo_mp_barrier *barrier)
{
    waldo__barrier_state *state = state_of(barrier);
    enter(state);
    break_it(state, ABORTED);
    leave(state);
    wake(state);
}

int waldo_mp_barrier_parties(const waldo_mp_barrier *barrier)
{
    return (int)barrier->parties;
}

int waldo_mp_barrier_n_waiting(waldo_mp_barrier *barrier)
{
    if (waldo_mp_barrier_broken(barrier))
        return 0;
    return (int)arrivals_of(barrier).count;
}

bool waldo_mp_barrier_broken(waldo_mp_barrier *barrier)
{
    return atomic_load(&state_of(barrier)->broken) != WHOLE;
}
