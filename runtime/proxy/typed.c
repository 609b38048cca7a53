/* What generated stubs call. */
#include <string.h>

#include "proxy/proxy_internal.h"
#include "wire/tail.h"

int waldo__check_abi(const waldo_proxy_type *type, waldo_error *reterr)
{
    if (type->abi == WALDO_ABI)
        return 0;
    return waldo_error_set(reterr, WALDO_EVERSION,
                           "'%s' was generated for ABI %u of Waldo, this is ABI %d", type->type_id,
                           type->abi, WALDO_ABI);
}

int waldo_proxy_new(waldo_manager *manager, const waldo_proxy_type *type, const char *type_id,
                    const ProtobufCMessage *arguments, waldo_proxy **ret_proxy, waldo_error *reterr)
{
    int status = waldo__check_abi(type, reterr);
    if (status < 0)
        return status;
    return waldo__create(manager, type_id ? type_id : type->type_id, arguments, false, ret_proxy,
                         reterr);
}

void waldo__create_request(waldo_manager *manager, const char *type_id, bool dynamic,
                           Waldo__Wire__Request *ret_request)
{
    waldo__wire__request__init(ret_request);
    ret_request->operation = WALDO__WIRE__OPERATION__CREATE;
    ret_request->name = (char *)type_id;
    ret_request->dynamic = dynamic;
    ret_request->want_table = waldo__remote_type_find(manager, type_id) == NULL;
}

static int ask_for_proxy(waldo_manager *manager, Waldo__Wire__Request *request,
                         const ProtobufCMessage *arguments, waldo_proxy **ret_proxy,
                         waldo_error *reterr)
{
    waldo__reply reply;
    if (waldo_manager_state_of(manager) != WALDO_MANAGER_STARTED)
        return waldo_error_set(reterr, WALDO_EASSERTION, "server not yet started");
    int status =
        waldo__exchange(manager, request, arguments, manager->call_timeout, &reply, reterr);
    if (status < 0)
        return status;
    status = waldo__proxy_from_reply(manager, &reply, request->want_table, ret_proxy, reterr);
    waldo__reply_free(&reply);
    return status;
}

int waldo__create(waldo_manager *manager, const char *type_id, const ProtobufCMessage *arguments,
                  bool dynamic, waldo_proxy **ret_proxy, waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__create_request(manager, type_id, dynamic, &request);
    return ask_for_proxy(manager, &request, arguments, ret_proxy, reterr);
}

static int find_shared(waldo_manager *manager, const char *name, waldo_proxy **ret_proxy,
                       waldo_error *reterr)
{
    Waldo__Wire__Request request;
    if (!name || !name[0])
        return waldo_error_set(reterr, WALDO_EVALUE, "a shared object has a name");
    waldo__create_request(manager, name, false, &request);
    request.shared = true;
    return ask_for_proxy(manager, &request, NULL, ret_proxy, reterr);
}

int waldo_proxy_from_name(waldo_manager *manager, const waldo_proxy_type *type, const char *name,
                          waldo_proxy **ret_proxy, waldo_error *reterr)
{
    waldo_proxy *proxy;
    int status = waldo__check_abi(type, reterr);
    if (status >= 0)
        status = find_shared(manager, name, &proxy, reterr);
    if (status < 0)
        return status;
    status = waldo_proxy_check(proxy, type, reterr);
    if (status < 0)
        waldo_proxy_unref(proxy);
    else
        *ret_proxy = proxy;
    return status;
}

int waldo__proxy_prepare(waldo_proxy *proxy, const waldo_proxy_method *method,
                         Waldo__Wire__Request *ret_request, waldo_error *reterr)
{
    const waldo__binding *binding = waldo__remote_type_bind(proxy->type, method->type);
    if (!binding)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a method table");
    uint32_t number = binding->numbers[method->position];
    if (number == 0)
        return waldo_error_set(reterr, WALDO_EATTRIBUTE, "'%s' exposes no method '%s'",
                               proxy->type->type_id, method->type->methods[method->position]);
    waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__CALL, ret_request);
    ret_request->method = number;
    return 0;
}

static int unpack_body(waldo__reply *reply, const ProtobufCMessageDescriptor *descriptor,
                       ProtobufCMessage **ret_message, waldo_error *reterr)
{
    const ProtobufCBinaryData *body = &reply->reply->body;
    int status = 0;
    if (reply->led > 0) {
        status = waldo__tail_unpack_led(descriptor, body->data, body->len, reply->led,
                                        &reply->bytes, ret_message, reterr);
        if (status == 0)
            status = waldo__reply_join(reply, reterr);
        else if (status > 0)
            return 0;
        body = &reply->reply->body;
    }
    if (status < 0)
        return status;
    return waldo__tail_unpack_copy(descriptor, body->data, body->len, &reply->bytes, ret_message,
                                   reterr);
}

static int invoke(waldo_proxy *proxy, const waldo_proxy_method *method,
                  const ProtobufCMessage *arguments, double timeout, ProtobufCMessage **ret_result,
                  waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__reply reply;
    int status = waldo__proxy_prepare(proxy, method, &request, reterr);
    if (status >= 0)
        status =
            waldo__exchange_in_parts(proxy->manager, &request, arguments, timeout, &reply, reterr);
    if (status < 0)
        return status;
    if (method->output)
        status = unpack_body(&reply, method->output, ret_result, reterr);
    waldo__reply_free(&reply);
    return status;
}

int waldo_proxy_invoke(waldo_proxy *proxy, const waldo_proxy_method *method,
                       const ProtobufCMessage *arguments, ProtobufCMessage **ret_result,
                       waldo_error *reterr)
{
    return invoke(proxy, method, arguments, waldo__proxy_timeout(proxy, method->deadline_ms),
                  ret_result, reterr);
}

int waldo__proxy_invoke_waiting(waldo_proxy *proxy, const waldo_proxy_type *type,
                                const char *method, const ProtobufCMessageDescriptor *output,
                                const ProtobufCMessage *arguments, double seconds,
                                ProtobufCMessage **ret_result, waldo_error *reterr)
{
    waldo_proxy_method called = {.type = type, .output = output};
    while (called.position < type->method_count &&
           strcmp(type->methods[called.position], method) != 0)
        called.position++;
    if (called.position == type->method_count)
        return waldo_error_set(reterr, WALDO_EATTRIBUTE, "'%s' has no method '%s'", type->type_id,
                               method);
    return invoke(proxy, &called, arguments, seconds + waldo__proxy_timeout(proxy, 0), ret_result,
                  reterr);
}

int waldo_proxy_invoke_proxy(waldo_proxy *proxy, const waldo_proxy_method *method,
                             const ProtobufCMessage *arguments, waldo_proxy **ret_result,
                             waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__reply reply;
    int status = waldo__proxy_prepare(proxy, method, &request, reterr);
    if (status < 0)
        return status;
    request.want_table = true;
    status = waldo__exchange(proxy->manager, &request, arguments,
                             waldo__proxy_timeout(proxy, method->deadline_ms), &reply, reterr);
    if (status < 0)
        return status;
    status = waldo__proxy_from_reply(proxy->manager, &reply, true, ret_result, reterr);
    waldo__reply_free(&reply);
    return status;
}
