/* Child processes and their pipes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"

enum { PATIENCE_MS = 60000, MOST_CHILDREN = 64 };

/* Those that run; 0: a free place. */
static pid_t children[MOST_CHILDREN];

/* Puts one in the place of the other. */
static void replace_child(pid_t old, pid_t new)
{
    for (int i = 0; i < MOST_CHILDREN; i++)
        if (children[i] == old) {
            children[i] = new;
            return;
        }
}

static double used(clockid_t clock)
{
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double bench_used(void)
{
    clockid_t clock;
    double all = used(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < MOST_CHILDREN; i++)
        if (children[i] != 0 && clock_getcpuclockid(children[i], &clock) == 0)
            all += used(clock);
    return all;
}

bool bench_child_start(bench_child *ret_child, const char *const *arguments)
{
    int input[2], output[2];
    if (pipe2(input, O_CLOEXEC) < 0)
        return false;
    if (pipe2(output, O_CLOEXEC) < 0) {
        close(input[0]);
        close(input[1]);
        return false;
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    pid_t pid;
    int status =
        posix_spawnp(&pid, arguments[0], &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    if (status != 0) {
        close(input[1]);
        close(output[0]);
        errno = status;
        return false;
    }
    replace_child(0, pid);
    *ret_child = (bench_child){pid, input[1], output[0]};
    return true;
}

bool bench_child_serve(bench_child *ret_child, const char *kind, const char *address)
{
    const char *const arguments[] = {"/proc/self/exe", "--serve", kind, address, NULL};
    return bench_child_start(ret_child, arguments);
}

bool bench_child_read_line(bench_child *child, char *line, size_t size)
{
    for (size_t length = 0; length + 1 < size;) {
        struct pollfd readable = {.fd = child->output, .events = POLLIN};
        int status = poll(&readable, 1, PATIENCE_MS);
        if (status < 0 && errno == EINTR)
            continue;
        if (status <= 0 || read(child->output, &line[length], 1) != 1)
            return false;
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
        length++;
    }
    return false;
}

bool bench_child_write(bench_child *child, const char *text)
{
    size_t size = strlen(text);
    return write(child->input, text, size) == (ssize_t)size;
}

void bench_child_finish(bench_child *child)
{
    if (child->pid == 0)
        return;
    close(child->input);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close(child->output);
    replace_child(child->pid, 0);
    child->pid = 0;
}

void bench_child_end(bench_child *child)
{
    if (child->pid == 0)
        return;
    kill(child->pid, SIGTERM);
    bench_child_finish(child);
}
