/* Processes by one start method: `process-tests fork|spawn|forkserver [TEST]`. Rows L1-L20, M1-M9.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/process/support.h"
#include "unit/process/targets.h"

static waldo_mp_method method;

static void life(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    OK(waldo_mp_pipe(true, &here, &there, &err));
    waldo_mp_process *process = make(wait_for_end, waldo_v_tuple(waldo_mp_connection_value(there)));
    waldo_mp_connection_unref(there);
    int code;
    CHECK(waldo_mp_process_is_alive(process, &err) == 0);
    CHECK(waldo_mp_process_pid(process) == 0);
    CHECK(waldo_mp_process_exitcode(process, &code, &err) == 0);
    FAILS(waldo_mp_process_join(process, 0, &err), WALDO_EASSERTION,
          "can only join a started process");
    FAILS(waldo_mp_process_terminate(process, &err), WALDO_EVALUE, "process not started");
    FAILS(waldo_mp_process_sentinel(process, &err), WALDO_EVALUE, "process not started");
    OK(waldo_mp_process_set_daemon(process, true, &err));
    OK(waldo_mp_process_set_daemon(process, false, &err));

    OK(waldo_mp_process_start(process, &err));
    hear_repr(here, "'ready'");
    CHECK(waldo_mp_process_is_alive(process, &err) == 1);
    CHECK(waldo_mp_process_pid(process) > 0);
    CHECK(waldo_mp_process_exitcode(process, &code, &err) == 0);
    CHECK(waldo_mp_process_join(process, 0, &err) == 0);
    CHECK(waldo_mp_process_join(process, -1, &err) == 0);
    CHECK(waldo_mp_process_join(process, 0.001, &err) == 0);
    FAILS(waldo_mp_process_start(process, &err), WALDO_EASSERTION, "cannot start a process twice");
    FAILS(waldo_mp_process_set_daemon(process, true, &err), WALDO_EASSERTION,
          "process has already started");
    FAILS(waldo_mp_process_close(process, &err), WALDO_EVALUE,
          "Cannot close a process while it is still running. You should first call join() or "
          "terminate().");
    int sentinel = OK(waldo_mp_process_sentinel(process, &err));
    CHECK(waldo_mp_wait(&sentinel, 1, 0, NULL, &err) == 0);

    let_go(here);
    CHECK(OK(waldo_mp_wait(&sentinel, 1, SOON, NULL, &err)) == 1);
    CHECK(OK(waldo_mp_process_join(process, SOON, &err)) == 1);
    CHECK(waldo_mp_process_is_alive(process, &err) == 0);
    CHECK(waldo_mp_process_exitcode(process, &code, &err) == 1 && code == 0);
    OK(waldo_mp_process_terminate(process, &err));
    OK(waldo_mp_process_kill(process, &err));
    CHECK(OK(waldo_mp_process_join(process, 0, &err)) == 1);
    FAILS(waldo_mp_process_start(process, &err), WALDO_EASSERTION, "cannot start a process twice");
    OK(waldo_mp_process_close(process, &err));
    OK(waldo_mp_process_close(process, &err));
    FAILS(waldo_mp_process_join(process, 0, &err), WALDO_EVALUE, "process object is closed");
    FAILS(waldo_mp_process_is_alive(process, &err), WALDO_EVALUE, "process object is closed");
    FAILS(waldo_mp_process_start(process, &err), WALDO_EVALUE, "process object is closed");
    FAILS(waldo_mp_process_sentinel(process, &err), WALDO_EVALUE, "process object is closed");
    waldo_mp_process_unref(process);
}

static void exit_codes(void)
{
    CHECK(ended(started(nothing, NULL)) == 0);
    CHECK(ended(started(give_code, waldo_v_tuple(waldo_v(7)))) == 7);
    CHECK(ended(started(give_code, waldo_v_tuple(waldo_v(259)))) == 3);
    CHECK(ended(started(call_exit, waldo_v_tuple(waldo_v(5)))) == 5);
    CHECK(ended(started(call_abort, NULL)) == -SIGABRT);
}

static void failure_is_told(void)
{
    int text[2];
    char buffer[256] = "";
    size_t size = 0;
    CHECK(pipe2(text, O_CLOEXEC) == 0);
    CHECK(ended(started(fail, waldo_v_tuple(waldo_mp_descriptor_value(text[1])))) == 1);
    close(text[1]);
    for (ssize_t got; (got = read(text[0], buffer + size, sizeof buffer - 1 - size)) > 0;)
        size += (size_t)got;
    close(text[0]);
    CHECK(strstr(buffer, "Process Process-"));
    CHECK(strstr(buffer, ":\nKeyError: 'x'\n"));
}

static void signals(void)
{
    static const struct {
        int (*send)(waldo_mp_process *, waldo_error *);
        int number;
    } ways[] = {{waldo_mp_process_interrupt, SIGINT},
                {waldo_mp_process_terminate, SIGTERM},
                {waldo_mp_process_kill, SIGKILL}};
    waldo_error err = WALDO_ERROR_INIT;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        waldo_mp_connection *end;
        waldo_mp_process *process = started_with_pipe(wait_for_end, &end);
        hear_repr(end, "'ready'");
        OK(ways[i].send(process, &err));
        CHECK(ended(process) == -ways[i].number);
        waldo_mp_connection_unref(end);
    }
}

static void arguments(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    OK(waldo_mp_pipe(true, &here, &there, &err));
    waldo_mp_process *process =
        started(echo, waldo_v_tuple(waldo_mp_connection_value(there), waldo_v(2)));
    waldo_mp_connection_unref(there);
    tell(here, waldo_v_dict(waldo_v("a"), waldo_v(0.5)));
    hear_repr(here, "{'a': 0.5}");
    tell(here, waldo_v_tuple(waldo_mp_descriptor_value(STDOUT_FILENO)));
    hear_repr(here, "(<descriptor>,)");
    CHECK(ended(process) == 0);
    waldo_mp_connection_unref(here);
}

static void large_arguments(void)
{
    size_t size = (size_t)8 << 20;
    char *bytes = calloc(1, size);
    CHECK(bytes);
    CHECK(ended(started(give_code, waldo_v_tuple(waldo_v(4), waldo_v_bytes(bytes, size)))) == 4);
    free(bytes);
}

static void names(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *end;
    char expected[256];
    waldo_mp_process *process = started_with_pipe(introduce, &end);
    snprintf(expected, sizeof expected, "('%s', 1, 'MainProcess', 1, 0, '%s', 0)",
             waldo_mp_process_name(process), waldo_mp_method_name(method));
    hear_repr(end, expected);
    snprintf(expected, sizeof expected, "%d", (int)getpid());
    hear_repr(end, expected);
    CHECK(ended(process) == 0);
    waldo_mp_connection_unref(end);

    process = started_with_pipe(introduce_child, &end);
    snprintf(expected, sizeof expected, "('%s:1', 1, '%s', 1, 0, '%s', 0)",
             waldo_mp_process_name(process), waldo_mp_process_name(process),
             waldo_mp_method_name(method));
    hear_repr(end, expected);
    snprintf(expected, sizeof expected, "%d", (int)waldo_mp_process_pid(process));
    hear_repr(end, expected);
    CHECK(ended(process) == 0);
    waldo_mp_connection_unref(end);

    OK(waldo_mp_process_new(&(waldo_mp_process_options){.target = nothing, .name = "Paul"},
                            &process, &err));
    CHECK(strcmp(waldo_mp_process_name(process), "Paul") == 0);
    waldo_mp_process_unref(process);
    CHECK(strcmp(waldo_mp_process_name(waldo_mp_current_process()), "MainProcess") == 0);
    CHECK(!waldo_mp_parent_process());
    CHECK(waldo_mp_process_is_alive(waldo_mp_current_process(), &err) == 1);
    FAILS(waldo_mp_process_join(waldo_mp_current_process(), 0, &err), WALDO_EASSERTION,
          "can only join a child process");
    FAILS(waldo_mp_process_kill(waldo_mp_current_process(), &err), WALDO_EASSERTION,
          "can only signal a child process");
}

static void children_are_listed(void)
{
    enum { COUNT = 3 };
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *ends[COUNT];
    waldo_mp_process *processes[COUNT];
    waldo_mp_process **found;
    size_t count;
    for (int i = 0; i < COUNT; i++) {
        processes[i] = started_with_pipe(wait_for_end, &ends[i]);
        hear_repr(ends[i], "'ready'");
    }
    OK(waldo_mp_active_children(&found, &count, &err));
    CHECK(count == COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK(found[i] == processes[i]);
        waldo_mp_process_unref(found[i]);
    }
    free(found);
    for (int i = 0; i < COUNT; i++) {
        OK(waldo_mp_process_kill(processes[i], &err));
        CHECK(ended(processes[i]) == -SIGKILL);
        waldo_mp_connection_unref(ends[i]);
    }
    OK(waldo_mp_active_children(&found, &count, &err));
    CHECK(count == 0);
    free(found);
}

static void a_daemon_has_no_children(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *here;
    waldo_mp_connection *there;
    waldo_mp_process *process;
    OK(waldo_mp_pipe(true, &here, &there, &err));
    OK(waldo_mp_process_new(
        &(waldo_mp_process_options){.target = try_to_have_a_child,
                                    .arguments = waldo_v_tuple(waldo_mp_connection_value(there)),
                                    .daemon = true},
        &process, &err));
    waldo_mp_connection_unref(there);
    CHECK(waldo_mp_process_daemon(process));
    OK(waldo_mp_process_start(process, &err));
    hear_repr(here, "(1, 'daemonic processes are not allowed to have children', True)");
    CHECK(ended(process) == 0);
    waldo_mp_connection_unref(here);
}

static void a_daemon_is_terminated_at_exit(void)
{
    waldo_mp_connection *end;
    waldo_mp_process *process = started_with_pipe(leave_a_daemon, &end);
    CHECK(ended(process) == 0);
    /* The daemon has the only other end. */
    waldo_value *value;
    waldo_error err = WALDO_ERROR_INIT;
    int status;
    while ((status = waldo_mp_connection_recv(end, &value, &err)) >= 0)
        waldo_value_unref(value);
    CHECK(status == WALDO_EEOF);
    waldo_mp_connection_unref(end);
}

