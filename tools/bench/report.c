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

double report_used(const result *one)
{
    bool known = one->operations > 0 && !one->row->is_elsewhere;
    return known ? one->used * 1e6 / one->operations : -1;
}

static double percentile(const result *one, double share)
{
    return histogram_at(&one->times, share) / 1e3;
}

static void print_used(const result *one)
{
    if (report_used(one) >= 0)
        printf("   cpu %8.2f us", report_used(one));
    putchar('\n');
}

static void print_row(const result *one)
{
    const char *name = one->row->name;
    if (one->outcome != BENCH_READY) {
        printf("%-24s %s: %s\n", name, one->outcome == BENCH_ABSENT ? "left out" : "failed",
               one->row->reason);
        return;
    }
    if (one->row->is_rate)
        printf("%-24s %10.0f ops/s", name, report_median(one));
    else
        printf("%-24s %10.2f us   ", name, report_median(one) / 1e3);
    if (one->row->is_rate && one->times.total > 0)
        printf(" p50 %10.2f us  ", percentile(one, 0.5));
    if (one->times.total > 0)
        printf(" p99 %10.2f us", percentile(one, 0.99));
    print_used(one);
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
    if (one->row->is_rate)
        fprintf(file, "{\"name\":\"%s\",\"unit\":\"ops/s\",\"median\":%.1f,\"samples\":%u",
                one->row->name, report_median(one), one->rounds);
    else
        fprintf(file, "{\"name\":\"%s\",\"unit\":\"us\",\"p50\":%.3f,\"p99\":%.3f,\"samples\":%llu",
                one->row->name, report_median(one) / 1e3, percentile(one, 0.99),
                (unsigned long long)one->times.total);
    if (one->row->is_rate && one->times.total > 0)
        fprintf(file, ",\"latency_p50_us\":%.3f,\"latency_p99_us\":%.3f", percentile(one, 0.5),
                percentile(one, 0.99));
    if (report_used(one) >= 0)
        fprintf(file, ",\"cpu_us\":%.3f", report_used(one));
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
