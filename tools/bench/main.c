/* waldo-bench: how long calls take, beside what others take on the same machine in the same run.
 *
 * Starts waldods, and with --peers the peers' servers, runs every row for a moment, round after
 * round, and gives the medians of the rounds. Exit status: 0, 1 (something failed), 2 (usage). */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/markdown.h"
#include "bench/plot.h"
#include "bench/report.h"
#include "bench/settings.h"

enum { ROUNDS = 9, QUICK_ROUNDS = 3 };

bench_opened bench_fail(bench_row *row, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row->reason, sizeof row->reason, format, arguments);
    va_end(arguments);
    return BENCH_FAILED;
}

bench_opened bench_fail_without(bench_row *row, const char *program)
{
    bool is_absent = errno == ENOENT;
    bench_fail(row, is_absent ? "there is no %s" : "%s does not start", program);
    return is_absent ? BENCH_ABSENT : BENCH_FAILED;
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
            return BENCH_FAILED;
        uint64_t now = bench_now();
        histogram_add(times, now - start);
        start = now;
    }
    return 0;
}

double bench_count_all(bench_row *row, double seconds, bool (*some)(bench_row *row))
{
    uint64_t start = bench_now(), now = start, end = start + (uint64_t)(seconds * 1e9);
    uint64_t count = 0;
    for (; now < end; now = bench_now(), count += row->number)
        if (!some(row))
            return BENCH_FAILED;
    return (double)count * 1e9 / (double)(now - start);
}

/* ---- running ---- */

static bench_row *const groups[] = {bench_call_rows,    bench_client_rows, bench_payload_rows,
                                    bench_crowded_rows, bench_raw_rows,    bench_memory_rows,
                                    bench_nanomsg_rows, bench_redis_rows,  bench_cpython_rows};

static void choose_rows(report *results, const settings *chosen)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        for (bench_row *row = groups[i]; row->name; row++)
            if (results->count < REPORT_ROWS && settings_want(chosen, row->name, row->is_peer))
                results->rows[results->count++].row = row;
}

static void run_round(result *one, double seconds, unsigned round)
{
    histogram *times = calloc(1, sizeof *times);
    double used = bench_used();
    uint64_t start = bench_now();
    double rate = times ? one->row->run(one->row, seconds, times) : BENCH_FAILED;
    if (!times || rate < 0) {
        one->outcome = BENCH_FAILED;
    } else {
        one->used += bench_used() - used;
        one->operations +=
            times->total > 0 ? (double)times->total : rate * (double)(bench_now() - start) / 1e9;
        one->medians[round] = one->row->is_rate ? rate : histogram_at(times, 0.5);
        histogram_merge(&one->times, times);
        one->rounds = round + 1;
    }
    free(times);
}

static void run_all(report *results, const settings *chosen, const bench_place *place,
                    const bench_place *nospin)
{
    for (size_t i = 0; i < results->count; i++) {
        result *one = &results->rows[i];
        one->row->place = one->row->no_spin ? nospin : place;
        one->outcome = one->row->open(one->row);
        one->is_open = one->outcome == BENCH_READY;
    }
    results->rounds = chosen->quick ? QUICK_ROUNDS : ROUNDS;
    results->seconds = chosen->seconds;
    for (unsigned round = 0; round < results->rounds; round++)
        for (size_t i = 0; i < results->count; i++)
            if (results->rows[i].outcome == BENCH_READY)
                run_round(&results->rows[i], chosen->seconds, round);
    for (size_t i = 0; i < results->count; i++)
        if (results->rows[i].is_open)
            results->rows[i].row->close(results->rows[i].row);
}

/* NULL is a success. */
static bool complain(const char *path, const char *reason)
{
    if (reason)
        fprintf(stderr, "waldo-bench: %s cannot be written: %s\n", path, reason);
    return !reason;
}

static bool write_files(const report *results, const settings *chosen)
{
    bool good = true;
    if (chosen->json)
        good &= complain(chosen->json, report_write_json(results, chosen->json));
    if (chosen->plot)
        good &= complain(chosen->plot, plot_write(results, chosen->plot));
    if (chosen->markdown)
        good &= complain(chosen->markdown, markdown_write(results, chosen->markdown, chosen->plot));
    return good;
}

/* One server looks for requests before it sleeps, the other one does not. */
static int measure(report *results, const settings *chosen, bench_place *place)
{
    static const char *const no_spin[] = {"--spin", "0", NULL};
    bench_child server = {0}, sleeper = {0};
    bench_place nospin = *place;
    bool good = bench_waldod_start(&server, "waldo", NULL, place) &&
                bench_waldod_start(&sleeper, "nospin", no_spin, &nospin);
    if (good)
        run_all(results, chosen, place, &nospin);
    else
        fputs("waldo-bench: waldod does not start\n", stderr);
    bench_child_end(&server);
    bench_child_end(&sleeper);
    return good ? 0 : 1;
}

static void remove_directory(const char *directory)
{
    DIR *open = opendir(directory);
    for (struct dirent *entry; open && (entry = readdir(open));)
        (void)unlinkat(dirfd(open), entry->d_name, 0);
    if (open)
        closedir(open);
    rmdir(directory);
}

static int measure_somewhere(report *results, const settings *chosen)
{
    bench_place place = {.directory = "/tmp/waldo-bench-XXXXXX"};
    if (!mkdtemp(place.directory)) {
        perror("waldo-bench: /tmp");
        return 1;
    }
    int status = measure(results, chosen, &place);
    remove_directory(place.directory);
    if (status != 0)
        return status;
    report_print(results);
    return write_files(results, chosen) && report_is_good(results) ? 0 : 1;
}

static int serve(const char *kind, const char *address)
{
    if (strcmp(kind, "shm") == 0)
        return bench_serve_memory(address);
    if (strcmp(kind, "objects") == 0 || strcmp(kind, "waiters") == 0)
        return bench_serve_holder(kind, address);
    return strcmp(kind, "nanomsg") == 0 ? bench_serve_nanomsg(address)
                                        : bench_serve_raw(kind, address);
}

int main(int argc, char **argv)
{
    static report results;
    settings chosen;
    int status;
    if (argc == 4 && strcmp(argv[1], "--serve") == 0)
        return serve(argv[2], argv[3]);
    if (!settings_read(argc, argv, &chosen, &status))
        return status;
    choose_rows(&results, &chosen);
    if (!chosen.list)
        return measure_somewhere(&results, &chosen);
    for (size_t i = 0; i < results.count; i++)
        puts(results.rows[i].row->name);
    return 0;
}
