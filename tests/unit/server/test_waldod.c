/* The server program: its arguments, its listeners, and how it ends. */
#include "server.h"

/* ---- usage ---- */

static void run(daemon_process *process, const char *first, const char *second, int wanted,
                const char *words)
{
    const char *const arguments[] = {WALDOD, first, second, NULL};
    int status = daemon_run(process, arguments);

    cr_assert_eq(status, wanted, "%s %s: %d", first ? first : "", second ? second : "", status);
    cr_assert_not_null(strstr(daemon_errors(process), words), "%s", daemon_errors(process));
    close(process->errors);
}

Test(waldod, wrong_usage, .fini = daemon_kill_all)
{
    daemon_process process;

    run(&process, NULL, NULL, 2, "nothing to --listen on");
    run(&process, NULL, NULL, 2, "usage: waldod --listen URL");
    run(&process, "--listen", NULL, 2, "usage: ");
    run(&process, "--no-such-option", NULL, 2, "usage: ");
    run(&process, "--listen=tcp://127.0.0.1:0", "more", 2, "unexpected argument");
    run(&process, "--max-message", "many", 2, "--max-message takes a number of bytes");
    run(&process, "--max-message", "4095", 2, "from 4096 to 4294967295");
    run(&process, "--max-message", "-1", 2, "--max-message takes");
    run(&process, "--max-message", "99999999999999999999999", 2, "--max-message takes");
    run(&process, "--max-message", "5000x", 2, "--max-message takes");
}

/* ---- --share ---- */

static void refuse_share(const char *share, int wanted, const char *words)
{
    const char *const arguments[] = {WALDOD,    "--listen", "tcp://127.0.0.1:0",
                                     "--share", share,      NULL};
    daemon_process process;
    int status = daemon_run(&process, arguments);

    cr_assert_eq(status, wanted, "%s: %d", share, status);
    cr_assert_not_null(strstr(daemon_errors(&process), words), "%s", daemon_errors(&process));
    close(process.errors);
}

Test(waldod, what_it_does_not_share, .fini = daemon_kill_all)
{
    static const char usage[] = ": it takes a NAME, '=', and the type of the object\n";

    refuse_share("jobs", 2, usage);
    refuse_share("=Queue", 2, usage);
    refuse_share("jobs=", 2, usage);
    refuse_share("", 2, usage);
    refuse_share("jobs=(3)", 2, usage);
    refuse_share("jobs=Quue", 1, "KeyError: no type 'Quue' is registered");
    refuse_share("jobs=Thing", 1, "KeyError: no type 'Thing' is registered");
    refuse_share("my jobs=Queue", 1, "ValueError: 'my jobs' is no typeid");
    refuse_share("dict=Queue", 1, "FileExistsError: typeid 'dict' is taken by");
    refuse_share("jobs=Iterator", 1, "ValueError: 'Iterator' has no constructor");
}

