/* A dict of many ints: the memory that a waldod takes for it, and how fast one walks over it.
 *
 *     bench_dict [ENTRIES]        1,000,000 of them
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <waldo/waldo.h>

#include "server.h"

enum { ROUNDS = 5 };

static waldo_error err;

static void fill(waldo_dict *dict, int64_t entries)
{
    enum { AT_ONCE = 1000 };
    for (int64_t i = 0; i < entries;) {
        waldo_value *items = waldo_v_dict();
        for (int n = 0; n < AT_ONCE && i < entries; n++, i++)
            must(waldo_value_dict_set(items, waldo_v(i), waldo_v(i), &err), &err);
        must(waldo_dict_update(dict, items, &err), &err);
    }
}

static void walk(waldo_dict *dict, int64_t entries)
{
    int status;
    int64_t seen = 0;
    WALDO_DICT_EACH(dict, key, value, &status, &err)
    {
        int64_t first, second;
        must(waldo_value_get_int64(key, &first, &err), &err);
        must(waldo_value_get_int64(value, &second, &err), &err);
        if (first != seen || second != seen)
            fail("an item is not what it should be", NULL);
        seen++;
    }
    must(status, &err);
    if (seen != entries)
        fail("items are missing", NULL);
}

int main(int argc, char **argv)
{
    int64_t entries = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000000;
    waldo_manager *manager;
    waldo_dict *dict;
    const char *url = server_start("ipc://@waldo-bench-dict", PATIENT);
    must(waldo_connect(url, NULL, &manager, &err), &err);
    must(waldo_dict_new(manager, &dict, &err), &err);

    double before = server_resident();
    double begun = now();
    fill(dict, entries);
    double filled = now() - begun;
    printf("%" PRId64 " entries\n", entries);
    double grown = server_resident() - before;
    printf("memory     %8.1f MB, %.1f bytes an entry\n", grown / 1e6, grown / (double)entries);
    printf("update     %8.2f M entries/s, 1000 in a call\n", (double)entries / filled / 1e6);
    double best = 0;
    double used = both_used();
    for (int round = 0; round < ROUNDS; round++) {
        begun = now();
        walk(dict, entries);
        double rate = (double)entries / (now() - begun) / 1e6;
        best = rate > best ? rate : best;
    }
    used = both_used() - used;
    printf("iteration  %8.2f M entries/s, the best of 5; %.2f us of processor time an entry\n",
           best, used * 1e6 / ROUNDS / (double)entries);

    waldo_dict_unref(dict);
    waldo_manager_unref(manager);
    server_end();
    return 0;
}
