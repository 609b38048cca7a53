/* Those who do not hold a key: thousands of them cost nothing that stays, and keep nobody else from
 * working. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support.h"

enum { STRANGERS = 3000, AT_A_TIME = 500, KINDS = 10 };

/* Bytes that allocators may take more than before when the machine is busy. What nothing points to
 * any more is found at the server's end; this is about what piles up: buffers, connections. */
enum { SLACK = 8 * 1024 * 1024 };

static server host;
static waldo_manager *manager;

static const char *const options[] = {"--handshake", "0.4", NULL};

static void set_up(void)
{
    /* The server inherits it. */
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);
    start_server(&host, options);
    manager = connect_to(&host, host.urls[0]);
}

static void tear_down(void)
{
    waldo_manager_unref(manager);
    stop_server(&host);
}

TestSuite(strangers, .init = set_up, .fini = tear_down);

/* ---- connecting ---- */

static int connect_tcp(const char *url)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(strrchr(url, ':') + 1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(made, 0, "%s", strerror(errno));
    cr_assert_eq(connect(made, (struct sockaddr *)&address, sizeof address), 0, "%s",
                 strerror(errno));
    return made;
}

static int connect_ipc(const char *url)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", url + 6);
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(made, 0, "%s", strerror(errno));
    cr_assert_eq(connect(made, (struct sockaddr *)&address, sizeof address), 0, "%s",
                 strerror(errno));
    return made;
}

/* ---- what strangers say ---- */

typedef struct saying {
    uint8_t bytes[4096];
    size_t size;
} saying;

static void add(saying *said, const void *bytes, size_t size)
{
    memcpy(said->bytes + said->size, bytes, size);
    said->size += size;
}

static const uint8_t hello[] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};

/* A frame of SP: ipc has a type before the length. */
static void add_frame(saying *said, bool ipc, uint64_t length, const void *bytes, size_t size)
{
    uint8_t header[9] = {1};
    for (int i = 0; i < 8; i++)
        header[1 + i] = (uint8_t)(length >> (56 - 8 * i));
    add(said, header + !ipc, ipc ? 9 : 8);
    add(said, bytes, size);
}

/* A request id, and the start of the handshake with rubbish in it. */
static const uint8_t first[4 + 1 + 8 + 48] = {0x80, 0, 0, 1, 1, 7, 7, 7};

static void say(int kind, bool ipc, unsigned *seed, saying *said)
{
    uint8_t noise[1000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)rand_r(seed);
    *said = (saying){.size = 0};
    if (kind >= 3)
        add(said, hello, sizeof hello);
    switch (kind) {
    case 0: /* silence */
        break;
    case 1: /* noise */
        add(said, noise, 1 + (size_t)rand_r(seed) % sizeof noise);
        break;
    case 2: /* half of what it is */
        add(said, hello, 5);
        break;
    case 3: /* nothing after that */
        break;
    case 4: /* half a frame */
        add_frame(said, ipc, sizeof first, first, 20);
        break;
    case 5: /* a frame of noise */
        add_frame(said, ipc, sizeof noise, noise, sizeof noise);
        break;
    case 6:
        add_frame(said, ipc, UINT64_C(1) << 63, first, sizeof first);
        break;
    case 7:
        add_frame(said, ipc, UINT64_MAX, first, sizeof first);
        break;
    case 8: /* a handshake with an unknown key */
        add_frame(said, ipc, sizeof first, first, sizeof first);
        break;
    default: /* a frame of a channel that is not there */
        noise[0] = 0x80;
        noise[4] = 3;
        add_frame(said, ipc, 200, noise, 200);
        break;
    }
}

/* ---- meanwhile ---- */

static _Atomic bool stop_working;
static _Atomic int64_t worked;

static void *work(void *unused)
{
    faults_register *reg = get_register(manager, "");
    waldo_proxy *proxy = faults_register_proxy(reg);
    OK(waldo_proxy_set_timeout(proxy, PATIENCE, &error));
    while (!stop_working) {
        int64_t sum = 0;
        OK(register_add(reg, 1, &sum, &error));
        cr_assert_eq(sum, ++worked);
    }
    faults_register_unref(reg);
    return unused;
}

/* ---- crowds ---- */

typedef int connector(const char *url);

static void await_hang_up(int socket)
{
    uint8_t bytes[256];
    struct pollfd look = {.fd = socket, .events = POLLIN};
    ssize_t got = 1;
    while (got > 0) {
        cr_assert_gt(poll(&look, 1, (int)(PATIENCE * 1000)), 0, "a stranger is not sent away");
        got = recv(socket, bytes, sizeof bytes, 0);
    }
    close(socket);
}

/* All come, say what they have to say, and wait to be sent away. */
static void crowd(connector *reach, const char *url, bool ipc, int count, unsigned *seed)
{
    static int sockets[AT_A_TIME];
    saying said;
    for (int i = 0; i < count; i++) {
        sockets[i] = reach(url);
        say(i % KINDS, ipc, seed, &said);
        /* Who has been sent away already cannot say more. */
        (void)send(sockets[i], said.bytes, said.size, MSG_NOSIGNAL);
    }
    for (int i = 0; i < count; i++)
        await_hang_up(sockets[i]);
}

