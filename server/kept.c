/* What stays of a call that has been answered, until its reply is known to have arrived: the reply,
 * and what it takes to undo it. */
#include <stdlib.h>

#include "memory/last.h"
#include "planted.h"
#include "server_internal.h"

void waldo__call_release_object(waldo_call *call)
{
    if (!call->object)
        return;
    waldo__server_lock(call->server);
    waldo__object_unpin(call->object);
    waldo__server_unlock(call->server);
    call->object = NULL;
}

void waldo__call_keep(waldo_call *call)
{
    atomic_fetch_add(&call->keepers, 1);
}

void waldo__call_unkeep(waldo_call *call)
{
    if (!waldo__is_last(&call->keepers))
        return;
    waldo_server *server = call->server;
    waldo__call_release_object(call);
    if (call->kept_bytes > 0)
        atomic_fetch_sub(&call->session->kept_bytes, call->kept_bytes);
    if (call->session)
        waldo__session_unref(call->session);
    if (call->release_lost)
        call->release_lost(call->lost_data);
    waldo__carried_free(&call->carried);
    waldo_value_unref(call->lent);
    waldo__spares_trim(&call->reply);
    waldo__spares_give(&server->spare_calls, call);
}

void waldo__call_end_spare(void *block)
{
    waldo_call *call = block;
    waldo__buffer_free(&call->reply);
}

int waldo__call_carry(waldo_call *call, const ProtobufCMessage *body, Waldo__Wire__Reply *reply,
                      waldo_error *reterr)
{
    bool near = call->session && call->session->near && call->request->near;
    int status = waldo__carry_collect(body, &call->carried, reterr);
    if (status >= 0)
        status = waldo__carried_describe(&call->carried, near, &reply->n_buffers, &reply->buffers,
                                         reterr);
    return status;
}

size_t waldo__call_reply_size(const waldo_call *call)
{
    return call->reply.size + call->reply_tail.len;
}

size_t waldo__call_reply_limit(const waldo_call *call)
{
    size_t limit = call->server->limits.limit[WALDO_LIMIT_MESSAGE];
    if (call->session && call->session->max_message && call->session->max_message < limit)
        limit = call->session->max_message;
    return limit;
}

bool waldo__call_take_room(waldo_call *call)
{
    uint64_t limit = call->server->limits.limit[WALDO_LIMIT_KEPT_BYTES];
    size_t size = waldo__call_reply_size(call) + atomic_load(&call->burden);
    uint_fast64_t used = atomic_load(&call->session->kept_bytes);
    do
        if (used > 0 && (used >= limit || size > limit - used))
            return false;
    while (!atomic_compare_exchange_weak(&call->session->kept_bytes, &used, used + size));
    call->kept_bytes = size;
    return true;
}

void waldo__call_delivered(waldo_call *call)
{
    if (call->ticket == 0)
        return;
    waldo__server_lock(call->server);
    (void)waldo__ticket_redeem(call->server, call->ticket, call->handed_out);
    waldo__server_unlock(call->server);
}

/* ---- a reply that does not arrive ---- */

static waldo_call *call_taken_back(waldo__job *job)
{
    return (waldo_call *)((char *)job - offsetof(waldo_call, taking_back));
}

static void run_on_lost(waldo__job *job)
{
    waldo_call *call = call_taken_back(job);
    call->on_lost(call->object ? call->object->self : NULL, call->lost_data);
}

static void release_taken_back(waldo__job *job)
{
    waldo__call_unkeep(call_taken_back(job));
}

void waldo__call_lose(waldo_call *call)
{
    /* What a step did is undone by its transaction. A call of a type without an object is a
     * creation; one without a type is a batch. */
    bool has_way = call->object || !call->type;
    if (!call->on_lost || !has_way || call->is_step || atomic_exchange(&call->lost, true) ||
        waldo__planted(WALDO__PLANTED_DROP_UNDO))
        return;
    waldo__call_keep(call);
    waldo__strand *strand = call->object ? waldo__object_strand(call->object) : NULL;
    call->taking_back =
        (waldo__job){.strand = strand, .run = run_on_lost, .release = release_taken_back};
    waldo__pool_submit(call->server->pool, &call->taking_back);
}

void waldo__call_redirect(waldo_call *call, const waldo_call *again)
{
    /* One copy of a reply waits for its client, not one for each connection on which it asks. */
    if ((call->sent || call->waits) && call->channel != again->channel)
        waldo__peer_dismiss(call->server, call->channel);
    call->channel = again->channel;
    call->connection = again->connection;
    call->id = again->id;
    if (call->sent && !call->waits)
        waldo__peer_send(call);
}
