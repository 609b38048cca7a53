/* A request until there is an answer: again where the connection broke. */
#include "proxy/attempt.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* Seconds in which a server that nobody finds at its address may come back. */
static const double RESTART_PATIENCE = 2.0;

/* So many connections in a row that break at once, each within so many nanoseconds: the server
 * does not bear the request, and waiting does not make it better. */
enum { MOST_BROKEN = 40, AT_ONCE_NS = 1000 * 1000 * 1000 };

static bool is_connection_lost(int code)
{
    return code == WALDO_EGONE || code == WALDO_EREFUSED || code == WALDO_ENOTFOUND ||
           code == WALDO_EPROTOCOL;
}

static bool is_absent(int code)
{
    return code == WALDO_EREFUSED || code == WALDO_ENOTFOUND;
}

/* Nobody waits for what comes of it, and a server that has to be started first has forgotten what
 * it is about. */
static bool gives_back(const Waldo__Wire__Request *request)
{
    return request->operation == WALDO__WIRE__OPERATION__DROP ||
           request->operation == WALDO__WIRE__OPERATION__GOODBYE;
}

/* Has the server been missed for too long? */
static bool is_enough(waldo__attempt *attempt, int code)
{
    if (attempt->patience == 0)
        attempt->patience = waldo__deadline_in(waldo__manager_lease(attempt->manager));
    if (!is_absent(code))
        attempt->absent_patience = WALDO__NEVER;
    else if (attempt->absent_patience == WALDO__NEVER)
        attempt->absent_patience = waldo__deadline_in(RESTART_PATIENCE);
    /* A server that was never asked is simply not there. */
    bool wait = attempt->sent && !gives_back(attempt->request);
    return (is_absent(code) && !wait) || !waldo__server_may_return(attempt->manager) ||
           waldo__deadline_left(attempt->patience) == 0 ||
           waldo__deadline_left(attempt->absent_patience) == 0;
}

/* A little longer each time. The first time not at all: most broken connections are made again at
 * once. */
static void take_breath(waldo__attempt *attempt)
{
    enum { FIRST_PAUSE_MS = 5, LAST_PAUSE_MS = 200 };
    unsigned pause = attempt->pause_ms;
    attempt->pause_ms = pause == 0 ? FIRST_PAUSE_MS : pause * 2;
    if (attempt->pause_ms > LAST_PAUSE_MS)
        attempt->pause_ms = LAST_PAUSE_MS;
    struct timespec time = {.tv_nsec = (long)pause * 1000000};
    (void)nanosleep(&time, NULL);
}

/* One error, whatever noticed it (row D18). */
static int gone(const waldo__attempt *attempt, waldo_error *reterr)
{
    if (!reterr)
        return WALDO_EGONE;
    char reason[sizeof reterr->message];
    snprintf(reason, sizeof reason, "%s", reterr->message);
    bool midway = attempt->sent && attempt->request->sequence != 0;
    return waldo_error_set(reterr, WALDO_EGONE, "manager gone%s: %.400s",
                           midway ? " in the middle of the call, which may have run" : "", reason);
}

/* The server that has it is no more, or knows this client no more. */
static bool is_lost(const waldo__attempt *attempt, const waldo__link *link)
{
    return attempt->sent && attempt->request->sequence != 0 && link->life != attempt->sent_life;
}

int waldo__attempt_cancelled(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ECANCELLED, "the call was cancelled");
}

/* The connection broke, or there was none: 1: try again; else the error. */
static int again_or_gone(waldo__attempt *attempt, int code, waldo_error *reterr)
{
    if (atomic_load(&attempt->called_off))
        return waldo__attempt_cancelled(reterr);
    if (waldo__deadline_left(attempt->deadline) == 0)
        return waldo_error_set(reterr, WALDO_ETIMEOUT,
                               "the deadline passed while the server could not be reached");
    if (is_enough(attempt, code))
        return gone(attempt, reterr);
    take_breath(attempt);
    return 1;
}

/* The request was on its way, or its reply. */
static int after_break(waldo__attempt *attempt, uint64_t connected_at, waldo_error *reterr)
{
    if (waldo__lately() - connected_at > AT_ONCE_NS) {
        attempt->broken_at_once = 0;
        attempt->pause_ms = 0;
    } else if (++attempt->broken_at_once >= MOST_BROKEN) {
        return gone(attempt, reterr);
    }
    return again_or_gone(attempt, WALDO_EGONE, reterr);
}

/* Why there is no link. What takes longer than connecting may take is as good as no server. */
static int without_link(waldo__attempt *attempt, int code, waldo_error *reterr)
{
    if (code == WALDO_ETIMEOUT && waldo__deadline_left(attempt->deadline) > 0)
        code = WALDO_EGONE;
    return is_connection_lost(code) ? again_or_gone(attempt, code, reterr) : code;
}

