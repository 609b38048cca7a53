/* Rows A1 to A12: how a manager gets its server. Forked servers use the direct engine;
 * A8_over_every_transport does the others in a program of its own. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "managers.h"

TestSuite(managers, .init = managers_begin, .fini = managers_end, .timeout = 60);

Row(managers, A1_options_are_checked)
{
    waldo_manager *manager = NULL;
    const waldo_manager_options bad[] = {
        {.connect_timeout = -1}, {.call_timeout = -0.5}, {.shutdown_timeout = 0.0 / 0.0}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        must_fail(waldo_manager_new(&bad[i], &manager, &err), WALDO_EVALUE);
        cr_assert_null(manager);
    }
    must(waldo_manager_new(NULL, &manager, &err));
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    waldo_manager_unref(manager);
}

Row(managers, A2_default_address)
{
    waldo_manager *manager = manager_at(NULL);
    must(waldo_manager_start(manager, NULL, NULL, &err));
    const char *address = waldo_manager_address(manager);
    cr_assert(strncmp(address, "ipc://", 6) == 0, "%s", address);
    char directory[HARNESS_URL_SIZE];
    strcpy(directory, address + 6);
    *strrchr(directory, '/') = '\0';
    struct stat status;
    cr_assert_eq(stat(directory, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0700);
    cr_assert_eq(add_remotely(manager, 1, 2), 3);
    manager_shut_down(manager);
    cr_assert_eq(stat(directory, &status), -1, "%s is left", directory);
}

Row(managers, A2_default_address_where_TMPDIR_is_too_long)
{
    char directory[200] = "/tmp/";
    memset(directory + 5, 'x', sizeof directory - 6);
    setenv("TMPDIR", directory, 1);
    waldo_manager *manager = manager_at(NULL);
    must(waldo_manager_start(manager, NULL, NULL, &err));
    cr_assert(strncmp(waldo_manager_address(manager), "ipc:///tmp/waldo-", 17) == 0);
    manager_shut_down(manager);
}

Row(managers, A2_abstract_address)
{
    char address[64];
    snprintf(address, sizeof address, "ipc://@conformance-%d", (int)getpid());
    waldo_manager *manager = manager_at(address);
    must(waldo_manager_start(manager, NULL, NULL, &err));
    cr_assert_str_eq(waldo_manager_address(manager), address);
    cr_assert_eq(add_remotely(manager, 1, 2), 3);
    manager_shut_down(manager);
}

Row(managers, A2_addresses_that_are_none)
{
    static const char *const bad[] = {"",       "localhost:80", "http://localhost:80",
                                      "tcp://", "tcp://[::1",   "tcp://localhost:99999",
                                      "ipc://", "ipc://@",      "tcp://localhost"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        waldo_manager_options options = {.address = bad[i]};
        waldo_manager *manager = NULL;
        must_fail(waldo_manager_new(&options, &manager, &err), WALDO_EVALUE);
        cr_assert_null(manager);
    }
}

Row(managers, A3_port_zero_becomes_a_real_one)
{
    waldo_manager *manager = manager_at("tcp://127.0.0.1:0");
    must(waldo_manager_start(manager, NULL, NULL, &err));
    static const char prefix[] = "tcp://127.0.0.1:";
    const char *address = waldo_manager_address(manager);
    cr_assert(strncmp(address, prefix, sizeof prefix - 1) == 0, "%s", address);
    cr_assert_gt(strtol(address + sizeof prefix - 1, NULL, 10), 0);
    waldo_manager *other = NULL;
    must(waldo_connect(waldo_manager_address(manager), NULL, &other, &err));
    waldo_manager_unref(other);
    manager_shut_down(manager);
}

Row(managers, A4_address_before_start)
{
    waldo_manager *manager = manager_at(NULL);
    cr_assert_null(waldo_manager_address(manager));
    waldo_manager_unref(manager);
    manager = manager_at("tcp://127.0.0.1:0");
    cr_assert_str_eq(waldo_manager_address(manager), "tcp://127.0.0.1:0");
    waldo_manager_unref(manager);
}

Row(managers, A6_states_and_their_errors)
{
    waldo_manager *manager = manager_new();
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    must_fail(waldo_manager_shutdown(manager, &err), WALDO_EPROCESS);
    must(waldo_manager_start(manager, NULL, NULL, &err));
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_STARTED);
    must_fail(waldo_manager_start(manager, NULL, NULL, &err), WALDO_EPROCESS);
    cr_assert_str_eq(err.message, "Already started server");
    cr_assert_str_eq(err.type_name, "ProcessError");
    must_fail(waldo_manager_connect(manager, &err), WALDO_EPROCESS);
    must(waldo_manager_shutdown(manager, &err));
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_SHUTDOWN);
    must_fail(waldo_manager_start(manager, NULL, NULL, &err), WALDO_EPROCESS);
    cr_assert_str_eq(err.message, "Manager has shut down");
    must_fail(waldo_manager_connect(manager, &err), WALDO_EPROCESS);
    waldo_manager_unref(manager);
}

typedef struct start_seen {
    int report_to;
    char address[HARNESS_URL_SIZE];
} start_seen;

/* Reports its process, and whether somebody listens already. */
static int look_around(void *data, waldo_error *reterr)
{
    start_seen *seen = data;
    waldo_manager *manager;
    (void)reterr;
    int listening = waldo_connect(seen->address, NULL, &manager, NULL) >= 0;
    if (listening)
        waldo_manager_unref(manager);
    dprintf(seen->report_to, "%d %d\n", (int)getpid(), listening);
    return 0;
}

