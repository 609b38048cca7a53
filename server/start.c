/* Managers that start a server: in a process of its own, or in this one (rows A6-A11, A19). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/nanomsg/socket.h"
#include "proxy/manager_internal.h"
#include "server_internal.h"

/* What the child tells its creator, once. */
typedef struct start_report {
    int status; /* 0: it listens at `address` */
    waldo_error error;
    char address[600];
} start_report;

/* What the child has to know. */
typedef struct start_plan {
    waldo_manager *manager;
    int (*initialize)(void *data, waldo_error *reterr);
    void *data;
    int life_line; /* readable (end of file) when the creator is gone */
    int report_to;
} start_plan;

/* ---- the address ---- */

/* Row A2: a socket in a fresh directory of mode 0700. */
static int make_default_address(waldo_manager *manager, waldo_error *reterr)
{
    const char *parent = getenv("TMPDIR");
    char directory[64];
    /* A Unix socket's path is short; a long TMPDIR is no reason to fail. */
    if (!parent || strlen(parent) + sizeof "/waldo-XXXXXX" > sizeof directory)
        parent = "/tmp";
    snprintf(directory, sizeof directory, "%s/waldo-XXXXXX", parent);
    if (!mkdtemp(directory))
        return waldo_error_system(reterr, errno, "a directory for the socket, %s", directory);
    char address[sizeof directory + sizeof "ipc:///socket"];
    snprintf(address, sizeof address, "ipc://%s/socket", directory);
    manager->directory = strdup(directory);
    int status = manager->directory ? waldo__manager_set_address(manager, address, reterr)
                                    : waldo_error_set(reterr, WALDO_ENOMEM, "no memory");
    if (status < 0)
        rmdir(directory);
    return status;
}

static int make_server(waldo_manager *manager, waldo_server **ret_server, waldo_error *reterr)
{
    waldo_server_options options = {.max_message = manager->max_message,
                                    .authkey_file = manager->authkey_file};
    if (!manager->authkey_file) {
        options.authkey = waldo__key_secret(waldo__keyring_at(manager->keys, 0));
        options.authkey_size = WALDO__KEY_SIZE;
    }
    waldo_server *server;
    int status = waldo_server_new(manager->registry, &options, &server, reterr);
    if (status < 0)
        return status;
    status = waldo_server_listen(server, manager->address, NULL, reterr);
    if (status < 0)
        waldo_server_free(server);
    else
        *ret_server = server;
    return status;
}

/* The manager is as it was before make_default_address. */
static void forget_default_address(waldo_manager *manager)
{
    if (!manager->directory)
        return;
    waldo__process_clean_up(manager);
    free(manager->directory);
    manager->directory = NULL;
    waldo__managers_lock();
    free(manager->address);
    manager->address = NULL;
    waldo__managers_unlock();
}

int waldo_manager_get_server(waldo_manager *manager, waldo_server **ret_server, waldo_error *reterr)
{
    int status = waldo__manager_check_initial(manager, reterr);
    if (status < 0)
        return status;
    if (!manager->address)
        status = make_default_address(manager, reterr);
    if (status >= 0)
        status = waldo__manager_use_default_keys(manager, reterr);
    if (status >= 0)
        status = make_server(manager, ret_server, reterr);
    if (status < 0)
        forget_default_address(manager);
    return status;
}

/* ---- the child ---- */

static void send_report(int descriptor, const start_report *report)
{
    const char *bytes = (const char *)report;
    size_t left = sizeof *report;
    while (left > 0) {
        ssize_t written = write(descriptor, bytes, left);
        if (written < 0 && errno != EINTR)
            return; /* the creator is gone, and the server ends for that reason */
        if (written > 0) {
            bytes += written;
            left -= (size_t)written;
        }
    }
}

typedef struct start_watch {
    uv_poll_t creator;
    uv_signal_t terminate;
} start_watch;

static void on_creator_gone(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    uv_poll_stop(handle);
    waldo_server_stop(handle->data);
}

static void on_terminate(uv_signal_t *handle, int signal_number)
{
    (void)signal_number;
    waldo_server_stop(handle->data);
}

/* Row A10: the terminal's SIGINT is for the creator. SIGTERM drains (pains 14), and the creator's
 * end, however it came, is this process's end (pains 13). */
static int watch_signals(waldo_server *server, const start_plan *plan, start_watch *watch,
                         waldo_error *reterr)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    watch->terminate.data = watch->creator.data = server;
    int status = uv_signal_init(&server->loop, &watch->terminate);
    if (status >= 0)
        status = uv_signal_start(&watch->terminate, on_terminate, SIGTERM);
    if (status >= 0)
        status = uv_poll_init(&server->loop, &watch->creator, plan->life_line);
    if (status >= 0)
        status = uv_poll_start(&watch->creator, UV_READABLE, on_creator_gone);
    if (status < 0)
        return waldo_error_system(reterr, -status, "watching for signals");
    return 0;
}

static int prepare(const start_plan *plan, waldo_server **ret_server, waldo_error *reterr)
{
    if (waldo__url_is_nanomsg(&plan->manager->url) && waldo__nanomsg_was_used())
        return waldo_error_set(reterr, WALDO_EFORK,
                               "libnanomsg was used before: a forked server cannot use it again");
    int status = plan->initialize ? plan->initialize(plan->data, reterr) : 0;
    return status < 0 ? status : make_server(plan->manager, ret_server, reterr);
}

static void fill_report(start_report *report, int status, const waldo_server *server)
{
    report->status = status;
    if (status < 0 && report->error.code == 0)
        waldo_error_set(&report->error, status, "%s", waldo_error_text(status));
    if (status >= 0)
        snprintf(report->address, sizeof report->address, "%s", waldo_server_address(server));
}

