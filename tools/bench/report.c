#include "bench/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

/* Of the rounds' medians. */
static double median(const result *one)
{
    double sorted[REPORT_ROUNDS];
    memcpy(sorted, one->medians, one->rounds * sizeof *sorted);
    qsort(sorted, one->rounds, sizeof *sorted, compare);
    return one->rounds == 0 ? 0 : sorted[one->rounds / 2];
}

static void print_row(const result *one)
{
    if (one->failed)
        printf("%-24s %s\n", one->row->name, one->row->reason);
    else if (one->row->is_rate)
        printf("%-24s %10.0f ops/s\n", one->row->name, median(one));
    else
        printf("%-24s %10.2f us    p99 %10.2f us   %llu samples\n", one->row->name,
               median(one) / 1e3, histogram_at(&one->times, 0.99) / 1e3,
               (unsigned long long)one->times.total);
}

void report_print(report *results)
{
    for (size_t i = 0; i < results->count; i++)
        print_row(&results->rows[i]);
}

static void write_row(FILE *file, const result *one)
{
    if (one->row->is_rate)
        fprintf(file, "{\"name\":\"%s\",\"unit\":\"ops/s\",\"median\":%.1f,\"samples\":%u}",
                one->row->name, median(one), one->rounds);
    else
        fprintf(file,
                "{\"name\":\"%s\",\"unit\":\"us\",\"p50\":%.3f,\"p99\":%.3f,\"samples\":%llu}",
                one->row->name, median(one) / 1e3, histogram_at(&one->times, 0.99) / 1e3,
                (unsigned long long)one->times.total);
}

bool report_write_json(report *results, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    struct utsname machine;
    uname(&machine);
    fprintf(file,
            "{\"machine\":{\"system\":\"%s\",\"release\":\"%s\",\"processor\":\"%s\","
            "\"cores\":%ld},\n\"results\":[",
            machine.sysname, machine.release, machine.machine, sysconf(_SC_NPROCESSORS_ONLN));
    const char *separator = "\n";
    for (size_t i = 0; i < results->count; i++) {
        if (results->rows[i].failed)
            continue;
        fputs(separator, file);
        write_row(file, &results->rows[i]);
        separator = ",\n";
    }
    fputs("\n]}\n", file);
    return fclose(file) == 0;
}

bool report_is_good(const report *results)
{
    for (size_t i = 0; i < results->count; i++)
        if (results->rows[i].failed)
            return false;
    return true;
}
