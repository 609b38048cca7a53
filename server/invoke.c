/* What the jobs of calls do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <waldo/value_message.h>

#include "call.h"
#include "generator.h"
#include "server_internal.h"
#include "value/convert.h"
#include "wire/scan.h"
#include "wire/tail.h"

static int unpack_value(const ProtobufCBinaryData *body, waldo_value **ret_value,
                        waldo_error *reterr)
{
    if (body->len > 0)
        return waldo_value_unpack(body->data, body->len, ret_value, reterr);
    *ret_value = waldo_v_none();
    return *ret_value ? 0 : waldo_error_set(reterr, WALDO_ENOMEM, "no memory");
}

/* The library's own bound is the default; a server may want less. */
static int check_depth(waldo_call *call, const ProtobufCMessageDescriptor *descriptor)
{
    waldo__limits *limits = &call->server->limits;
    if (limits->limit[WALDO_LIMIT_DEPTH] >= WALDO__SCAN_DEPTH)
        return 0;
    waldo__scan_limits depth = {(int)limits->limit[WALDO_LIMIT_DEPTH], WALDO__SCAN_MEMORY};
    const ProtobufCBinaryData *body = &call->request->body;
    waldo_error error;
    int status = waldo__scan(descriptor, body->data, body->len, &depth, &error);
    if (status >= 0)
        return 0;
    if (status != WALDO_ERECURSION)
        return waldo__call_raise_error(call, &error);
    atomic_fetch_add(&limits->refused[WALDO_LIMIT_DEPTH], 1);
    return waldo__limit_raise(call, WALDO_LIMIT_DEPTH);
}

static int unpack_message(waldo_call *call, const ProtobufCMessageDescriptor *descriptor,
                          ProtobufCMessage **ret_message, waldo_error *reterr)
{
    const ProtobufCBinaryData *body = &call->request->body;
    if (!call->request->dynamic && call->message)
        return waldo__tail_unpack(descriptor, &call->arena, body->data, body->len, ret_message,
                                  reterr);
    if (!call->request->dynamic)
        return waldo__unpack(descriptor, &call->arena.allocator, body->data, body->len, ret_message,
                             reterr);
    waldo_value *value;
    int status = unpack_value(body, &value, reterr);
    if (status < 0)
        return status;
    status =
        waldo__convert_to_message(value, descriptor, &call->arena.allocator, ret_message, reterr);
    waldo_value_unref(value);
    return status;
}

int waldo__call_unpack_body(waldo_call *call, const ProtobufCMessageDescriptor *descriptor,
                            ProtobufCMessage **ret_message)
{
    if (!descriptor)
        return 0;
    int status = check_depth(call, call->request->dynamic ? &waldo__value__descriptor : descriptor);
    if (status < 0)
        return status;
    waldo_error error;
    status = waldo__carry_in(call->request->buffers, call->request->n_buffers, call->session->near,
                             &call->arrived, &error);
    if (status >= 0)
        status = unpack_message(call, descriptor, ret_message, &error);
    if (status < 0)
        waldo__call_raise_error(call, &error);
    return status;
}

/* ---- creation ---- */

/* Row B6: without a constructor there must be one argument, a proxy, and the new object is another
 * name for what it refers to. */
static int find_referent(waldo_call *call, uint64_t *ret_id)
{
    ProtobufCMessage *message = NULL;
    int status = waldo__call_unpack_body(call, &waldo__ref__descriptor, &message);
    if (status < 0)
        return status;
    const Waldo__Ref *ref = (const Waldo__Ref *)message;
    if (ref->object == 0)
        return waldo_call_raise(call, WALDO_EVALUE,
                                "Without callable, must have one non-keyword argument");
    if (ref->incarnation != call->server->incarnation)
        return waldo_call_raise(call, WALDO_EKEY, "that proxy is of another server");
    *ret_id = ref->object;
    return 0;
}

