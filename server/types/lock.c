#include "types/lock.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "planted.h"
#include "server_internal.h"

const waldo__lock_kind waldo__lock_kind_lock = {
    .name = "Lock",
    .bounded = true,
    .release_code = WALDO_ERUNTIME,
    .release_error = "release unlocked lock",
};
const waldo__lock_kind waldo__lock_kind_rlock = {
    .name = "RLock",
    .reentrant = true,
    .bounded = true,
    .release_code = WALDO_ERUNTIME,
    .release_error = "cannot release un-acquired lock",
};
const waldo__lock_kind waldo__lock_kind_semaphore = {
    .name = "Semaphore",
    .counts = true,
    .release_code = WALDO_EOVERFLOW,
    .release_error = "the semaphore would pass 2^64",
};
const waldo__lock_kind waldo__lock_kind_bounded = {
    .name = "BoundedSemaphore",
    .counts = true,
    .bounded = true,
    .release_code = WALDO_EVALUE,
    .release_error = "Semaphore released too many times",
};

void waldo__lock_init(waldo__lock *lock, const waldo__lock_kind *kind, waldo__room *room,
                      uint64_t initial)
{
    *lock = (waldo__lock){.kind = kind, .room = room, .initial = initial, .value = initial};
    waldo__room_lock(room);
    lock->next = room->locks;
    lock->link = &room->locks;
    if (lock->next)
        lock->next->link = &lock->next;
    room->locks = lock;
    waldo__room_unlock(room);
}

/* ---- holders ---- */

static bool is_session(const waldo__holder *holder, const uint8_t *session)
{
    return memcmp(holder->session->id, session, WALDO__SESSION_ID_SIZE) == 0;
}

static bool is_caller(const waldo__holder *holder, const waldo_call *call)
{
    return holder->session == call->session && holder->thread == waldo_call_thread(call);
}

static bool holds_any(const waldo__lock *lock, const waldo__session *session)
{
    for (const waldo__holder *holder = lock->holders; holder; holder = holder->next)
        if (holder->session == session)
            return true;
    return false;
}

/* The object that the call is on watches sessions for the lock from now on, unless another does. */
static void settle(waldo__lock *lock, waldo_call *call)
{
    if (!lock->home)
        lock->home = waldo__object_root(call->object);
}

/* false: out of memory, or the session has ended. */
static bool add_holder(waldo__lock *lock, const waldo_call *call, uint64_t depth)
{
    waldo__holder *holder = malloc(sizeof *holder);
    if (!holder)
        return false;
    waldo__server_lock(call->server);
    bool watched = waldo__session_watch(call->session, lock->home);
    waldo__server_unlock(call->server);
    if (!watched) {
        free(holder);
        return false;
    }
    *holder = (waldo__holder){.session = call->session,
                              .thread = waldo_call_thread(call),
                              .token = lock->token,
                              .depth = depth};
    waldo__session_ref(holder->session);
    holder->next = lock->holders;
    lock->holders = holder;
    return true;
}

static void remove_holder(waldo__lock *lock, waldo__holder **link)
{
    waldo__holder *holder = *link;
    *link = holder->next;
    waldo_server *server = holder->session->server;
    if (!holds_any(lock, holder->session)) {
        waldo__server_lock(server);
        waldo__session_unwatch(holder->session, lock->home);
        waldo__server_unlock(server);
    }
    waldo__session_unref(holder->session);
    free(holder);
}

/* The caller's last one, else the oldest of all; NULL: nobody holds it. */
static waldo__holder **find_released(waldo__lock *lock, const waldo_call *call)
{
    waldo__holder **found = NULL;
    for (waldo__holder **link = &lock->holders; *link; link = &(*link)->next) {
        found = link;
        if ((*link)->session == call->session)
            break;
    }
    return found;
}

/* ---- lent to batches ---- */

/* A batch may release what it has acquired, and then be lost. */
struct waldo__lent {
    waldo__lent *next;
    atomic_uint references; /* the lock's, and the loan's */
    const waldo__batch *batch;
    bool returned;
};

static void drop_lent(waldo__lent *lent)
{
    if (lent && atomic_fetch_sub(&lent->references, 1) == 1)
        free(lent);
}

/* Without those whose outcome is known. */
static void forget_known(waldo__lock *lock)
{
    for (waldo__lent **link = &lock->lent; *link;) {
        waldo__lent *lent = *link;
        if (atomic_load(&lent->references) > 1) {
            link = &lent->next;
            continue;
        }
        *link = lent->next;
        drop_lent(lent);
    }
}

/* With a reference for the loan. NULL: out of memory. */
static waldo__lent *lend(waldo__lock *lock, const waldo__batch *batch)
{
    forget_known(lock);
    waldo__lent *lent = malloc(sizeof *lent);
    if (!lent)
        return NULL;
    *lent = (waldo__lent){.next = lock->lent, .batch = batch};
    atomic_init(&lent->references, 2);
    lock->lent = lent;
    return lent;
}

