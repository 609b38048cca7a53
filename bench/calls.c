/* Makes so many calls, one after the other, and nothing else: for those who count instructions
 * (bench/instructions.sh) or system calls.
 *
 *     bench_calls URL KIND COUNT
 *
 * KIND is get, of a dict's item, create, of a dict that is dropped, or pipeline: as get, with a
 * hundred under way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/waldo.h>

#include "waldo/builtins.proxy.h"

typedef struct place {
    waldo_manager *manager;
    waldo_dict *dict;

    waldo_error error;
} place;

enum { UNDER_WAY = 100 };

static int get(place *here)
{
    waldo_value *item;
    int status = waldo_dict_get(here->dict, waldo_v(1), &item, &here->error);
    if (status >= 0)
        waldo_value_unref(item);
    return status;
}

static int get_many(place *here)
{
    waldo_future *futures[UNDER_WAY];
    Waldo__Builtin__DictKey arguments = WALDO__BUILTIN__DICT_KEY__INIT;
    Waldo__Value one = WALDO__VALUE__INIT;
    one.kind_case = WALDO__VALUE__KIND_INTEGER;
    one.integer = 1;
    arguments.key = &one;
    int status = 0, count = 0;
    while (count < UNDER_WAY && status >= 0) {
        status = waldo_builtin_dict___getitem___async(here->dict, &arguments, &futures[count],
                                                      &here->error);
        count += status >= 0;
    }
    for (int i = 0; i < count; i++) {
        Waldo__Value *item;
        if (status >= 0)
            status = waldo_builtin_dict___getitem___await(futures[i], WALDO_FOREVER, &item,
                                                          &here->error);
        if (status >= 0)
            waldo__value__free_unpacked(item, NULL);
        waldo_future_unref(futures[i]);
    }
    return status;
}

static int create(place *here)
{
    waldo_dict *dict;
    int status = waldo_dict_new(here->manager, &dict, &here->error);
    if (status >= 0)
        waldo_dict_unref(dict);
    return status;
}

static const struct kind {
    const char *name;
    int (*call)(place *here);
    unsigned long each; /* calls that it makes */
} kinds[] = {{"get", get, 1}, {"create", create, 1}, {"pipeline", get_many, UNDER_WAY}};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static int make_calls(place *here, const struct kind *kind, unsigned long count)
{
    int status = waldo_dict_new(here->manager, &here->dict, &here->error);
    if (status < 0)
        return status;
    status = waldo_dict_set(here->dict, waldo_v(1), waldo_v(1), &here->error);
    for (unsigned long i = 0; i < count && status >= 0; i += kind->each)
        status = kind->call(here);
    waldo_dict_unref(here->dict);
    return status;
}

int main(int argc, char **argv)
{
    const struct kind *kind = argc == 4 ? find_kind(argv[2]) : NULL;
    if (!kind) {
        fputs("usage: bench_calls URL get|create|pipeline COUNT\n", stderr);
        return 2;
    }
    place here;
    int status = waldo_connect(argv[1], NULL, &here.manager, &here.error);
    if (status >= 0) {
        status = make_calls(&here, kind, strtoul(argv[3], NULL, 10));
        waldo_manager_unref(here.manager);
    }
    if (status < 0)
        waldo_error_print(&here.error, stderr);
    return status < 0;
}
