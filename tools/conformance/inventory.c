/* That a row gives back what it took. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <waldo/server.h>

#include "row_internal.h"

static uint64_t objects;
static size_t descriptors;

size_t row_descriptors(void)
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

static uint64_t count_objects(void)
{
    uint64_t count = UINT64_MAX;
    must(waldo_manager_number_of_objects(row_manager(), &count, &err));
    return count;
}

int64_t row_objects(void)
{
    return (int64_t)(count_objects() - objects);
}

/* libuv opens a pipe with the first loop of a process, and keeps it. */
static void use_libuv(void)
{
    waldo_server *server = NULL;
    must(waldo_server_new(NULL, NULL, &server, &err));
    waldo_server_free(server);
}

void row_take_inventory(void)
{
    use_libuv();
    descriptors = row_descriptors();
    objects = count_objects();
    row_drop_manager();
}

static void check_objects(void)
{
    double limit = row_now() + ROW_PATIENCE;
    while (row_objects() > 0 && row_now() < limit)
        usleep(2000);
    if (row_objects() <= 0)
        return;
    char *text = NULL;
    must(waldo_manager_debug_info(row_manager(), &text, &err));
    row_fail(__FILE__, __LINE__, "%lld objects are in the server that were not:\n%s",
             (long long)row_objects(), text);
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
static void check_descriptors(void)
{
    double limit = row_now() + ROW_PATIENCE;
    size_t count;
    while ((count = row_descriptors()) > descriptors && row_now() < limit)
        usleep(2000);
    if (count <= descriptors)
        return;
    char text[1500] = "";
    describe_descriptors(text, sizeof text);
    row_fail(__FILE__, __LINE__, "%zu descriptors are open that were not:%s", count - descriptors,
             text);
}

void row_check_inventory(void)
{
    check_objects();
    row_drop_manager();
    check_children();
    check_descriptors();
}