static void take_from(waldo__lock *lock, const waldo__batch *batch)
{
    forget_known(lock);
    waldo__lent *lent = lock->lent;
    while (lent && (lent->batch != batch || lent->returned))
        lent = lent->next;
    if (lent)
        lent->returned = true;
}

/* ---- the end ---- */

void waldo__lock_destroy(waldo__lock *lock)
{
    waldo__room *room = lock->room;
    waldo__room_lock(room);
    *lock->link = lock->next;
    if (lock->next)
        lock->next->link = lock->link;
    /* At the server's end, with sessions that are not told any more. */
    while (lock->holders)
        remove_holder(lock, &lock->holders);
    for (waldo__lent *lent; (lent = lock->lent) != NULL; drop_lent(lent))
        lock->lent = lent->next;
    waldo__room_unlock(room);
}

/* ---- giving ---- */

static void on_lost(void *self, void *data);

static void release_loan(void *data)
{
    waldo__loan *loan = data;
    drop_lent(loan->lent);
    free(loan);
}

/* The loan as it is at the end, if the reply does not arrive. NULL: out of memory. */
static waldo__loan *follow(waldo_call *call)
{
    waldo__loan *loan = calloc(1, sizeof *loan);
    if (loan)
        waldo_call_on_lost(call, on_lost, release_loan, loan);
    return loan;
}

/* Who has it from now on, as far as that matters. false: out of memory, or its session has ended.
 */
static bool record(waldo__lock *lock, const waldo_call *call, waldo__acquisition *one)
{
    one->loan.recorded = lock->value <= lock->initial;
    if (one->loan.recorded)
        return add_holder(lock, call, one->depth);
    one->loan.lent = call->batch ? lend(lock, call->batch) : NULL;
    return !call->batch || one->loan.lent;
}

/* Lends a permit to the call. false: out of memory, or its session has ended. */
static bool give(waldo__lock *lock, waldo_call *call, waldo__acquisition *one)
{
    waldo__loan *followed = follow(call);
    lock->token++;
    if (!followed || !record(lock, call, one)) {
        waldo_call_on_lost(call, NULL, free, followed);
        return false;
    }
    lock->value -= !waldo__planted(WALDO__PLANTED_RELEASE_EARLY);
    one->acquired = true;
    one->loan.token = lock->token;
    one->loan.owner_died = lock->abandoned > 0;
    if (one->loan.owner_died)
        lock->abandoned--;
    *followed = one->loan;
    return true;
}

/* Again, to the thread that has it. */
static bool give_again(waldo__holder *holder, waldo_call *call, waldo__acquisition *one)
{
    waldo__loan *followed = follow(call);
    if (!followed)
        return false;
    holder->depth++;
    one->acquired = true;
    one->loan.token = holder->token;
    one->loan.recorded = true;
    one->loan.nested = true;
    *followed = one->loan;
    return true;
}

void waldo__lock_serve(waldo__lock *lock)
{
    while (lock->value > 0) {
        waldo__acquisition *one = (waldo__acquisition *)waldo__room_next(&lock->waiters);
        if (!one)
            return;
        if (give(lock, one->waiter.call, one)) {
            one->complete(one);
            continue;
        }
        if (one->loan.undo)
            one->loan.undo(one->loan.undo_data);
        waldo_call_fail(one->waiter.call, WALDO_ECANCELLED, "its session has ended");
    }
}

/* The permit never reached its new holder, who is not gone, or had no time to become one. */
static void take_back(waldo__lock *lock, const waldo__loan *loan)
{
    if (loan->recorded) {
        waldo__holder **link = &lock->holders;
        while (*link && (*link)->token != loan->token)
            link = &(*link)->next;
        if (!*link)
            return; /* somebody released it, or its session has ended */
        if (loan->nested && --(*link)->depth > 0)
            return;
        remove_holder(lock, link);
    } else if (loan->lent && loan->lent->returned) {
        return;
    }
    lock->value++;
    lock->abandoned += loan->owner_died;
}

static void on_lost(void *self, void *data)
{
    (void)self;
    const waldo__loan *loan = data;
    waldo__lock *lock = loan->lock;
    waldo__room_lock(lock->room);
    take_back(lock, loan);
    if (loan->undo)
        loan->undo(loan->undo_data);
    waldo__lock_serve(lock);
    waldo__room_unlock(lock->room);
}

void waldo__lock_session_ended(waldo__lock *lock, const uint8_t *session)
{
    for (waldo__holder **link = &lock->holders; *link;) {
        if (!is_session(*link, session)) {
            link = &(*link)->next;
            continue;
        }
        remove_holder(lock, link);
        lock->value++;
        lock->abandoned += !waldo__planted(WALDO__PLANTED_FORGET_OWNER);
    }
    waldo__lock_serve(lock);
}

/* ---- acquiring ---- */

