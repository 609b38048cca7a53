/* Managers: options, states, and the server process that one starts. */
#include <waldo/server.h>

#include <math.h>

#include "server.h"

static waldo_manager *new_manager(const waldo_manager_options *options)
{
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_new(options, &manager, &err), 0, "%s", err.message);
    return manager;
}

/* ---- options ---- */

Test(manager, options_that_are_none)
{
    const waldo_manager_options bad[] = {
        {.address = "gopher://here"},    {.address = ""},
        {.connect_timeout = -1},         {.call_timeout = NAN},
        {.shutdown_timeout = -INFINITY},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        waldo_manager *manager = NULL;
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(waldo_manager_new(&bad[i], &manager, &err), WALDO_EVALUE, "%zu", i);
        cr_assert_str_neq(err.message, "");
        cr_assert_null(manager);
    }
}

Test(manager, strings_are_copied)
{
    char address[] = "tcp://127.0.0.1:1";
    const waldo_manager_options options = {.address = address};
    waldo_manager *manager = new_manager(&options);

    memset(address, 'x', sizeof address - 1);
    cr_assert_str_eq(waldo_manager_address(manager), "tcp://127.0.0.1:1");
    waldo_manager_unref(manager);
}

/* ---- before it is started ---- */

Test(manager, one_that_is_initial)
{
    waldo_manager *manager = new_manager(NULL);
    waldo_proxy *proxy = NULL;
    uint64_t count;
    int code;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    cr_assert_null(waldo_manager_address(manager));
    cr_assert_eq(waldo_manager_process(manager), 0);
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 0);
    cr_assert_eq(waldo_manager_ping(manager, &err), WALDO_EASSERTION);
    assert_error(err, WALDO_EASSERTION, "server not yet started");
    cr_assert_eq(waldo_manager_number_of_objects(manager, &count, NULL), WALDO_EASSERTION);
    cr_assert_eq(waldo_proxy_create(manager, "Thing", waldo_v_none(), &proxy, &err),
                 WALDO_EASSERTION);
    cr_assert_eq(waldo_manager_shutdown(manager, &err), WALDO_EPROCESS);
    cr_assert_eq(waldo_manager_join(manager, 0, &err), WALDO_EATTRIBUTE);
    cr_assert_eq(waldo_manager_join(manager, -1, &err), WALDO_EVALUE);
    cr_assert_eq(waldo_manager_connect(manager, &err), WALDO_EVALUE);
    assert_error(err, WALDO_EVALUE, "connecting needs an address");
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    cr_assert_eq(waldo_manager_ref(manager), manager);
    waldo_manager_unref(manager);
    cr_assert_null(waldo_manager_unref(manager));
    cr_assert_null(waldo_manager_unref(NULL));
    cr_assert_null(waldo_manager_ref(NULL));
}

