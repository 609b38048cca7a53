/* The types that every server offers. */
#include "types/builtins.h"

#include "generator.h"
#include "registry.h"
#include "types/room.h"

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
    return status;
}