Row(managers, A7_initializer_runs_in_the_server_before_it_listens)
{
    start_seen seen;
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    seen.report_to = ends[1];
    snprintf(seen.address, sizeof seen.address, "ipc://@conformance-%d", (int)getpid());
    waldo_manager *manager = manager_at(seen.address);
    must(waldo_manager_start(manager, look_around, &seen, &err));
    char line[64], expected[64];
    harness_read_line(ends[0], line, sizeof line);
    snprintf(expected, sizeof expected, "%d 0", (int)waldo_manager_process(manager));
    cr_assert_str_eq(line, expected);
    manager_shut_down(manager);
    close(ends[0]);
    close(ends[1]);
}

Row(managers, A8_server_process)
{
    waldo_manager *manager = manager_started();
    pid_t pid = waldo_manager_process(manager);
    cr_assert_gt(pid, 0);
    cr_assert_neq(pid, getpid());
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_not_null(fgets(name, sizeof name, file));
    fclose(file);
    cr_assert_str_eq(name, "waldo-server\n");
    must(waldo_manager_ping(manager, &err));
    manager_shut_down(manager);
}

Row(managers, A8_over_every_transport)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/conformance-%d", (int)getpid());
    static const char *const schemes[] = {"tcp", "nn+tcp", "ws", "ipc", "nn+ipc"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        char address[HARNESS_URL_SIZE], line[64];
        bool path_follows = strstr(schemes[i], "ipc") != NULL;
        snprintf(address, sizeof address, "%s://%s", schemes[i],
                 path_follows ? path : "127.0.0.1:0");
        const char *const arguments[] = {CONFORMANCE_CLIENT, "live", address, NULL};
        harness_process program = harness_spawn(arguments);
        harness_read_line(program.output, line, sizeof line);
        cr_assert_str_eq(line, "10");
        cr_assert_eq(harness_finish(&program), 0, "%s", schemes[i]);
        cr_assert_eq(access(path, F_OK), -1, "%s leaves its socket file", schemes[i]);
    }
}

/* Python's server outlives a creator that is killed, for ever. */
Row(managers, A8_server_ends_with_its_creator)
{
    const char *const arguments[] = {CONFORMANCE_CLIENT, "own", "tcp://127.0.0.1:0", NULL};
    harness_process creator = harness_spawn(arguments);
    char line[HARNESS_URL_SIZE], *address;
    harness_read_line(creator.output, line, sizeof line);
    pid_t pid = (pid_t)strtol(line, &address, 10);
    cr_assert(pid > 0 && *address == ' ', "%s", line);
    cr_assert_eq(harness_kill(&creator, SIGKILL), -SIGKILL);
    harness_await_end(pid);
    waldo_manager *manager = NULL;
    must_fail(waldo_connect(address + 1, NULL, &manager, &err), WALDO_EREFUSED);
}

static int refuse(void *data, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EINDEX, "%s", (const char *)data);
}

static int refuse_without_a_word(void *data, waldo_error *reterr)
{
    (void)data;
    (void)reterr;
    return WALDO_ELIMIT;
}

static int leave(void *data, waldo_error *reterr)
{
    (void)data;
    (void)reterr;
    _exit(3);
}

