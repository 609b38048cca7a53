/* Votes at a server that runs already. Argument: its URL. */
#include <stdio.h>

#include "votes.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: vote URL\n");
        return 2;
    }
    waldo_error err = WALDO_ERROR_INIT;
    waldo_manager *manager = NULL;
    int status = waldo_connect(argv[1], NULL, &manager, &err);
    if (status >= 0)
        status = votes_cast(manager, &err);
    if (status < 0)
        waldo_error_print(&err, stderr);
    waldo_manager_unref(manager);
    return status < 0;
}
