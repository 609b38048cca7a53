/* Every limit of waldo/limits.h: it can be set, who goes beyond it gets an error that names it, it
 * counts what it refused, and whoever keeps to it notices nothing. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "raw_client.h"
#include "server.h"

#define FIRST_SESSION "the 1st session."
#define SECOND_SESSION "the 2nd session."

static test_server server;
static waldo_manager *admin; /* somebody who keeps to all limits */
static bad_thing *thing;

/* `patience`: seconds for strangers, for clients that are silent, and for their last replies. */
static void start_at(const char *listen, const char *limit, const char *patience)
{
    const char *const arguments[] = {WALDOD,       "--listen",    listen,   "--load",
                                     TYPES_MODULE, "--limit",     limit,    "--lease",
                                     patience,     "--handshake", patience, NULL};
    server = (test_server){.descriptors = 0};
    server_start_with(&server, arguments);
    admin = server_connect(&server);
    thing = server_thing(admin);
}

static void start(const char *limit)
{
    start_at("tcp://127.0.0.1:0", limit, "30");
}

/* The server is as it was, and ends in order. */
static void stop(void)
{
    assert_works(thing);
    bad_thing_unref(thing);
    await_objects(admin, 0);
    waldo_manager_unref(admin);
    daemon_await_descriptors(&server.daemon, server.descriptors);
    daemon_stop(&server.daemon);
}

TestSuite(limits, .fini = daemon_kill_all, .timeout = 120);

/* What the limit has refused. */
static unsigned long refused(const char *what)
{
    return server_refused(admin, what);
}

static void assert_refused(const raw_client *client, const char *words)
{
    cr_assert_eq(client->reply->status, WALDO_ELIMIT, "%d %s", client->reply->status,
                 client->reply->error_message);
    cr_assert_not_null(strstr(client->reply->error_message, words), "%s",
                       client->reply->error_message);
}

static int say_hello(raw_client *client, const char *session)
{
    return raw_hello(client, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, session, 16);
}

static Waldo__Wire__Request call_of(const raw_client *client, uint64_t object, const char *method)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CALL, object);

    request.name = (char *)method;
    return request;
}

/* A call with a number as argument, all replies before it acknowledged or none; its status. */
static int call(raw_client *client, uint64_t object, const char *method, int64_t n,
                bool acknowledge)
{
    Waldo__Wire__Request request = call_of(client, object, method);
    Bad__Number number = BAD__NUMBER__INIT;

    number.n = n;
    if (acknowledge)
        request.acknowledged = client->sequence;
    return raw_exchange(client, &request, &number.base);
}

/* Nobody waits for the reply. */
static int send_with(raw_client *client, uint64_t object, const char *method,
                     const ProtobufCMessage *arguments)
{
    Waldo__Wire__Request request = call_of(client, object, method);

    return raw_post(client, &request, arguments);
}

static int send_call(raw_client *client, uint64_t object, const char *method, int64_t n)
{
    Bad__Number number = BAD__NUMBER__INIT;

    number.n = n;
    return send_with(client, object, method, &number.base);
}

/* ---- who is let in ---- */

Test(limits, connections)
{
    start("connections=2");
    raw_client second = raw_enter(server.url, FIRST_SESSION), third = raw_open(server.url);
    cr_assert_eq(say_hello(&third, SECOND_SESSION), WALDO_ELIMIT);
    assert_refused(&third, "limit of 2 connections");
    raw_close(&third);
    cr_assert_eq(refused("connections"), 1);
    raw_leave(&second);
    daemon_await_descriptors(&server.daemon, server.descriptors + 1);
    third = raw_enter(server.url, SECOND_SESSION);
    raw_leave(&third);
    stop();
}