static void exit_order(void)
{
    waldo_mp_connection *end;
    waldo_mp_process *process = started_with_pipe(leave_in_order, &end);
    hear_repr(end, "'now'");
    hear_repr(end, "'first'");
    hear_repr(end, "'sooner'");
    hear_repr(end, "'later'");
    hear_repr(end, "'after the children'");
    CHECK(ended(process) == 0);
    waldo_mp_connection_unref(end);
}

static void a_parent_that_dies_is_noticed(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_connection *end;
    waldo_mp_process *process = started_with_pipe(start_mourner, &end);
    hear_repr(end, "1");
    OK(waldo_mp_process_kill(process, &err));
    hear_repr(end, "0");
    CHECK(ended(process) == -SIGKILL);
    waldo_mp_connection_unref(end);
}

static void many(void)
{
    enum { COUNT = 100 };
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_process *processes[COUNT];
    for (int i = 0; i < COUNT; i++)
        processes[i] = started(give_code, waldo_v_tuple(waldo_v(i)));
    for (int i = 0; i < COUNT; i++)
        CHECK(ended(processes[i]) == i);
    /* Freshly started ones end by the signal, too. */
    for (int i = 0; i < 10; i++) {
        waldo_mp_connection *end;
        processes[i] = started_with_pipe(wait_for_end, &end);
        OK(waldo_mp_process_terminate(processes[i], &err));
        CHECK(ended(processes[i]) == -SIGTERM);
        waldo_mp_connection_unref(end);
    }
}

