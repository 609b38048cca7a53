/* Waiting for calls that were started before, and cancelling them. */
#include "proxy/future_internal.h"

#include "process/id.h"

bool waldo__future_is_of_parent(const waldo_future *future)
{
    return future->process != waldo__process_id();
}

void waldo__future_finish(waldo_future *future, int status, const waldo_error *error)
{
    future->over = true;
    future->status = status;
    if (status < 0)
        future->error = *error;
}

/* ---- waiting ---- */

/* It came with others' replies, and nobody is asked to send anything before. */
static bool needs_no_wait(waldo__way *way)
{
    return atomic_load_explicit(&way->slot.done, memory_order_acquire) &&
           !atomic_load_explicit(&way->link->unsent, memory_order_relaxed);
}

/* WALDO_ECANCELLED: it was called off. What came nevertheless is no reply then, since the server
 * may have been told. */
static int await(waldo_future *future, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__way *way = &future->attempt.way;
    if (atomic_load_explicit(&future->attempt.called_off, memory_order_relaxed))
        return WALDO_ECANCELLED;
    if (needs_no_wait(way))
        return 0;
    int status = waldo__link_await(way->link, &way->slot, deadline, false, reterr);
    if (status == 0)
        return 0;
    pthread_mutex_lock(&future->lock);
    future->awaited = NULL;
    pthread_mutex_unlock(&future->lock);
    return status;
}

static int send_again(waldo_future *future, waldo_error *reterr)
{
    waldo__attempt *attempt = &future->attempt;
    pthread_mutex_lock(&future->lock);
    future->awaited = NULL;
    future->sends_again = true;
    pthread_cond_broadcast(&future->changed);
    pthread_mutex_unlock(&future->lock);
    int status = waldo__attempt_send(attempt, reterr);
    pthread_mutex_lock(&future->lock);
    future->sends_again = false;
    future->awaited = attempt->way.link;
    pthread_mutex_unlock(&future->lock);
    return status;
}

/* Waits, without the lock, until the call is over or the deadline has passed. 1: it goes on. */
static int drive(waldo_future *future, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__attempt *attempt = &future->attempt;
    int status;
    do {
        waldo__deadline limit = deadline < attempt->deadline ? deadline : attempt->deadline;
        status = await(future, limit, reterr);
        if (status == WALDO_ETIMEOUT && waldo__deadline_left(attempt->deadline) > 0)
            return 1;
        bool in_vain = status == WALDO_ETIMEOUT || status == WALDO_ECANCELLED;
        bool came = in_vain && !waldo__link_give_up(attempt->way.link, &attempt->way.slot);
        if (came && status == WALDO_ETIMEOUT)
            status = 0; /* at the last moment */
        status = waldo__attempt_conclude(attempt, status, &future->reply, reterr);
        if (status != 1)
            return status;
        status = send_again(future, reterr);
    } while (status >= 0);
    return status;
}

/* Of a future that is over. With the lock, which is released meanwhile: it takes a while, and who
 * is told that the server is gone may cancel what there is, this future too. */
static void end_attempt(waldo_future *future, int status, const waldo_error *error)
{
    waldo__attempt *attempt = &future->attempt;
    pthread_mutex_unlock(&future->lock);
    waldo__attempt_end(attempt, status);
    waldo__manager_notice(attempt->manager, attempt->life, status, error);
    pthread_mutex_lock(&future->lock);
}

/* With the lock, which is released meanwhile. */
static void drive_to_the_end(waldo_future *future, waldo__deadline deadline)
{
    waldo__attempt *attempt = &future->attempt;
    waldo_error error;
    int before;
    future->driven = true;
    future->awaited = attempt->way.link;
    pthread_mutex_unlock(&future->lock);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    int status = drive(future, deadline, &error);
    pthread_mutex_lock(&future->lock);
    /* Others have made it be over already if it was called off, but left its end to this thread. */
    if (status == 1 && future->over)
        status = waldo__attempt_conclude(attempt, WALDO_ECANCELLED, NULL, NULL);
    else if (status != 1 && !future->over)
        waldo__future_finish(future, status, &error);
    future->driven = false;
    pthread_cond_broadcast(&future->changed);
    if (status != 1)
        end_attempt(future, status, &error);
    pthread_setcancelstate(before, NULL);
}

