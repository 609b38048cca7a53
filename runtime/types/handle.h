/* What all handles of the builtin types have in common. */
#ifndef WALDO_RUNTIME_TYPES_HANDLE_H
#define WALDO_RUNTIME_TYPES_HANDLE_H

#include <waldo/proxy.h>

/* The functions that every handle has: NAME in <waldo/...>, where it is called HANDLE, GENERATED in
 * builtins.proxy.h. */
#define WALDO__DEFINE_HANDLE(NAME, GENERATED, HANDLE)                                              \
    int waldo_##NAME##_from_proxy(waldo_proxy *proxy, waldo_##NAME **ret_handle,                   \
                                  waldo_error *reterr)                                             \
    {                                                                                              \
        return waldo_builtin_##GENERATED##_from_proxy(proxy, ret_handle, reterr);                  \
    }                                                                                              \
    int waldo_##NAME##_from_value(waldo_manager *manager, const waldo_value *value,                \
                                  waldo_##NAME **ret_handle, waldo_error *reterr)                  \
    {                                                                                              \
        waldo_proxy *proxy;                                                                        \
        int status = waldo_proxy_from_value(manager, value, &proxy, reterr);                       \
        if (status < 0)                                                                            \
            return status;                                                                         \
        status = waldo_builtin_##GENERATED##_from_proxy(proxy, ret_handle, reterr);                \
        waldo_proxy_unref(proxy);                                                                  \
        return status;                                                                             \
    }                                                                                              \
    int waldo_##NAME##_from_name(waldo_manager *manager, const char *name,                         \
                                 waldo_##NAME **ret_handle, waldo_error *reterr)                   \
    {                                                                                              \
        return waldo_builtin_##GENERATED##_from_name(manager, name, ret_handle, reterr);           \
    }                                                                                              \
    waldo_##NAME *waldo_##NAME##_ref(waldo_##NAME *HANDLE)                                         \
    {                                                                                              \
        return waldo_builtin_##GENERATED##_ref(HANDLE);                                            \
    }                                                                                              \
    waldo_##NAME *waldo_##NAME##_unref(waldo_##NAME *HANDLE)                                       \
    {                                                                                              \
        return waldo_builtin_##GENERATED##_unref(HANDLE);                                          \
    }                                                                                              \
    waldo_proxy *waldo_##NAME##_proxy(waldo_##NAME *HANDLE)                                        \
    {                                                                                              \
        return waldo_builtin_##GENERATED##_proxy(HANDLE);                                          \
    }

#endif