static void descriptors(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    /* What a forkserver keeps is there from the first start on. */
    CHECK(ended(started(nothing, NULL)) == 0);
    int before = open_descriptors();
    int stray = open("/dev/null", O_RDONLY); /* without FD_CLOEXEC */
    int64_t counted = 0;
    for (int i = 0; i < 3; i++) {
        waldo_mp_connection *end;
        waldo_mp_process *process = started_with_pipe(count_descriptors, &end);
        waldo_value *value = hear(end);
        OK(waldo_value_get_int64(value, &counted, &err));
        waldo_value_unref(value);
        CHECK(ended(process) == 0);
        waldo_mp_connection_unref(end);
        /* Standard ones, the parent's, the connection and its copy in the arguments. */
        CHECK(method == WALDO_MP_FORK || counted == 6);
    }
    close(stray);
    CHECK(open_descriptors() == before);
}

static void what_cannot_be_sent(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    if (method == WALDO_MP_FORK)
        return;
    waldo_mp_process *process = make(not_registered, NULL);
    FAILS(waldo_mp_process_start(process, &err), WALDO_EATTRIBUTE,
          "a fresh process cannot find the target: WALDO_MP_TARGET is missing");
    waldo_mp_process_unref(process);

    waldo_value *circle = waldo_v_list();
    OK(waldo_value_list_append(circle, waldo_value_ref(circle), &err));
    process = make(nothing, waldo_v_tuple(waldo_value_ref(circle)));
    FAILS(waldo_mp_process_start(process, &err), WALDO_EVALUE, "circular reference");
    OK(waldo_value_clear(circle, &err));
    /* Nothing has happened: it can be started still. */
    OK(waldo_mp_process_start(process, &err));
    CHECK(ended(process) == 0);
    waldo_value_unref(circle);

    waldo_mp_connection *here;
    waldo_mp_connection *there;
    OK(waldo_mp_pipe(true, &here, &there, &err));
    process = make(nothing, waldo_v_tuple(waldo_mp_connection_value(there)));
    waldo_mp_connection_close(there);
    FAILS(waldo_mp_process_start(process, &err), WALDO_ESYSTEM, "handle is closed");
    waldo_mp_process_unref(process);
    waldo_mp_connection_unref(here);
    waldo_mp_connection_unref(there);
}

