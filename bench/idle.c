/* What a server's clients and objects cost while nobody calls, and whether a call takes longer
 * where there are many of them.
 *
 *     bench_idle [CLIENTS [OBJECTS [SECONDS [LISTEN]]]]
 *
 * Defaults: 1000 clients, 1000000 objects, 20 seconds, tcp://127.0.0.1:0. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <waldo/waldo.h>

#include "server.h"

enum { ROUNDS = 9, CALLS = 3000 };

static waldo_error error;

static waldo_manager *connect_to(const char *url)
{
    waldo_manager *manager;
    must(waldo_connect(url, NULL, &manager, &error), &error);
    return manager;
}

/* ---- clients in a process of their own, which dies without a word ---- */

static _Noreturn void hold(const char *url, int clients)
{
    for (int i = 0; i < clients; i++)
        (void)connect_to(url);
    puts("connected");
    fflush(stdout);
    for (;;)
        pause();
}

static pid_t start_holder(const char *url, int clients)
{
    int ends[2];
    char count[16], line[32];
    pid_t holder;
    posix_spawn_file_actions_t actions;
    snprintf(count, sizeof count, "%d", clients);
    char *const arguments[] = {"bench_idle", "--hold", (char *)url, count, NULL};
    if (pipe(ends) < 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_addclose(&actions, ends[0]) != 0 ||
        posix_spawn(&holder, "/proc/self/exe", &actions, NULL, arguments, environ) != 0)
        fail("the clients cannot be started", NULL);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    if (!output || !fgets(line, sizeof line, output))
        fail("the clients do not connect", NULL);
    fclose(output);
    return holder;
}

static void kill_holder(pid_t holder)
{
    kill(holder, SIGKILL);
    while (waitpid(holder, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void wait_seconds(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&time, &time) < 0)
        ;
}

static void measure_time(const char *listen, int clients, double seconds)
{
    pid_t holder = start_holder(server_start(listen, "10"), clients);
    double used = server_used();
    wait_seconds(seconds);
    used = server_used() - used;
    kill_holder(holder);
    printf("%d clients: %.2f %% of a processor while none of them calls\n", clients,
           used / seconds * 100);
    server_end();
}

/* The connections of the dead are given back at once, their sessions when the lease is over. Those
 * who come then take the memory of the connections again, so that what the process grows by is
 * that of their sessions. */
static void measure_memory(const char *listen, int clients)
{
    const char *url = server_start(listen, PATIENT);
    double start = server_resident();
    pid_t first = start_holder(url, clients);
    double with_first = server_resident();
    kill_holder(first);
    wait_seconds(0.5);
    pid_t second = start_holder(url, clients);
    double with_second = server_resident();
    kill_holder(second);
    double session = (with_second - with_first) / clients;
    printf("memory of a session: %.0f bytes, of a connection: %.0f bytes\n", session,
           (with_first - start) / clients - session);
    server_end();
}

/* ---- objects ---- */

static double median_call(waldo_event *event)
{
    static double times[CALLS];
    for (int i = 0; i < CALLS; i++) {
        double start = now();
        must(waldo_event_is_set(event, &error), &error);
        times[i] = now() - start;
    }
    return median(times, CALLS) * 1e6;
}

static double best_call(waldo_event *event)
{
    double best = median_call(event);
    for (int i = 1; i < ROUNDS; i++) {
        double median = median_call(event);
        if (median < best)
            best = median;
    }
    return best;
}

static void measure_objects(const char *listen, int count)
{
    const char *url = server_start(listen, PATIENT);
    waldo_manager *manager = connect_to(url);
    waldo_event **events = calloc((size_t)count, sizeof(waldo_event *));
    if (!events)
        fail("no memory", NULL);
    must(waldo_event_new(manager, &events[0], &error), &error);
    double alone = best_call(events[0]);
    double before = server_resident();
    for (int i = 1; i < count; i++)
        must(waldo_event_new(manager, &events[i], &error), &error);
    double memory = (server_resident() - before) / (count - 1);
    double among = best_call(events[count / 2]);
    for (int i = 1; i < count; i++)
        waldo_event_unref(events[i]);
    double after = best_call(events[0]);
    printf("memory of an object (an Event): %.0f bytes\n", memory);
    printf("a call where there is one object: %.2f us, %d: %.2f us, one again: %.2f us\n", alone,
           count, among, after);
    waldo_event_unref(events[0]);
    free(events);
    waldo_manager_unref(manager);
    server_end();
}

static int number(int argc, char **argv, int position, int otherwise)
{
    return argc > position ? (int)strtol(argv[position], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--hold") == 0)
        hold(argv[2], (int)strtol(argv[3], NULL, 10));
    int clients = number(argc, argv, 1, 1000), objects = number(argc, argv, 2, 1000000);
    int seconds = number(argc, argv, 3, 20);
    const char *listen = argc > 4 ? argv[4] : "tcp://127.0.0.1:0";
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (clients < 2 || objects < 2 || seconds < 1)
        fail("usage: bench_idle [CLIENTS [OBJECTS [SECONDS [LISTEN]]]]", NULL);
    measure_time(listen, clients, seconds);
    measure_memory(listen, clients);
    measure_objects(listen, objects);
    return 0;
}
