#include "unit/process/targets.h"

#include <signal.h>
#include <unistd.h>

#include "unit/process/support.h"

int nothing(const waldo_value *arguments, waldo_error *reterr)
{
    (void)arguments;
    (void)reterr;
    return 0;
}
WALDO_MP_TARGET(nothing)

int give_code(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    return (int)number(arguments, 0);
}
WALDO_MP_TARGET(give_code)

int fail(const waldo_value *arguments, waldo_error *reterr)
{
    waldo_error err;
    waldo_value *found = item(arguments, 0);
    int descriptor;
    OK(waldo_mp_descriptor_from_value(found, &descriptor, &err));
    waldo_value_unref(found);
    dup2(descriptor, STDERR_FILENO);
    close(descriptor);
    return waldo_error_set(reterr, WALDO_EKEY, "'x'");
}
WALDO_MP_TARGET(fail)

int call_exit(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    _exit((int)number(arguments, 0));
}
WALDO_MP_TARGET(call_exit)

int call_abort(const waldo_value *arguments, waldo_error *reterr)
{
    (void)arguments;
    (void)reterr;
    signal(SIGABRT, SIG_DFL);
    abort();
}
WALDO_MP_TARGET(call_abort)

int wait_for_end(const waldo_value *arguments, waldo_error *reterr)
{
    waldo_value *value;
    waldo_mp_connection *end = connection_of(arguments, 0);
    tell(end, waldo_v("ready"));
    int status = waldo_mp_connection_recv(end, &value, reterr);
    if (status >= 0)
        waldo_value_unref(value);
    waldo_mp_connection_unref(end);
    return status;
}
WALDO_MP_TARGET(wait_for_end)

int echo(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    waldo_mp_connection *end = connection_of(arguments, 0);
    for (int64_t i = 1, count = number(arguments, 1); i <= count; i++)
        tell(end, hear(end));
    waldo_mp_connection_unref(end);
    return 0;
}
WALDO_MP_TARGET(echo)

int introduce(const waldo_value *arguments, waldo_error *reterr)
{
    waldo_mp_connection *end = connection_of(arguments, 0);
    waldo_mp_process *self = waldo_mp_current_process();
    waldo_mp_process *parent = waldo_mp_parent_process();
    char byte;
    tell(end, waldo_v_tuple(waldo_v(waldo_mp_process_name(self)),
                            waldo_v(waldo_mp_process_pid(self) == getpid()),
                            waldo_v(waldo_mp_process_name(parent)),
                            waldo_v(waldo_mp_process_is_alive(parent, reterr)),
                            waldo_v(waldo_mp_process_join(parent, 0, reterr)),
                            waldo_v(waldo_mp_method_name(waldo_mp_get_start_method(true))),
                            waldo_v(read(STDIN_FILENO, &byte, 1))));
    tell(end, waldo_v(waldo_mp_process_pid(parent)));
    waldo_mp_connection_unref(end);
    return 0;
}
WALDO_MP_TARGET(introduce)

int introduce_child(const waldo_value *arguments, waldo_error *reterr)
{
    waldo_value *end = item(arguments, 0);
    waldo_mp_process *process;
    int status = waldo_mp_process_new(
        &(waldo_mp_process_options){.target = introduce, .arguments = waldo_v_tuple(end)}, &process,
        reterr);
    if (status < 0)
        return status;
    status = waldo_mp_process_start(process, reterr);
    if (status >= 0)
        status = waldo_mp_process_join(process, SOON, reterr);
    waldo_mp_process_unref(process);
    return status < 0 ? status : 0;
}
WALDO_MP_TARGET(introduce_child)

int count_descriptors(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    waldo_mp_connection *end = connection_of(arguments, 0);
    tell(end, waldo_v(open_descriptors()));
    waldo_mp_connection_unref(end);
    return 0;
}
WALDO_MP_TARGET(count_descriptors)

