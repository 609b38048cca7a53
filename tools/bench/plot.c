#include "bench/plot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 720, HEIGHT = 400, MOST_SERIES = 4, TICKS = 6, LEGEND_LINE = 20 };

/* What the axes show: operations a second from 0, and decades of microseconds. */
typedef struct axes {
    double most;
    double step;
    int low;
    int high; /* powers of ten */
} axes;

typedef struct series {
    const char *names[MOST_SERIES];
    size_t count;
} series;

static const char *const colours[MOST_SERIES] = {"#1f5fa8", "#b8432f", "#3b8132", "#7a4fa0"};

static bool is_point(const result *one)
{
    return one->row->series && one->outcome == BENCH_READY && one->times.total > 0;
}

static double latency(const result *one, double share)
{
    return histogram_at(&one->times, share) / 1e3;
}

static double x_of(const axes *frame, double rate)
{
    return rate / frame->most * WIDTH;
}

static double y_of(const axes *frame, double microseconds)
{
    return HEIGHT - (log10(microseconds) - frame->low) / (frame->high - frame->low) * HEIGHT;
}

static series find_series(const report *results)
{
    series found = {.count = 0};
    for (size_t i = 0; i < results->count; i++) {
        const char *name = results->rows[i].row->series;
        size_t known = 0;
        while (name && known < found.count && strcmp(found.names[known], name) != 0)
            known++;
        if (name && is_point(&results->rows[i]) && known == found.count && known < MOST_SERIES)
            found.names[found.count++] = name;
    }
    return found;
}

/* 1, 2 or 5 times a power of ten. */
static double nice_step(double least)
{
    double power = pow(10, floor(log10(least)));
    double factor = least / power;
    return power * (factor <= 1 ? 1 : factor <= 2 ? 2 : factor <= 5 ? 5 : 10);
}

static axes fit_axes(const report *results)
{
    double most = 1, low = INFINITY, high = 1;
    for (size_t i = 0; i < results->count; i++) {
        const result *one = &results->rows[i];
        if (!is_point(one))
            continue;
        most = fmax(most, report_median(one));
        low = fmin(low, latency(one, 0.5));
        high = fmax(high, latency(one, 0.99));
    }
    axes frame = {.step = nice_step(most * 1.05 / TICKS)};
    frame.most = ceil(most * 1.05 / frame.step) * frame.step;
    frame.low = isinf(low) ? 0 : (int)floor(log10(low));
    frame.high = (int)fmax(ceil(log10(high)), frame.low + 1);
    return frame;
}

static void draw_axes(FILE *file, const axes *frame)
{
    fprintf(file,
            "<rect width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"gray\"/>\n"
            "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">operations a second of all clients "
            "together</text>\n<text x=\"-60\" y=\"-12\">microseconds an operation</text>\n",
            WIDTH, HEIGHT, WIDTH / 2, HEIGHT + 42);
    for (int i = 0; i * frame->step <= frame->most * 1.001; i++) {
        double x = x_of(frame, i * frame->step);
        fprintf(file,
                "<path d=\"M%.1f 0V%d\" stroke=\"#ddd\"/>\n<text x=\"%.1f\" y=\"%d\" "
                "text-anchor=\"middle\">%.0f</text>\n",
                x, HEIGHT, x, HEIGHT + 20, i * frame->step);
    }
    for (int power = frame->low; power <= frame->high; power++) {
        double y = y_of(frame, pow(10, power));
        fprintf(file,
                "<path d=\"M0 %.1fH%d\" stroke=\"#ddd\"/>\n<text x=\"-8\" y=\"%.1f\" "
                "text-anchor=\"end\">%g</text>\n",
                y, WIDTH, y + 5, pow(10, power));
    }
}

static void draw_line(FILE *file, const report *results, const axes *frame, const char *name,
                      const char *style, double share)
{
    fprintf(file, "<polyline fill=\"none\" stroke-width=\"2\" %s points=\"", style);
    for (size_t i = 0; i < results->count; i++) {
        const result *one = &results->rows[i];
        if (is_point(one) && strcmp(one->row->series, name) == 0)
            fprintf(file, "%.1f,%.1f ", x_of(frame, report_median(one)),
                    y_of(frame, latency(one, share)));
    }
    fputs("\"/>\n", file);
}

static void draw_points(FILE *file, const report *results, const axes *frame, const char *name,
                        const char *colour)
{
    for (size_t i = 0; i < results->count; i++) {
        const result *one = &results->rows[i];
        if (!is_point(one) || strcmp(one->row->series, name) != 0)
            continue;
        double x = x_of(frame, report_median(one)), y = y_of(frame, latency(one, 0.5));
        fprintf(file,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n<text x=\"%.1f\" "
                "y=\"%.1f\" fill=\"%s\">%u</text>\n",
                x, y, colour, x + 6, y + 16, colour, one->row->number);
    }
}

static void draw_series(FILE *file, const report *results, const axes *frame, const series *all)
{
    for (size_t i = 0; i < all->count; i++) {
        char style[64];
        snprintf(style, sizeof style, "stroke=\"%s\"", colours[i]);
        draw_line(file, results, frame, all->names[i], style, 0.5);
        snprintf(style, sizeof style, "stroke=\"%s\" stroke-dasharray=\"6 4\"", colours[i]);
        draw_line(file, results, frame, all->names[i], style, 0.99);
        draw_points(file, results, frame, all->names[i], colours[i]);
        fprintf(file, "<text x=\"10\" y=\"%d\" fill=\"%s\">%s</text>\n", LEGEND_LINE * ((int)i + 1),
                colours[i], all->names[i]);
    }
    fprintf(file,
            "<text x=\"10\" y=\"%d\">lines: medians, dashed: 99th percentiles; a number: of "
            "clients, each of which makes one call after the other</text>\n",
            HEIGHT + 64);
}

const char *plot_write(const report *results, const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return strerror(errno);
    axes frame = fit_axes(results);
    series all = find_series(results);
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-70 -30 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"14\">\n"
            "<rect x=\"-70\" y=\"-30\" width=\"%d\" height=\"%d\" fill=\"white\"/>\n",
            WIDTH + 110, HEIGHT + 105, WIDTH + 110, HEIGHT + 105);
    draw_axes(file, &frame);
    draw_series(file, results, &frame, &all);
    fputs("</svg>\n", file);
    bool good = !ferror(file);
    return fclose(file) == 0 && good ? NULL : strerror(errno);
}
