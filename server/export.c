/* Making an object the result of a call: by a constructor, or by a handler that exports one. */
#include <string.h>

#include "call.h"
#include "server_internal.h"
#include "value/convert.h"

waldo_export *waldo_call_export(waldo_call *call)
{
    return &call->exported;
}

int waldo__call_no_object(waldo_call *call)
{
    const waldo__limits *limits = &call->server->limits;
    if (atomic_load(&limits->now[WALDO_LIMIT_OBJECTS]) >= limits->limit[WALDO_LIMIT_OBJECTS])
        return waldo__limit_raise(call, WALDO_LIMIT_OBJECTS);
    return waldo_call_raise(call, WALDO_ENOMEM, "no memory for an object");
}

int waldo__call_adopt(waldo_call *call, const waldo__type *type, void *self,
                      waldo__object **ret_object)
{
    waldo_server *server = call->server;
    waldo__server_lock(server);
    waldo__object *owner = waldo__object_find_self(server, self);
    waldo__object *object = owner;
    /* Under another typeid it is a second name: only its first object destroys it. */
    if (!owner || owner->type != type)
        object = waldo__object_new(server, type, self, owner);
    if (owner && object != owner)
        waldo__object_unpin(owner);
    waldo__server_unlock(server);
    if (!object)
        return waldo__call_no_object(call);
    *ret_object = object;
    return 0;
}

/* A constructor may also have found what another object owns. */
static bool is_owned(waldo_server *server, void *self)
{
    waldo__server_lock(server);
    waldo__object *owner = waldo__object_find_self(server, self);
    if (owner)
        waldo__object_unpin(owner);
    waldo__server_unlock(server);
    return owner != NULL;
}

/* What a constructor made: where there is no room for an object it is destroyed. */
static int adopt_created(waldo_call *call, const waldo__type *type, void *self,
                         waldo__object **ret_object)
{
    int status = waldo__call_adopt(call, type, self, ret_object);
    if (status < 0 && type->service->destroy && !is_owned(call->server, self))
        type->service->destroy(type->ops, self);
    return status;
}

int waldo__call_make(waldo_call *call, const waldo__type *type, const ProtobufCMessage *input,
                     waldo__object **ret_object)
{
    void *self = NULL;
    int status = type->service->create(call, type->ops, type->type_data, input, &self);
    if (status > 0)
        return waldo_call_raise(call, WALDO_ERUNTIME, "the constructor returned %d", status);
    return status < 0 ? status : adopt_created(call, type, self, ret_object);
}

int waldo__call_construct(waldo_call *call, const waldo__type *type, const ProtobufCMessage *input,
                          waldo__object **ret_object)
{
    if (!type->shared_arguments)
        return waldo__call_make(call, type, input, ret_object);
    /* Fields of the type's own constructor, from a typed client. */
    if (input && input->n_unknown_fields > 0)
        return waldo_call_raise(call, WALDO_ETYPE, "no arguments are taken");
    return waldo__call_share(call, type, ret_object);
}

int waldo__call_convert(waldo_call *call, const waldo_value *arguments,
                        const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_input)
{
    waldo_error error;
    if (descriptor && waldo__convert_to_message(arguments, descriptor, &call->arena.allocator,
                                                ret_input, &error) < 0)
        return waldo__call_raise_error(call, &error);
    return 0;
}

int waldo__call_construct_from(waldo_call *call, const waldo__type *type,
                               const waldo_value *arguments, waldo__object **ret_object)
{
    if (!type->service->creates(type->ops))
        return waldo_call_raise(call, WALDO_ERUNTIME, "'%s' has no constructor", type->type_id);
    ProtobufCMessage *input = NULL;
    int status = waldo__call_convert(call, arguments, type->create_input, &input);
    return status < 0 ? status : waldo__call_construct(call, type, input, ret_object);
}

int waldo__call_may_create(waldo_call *call, const waldo__type *type)
{
    waldo__server_lock(call->server);
    bool may = waldo__key_may_create(call->session->key, type->type_id);
    waldo__server_unlock(call->server);
    if (!may)
        return waldo_call_raise(call, WALDO_EPERMISSION, "this key may not create a '%s'",
                                type->type_id);
    if (type->no_create)
        return waldo_call_raise(call, WALDO_EATTRIBUTE,
                                "objects of type '%s' are not created by clients", type->type_id);
    return 0;
}

/* The type that the method's result has, as the .proto or method_to_typeid says (row C8). */
static int result_type(waldo_call *call, const waldo__type **ret_type)
{
    const char *type_id = NULL;
    if (call->type && call->method && call->method->flags & WALDO_METHOD_RETURNS_PROXY)
        type_id = call->type->returns[call->method - call->type->service->methods];
    if (!type_id)
        return waldo_call_raise(call, WALDO_ERUNTIME, "this method returns no proxy");
    const waldo__type *type = waldo__registry_find(call->server->registry, type_id);
    if (!type)
        return waldo_call_raise(call, WALDO_EKEY,
                                "the method returns a '%s', which this server does not offer",
                                type_id);
    *ret_type = type;
    return 0;
}

static int set_once(waldo_export *target)
{
    if (target->object)
        return waldo_call_raise(target->call, WALDO_ERUNTIME, "an object was exported already");
    return 0;
}

int waldo_export_object(waldo_export *target, const waldo_service *service, void *self)
{
    waldo_call *call = target->call;
    const waldo__type *type;
    int status = set_once(target);
    if (status >= 0)
        status = result_type(call, &type);
    if (status < 0)
        return status;
    /* A module and the server may each have a copy of the table. */
    if (type->service != service && strcmp(type->service->name, service->name) != 0)
        return waldo_call_raise(call, WALDO_ETYPE, "'%s' is a %s, but a %s was exported",
                                type->type_id, type->service->name, service->name);
    return waldo__call_adopt(call, type, self, &target->object);
}

int waldo_export_new(waldo_export *target, waldo_value *arguments)
{
    waldo_call *call = target->call;
    const waldo__type *type;
    int status = arguments ? set_once(target) : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    if (status >= 0)
        status = result_type(call, &type);
    if (status >= 0)
        status = waldo__call_construct_from(call, type, arguments, &target->object);
    waldo_value_unref(arguments);
    return status;
}
