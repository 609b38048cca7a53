/* Rows A13 to A27: what becomes of a manager and its server. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "managers.h"
#include "trial.proxy.h"

TestSuite(lives, .init = managers_begin, .fini = managers_end, .timeout = 60);

Row(lives, A13_connected_manager_cannot_shut_down)
{
    waldo_manager *owner = manager_started();
    waldo_manager *guest = manager_at(waldo_manager_address(owner));
    must(waldo_manager_connect(guest, &err));
    cr_assert_eq(waldo_manager_state_of(guest), WALDO_MANAGER_STARTED);
    cr_assert_eq(waldo_manager_process(guest), 0);
    must_fail(waldo_manager_shutdown(guest, &err), WALDO_EATTRIBUTE);
    must_fail(waldo_manager_join(guest, 0, &err), WALDO_EATTRIBUTE);
    must_fail(waldo_manager_start(guest, NULL, NULL, &err), WALDO_EPROCESS);
    cr_assert_eq(add_remotely(guest, 1, 1), 2);
    waldo_manager_unref(guest);
    must(waldo_manager_ping(owner, &err));
    manager_shut_down(owner);
}

typedef struct starter {
    waldo_manager *manager;
    pthread_barrier_t *together;
    int status;
} starter;

static void *start_together(void *data)
{
    starter *one = data;
    pthread_barrier_wait(one->together);
    one->status = waldo_manager_start(one->manager, NULL, NULL, NULL);
    return NULL;
}

enum { DESCRIPTORS = 64, NAME_SIZE = 64 };

/* What the descriptors of a process are; "" for those that are no pipes. */
static void read_pipes(pid_t pid, char pipes[DESCRIPTORS][NAME_SIZE])
{
    for (int i = 0; i < DESCRIPTORS; i++) {
        char path[NAME_SIZE];
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)pid, i);
        ssize_t size = readlink(path, pipes[i], NAME_SIZE - 1);
        pipes[i][size > 0 ? size : 0] = '\0';
        if (strncmp(pipes[i], "pipe:", 5) != 0)
            pipes[i][0] = '\0';
    }
}

static bool is_among(const char *pipe, char pipes[DESCRIPTORS][NAME_SIZE])
{
    for (int i = 0; i < DESCRIPTORS; i++)
        if (strcmp(pipe, pipes[i]) == 0)
            return true;
    return false;
}

/* But for those that this process had before it started them. */
static void assert_no_common_pipe(pid_t one, pid_t other, char before[DESCRIPTORS][NAME_SIZE])
{
    char of_one[DESCRIPTORS][NAME_SIZE], of_other[DESCRIPTORS][NAME_SIZE];
    read_pipes(one, of_one);
    read_pipes(other, of_other);
    for (int i = 0; i < DESCRIPTORS; i++)
        cr_assert(!of_one[i][0] || is_among(of_one[i], before) || !is_among(of_one[i], of_other),
                  "descriptor %d, %s", i, of_one[i]);
}

/* A server that held the end of another one's pipe would keep it alive after its creator. */
Row(lives, A13_two_threads_start_at_once)
{
    pthread_barrier_t together;
    char before[DESCRIPTORS][NAME_SIZE];
    read_pipes(getpid(), before);
    pthread_barrier_init(&together, NULL, 2);
    for (int round = 0; round < 10; round++) {
        starter starters[2];
        pthread_t threads[2];
        for (int i = 0; i < 2; i++) {
            starters[i] = (starter){.manager = manager_new(), .together = &together};
            cr_assert_eq(pthread_create(&threads[i], NULL, start_together, &starters[i]), 0);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        must(starters[0].status);
        must(starters[1].status);
        assert_no_common_pipe(waldo_manager_process(starters[0].manager),
                              waldo_manager_process(starters[1].manager), before);
        for (int i = 0; i < 2; i++)
            manager_shut_down(starters[i].manager);
    }
    pthread_barrier_destroy(&together);
}

Row(lives, A14_again_is_nothing)
{
    waldo_manager *manager = manager_started();
    must(waldo_manager_shutdown(manager, &err));
    must(waldo_manager_shutdown(manager, &err));
    manager_shut_down(manager);
}

Row(lives, A14_server_is_dead_already)
{
    waldo_manager *manager = manager_started();
    kill(waldo_manager_process(manager), SIGKILL);
    cr_assert_eq(waldo_manager_join(manager, 20, &err), 1);
    must(waldo_manager_shutdown(manager, &err));
    int code = 0;
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_assert_eq(code, -SIGKILL);
    if (!harness_transport_is("tcp"))
        harness_unlink(waldo_manager_address(manager));
    waldo_manager_unref(manager);
}

/* A stopped process hears neither the request nor SIGTERM. */
Row(lives, A14_last_stage_is_SIGKILL)
{
    waldo_manager_options options = {
        .address = "tcp://127.0.0.1:0", .registry = manager_types(), .shutdown_timeout = 0.02};
    waldo_manager *manager = NULL;
    must(waldo_manager_new(&options, &manager, &err));
    must(waldo_manager_start(manager, NULL, NULL, &err));
    kill(waldo_manager_process(manager), SIGSTOP);
    must(waldo_manager_shutdown(manager, &err));
    int code = 0;
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 1);
    cr_assert_eq(code, -SIGKILL);
    waldo_manager_unref(manager);
}

