/* The types that every server offers. */
#include "types/builtins.h"

#include "registry.h"
#include "types/room.h"

/* They share the registry's waiting room. */
static int register_waiting(waldo_registry *registry, waldo_error *reterr)
{
    waldo__room *room = registry->room;
    int status = waldo_builtin_lock_register(registry, &waldo__lock_ops, room, reterr);
    if (status >= 0)
        status = waldo_builtin_r_lock_register(registry, &waldo__rlock_ops, room, reterr);
    if (status >= 0)
        status = waldo_builtin_semaphore_register(registry, &waldo__semaphore_ops, room, reterr);
    if (status >= 0)
        status = waldo_builtin_bounded_semaphore_register(registry, &waldo__bounded_semaphore_ops,
                                                          room, reterr);
    if (status >= 0)
        status = waldo_builtin_condition_register(registry, &waldo__condition_ops, room, reterr);
    if (status >= 0)
        status = waldo_builtin_event_register(registry, &waldo__event_ops, room, reterr);
    if (status >= 0)
        status = waldo_builtin_barrier_register(registry, &waldo__barrier_ops, room, reterr);
    if (status >= 0)
        status = waldo_builtin_queue_register(registry, &waldo__queue_ops, room, reterr);
    return status;
}

int waldo__register_builtins(waldo_registry *registry, waldo_error *reterr)
{
    registry->room = waldo__room_new();
    if (!registry->room)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a registry");
    int status = waldo_registry_add_service(registry, &waldo__iterator_service, NULL, NULL, reterr);
    if (status >= 0)
        status = waldo_builtin_value_register(registry, &waldo__value_ops, NULL, reterr);
    if (status >= 0)
        status = waldo_builtin_array_register(registry, &waldo__array_ops, NULL, reterr);
    if (status >= 0)
        status = waldo_builtin_list_register(registry, &waldo__list_ops, NULL, reterr);
    if (status >= 0)
        status = waldo_builtin_set_register(registry, &waldo__set_ops, NULL, reterr);
    if (status >= 0)
        status = waldo_builtin_dict_register(registry, &waldo__dict_ops, NULL, reterr);
    if (status >= 0)
        status = waldo_builtin_namespace_register(registry, &waldo__namespace_ops, NULL, reterr);
    if (status >= 0)
        status = register_waiting(registry, reterr);
    return status;
}
