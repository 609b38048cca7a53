/* Barrier: calls wait for each other (rows F16 to F21).
 *
 * With an action the last one to come runs it, in its own process, while the others go on waiting;
 * whoever comes meanwhile is one of the next round. A session that has waited here is a participant
 * until it says goodbye; if it dies instead, the barrier breaks at once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "planted.h"
#include "server_internal.h"
#include "types/builtins.h"
#include "types/room.h"

typedef struct participant {
    struct participant *next;
    waldo__session *session;
} participant;

typedef struct barrier {
    waldo__room *room;
    int64_t parties;
    double timeout;
    bool has_action;
    bool broken;
    waldo__waiters waiters; /* of this round */
    waldo__waiters early;   /* of the next one: somebody runs the action */
    participant *participants;
    /* Who runs the action; NULL: nobody. */
    waldo__session *actor;
    uint64_t actor_thread;
    uintptr_t actors; /* how many there have been */
} barrier;

/* A call of wait() or arrive(). */
typedef struct arrival {
    waldo__waiter waiter; /* first */
    barrier *barrier;
    bool arrives;
    int64_t index;
    bool act;
} arrival;

/* ---- life ---- */

static int create(void *type_data, waldo_call *call,
                  const Waldo__Builtin__BarrierArguments *arguments, void **ret_self)
{
    double timeout;
    int status = waldo__room_seconds(call, arguments->timeout, WALDO_FOREVER, &timeout);
    if (status < 0)
        return status;
    if (arguments->parties < 1)
        return waldo_call_raise(call, WALDO_EVALUE, "parties must be >= 1");
    barrier *self = calloc(1, sizeof *self);
    if (!self)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a Barrier");
    self->room = type_data;
    self->parties = arguments->parties;
    self->timeout = timeout;
    self->has_action = arguments->action && arguments->action->kind_case > WALDO__VALUE__KIND_NONE;
    *ret_self = self;
    return 0;
}

static void forget(participant **link)
{
    participant *one = *link;
    *link = one->next;
    waldo__session_unref(one->session);
    free(one);
}

static void destroy(void *object)
{
    barrier *self = object;
    while (self->participants)
        forget(&self->participants);
    free(self);
}

/* Participants are watched, and nobody else is. */
static bool takes_part(const waldo_call *call)
{
    waldo__server_lock(call->server);
    bool watched = waldo__map_get(&call->session->watched, call->object->id) != NULL;
    waldo__server_unlock(call->server);
    return watched;
}

/* false: out of memory, or the session has ended. */
static bool take_part(barrier *self, waldo_call *call)
{
    if (takes_part(call))
        return true;
    participant *one = malloc(sizeof *one);
    if (!one || waldo_call_watch_session(call) < 0) {
        free(one);
        return false;
    }
    *one = (participant){self->participants, call->session};
    waldo__session_ref(one->session);
    self->participants = one;
    return true;
}

/* ---- ends of a round; with the room's lock ---- */

static void fail_all(waldo__waiters *waiters, const char *why)
{
    for (waldo__waiter *one; (one = waldo__room_next(waiters)) != NULL;)
        waldo_call_fail(one->call, WALDO_EBROKENBARRIER, "%s", why);
}

static void end_round(barrier *self, const char *why)
{
    self->actor = NULL;
    fail_all(&self->waiters, why);
    fail_all(&self->early, why);
}

static void break_barrier(barrier *self, const char *why)
{
    self->broken = true;
    end_round(self, why);
}

static void complete(const arrival *one)
{
    if (one->arrives) {
        Waldo__Builtin__BarrierPlace place = WALDO__BUILTIN__BARRIER_PLACE__INIT;
        place.index = one->index;
        place.act = one->act;
        (void)waldo_builtin_barrier_arrive_complete(one->waiter.call, &place);
    } else {
        Google__Protobuf__Int64Value index = GOOGLE__PROTOBUF__INT64_VALUE__INIT;
        index.value = one->index;
        (void)waldo_builtin_barrier_wait_complete(one->waiter.call, &index);
    }
}