static void a_target_that_the_image_does_not_have(void)
{
    static waldo_mp_registration late = {"late", not_registered, NULL};
    if (method == WALDO_MP_FORK)
        return;
    waldo_mp_register_target(&late);
    CHECK(ended(started(not_registered, NULL)) == 1);
    waldo_mp_unregister_target(&late);
}

static void bad_options(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_process *process = NULL;
    FAILS(waldo_mp_process_new(&(waldo_mp_process_options){.arguments = waldo_v_tuple()}, &process,
                               &err),
          WALDO_EVALUE, "a process needs a target");
    FAILS(waldo_mp_process_new(
              &(waldo_mp_process_options){.target = nothing, .method = (waldo_mp_method)9},
              &process, &err),
          WALDO_EVALUE, "cannot find context for 9");
    CHECK(!process);
}

static void methods(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_method named;
    CHECK(waldo_mp_get_start_method(true) == method);
    FAILS(waldo_mp_set_start_method(WALDO_MP_SPAWN, false, &err), WALDO_ERUNTIME,
          "context has already been set");
    OK(waldo_mp_set_start_method(WALDO_MP_DEFAULT, true, &err));
    CHECK(waldo_mp_get_start_method(true) == WALDO_MP_DEFAULT);
    CHECK(waldo_mp_get_start_method(false) == WALDO_MP_FORKSERVER);
    OK(waldo_mp_set_start_method(method, false, &err));
    FAILS(waldo_mp_method_named("thread", &named, &err), WALDO_EVALUE,
          "cannot find context for 'thread'");
    /* A context of its own leaves the default alone. */
    for (waldo_mp_method each = WALDO_MP_FORK; each <= WALDO_MP_FORKSERVER; each++) {
        waldo_mp_process *process;
        OK(waldo_mp_method_named(waldo_mp_method_name(each), &named, &err));
        CHECK(named == each);
        OK(waldo_mp_process_new(&(waldo_mp_process_options){.target = nothing, .method = each},
                                &process, &err));
        OK(waldo_mp_process_start(process, &err));
        CHECK(ended(process) == 0);
        CHECK(waldo_mp_get_start_method(true) == method);
    }
}

