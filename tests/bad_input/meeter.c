/* A client that knows of others nothing but the name of a queue that the server shares.
 *
 *     waldo-meeter URL put    puts 1 to 10
 *     waldo-meeter URL get    gets ten numbers, whose sum must be that of these */
#include <stdio.h>
#include <string.h>

#include <waldo/waldo.h>

enum { ITEMS = 10 };

static waldo_error err;

static int put(waldo_queue *jobs)
{
    int status = 0;
    for (int i = 1; i <= ITEMS && status >= 0; i++)
        status = waldo_queue_put(jobs, waldo_v(i), 0, &err);
    return status;
}

static int get(waldo_queue *jobs)
{
    int64_t sum = 0;
    for (int i = 1; i <= ITEMS; i++) {
        WALDO_AUTO(waldo_value) item = NULL;
        int64_t number;
        int status = waldo_queue_get(jobs, 30, &item, &err);
        if (status >= 0)
            status = waldo_value_get_int64(item, &number, &err);
        if (status < 0)
            return status;
        sum += number;
    }
    return sum == ITEMS * (ITEMS + 1) / 2 ? 0
                                          : waldo_error_set(&err, WALDO_EVALUE, "another's items");
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    WALDO_AUTO(waldo_manager) manager = NULL;
    WALDO_AUTO(waldo_queue) jobs = NULL;
    int status = waldo_connect(argv[1], NULL, &manager, &err);
    if (status >= 0)
        status = waldo_queue_from_name(manager, "jobs", &jobs, &err);
    if (status >= 0)
        status = strcmp(argv[2], "put") == 0 ? put(jobs) : get(jobs);
    if (status < 0)
        waldo_error_print(&err, stderr);
    return status < 0;
}