/* The try is over, with that status: 1: try again. */
static int conclude(waldo__attempt *attempt, int status, waldo_error *reterr)
{
    waldo__way *way = &attempt->way;
    const waldo__outcome *outcome = &way->outcome;
    waldo__link *link = way->link;
    bool session_over = outcome->refused && link->used && status == WALDO_EPROTOCOL;
    bool lost =
        status < 0 && !outcome->answered && !outcome->nonsense && is_connection_lost(status);
    attempt->answered = outcome->answered;
    if (outcome->sent && !outcome->answered) {
        attempt->sent = true;
        attempt->sent_life = link->life;
    }
    way->link = NULL;
    bool again = lost || session_over;
    bool arrived = !again && attempt->numbered && outcome->answered;
    waldo__link_give(attempt->manager, link, arrived ? &attempt->pending : NULL);
    if (arrived)
        attempt->numbered = false;
    return again ? after_break(attempt, attempt->connected_at, reterr) : status;
}

/* May the request go out in this life of the session? */
static int check_life(const waldo__attempt *attempt, const waldo__link *link, waldo_error *reterr)
{
    if (is_lost(attempt, link))
        return waldo_error_set(reterr, WALDO_EUNKNOWNOUTCOME,
                               "the server was restarted, or gave this client up, in the middle "
                               "of the call, which may have run");
    if (attempt->only_life && link->life != *attempt->only_life)
        return waldo_error_set(reterr, WALDO_EKEY, "the session that held it is over");
    return 0;
}

/* 0: the request is under way; 1: try again. */
static int send_once(waldo__attempt *attempt, waldo_error *reterr)
{
    waldo_manager *manager = attempt->manager;
    waldo__link *link;
    bool later = gives_back(attempt->request); /* it may be said later as well */
    int status = later ? waldo__link_take_soon(manager, attempt, attempt->deadline, &link, reterr)
                       : waldo__link_take(manager, attempt, attempt->deadline, &link, reterr);
    if (status < 0)
        return later ? gone(attempt, reterr) : without_link(attempt, status, reterr);
    attempt->patience = 0;
    attempt->connected_at = waldo__lately();
    status = check_life(attempt, link, reterr);
    if (status < 0) {
        waldo__link_give(manager, link, NULL);
        return status;
    }
    attempt->life = link->life;
    waldo__slot slot = {.lasting = attempt->way.slot.lasting, .buffer = attempt->way.slot.buffer};
    attempt->way =
        (waldo__way){.manager = manager, .link = link, .slot = slot, .in_parts = attempt->in_parts};
    attempt->request->near = link->reaches;
    status = waldo__carried_describe(&attempt->carried, link->reached, &attempt->request->n_buffers,
                                     &attempt->request->buffers, reterr);
    if (status >= 0)
        status =
            waldo__way_send(&attempt->way, attempt->request, attempt->body, attempt->acknowledges,
                            attempt->may_wait, attempt->deadline, reterr);
    if (status >= 0)
        return 0;
    /* Nothing comes of it but the failure. */
    status = waldo__way_finish(&attempt->way, status, NULL, reterr);
    return conclude(attempt, status, reterr);
}

int waldo__attempt_send(waldo__attempt *attempt, waldo_error *reterr)
{
    int status;
    do
        status = send_once(attempt, reterr);
    while (status == 1);
    return status;
}

int waldo__attempt_conclude(waldo__attempt *attempt, int status, waldo__reply *ret_reply,
                            waldo_error *reterr)
{
    status = waldo__way_finish(&attempt->way, status, ret_reply, reterr);
    return conclude(attempt, status, reterr);
}

/* These are numbered, and done once at most. The others ask something: after a break they ask
 * again, and if the server was restarted meanwhile, it is the new one that answers. */
static bool changes_something(const Waldo__Wire__Request *request)
{
    switch (request->operation) {
    case WALDO__WIRE__OPERATION__CREATE:
    case WALDO__WIRE__OPERATION__CALL:
    case WALDO__WIRE__OPERATION__DROP:
    case WALDO__WIRE__OPERATION__ATTACH:
    case WALDO__WIRE__OPERATION__EXPORT:
    case WALDO__WIRE__OPERATION__NEXT:
    case WALDO__WIRE__OPERATION__TRANSACT:
    case WALDO__WIRE__OPERATION__BATCH:
        return true;
    default:
        return false;
    }
}

/* The caller leaves without a reply: the server shall not keep a lock or an item for it. */
static void settle(waldo_manager *manager)
{
    static const double SETTLE_TIMEOUT = 0.25;
    waldo__deadline deadline = waldo__deadline_in(SETTLE_TIMEOUT);
    waldo__link *link;
    if (waldo__link_take(manager, NULL, deadline, &link, NULL) < 0)
        return;
    waldo__pending_settle(manager, link, deadline);
    waldo__link_give(manager, link, NULL);
}

