/* A client that holds an object until it is killed.
 *
 *     waldo-holder URL */
#include <stdio.h>
#include <unistd.h>

#include <waldo/waldo.h>

#include "types.proxy.h"

int main(int argc, char **argv)
{
    waldo_manager *manager;
    bad_thing *thing;
    waldo_error error;
    if (argc != 2)
        return 2;
    if (waldo_connect(argv[1], NULL, &manager, &error) < 0 ||
        bad_thing_new(manager, &thing, &error) < 0) {
        waldo_error_print(&error, stderr);
        return 1;
    }
    puts("holding");
    fflush(stdout);
    pause();
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
    return 0;
}
