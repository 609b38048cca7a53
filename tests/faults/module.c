/* What waldod loads. */
#include "types.h"

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    int status = register_register(registry, reterr);
    if (status >= 0)
        status = queue_register(registry, reterr);
    if (status >= 0)
        status = lock_register(registry, reterr);
    if (status >= 0)
        status = box_register(registry, reterr);
    return status;
}

WALDO_MODULE(initialize);
