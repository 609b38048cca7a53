/* Processes beside the test's own. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { PATIENCE_MS = 20000 };

static void open_pipe(int pipe_ends[2])
{
    cr_assert_eq(pipe2(pipe_ends, O_CLOEXEC), 0, "pipe: %s", strerror(errno));
}

harness_process harness_spawn(const char *const *arguments)
{
    int input[2], output[2];
    open_pipe(input);
    open_pipe(output);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    harness_process process = {.input = input[1], .output = output[0]};
    int status =
        posix_spawn(&process.pid, arguments[0], &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    cr_assert_eq(status, 0, "%s: %s", arguments[0], strerror(status));
    return process;
}

static bool wait_readable(int descriptor)
{
    struct pollfd readable = {.fd = descriptor, .events = POLLIN};
    int status;
    do
        status = poll(&readable, 1, PATIENCE_MS);
    while (status < 0 && errno == EINTR);
    return status > 0;
}

void harness_read_line(int descriptor, char *line, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        char character;
        cr_assert(wait_readable(descriptor), "the process says nothing");
        cr_assert_eq(read(descriptor, &character, 1), 1, "the process has closed its output");
        if (character == '\n')
            break;
        line[length++] = character;
    }
    line[length] = '\0';
}

void harness_await_end(pid_t pid)
{
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    if (handle < 0 && errno == ESRCH)
        return;
    cr_assert_geq(handle, 0, "pidfd_open: %s", strerror(errno));
    bool ended = wait_readable(handle);
    close(handle);
    cr_assert(ended, "process %d does not end", (int)pid);
}

/* One that does not end is killed before the test fails. */
static int wait_for(harness_process *process)
{
    int handle = (int)syscall(SYS_pidfd_open, process->pid, 0);
    bool ended = handle >= 0 && wait_readable(handle);
    if (handle >= 0)
        close(handle);
    if (!ended)
        kill(process->pid, SIGKILL);
    int status;
    while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(process->output);
    *process = (harness_process){.input = -1, .output = -1};
    cr_assert(ended, "a process does not end");
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int harness_finish(harness_process *process)
{
    close(process->input);
    return wait_for(process);
}

int harness_kill(harness_process *process, int signal_number)
{
    kill(process->pid, signal_number);
    close(process->input);
    return wait_for(process);
}