static int bad_patience(waldo_call *call, bool blocking, double seconds, bool counts)
{
    if (isnan(seconds))
        return waldo_call_raise(call, WALDO_EVALUE, "Invalid value NaN (not a number)");
    if (!blocking)
        return waldo_call_raise(call, WALDO_EVALUE,
                                counts ? "can't specify timeout for non-blocking acquire"
                                       : "can't specify a timeout for a non-blocking call");
    return waldo_call_raise(call, WALDO_EVALUE, "timeout value must be a non-negative number");
}

int waldo__lock_patience(const waldo__lock *lock, waldo_call *call,
                         const Waldo__Builtin__LockAcquire *arguments, double *ret_seconds)
{
    bool counts = lock->kind->counts;
    bool blocking = !arguments->blocking || arguments->blocking->value;
    /* Python's default of a lock, which may be given in words; of a semaphore it is None. */
    bool given = arguments->timeout && (counts || arguments->timeout->value != -1);
    double seconds = given ? arguments->timeout->value : WALDO_FOREVER;
    if (given && (!blocking || isnan(seconds) || (seconds < 0 && !counts)))
        return bad_patience(call, blocking, seconds, counts);
    *ret_seconds = !blocking || seconds < 0 ? 0 : seconds;
    return 0;
}

static void depart(waldo__waiter *waiter, enum waldo__departure why)
{
    waldo__acquisition *one = (waldo__acquisition *)waiter;
    if (why == WALDO__TIMED_OUT)
        one->complete(one);
}

int waldo__lock_acquire(waldo__lock *lock, waldo_call *call, double seconds,
                        waldo__acquisition *one)
{
    settle(lock, call);
    one->loan.lock = lock;
    one->depth = 1;
    waldo__holder *owner = lock->kind->reentrant ? lock->holders : NULL;
    bool again = owner && is_caller(owner, call);
    if (again || lock->value > 0) {
        bool given = again ? give_again(owner, call, one) : give(lock, call, one);
        return given ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    }
    if (seconds <= 0)
        return 0;
    one->waiter.depart = depart;
    return waldo__room_park(lock->room, &lock->waiters, &one->waiter, call, seconds);
}

/* ---- releasing ---- */

/* What the dead one held may be released in its place, once; else there is nothing to release. */
static int release_free(waldo__lock *lock, waldo_call *call)
{
    if (lock->kind->reentrant || lock->abandoned == 0)
        return waldo_call_raise(call, lock->kind->release_code, "%s", lock->kind->release_error);
    lock->abandoned--;
    return 0;
}

int waldo__lock_release(waldo__lock *lock, waldo_call *call)
{
    bool full = lock->kind->bounded ? lock->value == lock->initial : lock->value == UINT64_MAX;
    if (full || (lock->kind->reentrant && !is_caller(lock->holders, call)))
        return release_free(lock, call);
    if (lock->kind->reentrant && --lock->holders->depth > 0)
        return 0;
    lock->value += waldo__planted(WALDO__PLANTED_DOUBLE_PERMIT) ? 2 : 1;
    if (call->batch)
        take_from(lock, call->batch);
    if (lock->value <= lock->initial) {
        waldo__holder **link = find_released(lock, call);
        if (link)
            remove_holder(lock, link);
    }
    waldo__lock_serve(lock);
    return 0;
}

bool waldo__lock_is_held_for(const waldo__lock *lock, const waldo_call *call)
{
    if (lock->kind->reentrant)
        return lock->holders && is_caller(lock->holders, call);
    return lock->value == 0;
}

void waldo__lock_give_up(waldo__lock *lock, const waldo_call *call, uint64_t *ret_depth)
{
    waldo__holder **link = find_released(lock, call);
    *ret_depth = (*link)->depth;
    remove_holder(lock, link);
    lock->value++;
    waldo__lock_serve(lock);
}

/* ---- for people ---- */

/* ", 3 waiting", or nothing. */
static void describe_waiters(const waldo__waiters *waiters, char *text, size_t size)
{
    text[0] = '\0';
    if (waiters->count > 0)
        snprintf(text, size, ", %zu waiting", waiters->count);
}

void waldo__lock_describe(const waldo__lock *lock, char *text, size_t size)
{
    const char *name = lock->kind->name;
    char waiting[48];
    describe_waiters(&lock->waiters, waiting, sizeof waiting);
    if (lock->kind->counts && lock->kind->bounded)
        snprintf(text, size, "<%s object: value=%" PRIu64 "/%" PRIu64 "%s>", name, lock->value,
                 lock->initial, waiting);
    else if (lock->kind->counts)
        snprintf(text, size, "<%s object: value=%" PRIu64 "%s>", name, lock->value, waiting);
    else if (lock->holders)
        snprintf(text, size, "<locked %s object%s, held by session %" PRIu64 " thread %" PRIu64 ">",
                 name, waiting, lock->holders->session->number, lock->holders->thread);
    else
        snprintf(text, size, "<unlocked %s object>", name);
}
