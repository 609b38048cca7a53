#include "harness.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../held_port.h"
#include "trial/types.h"

waldo_error err;

/* How long an event may take that should come at once. */
static const double PATIENCE = 20.0;
/* For what closes by itself. */
static const double END_PATIENCE = 5.0;

enum { MAX_HELD = 64 };

static struct {
    bool over;          /* harness_end was there */
    bool failed;        /* it found something */
    size_t descriptors; /* open at the beginning */
    char directory[64]; /* of socket files, or "" */
    unsigned addresses;
    int held[MAX_HELD]; /* ports that a server may come back to */
    int held_count;
    /* The suite's server: */
    harness_process process;
    waldo_server *here;
    waldo_registry *registry;
    pthread_t thread;
    char listens[HARNESS_URL_SIZE];
    char url[HARNESS_URL_SIZE];
} suite;

int harness_expect(int status, int expected, const char *call)
{
    if (expected == 0)
        cr_assert_geq(status, 0, "%s: %s: %s", call, err.type_name, err.message);
    else
        cr_assert_eq(status, expected, "%s: %s (%s) where %s was due", call,
                     status < 0 ? waldo_error_name(status) : "success", err.message,
                     waldo_error_name(expected));
    return status;
}

double harness_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t count_descriptors(void)
{
    size_t count = 0;
    DIR *directory = opendir("/proc/self/fd");
    cr_assert_not_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* ---- the pairing ---- */

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && value[0] ? value : otherwise;
}

static const char *pairing(void)
{
    return setting("WALDO_PAIRING", "direct-direct");
}

bool harness_client_is_direct(void)
{
    return strncmp(pairing(), "direct-", 7) == 0;
}

bool harness_server_is_direct(void)
{
    const char *server = strchr(pairing(), '-');
    return server && strcmp(server, "-direct") == 0;
}

bool harness_transport_is(const char *transport)
{
    return strcmp(setting("WALDO_TRANSPORT", "tcp"), transport) == 0;
}

static const char *path_of_sockets(void)
{
    if (!suite.directory[0]) {
        strcpy(suite.directory, "/tmp/conformance-XXXXXX");
        cr_assert_not_null(mkdtemp(suite.directory));
    }
    return suite.directory;
}

static void hold(const char *scheme, char *address, size_t size)
{
    cr_assert_lt(suite.held_count, MAX_HELD);
    hold_port(scheme, address, size, &suite.held[suite.held_count++]);
}

static void let_ports_go(void)
{
    while (suite.held_count > 0)
        close(suite.held[--suite.held_count]);
}

void harness_listen_address(bool direct, char *address, size_t size)
{
    unsigned number = ++suite.addresses;
    const char *prefix = direct ? "" : "nn+";
    if (harness_transport_is("ws"))
        hold("ws", address, size);
    else if (harness_transport_is("inproc"))
        snprintf(address, size, "inproc://conformance-%u", number);
    else if (harness_transport_is("shm"))
        snprintf(address, size, "ipc://%s/%u", path_of_sockets(), number);
    else if (harness_transport_is("ipc"))
        snprintf(address, size, "%sipc://%s/%u%s", prefix, path_of_sockets(), number,
                 direct && harness_client_is_direct() ? "?shm=0" : "");
    else
        hold(direct ? "tcp" : "nn+tcp", address, size);
}

void harness_client_address(const char *server_address, char *address, size_t size)
{
    const char *plain =
        strncmp(server_address, "nn+", 3) == 0 ? server_address + 3 : server_address;
    bool both = strncmp(plain, "tcp:", 4) == 0 || strncmp(plain, "ipc:", 4) == 0;
    snprintf(address, size, "%s%s", both && !harness_client_is_direct() ? "nn+" : "", plain);
}

/* ---- servers ---- */

