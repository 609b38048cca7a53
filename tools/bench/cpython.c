/* CPython's manager, the thing that Waldo replaces: the same get of a dict's item, and a generator,
 * with the proxy that CPython's manual writes for one. Python measures itself, round by round, and
 * prints the times. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

static const char program[] =
    "import itertools, sys, time\n"
    "from multiprocessing.managers import BaseProxy, SyncManager\n"
    "class Generator(BaseProxy):\n"
    "    _exposed_ = ['__next__']\n"
    "    def __next__(self):\n"
    "        return self._callmethod('__next__')\n"
    "SyncManager.register('count', itertools.count, proxytype=Generator)\n"
    "def main():\n"
    "    kind = sys.argv[1]\n"
    "    address = None if kind == 'unix' else ('127.0.0.1', 0)\n"
    "    with SyncManager(address, b'key') as manager:\n"
    "        d = manager.dict({1: 1})\n"
    "        numbers = manager.count()\n"
    "        if kind == 'generator':\n"
    "            step = lambda: next(numbers)\n"
    "        else:\n"
    "            step = lambda: d[1]\n"
    "        step()\n"
    "        print('ready', flush=True)\n"
    "        for line in sys.stdin:\n"
    "            end = time.perf_counter_ns() + int(float(line) * 1e9)\n"
    "            times = []\n"
    "            start = time.perf_counter_ns()\n"
    "            while start < end:\n"
    "                step()\n"
    "                now = time.perf_counter_ns()\n"
    "                times.append(now - start)\n"
    "                start = now\n"
    "            print(len(times), flush=True)\n"
    "            print('\\n'.join(map(str, times)), flush=True)\n"
    "if __name__ == '__main__':\n"
    "    main()\n";

static void close_python(bench_row *row)
{
    bench_child *child = row->state;
    /* Killed, it would leave its manager's process behind. */
    bench_child_finish(child);
    free(child);
}

static bench_opened open_python(bench_row *row)
{
    const char *const arguments[] = {"python3", "-c", program, row->parameter, NULL};
    bench_child *child = calloc(1, sizeof *child);
    if (!child)
        return bench_fail(row, "no memory");
    row->state = child;
    if (!bench_child_start(child, arguments)) {
        free(child);
        return bench_fail_without(row, "python3");
    }
    char line[64];
    if (bench_child_read_line(child, line, sizeof line) && strcmp(line, "ready") == 0)
        return BENCH_READY;
    close_python(row);
    return bench_fail(row, "python3 does not start a manager");
}

static double run_python(bench_row *row, double seconds, histogram *times)
{
    bench_child *child = row->state;
    char line[64];
    snprintf(line, sizeof line, "%g\n", seconds);
    if (!bench_child_write(child, line) || !bench_child_read_line(child, line, sizeof line))
        return bench_fail(row, "python3 has ended");
    uint64_t together = 0;
    for (unsigned long left = strtoul(line, NULL, 10); left > 0; left--) {
        if (!bench_child_read_line(child, line, sizeof line))
            return bench_fail(row, "python3 has ended");
        uint64_t time = strtoull(line, NULL, 10);
        histogram_add(times, time);
        together += time;
    }
    return together > 0 ? (double)times->total * 1e9 / (double)together : 0;
}

#define PYTHON                                                                                     \
    .is_peer = true, .is_elsewhere = true, .open = open_python, .run = run_python,                 \
    .close = close_python

bench_row bench_cpython_rows[] = {
    {.name = "cpython.tcp", PYTHON, .parameter = "tcp"},
    {.name = "cpython.unix", PYTHON, .parameter = "unix"},
    {.name = "cpython.generator", PYTHON, .is_rate = true, .parameter = "generator"},
    {0},
};
