/* CPython's manager, the thing that Waldo replaces: the same get of a dict's item, and the items of
 * a generator. Python measures itself, round by round, and prints the times, or the items a second.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

static const char program[] = "import sys, time\n"
                              "from multiprocessing.managers import SyncManager\n"
                              "def main():\n"
                              "    kind = sys.argv[1]\n"
                              "    address = ('127.0.0.1', 0) if kind == 'tcp' else None\n"
                              "    with SyncManager(address, b'key') as manager:\n"
                              "        d = manager.dict({1: 1})\n"
                              "        d[1]\n"
                              "        print('ready', flush=True)\n"
                              "        for line in sys.stdin:\n"
                              "            end = time.perf_counter_ns() + int(float(line) * 1e9)\n"
                              "            times = []\n"
                              "            start = time.perf_counter_ns()\n"
                              "            while start < end:\n"
                              "                d[1]\n"
                              "                now = time.perf_counter_ns()\n"
                              "                times.append(now - start)\n"
                              "                start = now\n"
                              "            print(len(times), flush=True)\n"
                              "            print('\\n'.join(map(str, times)), flush=True)\n"
                              "if __name__ == '__main__':\n"
                              "    main()\n";

static const char generator_program[] =
    "import sys, time\n"
    "from multiprocessing.managers import BaseManager, BaseProxy\n"
    "class Items(BaseProxy):\n"
    "    _exposed_ = ['__next__']\n"
    "    def __next__(self):\n"
    "        return self._callmethod('__next__')\n"
    "def numbers():\n"
    "    n = 0\n"
    "    while True:\n"
    "        yield n\n"
    "        n += 1\n"
    "class Manager(BaseManager):\n"
    "    pass\n"
    "Manager.register('numbers', numbers, proxytype=Items)\n"
    "def main():\n"
    "    with Manager(('127.0.0.1', 0), b'key') as manager:\n"
    "        items = manager.numbers()\n"
    "        next(items)\n"
    "        print('ready', flush=True)\n"
    "        for line in sys.stdin:\n"
    "            start = now = time.perf_counter()\n"
    "            count = 0\n"
    "            while now < start + float(line):\n"
    "                for _ in range(64):\n"
    "                    next(items)\n"
    "                count += 64\n"
    "                now = time.perf_counter()\n"
    "            print(count / (now - start), flush=True)\n"
    "if __name__ == '__main__':\n"
    "    main()\n";

static void close_python(bench_row *row)
{
    bench_child *child = row->state;
    /* Killed, it would leave its manager's process behind. */
    bench_child_finish(child);
    free(child);
}

static int open_python(bench_row *row, const bench_place *place)
{
    (void)place;
    const char *text = row->is_rate ? generator_program : program;
    const char *const arguments[] = {"python3", "-c", text, row->parameter, NULL};
    bench_child *child = calloc(1, sizeof *child);
    row->state = child;
    char line[64];
    if (child && bench_child_start(child, arguments) &&
        bench_child_read_line(child, line, sizeof line) && strcmp(line, "ready") == 0)
        return 0;
    if (child)
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
    if (row->is_rate)
        return strtod(line, NULL);
    for (unsigned long left = strtoul(line, NULL, 10); left > 0; left--) {
        if (!bench_child_read_line(child, line, sizeof line))
            return bench_fail(row, "python3 has ended");
        histogram_add(times, strtoull(line, NULL, 10));
    }
    return 0;
}

bench_row bench_cpython_rows[] = {
    {.name = "cpython.tcp",
     .is_peer = true,
     .open = open_python,
     .run = run_python,
     .close = close_python,
     .parameter = "tcp"},
    {.name = "cpython.unix",
     .is_peer = true,
     .open = open_python,
     .run = run_python,
     .close = close_python,
     .parameter = "unix"},
    {.name = "cpython.generator",
     .is_peer = true,
     .is_rate = true,
     .open = open_python,
     .run = run_python,
     .close = close_python,
     .parameter = "tcp"},
    {0},
};
