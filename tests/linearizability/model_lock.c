/* Lock, RLock, Semaphore, BoundedSemaphore and Condition.
 *
 * When a session ends, what it holds comes back and whoever is next is told that its owner died. A
 * permit whose grant had perhaps not arrived comes back either so, or as if it had not been given.
 */
#include <string.h>

#include <waldo/error.h>
#include <waldo/lock.h>

#include "models.h"

enum { MAX_HOLDERS = 16, MAX_WAITERS = 12 };

/* What a holder is; bits. */
enum {
    RECORDED = 1,   /* comes back when the session ends */
    UNCERTAIN = 2,  /* nobody knows whether the grant arrived */
    OWNER_DIED = 4, /* the grant said so */
    PASSES_ON = 8   /* if it did not arrive, another waiter is notified in its place */
};

enum { WAITS = 1, NOTIFIED, NOTIFIED_ALONE, OVERDUE };

struct holder {
    uint8_t session, thread, depth, flags;
};

struct waiter {
    uint16_t pair;
    uint8_t session, thread, depth, fate;
    uint16_t unused;
};

/* Unused places are zero. Newest holders and oldest waiters first. */
struct lock_state {
    int32_t value, initial, abandoned, holder_count, waiter_count;
    uint32_t ended; /* sessions */
    int64_t token;
    struct holder holders[MAX_HOLDERS];
    struct waiter waiters[MAX_WAITERS];
};

typedef struct lock_kind {
    bool reentrant, bounded;
    int release_error;
} lock_kind;

/* ---- holders ---- */

static void remove_holder(struct lock_state *is, int index)
{
    is->holder_count--;
    memmove(&is->holders[index], &is->holders[index + 1],
            (size_t)(is->holder_count - index) * sizeof is->holders[0]);
    is->holders[is->holder_count] = (struct holder){0};
}

static bool add_holder(struct lock_state *is, const operation *one, uint8_t depth, uint8_t flags)
{
    if (is->holder_count == MAX_HOLDERS)
        return false;
    memmove(&is->holders[1], &is->holders[0], (size_t)is->holder_count * sizeof is->holders[0]);
    is->holders[0] = (struct holder){one->session, one->thread, depth, flags};
    is->holder_count++;
    return true;
}

static bool is_caller(const struct holder *holder, const operation *one)
{
    return holder->session == one->session && holder->thread == one->thread;
}

static bool has_ended(const struct lock_state *was, unsigned session)
{
    return was->ended >> session & 1;
}

/* ---- acquiring ---- */

static bool token_fits(struct lock_state *is, const operation *one, int64_t token)
{
    if (one->is_unknown) {
        is->token++;
        return true;
    }
    if (token <= is->token)
        return false;
    is->token = token;
    return true;
}

/* Takes a free permit. `passes_on`: see PASSES_ON. */
static int take_permit(struct lock_state *is, const operation *one, uint8_t depth, bool owner_died,
                       bool passes_on)
{
    bool recorded = is->value <= is->initial;
    bool died = is->abandoned > 0;
    if (!one->is_unknown && died != owner_died)
        return 0;
    if (!token_fits(is, one, one->results[0]))
        return 0;
    is->value--;
    is->abandoned -= died;
    unsigned flags = (recorded ? RECORDED : 0u) | (one->is_received ? 0u : UNCERTAIN) |
                     (died ? OWNER_DIED : 0u) | (passes_on ? PASSES_ON : 0u);
    if (!recorded && one->is_received)
        return 1;
    return add_holder(is, one, depth, (uint8_t)flags) ? 1 : STEP_TOO_LARGE;
}

static int acquire(const lock_kind *kind, const operation *one, struct lock_state *is)
{
    struct holder *owner = &is->holders[0];
    bool again = kind->reentrant && is->holder_count > 0 && is_caller(owner, one);
    if (!one->is_unknown && one->status == 0)
        return !again && is->value == 0;
    if (one->status < 0 && !one->is_unknown)
        return 0;
    if (again) {
        owner->depth++;
        return one->is_unknown || (one->status == 1 && one->results[0] == is->token);
    }
    if (is->value == 0 || has_ended(is, one->session))
        return 0;
    return take_permit(is, one, 1, one->status == WALDO_OWNER_DIED, false);
}