static void three_thousand(connector *reach, const char *url, bool ipc)
{
    unsigned seed = 1;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, work, NULL), 0);
    AWAIT(worked > 0);
    crowd(reach, url, ipc, AT_A_TIME, &seed); /* tables have their size after it */
    AWAIT(descriptors_of(host.process.pid) < AT_A_TIME / 2);
    size_t descriptors = descriptors_of(host.process.pid), resident = resident_of(host.process.pid);
    for (int i = 0; i < STRANGERS / AT_A_TIME; i++) {
        int64_t before = worked;
        crowd(reach, url, ipc, AT_A_TIME, &seed);
        cr_assert_gt(worked, before);
    }
    AWAIT(descriptors_of(host.process.pid) <= descriptors);
    AWAIT(resident_of(host.process.pid) < resident + SLACK);
    stop_working = true;
    pthread_join(thread, NULL);
    OK(waldo_manager_ping(manager, &error));
}

Test(strangers, three_thousand_by_tcp, .timeout = 120)
{
    three_thousand(connect_tcp, host.urls[0], false);
}

Test(strangers, three_thousand_by_ipc, .timeout = 120)
{
    three_thousand(connect_ipc, host.urls[1], true);
}

/* libnanomsg answers for the bytes and does not send anybody away; what comes to us costs nothing.
 */
Test(strangers, three_thousand_by_nanomsg, .timeout = 120)
{
    unsigned seed = 1;
    saying said;
    size_t descriptors = descriptors_of(host.process.pid), resident = 0;
    for (int i = 0; i < STRANGERS; i++) {
        int made = connect_tcp(host.urls[2]);
        say(i % KINDS, false, &seed, &said);
        (void)send(made, said.bytes, said.size, MSG_NOSIGNAL);
        close(made);
        if (i == AT_A_TIME)
            resident = resident_of(host.process.pid);
        if (i % 100 == 0)
            OK(waldo_manager_ping(manager, &error));
    }
    AWAIT(descriptors_of(host.process.pid) <= descriptors + 16);
    AWAIT(resident_of(host.process.pid) < resident + SLACK);
    process client = spawn_client(&host, host.urls[2], "connect", "");
    expect_line(&client, "connected");
    end_with(&client, SIGKILL);
}

/* Slow enough to look alive, too slow to be one. */
Test(strangers, one_byte_at_a_time)
{
    saying said = {.size = 0};
    add(&said, hello, sizeof hello);
    add_frame(&said, false, sizeof first, first, sizeof first);
    size_t descriptors = descriptors_of(host.process.pid);
    int slow = connect_tcp(host.urls[0]);
    size_t sent = 0;
    for (double until = now() + PATIENCE; now() < until && sent < said.size; sent++) {
        if (send(slow, said.bytes + sent, 1, MSG_NOSIGNAL) != 1)
            break;
        pause_ms(100);
    }
    cr_assert_lt(sent, said.size, "it was listened to until its end");
    close(slow);
    AWAIT(descriptors_of(host.process.pid) <= descriptors);
}

/* ---- more of them at once than are let in ---- */

enum { AT_ONCE = 10000, LET_IN = 1024, OTHERS = 192 };

/* Time alone sends nobody away. */
static void restart_patiently(void)
{
    waldo_manager_unref(manager);
    kill_server(&host);
    host.options = NULL;
    restart_server(&host);
    manager = connect_to(&host, host.urls[0]);
}

/* All of them stay, and none of them ever says enough. Those who came first have to go. */
static void come_and_stay(connector *reach, const char *url, bool ipc)
{
    static const int unfinished[] = {0, 2, 3, 4};
    static int sockets[AT_ONCE];
    unsigned seed = 1;
    saying said;
    for (int i = 0; i < AT_ONCE; i++) {
        sockets[i] = reach(url);
        say(unfinished[i % 4], ipc, &seed, &said);
        (void)send(sockets[i], said.bytes, said.size, MSG_NOSIGNAL);
        if (i % 500 == 0)
            cr_assert_lt(descriptors_of(host.process.pid), LET_IN + OTHERS);
    }
    AWAIT(descriptors_of(host.process.pid) < LET_IN + OTHERS);
    process client = spawn_client(&host, url, "connect", "");
    expect_line(&client, "connected");
    end_with(&client, SIGKILL);
    for (int i = 0; i < AT_ONCE; i++)
        close(sockets[i]);
}

static void ten_thousand(connector *reach, const char *url, bool ipc)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < AT_ONCE + OTHERS)
        cr_skip_test("it takes more descriptors than are allowed here");
    restart_patiently();
    size_t descriptors = descriptors_of(host.process.pid);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, work, NULL), 0);
    AWAIT(worked > 0);
    come_and_stay(reach, url, ipc); /* tables have their size after it */
    AWAIT(descriptors_of(host.process.pid) <= descriptors + 1);
    size_t resident = resident_of(host.process.pid);
    int64_t before = worked;
    come_and_stay(reach, url, ipc);
    cr_assert_gt(worked, before);
    stop_working = true;
    pthread_join(thread, NULL);
    AWAIT(descriptors_of(host.process.pid) <= descriptors + 1);
    AWAIT(resident_of(host.process.pid) < resident + SLACK);
}

Test(strangers, ten_thousand_by_tcp, .timeout = 120)
{
    ten_thousand(connect_tcp, host.urls[0], false);
}

Test(strangers, ten_thousand_by_ipc, .timeout = 120)
{
    ten_thousand(connect_ipc, host.urls[1], true);
}
