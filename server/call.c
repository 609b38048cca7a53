#include "call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/deadline.h"
#include "error_internal.h"
#include "memory/last.h"
#include "server_internal.h"
#include "wire/envelope.h"
#include "wire/tail.h"

static waldo_call *call_of(waldo__job *job)
{
    return (waldo_call *)((char *)job - offsetof(waldo_call, job));
}

/* ---- life ---- */

static int unpack_request(waldo_call *call, const uint8_t *data, size_t size, waldo__buffer *owner,
                          waldo_error *reterr)
{
    if (owner && size >= WALDO__TAIL_LEAST)
        call->message = waldo__buffer_share(owner);
    int status = waldo__envelope_read_request(&call->arena, data, size, call->message != NULL,
                                              &call->request, reterr);
    if (status >= 0)
        call->deadline = waldo__deadline_about(call->request->timeout);
    return status;
}

int waldo__call_new(waldo_server *server, const uint8_t *data, size_t size, waldo__buffer *owner,
                    waldo_call **ret_call, waldo_error *reterr)
{
    waldo_call *call = waldo__spares_take(&server->spare_calls);
    if (!call)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a call");
    waldo__buffer reply = call->reply;
    memset(call, 0, offsetof(waldo_call, arena));
    call->reply = reply;
    atomic_init(&call->references, 1);
    atomic_init(&call->keepers, 1);
    call->server = server;
    waldo__arena_init(&call->arena);
    call->exported.call = call;
    int status = unpack_request(call, data, size, owner, reterr);
    if (status < 0)
        waldo__call_unref(call);
    else
        *ret_call = call;
    return status;
}

waldo_call *waldo__call_new_internal(waldo_server *server, waldo__session *session)
{
    /* An empty request has no bytes. */
    waldo_call *call;
    if (waldo__call_new(server, NULL, 0, NULL, &call, NULL) < 0)
        return NULL;
    atomic_store(&call->claimed, true);
    call->session = session;
    waldo__session_ref(session);
    return call;
}

void waldo__call_ref(waldo_call *call)
{
    atomic_fetch_add(&call->references, 1);
}

static void unpin(waldo_server *server, waldo__object *object)
{
    if (!object)
        return;
    waldo__server_lock(server);
    waldo__object_unpin(object);
    waldo__server_unlock(server);
}

/* The reply, and what taking it back needs, stay. */
static void end_work(waldo_call *call)
{
    unpin(call->server, call->exported.object);
    call->exported.object = NULL;
    if (!call->on_lost)
        waldo__call_release_object(call);
    if (call->kept)
        waldo__limit_give(&call->server->limits, WALDO_LIMIT_PARKED);
    if (call->reports)
        atomic_fetch_sub(&call->session->report_count, 1);
    waldo__arrived_free(&call->arrived);
    waldo__arena_free(&call->arena);
    waldo__shared_bytes_unref(call->message);
    call->message = NULL;
    if (call->reply_tail.len == 0)
        call->lent = waldo_value_unref(call->lent);
    free(call->error);
    call->error = NULL;
    call->request = NULL;
    call->arguments = NULL;
}

void waldo__call_unref(waldo_call *call)
{
    if (call && waldo__is_last(&call->references)) {
        end_work(call);
        waldo__call_unkeep(call);
    }
}

/* ---- among the calls of a session; with the server's lock ---- */

void waldo__call_list(waldo_call *call)
{
    call->listed = true;
    waldo__session *session = call->session;
    call->next_of_session = session->calls;
    call->link_of_session = &session->calls;
    if (session->calls)
        session->calls->link_of_session = &call->next_of_session;
    session->calls = call;
    call->server->unanswered++;
}

static void unlink_call(waldo_call *call)
{
    if (!call->link_of_session)
        return;
    *call->link_of_session = call->next_of_session;
    if (call->next_of_session)
        call->next_of_session->link_of_session = call->link_of_session;
    call->link_of_session = NULL;
    call->server->unanswered--;
    waldo__deadlines_remove(&call->server->deadlines, &call->due);
}

