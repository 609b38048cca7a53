#include "types/other.h"

#include <inttypes.h>

#include "server_internal.h"

enum { MAX_NAME_SHOWN = 64 };

static int check(waldo_call *call, const waldo__object *object, const waldo_service *service,
                 const char *method)
{
    const waldo__type *type = object->type;
    if (service && type->service != service)
        return waldo_call_raise(call, WALDO_ETYPE, "object %" PRIu64 " is no %s", object->id,
                                service->name);
    if (!method)
        return 0;
    ptrdiff_t position = waldo__service_find(type->service, method);
    if (position < 0 || !type->exposed[position])
        return waldo_call_raise(call, WALDO_EATTRIBUTE, "'%s' exposes no method '%.*s'",
                                type->type_id, MAX_NAME_SHOWN, method);
    return 0;
}

int waldo__other_find(waldo_call *call, const Waldo__Ref *ref, const waldo_service *service,
                      const char *method, waldo__object **ret_object)
{
    if (!ref || ref->object == 0)
        return waldo_call_raise(call, WALDO_ETYPE, "expected a proxy, got None");
    waldo_server *server = call->server;
    if (ref->incarnation != server->incarnation)
        return waldo_call_raise(call, WALDO_EKEY,
                                "object %" PRIu64 " belonged to an earlier life of the server, or "
                                "belongs to another one",
                                ref->object);
    waldo__server_lock(server);
    waldo__object *object = waldo__object_find(server, ref->object);
    bool may_call = object && waldo__key_may_call(call->session->key, object->type->type_id);
    waldo__server_unlock(server);
    if (!object)
        return waldo_call_raise(call, WALDO_EKEY, "there is no object %" PRIu64, ref->object);
    int status = may_call ? check(call, object, service, method)
                          : waldo_call_raise(call, WALDO_EPERMISSION,
                                             "this key may not call a '%s'", object->type->type_id);
    if (status < 0)
        waldo__other_release(object);
    else
        *ret_object = object;
    return status;
}

void waldo__other_release(waldo__object *object)
{
    if (!object)
        return;
    waldo_server *server = waldo__object_server(object);
    waldo__server_lock(server);
    waldo__object_unpin(object);
    waldo__server_unlock(server);
}
