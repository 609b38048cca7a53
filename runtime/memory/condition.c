/* Each waiter has a slot, a word that names it and says whether it was notified. Slots change by
 * single atomic operations, and but for the waiters' own only by who has the condition's lock; so a
 * kill leaves nothing half done. A notification whose receiver dies before it has taken it goes on
 * to another that was waiting at the time. */
#include <limits.h>

#include <waldo/mp/sync.h>

#include "memory/any_lock.h"
#include "memory/classes.h"

#define SLOTS 250
#define NOTIFIED WALDO__IDENTITY_SPARE_BIT

typedef struct waldo__condition_state {
    uint32_t tag;
    _Atomic uint32_t clock;          /* steps with every wait and every notification */
    _Atomic uint64_t waiters[SLOTS]; /* a thread's identity, perhaps NOTIFIED; 0: free */
    _Atomic uint32_t since[SLOTS];   /* when it began to wait, or was notified */
} waldo__condition_state;

struct waldo_mp_condition {
    waldo__shared shared;
    waldo__any_lock lock;
};

static void dispose(waldo__shared *shared)
{
    waldo__any_lock_unref(&((waldo_mp_condition *)shared)->lock);
}

static int reduce_lock(waldo__shared *shared, waldo__reduced *ret, waldo_error *reterr)
{
    return waldo__any_lock_reduce(&((waldo_mp_condition *)shared)->lock, ret, reterr);
}

static int rebuild_lock(waldo__shared *shared, const waldo__reduced *from,
                        waldo__reduced_position *position, waldo_error *reterr)
{
    return waldo__any_lock_rebuild(&((waldo_mp_condition *)shared)->lock, from, position, reterr);
}

static const waldo__shape shape = {
    .tag = WALDO__TAG('C', 'O', 'N', 'D'),
    .object_size = sizeof(waldo_mp_condition),
    .state_size = sizeof(waldo__condition_state),
    .reduce_more = reduce_lock,
    .rebuild_more = rebuild_lock,
    .dispose = dispose,
};

WALDO__SHARED_TYPE(condition, "Condition", &shape);

static waldo__condition_state *state_of(const waldo_mp_condition *condition)
{
    return waldo__shared_state(&condition->shared);
}

int waldo_mp_condition_new_on_rlock(waldo_mp_rlock *rlock, waldo_mp_condition **ret_condition,
                                    waldo_error *reterr)
{
    int status = waldo__shared_new(&shape, 0, ret_condition, reterr);
    if (status >= 0)
        (*ret_condition)->lock.rlock = waldo_mp_rlock_ref(rlock);
    return status;
}

int waldo_mp_condition_new_on_lock(waldo_mp_lock *lock, waldo_mp_condition **ret_condition,
                                   waldo_error *reterr)
{
    int status = waldo__shared_new(&shape, 0, ret_condition, reterr);
    if (status >= 0)
        (*ret_condition)->lock.lock = waldo_mp_lock_ref(lock);
    return status;
}

int waldo_mp_condition_new(waldo_mp_condition **ret_condition, waldo_error *reterr)
{
    waldo_mp_rlock *rlock = NULL;
    int status = waldo_mp_rlock_new(&rlock, reterr);
    if (status >= 0)
        status = waldo_mp_condition_new_on_rlock(rlock, ret_condition, reterr);
    waldo_mp_rlock_unref(rlock);
    return status;
}

int waldo_mp_condition_acquire(waldo_mp_condition *condition, double timeout, waldo_error *reterr)
{
    return waldo__any_lock_acquire(&condition->lock, timeout, reterr);
}

int waldo_mp_condition_release(waldo_mp_condition *condition, waldo_error *reterr)
{
    return waldo__any_lock_release(&condition->lock, reterr);
}

static int must_own(const waldo_mp_condition *condition, const char *else_say, waldo_error *reterr)
{
    if (waldo__any_lock_is_mine(&condition->lock))
        return 0;
    return waldo_error_set(reterr, WALDO_EASSERTION, "%s", else_say);
}

static const volatile void *futex_of(const _Atomic uint64_t *waiter)
{
    const volatile uint32_t *halves = (const volatile void *)waiter;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return halves + 1;
#else
    return halves;
#endif
}

/* Of the slots below, one that takes self as its waiter. SLOTS: all are taken. */
static size_t claim_free(waldo__condition_state *state, waldo__identity self)
{
    for (size_t i = 0; i < SLOTS; ++i) {
        uint64_t free = 0;
        if (atomic_load_explicit(&state->waiters[i], memory_order_relaxed) != 0)
            continue;
        atomic_store(&state->since[i], atomic_fetch_add(&state->clock, 1));
        if (atomic_compare_exchange_strong(&state->waiters[i], &free, self))
            return i;
    }
    return SLOTS;
}

static size_t claim(waldo__condition_state *state, waldo__identity self)
{
    size_t slot = claim_free(state, self);
    if (slot < SLOTS)
        return slot;
    for (size_t i = 0; i < SLOTS; ++i) {
        uint64_t waiter = atomic_load(&state->waiters[i]);
        if (waldo__has_died(waiter))
            atomic_compare_exchange_strong(&state->waiters[i], &waiter, 0);
    }
    return claim_free(state, self);
}

/* A notification of a waiter that has died becomes that of the slot, if it waited then already. Two
 * may follow where the adopter is killed here, too; none is lost. */
