#include "unit/process/support.h"

#include <dirent.h>

waldo_mp_process *make(waldo_mp_function *target, waldo_value *arguments)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_process *process;
    OK(waldo_mp_process_new(&(waldo_mp_process_options){.target = target, .arguments = arguments},
                            &process, &err));
    return process;
}

waldo_mp_process *started(waldo_mp_function *target, waldo_value *arguments)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_process *process = make(target, arguments);
    OK(waldo_mp_process_start(process, &err));
    return process;
}

int ended(waldo_mp_process *process)
{
    waldo_error err = WALDO_ERROR_INIT;
    int code = 1000;
    CHECK(OK(waldo_mp_process_join(process, SOON, &err)) == 1);
    CHECK(OK(waldo_mp_process_exitcode(process, &code, &err)) == 1);
    waldo_mp_process_unref(process);
    return code;
}

waldo_value *item(const waldo_value *sequence, int64_t index)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *found;
    OK(waldo_value_item(sequence, index, &found, &err));
    return found;
}

int64_t number(const waldo_value *sequence, int64_t index)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *found = item(sequence, index);
    int64_t result;
    OK(waldo_value_get_int64(found, &result, &err));
    waldo_value_unref(found);
    return result;
}

waldo_mp_connection *connection_of(const waldo_value *arguments, int64_t index)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *connection;
    waldo_value *found = item(arguments, index);
    OK(waldo_mp_connection_from_value(found, &connection, &err));
    waldo_value_unref(found);
    return connection;
}

void tell(waldo_mp_connection *connection, waldo_value *value)
{
    waldo_error err = WALDO_ERROR_INIT;
    OK(waldo_mp_connection_send(connection, value, &err));
}

waldo_value *hear(waldo_mp_connection *connection)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *value;
    CHECK(OK(waldo_mp_connection_poll(connection, SOON, &err)) == 1);
    OK(waldo_mp_connection_recv(connection, &value, &err));
    return value;
}

void hear_repr(waldo_mp_connection *connection, const char *expected)
{
    waldo_value *value = hear(connection);
    char *repr = waldo_value_repr(value);
    if (strcmp(repr, expected) != 0)
        fprintf(stderr, "heard %s instead of %s\n", repr, expected);
    CHECK(strcmp(repr, expected) == 0);
    free(repr);
    waldo_value_unref(value);
}

/* A child with one end of a pipe as its first argument; the other end. */
waldo_mp_process *started_with_pipe(waldo_mp_function *target, waldo_mp_connection **ret_end)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *there;
    OK(waldo_mp_pipe(true, ret_end, &there, &err));
    waldo_mp_process *process = started(target, waldo_v_tuple(waldo_mp_connection_value(there)));
    waldo_mp_connection_unref(there);
    return process;
}

/* A forked child has our end as well: it would wait for an end of file for ever. */
void let_go(waldo_mp_connection *end)
{
    tell(end, waldo_v("go"));
    waldo_mp_connection_unref(end);
}

int open_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 3; /* . and .. and the directory's own */
}
