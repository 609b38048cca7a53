/* A dict of many ints: the memory that a waldod takes for it, and how fast one walks over it.
 *
 *     bench_dict [ENTRIES]        1,000,000 of them
 */
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <waldo/waldo.h>

enum { ROUNDS = 5 };

static waldo_error err;
static pid_t server;
static char url[256];

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "bench_dict: %s\n", what);
    if (err.code)
        waldo_error_print(&err, stderr);
    if (server > 0)
        kill(server, SIGKILL);
    exit(1);
}

static int must(int status)
{
    if (status < 0)
        fail("a call failed");
    return status;
}

static void start_server(void)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    char *const arguments[] = {"waldod", "--listen", "ipc://@waldo-bench-dict", NULL};
    if (pipe(ends) < 0 || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) != 0 ||
        posix_spawn_file_actions_addclose(&actions, ends[0]) != 0 ||
        posix_spawn(&server, WALDOD, &actions, NULL, arguments, environ) != 0)
        fail("waldod cannot be started");
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    if (!output || fscanf(output, "listening on %255s", url) != 1)
        fail("waldod does not listen");
    fclose(output);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* MB that the server has in memory. */
static double resident(void)
{
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/statm", (int)server);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file) || !strchr(line, ' '))
        fail("the server's memory cannot be read");
    fclose(file);
    double pages = strtod(strchr(line, ' '), NULL); /* the second number */
    return pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* Seconds of processor time that this process and the server have used. */
static double processor_time(void)
{
    clockid_t clock;
    struct timespec own, other;
    if (clock_getcpuclockid(server, &clock) != 0 || clock_gettime(clock, &other) < 0)
        fail("the server's time cannot be read");
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    return (double)(own.tv_sec + other.tv_sec) + (double)(own.tv_nsec + other.tv_nsec) / 1e9;
}

static void fill(waldo_dict *dict, int64_t entries)
{
    enum { AT_ONCE = 1000 };
    for (int64_t i = 0; i < entries;) {
        waldo_value *items = waldo_v_dict();
        for (int n = 0; n < AT_ONCE && i < entries; n++, i++)
            must(waldo_value_dict_set(items, waldo_v(i), waldo_v(i), &err));
        must(waldo_dict_update(dict, items, &err));
    }
}

static void walk(waldo_dict *dict, int64_t entries)
{
    int status;
    int64_t seen = 0;
    WALDO_DICT_EACH(dict, key, value, &status, &err)
    {
        int64_t first, second;
        must(waldo_value_get_int64(key, &first, &err));
        must(waldo_value_get_int64(value, &second, &err));
        if (first != seen || second != seen)
            fail("an item is not what it should be");
        seen++;
    }
    must(status);
    if (seen != entries)
        fail("items are missing");
}

int main(int argc, char **argv)
{
    int64_t entries = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000;
    waldo_manager *manager;
    waldo_dict *dict;
    start_server();
    must(waldo_connect(url, NULL, &manager, &err));
    must(waldo_dict_new(manager, &dict, &err));

    double before = resident();
    double begun = now();
    fill(dict, entries);
    double filled = now() - begun;
    printf("%" PRId64 " entries\n", entries);
    printf("memory     %8.1f MB, %.1f bytes an entry\n", resident() - before,
           (resident() - before) * 1e6 / (double)entries);
    printf("update     %8.2f M entries/s, 1000 in a call\n", (double)entries / filled / 1e6);
    double best = 0;
    double used = processor_time();
    for (int round = 0; round < ROUNDS; round++) {
        begun = now();
        walk(dict, entries);
        double rate = (double)entries / (now() - begun) / 1e6;
        best = rate > best ? rate : best;
    }
    used = processor_time() - used;
    printf("iteration  %8.2f M entries/s, the best of 5; %.2f us of processor time an entry\n",
           best, used * 1e6 / ROUNDS / (double)entries);

    waldo_dict_unref(dict);
    waldo_manager_unref(manager);
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    return 0;
}
