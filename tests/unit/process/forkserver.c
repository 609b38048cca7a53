/* What only a forkserver does: rows M6 and M7. Arguments: a module to preload, or nothing else. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/process/support.h"
#include "unit/process/targets.h"

static const char *module;

/* (connection,): the server's pid and the directory; then waits for a message. */
static int tell_server(const waldo_value *arguments, waldo_error *reterr)
{
    char directory[PATH_MAX];
    waldo_value *value;
    waldo_mp_connection *end = connection_of(arguments, 0);
    tell(end, waldo_v_tuple(waldo_v(getppid()), waldo_v(getcwd(directory, sizeof directory))));
    int status = waldo_mp_connection_recv(end, &value, reterr);
    if (status >= 0)
        waldo_value_unref(value);
    waldo_mp_connection_unref(end);
    return status;
}
WALDO_MP_TARGET(tell_server)

/* (connection,): its child does that. */
static int use_a_server(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    waldo_mp_process_unref(
        started(tell_server, waldo_v_tuple(waldo_value_ref(waldo_mp_argument(arguments, 0)))));
    pause();
    return 0;
}
WALDO_MP_TARGET(use_a_server)

static pid_t server_of(waldo_mp_connection *end)
{
    waldo_value *told = hear(end);
    pid_t pid = (pid_t)number(told, 0);
    waldo_value_unref(told);
    return pid;
}

static void wait_for_death(pid_t pid)
{
    struct pollfd handle = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    if (handle.fd < 0) {
        CHECK(errno == ESRCH);
        return;
    }
    CHECK(poll(&handle, 1, (int)(SOON * 1000)) == 1);
    close(handle.fd);
}

static void is_started_again_when_it_died(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *ends[2];
    waldo_mp_process *processes[2];
    processes[0] = started_with_pipe(tell_server, &ends[0]);
    pid_t first = server_of(ends[0]);
    CHECK(kill(first, SIGINT) == 0);
    processes[1] = started_with_pipe(tell_server, &ends[1]);
    CHECK(server_of(ends[1]) == first);
    let_go(ends[1]);
    CHECK(ended(processes[1]) == 0);

    CHECK(kill(first, SIGKILL) == 0);
    processes[1] = started_with_pipe(tell_server, &ends[1]);
    CHECK(server_of(ends[1]) != first);
    /* The first server's child goes on; how it ends nobody can tell. */
    let_go(ends[0]);
    CHECK(ended(processes[0]) == 255);
    OK(waldo_mp_process_terminate(processes[1], &err));
    CHECK(ended(processes[1]) == -SIGTERM);
    waldo_mp_connection_unref(ends[1]);
}

static void ends_with_its_creator(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *end;
    waldo_mp_process *creator = started_with_pipe(use_a_server, &end);
    pid_t server = server_of(end);
    CHECK(server != getpid());
    OK(waldo_mp_process_kill(creator, &err));
    CHECK(ended(creator) == -SIGKILL);
    wait_for_death(server);
    let_go(end);
}

static void children_begin_in_their_creators_directory(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *end;
    char before[PATH_MAX];
    CHECK(ended(started(nothing, NULL)) == 0);
    CHECK(getcwd(before, sizeof before) && chdir("/") == 0);
    waldo_mp_process *process = started_with_pipe(tell_server, &end);
    waldo_value *told = hear(end);
    waldo_value *directory = item(told, 1);
    const char *text;
    OK(waldo_value_get_str(directory, &text, NULL, &err));
    CHECK(strcmp(text, "/") == 0);
    waldo_value_unref(directory);
    waldo_value_unref(told);
    let_go(end);
    CHECK(ended(process) == 0);
    CHECK(chdir(before) == 0);
}

static void has_a_limit_of_descriptors(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *descriptors = waldo_v_list();
    waldo_value *handle = waldo_mp_descriptor_value(STDIN_FILENO);
    for (int i = 0; i < 252; i++)
        OK(waldo_value_list_append(descriptors, waldo_value_ref(handle), &err));
    waldo_value_unref(handle);
    /* One more is the parent's. */
    waldo_mp_process *process = make(nothing, waldo_v_tuple(descriptors));
    FAILS(waldo_mp_process_start(process, &err), WALDO_ELIMIT,
          "a forkserver's child gets at most 252 descriptors");
    OK(waldo_value_list_pop(descriptors, -1, NULL, &err));
    OK(waldo_mp_process_start(process, &err));
    CHECK(ended(process) == 0);
}

static int standard_output;

/* What is written to standard output from now on can be read from the result. */
static int begin_to_listen(void)
{
    int ends[2];
    fflush(stdout);
    standard_output = dup(STDOUT_FILENO);
    CHECK(standard_output >= 0 && pipe2(ends, O_CLOEXEC) == 0);
    CHECK(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
    close(ends[1]);
    return ends[0];
}

/* Until all that write there have ended. */
static void expect_output(int from, const char *expected)
{
    char text[256];
    size_t size = 0;
    CHECK(dup2(standard_output, STDOUT_FILENO) == STDOUT_FILENO);
    close(standard_output);
    for (ssize_t got; (got = read(from, text + size, sizeof text - 1 - size)) > 0;)
        size += (size_t)got;
    text[size] = '\0';
    CHECK(strcmp(text, expected) == 0);
    close(from);
}

static void preloads_modules(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    void *loaded = dlopen(module, RTLD_NOW);
    CHECK(loaded);
    void *symbol = dlsym(loaded, "target_of_module");
    waldo_mp_function *target;
    memcpy(&target, &symbol, sizeof target);
    CHECK(target);
    /* The server that is there was started without it. */
    CHECK(ended(started(target, NULL)) == 1);
    waldo_mp_exit();
    OK(waldo_mp_set_forkserver_preload(&module, 1, WALDO_MP_PRELOAD_FAIL, &err));
    int output = begin_to_listen();
    for (int i = 0; i < 3; i++)
        CHECK(ended(started(target, NULL)) == 42);
    waldo_mp_exit();
    expect_output(output, "loaded ");
    dlclose(loaded);
}

static void what_cannot_be_preloaded(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    static const char *const none[] = {"/nowhere/libnothing.so"};
    waldo_mp_process *process = make(nothing, NULL);
    OK(waldo_mp_set_forkserver_preload(none, 1, WALDO_MP_PRELOAD_FAIL, &err));
    FAILS(waldo_mp_process_start(process, &err), WALDO_EEOF,
          "the forkserver ended before it answered");
    OK(waldo_mp_set_forkserver_preload(none, 1, WALDO_MP_PRELOAD_WARN, &err));
    OK(waldo_mp_process_start(process, &err));
    CHECK(ended(process) == 0);
    waldo_mp_exit();
    OK(waldo_mp_set_forkserver_preload(none, 1, WALDO_MP_PRELOAD_IGNORE, &err));
    CHECK(ended(started(nothing, NULL)) == 0);
    FAILS(waldo_mp_set_forkserver_preload(none, 1, (waldo_mp_preload_error)3, &err), WALDO_EVALUE,
          "unknown value for on_error: 3");
    OK(waldo_mp_set_forkserver_preload(NULL, 0, WALDO_MP_PRELOAD_IGNORE, &err));
}

int main(int argc, char **argv)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_freeze_support(argc, argv);
    CHECK(argc == 2);
    module = argv[1];
    OK(waldo_mp_set_start_method(WALDO_MP_FORKSERVER, false, &err));
    is_started_again_when_it_died();
    ends_with_its_creator();
    children_begin_in_their_creators_directory();
    has_a_limit_of_descriptors();
    preloads_modules();
    what_cannot_be_preloaded();
    return 0;
}