/* Python says EOFError and no more. */
Row(managers, A9_failed_start_says_why)
{
    waldo_manager *manager = manager_new();
    char reason[] = "the initializer has its reasons";
    must_fail(waldo_manager_start(manager, refuse, reason, &err), WALDO_EINDEX);
    cr_assert_str_eq(err.message, reason);
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    cr_assert_eq(waldo_manager_process(manager), 0);
    must_fail(waldo_manager_start(manager, refuse_without_a_word, NULL, &err), WALDO_ELIMIT);
    must_fail(waldo_manager_start(manager, leave, NULL, &err), WALDO_EGONE);
    must_fail(waldo_manager_shutdown(manager, &err), WALDO_EPROCESS);
    must(waldo_manager_start(manager, NULL, NULL, &err));
    manager_shut_down(manager);
}

Row(managers, A9_address_in_use)
{
    waldo_manager *first = manager_started();
    waldo_manager *second = manager_at(waldo_manager_address(first));
    must_fail(waldo_manager_start(second, NULL, NULL, &err), WALDO_EADDRESSINUSE);
    cr_assert_eq(waldo_manager_state_of(second), WALDO_MANAGER_INITIAL);
    waldo_manager_unref(second);
    must(waldo_manager_ping(first, &err));
    manager_shut_down(first);
}

Row(managers, A10_SIGINT_is_for_the_creator)
{
    struct sigaction before, after;
    sigaction(SIGINT, NULL, &before);
    waldo_manager *manager = manager_started();
    sigaction(SIGINT, NULL, &after);
    cr_assert_eq(before.sa_handler, after.sa_handler);
    cr_assert_eq(kill(waldo_manager_process(manager), SIGINT), 0);
    cr_assert_eq(add_remotely(manager, 3, 4), 7);
    manager_shut_down(manager);
}

/* Python's server dies of it, without any cleaning up. */
Row(managers, A11_SIGTERM_drains)
{
#ifdef __SANITIZE_THREAD__
    harness_skip("ThreadSanitizer delivers no signals in a process forked beside other threads");
#endif
    waldo_manager *manager = manager_started();
    char path[HARNESS_URL_SIZE];
    strcpy(path, waldo_manager_address(manager));
    cr_assert_eq(kill(waldo_manager_process(manager), SIGTERM), 0);
    cr_assert_eq(waldo_manager_join(manager, 20, &err), 1);
    int code = 99;
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_assert_eq(code, 0);
    must_fail(waldo_manager_ping(manager, &err), WALDO_EGONE);
    if (strncmp(path, "ipc://", 6) == 0)
        cr_assert_eq(access(path + 6, F_OK), -1, "the socket file is left");
    waldo_manager_unref(manager);
}

Row(managers, A12_connect_where_nobody_is)
{
    waldo_manager *manager = manager_at("ipc:///nowhere/at/all");
    must_fail(waldo_manager_connect(manager, &err), WALDO_ENOTFOUND);
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    waldo_manager_unref(manager);
    manager = manager_at("tcp://127.0.0.1:1");
    must_fail(waldo_manager_connect(manager, &err), WALDO_EREFUSED);
    waldo_manager_unref(manager);
    manager = manager_at(NULL);
    must_fail(waldo_manager_connect(manager, &err), WALDO_EVALUE);
    waldo_manager_unref(manager);
}

static int plain_listener(char *address, size_t size)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&here, sizeof here), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&here, &length), 0);
    snprintf(address, size, "tcp://127.0.0.1:%d", ntohs(here.sin_port));
    return listener;
}

static void *answer_in_another_language(void *listener)
{
    static const char words[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    int connection = accept(*(int *)listener, NULL, NULL);
    ssize_t written = write(connection, words, sizeof words - 1);
    cr_expect_eq(written, (ssize_t)sizeof words - 1);
    /* The client hangs up. */
    char rest[512];
    while (read(connection, rest, sizeof rest) > 0)
        ;
    close(connection);
    return NULL;
}

/* Python waits for ever for a peer that says nothing. */
Row(managers, A12_connect_to_somebody_else)
{
    char address[64];
    int listener = plain_listener(address, sizeof address);
    waldo_manager *manager = NULL;
    waldo_manager_options impatient = {.connect_timeout = 0.05};
    must_fail(waldo_connect(address, &impatient, &manager, &err), WALDO_ETIMEOUT);
    close(listener);
    listener = plain_listener(address, sizeof address);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, answer_in_another_language, &listener), 0);
    must_fail(waldo_connect(address, NULL, &manager, &err), WALDO_EPROTOCOL);
    cr_assert_null(manager);
    pthread_join(thread, NULL);
    close(listener);
}
