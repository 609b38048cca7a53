/* One request and its reply, and the request again where the connection broke. */
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "error_internal.h"
#include "memory/carry.h"
#include "proxy/manager_internal.h"
#include "wire/envelope.h"

void waldo__reply_free(waldo__reply *reply)
{
    waldo__arena_free(&reply->arena);
    waldo__buffer_free(&reply->bytes);
}

/* The caller's thread, once asked for; a forked child's main thread has another id than the thread
 * that forked it, and a session of its own. */
static uint64_t current_thread(void)
{
    static _Thread_local pid_t owner;
    static _Thread_local uint64_t thread;
    if (owner != getpid()) {
        owner = getpid();
        thread = (uint64_t)syscall(SYS_gettid);
    }
    return thread;
}

/* The request, sealed, in the link's frame; by the thread that sends on the link. */
static int pack(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                const ProtobufCMessage *body, waldo__deadline deadline, waldo_error *reterr)
{
    uint64_t left = waldo__deadline_left(deadline);
    request->timeout = left == UINT64_MAX ? 0 : left / 1000 + 1;
    request->thread = current_thread();
    waldo__pending_acknowledge(manager, link, request);
    link->packed.size = 0;
    int status = waldo__envelope_request(&link->packed, request, body, reterr);
    if (status < 0)
        return status;
    if (link->packed.size > link->max_message)
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the request has %zu bytes, more than the %zu that are allowed",
                               link->packed.size, link->max_message);
    struct iovec part = {link->packed.data, link->packed.size};
    return waldo__secure_seal(link->secure, &part, 1, &link->frame, reterr);
}

/* Fills *reterr from a reply with an error; returns its code. */
static int remote_error(const Waldo__Wire__Reply *reply, waldo_error *reterr)
{
    int code = waldo__error_is_known(reply->status) ? reply->status : WALDO_EREMOTE;
    if (!reterr)
        return code;
    waldo_error_set(reterr, code, "%s",
                    reply->error_message[0] ? reply->error_message : waldo_error_text(code));
    if (reply->error_type[0])
        waldo__error_copy_text(reterr->type_name, sizeof reterr->type_name, reply->error_type);
    waldo__error_copy_text(reterr->trace, sizeof reterr->trace, reply->error_trace);
    return code;
}

static int send_request(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                        const ProtobufCMessage *body, waldo__deadline deadline, waldo__slot *slot,
                        waldo__outcome *outcome, waldo_error *reterr)
{
    int status = waldo__link_enter(link, slot, deadline, reterr);
    if (status < 0)
        return status;
    status = pack(manager, link, request, body, deadline, reterr);
    if (status >= 0)
        return waldo__link_send(link, slot, deadline, &outcome->sent, reterr);
    waldo__link_leave(link, slot);
    return status;
}

static int unpack_reply(const waldo__link *link, const waldo__slot *slot, waldo__reply *reply,
                        waldo__outcome *outcome, waldo_error *reterr)
{
    int status =
        waldo__envelope_read_reply(&reply->arena, slot->data, slot->size, &reply->reply, reterr);
    if (status >= 0)
        status = waldo__carry_in(reply->reply->buffers, reply->reply->n_buffers, link->reaches,
                                 NULL, reterr);
    outcome->nonsense = status == WALDO_EPROTOCOL;
    if (status < 0)
        return status;
    outcome->answered = true;
    if (reply->reply->status >= 0)
        return 0;
    status = remote_error(reply->reply, reterr);
    /* The server has no session here any more, or ends. */
    outcome->refused =
        (status == WALDO_EPROTOCOL || status == WALDO_EGONE) && !reply->reply->raised;
    return status;
}

/* What a call on its way has, for one that is cancelled. */
typedef struct exchange_way {
    waldo_manager *manager;
    waldo__link *link;
    waldo__slot slot;
    bool cancellable;
} exchange_way;

static void on_cancel(void *argument)
{
    exchange_way *way = argument;
    waldo__buffer_free(&way->slot.buffer);
    waldo__link_give(way->manager, way->link);
}

static int await_reply(exchange_way *way, waldo__deadline deadline, waldo_error *reterr)
{
    int status;
    pthread_cleanup_push(on_cancel, way);
    status = waldo__link_await(way->link, &way->slot, deadline, way->cancellable, reterr);
    pthread_cleanup_pop(0);
    return status;
}

static int exchange_on(exchange_way *way, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, waldo__deadline deadline,
                       waldo__reply *ret_reply, waldo__outcome *outcome, waldo_error *reterr)
{
    waldo_manager *manager = way->manager;
    waldo__link *link = way->link;
    *outcome = (waldo__outcome){0};
    int status = send_request(manager, link, request, body, deadline, &way->slot, outcome, reterr);
    if (status >= 0)
        status = await_reply(way, deadline, reterr);
    /* Where one call is all that a link carries, the next reply on it would be this one's. */
    if (status < 0 && outcome->sent && !link->shared)
        waldo__link_break(link, WALDO_EGONE, &(waldo_error){.message = "a call was given up"});
    if (status < 0)
        return status;
    atomic_store(&manager->heard_at, waldo__now());
    waldo__reply reply = {.life = link->life};
    waldo__arena_init(&reply.arena);
    status = unpack_reply(link, &way->slot, &reply, outcome, reterr);
    reply.bytes = way->slot.buffer;
    if (!outcome->answered || outcome->refused)
        waldo__link_retire(manager, link);
    if (status < 0) {
        waldo__reply_free(&reply);
        return status;
    }
    *ret_reply = reply;
    /* The allocator points into the arena: it moved. */
    ret_reply->arena.allocator.allocator_data = &ret_reply->arena;
    return 0;
}