static void unlock(void *lock)
{
    pthread_mutex_unlock(lock);
}

/* For the thread that drives it; this one may be cancelled. With the lock. */
static void wait_for_driver(waldo_future *future, waldo__deadline deadline)
{
    pthread_cleanup_push(unlock, &future->lock);
    (void)waldo__wait_until(&future->changed, &future->lock, deadline);
    pthread_cleanup_pop(0);
}

int waldo_future_wait(waldo_future *future, double seconds)
{
    waldo__deadline deadline = waldo__deadline_in(seconds);
    if (waldo__future_is_of_parent(future))
        return 1;
    pthread_mutex_lock(&future->lock);
    while (!future->over) {
        if (!future->driven)
            drive_to_the_end(future, deadline);
        else
            wait_for_driver(future, deadline);
        if (!future->over && waldo__deadline_left(deadline) == 0)
            break;
    }
    bool over = future->over;
    pthread_mutex_unlock(&future->lock);
    return over;
}

bool waldo_future_is_done(waldo_future *future)
{
    if (waldo__future_is_of_parent(future))
        return true;
    pthread_mutex_lock(&future->lock);
    bool done = future->over;
    waldo__way *way = &future->attempt.way;
    if (!done && !future->driven)
        done = waldo__link_look(way->link, &way->slot) ||
               waldo__deadline_left(future->attempt.deadline) == 0;
    pthread_mutex_unlock(&future->lock);
    return done;
}

/* ---- cancelling ---- */

static void finish_cancelled(waldo_future *future)
{
    waldo_error error;
    waldo__future_finish(future, waldo__attempt_cancelled(&error), &error);
}

/* Nobody waits for it. With the lock, which is released meanwhile. */
static bool give_up(waldo_future *future)
{
    waldo__attempt *attempt = &future->attempt;
    if (!waldo__link_give_up(attempt->way.link, &attempt->way.slot))
        return false;
    (void)waldo__attempt_conclude(attempt, WALDO_ECANCELLED, NULL, NULL);
    finish_cancelled(future);
    end_attempt(future, WALDO_ECANCELLED, &future->error);
    return true;
}

/* Takes it out of the server. Of the threads that wait on a connection one sleeps in the system: it
 * hears of the end by this answer, or by that of the call. */
static void tell_server(waldo_manager *manager, uint64_t sequence)
{
    static const double PATIENCE = 0.25;
    waldo__deadline deadline = waldo__deadline_in(PATIENCE);
    waldo__link *link;
    if (waldo__link_take(manager, NULL, deadline, &link, NULL) < 0)
        return;
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__CANCEL;
    request.cancel = sequence;
    waldo__reply reply;
    waldo__outcome outcome;
    if (waldo__exchange_on(manager, link, &request, NULL, deadline, &reply, &outcome, NULL) >= 0)
        waldo__reply_free(&reply);
    waldo__link_give(manager, link, NULL);
}

/* A thread waits for it, or sends it. With the lock. After success no reply is its result; before
 * that the server might give to others what the reply has brought. */
static bool end_wait(waldo_future *future)
{
    waldo__slot *slot = &future->attempt.way.slot;
    bool ended = future->sends_again || (future->awaited && !atomic_load(&slot->done) &&
                                         waldo__link_call_off(future->awaited, slot));
    if (!ended)
        return false;
    future->attempt.called_off = true;
    finish_cancelled(future);
    pthread_cond_broadcast(&future->changed);
    return true;
}

/* With the lock, which is released meanwhile. */
static bool cancel(waldo_future *future)
{
    while (!future->over && future->driven) {
        uint64_t sequence = future->attempt.pending.sequence;
        if (end_wait(future)) {
            pthread_mutex_unlock(&future->lock);
            tell_server(future->manager, sequence);
            pthread_mutex_lock(&future->lock);
            return true;
        }
        /* It is about to be over, to be sent again, or to be nobody's. */
        (void)waldo__wait_until(&future->changed, &future->lock, WALDO__NEVER);
    }
    return !future->over && give_up(future);
}

bool waldo_future_cancel(waldo_future *future)
{
    if (waldo__future_is_of_parent(future))
        return false;
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_mutex_lock(&future->lock);
    bool cancelled = cancel(future);
    pthread_mutex_unlock(&future->lock);
    pthread_setcancelstate(before, NULL);
    return cancelled;
}
