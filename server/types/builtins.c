/* The types that every server offers. */
#include "generator.h"
#include "registry.h"

int waldo__register_builtins(waldo_registry *registry, waldo_error *reterr)
{
    return waldo_registry_add_service(registry, &waldo__iterator_service, NULL, NULL, reterr);
}