static int connect_silently(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(strrchr(server.url, ':') + 1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_geq(made, 0);
    cr_assert_eq(connect(made, (struct sockaddr *)&address, sizeof address), 0);
    return made;
}

static void await_hang_up(int silent)
{
    uint8_t bytes[64];
    struct pollfd look = {.fd = silent, .events = POLLIN};
    ssize_t got;

    do {
        cr_assert_eq(poll(&look, 1, DAEMON_PATIENCE_MS), 1, "it is not sent away");
        got = recv(silent, bytes, sizeof bytes, 0);
    } while (got > 0);
}

/* The oldest of those who say nothing has to go, and so has the oldest of those who said their
 * first word and no more: whoever comes last is let in. */
Test(limits, strangers)
{
    enum { MOST = 3 };
    int silent[MOST + 1];
    raw_client half_way[MOST + 1];

    start("strangers=3");
    for (size_t i = 0; i <= MOST; i++)
        silent[i] = connect_silently();
    await_hang_up(silent[0]);
    cr_assert_eq(refused("connections in the middle of a handshake"), 1);
    for (size_t i = 0; i <= MOST; i++)
        half_way[i] = raw_open(server.url);
    cr_assert_eq(raw_receive(&half_way[0]), WALDO_EGONE);
    cr_assert_eq(say_hello(&half_way[MOST], FIRST_SESSION), 0);
    cr_assert_geq(refused("connections in the middle of a handshake"), 2);
    raw_leave(&half_way[MOST]);
    for (size_t i = 0; i < MOST; i++)
        raw_close(&half_way[i]);
    for (size_t i = 0; i <= MOST; i++)
        close(silent[i]);
    stop();
}

Test(limits, sessions)
{
    start("sessions=2");
    raw_client second = raw_enter(server.url, FIRST_SESSION), third = raw_open(server.url);
    cr_assert_eq(say_hello(&third, SECOND_SESSION), WALDO_ELIMIT);
    assert_refused(&third, "limit of 2 sessions");
    cr_assert_eq(refused("sessions"), 1);
    raw_leave(&second);
    cr_assert_eq(say_hello(&third, SECOND_SESSION), 0);
    raw_leave(&third);
    stop();
}

/* ---- what one client has ---- */

Test(limits, objects)
{
    start("objects=3");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CREATE, 0);
    uint64_t object = raw_create(&client, "Thing");

    raw_create(&client, "Thing");
    request.name = (char *)"Thing";
    raw_exchange(&client, &request, NULL);
    assert_refused(&client, "limit of 3 objects");
    cr_assert_eq(refused("objects"), 1);
    cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__DROP, object), 0);
    /* What was kept for the reply that created it. */
    request.acknowledged = client.sequence;
    for (int left = DAEMON_PATIENCE_MS; raw_exchange(&client, &request, NULL) != 0; left--) {
        cr_assert_gt(left, 0);
        usleep(DAEMON_LOOK_US);
    }
    raw_leave(&client);
    stop();
}

Test(limits, parked)
{
    start("parked=1");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t first = raw_create(&client, "Thing");
    Waldo__Wire__Request request = call_of(&client, first, "park");
    Bad__Fifo fifo = BAD__FIFO__INIT;

    fifo.path = (char *)"/dev/null";
    cr_assert_eq(send_with(&client, first, "park", &fifo.base), 0);
    /* The same object: this one runs after the one that parked. */
    raw_exchange(&client, &request, &fifo.base);
    assert_refused(&client, "limit of 1 calls that handlers keep");
    cr_assert_eq(refused("calls that handlers keep"), 1);
    raw_close(&client); /* the parked call ends with the session, after the grace time */
    stop();
}

/* Replies that the client does not acknowledge: by number. */
Test(limits, kept)
{
    start("kept=3");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t object = raw_create(&client, "Thing");

    cr_assert_eq(call(&client, object, "echo", 1, false), 0);
    cr_assert_eq(call(&client, object, "echo", 2, false), 0);
    call(&client, object, "echo", 3, false);
    assert_refused(&client, "limit of 3 replies of one session");
    cr_assert_eq(refused("replies of one session that it has not acknowledged"), 1);
    cr_assert_eq(call(&client, object, "echo", 4, true), 0);
    raw_leave(&client);
    stop();
}

/* By bytes: a reply that does not fit becomes an error, and once there is no room at all nothing
 * runs. */
Test(limits, kept_bytes)
{
    start("kept_bytes=100000");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t object = raw_create(&client, "Thing");

    cr_assert_eq(call(&client, object, "produce", 60000, true), 0);
    call(&client, object, "produce", 60000, false);
    assert_refused(&client, "keeps at most 100000");
    cr_assert_eq(call(&client, object, "echo", 1, false), 0, "small ones fit");
    cr_assert_eq(refused("bytes of replies of one session that it has not acknowledged"), 1);
    cr_assert_eq(call(&client, object, "produce", 60000, true), 0);
    cr_assert_eq(call(&client, object, "echo", 1, true), 0);
    cr_assert_eq(call(&client, object, "produce", 150000, true), 0, "the first one always fits");
    call(&client, object, "echo", 2, false);
    assert_refused(&client, "limit of 100000 bytes of replies");
    cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__PING, 0), 0);
    cr_assert_eq(call(&client, object, "echo", 3, true), 0);
    raw_leave(&client);
    stop();
}

