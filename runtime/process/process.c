#include "process/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/deadline.h"

/* ---- life ---- */

static int new_process(const waldo_mp_process_options *options, waldo_value *arguments,
                       waldo_mp_process **ret_process, waldo_error *reterr)
{
    if (!options->target)
        return waldo_error_set(reterr, WALDO_EVALUE, "a process needs a target");
    if (options->method != WALDO_MP_DEFAULT && !waldo_mp_method_name(options->method))
        return waldo_error_set(reterr, WALDO_EVALUE, "cannot find context for %d",
                               (int)options->method);
    waldo_mp_process *process = arguments ? calloc(1, sizeof(*process)) : NULL;
    if (!process)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a process");
    int status = waldo__name_child(options->name, &process->name, &process->identity, reterr);
    if (status < 0) {
        free(process);
        return status;
    }
    atomic_init(&process->references, 1);
    process->relation = WALDO__CHILD;
    process->creator = getpid();
    process->target = options->target;
    process->arguments = waldo_value_ref(arguments);
    process->method = options->method;
    process->daemon = options->daemon;
    process->handle = process->sentinel = -1;
    *ret_process = process;
    return 0;
}

int waldo_mp_process_new(const waldo_mp_process_options *options, waldo_mp_process **ret_process,
                         waldo_error *reterr)
{
    waldo_value *arguments = options->arguments ? options->arguments : waldo_v_tuple();
    int status = new_process(options, arguments, ret_process, reterr);
    waldo_value_unref(arguments);
    return status;
}

waldo_mp_process *waldo_mp_process_ref(waldo_mp_process *process)
{
    atomic_fetch_add_explicit(&process->references, 1, memory_order_relaxed);
    return process;
}

static void close_descriptors(waldo_mp_process *process)
{
    if (process->handle >= 0)
        close(process->handle);
    if (process->sentinel >= 0 && process->sentinel != process->handle)
        close(process->sentinel);
    process->handle = process->sentinel = -1;
}

waldo_mp_process *waldo_mp_process_unref(waldo_mp_process *process)
{
    if (!process || atomic_fetch_sub_explicit(&process->references, 1, memory_order_acq_rel) != 1)
        return NULL;
    close_descriptors(process);
    waldo_value_unref(process->arguments);
    free((char *)(uintptr_t)process->name);
    free((char *)(uintptr_t)process->identity);
    free(process);
    return NULL;
}

/* ---- what may be asked of it ---- */

/* With the lock. `what`: "can only join a child process". */
static int check_usable(const waldo_mp_process *process, const char *what, waldo_error *reterr)
{
    if (process->state == WALDO__PROCESS_CLOSED)
        return waldo_error_set(reterr, WALDO_EVALUE, "process object is closed");
    if (process->relation == WALDO__CHILD && process->creator != getpid())
        return waldo_error_set(reterr, WALDO_EASSERTION, "%s", what);
    return 0;
}

static bool is_started(const waldo_mp_process *process)
{
    return process->state == WALDO__PROCESS_RUNNING || process->state == WALDO__PROCESS_ENDED;
}

/* Looks whether it has ended. */
static void update(waldo_mp_process *process)
{
    bool ended = false;
    waldo__children_lock();
    if (process->relation == WALDO__CHILD && process->creator == getpid())
        ended = waldo__children_collect(process);
    waldo__children_unlock();
    /* That of the list; the caller has its own. */
    if (ended)
        atomic_fetch_sub_explicit(&process->references, 1, memory_order_release);
}

/* ---- starting ---- */

static int check_startable(const waldo_mp_process *process, waldo_error *reterr)
{
    int status =
        check_usable(process, "can only start a process object created by current process", reterr);
    if (status < 0)
        return status;
    if (process->state != WALDO__PROCESS_NEW || process->relation != WALDO__CHILD)
        return waldo_error_set(reterr, WALDO_EASSERTION, "cannot start a process twice");
    if (waldo_mp_current_process()->daemon)
        return waldo_error_set(reterr, WALDO_EASSERTION,
                               "daemonic processes are not allowed to have children");
    return 0;
}

static int start_by_method(waldo_mp_process *process, waldo_error *reterr)
{
    switch (process->method) {
    case WALDO_MP_FORK:
        return waldo__start_fork(process, reterr);
    case WALDO_MP_SPAWN:
        return waldo__start_spawn(process, reterr);
    default:
        return waldo__start_forkserver(process, reterr);
    }
}

int waldo_mp_process_start(waldo_mp_process *process, waldo_error *reterr)
{
    waldo__children_lock();
    int status = check_startable(process, reterr);
    if (status >= 0)
        process->state = WALDO__PROCESS_STARTING;
    waldo__children_unlock();
    if (status < 0)
        return status;
    waldo__exit_at_end();
    waldo_mp_method method = process->method;
    if (method == WALDO_MP_DEFAULT)
        process->method = waldo_mp_get_start_method(false);
    status = start_by_method(process, reterr);
    waldo_value *arguments = NULL;
    waldo__children_lock();
    if (status >= 0) {
        process->state = WALDO__PROCESS_RUNNING;
        waldo__children_add(process);
        arguments = process->arguments;
        process->arguments = NULL;
    } else {
        process->state = WALDO__PROCESS_NEW;
        process->method = method;
    }
    waldo__children_unlock();
    waldo_value_unref(arguments);
    return status;
}

/* ---- waiting ---- */