/* ---- releasing ---- */

static int refuse_release(const lock_kind *kind, const operation *one, struct lock_state *is)
{
    if (kind->reentrant || is->abandoned == 0)
        return said(one, kind->release_error);
    is->abandoned--;
    return said(one, 0);
}

/* The caller's newest, else the oldest of all. */
static int find_released(const struct lock_state *is, const operation *one)
{
    int found = -1;
    for (int i = 0; i < is->holder_count; i++) {
        if (!(is->holders[i].flags & RECORDED))
            continue;
        found = i;
        if (is->holders[i].session == one->session)
            break;
    }
    return found;
}

static int release(const lock_kind *kind, const operation *one, struct lock_state *is)
{
    bool full = kind->bounded && is->value == is->initial;
    if (full || (kind->reentrant && !is_caller(&is->holders[0], one)))
        return refuse_release(kind, one, is);
    if (kind->reentrant && --is->holders[0].depth > 0)
        return said(one, 0);
    is->value++;
    int index = is->value <= is->initial ? find_released(is, one) : -1;
    if (index >= 0)
        remove_holder(is, index);
    return said(one, 0);
}

/* ---- conditions ---- */

static void remove_waiter(struct lock_state *is, int index)
{
    is->waiter_count--;
    memmove(&is->waiters[index], &is->waiters[index + 1],
            (size_t)(is->waiter_count - index) * sizeof is->waiters[0]);
    is->waiters[is->waiter_count] = (struct waiter){0};
}

static int find_waiter(const struct lock_state *is, int64_t pair)
{
    for (int i = 0; i < is->waiter_count; i++)
        if (is->waiters[i].pair == pair)
            return i;
    return -1;
}

static void notify(struct lock_state *is, int64_t count, uint8_t fate)
{
    for (int i = 0; i < is->waiter_count && count > 0; i++) {
        if (is->waiters[i].fate != WAITS)
            continue;
        is->waiters[i].fate = fate;
        count--;
    }
}

static bool holds(const struct lock_state *is, const operation *one)
{
    return is->holder_count > 0 && is_caller(&is->holders[0], one);
}

static int begin_wait(const operation *one, struct lock_state *is)
{
    if (!holds(is, one))
        return said(one, WALDO_ERUNTIME);
    if (is->waiter_count == MAX_WAITERS)
        return STEP_TOO_LARGE;
    is->waiters[is->waiter_count++] = (struct waiter){.pair = (uint16_t)one->arguments[0],
                                                      .session = one->session,
                                                      .thread = one->thread,
                                                      .depth = is->holders[0].depth,
                                                      .fate = WAITS};
    remove_holder(is, 0);
    is->value++;
    return said(one, 0);
}

static int wake(const operation *one, struct lock_state *is)
{
    int index = find_waiter(is, one->arguments[0]);
    if (index < 0 || is->value == 0 || has_ended(is, one->session))
        return 0;
    struct waiter woken = is->waiters[index];
    bool notified = woken.fate == NOTIFIED || woken.fate == NOTIFIED_ALONE;
    if (!notified && woken.fate != OVERDUE)
        return 0;
    if (!said(one, notified))
        return 0;
    remove_waiter(is, index);
    return take_permit(is, one, woken.depth, one->results[1] != 0, woken.fate == NOTIFIED_ALONE);
}

static int become_overdue(const operation *one, struct lock_state *is)
{
    int index = find_waiter(is, one->arguments[0]);
    if (index < 0 || is->waiters[index].fate != WAITS)
        return 0;
    is->waiters[index].fate = OVERDUE;
    return 1;
}

/* ---- ends of sessions ---- */

static void give_up_waiters(struct lock_state *is, unsigned session)
{
    for (int i = 0; i < is->waiter_count;) {
        if (is->waiters[i].session != session) {
            i++;
            continue;
        }
        bool alone = is->waiters[i].fate == NOTIFIED_ALONE;
        remove_waiter(is, i);
        if (alone) {
            notify(is, 1, NOTIFIED_ALONE);
            i = 0;
        }
    }
}