Test(manager, a_failed_connect_may_be_tried_again, .fini = daemon_kill_all)
{
    test_server server = {.descriptors = 0};
    server_start(&server, "tcp://127.0.0.1:0");
    const waldo_manager_options options = {.address = server.url};
    waldo_manager *manager = new_manager(&options);
    waldo_error err = WALDO_ERROR_INIT;

    daemon_stop(&server.daemon);
    cr_assert_eq(waldo_manager_connect(manager, &err), WALDO_EREFUSED, "%s", err.message);
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    server_start(&server, options.address);
    cr_assert_eq(waldo_manager_connect(manager, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_manager_connect(manager, &err), WALDO_EPROCESS);
    assert_error(err, WALDO_EPROCESS, "Already started server");
    cr_assert_eq(waldo_manager_shutdown(manager, &err), WALDO_EATTRIBUTE, "%s", err.message);
    cr_assert_eq(waldo_manager_join(manager, 0, &err), WALDO_EATTRIBUTE);
    waldo_manager_unref(manager);
    server_stop(&server);
}

/* ---- the server process ---- */

static waldo_registry *new_types(void)
{
    waldo_registry *registry = waldo_registry_new(NULL);

    cr_assert_eq(waldo_registry_load(registry, TYPES_MODULE, NULL), 0);
    return registry;
}

/* The directory of an ipc:// address. */
static void directory_of(const char *address, char *directory, size_t size)
{
    cr_assert_eq(strncmp(address, "ipc:///", 7), 0, "%s", address);
    snprintf(directory, size, "%s", address + 6);
    *strrchr(directory, '/') = '\0';
}

Test(manager, starts_and_shuts_down)
{
    waldo_registry *registry = new_types();
    const waldo_manager_options options = {.registry = registry};
    waldo_manager *manager = new_manager(&options);
    char directory[300];
    int code = -1;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), WALDO_EPROCESS);
    assert_error(err, WALDO_EPROCESS, "Already started server");
    pid_t pid = waldo_manager_process(manager);
    cr_assert_gt(pid, 0);
    cr_assert_eq(kill(pid, 0), 0);
    directory_of(waldo_manager_address(manager), directory, sizeof directory);
    cr_assert_eq(waldo_manager_join(manager, 0, NULL), 0, "it lives");
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 0);
    bad_thing *thing = server_thing(manager);
    assert_works(thing);
    bad_thing_unref(thing);
    cr_assert_eq(waldo_manager_shutdown(manager, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_SHUTDOWN);
    cr_assert_eq(waldo_manager_join(manager, 0, NULL), 1);
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_assert_eq(code, 0);
    cr_assert_lt(kill(pid, 0), 0, "the process is left");
    cr_assert_lt(access(directory, F_OK), 0, "%s is left", directory);
    cr_assert_eq(waldo_manager_shutdown(manager, &err), 0, "again is a no-op");
    cr_assert_eq(waldo_manager_ping(manager, &err), WALDO_EGONE);
    assert_error(err, WALDO_EGONE, "it was shut down");
    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), WALDO_EPROCESS);
    assert_error(err, WALDO_EPROCESS, "Manager has shut down");
    waldo_manager_unref(manager);
    waldo_registry_unref(registry);
}

Test(manager, the_last_unref_shuts_down)
{
    waldo_manager *manager = new_manager(NULL);
    char directory[300];

    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, NULL), 0);
    pid_t pid = waldo_manager_process(manager);
    directory_of(waldo_manager_address(manager), directory, sizeof directory);
    waldo_manager_unref(manager);
    cr_assert_lt(kill(pid, 0), 0, "the process is left");
    cr_assert_lt(access(directory, F_OK), 0, "%s is left", directory);
}

static int initialize_badly(void *data, waldo_error *reterr)
{
    (void)data;
    return waldo_error_set(reterr, WALDO_EPERMISSION, "not in this house");
}

static int initialize_silently(void *data, waldo_error *reterr)
{
    (void)data;
    (void)reterr;
    return WALDO_EINDEX;
}

static int exit_early(void *data, waldo_error *reterr)
{
    (void)data;
    (void)reterr;
    _exit(3);
}

/* What kept it from starting comes back, nothing is left, and the manager is as it was. */
Test(manager, a_start_that_fails)
{
    static const struct {
        int (*initialize)(void *, waldo_error *);
        int code;
        const char *words;
    } starts[] = {
        {initialize_badly, WALDO_EPERMISSION, "not in this house"},
        {initialize_silently, WALDO_EINDEX, "index out of range"},
        {exit_early, WALDO_EGONE, "the server process ended before it could listen"},
    };
    waldo_manager *manager = new_manager(NULL);

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        waldo_error err = WALDO_ERROR_INIT;
        cr_assert_eq(waldo_manager_start(manager, starts[i].initialize, NULL, &err), starts[i].code,
                     "%zu: %s", i, err.message);
        assert_error(err, starts[i].code, starts[i].words);
        cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
        cr_assert_eq(waldo_manager_process(manager), 0);
        cr_assert_null(waldo_manager_address(manager), "%s", waldo_manager_address(manager));
    }
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_manager_ping(manager, &err), 0, "%s", err.message);
    waldo_manager_unref(manager);
}

