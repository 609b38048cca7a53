/* A server of a program's own, until SIGTERM: docs/handlers.md. */
#include <signal.h>
#include <stdio.h>

#include "handlers.h"

static waldo_server *serving;

static void on_terminate(int number)
{
    (void)number;
    waldo_server_stop(serving);
}

int main(void)
{
    waldo_error error;
    waldo_registry *registry = waldo_registry_new(NULL);
    int status = registry ? shop_register(registry, &error)
                          : waldo_error_set(&error, WALDO_ENOMEM, "no memory for a registry");
    if (status >= 0)
        status = waldo_server_new(registry, NULL, &serving, &error);
    const char *address;
    if (status >= 0)
        status = waldo_server_listen(serving, "tcp://127.0.0.1:0", &address, &error);
    if (status >= 0) {
        sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_terminate}, NULL);
        printf("listening on %s\n", address);
        fflush(stdout);
        status = waldo_server_serve_forever(serving, &error);
    }
    if (status < 0)
        waldo_error_print(&error, stderr);
    waldo_server_free(serving);
    waldo_registry_unref(registry);
    return status < 0;
}
