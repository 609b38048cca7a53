/* Batches: calls that came in one message, made one after the other.
 *
 * Each step is a call of its own, which runs as any other does: on its object's strand, on any
 * thread, or kept by its handler. When it has its reply, the next one begins there and then, or in
 * a job of the batch's own where it uses what earlier ones gave. So one thread at a time is busy
 * with a batch, and no lock guards it but for `current`, which a cancellation looks at.
 *
 * The batch's own call is kept as by a handler that deferred it, and that is what its deadline, the
 * end of its session and of the server end; then no further step begins. If its reply does not
 * arrive, what its steps gave goes back. */
#include "batch.h"

#include <stdlib.h>

#include "batch_results.h"
#include "call.h"
#include "engine/deadline.h"
#include "server_internal.h"

enum {
    ENVELOPE_SIZE = 128, /* what the reply has besides its body, and more */
    FRAME_SIZE = 12,     /* the same of a step's reply in it */
    LEAST_ROOM = 32,     /* for each step: that it failed can always be said */
};

struct waldo__batch {
    waldo_call *call; /* its own */
    const Waldo__Wire__Batch *message;
    waldo__batch_step *steps;
    size_t begun;        /* steps; the last of them is under way, or all are over */
    size_t room;         /* in bytes, for the replies to come */
    bool refusing;       /* the step is answered where it was about to begin */
    waldo_call *current; /* the step under way, or NULL; guarded by the server's lock */
    /* Once it is answered: the first so many of `steps` have something to take back. */
    size_t kept;
};

size_t waldo__batch_room(const waldo__batch *batch)
{
    size_t reserved = (batch->message->n_calls - batch->begun) * LEAST_ROOM;
    return batch->room - reserved - FRAME_SIZE;
}

/* ---- a reply that does not arrive ---- */

/* The last one first: of two items of one queue the first shall be at its head again. */
static void lose_steps(void *self, void *data)
{
    (void)self;
    waldo__batch *batch = data;
    for (size_t i = batch->kept; i > 0; i--)
        waldo__call_take_back(batch->steps[i - 1].call);
}

static void release(void *data)
{
    waldo__batch *batch = data;
    for (size_t i = 0; i < batch->kept; i++)
        waldo__call_unkeep(batch->steps[i].call);
    free(batch->steps);
    free(batch);
}

/* What was answered in its handler's place belongs to that handler still. */
static bool has_to_be_kept(const waldo_call *step)
{
    return !step->answered_instead &&
           (step->on_lost || step->handed_out > 0 || step->carried.count > 0);
}

/* Those that have to be kept come first; *ret_spare: where the others begin. Before the answer:
 * afterwards the kept ones may be taken back at any time. */
static size_t sort_out(waldo__batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->begun; i++) {
        waldo__batch_step step = batch->steps[i];
        if (!has_to_be_kept(step.call))
            continue;
        batch->steps[i] = batch->steps[kept];
        batch->steps[kept++] = step;
    }
    batch->kept = kept;
    atomic_store(&batch->call->burden, kept * sizeof(waldo_call));
    return kept;
}

/* ---- the end ---- */

/* The bytes of each step's reply, where they are. */
static bool collect(waldo__batch *batch, Waldo__Wire__BatchReplies *ret_replies)
{
    ret_replies->replies =
        waldo_call_alloc(batch->call, (batch->begun + 1) * sizeof *ret_replies->replies);
    if (!ret_replies->replies)
        return false;
    ret_replies->n_replies = batch->begun;
    for (size_t i = 0; i < batch->begun; i++) {
        const waldo__buffer *reply = &batch->steps[i].call->reply;
        ret_replies->replies[i] = (ProtobufCBinaryData){reply->size, reply->data};
    }
    return true;
}

/* Its steps are cancelled as well, perhaps before it is itself. */
static bool is_given_up(const waldo_call *call)
{
    waldo__server_lock(call->server);
    bool ended = call->session->ended;
    waldo__server_unlock(call->server);
    return ended || atomic_load(&call->cancelled);
}

static void end_with_error(waldo__batch *batch, const waldo_error *error)
{
    waldo_call *call = batch->call;
    /* The error says nothing of what the steps gave. Whoever cancels a call takes it back as well,
     * and the end of a session not before its objects have heard of it. */
    if (!is_given_up(call))
        waldo__call_lose(call);
    waldo_call_fail(call, error->code, "%s", error->message);
}