static int check_joinable(waldo_mp_process *process, waldo_error *reterr)
{
    static const char *const not_ours = "can only join a child process";
    waldo__children_lock();
    int status = check_usable(process, not_ours, reterr);
    if (status >= 0 && process->relation == WALDO__SELF)
        status = waldo_error_set(reterr, WALDO_EASSERTION, "%s", not_ours);
    if (status >= 0 && !is_started(process))
        status = waldo_error_set(reterr, WALDO_EASSERTION, "can only join a started process");
    waldo__children_unlock();
    return status;
}

static bool has_ended(waldo_mp_process *process)
{
    if (process->relation != WALDO__CHILD) {
        struct pollfd sentinel = {.fd = process->sentinel, .events = POLLIN};
        return poll(&sentinel, 1, 0) == 1;
    }
    update(process);
    waldo__children_lock();
    bool ended = !is_started(process) || process->state == WALDO__PROCESS_ENDED;
    waldo__children_unlock();
    return ended;
}

int waldo_mp_process_join(waldo_mp_process *process, double seconds, waldo_error *reterr)
{
    int status = check_joinable(process, reterr);
    if (status < 0)
        return status;
    waldo__deadline deadline = waldo__deadline_in(seconds);
    struct pollfd sentinel = {.fd = process->sentinel, .events = POLLIN};
    for (;;) {
        if (poll(&sentinel, 1, waldo__deadline_poll_ms(deadline)) < 0 && errno != EINTR)
            return waldo_error_system(reterr, errno, "join");
        if (has_ended(process))
            return 1;
        if (waldo__deadline_left(deadline) == 0)
            return 0;
    }
}

int waldo_mp_process_is_alive(waldo_mp_process *process, waldo_error *reterr)
{
    waldo__children_lock();
    int status = check_usable(process, "can only test a child process", reterr);
    bool started = status >= 0 && is_started(process);
    waldo__children_unlock();
    if (status < 0 || !started || process->relation == WALDO__SELF)
        return status < 0 ? status : started;
    return !has_ended(process);
}

int waldo_mp_process_exitcode(waldo_mp_process *process, int *ret_code, waldo_error *reterr)
{
    update(process);
    waldo__children_lock();
    int status = check_usable(process, "can only ask a child process for its exit code", reterr);
    if (status >= 0 && process->state == WALDO__PROCESS_ENDED) {
        *ret_code = process->exitcode;
        status = 1;
    }
    waldo__children_unlock();
    return status;
}

/* ---- signals ---- */

static int send_signal(waldo_mp_process *process, int number, waldo_error *reterr)
{
    waldo__children_lock();
    int status = check_usable(process, "can only signal a child process", reterr);
    if (status >= 0 && process->relation != WALDO__CHILD)
        status = waldo_error_set(reterr, WALDO_EASSERTION, "can only signal a child process");
    if (status >= 0 && !is_started(process))
        status = waldo_error_set(reterr, WALDO_EVALUE, "process not started");
    if (status >= 0 && process->state == WALDO__PROCESS_RUNNING &&
        syscall(SYS_pidfd_send_signal, process->handle, number, NULL, 0) < 0 && errno != ESRCH)
        status = waldo_error_system(reterr, errno, "a signal to process %d", (int)process->pid);
    waldo__children_unlock();
    return status;
}

int waldo_mp_process_interrupt(waldo_mp_process *process, waldo_error *reterr)
{
    return send_signal(process, SIGINT, reterr);
}

int waldo_mp_process_terminate(waldo_mp_process *process, waldo_error *reterr)
{
    return send_signal(process, SIGTERM, reterr);
}

int waldo_mp_process_kill(waldo_mp_process *process, waldo_error *reterr)
{
    return send_signal(process, SIGKILL, reterr);
}

/* ---- the rest ---- */

int waldo_mp_process_close(waldo_mp_process *process, waldo_error *reterr)
{
    update(process);
    int status = 0;
    waldo__children_lock();
    if (process->relation != WALDO__CHILD)
        status = waldo_error_set(reterr, WALDO_EASSERTION, "can only close a child process");
    else if (process->state == WALDO__PROCESS_RUNNING || process->state == WALDO__PROCESS_STARTING)
        status = waldo_error_set(reterr, WALDO_EVALUE,
                                 "Cannot close a process while it is still running. You should "
                                 "first call join() or terminate().");
    else {
        process->state = WALDO__PROCESS_CLOSED;
        close_descriptors(process);
    }
    waldo__children_unlock();
    return status;
}

int waldo_mp_process_sentinel(waldo_mp_process *process, waldo_error *reterr)
{
    waldo__children_lock();
    int status = check_usable(process, "can only wait for a child process", reterr);
    if (status >= 0 && process->sentinel < 0)
        status = waldo_error_set(reterr, WALDO_EVALUE, "process not started");
    else if (status >= 0)
        status = process->sentinel;
    waldo__children_unlock();
    return status;
}

const char *waldo_mp_process_name(const waldo_mp_process *process)
{
    return process->name;
}

pid_t waldo_mp_process_pid(const waldo_mp_process *process)
{
    return process->relation == WALDO__SELF ? getpid() : process->pid;
}

bool waldo_mp_process_daemon(const waldo_mp_process *process)
{
    return process->daemon;
}

int waldo_mp_process_set_daemon(waldo_mp_process *process, bool daemon, waldo_error *reterr)
{
    waldo__children_lock();
    int status = check_usable(process, "can only change a child process", reterr);
    if (status >= 0 && process->state != WALDO__PROCESS_NEW)
        status = waldo_error_set(reterr, WALDO_EASSERTION, "process has already started");
    if (status >= 0)
        process->daemon = daemon;
    waldo__children_unlock();
    return status;
}