static void start_waldod(const char *address)
{
    char limit[32];
    snprintf(limit, sizeof limit, "%d", HARNESS_MAX_MESSAGE);
    const char *const arguments[] = {
        WALDOD, "--load", CONFORMANCE_TYPES, "--listen", address, "--max-message", limit, NULL};
    suite.process = harness_spawn(arguments);
    char line[HARNESS_URL_SIZE];
    harness_read_line(suite.process.output, line, sizeof line);
    static const char prefix[] = "listening on ";
    cr_assert(strncmp(line, prefix, sizeof prefix - 1) == 0, "waldod says: %s", line);
    snprintf(suite.listens, sizeof suite.listens, "%s", line + sizeof prefix - 1);
    harness_client_address(suite.listens, suite.url, sizeof suite.url);
}

static void *serve(void *server)
{
    waldo_error error;
    int status = waldo_server_serve_forever(server, &error);
    cr_expect_geq(status, 0, "serve_forever: %s", error.message);
    return NULL;
}

static void start_server_here(void)
{
    char address[HARNESS_URL_SIZE];
    harness_listen_address(harness_server_is_direct(), address, sizeof address);
    waldo_server_options options = {.max_message = HARNESS_MAX_MESSAGE};
    suite.registry = waldo_registry_new(NULL);
    cr_assert_not_null(suite.registry);
    must(conformance_register(suite.registry, &err));
    must(waldo_server_new(suite.registry, &options, &suite.here, &err));
    must(waldo_server_listen(suite.here, address, NULL, &err));
    harness_client_address(waldo_server_address(suite.here), suite.url, sizeof suite.url);
    cr_assert_eq(pthread_create(&suite.thread, NULL, serve, suite.here), 0);
}

void harness_start_server(void)
{
    if (harness_transport_is("inproc")) {
        start_server_here();
        return;
    }
    char address[HARNESS_URL_SIZE];
    harness_listen_address(harness_server_is_direct(), address, sizeof address);
    start_waldod(address);
}

harness_process harness_start_process(void)
{
    harness_start_server();
    harness_process process = suite.process;
    suite.process = (harness_process){0};
    return process;
}

void harness_restart_server(void)
{
    char address[HARNESS_URL_SIZE];
    strcpy(address, suite.listens);
    start_waldod(address);
}

static void stop_here(void)
{
    waldo_server_stop(suite.here);
    conformance_events_end();
    pthread_join(suite.thread, NULL);
    suite.here = waldo_server_free(suite.here);
    suite.registry = waldo_registry_unref(suite.registry);
}

void harness_stop_server(void)
{
    int code = harness_kill(&suite.process, SIGTERM);
    cr_assert_eq(code, 0, "waldod ends with %d", code);
}

void harness_kill_server(void)
{
    cr_assert_eq(harness_kill(&suite.process, SIGKILL), -SIGKILL);
}

void harness_remove_socket(void)
{
    const char *path = strstr(suite.listens, "ipc://");
    if (path)
        harness_unlink(path);
}

void harness_unlink(const char *address)
{
    char path[sizeof suite.listens];
    const char *start = strstr(address, "://") + strlen("://");
    snprintf(path, sizeof path, "%.*s", (int)strcspn(start, "?"), start);
    unlink(path);
}

pid_t harness_server_process(void)
{
    return suite.process.pid;
}

const char *harness_url(void)
{
    return suite.url;
}

waldo_manager *harness_connect(void)
{
    waldo_manager *manager = NULL;
    must(waldo_connect(suite.url, NULL, &manager, &err));
    return manager;
}

uint64_t harness_objects(waldo_manager *manager)
{
    uint64_t count = UINT64_MAX;
    must(waldo_manager_number_of_objects(manager, &count, &err));
    return count;
}

trial_counter *harness_counter(waldo_manager *manager, int64_t n)
{
    trial_counter *counter = NULL;
    Trial__Number start = TRIAL__NUMBER__INIT;
    start.n = n;
    must(trial_counter_new(manager, &start, &counter, &err));
    return counter;
}

int64_t harness_add(trial_counter *counter, int64_t n)
{
    Trial__Number number = TRIAL__NUMBER__INIT, *sum = NULL;
    number.n = n;
    must(trial_counter_add(counter, &number, &sum, &err));
    int64_t result = sum->n;
    trial__number__free_unpacked(sum, NULL);
    return result;
}

/* ---- events of the server, by a session of their own ---- */