Test(limits, tickets)
{
    start("tickets=2");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t object = raw_create(&client, "Thing");

    for (int i = 0; i < 2; i++)
        cr_assert_eq(raw_operation(&client, WALDO__WIRE__OPERATION__EXPORT, object), 0);
    raw_operation(&client, WALDO__WIRE__OPERATION__EXPORT, object);
    assert_refused(&client, "limit of 2 proxies");
    cr_assert_eq(refused("proxies that one session has put on their way and that have not arrived"),
                 1);
    raw_client other = raw_enter(server.url, SECOND_SESSION);
    cr_assert_eq(raw_operation(&other, WALDO__WIRE__OPERATION__EXPORT, object), 0);
    raw_leave(&other);
    raw_leave(&client);
    /* The tickets keep the object for the transit time: it ends with the server. */
    bad_thing_unref(thing);
    waldo_manager_unref(admin);
    daemon_stop(&server.daemon);
}

/* ---- messages ---- */

Test(limits, message)
{
    static uint8_t bytes[100000];
    start("message=65536");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t object = raw_create(&client, "Thing");

    cr_assert_eq(call(&client, object, "produce", 70000, true), WALDO_ETOOBIG);
    cr_assert_eq(refused("bytes of one message"), 1);
    int status = raw_send(&client, bytes, sizeof bytes);
    if (status >= 0)
        status = raw_receive(&client);
    cr_assert_eq(status, WALDO_EGONE);
    cr_assert_eq(refused("bytes of one message"), 2);
    raw_close(&client);
    stop();
}

Test(limits, depth)
{
    enum { LEVELS = 12 };
    Bad__Tree trees[LEVELS], *children[LEVELS];
    start("depth=8");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    Waldo__Wire__Request request = call_of(&client, raw_create(&client, "Thing"), "measure");

    for (size_t i = 0; i < LEVELS; i++) {
        bad__tree__init(&trees[i]);
        children[i] = &trees[i];
        if (i > 0) {
            trees[i].n_children = 1;
            trees[i].children = &children[i - 1];
        }
    }
    cr_assert_eq(raw_exchange(&client, &request, &trees[7].base), 0, "%s",
                 client.reply->error_message);
    raw_exchange(&client, &request, &trees[LEVELS - 1].base);
    assert_refused(&client, "limit of 8 messages within messages");
    cr_assert_eq(refused("messages within messages in a request; also the most"), 1);
    raw_leave(&client);
    stop();
}

#define QUEUED_LIMIT "queued=1000000"
/* Many replies, each of which the queue would take; a few, of which it takes one. */
enum { MANY = 300, REPLY = 200000, SEVERAL = 20, LARGE = 8 << 20 };

static void with_little_quarantine(void)
{
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1:allocator_release_to_os_interval_ms=0", 1);
}

/* A client that sends and does not read: it finds its own socket full, the others feel nothing, and
 * it is gone after its lease. */
static void never_read(const char *listen, int calls, int reply)
{
    with_little_quarantine();
    start_at(listen, QUEUED_LIMIT, "2");
    raw_client client = raw_enter(server.url, FIRST_SESSION);
    uint64_t object = raw_create(&client, "Thing");
    for (int i = 0; i < calls && send_call(&client, object, "produce", reply) == 0; i++)
        if (i % 10 == 0)
            assert_works(thing);
    await_objects(admin, 1);
    raw_close(&client);
    stop();
}

static void by_socket(bool moves, void (*body)(const char *listen, int calls, int reply), int calls,
                      int reply)
{
    char listen[64];

    snprintf(listen, sizeof listen, "ipc://@waldo-limits-%d?shm=%d", (int)getpid(), moves);
    body(listen, calls, reply);
}

