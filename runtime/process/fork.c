/* fork: the child is a copy, and finds its target and arguments where they are. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/process.h"

void waldo__close_input(void)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null > 0) {
        dup2(null, STDIN_FILENO);
        close(null);
    }
}

int waldo__report(const waldo_error *err)
{
    fprintf(stderr, "Process %s:\n", waldo_mp_process_name(waldo_mp_current_process()));
    waldo_error_print(err, stderr);
    return 1;
}

int waldo__run_target(waldo_mp_function *target, const waldo_value *arguments)
{
    waldo_error err = WALDO_ERROR_INIT;
    int status = target(arguments, &err);
    if (status < 0) {
        if (err.code == 0)
            waldo_error_set(&err, status, "%s", waldo_error_text(status));
        status = waldo__report(&err);
    }
    waldo_mp_exit();
    return status & 0xff;
}

_Noreturn void waldo__end_child(int code)
{
    fflush(stdout);
    fflush(stderr);
    _exit(code);
}

static _Noreturn void run_child(const waldo_mp_process *process, const waldo__birth *birth)
{
    int status = waldo__become(birth, NULL);
    if (status >= 0) {
        waldo__close_input();
        status = waldo__run_target(process->target, process->arguments);
    }
    waldo__end_child(status < 0 ? 1 : status);
}

int waldo__adopt(waldo_mp_process *process, pid_t pid, waldo_error *reterr)
{
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    int error = errno;
    /* Where SIGCHLD is ignored it may be gone without a trace; then this stands for what ended. */
    if (handle < 0 && error == ESRCH)
        handle = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (handle < 0) {
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        return waldo_error_system(reterr, error, "a descriptor of process %d", (int)pid);
    }
    process->pid = pid;
    process->handle = process->sentinel = handle;
    return 0;
}

int waldo__start_fork(waldo_mp_process *process, waldo_error *reterr)
{
    waldo__birth birth;
    int status = waldo__birth_of(process, &birth, reterr);
    if (status < 0)
        return status;
    /* Else both processes would write what is in the buffers. */
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0)
        run_child(process, &birth);
    if (pid < 0)
        status = waldo_error_system(reterr, errno, "fork");
    close(birth.parent_handle);
    return pid < 0 ? status : waldo__adopt(process, pid, reterr);
}