/* With the manager's lock. */
static void number(waldo__attempt *attempt)
{
    Waldo__Wire__Request *request = attempt->request;
    waldo__pending *pending = &attempt->pending;
    attempt->numbered = true;
    waldo__pending_add(attempt->manager, pending);
    request->sequence = pending->sequence;
    if (request->operation == WALDO__WIRE__OPERATION__DROP) {
        pending->dropped_object = request->object;
        pending->dropped_incarnation = request->incarnation;
        pending->dropped_life = attempt->only_life ? *attempt->only_life : attempt->life;
    }
}

void waldo__attempt_board(waldo__attempt *attempt)
{
    if (!attempt->numbered && changes_something(attempt->request))
        number(attempt);
    attempt->acknowledges = waldo__pending_acknowledge_briefly(attempt->manager, attempt->request);
}

void waldo__attempt_end(waldo__attempt *attempt, int status)
{
    /* A reference that nobody could be asked to drop is still there, as long as its session. */
    bool drops = attempt->request->operation == WALDO__WIRE__OPERATION__DROP &&
                 status != WALDO_EKEY && !attempt->answered;
    if (drops && !attempt->numbered) {
        pthread_mutex_lock(&attempt->manager->lock);
        number(attempt);
        pthread_mutex_unlock(&attempt->manager->lock);
    }
    if (!attempt->numbered)
        return;
    if (status >= 0 || attempt->answered || !(attempt->sent || drops)) {
        waldo__pending_end(attempt->manager, &attempt->pending);
        return;
    }
    waldo__pending_give_up(attempt->manager, &attempt->pending);
    if (status == WALDO_ETIMEOUT || status == WALDO_ECANCELLED)
        settle(attempt->manager);
}

/* The thread was cancelled while it waited, after it had sent the request. */
static void end_cancelled(void *argument)
{
    waldo__attempt *attempt = argument;
    waldo__link *link = attempt->way.link;
    waldo__buffer_free(&attempt->way.slot.buffer);
    attempt->sent = true;
    attempt->answered = false; /* an earlier try's */
    attempt->way.link = NULL;
    /* Where one call is all that a link carries, the next reply on it would be this one's. */
    if (!link->shared)
        waldo__link_break(link, WALDO_EGONE, &(waldo_error){.message = "a call was cancelled"});
    waldo__link_give(attempt->manager, link, NULL);
    waldo__attempt_end(attempt, WALDO_ETIMEOUT);
    waldo__carried_free(&attempt->carried);
}

static int try_all(waldo__attempt *attempt, bool cancellable, waldo__reply *ret_reply,
                   waldo_error *error)
{
    int status;
    pthread_cleanup_push(end_cancelled, attempt);
    do {
        status = waldo__attempt_send(attempt, error);
        if (status < 0)
            break;
        status = waldo__link_await(attempt->way.link, &attempt->way.slot, attempt->deadline,
                                   cancellable, error);
        status = waldo__attempt_conclude(attempt, status, ret_reply, error);
    } while (status == 1);
    pthread_cleanup_pop(0);
    return status;
}

static int exchange(waldo_manager *manager, const unsigned *only_life, bool in_parts,
                    Waldo__Wire__Request *request, const ProtobufCMessage *body, double timeout,
                    waldo__reply *ret_reply, waldo_error *reterr)
{
    waldo__attempt attempt = {
        .only_life = only_life,
        .in_parts = in_parts,
        .manager = manager,
        .request = request,
        .body = body,
        .deadline = waldo__deadline_in(timeout),
        .absent_patience = WALDO__NEVER,
        .life = waldo__manager_life(manager),
    };
    int status = waldo__carry_collect(body, &attempt.carried, reterr);
    if (status < 0)
        return status;
    waldo_error error;
    /* It may be cancelled where it waits for the reply, and nowhere else. */
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    status = try_all(&attempt, before == PTHREAD_CANCEL_ENABLE, ret_reply, &error);
    waldo__attempt_end(&attempt, status);
    waldo__carried_free(&attempt.carried);
    pthread_setcancelstate(before, NULL);
    if (status < 0 && reterr)
        *reterr = error;
    if (!gives_back(request))
        waldo__manager_notice(manager, attempt.life, status, &error);
    return status;
}

int waldo__exchange(waldo_manager *manager, Waldo__Wire__Request *request,
                    const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                    waldo_error *reterr)
{
    return exchange(manager, NULL, false, request, body, timeout, ret_reply, reterr);
}

int waldo__exchange_in_parts(waldo_manager *manager, Waldo__Wire__Request *request,
                             const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                             waldo_error *reterr)
{
    return exchange(manager, NULL, true, request, body, timeout, ret_reply, reterr);
}

int waldo__exchange_in(waldo_manager *manager, unsigned life, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                       waldo_error *reterr)
{
    return exchange(manager, &life, false, request, body, timeout, ret_reply, reterr);
}

int waldo__exchange_plain(waldo_manager *manager, Waldo__Wire__Operation operation, double timeout,
                          waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = operation;
    waldo__reply reply;
    int status = waldo__exchange(manager, &request, NULL, timeout, &reply, reterr);
    if (status >= 0)
        waldo__reply_free(&reply);
    return status;
}
