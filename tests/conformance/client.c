/* conformance-client: a second client process, which does what its command line says.
 *
 *     share URL N          adds N to the Common, prints the sum
 *     own URL              starts a manager at the URL, prints its process and address, waits for
 *                          the end of its input, and ends with it
 *     live URL             the whole life of a manager: start, create, call, shut down
 *
 * Exit code: 0, or 1 with the error on stderr. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <waldo/server.h>

#include "trial.proxy.h"
#include "trial/types.h"

static waldo_error error;

static void check(int status)
{
    if (status >= 0)
        return;
    waldo_error_print(&error, stderr);
    exit(1);
}

static waldo_manager *connect_to(const char *url)
{
    waldo_manager *manager;
    /* Of a server that was started, not of the user's own. */
    const char *key = getenv("CONFORMANCE_KEY_DESCRIPTOR");
    waldo_manager_options options = {.authkey_descriptor = key ? atoi(key) : 0};
    check(waldo_connect(url, &options, &manager, &error));
    return manager;
}

static void print_number(Trial__Number *number)
{
    printf("%" PRId64 "\n", number->n);
    fflush(stdout);
    trial__number__free_unpacked(number, NULL);
}

static void await_end_of_input(void)
{
    while (getchar() != EOF)
        ;
}

static void share(char **arguments)
{
    waldo_manager *manager = connect_to(arguments[0]);
    trial_common *common;
    check(trial_common_new(manager, &common, &error));
    Trial__Number number = TRIAL__NUMBER__INIT;
    number.n = strtol(arguments[1], NULL, 10);
    Trial__Number *sum;
    check(trial_common_add(common, &number, &sum, &error));
    print_number(sum);
    trial_common_unref(common);
    waldo_manager_unref(manager);
}

static waldo_manager *start_at(const char *url, waldo_registry **ret_registry)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    check(registry ? 0 : WALDO_ENOMEM);
    check(conformance_register(registry, &error));
    waldo_manager_options options = {.address = url, .registry = registry};
    waldo_manager *manager;
    check(waldo_manager_new(&options, &manager, &error));
    check(waldo_manager_start(manager, NULL, NULL, &error));
    *ret_registry = registry;
    return manager;
}

static void own(char **arguments)
{
    waldo_registry *registry;
    waldo_manager *manager = start_at(arguments[0], &registry);
    printf("%d %s\n", (int)waldo_manager_process(manager), waldo_manager_address(manager));
    fflush(stdout);
    await_end_of_input();
    _exit(0);
}

static void live(char **arguments)
{
    waldo_registry *registry;
    waldo_manager *manager = start_at(arguments[0], &registry);
    trial_counter *counter;
    Trial__Number number = TRIAL__NUMBER__INIT;
    number.n = 5;
    check(trial_counter_new(manager, &number, &counter, &error));
    Trial__Number *sum;
    check(trial_counter_add(counter, &number, &sum, &error));
    print_number(sum);
    trial_counter_unref(counter);
    check(waldo_manager_shutdown(manager, &error));
    int code;
    check(waldo_manager_exitcode(manager, &code) == 1 && code == 0 ? 0 : WALDO_EPROCESS);
    waldo_manager_unref(manager);
    waldo_registry_unref(registry);
}

static const struct {
    const char *name;
    int arguments;
    void (*run)(char **arguments);
} commands[] = {
    {"share", 2, share},
    {"own", 1, own},
    {"live", 1, live},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0 && argc == 2 + commands[i].arguments) {
            commands[i].run(argv + 2);
            return 0;
        }
    }
    fputs("conformance-client: see client.c\n", stderr);
    return 2;
}