Test(manager, a_start_where_somebody_listens_already, .fini = daemon_kill_all)
{
    test_server server = {.descriptors = 0};
    server_start(&server, "tcp://127.0.0.1:0");
    const waldo_manager_options options = {.address = server.url};
    waldo_manager *manager = new_manager(&options);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), WALDO_EADDRESSINUSE, "%s",
                 err.message);
    cr_assert_str_eq(waldo_manager_address(manager), server.url);
    waldo_manager_unref(manager);
    server_stop(&server);
}

Test(manager, a_server_process_that_is_killed)
{
    waldo_manager *manager = new_manager(NULL);
    char directory[300];
    int code = 0;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), 0, "%s", err.message);
    directory_of(waldo_manager_address(manager), directory, sizeof directory);
    cr_assert_eq(kill(waldo_manager_process(manager), SIGKILL), 0);
    cr_assert_eq(waldo_manager_join(manager, WALDO_FOREVER, &err), 1, "%s", err.message);
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_assert_eq(code, -SIGKILL);
    cr_assert_eq(waldo_manager_ping(manager, &err), WALDO_EGONE, "%s", err.message);
    cr_assert_eq(waldo_manager_shutdown(manager, &err), 0, "%s", err.message);
    cr_assert_lt(access(directory, F_OK), 0, "%s is left", directory);
    waldo_manager_unref(manager);
}

Test(manager, sigterm_drains_the_server_process)
{
#ifdef __SANITIZE_THREAD__
    cr_skip_test("ThreadSanitizer keeps a signal back while its thread waits for a condition");
#endif
    waldo_registry *registry = new_types();
    const waldo_manager_options options = {.registry = registry};
    waldo_manager *manager = new_manager(&options);
    int code = -1;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), 0, "%s", err.message);
    waiting_call call = {.thing = server_thing(manager), .method = bad_thing_hold};
    waiting_call_start(&call, O_WRONLY);
    cr_assert_eq(kill(waldo_manager_process(manager), SIGTERM), 0);
    waiting_call_release(&call);
    waiting_call_join(&call);
    cr_assert_eq(call.status, 0, "%s", call.err.message);
    cr_assert_eq(waldo_manager_join(manager, WALDO_FOREVER, &err), 1, "%s", err.message);
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_assert_eq(code, 0);
    bad_thing_unref(call.thing);
    waldo_manager_unref(manager);
    waldo_registry_unref(registry);
}

Test(manager, a_handler_that_hangs_does_not_stop_the_shutdown)
{
    waldo_registry *registry = new_types();
    const waldo_manager_options options = {.registry = registry, .shutdown_timeout = 0.2};
    waldo_manager *manager = new_manager(&options);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_start(manager, NULL, NULL, &err), 0, "%s", err.message);
    waiting_call call = {.thing = server_thing(manager), .method = bad_thing_hold};
    waiting_call_start(&call, O_WRONLY);
    cr_assert_eq(waldo_manager_shutdown(manager, &err), 0, "%s", err.message);
    waiting_call_join(&call);
    cr_assert_eq(call.status, WALDO_EGONE, "%s", call.err.message);
    bad_thing_unref(call.thing);
    waldo_manager_unref(manager);
    waldo_registry_unref(registry);
}

/* Row A19: a server in this process, at an address of the manager's own. */
Test(manager, get_server)
{
    waldo_manager *manager = new_manager(NULL);
    waldo_server *server = NULL;
    char directory[300];
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_manager_get_server(manager, &server, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    directory_of(waldo_server_address(server), directory, sizeof directory);
    cr_assert_eq(access(directory, F_OK), 0);
    waldo_server_free(server);
    waldo_manager_unref(manager);
    cr_assert_lt(access(directory, F_OK), 0, "%s is left", directory);
}