static void *be_busy(void *stop)
{
    while (!atomic_load((atomic_bool *)stop)) {
        waldo_error err;
        waldo_mp_process *process = make(nothing, waldo_v_tuple(waldo_v("x"), waldo_v(5)));
        (void)!waldo_mp_process_is_alive(process, &err);
        waldo_mp_process_unref(process);
        CHECK(waldo_mp_at_exit_cancel(waldo_mp_at_exit(note_in_diary, NULL, 0, &err)) == 1);
    }
    return NULL;
}

/* A fork in the middle of what threads do leaves nothing locked in the child. */
static void threads(void)
{
    enum { COUNT = 2 };
    pthread_t busy[COUNT];
    atomic_bool stop = false;
    for (int i = 0; i < COUNT; i++)
        CHECK(pthread_create(&busy[i], NULL, be_busy, &stop) == 0);
    for (int i = 0; i < 10; i++) {
        waldo_mp_connection *end;
        waldo_mp_process *process = started_with_pipe(introduce_child, &end);
        waldo_value_unref(hear(end));
        waldo_value_unref(hear(end));
        CHECK(ended(process) == 0);
        waldo_mp_connection_unref(end);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < COUNT; i++)
        pthread_join(busy[i], NULL);
}

static void only_the_creator_may_use_it(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_process *process = make(nothing, NULL);
    waldo_mp_connection *end;
    waldo_mp_process *running = started_with_pipe(wait_for_end, &end);
    hear_repr(end, "'ready'");
    pid_t pid = fork();
    if (pid == 0) {
        FAILS(waldo_mp_process_start(process, &err), WALDO_EASSERTION,
              "can only start a process object created by current process");
        FAILS(waldo_mp_process_join(running, 0, &err), WALDO_EASSERTION,
              "can only join a child process");
        FAILS(waldo_mp_process_is_alive(running, &err), WALDO_EASSERTION,
              "can only test a child process");
        FAILS(waldo_mp_process_kill(running, &err), WALDO_EASSERTION,
              "can only signal a child process");
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    let_go(end);
    CHECK(ended(running) == 0);
    waldo_mp_process_unref(process);
}

static const test tests[] = {
    {"life", life},
    {"exit_codes", exit_codes},
    {"failure_is_told", failure_is_told},
    {"signals", signals},
    {"arguments", arguments},
    {"large_arguments", large_arguments},
    {"names", names},
    {"children_are_listed", children_are_listed},
    {"a_daemon_has_no_children", a_daemon_has_no_children},
    {"a_daemon_is_terminated_at_exit", a_daemon_is_terminated_at_exit},
    {"exit_order", exit_order},
    {"a_parent_that_dies_is_noticed", a_parent_that_dies_is_noticed},
    {"many", many},
    {"descriptors", descriptors},
    {"what_cannot_be_sent", what_cannot_be_sent},
    {"a_target_that_the_image_does_not_have", a_target_that_the_image_does_not_have},
    {"bad_options", bad_options},
    {"methods", methods},
    {"threads", threads},
    {"only_the_creator_may_use_it", only_the_creator_may_use_it},
};

int main(int argc, char **argv)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_mp_freeze_support(argc, argv);
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: processes fork|spawn|forkserver [TEST]\n");
        return 2;
    }
    OK(waldo_mp_method_named(argv[1], &method, &err));
    OK(waldo_mp_set_start_method(method, false, &err));
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++)
        if (argc == 2 || strcmp(argv[2], tests[i].name) == 0) {
            printf("%s\n", tests[i].name);
            fflush(stdout);
            tests[i].run();
        }
    /* No child is left that nobody waited for. */
    waldo_mp_exit();
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
    return 0;
}
