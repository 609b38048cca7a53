/* A client dies: in every phase of a call, over every engine, killed or stopped for longer than its
 * lease. Afterwards the server has what it had before. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay.h"
#include "support.h"

static server host;
static waldo_manager *manager; /* another client, which sees what the server has */
static faults_queue *queue;
static faults_lock *lock;
static faults_register *reg;
static uint64_t objects_before;
static size_t descriptors_before;

static const char *const short_times[] = {"--lease",     "0.8", "--grace", "0.2",
                                          "--handshake", "0.5", NULL};

static void *add_later(void *unused)
{
    OK(register_add_later(reg, 1, NULL, &error));
    return unused;
}

/* Heartbeats need one when the other is in use. */
static void make_two_connections(void)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, add_later, NULL), 0);
    AWAIT(register_parked(reg) == 1);
    OK(faults_register_open(reg, &error));
    pthread_join(thread, NULL);
}

static void set_up(void)
{
    start_server(&host, short_times);
    manager = connect_to(&host, host.urls[0]);
    queue = get_queue(manager, "x");
    lock = get_lock(manager, "x");
    reg = get_register(manager, "x");
    make_two_connections();
    objects_before = number_of_objects(manager);
    /* libnanomsg keeps a few descriptors from the first connection on. */
    process first = spawn_client(&host, host.urls[2], "connect", "");
    expect_line(&first, "connected");
    size_t with_first = descriptors_of(host.process.pid);
    end_with(&first, SIGKILL);
    AWAIT(descriptors_of(host.process.pid) < with_first);
    descriptors_before = descriptors_of(host.process.pid);
}

static void tear_down(void)
{
    faults_register_unref(reg);
    faults_lock_unref(lock);
    faults_queue_unref(queue);
    waldo_manager_unref(manager);
    stop_server(&host);
}

TestSuite(clients, .init = set_up, .fini = tear_down);

/* Nothing is left of the client, and nothing that it had, or was about to get, is lost. */
static void expect_nothing_left(int64_t items)
{
    bool owner_died;
    AWAIT(queue_parked(queue) == 0);
    OK(lock_acquire(lock, NULL, &owner_died, &error));
    OK(faults_lock_release(lock, &error));
    AWAIT(lock_parked(lock) == 0);
    AWAIT(queue_size(queue) == items);
    AWAIT(number_of_objects(manager) == objects_before);
    for (int64_t i = 0; i < items; i++) {
        int64_t n;
        OK(queue_get(queue, &n, &error));
        cr_assert_eq(n, i);
    }
}

/* ---- over each engine, killed and stopped ---- */

/* The client at the end of the network dies, and its machine's end of every connection with it. */
static void die(process *client, relay *network, int signal_number)
{
    if (signal_number == SIGKILL) {
        end_with(client, SIGKILL);
        relay_cut(network);
        relay_allow(network, TO_SERVER, SIZE_MAX);
        relay_stall(network, TO_CLIENT, 0);
        return;
    }
    stop(client);
}

static void bury(process *client, relay *network, int signal_number)
{
    /* libnanomsg does not let go of a connection whose other end is only silent. */
    if (signal_number == SIGSTOP && strncmp(relay_url(network), "nn+", 3) != 0)
        AWAIT(descriptors_of(host.process.pid) <= descriptors_before);
    if (signal_number == SIGSTOP)
        end_with(client, SIGKILL);
    relay_free(network);
    AWAIT(descriptors_of(host.process.pid) <= descriptors_before);
}

/* In the middle of what it sends first, after so many bytes: connecting, in the handshake, before
 * and after it creates an object and acquires a lock. */
static void while_it_sends(const char *url, int signal_number)
{
    static const size_t phases[] = {0, 5, 8, 30, 80, 81, 130, 250, 320, 400, 470};
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        relay *network = relay_start(url);
        relay_allow(network, TO_SERVER, phases[i]);
        process client = spawn_client(&host, relay_url(network), "all", "x");
        AWAIT(relay_holds_back(network, TO_SERVER));
        die(&client, network, signal_number);
        expect_nothing_left(0);
        bury(&client, network, signal_number);
    }
}

static void while_it_is_parked(const char *url, int signal_number)
{
    relay *network = relay_start(url);
    process client = spawn_client(&host, relay_url(network), "all", "x");
    expect_line(&client, "created");
    expect_line(&client, "held");
    AWAIT(queue_parked(queue) == 1);
    die(&client, network, signal_number);
    expect_nothing_left(0);
    bury(&client, network, signal_number);
}

static void while_the_reply_is_on_its_way(const char *url, int signal_number)
{
    relay *network = relay_start(url);
    process client = spawn_client(&host, relay_url(network), "all", "x");
    expect_line(&client, "created");
    expect_line(&client, "held");
    AWAIT(queue_parked(queue) == 1);
    relay_stall(network, TO_CLIENT, 1);
    OK(queue_put(queue, 0, &error));
    OK(queue_put(queue, 1, &error));
    AWAIT(relay_holds_back(network, TO_CLIENT));
    die(&client, network, signal_number);
    expect_nothing_left(2);
    bury(&client, network, signal_number);
}

/* The item is the client's, and goes with it. */
static void after_the_reply(const char *url, int signal_number)
{
    relay *network = relay_start(url);
    process client = spawn_client(&host, relay_url(network), "all", "x");
    expect_line(&client, "created");
    expect_line(&client, "held");
    OK(queue_put(queue, 7, &error));
    expect_line(&client, "got 7");
    cr_assert_eq(lock_locked(lock), 1);
    /* Until its runtime has said, with a heartbeat, that it has the item, it could come back. */
    size_t answered = relay_moved(network, TO_CLIENT);
    AWAIT(relay_moved(network, TO_CLIENT) > answered);
    die(&client, network, signal_number);
    expect_nothing_left(0);
    bury(&client, network, signal_number);
}