#define TEST_BY_ALL(name, body, calls, reply)                                                      \
    Test(limits, name)                                                                             \
    {                                                                                              \
        body("tcp://127.0.0.1:0", calls, reply);                                                   \
    }                                                                                              \
    Test(limits, name##_by_ipc)                                                                    \
    {                                                                                              \
        by_socket(false, body, calls, reply);                                                      \
    }                                                                                              \
    Test(limits, name##_by_shm)                                                                    \
    {                                                                                              \
        by_socket(true, body, calls, reply);                                                       \
    }

TEST_BY_ALL(queued, never_read, MANY, REPLY)
TEST_BY_ALL(several_large_replies_queued, never_read, SEVERAL, LARGE)

/* ---- in all ---- */

/* What the server takes at rest, and a little. */
static void memory_limit(char *limit, size_t size)
{
    with_little_quarantine();
    start("memory=1099511627776");
    snprintf(limit, size, "memory=%zu", daemon_resident(&server.daemon) + (48 << 20));
    stop();
}

/* Replies that nobody acknowledges, until there is no room for more. New clients are refused as
 * well; those who are there go on, and all is well once they have given back. */
Test(limits, memory)
{
    enum { ROUNDS = 200, BYTES = 4 << 20 };
    char limit[64];
#ifdef __SANITIZE_THREAD__
    cr_skip_test("ThreadSanitizer's own memory would be measured");
#endif
    memory_limit(limit, sizeof limit);
    start(limit);
    raw_client client = raw_enter(server.url, FIRST_SESSION), late = raw_open(server.url);
    uint64_t object = raw_create(&client, "Thing");
    int rounds = 0;

    while (rounds < ROUNDS && call(&client, object, "produce", BYTES, false) == 0)
        rounds++;
    assert_refused(&client, "bytes of memory in use");
    cr_assert_neq(refused("bytes of memory in use by the process"), 0);
    say_hello(&late, SECOND_SESSION);
    assert_refused(&late, "bytes of memory in use");
    cr_assert_eq(waldo_manager_ping(admin, NULL), 0);
    for (int left = DAEMON_PATIENCE_MS; call(&client, object, "echo", 1, true) != 0; left--) {
        cr_assert_gt(left, 0, "%s", client.reply->error_message);
        usleep(DAEMON_LOOK_US);
    }
    cr_assert_eq(say_hello(&late, SECOND_SESSION), 0);
    raw_leave(&late);
    raw_leave(&client);
    stop();
}

/* What one batch brings is looked at with each of its calls. */
Test(limits, memory_in_a_batch)
{
    enum { USES = 60, BYTES = 4 << 20 };
    static char bytes[BYTES];
    char limit[64];
    waldo_batch *batch = NULL;
    waldo_error err = WALDO_ERROR_INIT;
#ifdef __SANITIZE_THREAD__
    cr_skip_test("ThreadSanitizer's own memory would be measured");
#endif
    memory_limit(limit, sizeof limit);
    start(limit);
    cr_assert_eq(waldo_batch_new(admin, &batch, &err), 0);
    int list = waldo_batch_create(batch, "list", waldo_v_none(), &err);
    waldo_batch_call_on(batch, list, "append", waldo_v_tuple(waldo_v_bytes(bytes, BYTES)), &err);
    int item = waldo_batch_call_on(batch, list, "pop", waldo_v_none(), &err);
    for (int i = 0; i < USES; i++)
        waldo_batch_call_on(batch, list, "append", waldo_v_tuple(waldo_batch_use(batch, item)),
                            &err);
    cr_assert_gt(waldo_batch_run(batch, 0, &err), USES / 2, "%s", err.message);
    cr_assert_lt(waldo_batch_result(batch, item + USES, &(waldo_value *){NULL}, &err), 0);
    assert_error(err, WALDO_ELIMIT, "bytes of memory in use");
    waldo_batch_unref(batch);
    Bad__Number number = BAD__NUMBER__INIT, *echo = NULL;
    for (int left = DAEMON_PATIENCE_MS; bad_thing_echo(thing, &number, &echo, &err) < 0; left--) {
        cr_assert_gt(left, 0, "%s", err.message);
        usleep(DAEMON_LOOK_US);
    }
    bad__number__free_unpacked(echo, NULL);
    stop();
}

/* ---- what cannot be set ---- */

Test(limits, wrong_usage)
{
    static const char *const wrong[] = {"",           "objects",    "objects=", "objects=0",
                                        "objects=-1", "objects=5x", "object=5", "=5",
                                        "objectss=5", "objects 5"};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const char *const arguments[] = {WALDOD, "--limit", wrong[i], NULL};
        daemon_process process;
        cr_assert_eq(daemon_run(&process, arguments), 2, "%s", wrong[i]);
        cr_assert_not_null(strstr(daemon_errors(&process), "--limit takes"), "%s",
                           daemon_errors(&process));
        close(process.errors);
    }
}
