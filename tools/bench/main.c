/* waldo-bench: how long calls take, beside what others take on the same machine in the same run.
 *
 *     waldo-bench [--peers] [--quick] [--rows PATTERN] [--json FILE]
 *
 * Starts a waldod, and with --peers the peers' servers, runs every row for a moment, round after
 * round, and prints the median of the rounds. Exit status: 0, 1 (something failed), 2 (usage). */
#include <fnmatch.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <waldo/abi.h>

#include "bench/bench.h"
#include "bench/report.h"

enum { ROUNDS = 9, QUICK_ROUNDS = 3 };
static const double ROUND_SECONDS = 0.3;

typedef struct settings {
    bool peers;
    bool quick;
    const char *pattern;
    const char *json;
} settings;

static const char usage[] =
    "usage: waldo-bench [--peers] [--quick] [--rows PATTERN] [--json FILE]\n"
    "\n"
    "  --peers         also raw sockets, libnanomsg, Redis and CPython's managers\n"
    "  --quick         3 rounds instead of 9\n"
    "  --rows PATTERN  only rows whose names match, such as 'call.*'\n"
    "  --json FILE     write the results for programs\n"
    "  --version, --help\n";

int bench_fail(bench_row *row, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row->reason, sizeof row->reason, format, arguments);
    va_end(arguments);
    return -1;
}

void bench_sleep(double seconds)
{
    struct timespec time = {.tv_sec = (time_t)seconds};
    time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) != 0)
        ;
}

double bench_time_each(bench_row *row, double seconds, histogram *times,
                       bool (*once)(bench_row *row))
{
    uint64_t start = bench_now(), end = start + (uint64_t)(seconds * 1e9);
    while (start < end) {
        if (!once(row))
            return -1;
        uint64_t now = bench_now();
        histogram_add(times, now - start);
        start = now;
    }
    return 0;
}

/* ---- the server under test ---- */

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

static bool start_waldod(bench_child *server, bench_place *place)
{
    char program[4096], ipc[BENCH_PATH_SIZE];
    snprintf(ipc, sizeof ipc, "ipc://%s/waldo", place->directory);
    const char *const arguments[] = {
        program, "--load",   bench_module(),         "--listen", "tcp://127.0.0.1:0", "--listen",
        ipc,     "--listen", "nn+tcp://127.0.0.1:0", NULL};
    if (!find_waldod(program, sizeof program) || !bench_child_start(server, arguments) ||
        !read_address(server, place->tcp) || !read_address(server, place->ipc) ||
        !read_address(server, place->nn_tcp))
        return false;
    snprintf(place->ipc_only, sizeof place->ipc_only, "%.200s?shm=0", place->ipc);
    return true;
}

static bool start_nospin(bench_child *server, bench_place *place)
{
    char program[4096], ipc[BENCH_PATH_SIZE], address[BENCH_URL_SIZE];
    snprintf(ipc, sizeof ipc, "ipc://%s/nospin", place->directory);
    const char *const arguments[] = {program,    "--spin", "0", "--listen", "tcp://127.0.0.1:0",
                                     "--listen", ipc,      NULL};
    if (!find_waldod(program, sizeof program) || !bench_child_start(server, arguments) ||
        !read_address(server, place->tcp_nospin) || !read_address(server, address))
        return false;
    snprintf(place->ipc_nospin, sizeof place->ipc_nospin, "%.200s?shm=0", address);
    return true;
}

/* ---- running ---- */

static bench_row *const groups[] = {bench_waldo_rows,  bench_user_rows,    bench_raw_rows,
                                    bench_memory_rows, bench_nanomsg_rows, bench_redis_rows,
                                    bench_cpython_rows};

static bool is_wanted(const bench_row *row, const settings *chosen)
{
    return (chosen->peers || !row->is_peer) &&
           (!chosen->pattern || fnmatch(chosen->pattern, row->name, 0) == 0);
}

static void choose_rows(report *results, const settings *chosen, const bench_place *place)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        for (bench_row *row = groups[i]; row->name; row++) {
            if (!is_wanted(row, chosen) || results->count == REPORT_ROWS)
                continue;
            result *one = &results->rows[results->count++];
            one->row = row;
            one->failed = row->open(row, place) < 0;
        }
}

static void run_round(result *one, double seconds, unsigned round)
{
    histogram *times = calloc(1, sizeof *times);
    double rate = times ? one->row->run(one->row, seconds, times) : -1;
    if (rate < 0) {
        one->failed = true;
    } else if (one->row->is_rate) {
        one->medians[round] = rate;
        one->times.total++;
    } else {
        one->medians[round] = histogram_at(times, 0.5);
        histogram_merge(&one->times, times);
    }
    one->rounds = round + 1;
    free(times);
}

static void run_all(report *results, const settings *chosen)
{
    unsigned rounds = chosen->quick ? QUICK_ROUNDS : ROUNDS;
    for (unsigned round = 0; round < rounds; round++)
        for (size_t i = 0; i < results->count; i++)
            if (!results->rows[i].failed)
                run_round(&results->rows[i], ROUND_SECONDS, round);
    for (size_t i = 0; i < results->count; i++)
        if (results->rows[i].rounds > 0)
            results->rows[i].row->close(results->rows[i].row);
}

static int measure(const settings *chosen, bench_place *place)
{
    static report results;
    bench_child server = {0}, nospin = {0};
    bool started = start_waldod(&server, place) && start_nospin(&nospin, place);
    if (started) {
        choose_rows(&results, chosen, place);
        run_all(&results, chosen);
    }
    bench_child_end(&server);
    bench_child_end(&nospin);
    if (!started) {
        fputs("waldo-bench: waldod does not start\n", stderr);
        return 1;
    }
    report_print(&results);
    bool written = !chosen->json || report_write_json(&results, chosen->json);
    if (!written)
        perror(chosen->json);
    return written && report_is_good(&results) ? 0 : 1;
}

static int measure_somewhere(const settings *chosen)
{
    bench_place place = {.directory = "/tmp/waldo-bench-XXXXXX"};
    if (!mkdtemp(place.directory)) {
        perror("waldo-bench: /tmp");
        return 1;
    }
    int status = measure(chosen, &place);
    static const char *const sockets[] = {"waldo", "nospin", "raw", "redis"};
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        char path[BENCH_PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", place.directory, sockets[i]);
        unlink(path);
    }
    rmdir(place.directory);
    return status;
}

static int serve(int argc, char **argv)
{
    const char *address = argc > 3 ? argv[3] : "";
    if (strcmp(argv[2], "shm") == 0)
        return bench_serve_memory(address);
    return strcmp(argv[2], "nanomsg") == 0 ? bench_serve_nanomsg(address)
                                           : bench_serve_raw(argv[2], address);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"peers", no_argument, NULL, 'p'},
                                            {"quick", no_argument, NULL, 'q'},
                                            {"rows", required_argument, NULL, 'r'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    if (argc > 2 && strcmp(argv[1], "--serve") == 0)
        return serve(argc, argv);
    settings chosen = {0};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'p':
            chosen.peers = true;
            break;
        case 'q':
            chosen.quick = true;
            break;
        case 'r':
            chosen.pattern = optarg;
            break;
        case 'j':
            chosen.json = optarg;
            break;
        case 'v':
            puts("waldo-bench " WALDO_VERSION);
            return 0;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    return measure_somewhere(&chosen);
}
