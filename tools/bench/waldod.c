/* Starts servers under test. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

enum { MOST_ARGUMENTS = 16, PROGRAM_SIZE = 4096 };

/* The waldod beside this program. */
static bool find_waldod(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return false;
    path[length] = '\0';
    char *name = strrchr(path, '/') + 1;
    return (size_t)snprintf(name, size - (size_t)(name - path), "waldod") <
           size - (size_t)(name - path);
}

static bool read_address(bench_child *server, char *url)
{
    static const char prefix[] = "listening on ";
    char line[BENCH_URL_SIZE + sizeof prefix - 1];
    if (!bench_child_read_line(server, line, sizeof line) ||
        strncmp(line, prefix, sizeof prefix - 1) != 0)
        return false;
    snprintf(url, BENCH_URL_SIZE, "%s", line + sizeof prefix - 1);
    return true;
}

bool bench_waldod_start(bench_child *ret_child, const char *name, const char *const *options,
                        bench_place *place)
{
    char program[PROGRAM_SIZE], ipc[BENCH_PATH_SIZE + 8];
    const char *arguments[MOST_ARGUMENTS] = {program,
                                             "--listen",
                                             "tcp://127.0.0.1:0",
                                             "--listen",
                                             ipc,
                                             "--listen",
                                             "nn+tcp://127.0.0.1:0",
                                             "--load",
                                             WALDO_BENCH_TYPES};
    size_t count = 0;
    while (arguments[count])
        count++;
    while (options && *options && count < MOST_ARGUMENTS - 1)
        arguments[count++] = *options++;
    snprintf(ipc, sizeof ipc, "ipc://%s/%s", place->directory, name);
    bench_child server = {0};
    if (!find_waldod(program, sizeof program) || !bench_child_start(&server, arguments) ||
        !read_address(&server, place->tcp) || !read_address(&server, place->ipc) ||
        !read_address(&server, place->nn_tcp)) {
        bench_child_end(&server);
        return false;
    }
    snprintf(place->ipc_only, sizeof place->ipc_only, "%.200s?shm=0", place->ipc);
    *ret_child = server;
    return true;
}