Test(waldod, what_are_no_arguments_of_a_shared_type, .fini = daemon_kill_all)
{
    static const char *const texts[] = {
        "q=Queue(",     "q=Queue(1",   "q=Queue(1,)", "q=Queue(,1)", "q=Queue(a)",
        "q=Queue(1.5)", "q=Queue(1)x", "q=Queue(1))", "v=Value('q)", "v=Value('q' 0)"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        refuse_share(texts[i], 2, ": what follows the type is no list of integers and of texts");
    refuse_share("q=Queue(0, 0, 0)", 1, "TypeError: ");
    refuse_share("l=Lock('text')", 1, "TypeError: creation of a shared 'Lock'");
}

Test(waldod, arguments_of_shared_types, .fini = daemon_kill_all)
{
    const char *const arguments[] = {WALDOD,
                                     "--listen",
                                     "tcp://127.0.0.1:0",
                                     "--share",
                                     "one=Queue(1)",
                                     "--share",
                                     "any=Queue()",
                                     "--share=v=Value( \"q\" , -7 ) ",
                                     NULL};
    char url[DAEMON_URL_SIZE];
    daemon_process process;
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    waldo_queue *one = NULL, *any = NULL;
    waldo_shared_value *value = NULL;
    waldo_value *content = NULL;
    int64_t number = 0;

    daemon_spawn(&process, arguments);
    daemon_read_url(&process, url);
    cr_assert_eq(waldo_connect(url, NULL, &manager, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_queue_from_name(manager, "one", &one, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_queue_from_name(manager, "any", &any, &err), 0, "%s", err.message);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(waldo_queue_put(one, waldo_v(i), 0, &err), i == 0 ? 0 : WALDO_EFULL);
        cr_assert_eq(waldo_queue_put(any, waldo_v(i), 0, &err), 0);
    }
    cr_assert_eq(waldo_shared_value_from_name(manager, "v", &value, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_shared_value_get(value, &content, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_value_get_int64(content, &number, &err), 0);
    cr_assert_eq(number, -7);
    waldo_value_unref(content);
    waldo_shared_value_unref(value);
    waldo_queue_unref(one);
    waldo_queue_unref(any);
    waldo_manager_unref(manager);
    daemon_stop(&process);
}

static void begin_to(daemon_process *process, const char *what, const char *url)
{
    const char *const arguments[] = {MEETER, url, what, NULL};

    daemon_spawn(process, arguments);
}

static void end_well(daemon_process *process)
{
    cr_assert_eq(daemon_wait(process), 0, "%s", daemon_errors(process));
    close(process->errors);
}

Test(waldod, strangers_meet_at_a_shared_queue, .fini = daemon_kill_all)
{
    char path[64], urls[2][DAEMON_URL_SIZE];
    daemon_process process, getter, putter;

    snprintf(path, sizeof path, "ipc://@waldo-test-%d", (int)getpid());
    const char *const arguments[] = {
        WALDOD, "--share", "jobs=Queue", "--listen", "tcp://127.0.0.1:0", "--listen", path, NULL};
    daemon_spawn(&process, arguments);
    for (int i = 0; i < 2; i++)
        daemon_read_url(&process, urls[i]);
    /* Each way, and with both on one. */
    for (int i = 0; i < 4; i++) {
        begin_to(&getter, "get", urls[i % 2]);
        begin_to(&putter, "put", urls[i / 2]);
        end_well(&putter);
        end_well(&getter);
    }
    /* Nobody is there any more, and what they left is. */
    begin_to(&putter, "put", urls[0]);
    end_well(&putter);
    begin_to(&getter, "get", urls[1]);
    end_well(&getter);
    daemon_stop(&process);
}

/* Whatever the order of the options. */
Test(waldod, types_of_modules_are_shared, .fini = daemon_kill_all)
{
    const char *const arguments[] = {WALDOD,    "--listen",   "tcp://127.0.0.1:0",
                                     "--share", "one=Thing",  "--share=another=Thing",
                                     "--load",  TYPES_MODULE, NULL};
    test_server server = {.descriptors = 0};
    waldo_error err = WALDO_ERROR_INIT;
    bad_thing *one = NULL, *again = NULL, *another = NULL;

    server_start_with(&server, arguments);
    waldo_manager *manager = server_connect(&server);
    cr_assert_eq(bad_thing_from_name(manager, "one", &one, &err), 0, "%s", err.message);
    cr_assert_eq(bad_thing_from_name(manager, "one", &again, &err), 0, "%s", err.message);
    cr_assert_eq(bad_thing_from_name(manager, "another", &another, &err), 0, "%s", err.message);
    cr_assert_eq(waldo_proxy_object(bad_thing_proxy(one)),
                 waldo_proxy_object(bad_thing_proxy(again)));
    cr_assert_neq(waldo_proxy_object(bad_thing_proxy(one)),
                  waldo_proxy_object(bad_thing_proxy(another)));
    assert_works(one);
    bad_thing_unref(one);
    bad_thing_unref(again);
    bad_thing_unref(another);
    waldo_manager_unref(manager);
    server_stop(&server);
}

static void refuse_too_many(const char *option, size_t count, const char *words)
{
    const char *arguments[300] = {WALDOD};
    daemon_process process;

    cr_assert_lt(count + 1, sizeof arguments / sizeof arguments[0]);
    for (size_t i = 1; i <= count; i++)
        arguments[i] = option;
    cr_assert_eq(daemon_run(&process, arguments), 2);
    cr_assert_not_null(strstr(daemon_errors(&process), words));
    close(process.errors);
}

Test(waldod, too_many_listeners, .fini = daemon_kill_all)
{
    refuse_too_many("--listen=tcp://127.0.0.1:0", 18, "too many --listen");
}

Test(waldod, too_many_shared, .fini = daemon_kill_all)
{
    refuse_too_many("--share=jobs=Queue", 258, "too many --share");
}

Test(waldod, help_and_version, .fini = daemon_kill_all)
{
    static const char *const options[] = {"--help", "--version"};
    static const char *const words[] = {"usage: waldod", "waldod " WALDO_VERSION "\n"};

    for (size_t i = 0; i < 2; i++) {
        const char *const arguments[] = {WALDOD, options[i], NULL};
        daemon_process process;
        char output[4096];
        daemon_spawn(&process, arguments);
        daemon_read(&process, output, sizeof output, EOF);
        cr_assert_eq(daemon_wait(&process), 0);
        cr_assert_eq(strncmp(output, words[i], strlen(words[i])), 0, "%s", output);
        cr_assert_str_eq(daemon_errors(&process), "");
        close(process.errors);
    }
}

/* ---- listening ---- */

static void ping(const char *url)
{
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_connect(url, NULL, &manager, &err), 0, "%s: %s", url, err.message);
    cr_assert_eq(waldo_manager_ping(manager, &err), 0, "%s: %s", url, err.message);
    waldo_manager_unref(manager);
}

Test(waldod, a_line_for_each_listener_in_order, .fini = daemon_kill_all)
{
    char path[64], nn_path[64];
    snprintf(path, sizeof path, "ipc:///tmp/waldo-test-%d.a", (int)getpid());
    snprintf(nn_path, sizeof nn_path, "nn+ipc:///tmp/waldo-test-%d.b", (int)getpid());
    const char *const arguments[] = {WALDOD,
                                     "--listen",
                                     "tcp://127.0.0.1:0",
                                     "--listen",
                                     path,
                                     "--listen",
                                     nn_path,
                                     "--listen",
                                     "nn+tcp://127.0.0.1:0",
                                     "--listen",
                                     "tcp://[::1]:0",
                                     NULL};
    const char *const leads[] = {"tcp://127.0.0.1:", path, nn_path,
                                 "nn+tcp://127.0.0.1:", "tcp://[::1]:"};
    daemon_process process;
    char urls[5][DAEMON_URL_SIZE];

    daemon_spawn(&process, arguments);
    for (size_t i = 0; i < 5; i++) {
        daemon_read_url(&process, urls[i]);
        cr_assert_eq(strncmp(urls[i], leads[i], strlen(leads[i])), 0, "%s", urls[i]);
        cr_assert_str_neq(urls[i] + strlen(leads[i]), "0", "the port is resolved");
    }
    for (size_t i = 0; i < 5; i++)
        ping(urls[i]);
    daemon_stop(&process);
    cr_assert_lt(access(strchr(path, '/') + 2, F_OK), 0, "the socket file is left");
    cr_assert_lt(access(strchr(nn_path, '/') + 2, F_OK), 0, "the socket file is left");
}

/* ---- the end ---- */

static void assert_ends(const char *listen, int signal_number)
{
    test_server server = {.descriptors = 0};
    char output[64];

    server_start(&server, listen);
    assert_serves(&server);
    cr_assert_eq(kill(server.daemon.pid, signal_number), 0);
    cr_assert_eq(daemon_read(&server.daemon, output, sizeof output, EOF), 0, "it says %s", output);
    cr_assert_eq(daemon_wait(&server.daemon), 0, "%s", daemon_errors(&server.daemon));
    cr_assert_str_eq(daemon_errors(&server.daemon), "");
    close(server.daemon.errors);
}

Test(waldod, sigterm_and_sigint_end_it, .fini = daemon_kill_all)
{
    assert_ends("tcp://127.0.0.1:0", SIGTERM);
    assert_ends("tcp://127.0.0.1:0", SIGINT);
    assert_ends("nn+tcp://127.0.0.1:0", SIGTERM);
    assert_ends("nn+tcp://127.0.0.1:0", SIGINT);
}

/* It has begun to drain when it takes no new call any more. */
static void await_draining(const test_server *server)
{
    waldo_manager_options options = {.connect_timeout = 1};

    for (int left = DAEMON_PATIENCE_MS; left > 0; left--) {
        waldo_manager *manager = NULL;
        if (waldo_connect(server->url, &options, &manager, NULL) < 0)
            return;
        waldo_manager_unref(manager);
        usleep(DAEMON_LOOK_US);
    }
    cr_assert_fail("it takes new clients");
}

static void drain(const char *listen)
{
    test_server server = {.descriptors = 0};
    server_start(&server, listen);
    waldo_manager *manager = server_connect(&server);
    waiting_call call = {.thing = server_thing(manager), .method = bad_thing_hold};
    bad_thing *other = server_thing(manager);
    Bad__Number number = BAD__NUMBER__INIT, *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    waiting_call_start(&call, O_WRONLY);
    cr_assert_eq(kill(server.daemon.pid, SIGTERM), 0);
    await_draining(&server);
    cr_assert_eq(bad_thing_echo(other, &number, &result, &err), WALDO_EGONE, "%s", err.message);
    waiting_call_release(&call);
    waiting_call_join(&call);
    cr_assert_eq(call.status, 0, "the call under way was not finished: %s", call.err.message);
    cr_assert_eq(daemon_wait(&server.daemon), 0, "%s", daemon_errors(&server.daemon));
    close(server.daemon.errors);
    bad_thing_unref(other);
    bad_thing_unref(call.thing);
    waldo_manager_unref(manager);
}

Test(waldod, a_call_under_way_is_finished_direct, .fini = daemon_kill_all)
{
    drain("tcp://127.0.0.1:0");
}

Test(waldod, a_call_under_way_is_finished_nanomsg, .fini = daemon_kill_all)
{
    drain("nn+tcp://127.0.0.1:0");
}

static void insist(const char *prefix, int first, int second)
{
    test_server server = {.descriptors = 0};
    char listen[64];
    snprintf(listen, sizeof listen, "%s/tmp/waldo-test-%d.sock", prefix, (int)getpid());
    server_start(&server, listen);
    waldo_manager *manager = server_connect(&server);
    waiting_call call = {.thing = server_thing(manager), .method = bad_thing_hold};

    waiting_call_start(&call, O_WRONLY);
    cr_assert_eq(kill(server.daemon.pid, first), 0);
    await_draining(&server);
    cr_assert_eq(daemon_end(&server.daemon, second), 128 + second);
    waiting_call_join(&call);
    cr_assert_eq(call.status, WALDO_EGONE, "%s", call.err.message);
    cr_assert_lt(access(strchr(listen, '/') + 2, F_OK), 0, "the socket file is left");
    close(server.daemon.errors);
    bad_thing_unref(call.thing);
    waldo_manager_unref(manager);
}

Test(waldod, a_second_signal_ends_it_at_once, .fini = daemon_kill_all)
{
    insist("ipc://", SIGTERM, SIGTERM);
    insist("ipc://", SIGINT, SIGTERM);
}

/* A file that is left from a server that was killed is no obstacle. */
Test(waldod, after_sigkill_the_same_address_serves, .fini = daemon_kill_all)
{
    static const char *const prefixes[] = {"ipc://", "nn+ipc://"};

    for (size_t i = 0; i < 2; i++) {
        test_server server = {.descriptors = 0};
        char listen[64];
        snprintf(listen, sizeof listen, "%s/tmp/waldo-test-%d.kill", prefixes[i], (int)getpid());
        server_start(&server, listen);
        cr_assert_eq(daemon_end(&server.daemon, SIGKILL), -SIGKILL);
        close(server.daemon.errors);
        server_start(&server, listen);
        server_stop(&server);
        cr_assert_lt(access(strchr(listen, '/') + 2, F_OK), 0, "the socket file is left");
    }
}

/* Whoever waits on its output may stop reading. */
Test(waldod, nobody_reads_what_it_prints, .fini = daemon_kill_all)
{
    test_server server = {.descriptors = 0};

    server_start(&server, "tcp://127.0.0.1:0");
    close(server.daemon.output);
    server.daemon.output = open("/dev/null", O_RDONLY | O_CLOEXEC);
    server_stop(&server);
}