#define CASES(engine, index)                                                                       \
    Test(clients, engine##_killed_while_it_sends)                                                  \
    {                                                                                              \
        while_it_sends(host.urls[index], SIGKILL);                                                 \
    }                                                                                              \
    Test(clients, engine##_killed_while_parked)                                                    \
    {                                                                                              \
        while_it_is_parked(host.urls[index], SIGKILL);                                             \
    }                                                                                              \
    Test(clients, engine##_killed_while_the_reply_is_on_its_way)                                   \
    {                                                                                              \
        while_the_reply_is_on_its_way(host.urls[index], SIGKILL);                                  \
    }                                                                                              \
    Test(clients, engine##_killed_after_the_reply)                                                 \
    {                                                                                              \
        after_the_reply(host.urls[index], SIGKILL);                                                \
    }                                                                                              \
    Test(clients, engine##_stopped_while_it_sends)                                                 \
    {                                                                                              \
        while_it_sends(host.urls[index], SIGSTOP);                                                 \
    }                                                                                              \
    Test(clients, engine##_stopped_while_parked)                                                   \
    {                                                                                              \
        while_it_is_parked(host.urls[index], SIGSTOP);                                             \
    }                                                                                              \
    Test(clients, engine##_stopped_while_the_reply_is_on_its_way)                                  \
    {                                                                                              \
        while_the_reply_is_on_its_way(host.urls[index], SIGSTOP);                                  \
    }                                                                                              \
    Test(clients, engine##_stopped_after_the_reply)                                                \
    {                                                                                              \
        after_the_reply(host.urls[index], SIGSTOP);                                                \
    }
CASES(tcp, 0)
CASES(ipc, 1)
CASES(nanomsg, 2)
CASES(websocket, 3)

/* A client that wakes up after its lease learns that it has lost everything. */
Test(clients, woken_after_its_lease)
{
    process client = spawn_client(&host, host.urls[0], "all", "x");
    expect_line(&client, "created");
    expect_line(&client, "held");
    AWAIT(queue_parked(queue) == 1);
    stop(&client);
    expect_nothing_left(0);
    kill(client.pid, SIGCONT);
    int status = await_end(&client);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 4, "%#x", status);
    expect_nothing_left(0);
}

/* ---- many, at any moment ---- */

enum { KILLS = 200, ENGINES = MAX_URLS + 1, AT_A_TIME = ENGINES, MAX_ITEMS = 1000000 };

/* Each way has a client: tcp, shared memory (which ipc moves to), libnanomsg, WebSocket, ipc
 * without shared memory. */
static process spawn_worker(int engine)
{
    char socket_only[160];
    snprintf(socket_only, sizeof socket_only, "%s?shm=0", host.urls[1]);
    return spawn_client(&host, engine < MAX_URLS ? host.urls[engine] : socket_only, "work", "x");
}

static unsigned char seen[MAX_ITEMS];

/* What the client said that it got; *rest holds what is not a whole line yet. */
static void read_what_it_got(const process *client)
{
    char line[64];
    size_t length = 0;
    while (read(client->output, line + length, 1) == 1) {
        if (line[length] == '\n') {
            line[length] = '\0';
            long long n = -1;
            cr_assert(sscanf(line, "got %lld", &n) == 1 && n >= 0 && n < MAX_ITEMS, "%s", line);
            seen[n] = 1;
            length = 0;
        } else if (length + 1 < sizeof line) {
            length++;
        }
    }
}

/* Each has come to a client, or is in the queue. */
static bool no_item_is_missing(int64_t items)
{
    for (int64_t left = queue_size(queue); left > 0; left--) {
        int64_t n;
        OK(queue_get(queue, &n, &error));
        seen[n] = 1;
    }
    return memchr(seen, 0, (size_t)items) == NULL;
}

Test(clients, two_hundred_killed_at_any_moment, .timeout = 3000)
{
    const char *given = getenv("WALDO_FAULTS_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
    fprintf(stderr, "two_hundred_killed_at_any_moment: WALDO_FAULTS_SEED=%u\n", seed);
    process clients[AT_A_TIME];
    for (int i = 0; i < AT_A_TIME; i++)
        clients[i] = spawn_worker(i);
    int64_t items = 0;
    for (int killed = 0; killed < KILLS * faults_times(); killed++) {
        process *victim = &clients[killed % AT_A_TIME];
        for (unsigned i = (unsigned)rand_r(&seed) % 20; i > 0; i--)
            OK(queue_put(queue, items++, &error));
        struct timespec moment = {.tv_nsec = rand_r(&seed) % 10000000};
        nanosleep(&moment, NULL);
        kill(victim->pid, SIGKILL);
        read_what_it_got(victim);
        (void)await_end(victim);
        *victim = spawn_worker(killed % ENGINES);
    }
    for (int i = 0; i < AT_A_TIME; i++) {
        kill(clients[i].pid, SIGKILL);
        read_what_it_got(&clients[i]);
        (void)await_end(&clients[i]);
    }
    AWAIT(queue_parked(queue) == 0);
    AWAIT(no_item_is_missing(items));
    expect_nothing_left(0);
    AWAIT(descriptors_of(host.process.pid) <= descriptors_before);
}