static int create_alias(waldo_call *call)
{
    waldo_server *server = call->server;
    uint64_t id = 0;
    int status = find_referent(call, &id);
    if (status < 0)
        return status;
    waldo__server_lock(server);
    waldo__object *referent = waldo__object_find(server, id);
    waldo__object *object = NULL;
    bool fits = referent && referent->type->service == call->type->service;
    if (fits)
        object = waldo__object_new(server, call->type, referent->self, referent);
    if (referent)
        waldo__object_unpin(referent);
    waldo__server_unlock(server);
    if (!referent)
        return waldo_call_raise(call, WALDO_EKEY, "no object %" PRIu64, id);
    if (!fits)
        return waldo_call_raise(call, WALDO_ETYPE, "object %" PRIu64 " is no %s", id,
                                call->type->service->name);
    if (!object)
        return waldo__call_no_object(call);
    waldo__call_answer_proxy(call, object);
    return 0;
}

int waldo__step_create(waldo_call *call)
{
    const waldo__type *type = call->type;
    if (!type->service->creates(type->ops))
        return create_alias(call);
    int status = waldo__call_unpack_body(call, type->create_input, &call->arguments);
    if (status < 0)
        return status;
    waldo__object *object;
    status = waldo__call_construct(call, type, call->arguments, &object);
    if (status < 0)
        return status;
    waldo__call_answer_proxy(call, object);
    return 0;
}

/* ---- methods ---- */

int waldo__step_invoke(waldo_call *call)
{
    int status = waldo__call_unpack_body(call, call->method->input, &call->arguments);
    if (status < 0)
        return status;
    status = call->method->invoke(call, call->type->ops, call->object->self, call->arguments);
    bool answered = atomic_load(&call->claimed);
    if (status == 0 && !answered && call->method->flags & WALDO_METHOD_RETURNS_PROXY)
        return waldo_call_return(call, NULL);
    return status;
}

int waldo__step_next(waldo_call *call)
{
    waldo__object *object = call->object;
    if (!object->generator) {
        int status = waldo__generator_begin(call, object);
        if (status < 0)
            return status;
    }
    return waldo__generator_next(object->generator, call);
}

/* ---- what every object answers (row B16) ---- */

waldo_value *waldo__call_repr(waldo_call *call, waldo__object *object)
{
    const waldo_service *service = object->type->service;
    waldo_value *text = NULL;
    int status = WALDO_ENOTIMPLEMENTED;
    if (service->repr)
        status = service->repr(call, object->type->ops, object->self, &text);
    if (status == WALDO_ENOTIMPLEMENTED) {
        char plain[256];
        snprintf(plain, sizeof plain, "<%s object %" PRIu64 ">", service->name, object->id);
        text = waldo_v_str(plain);
    } else if (status < 0) {
        return NULL;
    }
    return text;
}

int waldo__call_answer_value(waldo_call *call, const waldo_value *value)
{
    Waldo__Value *message;
    waldo_error error;
    int status = waldo_value_to_message(value, &call->arena.allocator, &message, &error);
    return status < 0 ? waldo__call_answer_error(call, waldo__call_raise_error(call, &error))
                      : waldo__call_answer(call, &message->base);
}

int waldo__step_repr(waldo_call *call)
{
    waldo_value *text = waldo__call_repr(call, call->object);
    if (!text)
        return call->error && call->error->code < 0 ? call->error->code : WALDO_ENOMEM;
    waldo__call_answer_value(call, text);
    waldo_value_unref(text);
    return 0;
}

int waldo__step_getvalue(waldo_call *call)
{
    const waldo_service *service = call->type->service;
    waldo_value *value = NULL;
    int status = WALDO_ENOTIMPLEMENTED;
    if (service->getvalue)
        status = service->getvalue(call, call->type->ops, call->object->self, &value);
    if (status == WALDO_ENOTIMPLEMENTED)
        return waldo_call_raise(call, WALDO_EREMOTE, "a '%s' has no value that could be copied",
                                call->type->type_id);
    if (status < 0)
        return status;
    if (!value)
        return waldo_call_raise(call, WALDO_ERUNTIME, "getvalue left its result unset");
    waldo__call_answer_value(call, value);
    waldo_value_unref(value);
    return 0;
}