static trial_events *connect_events(waldo_manager **ret_manager)
{
    trial_events *events = NULL;
    *ret_manager = harness_connect();
    must(trial_events_new(*ret_manager, &events, &err));
    must(waldo_proxy_set_timeout(trial_events_proxy(events), PATIENCE, &err));
    return events;
}

void harness_await(const char *event, int64_t count)
{
    waldo_manager *manager;
    trial_events *events = connect_events(&manager);
    Trial__Event which = TRIAL__EVENT__INIT;
    which.name = (char *)event;
    which.count = count;
    must(trial_events_await(events, &which, &err));
    trial_events_unref(events);
    waldo_manager_unref(manager);
}

/* ---- the beginning and the end ---- */

/* libuv opens a pipe with the first loop of a process and keeps it. */
static void use_libuv(void)
{
    waldo_server *server = NULL;
    must(waldo_server_new(NULL, NULL, &server, &err));
    waldo_server_free(server);
}

void harness_begin(void)
{
    use_libuv();
    suite.descriptors = count_descriptors();
}

void harness_begin_with_server(void)
{
    harness_begin();
    harness_start_server();
}

/* What is found does not keep the rest from being looked at. */
static void complain(const char *format, ...) WALDO_PRINTF(1, 2);

static void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    suite.failed = true;
}

static void check_objects(void)
{
    if (suite.process.pid == 0 && !suite.here)
        return;
    waldo_manager *manager = NULL;
    uint64_t count = 0;
    int status = waldo_connect(suite.url, NULL, &manager, &err);
    if (status >= 0)
        status = waldo_manager_number_of_objects(manager, &count, &err);
    waldo_manager_unref(manager);
    if (status < 0)
        complain("the server does not say what is left: %s", err.message);
    if (count > 0)
        complain("%llu objects are left in the server", (unsigned long long)count);
}

/* Kills all children; their number. */
static int end_children(void)
{
    char path[64], line[256] = "";
    int count = 0;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "r");
    if (!children)
        return 0;
    (void)!fgets(line, sizeof line, children);
    fclose(children);
    char *rest = line;
    for (long pid; (pid = strtol(rest, &rest, 10)) > 0; count++) {
        kill((pid_t)pid, SIGKILL);
        waitpid((pid_t)pid, NULL, 0);
    }
    return count;
}

static void list_descriptors(void)
{
    for (int i = 0; i < 1024; i++) {
        char path[64], target[256];
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        ssize_t length = readlink(path, target, sizeof target);
        if (length > 0)
            fprintf(stderr, "  %d: %.*s\n", i, (int)length, target);
    }
}

/* libnanomsg closes some of its descriptors a moment later, on a thread of its own. */
static void check_descriptors(void)
{
    double limit = harness_now() + END_PATIENCE;
    size_t count;
    while ((count = count_descriptors()) > suite.descriptors && harness_now() < limit)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (count == suite.descriptors)
        return;
    complain("%zu descriptors were open, %zu are now:", suite.descriptors, count);
    list_descriptors();
}

/* Criterion does not look at how its workers end, which is when LeakSanitizer speaks. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void check_leaks(void)
{
    if (__lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0)
        complain("memory is lost");
}

static void end_server(void)
{
    if (suite.here)
        stop_here();
    if (suite.process.pid > 0) {
        int code = harness_kill(&suite.process, SIGTERM);
        if (code != 0)
            complain("waldod ends with %d", code);
    }
}

void harness_end(void)
{
    check_objects();
    end_server();
    int children = end_children();
    if (children > 0)
        complain("%d processes are left", children);
    let_ports_go();
    check_descriptors();
    check_leaks();
    if (suite.directory[0] && rmdir(suite.directory) < 0)
        complain("%s is not empty", suite.directory);
    suite.over = true;
    cr_assert(!suite.failed, "something is left, see above");
}

void harness_skip(const char *reason)
{
    harness_end();
    cr_skip_test("%s", reason);
    abort(); /* not reached */
}

void harness_clean_up(void)
{
    if (suite.over)
        return;
    end_children();
    harness_remove_socket();
    if (suite.directory[0])
        rmdir(suite.directory);
}
