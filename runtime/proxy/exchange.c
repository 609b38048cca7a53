/* One request and its reply on a link. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error_internal.h"
#include "memory/carry.h"
#include "process/id.h"
#include "proxy/attempt.h"
#include "wire/envelope.h"
#include "wire/tail.h"

void waldo__reply_init(waldo__reply *reply, unsigned life)
{
    reply->life = life;
    reply->led = 0;
    reply->bytes = reply->short_message = (waldo__buffer){0};
    waldo__arena_init(&reply->arena);
}

void waldo__reply_free(waldo__reply *reply)
{
    waldo__arena_free(&reply->arena);
    waldo__buffer_free(&reply->bytes);
    waldo__buffer_free(&reply->short_message);
}

/* The caller's thread, once asked for; a forked child's main thread has another id than the thread
 * that forked it, and a session of its own. */
static uint64_t current_thread(void)
{
    static _Thread_local pid_t owner;
    static _Thread_local uint64_t thread;
    pid_t process = waldo__process_id();
    if (owner != process) {
        owner = process;
        thread = (uint64_t)syscall(SYS_gettid);
    }
    return thread;
}

/* Appends the request to the frame that the link is making; by the thread that sends. */
static int pack(waldo__link *link, Waldo__Wire__Request *request, const ProtobufCMessage *body,
                waldo__deadline deadline, waldo_error *reterr)
{
    waldo__buffer *frame;
    uint64_t left = waldo__deadline_left_about(deadline);
    request->timeout = left == UINT64_MAX ? 0 : left / 1000 + 1;
    request->thread = current_thread();
    int status = waldo__link_begin(link, deadline, &frame, reterr);
    if (status < 0)
        return status;
    size_t before = frame->size;
    ProtobufCBinaryData tail;
    status = waldo__envelope_request_before(frame, request, body, &tail, reterr);
    if (status < 0)
        return status;
    size_t size = frame->size - before + tail.len;
    if (size > link->max_message)
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the request has %zu bytes, more than the %zu that are allowed "
                               "(waldod --max-message, and max_message of the manager)",
                               size, link->max_message);
    return tail.len > 0 ? waldo__link_add_tail(link, tail.data, tail.len, reterr) : 0;
}

int waldo__remote_error(const Waldo__Wire__Reply *reply, waldo_error *reterr)
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

int waldo__way_send(waldo__way *way, Waldo__Wire__Request *request, const ProtobufCMessage *body,
                    bool acknowledges, bool may_wait, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__link *link = way->link;
    way->outcome = (waldo__outcome){0};
    int status = waldo__link_enter(link, &way->slot, deadline, reterr);
    if (status < 0)
        return status;
    /* What it may list is the link's, and this thread's for so long. */
    if (!acknowledges)
        waldo__pending_acknowledge(way->manager, link, request);
    status = pack(link, request, body, deadline, reterr);
    if (status < 0)
        waldo__link_leave(link, &way->slot, deadline);
    else if (may_wait)
        status = waldo__link_post(link, &way->slot, deadline, &way->outcome.sent, reterr);
    else
        status = waldo__link_send(link, &way->slot, deadline, &way->outcome.sent, reterr);
    return status;
}

/* ---- what comes in two parts ---- */

/* Its lead is the end of what came, and goes before the rest. */
int waldo__reply_join(waldo__reply *reply, waldo_error *reterr)
{
    uint8_t lead[WALDO__LEAD_MOST];
    waldo__buffer *bytes = &reply->bytes;
    size_t before = bytes->size - reply->led; /* with the frame's head */
    const uint8_t *data = bytes->data + before - reply->lead;
    size_t size = reply->lead + reply->led;
    memcpy(lead, bytes->data + reply->led, before);
    memmove(bytes->data + before, bytes->data, reply->led);
    memcpy(bytes->data, lead, before);
    reply->led = 0;
    return waldo__envelope_read_reply(&reply->arena, data, size, &reply->reply, reterr);
}

/* false: it is not to be had in parts. */
static bool read_in_parts(const waldo__slot *slot, waldo__reply *reply)
{
    waldo__buffer *message = &reply->short_message;
    if (!waldo__tail_leave_out(slot->data, slot->size, slot->led, message) ||
        waldo__envelope_read_reply(&reply->arena, message->data, message->size, &reply->reply,
                                   NULL) < 0)
        return false;
    const ProtobufCBinaryData *body = &reply->reply->body;
    return body->len > 0 && body->data + body->len == message->data + message->size;
}

static int read_reply(const waldo__way *way, waldo__reply *reply, waldo_error *reterr)
{
    const waldo__slot *slot = &way->slot;
    if (slot->led == 0)
        return waldo__envelope_read_reply(&reply->arena, slot->data, slot->size, &reply->reply,
                                          reterr);
    reply->led = slot->led;
    reply->lead = slot->size;
    return way->in_parts && read_in_parts(slot, reply) ? 0 : waldo__reply_join(reply, reterr);
}

static int unpack_reply(const waldo__link *link, const waldo__way *way, waldo__reply *reply,
                        waldo__outcome *outcome, waldo_error *reterr)
{
    int status = read_reply(way, reply, reterr);
    if (status >= 0)
        status = waldo__carry_in(reply->reply->buffers, reply->reply->n_buffers, link->reaches,
                                 NULL, reterr);
    outcome->nonsense = status == WALDO_EPROTOCOL;
    if (status < 0)
        return status;
    outcome->answered = true;
    if (reply->reply->status >= 0)
        return 0;
    status = waldo__remote_error(reply->reply, reterr);
    /* The server has no session here any more, or ends. */
    outcome->refused =
        (status == WALDO_EPROTOCOL || status == WALDO_EGONE) && !reply->reply->raised;
    return status;
}

int waldo__way_finish(waldo__way *way, int status, waldo__reply *ret_reply, waldo_error *reterr)
{
    waldo__link *link = way->link;
    waldo__outcome *outcome = &way->outcome;
    /* Where one call is all that a link carries, the next reply on it would be this one's. */
    if (status < 0 && outcome->sent && !link->shared)
        waldo__link_break(link, WALDO_EGONE, &(waldo_error){.message = "a call was given up"});
    if (status < 0)
        return status;
    atomic_store_explicit(&way->manager->heard_at, waldo__lately(), memory_order_relaxed);
    waldo__reply_init(ret_reply, link->life);
    ret_reply->bytes = way->slot.buffer;
    way->slot.buffer = (waldo__buffer){0};
    status = unpack_reply(link, way, ret_reply, outcome, reterr);
    if (!outcome->answered || outcome->refused)
        waldo__link_retire(way->manager, link);
    if (status < 0)
        waldo__reply_free(ret_reply);
    return status < 0 ? status : 0;
}

int waldo__exchange_on(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, waldo__deadline deadline,
                       waldo__reply *ret_reply, waldo__outcome *ret_outcome, waldo_error *reterr)
{
    waldo__way way = {.manager = manager, .link = link};
    int status = waldo__way_send(&way, request, body, false, false, deadline, reterr);
    if (status >= 0)
        status = waldo__link_await(link, &way.slot, deadline, false, reterr);
    status = waldo__way_finish(&way, status, ret_reply, reterr);
    *ret_outcome = way.outcome;
    return status;
}