static void give_up_holder(struct lock_state *is, struct holder one, bool unheard)
{
    if (!unheard) {
        is->value += one.flags & RECORDED ? 1 : 0;
        is->abandoned += one.flags & RECORDED ? 1 : 0;
        return;
    }
    is->value++;
    is->abandoned += (one.flags & OWNER_DIED) != 0;
    if (one.flags & PASSES_ON)
        notify(is, 1, NOTIFIED_ALONE);
}

static bool end_one_way(void *state_, const operation *one, unsigned unheard)
{
    struct lock_state *is = state_;
    is->ended |= 1u << one->session;
    give_up_waiters(is, one->session);
    for (int i = 0; i < is->holder_count;) {
        struct holder held = is->holders[i];
        if (held.session != one->session) {
            i++;
            continue;
        }
        remove_holder(is, i);
        give_up_holder(is, held, held.flags & UNCERTAIN && unheard & 1);
        if (held.flags & UNCERTAIN)
            unheard >>= 1;
    }
    return true;
}

static int end_session(const operation *one, state *after)
{
    const struct lock_state *is = (const struct lock_state *)after;
    unsigned uncertain = 0;
    for (int i = 0; i < is->holder_count; i++)
        uncertain += is->holders[i].session == one->session && is->holders[i].flags & UNCERTAIN;
    return end_in_every_way(one, uncertain, after, end_one_way);
}

/* ---- all of them ---- */

static int lock_step(const lock_kind *kind, const operation *one, state *after)
{
    struct lock_state *is = (struct lock_state *)&after[0];
    switch ((enum operation_kind)one->kind) {
    case LOCK_ACQUIRE:
        return acquire(kind, one, is);
    case LOCK_RELEASE:
        return release(kind, one, is);
    case LOCK_LOCKED:
        return said(one, is->value == 0);
    case CONDITION_WAIT:
        return begin_wait(one, is);
    case CONDITION_OVERDUE:
        return become_overdue(one, is);
    case CONDITION_WAKE:
        return wake(one, is);
    case CONDITION_NOTIFY:
    case CONDITION_NOTIFY_ALL:
        if (!holds(is, one))
            return said(one, WALDO_ERUNTIME);
        if (one->kind == CONDITION_NOTIFY)
            notify(is, one->arguments[0], NOTIFIED_ALONE);
        else
            notify(is, MAX_WAITERS, NOTIFIED);
        return said(one, 0);
    case SESSION_ENDS:
        return end_session(one, after);
    default:
        return 0;
    }
}

static void begin_one(void *start, const int64_t *configuration)
{
    (void)configuration;
    struct lock_state *is = start;
    is->value = is->initial = 1;
}

static void begin_many(void *start, const int64_t *configuration)
{
    struct lock_state *is = start;
    is->value = is->initial = (int32_t)configuration[0];
}

#define LOCK_MODEL(variable, text, begin, ...)                                                     \
    static int variable##_step(const operation *one, const void *before, state *after)             \
    {                                                                                              \
        static const lock_kind kind = {__VA_ARGS__};                                               \
        (void)before;                                                                              \
        return lock_step(&kind, one, after);                                                       \
    }                                                                                              \
    const model variable = {text, sizeof(struct lock_state), begin, variable##_step}

LOCK_MODEL(model_lock, "Lock", begin_one, .bounded = true, .release_error = WALDO_ERUNTIME);
LOCK_MODEL(model_rlock, "RLock", begin_one, .bounded = true, .reentrant = true,
           .release_error = WALDO_ERUNTIME);
LOCK_MODEL(model_condition, "Condition", begin_one, .bounded = true, .reentrant = true,
           .release_error = WALDO_ERUNTIME);
LOCK_MODEL(model_semaphore, "Semaphore", begin_many, .release_error = WALDO_EOVERFLOW);
LOCK_MODEL(model_bounded, "BoundedSemaphore", begin_many, .bounded = true,
           .release_error = WALDO_EVALUE);