/* ---- running ---- */

static int run_step(waldo_call *call)
{
    waldo_error room;
    room.code = 0;
    call->reterr = &room;
    int status = call->step(call);
    call->reterr = NULL;
    if (status < 0 && status == room.code && !call->error)
        waldo__call_raise_error(call, &room);
    return status;
}

static int outcome(waldo_call *call)
{
    if (atomic_load(&call->cancelled))
        return waldo_call_raise(call, WALDO_ECANCELLED, "the caller is gone");
    if (waldo__deadline_passed(call->deadline))
        return waldo_call_raise(call, WALDO_ETIMEOUT,
                                "the deadline passed before the call could run");
    waldo__holds_set_holder(call->object ? call->object->id : 0, call->session->number);
    int status = run_step(call);
    waldo__holds_set_holder(0, 0);
    if (status == 0 || (status == WALDO_DEFERRED && call->kept))
        return status;
    if (status > 0)
        return waldo_call_raise(call, WALDO_ERUNTIME, "the handler returned %d", status);
    return status;
}

static void run(waldo__job *job)
{
    waldo_call *call = call_of(job);
    int status = outcome(call);
    if (status == WALDO_DEFERRED) {
        waldo__call_watch_deadline(call);
        return;
    }
    if (status < 0)
        waldo__call_answer_error(call, status);
    else if (!atomic_load(&call->claimed))
        waldo__call_answer_error(
            call, waldo_call_raise(call, WALDO_ERUNTIME, "the handler left its reply unset"));
}

static void release(waldo__job *job)
{
    waldo_call *call = call_of(job);
    atomic_fetch_sub(&call->server->running, 1);
    waldo__call_unref(call);
}

void waldo__call_submit(waldo_call *call, waldo__strand *strand, waldo__habit *habit)
{
    call->job = (waldo__job){.strand = strand, .habit = habit, .run = run, .release = release};
    waldo__call_ref(call);
    atomic_fetch_add(&call->server->running, 1);
    if (!call->listed) {
        waldo__server_lock(call->server);
        waldo__call_list(call);
        waldo__server_unlock(call->server);
    }
    waldo__pool_submit(call->server->pool, &call->job);
}

void waldo__call_cancel(waldo_call *call)
{
    waldo__server_lock(call->server);
    atomic_store(&call->cancelled, true);
    void (*on_cancel)(waldo_call *, void *) = call->on_cancel;
    void *data = call->on_cancel_data;
    call->on_cancel = NULL;
    /* It may be completed meanwhile; what on_cancel knows of it is in its memory. */
    if (on_cancel)
        waldo__call_ref(call);
    waldo__server_unlock(call->server);
    if (on_cancel) {
        on_cancel(call, data);
        waldo__call_unref(call);
    }
}

/* ---- answering ---- */

/* What is sent where there is no memory for a reply: status = WALDO_ENOMEM, as a packed Reply. */
static const uint8_t no_memory_reply[] = {1 << 3, 23};
_Static_assert(WALDO_ENOMEM == -12, "the zigzag code of -12 is 23");

/* What the reply would have carried is taken back. */
static void pack_no_memory(waldo_call *call)
{
    call->reply.size = 0;
    call->reply_tail = (ProtobufCBinaryData){0};
    (void)waldo__buffer_append(&call->reply, no_memory_reply, sizeof no_memory_reply);
    call->unpacked = true;
}

/* Lent bytes that end the body are not packed. */
static void pack(waldo_call *call, const Waldo__Wire__Reply *reply, const ProtobufCMessage *body,
                 ProtobufCBinaryData lent)
{
    call->reply.size = 0;
    call->reply_tail = lent;
    if (waldo__envelope_reply(&call->reply, reply, body, &call->reply_tail, NULL) < 0)
        pack_no_memory(call);
}

static const ProtobufCBinaryData nothing;

static void pack_error(waldo_call *call, const waldo_error *error, bool raised)
{
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    reply.status = error->code;
    reply.error_type = (char *)error->type_name;
    reply.error_message = (char *)error->message;
    reply.error_trace = (char *)error->trace;
    reply.sequence = call->request->sequence;
    reply.raised = raised;
    pack(call, &reply, NULL, nothing);
}

