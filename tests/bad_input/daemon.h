/* For tests: waldod as a process of its own. */
#ifndef WALDO_TESTS_DAEMON_H
#define WALDO_TESTS_DAEMON_H

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    DAEMON_URL_SIZE = 600,
    DAEMON_PATIENCE_MS = 60000, /* for events that come at once unless something is broken */
    DAEMON_LOOK_US = 1000,
    DAEMONS = 8
};

typedef struct daemon_process {
    pid_t pid;  /* 0: ended */
    int output; /* reads what it prints */
    int errors; /* a file with what it complained about */
} daemon_process;

/* Processes of this test that have not ended yet; for daemon_kill_all. */
static pid_t daemon_pids[DAEMONS];

static inline void daemon_remember(pid_t before, pid_t after)
{
    size_t i = 0;

    while (i < DAEMONS && daemon_pids[i] != before)
        i++;
    cr_assert_lt(i, (size_t)DAEMONS, "too many processes");
    daemon_pids[i] = after;
}

/* The .fini of every test that starts a process: a failed test leaves none behind. */
static inline void daemon_kill_all(void)
{
    for (size_t i = 0; i < DAEMONS; i++)
        if (daemon_pids[i] > 0) {
            kill(daemon_pids[i], SIGKILL);
            waitpid(daemon_pids[i], NULL, 0);
            daemon_pids[i] = 0;
        }
}

/* Starts a program; arguments[0] is its path, NULL ends them. */
static inline void daemon_spawn(daemon_process *process, const char *const *arguments)
{
    posix_spawn_file_actions_t actions;
    int output[2];

    cr_assert_eq(pipe2(output, O_CLOEXEC), 0);
    process->output = output[0];
    process->errors = memfd_create("errors", MFD_CLOEXEC);
    cr_assert_geq(process->errors, 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, process->errors, STDERR_FILENO);
    cr_assert_eq(
        posix_spawn(&process->pid, arguments[0], &actions, NULL, (char *const *)arguments, environ),
        0);
    daemon_remember(0, process->pid);
    posix_spawn_file_actions_destroy(&actions);
    close(output[1]);
}

/* What it complained about. */
static inline const char *daemon_errors(const daemon_process *process)
{
    static char text[8192];
    ssize_t size = pread(process->errors, text, sizeof text - 1, 0);

    text[size > 0 ? size : 0] = '\0';
    return text;
}

/* Reads from its output until the byte, or with EOF until the end; returns how many. */
static inline size_t daemon_read(daemon_process *process, char *text, size_t size, int until)
{
    size_t length = 0;

    while (length + 1 < size) {
        struct pollfd polled = {.fd = process->output, .events = POLLIN};
        cr_assert_eq(poll(&polled, 1, DAEMON_PATIENCE_MS), 1, "it says nothing: %s",
                     daemon_errors(process));
        ssize_t got = read(process->output, text + length, 1);
        cr_assert_geq(got, 0);
        if (got == 0 || (unsigned char)text[length] == until)
            break;
        length++;
    }
    text[length] = '\0';
    return length;
}

/* The URL of its next line. */
static inline void daemon_read_url(daemon_process *process, char url[DAEMON_URL_SIZE])
{
    static const char lead[] = "listening on ";
    char line[DAEMON_URL_SIZE];

    daemon_read(process, line, sizeof line, '\n');
    cr_assert_eq(strncmp(line, lead, strlen(lead)), 0, "it says '%s': %s", line,
                 daemon_errors(process));
    strcpy(url, line + strlen(lead));
}

/* Bytes that it has in memory. With ThreadSanitizer 0: they would be its own. */
static inline size_t daemon_resident(const daemon_process *process)
{
#ifdef __SANITIZE_THREAD__
    (void)process;
    return 0;
#else
    char path[64];
    unsigned long total = 0, pages = 0;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)process->pid);
    FILE *file = fopen(path, "re");
    cr_assert(file && fscanf(file, "%lu %lu", &total, &pages) == 2);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
#endif
}

/* Waits until it ends; its exit status, or -signal. */
static inline int daemon_wait(daemon_process *process)
{
    int status;

    cr_assert_gt(process->pid, 0);
    while (waitpid(process->pid, &status, 0) < 0)
        cr_assert_eq(errno, EINTR);
    daemon_remember(process->pid, 0);
    process->pid = 0;
    close(process->output);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int daemon_end(daemon_process *process, int signal_number)
{
    cr_assert_eq(kill(process->pid, signal_number), 0);
    return daemon_wait(process);
}

/* Ends it, which must succeed: under AddressSanitizer that means without a leak, too. */
static inline void daemon_stop(daemon_process *process)
{
    int status = daemon_end(process, SIGTERM);

    cr_assert_eq(status, 0, "it ended with %d: %s", status, daemon_errors(process));
    close(process->errors);
}

/* Runs a program to its end and forgets it, but for what it complained about. */
static inline int daemon_run(daemon_process *process, const char *const *arguments)
{
    daemon_spawn(process, arguments);
    return daemon_wait(process);
}

/* Descriptors that it has open. */
static inline int daemon_descriptors(const daemon_process *process)
{
    char path[64];
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)process->pid);
    DIR *directory = opendir(path);
    cr_assert_not_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

/* Connections are closed in the background: waits until no more are open than wanted. */
static inline void daemon_await_descriptors(const daemon_process *process, int wanted)
{
    int left = DAEMON_PATIENCE_MS * (1000 / DAEMON_LOOK_US);

    while (daemon_descriptors(process) > wanted) {
        cr_assert_gt(left--, 0, "%d descriptors are open, %d were", daemon_descriptors(process),
                     wanted);
        usleep(DAEMON_LOOK_US);
    }
}

#endif