/* Runs in the forked process and never returns. */
static _Noreturn void be_server(const start_plan *plan)
{
    prctl(PR_SET_NAME, "waldo-server");
    waldo_server_keep_memory();
    static start_report report; /* too big for comfort on a stack of unknown depth */
    start_watch watch;
    waldo_server *server = NULL;
    int status = prepare(plan, &server, &report.error);
    if (status >= 0)
        status = watch_signals(server, plan, &watch, &report.error);
    fill_report(&report, status, server);
    send_report(plan->report_to, &report);
    close(plan->report_to);
    if (status >= 0)
        status = waldo_server_serve_forever(server, NULL);
    /* Handlers that still run end with the process; without any, all is destroyed in order. */
    if (server && !waldo_server_is_busy(server))
        waldo_server_free(server);
    waldo__process_clean_up(plan->manager);
    fflush(NULL);
    _exit(status < 0);
}

/* ---- the creator ---- */

static int await_bytes(int descriptor, waldo__deadline deadline, waldo_error *reterr)
{
    struct pollfd report = {.fd = descriptor, .events = POLLIN};
    int ready;
    do
        ready = poll(&report, 1, waldo__deadline_poll_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return waldo_error_system(reterr, errno, "the server process");
    if (ready == 0)
        return waldo_error_set(reterr, WALDO_ETIMEOUT,
                               "the server process did not start within connect_timeout");
    return 0;
}

static int read_report(int descriptor, start_report *report, waldo__deadline deadline,
                       waldo_error *reterr)
{
    char *bytes = (char *)report;
    size_t size = 0;
    while (size < sizeof *report) {
        int status = await_bytes(descriptor, deadline, reterr);
        if (status < 0)
            return status;
        ssize_t got = read(descriptor, bytes + size, sizeof *report - size);
        if (got == 0)
            return waldo_error_set(reterr, WALDO_EGONE,
                                   "the server process ended before it could listen");
        if (got < 0 && errno != EINTR)
            return waldo_error_system(reterr, errno, "the server process");
        if (got > 0)
            size += (size_t)got;
    }
    if (report->status < 0 && reterr)
        *reterr = report->error;
    return report->status;
}

static int await(waldo_manager *manager, int descriptor, waldo_error *reterr)
{
    start_report *report = malloc(sizeof *report);
    if (!report)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory to start a server");
    waldo__deadline deadline = waldo__deadline_in(manager->connect_timeout);
    int status = read_report(descriptor, report, deadline, reterr);
    if (status >= 0)
        status = waldo__manager_set_address(manager, report->address, reterr);
    free(report);
    if (status >= 0)
        status = waldo__manager_enter(manager, reterr);
    return status;
}

/* The child is of no use: it ends. */
static void give_up(waldo_manager *manager)
{
    kill(manager->server_pid, SIGKILL);
    while (waitpid(manager->server_pid, NULL, 0) < 0 && errno == EINTR)
        ;
    waldo__process_let_go(manager);
    manager->server_pid = 0;
}

/* pipes[0] tells the creator how the start went, pipes[1] tells the server when the creator ends.
 */
static int open_pipes(int pipes[2][2], waldo_error *reterr)
{
    for (int i = 0; i < 2; i++) {
        if (pipe2(pipes[i], O_CLOEXEC) == 0)
            continue;
        int reason = errno;
        while (i-- > 0) {
            close(pipes[i][0]);
            close(pipes[i][1]);
        }
        return waldo_error_system(reterr, reason, "a pipe to the server process");
    }
    return 0;
}

/* *ret_report: where the child's report will come. With the managers' lock for a fork: a process
 * that another thread forks meanwhile would have ends of the pipes, and nobody would see the others
 * close. Afterwards every child closes the life line. */
static int fork_server(start_plan *plan, int *ret_report, waldo_error *reterr)
{
    int pipes[2][2];
    int status = open_pipes(pipes, reterr);
    if (status < 0)
        return status;
    plan->report_to = pipes[0][1];
    plan->life_line = pipes[1][0];
    pid_t pid = fork();
    if (pid == 0) {
        close(pipes[0][0]);
        close(pipes[1][1]);
        waldo__managers_unlock_after_fork();
        be_server(plan);
    }
    int reason = errno;
    close(pipes[0][1]);
    close(pipes[1][0]);
    if (pid < 0) {
        close(pipes[0][0]);
        close(pipes[1][1]);
        return waldo_error_system(reterr, reason, "the server process");
    }
    waldo__process_adopt(plan->manager, pid);
    plan->manager->life_line = pipes[1][1];
    *ret_report = pipes[0][0];
    return 0;
}

static int start_process(start_plan *plan, waldo_error *reterr)
{
    int report = -1;
    /* What is buffered would be written twice. */
    fflush(NULL);
    waldo__managers_lock_for_fork();
    int status = fork_server(plan, &report, reterr);
    waldo__managers_unlock_after_fork();
    if (status < 0)
        return status;
    status = await(plan->manager, report, reterr);
    if (status < 0)
        give_up(plan->manager);
    close(report);
    return status;
}

int waldo_manager_start(waldo_manager *manager, int (*initialize)(void *data, waldo_error *reterr),
                        void *data, waldo_error *reterr)
{
    int status = waldo__manager_check_initial(manager, reterr);
    if (status < 0)
        return status;
    if (!manager->address)
        status = make_default_address(manager, reterr);
    if (status >= 0)
        status = waldo__manager_make_keys(manager, reterr);
    start_plan plan = {.manager = manager, .initialize = initialize, .data = data};
    if (status >= 0)
        status = start_process(&plan, reterr);
    if (status < 0)
        forget_default_address(manager);
    return status;
}
