/* A module whose initialize fails and says why. */
#include <waldo/server.h>

static int initialize(waldo_registry *registry, waldo_error *reterr)
{
    (void)registry;
    return waldo_error_set(reterr, WALDO_EPERMISSION, "the licence has run out");
}

WALDO_MODULE(initialize);