int waldo__exchange_on(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, waldo__deadline deadline,
                       waldo__reply *ret_reply, waldo__outcome *ret_outcome, waldo_error *reterr)
{
    exchange_way way = {.manager = manager, .link = link};
    return exchange_on(&way, request, body, deadline, ret_reply, ret_outcome, reterr);
}

/* ---- again, where the connection broke ---- */

/* Seconds in which a server that nobody finds at its address may come back. */
static const double RESTART_PATIENCE = 2.0;

/* So many connections in a row that break at once, each within so many nanoseconds: the server
 * does not bear the request, and waiting does not make it better. */
enum { MOST_BROKEN = 40, AT_ONCE_NS = 1000 * 1000 * 1000 };

typedef struct exchange_attempt {
    waldo_manager *manager;
    Waldo__Wire__Request *request;
    const ProtobufCMessage *body;
    waldo__carried *carried; /* the buffers that body names */
    waldo__deadline deadline;
    /* Of looking for the server, since it was last reached; 0: it has not been missed. */
    waldo__deadline patience;
    waldo__deadline absent_patience; /* since nobody was found at its address; or WALDO__NEVER */
    unsigned pause_ms;
    unsigned broken_at_once;   /* connections in a row */
    bool sent;                 /* perhaps: the server may have it */
    bool answered;             /* the reply is here, if only with an error */
    unsigned sent_life;        /* of the session, when it was sent */
    unsigned life;             /* of the session, when the server was last reached */
    const unsigned *only_life; /* of the session: in another one there is nothing to ask; or NULL */
    bool numbered;
    waldo__pending pending; /* if it is numbered */
    int cancel_state;       /* of the thread, before */
} exchange_attempt;

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
static bool is_enough(exchange_attempt *attempt, int code)
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
static void take_breath(exchange_attempt *attempt)
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
static int gone(const exchange_attempt *attempt, waldo_error *reterr)
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
static bool is_lost(const exchange_attempt *attempt, const waldo__link *link)
{
    return attempt->sent && attempt->request->sequence != 0 && link->life != attempt->sent_life;
}

/* The connection broke, or there was none: 1: try again; else the error. */
static int again_or_gone(exchange_attempt *attempt, int code, waldo_error *reterr)
{
    if (waldo__deadline_left(attempt->deadline) == 0)
        return waldo_error_set(reterr, WALDO_ETIMEOUT,
                               "the deadline passed while the server could not be reached");
    if (is_enough(attempt, code))
        return gone(attempt, reterr);
    take_breath(attempt);
    return 1;
}

/* The request was on its way, or its reply. */
static int after_break(exchange_attempt *attempt, uint64_t connected_at, waldo_error *reterr)
{
    if (waldo__now() - connected_at > AT_ONCE_NS) {
        attempt->broken_at_once = 0;
        attempt->pause_ms = 0;
    } else if (++attempt->broken_at_once >= MOST_BROKEN) {
        return gone(attempt, reterr);
    }
    return again_or_gone(attempt, WALDO_EGONE, reterr);
}

/* Why there is no link. What takes longer than connecting may take is as good as no server. */
static int without_link(exchange_attempt *attempt, int code, waldo_error *reterr)
{
    if (code == WALDO_ETIMEOUT && waldo__deadline_left(attempt->deadline) > 0)
        code = WALDO_EGONE;
    return is_connection_lost(code) ? again_or_gone(attempt, code, reterr) : code;
}