Row(lives, A15_exit_code)
{
    waldo_manager *manager = manager_started();
    int code = 99;
    cr_assert_eq(waldo_manager_exitcode(manager, &code), 0);
    cr_assert_eq(code, 99);
    manager_shut_down(manager);
}

Row(lives, A16_unref_shuts_down)
{
    waldo_manager *manager = manager_started();
    pid_t pid = waldo_manager_process(manager);
    waldo_manager_unref(manager);
    cr_assert_eq(kill(pid, 0), -1, "the server process is left");
    cr_assert_eq(errno, ESRCH);
}

Row(lives, A16_only_the_creator_shuts_down)
{
    waldo_manager *manager = manager_started();
    pid_t child = fork();
    if (child == 0) {
        int refused = waldo_manager_shutdown(manager, NULL) == WALDO_EPROCESS;
        waldo_manager_unref(manager);
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
    cr_assert_eq(add_remotely(manager, 1, 1), 2);
    manager_shut_down(manager);
}

Row(lives, A18_join)
{
    waldo_manager *manager = manager_at("tcp://127.0.0.1:0");
    must_fail(waldo_manager_join(manager, 0, &err), WALDO_EATTRIBUTE);
    must(waldo_manager_start(manager, NULL, NULL, &err));
    cr_assert_eq(waldo_manager_join(manager, 0, &err), 0);
    cr_assert_eq(waldo_manager_join(manager, 0.01, &err), 0);
    must_fail(waldo_manager_join(manager, -1, &err), WALDO_EVALUE);
    kill(waldo_manager_process(manager), SIGKILL);
    cr_assert_eq(waldo_manager_join(manager, WALDO_FOREVER, &err), 1);
    cr_assert_eq(waldo_manager_join(manager, 0, &err), 1);
    waldo_manager_unref(manager);
}

static void *serve(void *server)
{
    return waldo_server_serve_forever(server, NULL) < 0 ? NULL : server;
}

Row(lives, A19_get_server)
{
    waldo_manager *manager = manager_at("tcp://127.0.0.1:0");
    waldo_server *server = NULL;
    must(waldo_manager_get_server(manager, &server, &err));
    cr_assert_eq(waldo_manager_state_of(manager), WALDO_MANAGER_INITIAL);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, serve, server), 0);
    waldo_manager *client = NULL;
    must(waldo_connect(waldo_server_address(server), NULL, &client, &err));
    cr_assert_eq(add_remotely(client, 20, 3), 23);
    waldo_manager_unref(client);
    waldo_server_stop(server);
    void *served = NULL;
    pthread_join(thread, &served);
    cr_assert_not_null(served);
    waldo_server_free(server);
    /* It may be started all the same, and then has no server to give. */
    must(waldo_manager_start(manager, NULL, NULL, &err));
    must_fail(waldo_manager_get_server(manager, &server, &err), WALDO_EPROCESS);
    manager_shut_down(manager);
}

Row(lives, A20_rapid_restart)
{
    waldo_manager *manager = manager_started();
    char address[HARNESS_URL_SIZE];
    strcpy(address, waldo_manager_address(manager));
    cr_assert_eq(add_remotely(manager, 1, 1), 2);
    manager_shut_down(manager);
    for (int i = 0; i < 3; i++) {
        manager = manager_at(address);
        must(waldo_manager_start(manager, NULL, NULL, &err));
        cr_assert_eq(add_remotely(manager, 1, i), 1 + i);
        manager_shut_down(manager);
    }
}

