/* A module whose initialize fails and does not say why. */
#include <waldo/server.h>

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    (void)registry;
    (void)reterr;
    return WALDO_EKEY;
}

WALDO_MODULE(initialize);