/* 1: try again. */
static int try_once(exchange_attempt *attempt, waldo__reply *ret_reply, waldo_error *reterr)
{
    waldo_manager *manager = attempt->manager;
    waldo__link *link;
    bool later = gives_back(attempt->request); /* it may be said later as well */
    int status = later ? waldo__link_take_soon(manager, attempt->deadline, &link, reterr)
                       : waldo__link_take(manager, attempt->deadline, &link, reterr);
    if (status < 0)
        return later ? gone(attempt, reterr) : without_link(attempt, status, reterr);
    attempt->patience = 0;
    uint64_t connected_at = waldo__now();
    if (is_lost(attempt, link)) {
        waldo__link_give(manager, link);
        return waldo_error_set(reterr, WALDO_EUNKNOWNOUTCOME,
                               "the server was restarted, or gave this client up, in the middle "
                               "of the call, which may have run");
    }
    if (attempt->only_life && link->life != *attempt->only_life) {
        waldo__link_give(manager, link);
        return waldo_error_set(reterr, WALDO_EKEY, "the session that held it is over");
    }
    attempt->life = link->life;
    exchange_way way = {.manager = manager,
                        .link = link,
                        .cancellable = attempt->cancel_state == PTHREAD_CANCEL_ENABLE};
    waldo__outcome outcome = {0};
    attempt->request->near = link->reaches;
    status = waldo__carried_describe(attempt->carried, link->reached, &attempt->request->n_buffers,
                                     &attempt->request->buffers, reterr);
    if (status >= 0)
        status = exchange_on(&way, attempt->request, attempt->body, attempt->deadline, ret_reply,
                             &outcome, reterr);
    bool session_over = outcome.refused && link->used && status == WALDO_EPROTOCOL;
    attempt->answered = outcome.answered;
    if (outcome.sent && !outcome.answered) {
        attempt->sent = true;
        attempt->sent_life = link->life;
    }
    waldo__link_give(manager, link);
    bool lost = status < 0 && !outcome.answered && !outcome.nonsense && is_connection_lost(status);
    return lost || session_over ? after_break(attempt, connected_at, reterr) : status;
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
    if (waldo__link_take(manager, deadline, &link, NULL) < 0)
        return;
    waldo__pending_settle(manager, link, deadline);
    waldo__link_give(manager, link);
}

/* Gives the request a number, if it needs one. */
static void begin(exchange_attempt *attempt)
{
    Waldo__Wire__Request *request = attempt->request;
    attempt->numbered = changes_something(request);
    if (!attempt->numbered)
        return;
    waldo__pending *pending = &attempt->pending;
    waldo__pending_begin(attempt->manager, pending);
    request->sequence = pending->sequence;
    if (request->operation == WALDO__WIRE__OPERATION__DROP) {
        pending->dropped_object = request->object;
        pending->dropped_incarnation = request->incarnation;
        pending->dropped_life = attempt->only_life ? *attempt->only_life : attempt->life;
    }
}

static void end(exchange_attempt *attempt, int status)
{
    if (!attempt->numbered)
        return;
    /* A reference that nobody could be asked to drop is still there, as long as its session. */
    bool drops =
        attempt->request->operation == WALDO__WIRE__OPERATION__DROP && status != WALDO_EKEY;
    if (status >= 0 || attempt->answered || !(attempt->sent || drops)) {
        waldo__pending_end(attempt->manager, &attempt->pending);
        return;
    }
    waldo__pending_give_up(attempt->manager, &attempt->pending);
    if (status == WALDO_ETIMEOUT)
        settle(attempt->manager);
}

/* The thread was cancelled while it waited, after it had sent the request. */
static void end_cancelled(void *attempt)
{
    ((exchange_attempt *)attempt)->sent = true;
    end(attempt, WALDO_ETIMEOUT);
}

static int try_all(exchange_attempt *attempt, waldo__reply *ret_reply, waldo_error *error)
{
    int status;
    pthread_cleanup_push(end_cancelled, attempt);
    do
        status = try_once(attempt, ret_reply, error);
    while (status == 1);
    pthread_cleanup_pop(0);
    return status;
}

static int exchange_all(waldo_manager *manager, const unsigned *only_life,
                        Waldo__Wire__Request *request, const ProtobufCMessage *body,
                        waldo__carried *carried, double timeout, waldo__reply *ret_reply,
                        waldo_error *reterr)
{
    exchange_attempt attempt = {
        .only_life = only_life,
        .manager = manager,
        .request = request,
        .body = body,
        .carried = carried,
        .deadline = waldo__deadline_in(timeout),
        .absent_patience = WALDO__NEVER,
        .life = waldo__manager_life(manager),
    };
    waldo_error error = WALDO_ERROR_INIT;
    /* It may be cancelled where it waits for the reply, and nowhere else. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &attempt.cancel_state);
    begin(&attempt);
    int status = try_all(&attempt, ret_reply, &error);
    end(&attempt, status);
    pthread_setcancelstate(attempt.cancel_state, NULL);
    if (status < 0 && reterr)
        *reterr = error;
    if (!gives_back(request))
        waldo__manager_notice(manager, attempt.life, status, &error);
    return status;
}

static int exchange(waldo_manager *manager, const unsigned *only_life,
                    Waldo__Wire__Request *request, const ProtobufCMessage *body, double timeout,
                    waldo__reply *ret_reply, waldo_error *reterr)
{
    waldo__carried carried = {0};
    int status = waldo__carry_collect(body, &carried, reterr);
    if (status >= 0)
        status =
            exchange_all(manager, only_life, request, body, &carried, timeout, ret_reply, reterr);
    waldo__carried_free(&carried);
    return status;
}

int waldo__exchange(waldo_manager *manager, Waldo__Wire__Request *request,
                    const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                    waldo_error *reterr)
{
    return exchange(manager, NULL, request, body, timeout, ret_reply, reterr);
}

int waldo__exchange_in(waldo_manager *manager, unsigned life, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                       waldo_error *reterr)
{
    return exchange(manager, &life, request, body, timeout, ret_reply, reterr);
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
