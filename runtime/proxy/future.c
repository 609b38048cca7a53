/* Calls that are waited for later. */
#include "proxy/future_internal.h"

#include <stdlib.h>
#include <string.h>

#include "memory/last.h"
#include "process/id.h"
#include "proxy/proxy_internal.h"
#include "wire/simple.h"
#include "wire/tail.h"
#include <waldo/value_message.h>

/* ---- starting ---- */

static bool pack_body(waldo_future *future, const ProtobufCMessage *arguments)
{
    waldo__buffer *body = &future->body;
    if (!arguments)
        return true;
    if (!waldo__buffer_reserve(body, WALDO__SIMPLE_ROOM))
        return false;
    if (!waldo__simple_pack(arguments, body->data, &body->size)) {
        if (!waldo__buffer_reserve(body, protobuf_c_message_get_packed_size(arguments)))
            return false;
        body->size = protobuf_c_message_pack(arguments, body->data);
    }
    future->request.body = (ProtobufCBinaryData){body->size, body->data};
    return true;
}

/* The call is over, with a status >= 0. */
static int make_value(waldo_future *future, waldo_error *reterr)
{
    return future->value ? 0
                         : waldo__result_of(future->manager, &future->reply,
                                            future->request.want_table, &future->value, reterr);
}

static void end_spare(void *block)
{
    waldo_future *future = block;
    waldo__buffer_free(&future->body);
    waldo__buffer_free(&future->reply_room);
    if (future->has_lock) {
        pthread_cond_destroy(&future->changed);
        pthread_mutex_destroy(&future->lock);
    }
}

void waldo__futures_init(waldo__spares *spares)
{
    waldo__spares_init(spares, sizeof(waldo_future), end_spare);
}

static void destroy(waldo_future *future)
{
    /* In a child the parent's reader may have been in the middle of it. */
    if (future->over || !waldo__future_is_of_parent(future))
        future->reply_room = future->attempt.way.slot.buffer;
    if (future->over && future->status >= 0) {
        /* A reference that nobody asked for is given back. */
        if (future->reply.reply->proxy)
            (void)make_value(future, NULL);
        waldo_value_unref(future->value);
        waldo__arena_free(&future->reply.arena);
        future->reply_room = future->reply.bytes;
    }
    waldo__carried_free(&future->attempt.carried);
    /* In a child these may have waiters that are threads of the parent's. */
    if (waldo__future_is_of_parent(future))
        future->has_lock = false;
    free(future->name);
    waldo_manager *manager = future->manager;
    waldo_proxy *proxy = future->proxy;
    waldo__spares_trim(&future->body);
    waldo__spares_trim(&future->reply_room);
    waldo__spares_give(&manager->spare_futures, future);
    waldo_proxy_unref(proxy);
    if (!proxy)
        waldo_manager_unref(manager);
}

/* *request is copied, and its name. */
static waldo_future *make(waldo_manager *manager, waldo_proxy *proxy,
                          const Waldo__Wire__Request *request, const ProtobufCMessage *arguments,
                          double timeout)
{
    waldo_future *future = waldo__spares_take(&manager->spare_futures);
    if (!future)
        return NULL;
    memset(future, 0, offsetof(waldo_future, has_lock));
    if (!future->has_lock) {
        pthread_mutex_init(&future->lock, NULL);
        waldo__init_condition(&future->changed);
        future->has_lock = true;
    }
    atomic_init(&future->references, 1);
    future->manager = proxy ? manager : waldo_manager_ref(manager);
    future->proxy = waldo_proxy_ref(proxy);
    future->process = waldo__process_id();
    future->request = *request;
    future->attempt = (waldo__attempt){.manager = manager,
                                       .request = &future->request,
                                       .deadline = waldo__deadline_in(timeout),
                                       .absent_patience = WALDO__NEVER,
                                       .life = waldo__manager_life(manager),
                                       .may_wait = true,
                                       .way.slot = {.lasting = true, .buffer = future->reply_room}};
    future->reply_room = (waldo__buffer){0};
    bool named = request->name[0] != '\0';
    future->name = named ? strdup(request->name) : NULL;
    if (named)
        future->request.name = future->name;
    if ((named && !future->name) || !pack_body(future, arguments)) {
        destroy(future);
        return NULL;
    }
    return future;
}

/* A failure to send is the result: it is told where the others are. */
static int start(waldo_manager *manager, waldo_proxy *proxy, const Waldo__Wire__Request *request,
                 const ProtobufCMessage *arguments, double timeout, waldo_future **ret_future,
                 waldo_error *reterr)
{
    waldo_future *future = make(manager, proxy, request, arguments, timeout);
    if (!future)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a call");
    int status = waldo__carry_collect(arguments, &future->attempt.carried, reterr);
    if (status < 0) {
        destroy(future);
        return status;
    }
    waldo_error error;
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    status = waldo__attempt_send(&future->attempt, &error);
    if (status < 0) {
        waldo__future_finish(future, status, &error);
        waldo__attempt_end(&future->attempt, status);
    }
    pthread_setcancelstate(before, NULL);
    if (status < 0)
        waldo__manager_notice(manager, future->attempt.life, status, &error);
    *ret_future = future;
    return 0;
}

int waldo_call_async(waldo_proxy *proxy, const char *method, waldo_value *arguments,
                     waldo_future **ret_future, waldo_error *reterr)
{
    waldo__arena arena;
    waldo__arena_init(&arena);
    Waldo__Value *message;
    int status = waldo__take_arguments(arguments, &arena, &message, reterr);
    if (status >= 0) {
        Waldo__Wire__Request request;
        waldo__dynamic_request(proxy, method, &request);
        status = start(proxy->manager, proxy, &request, &message->base,
                       waldo__proxy_timeout(proxy, 0), ret_future, reterr);
    }
    waldo__arena_free(&arena);
    return status;
}

