#include "managers.h"

#include "trial/types.h"

static waldo_registry *registry;

void managers_begin(void)
{
    harness_begin();
    registry = waldo_registry_new(NULL);
    cr_assert_not_null(registry);
    must(conformance_register(registry, &err));
}

void managers_end(void)
{
    registry = waldo_registry_unref(registry);
    harness_clean_up();
}

waldo_registry *manager_types(void)
{
    return registry;
}

waldo_manager *manager_at(const char *address)
{
    waldo_manager_options options = {
        .address = address, .registry = registry, .shutdown_timeout = 20};
    waldo_manager *manager = NULL;
    must(waldo_manager_new(&options, &manager, &err));
    return manager;
}

waldo_manager *manager_new(void)
{
    char address[HARNESS_URL_SIZE];
    harness_listen_address(true, address, sizeof address);
    return manager_at(address);
}

waldo_manager *manager_started(void)
{
    waldo_manager *manager = manager_new();
    must(waldo_manager_start(manager, NULL, NULL, &err));
    return manager;
}

void manager_shut_down(waldo_manager *manager)
{
    int code = 99;
    must(waldo_manager_shutdown(manager, &err));
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_assert_eq(code, 0);
    waldo_manager_unref(manager);
}

int64_t add_remotely(waldo_manager *manager, int64_t start, int64_t more)
{
    trial_counter *counter = harness_counter(manager, start);
    int64_t sum = harness_add(counter, more);
    trial_counter_unref(counter);
    return sum;
}
