/* Votes at a server that it starts itself. */
#include <stdio.h>

#include "tally.h"
#include "votes.h"

static int vote_at_home(waldo_registry *registry, waldo_error *reterr)
{
    waldo_manager_options options = {.address = "tcp://127.0.0.1:0", .registry = registry};
    waldo_manager *manager = NULL;
    int status = waldo_manager_new(&options, &manager, reterr);
    if (status >= 0)
        status = waldo_manager_start(manager, NULL, NULL, reterr);
    if (status >= 0)
        status = votes_cast(manager, reterr);
    if (status >= 0)
        status = waldo_manager_shutdown(manager, reterr);
    waldo_manager_unref(manager);
    return status;
}

int main(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_registry *registry = waldo_registry_new(NULL);
    int status = registry ? tally_initialize(registry, &err)
                          : waldo_error_set(&err, WALDO_ENOMEM, "no memory for a registry");
    if (status >= 0)
        status = vote_at_home(registry, &err);
    if (status < 0)
        waldo_error_print(&err, stderr);
    waldo_registry_unref(registry);
    return status < 0;
}
