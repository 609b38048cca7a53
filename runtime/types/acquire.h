/* What all types have in common that are acquired, and all that wait. */
#ifndef WALDO_RUNTIME_TYPES_ACQUIRE_H
#define WALDO_RUNTIME_TYPES_ACQUIRE_H

#include <waldo/lock.h>

#include "google/protobuf/wrappers.pb-c.h"
#include "types/handle.h"

/* A timeout as a field: points it to `message`, or to NULL for WALDO_FOREVER. WALDO_EVALUE for what
 * is no timeout. */
int waldo__timeout_field(double timeout, Google__Protobuf__DoubleValue *message,
                         Google__Protobuf__DoubleValue **ret_field, waldo_error *reterr);
/* The truth of a call's result, which is freed: 1 or 0, or status if that is an error. */
int waldo__take_bool(int status, Google__Protobuf__BoolValue *result);

/* acquire_grant() of the generated type. ret_grant may be NULL. Returns what waldo_lock_acquire
 * does. */
int waldo__acquire(waldo_proxy *proxy, const waldo_proxy_type *type, double timeout,
                   waldo_grant *ret_grant, waldo_error *reterr);

/* The functions of what is acquired, beyond WALDO__DEFINE_HANDLE. */
#define WALDO__DEFINE_ACQUIRE(NAME, GENERATED)                                                     \
    int waldo_##NAME##_acquire_grant(waldo_##NAME *NAME, double timeout, waldo_grant *ret_grant,   \
                                     waldo_error *reterr)                                          \
    {                                                                                              \
        return waldo__acquire(waldo_builtin_##GENERATED##_proxy(NAME),                             \
                              &waldo_builtin_##GENERATED##_type, timeout, ret_grant, reterr);      \
    }                                                                                              \
    int waldo_##NAME##_acquire(waldo_##NAME *NAME, double timeout, waldo_error *reterr)            \
    {                                                                                              \
        return waldo_##NAME##_acquire_grant(NAME, timeout, NULL, reterr);                          \
    }                                                                                              \
    int waldo_##NAME##_release(waldo_##NAME *NAME, waldo_error *reterr)                            \
    {                                                                                              \
        return waldo_builtin_##GENERATED##_release(NAME, reterr);                                  \
    }                                                                                              \
    int waldo_##NAME##_locked(waldo_##NAME *NAME, waldo_error *reterr)                             \
    {                                                                                              \
        Google__Protobuf__BoolValue *result = NULL;                                                \
        int status = waldo_builtin_##GENERATED##_locked(NAME, &result, reterr);                    \
        return waldo__take_bool(status, result);                                                   \
    }                                                                                              \
    void waldo_##NAME##_leave(waldo_##NAME **held)                                                 \
    {                                                                                              \
        if (*held)                                                                                 \
            waldo__release_quietly(waldo_builtin_##GENERATED##_release(*held, NULL));              \
        *held = NULL;                                                                              \
    }

/* What a release at the end of a scope says is not told. */
static inline void waldo__release_quietly(int status)
{
    (void)status;
}

#endif
