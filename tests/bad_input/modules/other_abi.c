/* A module that was made for another ABI. */
#include <waldo/server.h>

const unsigned waldo_module_abi = WALDO_ABI + 1;

int waldo_module_init(waldo_registry *registry, waldo_error *reterr)
{
    (void)registry;
    return waldo_error_set(reterr, WALDO_EASSERTION, "it must not be run");
}
