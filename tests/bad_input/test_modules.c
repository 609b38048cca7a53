/* waldod with modules, addresses and arguments that are of no use: it says so and ends. */
#include "server.h"

static void assert_complains(const char *const *arguments, int wanted, const char *words)
{
    daemon_process process;
    int status = daemon_run(&process, arguments);

    cr_assert_eq(status, wanted, "it ended with %d: %s", status, daemon_errors(&process));
    cr_assert_not_null(strstr(daemon_errors(&process), words), "%s", daemon_errors(&process));
    close(process.errors);
}

static void assert_not_loaded(const char *module, const char *words)
{
    const char *const arguments[] = {WALDOD,   "--listen", "tcp://127.0.0.1:0",
                                     "--load", module,     NULL};

    assert_complains(arguments, 1, words);
}

Test(modules, of_another_abi, .fini = daemon_kill_all)
{
    assert_not_loaded(OTHER_ABI_MODULE, "VersionError: ");
    assert_not_loaded(OTHER_ABI_MODULE, " was made for ABI 2 of Waldo, this is ABI 1");
}

Test(modules, that_are_none, .fini = daemon_kill_all)
{
    assert_not_loaded(NO_MODULE, "is no module of Waldo: it has no WALDO_MODULE()");
    assert_not_loaded("/nowhere/at/all.so", "ImportError: /nowhere/at/all.so");
    assert_not_loaded("/proc/self/status", "ImportError: ");
    assert_not_loaded("/", "ImportError: ");
    assert_not_loaded("", "ImportError: ");
    assert_not_loaded(UNRESOLVED_MODULE, "nobody_has_this");
}

Test(modules, that_fail, .fini = daemon_kill_all)
{
    assert_not_loaded(FAILS_MODULE, "PermissionError: the licence has run out");
    assert_not_loaded(FAILS_SILENTLY_MODULE, "KeyError: ");
}

Test(modules, loaded_twice, .fini = daemon_kill_all)
{
    const char *const arguments[] = {WALDOD,       "--listen", "tcp://127.0.0.1:0", "--load",
                                     TYPES_MODULE, "--load",   TYPES_MODULE,        NULL};

    assert_complains(arguments, 1, "FileExistsError: typeid 'Thing' is taken by bad.Thing");
}

/* ---- addresses ---- */

/* Somebody with a key that the server does not have. */
static void assert_refuses_strangers(const test_server *server)
{
    static const char secret[] = "a text that is nobody's key";
    waldo_manager_options options = {.authkey = secret, .authkey_size = sizeof secret - 1};
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_connect(server->url, &options, &manager, &err), WALDO_EAUTHENTICATION,
                 "%s: %s", err.type_name, err.message);
    cr_assert_null(manager);
}

static void assert_does_not_listen(const char *url, const char *words)
{
    const char *const arguments[] = {WALDOD, "--listen", url, NULL};

    assert_complains(arguments, 1, words);
}

Test(addresses, that_are_none, .fini = daemon_kill_all)
{
    assert_does_not_listen("gopher://127.0.0.1:70", "ValueError: ");
    assert_does_not_listen("gopher://127.0.0.1:70", "gopher");
    assert_does_not_listen("127.0.0.1:5555", "ValueError: ");
    assert_does_not_listen("tcp://127.0.0.1", "ValueError: ");
    assert_does_not_listen("tcp://127.0.0.1:70000", "ValueError: ");
    assert_does_not_listen("", "ValueError: ");
    assert_does_not_listen("ipc:///no/such/directory/socket", "FileNotFoundError: ");
}

/* Whoever has no key gets nothing there. */
Test(addresses, that_others_can_reach, .fini = daemon_kill_all)
{
    static const char *const urls[] = {"tcp://0.0.0.0:0", "nn+tcp://0.0.0.0:0", "tcp://[::]:0"};

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        test_server server = {.descriptors = 0};
        server_start(&server, urls[i]);
        assert_refuses_strangers(&server);
        server_stop(&server);
    }
}

/* Whoever came first goes on serving, and nothing is announced that does not listen. */
static void take_the_same(const char *listen)
{
    test_server server = {.descriptors = 0};
    daemon_process second;
    char output[DAEMON_URL_SIZE];
    server_start(&server, listen);
    const char *const arguments[] = {WALDOD,     "--listen", "tcp://127.0.0.1:0",
                                     "--listen", server.url, NULL};

    daemon_spawn(&second, arguments);
    cr_assert_eq(daemon_read(&second, output, sizeof output, EOF), 0, "it says %s", output);
    cr_assert_eq(daemon_wait(&second), 1, "%s", daemon_errors(&second));
    cr_assert_not_null(strstr(daemon_errors(&second), "in use"), "%s", daemon_errors(&second));
    close(second.errors);
    server_stop(&server);
}

Test(addresses, in_use_direct, .fini = daemon_kill_all)
{
    take_the_same("tcp://127.0.0.1:0");
}

Test(addresses, in_use_nanomsg, .fini = daemon_kill_all)
{
    take_the_same("nn+tcp://127.0.0.1:0");
}
