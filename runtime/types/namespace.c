/* Namespace for C programs. */
#include <waldo/namespace.h>

#include "types/change.h"
#include "types/handle.h"
#include "waldo/builtins.proxy.h"

int waldo_namespace_new(waldo_manager *manager, waldo_namespace **ret_namespace,
                        waldo_error *reterr)
{
    return waldo_builtin_namespace_new(manager, NULL, ret_namespace, reterr);
}

int waldo_namespace_new_from(waldo_manager *manager, waldo_value *attributes,
                             waldo_namespace **ret_namespace, waldo_error *reterr)
{
    waldo_proxy *proxy;
    int status = waldo_proxy_create(manager, "Namespace", attributes, &proxy, reterr);
    if (status < 0)
        return status;
    status = waldo_builtin_namespace_from_proxy(proxy, ret_namespace, reterr);
    waldo_proxy_unref(proxy);
    return status;
}

WALDO__DEFINE_HANDLE(namespace, namespace, self)

int waldo_namespace_set(waldo_namespace *self, const char *name, waldo_value *value,
                        waldo_error *reterr)
{
    return waldo_proxy_set_attribute(waldo_namespace_proxy(self), name, value, reterr);
}

int waldo_namespace_get(waldo_namespace *self, const char *name, waldo_value **ret_value,
                        waldo_error *reterr)
{
    return waldo_proxy_get_attribute(waldo_namespace_proxy(self), name, ret_value, reterr);
}

int waldo_namespace_delete(waldo_namespace *self, const char *name, waldo_error *reterr)
{
    return waldo_proxy_delete_attribute(waldo_namespace_proxy(self), name, reterr);
}

int waldo_namespace_copy(waldo_namespace *self, waldo_value **ret_attributes, waldo_error *reterr)
{
    return waldo_proxy_getvalue(waldo_namespace_proxy(self), ret_attributes, reterr);
}

int waldo_namespace_version(waldo_namespace *self, uint64_t *ret_version, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result;
    int status = waldo_builtin_namespace_version(self, &result, reterr);
    return waldo__take_uint64(status, result, ret_version);
}

int waldo_namespace_wait_changed(waldo_namespace *self, uint64_t since, double timeout,
                                 uint64_t *ret_version, waldo_error *reterr)
{
    return waldo__wait_changed(waldo_namespace_proxy(self), &waldo_builtin_namespace_type, since,
                               timeout, ret_version, reterr);
}