static void release_all(barrier *self)
{
    for (waldo__waiter *one; (one = waldo__room_next(&self->waiters)) != NULL;)
        complete((arrival *)one);
}

/* The one who was to run the action never heard of it. */
static void on_lost(void *object, void *data)
{
    barrier *self = object;
    waldo__room_lock(self->room);
    if (self->actor && self->actors == (uintptr_t)data)
        break_barrier(self, "whoever was to run the action is gone");
    waldo__room_unlock(self->room);
}

/* The last one of a round has come. */
static void fill(barrier *self, waldo_call *call, arrival *one)
{
    one->act = self->has_action;
    if (!one->act) {
        release_all(self);
        return;
    }
    self->actor = call->session;
    self->actor_thread = waldo_call_thread(call);
    self->actors++;
    /* The number of the actor stands for it. */
    waldo_call_on_lost(call, on_lost, NULL, (void *)self->actors);
}

/* Those who came while the action ran are the next round. */
static void admit_early(barrier *self)
{
    for (size_t left = self->early.count; left > 0 && !self->actor; left--) {
        arrival *one = (arrival *)waldo__room_next(&self->early);
        one->index = (int64_t)self->waiters.count;
        if (one->index + 1 < self->parties) {
            waldo__room_move(&one->waiter, &self->waiters, true);
            continue;
        }
        fill(self, one->waiter.call, one);
        complete(one);
    }
}

/* ---- waiting ---- */

/* At the end of the server everybody is told so, and not that somebody else is gone. */
static bool server_ends(const waldo__waiter *waiter)
{
    return atomic_load(&waiter->call->server->stop_requested) != 0;
}

static void depart(waldo__waiter *waiter, enum waldo__departure why)
{
    barrier *self = ((arrival *)waiter)->barrier;
    if (why == WALDO__TIMED_OUT) {
        waldo_call_fail(waiter->call, WALDO_EBROKENBARRIER, "the timeout passed");
        break_barrier(self, "somebody's timeout passed");
    } else if (!server_ends(waiter)) {
        break_barrier(self, "a participant died or gave up");
    }
}

/* With the room's lock. 0: one says with what result. */
static int come(barrier *self, waldo_call *call, double seconds, arrival *one)
{
    if (self->broken)
        return waldo_call_raise(call, WALDO_EBROKENBARRIER, "the barrier is broken");
    if (!take_part(self, call))
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a participant");
    waldo__waiters *round = self->actor ? &self->early : &self->waiters;
    one->index = (int64_t)round->count;
    int64_t parties = self->parties - waldo__planted(WALDO__PLANTED_SHORT_BARRIER);
    if (!self->actor && one->index + 1 >= parties) {
        fill(self, call, one);
        return 0;
    }
    if (seconds <= 0) {
        break_barrier(self, "somebody's timeout passed");
        return waldo_call_raise(call, WALDO_EBROKENBARRIER, "the timeout passed");
    }
    one->waiter.depart = depart;
    return waldo__room_park(self->room, round, &one->waiter, call, seconds);
}