static int create(waldo_manager *manager, const char *type_id, bool dynamic,
                  const ProtobufCMessage *arguments, waldo_future **ret_future, waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__create_request(manager, type_id, dynamic, &request);
    return start(manager, NULL, &request, arguments, manager->call_timeout, ret_future, reterr);
}

int waldo_create_async(waldo_manager *manager, const char *type_id, waldo_value *arguments,
                       waldo_future **ret_future, waldo_error *reterr)
{
    waldo__arena arena;
    waldo__arena_init(&arena);
    Waldo__Value *message;
    int status = waldo__take_arguments(arguments, &arena, &message, reterr);
    if (status >= 0)
        status = create(manager, type_id, true, &message->base, ret_future, reterr);
    waldo__arena_free(&arena);
    return status;
}

int waldo_proxy_new_async(waldo_manager *manager, const waldo_proxy_type *type,
                          const ProtobufCMessage *arguments, waldo_future **ret_future,
                          waldo_error *reterr)
{
    int status = waldo__check_abi(type, reterr);
    if (status >= 0)
        status = create(manager, type->type_id, false, arguments, ret_future, reterr);
    if (status >= 0)
        (*ret_future)->origin = type;
    return status;
}

int waldo_proxy_invoke_async(waldo_proxy *proxy, const waldo_proxy_method *method,
                             const ProtobufCMessage *arguments, waldo_future **ret_future,
                             waldo_error *reterr)
{
    Waldo__Wire__Request request;
    int status = waldo__proxy_prepare(proxy, method, &request, reterr);
    if (status < 0)
        return status;
    request.want_table = method->output == &waldo__ref__descriptor;
    status = start(proxy->manager, proxy, &request, arguments,
                   waldo__proxy_timeout(proxy, method->deadline_ms), ret_future, reterr);
    if (status >= 0)
        (*ret_future)->origin = method;
    return status;
}

int waldo_manager_flush(waldo_manager *manager, waldo_error *reterr)
{
    return waldo__links_flush(manager, waldo__deadline_in(manager->call_timeout), reterr);
}

/* ---- results ---- */

static int await_result(waldo_future *future, double seconds, waldo_error *reterr)
{
    if (waldo__future_is_of_parent(future))
        return waldo_error_set(reterr, WALDO_EFORK, "the call is one of the parent process");
    if (waldo_future_wait(future, seconds) == 0)
        return waldo_error_set(reterr, WALDO_ETIMEOUT, "the call is not over yet");
    if (future->status < 0 && reterr)
        *reterr = future->error;
    return future->status < 0 ? future->status : 0;
}

int waldo_future_result(waldo_future *future, double seconds, waldo_value **ret_result,
                        waldo_error *reterr)
{
    if (future->origin)
        return waldo_error_set(reterr, WALDO_ETYPE, "the call's result is a message, not a value");
    int status = await_result(future, seconds, reterr);
    if (status < 0)
        return status;
    pthread_mutex_lock(&future->lock);
    status = make_value(future, reterr);
    if (status >= 0)
        *ret_result = waldo_value_ref(future->value);
    pthread_mutex_unlock(&future->lock);
    return status;
}

static int check_origin(const waldo_future *future, const void *origin, waldo_error *reterr)
{
    return future->origin == origin
               ? 0
               : waldo_error_set(reterr, WALDO_ETYPE, "the future is not one of this call");
}

int waldo_future_proxy_of(waldo_future *future, const void *of, double seconds,
                          waldo_proxy **ret_proxy, waldo_error *reterr)
{
    int status = check_origin(future, of, reterr);
    if (status >= 0)
        status = await_result(future, seconds, reterr);
    if (status < 0)
        return status;
    /* A message is no value. */
    if (of && !future->reply.reply->proxy)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the reply holds no proxy");
    pthread_mutex_lock(&future->lock);
    status = make_value(future, reterr);
    if (status >= 0)
        status = waldo__proxy_in_result(future->manager, future->value, ret_proxy, reterr);
    pthread_mutex_unlock(&future->lock);
    return status;
}

int waldo_future_proxy(waldo_future *future, double seconds, waldo_proxy **ret_proxy,
                       waldo_error *reterr)
{
    return waldo_future_proxy_of(future, NULL, seconds, ret_proxy, reterr);
}

int waldo_future_message(waldo_future *future, const waldo_proxy_method *method, double seconds,
                         ProtobufCMessage **ret_result, waldo_error *reterr)
{
    int status = check_origin(future, method, reterr);
    if (status >= 0)
        status = await_result(future, seconds, reterr);
    if (status < 0 || !method->output)
        return status;
    const ProtobufCBinaryData *body = &future->reply.reply->body;
    /* Which may be asked for again. */
    return waldo__tail_unpack_copy(method->output, body->data, body->len, NULL, ret_result, reterr);
}

waldo_future *waldo_future_ref(waldo_future *future)
{
    if (future)
        atomic_fetch_add(&future->references, 1);
    return future;
}

waldo_future *waldo_future_unref(waldo_future *future)
{
    if (!future || !waldo__is_last(&future->references))
        return NULL;
    /* What is not over and cannot be cancelled is about to be over. */
    while (!future->over && !waldo__future_is_of_parent(future) && !waldo_future_cancel(future))
        (void)!waldo_future_wait(future, 0);
    destroy(future);
    return NULL;
}
