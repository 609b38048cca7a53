/* Hours of load with faults: the server's memory and descriptors stay as they are after the first
 * quarter. Run by `make soak`: without WALDO_SOAK_MINUTES it does nothing. A plot of both is left
 * in WALDO_SOAK_PLOT. */
#include <stdio.h>
#include <stdlib.h>

#include "round.h"

enum { CALLS = 30, MAX_SAMPLES = 4096, WIDTH = 800, HEIGHT = 300, SLACK_MB = 8, SLACK_FILES = 8 };

typedef struct sample {
    double minutes, megabytes, descriptors;
} sample;

static const char *const short_times[] = {"--lease",   "1.5", "--grace", "0.3",
                                          "--transit", "2",   NULL};
static server host;
static arena arenas[2];
static sample samples[MAX_SAMPLES];
static size_t count;

static void take_sample(double start)
{
    if (count == MAX_SAMPLES)
        return;
    samples[count++] =
        (sample){(now() - start) / 60, (double)resident_of(host.process.pid) / (1024 * 1024),
                 (double)descriptors_of(host.process.pid)};
}

/* ---- the plot ---- */

static void draw_line(FILE *file, size_t offset, double most, const char *colour)
{
    fprintf(file, "<polyline fill=\"none\" stroke=\"%s\" points=\"", colour);
    for (size_t i = 0; i < count; i++) {
        double value = offset ? samples[i].descriptors : samples[i].megabytes;
        fprintf(file, "%.1f,%.1f ", samples[i].minutes / samples[count - 1].minutes * WIDTH,
                HEIGHT - value / most * HEIGHT);
    }
    fprintf(file, "\"/>\n");
}

static void draw(const char *path)
{
    double memory = 1, files = 1;
    for (size_t i = 0; i < count; i++) {
        memory = samples[i].megabytes > memory ? samples[i].megabytes : memory;
        files = samples[i].descriptors > files ? samples[i].descriptors : files;
    }
    FILE *file = fopen(path, "we");
    cr_assert(file, "%s", path);
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-10 -30 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"14\">\n<text y=\"-10\">waldod under load "
            "with faults, %.1f minutes: resident memory (blue, top %.0f MiB), descriptors (red, "
            "top %.0f)</text>\n<rect width=\"%d\" height=\"%d\" fill=\"none\" "
            "stroke=\"gray\"/>\n",
            WIDTH + 20, HEIGHT + 40, samples[count - 1].minutes, memory * 1.2, files * 1.2, WIDTH,
            HEIGHT);
    draw_line(file, 0, memory * 1.2, "blue");
    draw_line(file, 1, files * 1.2, "red");
    fprintf(file, "</svg>\n");
    fclose(file);
}

/* ---- flat? ---- */

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Of a quarter of the time, from 0. */
static double median(size_t quarter, bool of_descriptors)
{
    static double values[MAX_SAMPLES];
    size_t first = count * quarter / 4, last = count * (quarter + 1) / 4;
    for (size_t i = first; i < last; i++)
        values[i - first] = of_descriptors ? samples[i].descriptors : samples[i].megabytes;
    qsort(values, last - first, sizeof *values, by_size);
    return values[(last - first) / 2];
}

static void run_rounds(double minutes)
{
    double start = now();
    double every = minutes * 60 / (MAX_SAMPLES - 8), next = start;
    for (uint64_t round = 0; now() < start + minutes * 60; round++) {
        arena *one = &arenas[round % 2];
        for (unsigned i = 0; i < SUBJECTS; i++)
            one->kinds[i] = (enum subject_kind)((round * SUBJECTS + i) % SUBJECT_KINDS);
        run_round(one, round, CALLS, 1 + round % 2, true);
        if (now() < next)
            continue;
        take_sample(start);
        next = now() + every;
    }
}

Test(soak, memory_and_descriptors_stay, .timeout = 100000)
{
    const char *minutes = getenv("WALDO_SOAK_MINUTES"), *plot = getenv("WALDO_SOAK_PLOT");
    if (!minutes)
        cr_skip_test("no WALDO_SOAK_MINUTES");
    /* What is freed may be used again: the sanitizer would keep some of it for a while. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=0:thread_local_quarantine_size_kb=0", 1);
    start_server(&host, short_times);
    for (int i = 0; i < 2; i++)
        arena_begin(&arenas[i], &host, host.urls[i]);
    run_rounds(atof(minutes));
    size_t histories = arenas[0].histories + arenas[1].histories;
    size_t violations = arenas[0].violations + arenas[1].violations;
    for (int i = 0; i < 2; i++)
        arena_end(&arenas[i]);
    stop_server(&host);
    cr_assert_gt(count, 8);
    if (plot)
        draw(plot);
    fprintf(stderr,
            "soak: %s minutes, %zu histories, %zu violations; memory %.1f MiB, then %.1f MiB; "
            "descriptors %.0f, then %.0f\n",
            minutes, histories, violations, median(1, false), median(3, false), median(1, true),
            median(3, true));
    cr_assert_eq(violations, 0);
    cr_assert_leq(median(3, false), median(1, false) * 1.1 + SLACK_MB);
    cr_assert_leq(median(3, true), median(1, true) + SLACK_FILES);
}