/* True for the one who may answer. */
static bool claim(waldo_call *call)
{
    return !atomic_exchange(&call->claimed, true);
}

/* The same for a handler's reply: without it what the reply carries is lost. */
static bool claim_for_handler(waldo_call *call)
{
    if (!claim(call)) {
        waldo__call_lose(call);
        return false;
    }
    if (atomic_load(&call->listens)) {
        waldo__server_lock(call->server);
        call->on_cancel = NULL;
        waldo__server_unlock(call->server);
    }
    return true;
}

/* The client never learned of the object that it was given. */
static void take_back_reference(waldo_call *call)
{
    waldo__server_lock(call->server);
    if (call->handed_out)
        (void)waldo__session_drop(call->session, call->handed_out, 1);
    call->handed_out = 0;
    waldo__server_unlock(call->server);
}

/* Instead of the reply that there was. */
static void refuse_reply(waldo_call *call, const waldo_error *error, enum waldo_limit which)
{
    atomic_fetch_add(&call->server->limits.refused[which], 1);
    pack_error(call, error, false);
    call->unpacked = true;
}

static void check_size(waldo_call *call)
{
    size_t limit = call->batch ? waldo__batch_room(call->batch) : waldo__call_reply_limit(call);
    size_t size = waldo__call_reply_size(call);
    if (size <= limit)
        return;
    waldo_error error;
    waldo_error_set(&error, WALDO_ETOOBIG,
                    "the reply has %zu bytes, more than the %zu that are allowed", size, limit);
    refuse_reply(call, &error, WALDO_LIMIT_MESSAGE);
    if (call->batch && call->reply.size > limit)
        pack_error(call, &(waldo_error){.code = WALDO_ETOOBIG}, false);
}

static void check_room(waldo_call *call)
{
    if (waldo__call_take_room(call))
        return;
    waldo_error error;
    waldo_error_set(&error, WALDO_ELIMIT,
                    "the reply has %zu bytes, and the server keeps at most %" PRIu64
                    " of replies that a session has not acknowledged",
                    waldo__call_reply_size(call),
                    call->server->limits.limit[WALDO_LIMIT_KEPT_BYTES]);
    refuse_reply(call, &error, WALDO_LIMIT_KEPT_BYTES);
}

static void finish(waldo_call *call)
{
    check_size(call);
    if (call->numbered)
        check_room(call);
    /* Who answered in the handler's place had nothing of its result. */
    if (call->unpacked && !call->answered_instead) {
        take_back_reference(call);
        waldo__call_lose(call);
    }
    waldo_server *server = call->server;
    waldo__call_ref(call);
    waldo__server_lock(server);
    unlink_call(call);
    bool wakes = !call->batch && waldo__server_queue(call);
    waldo__server_unlock(server);
    if (call->batch)
        waldo__batch_go_on(call->batch, call);
    else if (wakes)
        waldo__server_wake(server);
}

int waldo__call_answer(waldo_call *call, const ProtobufCMessage *body)
{
    if (!claim_for_handler(call))
        return WALDO_ECANCELLED;
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    waldo_error error;
    reply.sequence = call->request->sequence;
    call->unpacked = waldo__call_carry(call, body, &reply, &error) < 0;
    if (call->unpacked)
        pack_error(call, &error, false);
    else
        pack(call, &reply, body, waldo__call_lent(call));
    finish(call);
    return 0;
}

/* Where in the server it happened. */
static void trace(waldo_call *call, waldo_error *error)
{
    if (call->type && call->method)
        snprintf(error->trace, sizeof error->trace, "in %s.%s of object %llu, typeid '%s'",
                 call->type->service->name, call->method->name,
                 (unsigned long long)call->request->object, call->type->type_id);
    else if (call->type)
        snprintf(error->trace, sizeof error->trace, "in %s, typeid '%s'", call->type->service->name,
                 call->type->type_id);
}

