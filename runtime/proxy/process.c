/* The server process that a manager started: waiting for it and ending it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/manager_internal.h"

void waldo__process_adopt(waldo_manager *manager, pid_t pid)
{
    manager->server_pid = pid;
    manager->creator = getpid();
    manager->server_ended = false;
    /* Readable when the process ends. Without one (descriptors used up) waiting polls. */
    manager->server_handle = (int)syscall(SYS_pidfd_open, pid, 0);
}

static void close_once(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

void waldo__process_let_go(waldo_manager *manager)
{
    close_once(&manager->server_handle);
    close_once(&manager->life_line);
}

bool waldo__process_is_ours(const waldo_manager *manager)
{
    return manager->server_pid > 0 && manager->creator == getpid();
}

pid_t waldo_manager_process(waldo_manager *manager)
{
    return manager->server_pid;
}

/* Collects the process if it has ended. With nothing to collect (somebody else waited for it) its
 * status is unknown, and 255 stands for that. */
static bool reap(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    if (!manager->server_ended) {
        int status = 0;
        pid_t pid = waitpid(manager->server_pid, &status, WNOHANG);
        if (pid == manager->server_pid || (pid < 0 && errno == ECHILD)) {
            manager->server_ended = true;
            manager->server_status = pid < 0 ? 255 << 8 : status;
        }
    }
    bool ended = manager->server_ended;
    pthread_mutex_unlock(&manager->lock);
    return ended;
}

static bool wait_until(waldo_manager *manager, waldo__deadline deadline)
{
    enum { WITHOUT_HANDLE_MS = 10 };
    while (!reap(manager)) {
        if (waldo__deadline_left(deadline) == 0)
            return false;
        struct pollfd handle = {.fd = manager->server_handle, .events = POLLIN};
        int wait_ms = waldo__deadline_poll_ms(deadline);
        if (manager->server_handle < 0 && (wait_ms < 0 || wait_ms > WITHOUT_HANDLE_MS))
            wait_ms = WITHOUT_HANDLE_MS;
        (void)poll(&handle, 1, wait_ms);
    }
    return true;
}

bool waldo__server_may_return(waldo_manager *manager)
{
    return !waldo__process_is_ours(manager) || !reap(manager);
}

static int check_ours(waldo_manager *manager, waldo_error *reterr)
{
    if (manager->server_pid <= 0)
        return waldo_error_set(reterr, WALDO_EATTRIBUTE, "no server was started here");
    if (!waldo__process_is_ours(manager))
        return waldo_error_set(reterr, WALDO_EPROCESS,
                               "only the process that started the server can wait for it");
    return 0;
}

int waldo_manager_join(waldo_manager *manager, double seconds, waldo_error *reterr)
{
    int status = waldo__check_seconds(seconds, "the timeout", reterr);
    if (status >= 0)
        status = check_ours(manager, reterr);
    if (status < 0)
        return status;
    return wait_until(manager, waldo__deadline_in(seconds));
}

int waldo_manager_exitcode(waldo_manager *manager, int *ret_code)
{
    if (!waldo__process_is_ours(manager) || !reap(manager))
        return 0;
    int status = manager->server_status;
    *ret_code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    return 1;
}

void waldo__process_clean_up(waldo_manager *manager)
{
    if (!manager->directory)
        return;
    /* The server removes both; this is for one that was killed. */
    unlink(manager->url.path);
    rmdir(manager->directory);
}

/* True for the one caller that is to shut the server down. */
static bool begin_shutdown(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    bool first = manager->state == WALDO_MANAGER_STARTED;
    manager->state = WALDO_MANAGER_SHUTDOWN;
    pthread_mutex_unlock(&manager->lock);
    return first;
}

/* Row A14: each stage gets shutdown_timeout; the last cannot fail. */
static void end_process(waldo_manager *manager)
{
    if (wait_until(manager, waldo__deadline_in(manager->shutdown_timeout)))
        return;
    kill(manager->server_pid, SIGTERM);
    if (wait_until(manager, waldo__deadline_in(manager->shutdown_timeout)))
        return;
    kill(manager->server_pid, SIGKILL);
    (void)wait_until(manager, WALDO__NEVER);
}

int waldo_manager_shutdown(waldo_manager *manager, waldo_error *reterr)
{
    if (manager->connected_only)
        return waldo_error_set(reterr, WALDO_EATTRIBUTE,
                               "a manager that connected cannot shut the server down");
    if (waldo_manager_state_of(manager) == WALDO_MANAGER_INITIAL)
        return waldo_error_set(reterr, WALDO_EPROCESS, "server not yet started");
    int status = check_ours(manager, reterr);
    if (status < 0)
        return status;
    if (!reap(manager))
        (void)waldo__exchange_plain(manager, WALDO__WIRE__OPERATION__SHUTDOWN,
                                    manager->shutdown_timeout, NULL);
    if (!begin_shutdown(manager))
        return 0;
    waldo__links_retire(manager, NULL);
    end_process(manager);
    waldo__process_clean_up(manager);
    return 0;
}
