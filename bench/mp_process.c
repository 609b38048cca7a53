/* How long processes take to start and end, and messages to go through a pipe, beside what the
 * system itself needs for it, in the same run: `bench_mp_process [COUNT]`. Prints medians of COUNT
 * rounds, in microseconds, and their ratios. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <waldo/mp.h>

#define MESSAGES 200
#define DO_NOTHING "--do-nothing"

static void check(int status, const waldo_error *err)
{
    if (status < 0) {
        waldo_error_print(err, stderr);
        exit(1);
    }
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* ---- what is measured: each returns microseconds ---- */

static int nothing(const waldo_value *arguments, waldo_error *reterr)
{
    (void)arguments;
    (void)reterr;
    return 0;
}
WALDO_MP_TARGET(nothing)

static double start_and_join(waldo_mp_method method)
{
    waldo_error err;
    waldo_mp_process *process;
    double begin = now();
    check(waldo_mp_process_new(&(waldo_mp_process_options){.target = nothing, .method = method},
                               &process, &err),
          &err);
    check(waldo_mp_process_start(process, &err), &err);
    check(waldo_mp_process_join(process, WALDO_FOREVER, &err), &err);
    waldo_mp_process_unref(process);
    return now() - begin;
}

static double by_fork(void)
{
    return start_and_join(WALDO_MP_FORK);
}

static double by_spawn(void)
{
    return start_and_join(WALDO_MP_SPAWN);
}

static double by_forkserver(void)
{
    return start_and_join(WALDO_MP_FORKSERVER);
}

static double bare_fork(void)
{
    double begin = now();
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return now() - begin;
}

static double bare_spawn(void)
{
    char *arguments[] = {"bench_mp_process", DO_NOTHING, NULL};
    pid_t pid;
    double begin = now();
    if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, arguments, environ) != 0)
        exit(1);
    waitpid(pid, NULL, 0);
    return now() - begin;
}

static int echo(const waldo_value *arguments, waldo_error *reterr)
{
    waldo_value *end;
    waldo_mp_connection *connection;
    waldo_value *value;
    check(waldo_value_item(arguments, 0, &end, reterr), reterr);
    check(waldo_mp_connection_from_value(end, &connection, reterr), reterr);
    waldo_value_unref(end);
    for (int i = 0; i < MESSAGES; i++) {
        check(waldo_mp_connection_recv(connection, &value, reterr), reterr);
        check(waldo_mp_connection_send(connection, value, reterr), reterr);
    }
    waldo_mp_connection_unref(connection);
    return 0;
}

static double pipe_of_values(void)
{
    waldo_error err;
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    waldo_mp_process *process;
    waldo_value *value;
    check(waldo_mp_pipe(true, &here, &there, &err), &err);
    check(waldo_mp_process_new(&(waldo_mp_process_options){.target = echo,
                                                           .arguments = waldo_v_tuple(
                                                               waldo_mp_connection_value(there)),
                                                           .method = WALDO_MP_FORK},
                               &process, &err),
          &err);
    check(waldo_mp_process_start(process, &err), &err);
    waldo_mp_connection_unref(there);
    double begin = 0;
    for (int i = 0; i < MESSAGES; i++) {
        check(waldo_mp_connection_send(here, waldo_v(i), &err), &err);
        check(waldo_mp_connection_recv(here, &value, &err), &err);
        waldo_value_unref(value);
        if (i == 0)
            begin = now();
    }
    double taken = (now() - begin) / (MESSAGES - 1);
    check(waldo_mp_process_join(process, WALDO_FOREVER, &err), &err);
    waldo_mp_process_unref(process);
    waldo_mp_connection_unref(here);
    return taken;
}

static void pass(int socket, bool first)
{
    char message[16] = "";
    for (int way = 0; way < 2; way++) {
        ssize_t size = (way == 0) == first ? send(socket, message, sizeof message, 0)
                                           : recv(socket, message, sizeof message, 0);
        if (size != sizeof message)
            exit(1);
    }
}

static double raw_socketpair(void)
{
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0)
        exit(1);
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < MESSAGES; i++)
            pass(sockets[1], false);
        _exit(0);
    }
    double begin = 0;
    for (int i = 0; i < MESSAGES; i++) {
        pass(sockets[0], true);
        if (i == 0)
            begin = now();
    }
    double taken = (now() - begin) / (MESSAGES - 1);
    waitpid(pid, NULL, 0);
    close(sockets[0]);
    close(sockets[1]);
    return taken;
}

/* ---- the table ---- */

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *taken, int count)
{
    qsort(taken, (size_t)count, sizeof *taken, by_size);
    return taken[count / 2];
}

/* In turns, so that what else the machine does hits both. */
static void compare(const char *what, double (*ours)(void), const char *other,
                    double (*theirs)(void), int count)
{
    double *taken[2] = {calloc((size_t)count, sizeof(double)),
                        calloc((size_t)count, sizeof(double))};
    if (!taken[0] || !taken[1])
        exit(1);
    (void)ours();
    (void)theirs();
    for (int i = 0; i < count; i++) {
        taken[0][i] = ours();
        taken[1][i] = theirs();
    }
    double a = median(taken[0], count);
    double b = median(taken[1], count);
    printf("%-28s %8.1f   %-28s %8.1f   %5.2f x\n", what, a, other, b, a / b);
    free(taken[0]);
    free(taken[1]);
}

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);
    if (argc == 2 && strcmp(argv[1], DO_NOTHING) == 0)
        return 0;
    int count = argc == 2 ? (int)strtol(argv[1], NULL, 10) : 200;
    if (count < 1)
        return 2;
    compare("start + join, fork", by_fork, "fork + waitpid", bare_fork, count);
    compare("start + join, spawn", by_spawn, "posix_spawn + waitpid", bare_spawn, count);
    compare("start + join, forkserver", by_forkserver, "start + join, fork", by_fork, count);
    compare("pipe, round trip of an int", pipe_of_values, "socketpair, 16 bytes", raw_socketpair,
            count);
    return 0;
}