static void adopt(waldo__condition_state *state, size_t slot, waldo__identity self)
{
    uint32_t since = atomic_load(&state->since[slot]);
    for (size_t i = 0; i < SLOTS; ++i) {
        uint64_t waiter = atomic_load(&state->waiters[i]);
        if (!(waiter & NOTIFIED) || i == slot || !waldo__has_died(waiter))
            continue;
        bool in_time = (int32_t)(atomic_load(&state->since[i]) - since) > 0;
        uint64_t waiting = self;
        if (in_time &&
            !atomic_compare_exchange_strong(&state->waiters[slot], &waiting, self | NOTIFIED))
            return;
        atomic_compare_exchange_strong(&state->waiters[i], &waiter, 0);
        if (in_time)
            return;
    }
}

static void wait_in_slot(waldo__condition_state *state, size_t slot, waldo__identity self,
                         waldo__patience *patience)
{
    while (atomic_load(&state->waiters[slot]) == self) {
        waldo__woken woken =
            waldo__futex_wait(futex_of(&state->waiters[slot]), (uint32_t)self, patience);
        if (woken == WALDO__TIMED_OUT)
            return;
        if (woken == WALDO__SLICE_OVER)
            adopt(state, slot, self);
    }
}

/* Gives the lock up altogether; returns how often it was held. */
static uint32_t release_all(waldo_mp_condition *condition)
{
    if (!condition->lock.rlock) {
        (void)!waldo_mp_lock_release(condition->lock.lock, NULL);
        return 1;
    }
    waldo__rlock_state *state = waldo__shared_state(&condition->lock.rlock->shared);
    uint32_t count = atomic_load_explicit(&state->count, memory_order_relaxed);
    waldo__robust_give(&state->owner);
    return count;
}

static int acquire_all(waldo_mp_condition *condition, uint32_t count)
{
    int taken = waldo_mp_condition_acquire(condition, WALDO_FOREVER, NULL);
    if (condition->lock.rlock && taken > 0) {
        waldo__rlock_state *state = waldo__shared_state(&condition->lock.rlock->shared);
        atomic_store_explicit(&state->count, count, memory_order_relaxed);
    }
    return taken;
}

static int wait_with(waldo_mp_condition *condition, waldo__patience *patience, waldo_error *reterr)
{
    int status = must_own(condition, "must acquire() condition before using wait()", reterr);
    if (status < 0)
        return status;
    waldo__condition_state *state = state_of(condition);
    waldo__identity self = waldo__this_thread();
    size_t slot = claim(state, self);
    if (slot == SLOTS)
        return waldo_error_set(reterr, WALDO_ELIMIT, "too many wait for one condition");
    uint32_t count = release_all(condition);
    wait_in_slot(state, slot, self, patience);
    int taken = acquire_all(condition, count);
    bool notified = atomic_exchange(&state->waiters[slot], 0) & NOTIFIED;
    return taken == WALDO_OWNER_DIED ? WALDO_OWNER_DIED : notified;
}

int waldo_mp_condition_wait(waldo_mp_condition *condition, double timeout, waldo_error *reterr)
{
    waldo__patience patience;
    int status = waldo__patience_init(&patience, timeout, reterr);
    return status < 0 ? status : wait_with(condition, &patience, reterr);
}

int waldo_mp_condition_wait_for(waldo_mp_condition *condition, bool (*predicate)(void *data),
                                void *data, double timeout, waldo_error *reterr)
{
    waldo__patience patience;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status >= 0)
        status = must_own(condition, "must acquire() condition before using wait()", reterr);
    if (status < 0)
        return status;
    for (;;) {
        if (predicate(data))
            return 1;
        status = wait_with(condition, &patience, reterr);
        if (status <= 0)
            return status < 0 ? status : predicate(data);
    }
}

/* The one that waits longest; SLOTS: nobody does. */
static size_t oldest(waldo__condition_state *state)
{
    uint32_t now = atomic_load(&state->clock);
    size_t found = SLOTS;
    uint32_t age = 0;
    for (size_t i = 0; i < SLOTS; ++i) {
        uint64_t waiter = atomic_load(&state->waiters[i]);
        if (waiter == 0 || waiter & NOTIFIED)
            continue;
        uint32_t its_age = now - atomic_load(&state->since[i]);
        if (found == SLOTS || its_age > age) {
            found = i;
            age = its_age;
        }
    }
    return found;
}

/* True: the waiter of the slot was notified; false: it is gone. */
static bool notify_slot(waldo__condition_state *state, size_t slot)
{
    uint64_t waiter = atomic_load(&state->waiters[slot]);
    if (waiter == 0 || waiter & NOTIFIED)
        return false;
    if (waldo__has_died(waiter)) {
        atomic_compare_exchange_strong(&state->waiters[slot], &waiter, 0);
        return false;
    }
    atomic_store(&state->since[slot], atomic_fetch_add(&state->clock, 1));
    bool notified =
        atomic_compare_exchange_strong(&state->waiters[slot], &waiter, waiter | NOTIFIED);
    waldo__futex_wake(futex_of(&state->waiters[slot]), 1);
    return notified;
}

int waldo_mp_condition_notify(waldo_mp_condition *condition, unsigned count, waldo_error *reterr)
{
    int status = must_own(condition, "lock is not owned", reterr);
    if (status < 0)
        return status;
    waldo__condition_state *state = state_of(condition);
    /* A hostile process could add waiters without end. */
    for (size_t tries = 0; count > 0 && tries < SLOTS; ++tries) {
        size_t slot = oldest(state);
        if (slot == SLOTS)
            break;
        if (notify_slot(state, slot))
            --count;
    }
    return 0;
}

int waldo_mp_condition_notify_all(waldo_mp_condition *condition, waldo_error *reterr)
{
    return waldo_mp_condition_notify(condition, UINT_MAX, reterr);
}
