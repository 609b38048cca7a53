#include <waldo/semaphore.h>

#include "types/acquire.h"
#include "waldo/builtins.proxy.h"

int waldo_semaphore_new(waldo_manager *manager, int64_t value, waldo_semaphore **ret_semaphore,
                        waldo_error *reterr)
{
    Google__Protobuf__Int64Value permits = GOOGLE__PROTOBUF__INT64_VALUE__INIT;
    permits.value = value;
    Waldo__Builtin__SemaphoreArguments arguments = WALDO__BUILTIN__SEMAPHORE_ARGUMENTS__INIT;
    arguments.value = &permits;
    return waldo_builtin_semaphore_new(manager, &arguments, ret_semaphore, reterr);
}

int waldo_bounded_semaphore_new(waldo_manager *manager, int64_t value,
                                waldo_bounded_semaphore **ret_bounded_semaphore,
                                waldo_error *reterr)
{
    Google__Protobuf__Int64Value permits = GOOGLE__PROTOBUF__INT64_VALUE__INIT;
    permits.value = value;
    Waldo__Builtin__SemaphoreArguments arguments = WALDO__BUILTIN__SEMAPHORE_ARGUMENTS__INIT;
    arguments.value = &permits;
    return waldo_builtin_bounded_semaphore_new(manager, &arguments, ret_bounded_semaphore, reterr);
}

WALDO__DEFINE_HANDLE(semaphore, semaphore, semaphore)
WALDO__DEFINE_ACQUIRE(semaphore, semaphore)
WALDO__DEFINE_HANDLE(bounded_semaphore, bounded_semaphore, bounded_semaphore)
WALDO__DEFINE_ACQUIRE(bounded_semaphore, bounded_semaphore)
