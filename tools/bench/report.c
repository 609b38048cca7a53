#include "bench/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

double report_median(const result *one)
{
    double sorted[REPORT_ROUNDS];
    memcpy(sorted, one->medians, one->rounds * sizeof *sorted);
    qsort(sorted, one->rounds, sizeof *sorted, compare);
    return one->rounds == 0 ? 0 : sorted[one->rounds / 2];
}

static double percentile(const result *one, double share)
{
    return histogram_at(&one->times, share) / 1e3;
}

static void print_row(const result *one)
{
    const char *name = one->row->name;
    unsigned long long samples = one->times.total;
    if (one->outcome != BENCH_READY)
        printf("%-24s %s: %s\n", name, one->outcome == BENCH_ABSENT ? "left out" : "failed",
               one->row->reason);
    else if (!one->row->is_rate)
        printf("%-24s %10.2f us    p99 %10.2f us   %llu samples\n", name, report_median(one) / 1e3,
               percentile(one, 0.99), samples);
    else if (samples > 0)
        printf("%-24s %10.0f ops/s p50 %10.2f us   p99 %10.2f us\n", name, report_median(one),
               percentile(one, 0.5), percentile(one, 0.99));
    else
        printf("%-24s %10.0f ops/s\n", name, report_median(one));
}

void report_print(const report *results)
{
    for (size_t i = 0; i < results->count; i++)
        print_row(&results->rows[i]);
    for (const comparison *with = report_comparisons; with->row; with++) {
        double ratio = report_ratio(results, with);
        if (ratio > 0)
            printf("%-24s %10.3f of %s; wanted: at %s %g%s\n", with->row, ratio, with->peer,
                   with->at_least ? "least" : "most", with->bar,
                   report_is_reached(with, ratio) ? "" : ", not reached");
    }
}

/* ---- for programs ---- */

void report_describe_machine(report_machine *ret_machine)
{
    static const char prefix[] = "model name";
    *ret_machine = (report_machine){.processor = "unknown", .cores = sysconf(_SC_NPROCESSORS_ONLN)};
    uname(&ret_machine->system);
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, prefix, sizeof prefix - 1) != 0 || !colon)
            continue;
        int length = (int)strcspn(colon + 1, "\n\"\\") - 1; /* no line of JSON is broken by it */
        snprintf(ret_machine->processor, sizeof ret_machine->processor, "%.*s",
                 length > 0 ? length : 0, colon + 2);
        break;
    }
    if (file)
        fclose(file);
}

static void write_row(FILE *file, const result *one)
{
    if (!one->row->is_rate) {
        fprintf(file,
                "{\"name\":\"%s\",\"unit\":\"us\",\"p50\":%.3f,\"p99\":%.3f,\"samples\":%llu}",
                one->row->name, report_median(one) / 1e3, percentile(one, 0.99),
                (unsigned long long)one->times.total);
        return;
    }
    fprintf(file, "{\"name\":\"%s\",\"unit\":\"ops/s\",\"median\":%.1f,\"samples\":%u",
            one->row->name, report_median(one), one->rounds);
    if (one->times.total > 0)
        fprintf(file, ",\"latency_p50_us\":%.3f,\"latency_p99_us\":%.3f", percentile(one, 0.5),
                percentile(one, 0.99));
    fputs("}", file);
}

const char *report_write_json(const report *results, const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return strerror(errno);
    report_machine machine;
    report_describe_machine(&machine);
    fprintf(file,
            "{\"machine\":{\"system\":\"%s\",\"release\":\"%s\",\"architecture\":\"%s\","
            "\"processor\":\"%s\",\"cores\":%ld},\n\"rounds\":%u,\"seconds\":%g,\n"
            "\"results\":[",
            machine.system.sysname, machine.system.release, machine.system.machine,
            machine.processor, machine.cores, results->rounds, results->seconds);
    const char *separator = "\n";
    for (size_t i = 0; i < results->count; i++) {
        if (results->rows[i].outcome != BENCH_READY)
            continue;
        fputs(separator, file);
        write_row(file, &results->rows[i]);
        separator = ",\n";
    }
    fputs("\n]}\n", file);
    bool good = !ferror(file);
    return fclose(file) == 0 && good ? NULL : strerror(errno);
}

bool report_is_good(const report *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (results->rows[i].outcome == BENCH_FAILED)
            return false;
    return true;
}
