#include "server.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t server;
static char url[256];

void fail(const char *what, const waldo_error *error)
{
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
    if (error)
        waldo_error_print(error, stderr);
    if (server > 0)
        kill(server, SIGKILL);
    exit(1);
}

int must(int status, const waldo_error *error)
{
    if (status < 0)
        fail("a call failed", error);
    return status;
}

double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

const char *server_start(const char *listen, const char *lease)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    const char *const arguments[] = {"waldod", "--listen", listen, "--lease", lease, NULL};
    if (pipe(ends) < 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_addclose(&actions, ends[0]) != 0 ||
        posix_spawn(&server, WALDOD, &actions, NULL, (char *const *)arguments, environ) != 0)
        fail("waldod cannot be started", NULL);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    if (!output || fscanf(output, "listening on %255s", url) != 1)
        fail("waldod does not listen", NULL);
    fclose(output);
    return url;
}

void server_end(void)
{
    int status;
    kill(server, SIGTERM);
    if (waitpid(server, &status, 0) != server || status != 0) {
        server = 0;
        fail("waldod ended badly", NULL);
    }
}

double server_resident(void)
{
    char path[64], line[256];
    long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)server);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kilobytes = strtol(line + 6, NULL, 10);
    if (!file || kilobytes == 0)
        fail("the server's memory is not known", NULL);
    fclose(file);
    return (double)kilobytes * 1024;
}

static double used_by(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0)
        fail("a processor time is not known", NULL);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double server_used(void)
{
    clockid_t clock;
    if (clock_getcpuclockid(server, &clock) != 0)
        fail("the server's time is not known", NULL);
    return used_by(clock);
}

double both_used(void)
{
    return used_by(CLOCK_PROCESS_CPUTIME_ID) + server_used();
}

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

double median(double *figures, size_t count)
{
    qsort(figures, count, sizeof *figures, compare);
    return figures[count / 2];
}