int waldo__call_answer_error(waldo_call *call, int code)
{
    if (!claim_for_handler(call))
        return WALDO_ECANCELLED;
    waldo_error error;
    if (call->error && call->error->code == code) {
        error = *call->error;
    } else {
        /* A code of the handler's own says too little without a text. */
        int known = waldo__error_is_known(code) ? code : WALDO_ERUNTIME;
        waldo_error_set(&error, known, "%s", waldo_error_text(code));
    }
    trace(call, &error);
    pack_error(call, &error, call->type != NULL);
    finish(call);
    return 0;
}

/* Answers in the handler's place. Not with call->error: the handler may be writing to it. */
static void answer_instead(waldo_call *call, int code, const char *text)
{
    bool claimed = claim(call);
    if (claimed) {
        call->answered_instead = true;
        waldo_error error;
        waldo_error_set(&error, code, "%s", text);
        pack_error(call, &error, false);
    }
    /* Before the reply is sent: an answered call has no on_cancel any more. */
    waldo__call_cancel(call);
    if (claimed)
        finish(call);
}

void waldo__call_dismiss(waldo_call *call)
{
    answer_instead(call, WALDO_EGONE, "the server is shutting down");
}

void waldo__call_expire(waldo_call *call)
{
    answer_instead(call, WALDO_ETIMEOUT, "the deadline passed while the call was waiting");
}

void waldo__call_take_back(waldo_call *call)
{
    if (claim(call)) {
        /* The handler learns it when it answers. */
        waldo__server_lock(call->server);
        unlink_call(call);
        waldo__server_unlock(call->server);
        /* A server that drains may have waited for this one. */
        waldo__server_wake(call->server);
    } else if (!call->answered_instead) {
        take_back_reference(call);
        waldo__call_lose(call);
    }
}

/* The exposed methods of the type, or nothing: out of memory. */
static bool add_table(waldo_call *call, const waldo__type *type, Waldo__Wire__Created *created)
{
    size_t count = type->service->method_count;
    Waldo__Wire__MethodNumber *rows = waldo__arena_alloc(&call->arena, (count + 1) * sizeof *rows);
    Waldo__Wire__MethodNumber **table =
        waldo__arena_alloc(&call->arena, (count + 1) * sizeof *table);
    if (!rows || !table)
        return false;
    created->methods = table;
    for (size_t i = 0; i < count; i++) {
        if (!type->exposed[i])
            continue;
        waldo__wire__method_number__init(&rows[i]);
        rows[i].number = (uint32_t)i + 1;
        rows[i].name = (char *)type->service->methods[i].name;
        table[created->n_methods++] = &rows[i];
    }
    return true;
}

static void pack_proxy(waldo_call *call, waldo__object *object)
{
    Waldo__Wire__Created created = WALDO__WIRE__CREATED__INIT;
    Waldo__Ref ref = WALDO__REF__INIT;
    ref.incarnation = call->server->incarnation;
    ref.object = object->id;
    ref.typeid_ = object->type->type_id;
    created.ref = &ref;
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    reply.sequence = call->request->sequence;
    reply.proxy = true;
    if (call->request->want_table && !add_table(call, object->type, &created))
        pack_no_memory(call);
    else
        pack(call, &reply, &created.base, nothing);
}

int waldo__call_answer_proxy(waldo_call *call, waldo__object *object)
{
    waldo_server *server = call->server;
    waldo__server_lock(server);
    bool held = waldo__session_hold(call->session, object);
    bool claimed = held && claim(call);
    if (held && !claimed)
        waldo__session_drop(call->session, object->id, 1);
    if (claimed) {
        call->on_cancel = NULL;
        call->handed_out = object->id;
    }
    waldo__server_unlock(server);
    int status = claimed ? 0 : WALDO_ECANCELLED;
    if (claimed) {
        pack_proxy(call, object);
        finish(call);
    } else if (!held) {
        status = waldo__call_answer_error(call, waldo_call_raise(call, WALDO_ENOMEM, "no memory"));
    }
    unpin(server, object);
    return status;
}
