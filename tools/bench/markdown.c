#include "bench/markdown.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_PAGE = 1024 * 1024 };

static const char begin[] = "<!-- waldo-bench -->\n", end[] = "<!-- /waldo-bench -->\n";

/* ---- figures ---- */

/* Three digits of it, in groups. */
static void print_rate(FILE *file, double rate)
{
    double unit = rate < 1 ? 1 : fmax(1, pow(10, floor(log10(rate)) - 2));
    unsigned long rounded = (unsigned long)(round(rate / unit) * unit);
    if (rounded >= 1000 * 1000)
        fprintf(file, "%lu,%03lu,%03lu /s", rounded / 1000000, rounded / 1000 % 1000,
                rounded % 1000);
    else if (rounded >= 1000)
        fprintf(file, "%lu,%03lu /s", rounded / 1000, rounded % 1000);
    else
        fprintf(file, "%lu /s", rounded);
}

static void print_time(FILE *file, double nanoseconds)
{
    double value = nanoseconds >= 1e6 ? nanoseconds / 1e6 : nanoseconds / 1e3;
    fprintf(file, "%.*f %s",
            value < 10    ? 2
            : value < 100 ? 1
                          : 0,
            value, nanoseconds >= 1e6 ? "ms" : "us");
}

static void print_median(FILE *file, const result *one)
{
    if (one->row->is_rate)
        print_rate(file, report_median(one));
    else
        print_time(file, report_median(one));
}

static void print_percentile(FILE *file, const result *one)
{
    if (!one->row->is_rate || one->times.total > 0)
        print_time(file, histogram_at(&one->times, 0.99));
}

/* ---- tables ---- */

static void write_comparison(FILE *file, const report *results, const comparison *with)
{
    double ratio = report_ratio(results, with);
    if (ratio <= 0)
        return;
    const result *row = report_find(results, with->row), *peer = report_find(results, with->peer);
    const char *bold = report_is_reached(with, ratio) ? "" : "**";
    fprintf(file, "| `%s` | ", with->row);
    print_median(file, row);
    fprintf(file, " | `%s` | ", with->peer);
    print_median(file, peer);
    fprintf(file, " | %.3g | %sat %s %g%s |\n", ratio, bold, with->at_least ? "least" : "most",
            with->bar, bold);
}

static void write_comparisons(FILE *file, const report *results)
{
    fputs("| row | median | beside it | median | ratio | wanted |\n|---|---|---|---|---|---|\n",
          file);
    for (const comparison *with = report_comparisons; with->row; with++)
        write_comparison(file, results, with);
}

static void write_rows(FILE *file, const report *results)
{
    fputs("| row | median | p99 of an operation | its processor time |\n|---|---|---|---|\n", file);
    for (size_t i = 0; i < results->count; i++) {
        const result *one = &results->rows[i];
        if (one->outcome != BENCH_READY)
            continue;
        fprintf(file, "| `%s` | ", one->row->name);
        print_median(file, one);
        fputs(" | ", file);
        print_percentile(file, one);
        fputs(" | ", file);
        if (report_used(one) >= 0)
            print_time(file, report_used(one) * 1e3);
        fputs(" |\n", file);
    }
}

static void write_section(FILE *file, const report *results, const char *plot)
{
    report_machine machine;
    report_describe_machine(&machine);
    fprintf(file,
            "%sMedians of %u rounds of %g s each, in one run: %s %s, %s, processors: %ld.\n\n",
            begin, results->rounds, results->seconds, machine.system.sysname,
            machine.system.release, machine.processor, machine.cores);
    write_comparisons(file, results);
    fputs("\nEvery row:\n\n", file);
    write_rows(file, results);
    if (plot) {
        const char *slash = strrchr(plot, '/');
        fprintf(file, "\n![latency against load](%s)\n", slash ? slash + 1 : plot);
    }
    fputs(end, file);
}

/* ---- the page ---- */

/* The caller's to free; NULL: errno says why. */
static char *read_page(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *text = malloc(MOST_PAGE + 1);
    size_t size = text ? fread(text, 1, MOST_PAGE + 1, file) : 0;
    bool good = text && !ferror(file);
    if (good && size > MOST_PAGE) {
        errno = EFBIG;
        good = false;
    }
    if (good)
        text[size] = '\0';
    fclose(file);
    if (!good) {
        free(text);
        text = NULL;
    }
    return text;
}

/* A new file takes the place of the old one, so that a page is never half of one. */
static const char *write_page(const report *results, const char *path, const char *plot,
                              const char *page)
{
    const char *first = strstr(page, begin), *last = first ? strstr(first, end) : NULL;
    if (!last)
        return "it has no <!-- waldo-bench --> and <!-- /waldo-bench -->";
    char fresh[PATH_MAX];
    if ((size_t)snprintf(fresh, sizeof fresh, "%s.new", path) >= sizeof fresh)
        return strerror(ENAMETOOLONG);
    FILE *file = fopen(fresh, "we");
    if (!file)
        return strerror(errno);
    fwrite(page, 1, (size_t)(first - page), file);
    write_section(file, results, plot);
    fputs(last + sizeof end - 1, file);
    bool good = !ferror(file);
    if (fclose(file) == 0 && good && rename(fresh, path) == 0)
        return NULL;
    const char *reason = strerror(errno);
    unlink(fresh);
    return reason;
}

const char *markdown_write(const report *results, const char *path, const char *plot)
{
    char *page = read_page(path);
    if (!page)
        return strerror(errno);
    const char *reason = write_page(results, path, plot, page);
    free(page);
    return reason;
}