static int handle_wait(barrier *self, waldo_call *call,
                       const Waldo__Builtin__BarrierWait *arguments, bool arrives,
                       arrival **ret_one)
{
    double seconds;
    int status = waldo__room_seconds(call, arguments->timeout, self->timeout, &seconds);
    if (status < 0)
        return status;
    arrival *one = waldo_call_alloc(call, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a waiter");
    one->barrier = self;
    one->arrives = arrives;
    *ret_one = one;
    waldo__room_lock(self->room);
    status = come(self, call, seconds, one);
    waldo__room_unlock(self->room);
    return status;
}

static int wait(void *object, waldo_call *call, const Waldo__Builtin__BarrierWait *arguments,
                Google__Protobuf__Int64Value *result)
{
    barrier *self = object;
    if (self->has_action)
        return waldo_call_raise(call, WALDO_ENOTIMPLEMENTED,
                                "this Barrier has an action: arrive() and run it");
    arrival *one = NULL;
    int status = handle_wait(self, call, arguments, false, &one);
    if (status == 0)
        result->value = one->index;
    return status;
}

static int arrive(void *object, waldo_call *call, const Waldo__Builtin__BarrierWait *arguments,
                  Waldo__Builtin__BarrierPlace *result)
{
    arrival *one = NULL;
    int status = handle_wait(object, call, arguments, true, &one);
    if (status == 0) {
        result->index = one->index;
        result->act = one->act;
    }
    return status;
}

static int finish(void *object, waldo_call *call, const Waldo__Builtin__BarrierOutcome *arguments)
{
    barrier *self = object;
    int status = 0;
    waldo__room_lock(self->room);
    if (self->actor != call->session || self->actor_thread != waldo_call_thread(call)) {
        status = waldo_call_raise(call, WALDO_EBROKENBARRIER,
                                  "the barrier was broken or reset during the action");
    } else if (arguments->failed) {
        break_barrier(self, "the action failed");
    } else {
        self->actor = NULL;
        release_all(self);
        admit_early(self);
    }
    waldo__room_unlock(self->room);
    return status;
}

static void session_ended(void *object, const uint8_t *session)
{
    barrier *self = object;
    waldo__room_lock(self->room);
    for (participant **link = &self->participants; *link; link = &(*link)->next) {
        waldo__session *ended = (*link)->session;
        if (memcmp(ended->id, session, WALDO__SESSION_ID_SIZE) != 0)
            continue;
        if (!ended->said_goodbye || self->actor == ended)
            break_barrier(self, "a participant died");
        forget(link);
        break;
    }
    waldo__room_unlock(self->room);
}

/* ---- the rest ---- */

static int abort_barrier(void *object, waldo_call *call)
{
    (void)call;
    barrier *self = object;
    waldo__room_lock(self->room);
    break_barrier(self, "the barrier was aborted");
    waldo__room_unlock(self->room);
    return 0;
}

static int reset(void *object, waldo_call *call)
{
    (void)call;
    barrier *self = object;
    waldo__room_lock(self->room);
    end_round(self, "the barrier was reset");
    self->broken = false;
    waldo__room_unlock(self->room);
    return 0;
}

static int get_attribute(void *object, waldo_call *call,
                         const Waldo__Builtin__BarrierAttribute *arguments, Waldo__Value *result)
{
    barrier *self = object;
    waldo_value *value;
    waldo__room_lock(self->room);
    int64_t waiting = (int64_t)self->waiters.count;
    bool broken = self->broken;
    waldo__room_unlock(self->room);
    if (strcmp(arguments->name, "parties") == 0)
        value = waldo_v_int64(self->parties);
    else if (strcmp(arguments->name, "n_waiting") == 0)
        value = waldo_v_int64(waiting);
    else if (strcmp(arguments->name, "broken") == 0)
        value = waldo_v_bool(broken);
    else
        return waldo_call_raise(call, WALDO_EATTRIBUTE, "'Barrier' object has no attribute '%s'",
                                arguments->name);
    return waldo_call_set_value(call, result, value);
}

static int repr(void *object, waldo_call *call, waldo_value **ret_text)
{
    barrier *self = object;
    char text[96];
    waldo__room_lock(self->room);
    if (self->broken)
        snprintf(text, sizeof text, "<Barrier object: broken>");
    else
        snprintf(text, sizeof text, "<Barrier object: waiters=%zu/%" PRId64 ">",
                 self->waiters.count, self->parties);
    waldo__room_unlock(self->room);
    *ret_text = waldo_v_str(text);
    return *ret_text ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
}

const struct waldo_builtin_barrier_ops waldo__barrier_ops = {
    .create = create,
    .__getattribute__ = get_attribute,
    .wait = wait,
    .abort = abort_barrier,
    .reset = reset,
    .arrive = arrive,
    .finish = finish,
    .destroy = destroy,
    .repr = repr,
    .session_ended = session_ended,
};