Row(lives, A21_objects_need_a_started_server)
{
    waldo_manager *manager = manager_new();
    trial_counter *counter = NULL;
    must_fail(trial_counter_new(manager, NULL, &counter, &err), WALDO_EASSERTION);
    cr_assert_str_eq(err.message, "server not yet started");
    must(waldo_manager_start(manager, NULL, NULL, &err));
    must(waldo_manager_shutdown(manager, &err));
    must_fail(trial_counter_new(manager, NULL, &counter, &err), WALDO_EASSERTION);
    cr_assert_null(counter);
    waldo_manager_unref(manager);
}

Row(lives, A22_what_the_server_holds)
{
    waldo_manager *manager = manager_started();
    cr_assert_eq(harness_objects(manager), 0);
    char *text = NULL;
    must(waldo_manager_debug_info(manager, &text, &err));
    cr_assert_str_eq(text, "");
    free(text);
    trial_counter *counter = NULL;
    must(trial_counter_new(manager, NULL, &counter, &err));
    cr_assert_eq(harness_objects(manager), 1);
    trial_counter_unref(counter);
    cr_assert_eq(harness_objects(manager), 0);
    manager_shut_down(manager);
}

Row(lives, A23_several_processes_use_one_server)
{
    waldo_manager *manager = manager_started();
    int64_t sum = 0;
    for (int i = 1; i <= 3; i++) {
        const char *const arguments[] = {CONFORMANCE_CLIENT, "share",
                                         waldo_manager_address(manager), "5", NULL};
        int key = -1;
        char number[16];
        must(waldo_manager_share_key(manager, &key, &err));
        snprintf(number, sizeof number, "%d", key);
        setenv("CONFORMANCE_KEY_DESCRIPTOR", number, 1);
        harness_process client = harness_spawn(arguments);
        close(key);
        char line[64];
        harness_read_line(client.output, line, sizeof line);
        cr_assert_eq(harness_finish(&client), 0);
        sum = strtol(line, NULL, 10);
        cr_assert_eq(sum, 5 * i);
    }
    cr_assert_eq(harness_objects(manager), 0);
    manager_shut_down(manager);
}

typedef struct waiting {
    trial_common *common;
    waldo_error error;
    int status;
} waiting;

static void *wait_for_number(void *data)
{
    waiting *one = data;
    Trial__Number *number = NULL;
    one->status = trial_common_wait(one->common, &number, &one->error);
    trial__number__free_unpacked(number, NULL);
    return NULL;
}

static void await(waldo_manager *manager, const char *event)
{
    trial_events *events = NULL;
    Trial__Event which = TRIAL__EVENT__INIT;
    which.name = (char *)event;
    which.count = 1;
    must(trial_events_new(manager, &events, &err));
    must(trial_events_await(events, &which, &err));
    trial_events_unref(events);
}

Row(lives, A27_shutdown_wakes_waiting_clients)
{
    waldo_manager *manager = manager_started();
    waiting one = {.status = 99};
    must(trial_common_new(manager, &one.common, &err));
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, wait_for_number, &one), 0);
    await(manager, "parked");
    double start = harness_now();
    must(waldo_manager_shutdown(manager, &err));
    pthread_join(thread, NULL);
    cr_assert_lt(harness_now() - start, 5.0);
    cr_assert_eq(one.status, WALDO_EGONE, "%s", one.error.message);
    trial_common_unref(one.common);
    manager_shut_down(manager);
}

typedef struct sleeping {
    trial_sleeper *sleeper;
    waldo_error error;
    int status;
} sleeping;

static void *sleep_for_ever(void *data)
{
    sleeping *one = data;
    Trial__Event never = TRIAL__EVENT__INIT;
    never.name = (char *)"never";
    never.count = 1;
    one->status = trial_sleeper_sleep(one->sleeper, &never, &one->error);
    return NULL;
}

Row(lives, A27_shutdown_while_a_handler_hangs)
{
    waldo_manager *manager = manager_started();
    sleeping one = {.status = 99};
    must(trial_sleeper_new(manager, &one.sleeper, &err));
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, sleep_for_ever, &one), 0);
    await(manager, "sleeping");
    double start = harness_now();
    must(waldo_manager_shutdown(manager, &err));
    pthread_join(thread, NULL);
    cr_assert_lt(harness_now() - start, 5.0);
    cr_assert_eq(one.status, WALDO_EGONE, "%s", one.error.message);
    trial_sleeper_unref(one.sleeper);
    manager_shut_down(manager);
}
