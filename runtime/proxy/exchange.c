/* One request and its reply on a link. */
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error_internal.h"
#include "proxy/manager_internal.h"
#include "wire/envelope.h"
#include "wire/scan.h"

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

static int pack(waldo_manager *manager, Waldo__Wire__Request *request,
                const ProtobufCMessage *body, waldo__deadline deadline, waldo__buffer *buffer,
                waldo_error *reterr)
{
    uint64_t left = waldo__deadline_left(deadline);
    request->timeout = left == UINT64_MAX ? 0 : left / 1000 + 1;
    request->thread = current_thread();
    int status = waldo__envelope_request(buffer, request, body, reterr);
    if (status < 0)
        return status;
    size_t limit = manager->max_message, servers = atomic_load(&manager->server_max);
    if (servers > 0 && servers < limit)
        limit = servers;
    if (buffer->size > limit)
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "the request has %zu bytes, more than the %zu that are allowed",
                               buffer->size, limit);
    return 0;
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

static int unpack_reply(waldo__reply *reply, waldo_error *reterr)
{
    ProtobufCMessage *message;
    int status = waldo__unpack(&waldo__wire__reply__descriptor, &reply->arena.allocator,
                               reply->bytes.data, reply->bytes.size, &message, reterr);
    if (status < 0)
        return status;
    reply->reply = (Waldo__Wire__Reply *)message;
    return 0;
}

/* Reads until the reply to the link's last request; earlier ones were given up. */
static int receive(waldo__link *link, const waldo__client_engine *engine, waldo__buffer *bytes,
                   waldo__deadline deadline, waldo_error *reterr)
{
    uint32_t id;
    do {
        int status = engine->receive(link->channel, &id, bytes, deadline, reterr);
        if (status < 0)
            return status;
    } while (id != link->last_id);
    return 0;
}

int waldo__collect(waldo__link *link, waldo__deadline deadline, waldo_error *reterr)
{
    if (!link->owed)
        return 0;
    waldo__buffer bytes = {0};
    int status = receive(link, link->engine, &bytes, deadline, reterr);
    waldo__buffer_free(&bytes);
    if (status >= 0)
        link->owed = false;
    return status;
}

static int send_request(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                        const ProtobufCMessage *body, waldo__deadline deadline,
                        waldo__buffer *buffer, waldo_error *reterr)
{
    int status = waldo__collect(link, deadline, reterr);
    if (status < 0) {
        link->broken = true;
        return status;
    }
    buffer->size = 0;
    status = pack(manager, request, body, deadline, buffer, reterr);
    if (status < 0)
        return status;
    link->last_id = (link->last_id + 1) | WALDO__REQUEST_ID_FLAG;
    struct iovec part = {buffer->data, buffer->size};
    status = link->engine->send(link->channel, link->last_id, &part, 1, deadline, reterr);
    if (status < 0 && status != WALDO_ETOOBIG)
        link->broken = true;
    return status;
}

int waldo__exchange_on(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, waldo__deadline deadline,
                       waldo__reply *ret_reply, waldo_error *reterr)
{
    waldo__reply reply = {0};
    waldo__arena_init(&reply.arena);
    int status = send_request(manager, link, request, body, deadline, &reply.bytes, reterr);
    if (status >= 0) {
        status = receive(link, link->engine, &reply.bytes, deadline, reterr);
        if (status >= 0)
            status = unpack_reply(&reply, reterr);
        /* Whatever this was, the next reply on the link might be this request's. */
        if (status < 0)
            link->broken = true;
    }
    if (status >= 0 && reply.reply->status < 0) {
        status = remote_error(reply.reply, reterr);
        /* Perhaps the server knows no session here (libnanomsg connects again by itself): the next
         * call begins with HELLO. */
        if (status == WALDO_EPROTOCOL && !reply.reply->raised)
            link->broken = true;
    }
    if (status < 0) {
        waldo__reply_free(&reply);
        return status;
    }
    *ret_reply = reply;
    /* The allocator points into the arena: it moved. */
    ret_reply->arena.allocator.allocator_data = &ret_reply->arena;
    return 0;
}

int waldo__send_on(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                   waldo__deadline deadline, waldo_error *reterr)
{
    waldo__buffer buffer = {0};
    int status = send_request(manager, link, request, NULL, deadline, &buffer, reterr);
    waldo__buffer_free(&buffer);
    if (status >= 0)
        link->owed = true;
    return status;
}

int waldo__exchange(waldo_manager *manager, Waldo__Wire__Request *request,
                    const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                    waldo_error *reterr)
{
    waldo__deadline deadline = waldo__deadline_in(timeout);
    waldo__link *link;
    int status = waldo__link_take(manager, deadline, &link, reterr);
    if (status < 0)
        return status;
    status = waldo__exchange_on(manager, link, request, body, deadline, ret_reply, reterr);
    waldo__link_give(manager, link);
    return status;
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
