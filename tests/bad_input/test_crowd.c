/* 5,000 sessions that live at the same time on one server, each with an object of its own: all are
 * answered, what each of them costs is said, and when they have left nothing is left.
 *
 * The memory is that of the process for a connection, its session and an object. With a sanitizer
 * it is more, so that the bar here is one for errors of magnitude. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "raw_client.h"
#include "server.h"

/* ThreadSanitizer is too slow for so many. */
#ifdef __SANITIZE_THREAD__
enum { SESSIONS = 500 };
#else
enum { SESSIONS = 5000 };
#endif
/* A listener has rings for 1,024; the watcher has one of them. */
enum { OTHERS = 256, WITH_RINGS = 1023 };

#ifdef __SANITIZE_ADDRESS__
enum { MOST_EACH = 32768 };
#else
enum { MOST_EACH = 10240 };
#endif

static raw_client clients[SESSIONS];

/* The server inherits it. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max < SESSIONS + OTHERS)
        cr_skip_test("it takes more descriptors than are allowed here");
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void start(test_server *server, const char *listen)
{
    const char *const arguments[] = {WALDOD,       "--listen", listen, "--load",
                                     TYPES_MODULE, "--lease",  "600",  NULL};
    server_start_with(server, arguments);
}

static void enter(const char *url, int number, bool moves)
{
    char session[17];
    raw_client *one = &clients[number];
    snprintf(session, sizeof session, "%08d%08d", number, number);
    *one = raw_enter(url, session);
    cr_assert_eq(one->moves, moves && number < WITH_RINGS);
    (void)raw_create(one, "Thing");
}

static void run(const char *listen, bool moves)
{
    test_server server = {.descriptors = 0};
    allow_descriptors();
    start(&server, listen);
    waldo_manager *watcher = server_connect(&server);
    uint64_t objects = 0;
    /* libnanomsg's wire is the same, and its client cannot have so many sockets. */
    const char *url = strncmp(server.url, "nn+", 3) == 0 ? server.url + 3 : server.url;
    size_t before = daemon_resident(&server.daemon);
    for (int i = 0; i < SESSIONS; i++)
        enter(url, i, moves);
    cr_assert_eq(waldo_manager_number_of_objects(watcher, &objects, NULL), 0);
    cr_assert_eq(objects, SESSIONS);
    for (int i = 0; i < SESSIONS; i++)
        cr_assert_eq(raw_operation(&clients[i], WALDO__WIRE__OPERATION__PING, 0), 0);
    size_t each = (daemon_resident(&server.daemon) - before) / SESSIONS;
    for (int i = 0; i < SESSIONS; i++)
        raw_leave(&clients[i]);
    await_objects(watcher, 0);
    waldo_manager_unref(watcher);
    fprintf(stderr, "crowd: %s%s, %d sessions: %zu bytes each\n", listen,
            moves ? ", the first 1,023 in shared memory" : "", SESSIONS, each);
    cr_assert(moves || each < MOST_EACH);
    server_stop(&server);
}

static void run_local(bool moves)
{
    char listen[64];
    snprintf(listen, sizeof listen, "ipc://@waldo-crowd-%d?shm=%d", (int)getpid(), moves);
    run(listen, moves);
}

TestSuite(crowd, .fini = daemon_kill_all, .timeout = 120);

Test(crowd, tcp)
{
    run("tcp://127.0.0.1:0", false);
}

Test(crowd, ipc)
{
    run_local(false);
}

Test(crowd, shm)
{
    run_local(true);
}

Test(crowd, websocket)
{
    run("ws://127.0.0.1:0", false);
}

Test(crowd, nanomsg)
{
    run("nn+tcp://127.0.0.1:0", false);
}
