/* That a row gives back what it took. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "row_internal.h"

struct row_inventory {
    waldo_manager *manager; /* not the row's */
    uint64_t objects;
    size_t descriptors;
};

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static uint64_t count_objects(waldo_manager *manager)
{
    uint64_t count = UINT64_MAX;
    must(waldo_manager_number_of_objects(manager, &count, &err));
    return count;
}

row_inventory *row_take_inventory(void)
{
    row_inventory *inventory = calloc(1, sizeof *inventory);
    if (!inventory)
        row_fail(__FILE__, __LINE__, "out of memory");
    inventory->manager = row_connect();
    inventory->objects = count_objects(inventory->manager);
    inventory->descriptors = count_descriptors();
    return inventory;
}

static void check_objects(const row_inventory *inventory)
{
    double limit = row_now() + ROW_PATIENCE;
    uint64_t count;
    while ((count = count_objects(inventory->manager)) > inventory->objects && row_now() < limit)
        usleep(2000);
    if (count <= inventory->objects)
        return;
    char *text = NULL;
    must(waldo_manager_debug_info(inventory->manager, &text, &err));
    row_fail(__FILE__, __LINE__, "%llu objects were in the server, %llu are now:\n%s",
             (unsigned long long)inventory->objects, (unsigned long long)count, text);
}

static void check_children(void)
{
    char path[64], line[256] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "r");
    if (!children)
        return;
    bool some = fgets(line, sizeof line, children) != NULL;
    fclose(children);
    if (some)
        row_fail(__FILE__, __LINE__, "these processes are left: %s", line);
}

static void describe_descriptors(char *text, size_t size)
{
    size_t length = 0;
    for (int i = 0; i < 1024 && length < size; i++) {
        char path[64], target[256];
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        ssize_t target_length = readlink(path, target, sizeof target);
        if (target_length > 0)
            length += (size_t)snprintf(text + length, size - length, "\n  %d: %.*s", i,
                                       (int)target_length, target);
    }
}

/* libnanomsg closes some of its descriptors a moment later, on a thread of its own. */
static void check_descriptors(const row_inventory *inventory)
{
    double limit = row_now() + ROW_PATIENCE;
    size_t count;
    while ((count = count_descriptors()) > inventory->descriptors && row_now() < limit)
        usleep(2000);
    if (count <= inventory->descriptors)
        return;
    char text[1500] = "";
    describe_descriptors(text, sizeof text);
    row_fail(__FILE__, __LINE__, "%zu descriptors are open that were not:%s",
             count - inventory->descriptors, text);
}

void row_check_inventory(row_inventory *inventory)
{
    check_objects(inventory);
    check_children();
    check_descriptors(inventory);
    waldo_manager_unref(inventory->manager);
    free(inventory);
}