/* error NULL: with the replies. Afterwards the batch may be gone. */
static void end(waldo__batch *batch, const waldo_error *error)
{
    Waldo__Wire__BatchReplies replies = WALDO__WIRE__BATCH_REPLIES__INIT;
    waldo_error no_memory;
    if (!error && !collect(batch, &replies)) {
        waldo_error_set(&no_memory, WALDO_ENOMEM, "no memory for the replies of a batch");
        error = &no_memory;
    }
    waldo_call *call = batch->call;
    size_t spare = sort_out(batch), begun = batch->begun;
    waldo__batch_step *steps = batch->steps;
    waldo__call_keep(call); /* and by that the batch */
    if (error)
        end_with_error(batch, error);
    else
        waldo_call_return(call, &replies.base);
    for (size_t i = 0; i < spare; i++)
        waldo__buffer_free(&steps[i].call->reply);
    for (size_t i = spare; i < begun; i++)
        waldo__call_unkeep(steps[i].call);
    waldo__call_unkeep(call);
}

/* ---- a step ---- */

/* Why no further step begins; false: there is no reason. */
static bool is_over(const waldo__batch *batch, waldo_error *ret_reason)
{
    const waldo_call *call = batch->call;
    if (waldo__deadline_left(call->deadline) == 0)
        waldo_error_set(ret_reason, WALDO_ETIMEOUT, "the deadline passed in a batch, at call %zu",
                        batch->begun);
    else if (is_given_up(call) || atomic_load(&call->claimed))
        waldo_error_set(ret_reason, WALDO_ECANCELLED, "the caller is gone");
    else if (batch->begun > 0 && batch->steps[batch->begun - 1].call->answered_instead)
        waldo_error_set(ret_reason, WALDO_EGONE, "the server is shutting down");
    else
        return false;
    return true;
}

/* With one reference; the batch keeps it. */
static int make_step(waldo__batch *batch, waldo_call **ret_step, waldo_error *reterr)
{
    waldo_call *call = batch->call, *step;
    const ProtobufCBinaryData *request = &batch->message->calls[batch->begun]->request;
    int status = waldo__call_new(call->server, request->data, request->len, NULL, &step, reterr);
    if (status < 0)
        return status;
    if (step->request->n_outstanding > 0) {
        waldo__call_unref(step);
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a step of a batch acknowledges nothing");
    }
    step->batch = batch;
    step->session = call->session;
    waldo__session_ref(step->session);
    step->request->sequence = 0;
    step->request->near = false; /* a step's reply is looked into when nobody knows how it came */
    step->request->thread = call->request->thread;
    step->deadline = call->deadline;
    waldo__call_keep(step);
    batch->steps[batch->begun++] = (waldo__batch_step){step, step->request->dynamic};
    *ret_step = step;
    return 0;
}

static void set_current(waldo__batch *batch, waldo_call *step)
{
    waldo__server_lock(batch->call->server);
    batch->current = step;
    waldo__server_unlock(batch->call->server);
}

static void on_cancel(waldo_call *call, void *data)
{
    waldo__batch *batch = data;
    waldo__server_lock(call->server);
    waldo_call *step = batch->current;
    if (step)
        waldo__call_ref(step);
    waldo__server_unlock(call->server);
    if (step)
        waldo__call_cancel(step);
    waldo__call_unref(step);
}

/* True: it is under way, and nothing of the batch may be touched any more. */
static bool begin_step(waldo__batch *batch, waldo_call *step)
{
    size_t before = batch->begun - 1;
    int status = 0;
    if (!waldo__limit_memory(&step->server->limits))
        status = waldo__limit_raise(step, WALDO_LIMIT_MEMORY);
    if (status >= 0)
        status = waldo__batch_fill_in(step, batch->message->calls[before], batch->steps, before);
    set_current(batch, step);
    if (status >= 0 && atomic_load(&batch->call->cancelled))
        status = waldo_call_raise(step, WALDO_ECANCELLED, "the caller is gone");
    if (status >= 0)
        status = waldo__dispatch_step(step);
    if (status >= 0)
        return true;
    batch->refusing = true;
    waldo__call_answer_error(step, status);
    batch->refusing = false;
    return false;
}

