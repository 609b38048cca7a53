/* conformance-client: a second client process, which does what its command line says.
 *
 *     hold URL N           creates N counters, says "held", waits for the end of its input, and
 *                          ends with all of it
 *     add URL TOKEN N      adds N to the counter that the token names, prints the sum
 *     share URL N          adds N to the Common, prints the sum
 *     park URL             waits on the Common, prints what it is woken with
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

#include "types.h"
#include "types.proxy.h"

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

static void say(const char *text)
{
    puts(text);
    fflush(stdout);
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

static void hold(char **arguments)
{
    waldo_manager *manager = connect_to(arguments[0]);
    for (long i = strtol(arguments[1], NULL, 10); i > 0; i--) {
        trial_counter *counter;
        check(trial_counter_new(manager, NULL, &counter, &error));
    }
    say("held");
    await_end_of_input();
    /* Without a goodbye: that is what an ending process does. */
    _exit(0);
}

static waldo_value *read_token(const char *text)
{
    size_t size = strlen(text) / 2;
    uint8_t *data = malloc(size + 1);
    check(data ? 0 : WALDO_ENOMEM);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {text[2 * i], text[2 * i + 1], '\0'};
        data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    waldo_value *value;
    check(waldo_value_unpack(data, size, &value, &error));
    free(data);
    return value;
}

static void add(char **arguments)
{
    waldo_manager *manager = connect_to(arguments[0]);
    waldo_value *token = read_token(arguments[1]);
    waldo_proxy *proxy;
    check(waldo_proxy_from_value(manager, token, &proxy, &error));
    waldo_value_unref(token);
    trial_counter *counter;
    check(trial_counter_from_proxy(proxy, &counter, &error));
    waldo_proxy_unref(proxy);
    Trial__Number number = TRIAL__NUMBER__INIT;
    number.n = strtol(arguments[2], NULL, 10);
    Trial__Number *sum;
    check(trial_counter_add(counter, &number, &sum, &error));
    print_number(sum);
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
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

static void park(char **arguments)
{
    waldo_manager *manager = connect_to(arguments[0]);
    trial_common *common;
    check(trial_common_new(manager, &common, &error));
    Trial__Number *number;
    check(trial_common_wait(common, &number, &error));
    print_number(number);
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
    {"hold", 2, hold}, {"add", 3, add}, {"share", 2, share},
    {"park", 1, park}, {"own", 1, own}, {"live", 1, live},
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
