/* Calls by name, with values: any object, without its header. */
#include "proxy/proxy_internal.h"
#include "value/reference.h"
#include "waldo/value.pb-c.h"
#include "wire/scan.h"
#include <waldo/value_message.h>

void waldo__dynamic_request(waldo_proxy *proxy, const char *method,
                            Waldo__Wire__Request *ret_request)
{
    if (proxy) {
        waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__CALL, ret_request);
    } else {
        waldo__wire__request__init(ret_request);
        ret_request->operation = WALDO__WIRE__OPERATION__CALL;
    }
    ret_request->name = (char *)method;
    ret_request->dynamic = ret_request->want_table = true;
}

int waldo__no_arguments(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM,
                           "no memory for the arguments, or NULL where waldo_v_none() is meant");
}

int waldo__take_arguments(waldo_value *arguments, waldo__arena *arena, Waldo__Value **ret_message,
                          waldo_error *reterr)
{
    int status = arguments
                     ? waldo_value_to_message(arguments, &arena->allocator, ret_message, reterr)
                     : waldo__no_arguments(reterr);
    waldo_value_unref(arguments);
    return status;
}

int waldo_proxy_create(waldo_manager *manager, const char *type_id, waldo_value *arguments,
                       waldo_proxy **ret_proxy, waldo_error *reterr)
{
    waldo__arena arena;
    waldo__arena_init(&arena);
    Waldo__Value *message;
    int status = waldo__take_arguments(arguments, &arena, &message, reterr);
    if (status >= 0)
        status = waldo__create(manager, type_id, &message->base, true, ret_proxy, reterr);
    waldo__arena_free(&arena);
    return status;
}

int waldo__result_of(waldo_manager *manager, const waldo__reply *reply, bool has_table,
                     waldo_value **ret_result, waldo_error *reterr)
{
    const ProtobufCBinaryData *body = &reply->reply->body;
    if (!reply->reply->proxy)
        return waldo_value_unpack(body->data, body->len, ret_result, reterr);
    waldo_proxy *result;
    int status = waldo__proxy_from_reply(manager, reply, has_table, &result, reterr);
    if (status < 0)
        return status;
    status = waldo_proxy_to_value(result, ret_result, reterr);
    waldo_proxy_unref(result);
    return status;
}

int waldo__proxy_in_result(waldo_manager *manager, const waldo_value *result,
                           waldo_proxy **ret_proxy, waldo_error *reterr)
{
    const waldo__reference *reference = waldo__value_reference(result);
    if (!reference || !reference->live)
        return waldo_proxy_from_value(manager, result, ret_proxy, reterr);
    *ret_proxy = waldo_proxy_ref(reference->live);
    return 0;
}

static int exchange(waldo_proxy *proxy, Waldo__Wire__Request *request,
                    const ProtobufCMessage *arguments, waldo_value **ret_result,
                    waldo_error *reterr)
{
    waldo__reply reply;
    int status = waldo__exchange(proxy->manager, request, arguments, waldo__proxy_timeout(proxy, 0),
                                 &reply, reterr);
    if (status < 0)
        return status;
    status = waldo__result_of(proxy->manager, &reply, true, ret_result, reterr);
    waldo__reply_free(&reply);
    return status;
}

int waldo_proxy_call(waldo_proxy *proxy, const char *method, waldo_value *arguments,
                     waldo_value **ret_result, waldo_error *reterr)
{
    waldo__arena arena;
    waldo__arena_init(&arena);
    Waldo__Value *message;
    int status = waldo__take_arguments(arguments, &arena, &message, reterr);
    if (status >= 0) {
        Waldo__Wire__Request request;
        waldo__dynamic_request(proxy, method, &request);
        status = exchange(proxy, &request, &message->base, ret_result, reterr);
    }
    waldo__arena_free(&arena);
    return status;
}

int waldo_proxy_next(waldo_proxy *proxy, waldo_value **ret_item, waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__NEXT, &request);
    request.dynamic = request.want_table = true;
    waldo_error error;
    int status = exchange(proxy, &request, NULL, ret_item, &error);
    if (status >= 0)
        return 1;
    if (status == WALDO_ESTOP)
        return 0;
    if (reterr)
        *reterr = error;
    return status;
}

int waldo_proxy_getvalue(waldo_proxy *proxy, waldo_value **ret_value, waldo_error *reterr)
{
    return waldo_proxy_call(proxy, "#GETVALUE", waldo_v_none(), ret_value, reterr);
}