int try_to_have_a_child(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *end = connection_of(arguments, 0);
    waldo_mp_process *process = make(nothing, NULL);
    int status = waldo_mp_process_start(process, &err);
    tell(end, waldo_v_tuple(waldo_v(status == WALDO_EASSERTION), waldo_v(err.message),
                            waldo_v(waldo_mp_process_daemon(waldo_mp_current_process()))));
    waldo_mp_process_unref(process);
    waldo_mp_connection_unref(end);
    return 0;
}
WALDO_MP_TARGET(try_to_have_a_child)

/* Its child outlives it, and says so. */
int mourn(const waldo_value *arguments, waldo_error *reterr)
{
    waldo_mp_connection *end = connection_of(arguments, 0);
    waldo_mp_process *parent = waldo_mp_parent_process();
    tell(end, waldo_v(waldo_mp_process_is_alive(parent, reterr)));
    int status = waldo_mp_process_join(parent, SOON, reterr);
    tell(end, waldo_v(waldo_mp_process_is_alive(parent, reterr)));
    waldo_mp_connection_unref(end);
    return status < 0 ? status : 0;
}
WALDO_MP_TARGET(mourn)

int start_mourner(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    waldo_mp_process_unref(started(mourn, waldo_v_tuple(item(arguments, 0))));
    pause();
    return 0;
}
WALDO_MP_TARGET(start_mourner)

static waldo_mp_connection *diary;

void note_in_diary(void *data)
{
    tell(diary, waldo_v((const char *)data));
}

int leave_in_order(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    waldo_error err = WALDO_ERROR_INIT;
    diary = connection_of(arguments, 0);
    CHECK(waldo_mp_at_exit(note_in_diary, "later", 0, &err) > 0);
    CHECK(waldo_mp_at_exit(note_in_diary, "after the children", -1, &err) > 0);
    CHECK(waldo_mp_at_exit(note_in_diary, "first", 10, &err) > 0);
    CHECK(waldo_mp_at_exit(note_in_diary, "sooner", 0, &err) > 0);
    int64_t cancelled = waldo_mp_at_exit(note_in_diary, "never", 5, &err);
    CHECK(waldo_mp_at_exit_cancel(cancelled) == 1);
    CHECK(waldo_mp_at_exit_cancel(cancelled) == 0);
    int64_t run = waldo_mp_at_exit(note_in_diary, "now", 5, &err);
    CHECK(waldo_mp_at_exit_run(run) == 1);
    CHECK(waldo_mp_at_exit_run(run) == 0);
    /* Is waited for, and says so before it ends. */
    waldo_mp_connection *end;
    waldo_mp_process_unref(started_with_pipe(wait_for_end, &end));
    hear_repr(end, "'ready'");
    let_go(end);
    return 0;
}
WALDO_MP_TARGET(leave_in_order)

int leave_a_daemon(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_process *process;
    OK(waldo_mp_process_new(
        &(waldo_mp_process_options){
            .target = wait_for_end, .arguments = waldo_v_tuple(item(arguments, 0)), .daemon = true},
        &process, &err));
    OK(waldo_mp_process_start(process, &err));
    waldo_mp_process_unref(process);
    return 0;
}
WALDO_MP_TARGET(leave_a_daemon)

int flood(const waldo_value *arguments, waldo_error *reterr)
{
    static char bytes[200000];
    waldo_mp_connection *end = connection_of(arguments, 0);
    int status = 0;
    for (int i = 0; status >= 0; i++) {
        memset(bytes, i, sizeof bytes);
        status = waldo_mp_connection_send_bytes(end, bytes, sizeof bytes, reterr);
    }
    waldo_mp_connection_unref(end);
    return status == WALDO_EBROKENPIPE ? 0 : status;
}
WALDO_MP_TARGET(flood)

int not_registered(const waldo_value *arguments, waldo_error *reterr)
{
    (void)arguments;
    (void)reterr;
    return 0;
}