/* What a step uses may be large. */
static bool takes_long(const Waldo__Wire__BatchCall *call)
{
    return call->uses_results || call->object_from > 0;
}

static bool hand_over(waldo__batch *batch);

/* Begins one step after the other, until one is under way or there is none left. in_job: of its
 * own; else what takes long is left to one. */
static void advance(waldo__batch *batch, bool in_job)
{
    waldo_error reason;
    bool over = is_over(batch, &reason);
    while (!over && batch->begun < batch->message->n_calls) {
        if (!in_job && takes_long(batch->message->calls[batch->begun]) && hand_over(batch))
            return;
        waldo_call *step = NULL;
        over = make_step(batch, &step, &reason) < 0;
        if (over)
            break;
        bool under_way = begin_step(batch, step);
        waldo__call_unref(step);
        if (under_way)
            return;
        over = is_over(batch, &reason);
    }
    end(batch, over ? &reason : NULL);
}

/* ---- a job of its own ---- */

/* Not in the batch: the next one may come before the last is through. */
typedef struct going_on {
    waldo__job job;
    waldo__batch *batch;
    waldo_call *call; /* the batch's, kept */
} going_on;

static void go_on(waldo__job *job)
{
    advance(((going_on *)job)->batch, true); /* its first member */
}

static void release_job(waldo__job *job)
{
    waldo__call_unkeep(((going_on *)job)->call);
    free(job);
}

/* Whoever answered the step may have the loop, the room of all that wait, or its object's strand,
 * and others who wait for it. true: nothing of the batch may be touched any more; false: out of
 * memory. */
static bool hand_over(waldo__batch *batch)
{
    waldo_server *server = batch->call->server;
    going_on *made = malloc(sizeof *made);
    if (!made)
        return false;
    *made = (going_on){
        {.habit = &server->batches, .run = go_on, .release = release_job}, batch, batch->call};
    waldo__call_keep(made->call);
    waldo__pool_submit(server->pool, &made->job);
    return true;
}

void waldo__batch_go_on(waldo__batch *batch, waldo_call *step)
{
    set_current(batch, NULL);
    batch->room -= step->reply.size + FRAME_SIZE;
    /* Where a step was refused, advance() goes on by itself. */
    if (!batch->refusing)
        advance(batch, false);
    waldo__call_unref(step);
}

/* ---- the whole ---- */

static int check_size(waldo_call *call, size_t count, size_t *ret_room)
{
    waldo__limits *limits = &call->server->limits;
    size_t limit = waldo__call_reply_limit(call);
    if (!waldo__limit_allows(limits, WALDO_LIMIT_BATCH, count))
        return waldo__limit_raise(call, WALDO_LIMIT_BATCH);
    if (limit < ENVELOPE_SIZE || count > (limit - ENVELOPE_SIZE) / LEAST_ROOM)
        return waldo_call_raise(call, WALDO_ETOOBIG,
                                "the replies of %zu calls would not fit into the %zu bytes that "
                                "are allowed",
                                count, limit);
    *ret_room = limit - ENVELOPE_SIZE;
    return 0;
}

static waldo__batch *make(waldo_call *call, const Waldo__Wire__Batch *message, size_t room)
{
    waldo__batch *batch = calloc(1, sizeof *batch);
    waldo__batch_step *steps = calloc(message->n_calls + 1, sizeof *steps);
    if (!batch || !steps) {
        free(batch);
        free(steps);
        return NULL;
    }
    *batch = (waldo__batch){.call = call, .message = message, .steps = steps, .room = room};
    return batch;
}

int waldo__step_batch(waldo_call *call)
{
    ProtobufCMessage *message = NULL;
    size_t room = 0;
    int status = waldo__call_unpack_body(call, &waldo__wire__batch__descriptor, &message);
    if (status < 0)
        return status;
    const Waldo__Wire__Batch *calls = (const Waldo__Wire__Batch *)message;
    status = check_size(call, calls->n_calls, &room);
    if (status < 0)
        return status;
    waldo__batch *batch = make(call, calls, room);
    if (!batch)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a batch");
    waldo_call_on_lost(call, lose_steps, release, batch);
    status = waldo_call_defer(call);
    if (status < 0)
        return status;
    waldo_call_on_cancel(call, on_cancel, batch);
    advance(batch, true);
    return WALDO_DEFERRED;
}
