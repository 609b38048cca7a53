/* A network that is cut, or cut one way, or loses packets: the server has a network namespace of
 * its own, with one link to the clients'. Needs root, iproute2 and util-linux; skipped without. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"

enum { CUTS = 20, WORKERS = 4 };

/* The system may take a second more until a device that is up again lets anything through, or until
 * it has found out once more where the other side is. */
static const char *const options[] = {"--lease", "4", "--grace", "2", NULL};

static server host;

static bool shell(const char *format, ...) WALDO_PRINTF(1, 2);
static bool shell(const char *format, ...)
{
    char command[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    const char *words[] = {"sh", "-c", command, NULL};
    process one = spawn(words, false);
    return await_end(&one) == 0;
}

static bool is_possible(void)
{
    return geteuid() == 0 && shell("ip -V >/dev/null 2>&1 && nsenter -V >/dev/null 2>&1") &&
           unshare(CLONE_NEWNET) == 0 && shell("ip link set lo up") &&
           shell("ip link add name c0 type veth peer name s0");
}

/* The server's end of the link goes to the namespace that waldod runs in. */
static void set_up_link(void)
{
    cr_assert(shell("ip link set s0 netns %d && ip addr add 10.99.0.1/24 dev c0 && "
                    "ip link set c0 up && nsenter -t %d -n sh -c '"
                    "ip addr add 10.99.0.2/24 dev s0 && ip link set s0 up && ip link set lo up'",
                    (int)host.process.pid, (int)host.process.pid));
}

/* A socket of the server's namespace; commands in programs of their own would make the cuts longer
 * than they are meant to be. */
static void *open_there(void *made)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)host.process.pid);
    int space = open(path, O_RDONLY | O_CLOEXEC);
    if (space >= 0 && setns(space, CLONE_NEWNET) == 0)
        *(int *)made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    close(space);
    return NULL;
}

static int controls[2] = {-1, -1}; /* there, here */

static void open_controls(void)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, open_there, &controls[0]), 0);
    pthread_join(thread, NULL);
    controls[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert(controls[0] >= 0 && controls[1] >= 0);
}

/* On either side: a cable that was pulled out here is a network that is gone, there one that is
 * silent. */
static void set_link(bool here, bool up)
{
    struct ifreq link = {.ifr_name = "s0"};
    if (here)
        link.ifr_name[0] = 'c';
    cr_assert_eq(ioctl(controls[here], SIOCGIFFLAGS, &link), 0);
    link.ifr_flags = (short)(up ? link.ifr_flags | IFF_UP : link.ifr_flags & ~IFF_UP);
    cr_assert_eq(ioctl(controls[here], SIOCSIFFLAGS, &link), 0);
}

/* One way only, from this side to the other one or back: packets go to an address that no card has.
 */
static void set_way(bool here, bool open)
{
    struct arpreq entry = {.arp_flags = ATF_COM | ATF_PERM};
    struct sockaddr_in *address = (struct sockaddr_in *)(void *)&entry.arp_pa;
    address->sin_family = AF_INET;
    cr_assert_eq(inet_pton(AF_INET, here ? "10.99.0.2" : "10.99.0.1", &address->sin_addr), 1);
    entry.arp_ha.sa_family = ARPHRD_ETHER;
    memcpy(entry.arp_ha.sa_data, "\2nobody", 6);
    strcpy(entry.arp_dev, here ? "c0" : "s0");
    cr_assert_eq(ioctl(controls[here], open ? SIOCDARP : SIOCSARP, &entry), 0, "%s",
                 strerror(errno));
}

typedef struct worker {
    pthread_t thread;
    waldo_manager *manager;
    faults_register *reg;
    _Atomic int64_t calls;
    _Atomic int status;
    waldo_error error;
} worker;

static worker workers[WORKERS];
static _Atomic bool stop_working;

static void *work(void *argument)
{
    worker *one = argument;
    while (!stop_working && one->status >= 0) {
        int64_t sum = 0;
        one->status = register_add(one->reg, 1, &sum, &one->error);
        if (one->status >= 0 && sum != ++one->calls)
            one->status = waldo_error_set(&one->error, WALDO_ERUNTIME, "%lld calls made %lld",
                                          (long long)one->calls, (long long)sum);
        pause_ms(1);
    }
    return NULL;
}

static void start_workers(const char *url)
{
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.manager = connect_to(&host, url)};
        workers[i].reg = get_register(workers[i].manager, "");
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
}

static void end_workers(void)
{
    stop_working = true;
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        cr_assert_geq(workers[i].status, 0, "%s %s", waldo_error_name(workers[i].status),
                      workers[i].error.message);
        cr_assert_eq(register_executions(workers[i].reg), workers[i].calls);
        faults_register_unref(workers[i].reg);
        waldo_manager_unref(workers[i].manager);
    }
}

/* ---- the tests ---- */

static waldo_manager *holder, *beside;
static faults_lock *lock, *seen;
static unsigned seed;

/* false: it is not possible here. */
static bool begin(void)
{
    if (!is_possible()) {
        fprintf(stderr, "partitions are skipped: they need root, iproute2 and nsenter\n");
        return false;
    }
    start_server_elsewhere(&host, options, "tcp://0.0.0.0:0");
    set_up_link();
    open_controls();
    char url[64];
    snprintf(url, sizeof url, "tcp://10.99.0.2:%s", strrchr(host.urls[0], ':') + 1);
    const char *given = getenv("WALDO_FAULTS_SEED");
    seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
    fprintf(stderr, "partitions: WALDO_FAULTS_SEED=%u\n", seed);
    holder = connect_to(&host, url);
    beside = connect_to(&host, host.urls[1]); /* by a Unix socket */
    lock = get_lock(holder, "l");
    seen = get_lock(beside, "l");
    OK(lock_acquire(lock, NULL, NULL, &error));
    start_workers(url);
    return true;
}

static void finish(void)
{
    faults_lock_unref(seen);
    faults_lock_unref(lock);
    waldo_manager_unref(beside);
    waldo_manager_unref(holder);
    close(controls[0]);
    close(controls[1]);
    stop_server(&host);
}

/* Everybody gets through, the holder too, who would else have the next cut on top of this one; and
 * nobody's session is lost. */
static void await_calls(int fault, double seconds)
{
    OK(waldo_manager_ping(holder, &error));
    for (int i = 0; i < WORKERS; i++) {
        int64_t before = workers[i].calls;
        AWAIT(workers[i].calls > before || workers[i].status < 0);
    }
    cr_assert_eq(lock_locked(seen), 1, "the session was lost in fault %d, of %.3f s", fault,
                 seconds);
}

static unsigned pick_ms(void)
{
    return 100 + (unsigned)rand_r(&seed) % 700;
}

static int64_t all_calls(void)
{
    int64_t all = 0;
    for (int i = 0; i < WORKERS; i++)
        all += workers[i].calls;
    return all;
}

/* Nobody gets through, but for what was on its way. How many seconds it took. */
static double cut_for(unsigned ms, void (*set)(bool here, bool open), bool here)
{
    static const double ON_ITS_WAY = 0.05;
    int64_t got_through = -1;
    double begun = now();
    set(here, false);
    for (double until = begun + ms / 1000.0; now() < until; pause_ms(1))
        if (got_through < 0 && now() > begun + ON_ITS_WAY)
            got_through = all_calls();
    cr_assert(got_through < 0 || got_through == all_calls(), "it is not cut");
    set(here, true);
    return now() - begun;
}

Test(partitions, cut_and_restored, .timeout = 3000)
{
    if (!begin())
        return;
    for (int i = 0; i < CUTS * faults_times(); i++)
        await_calls(i, cut_for(pick_ms(), set_link, i % 2 == 0));
    end_workers();

    /* Once for longer than the lease. */
    set_link(false, false);
    AWAIT(lock_locked(seen) == 0);
    set_link(false, true);
    AWAIT(waldo_manager_ping(holder, NULL) >= 0);
    FAILS(WALDO_ERUNTIME, faults_lock_release(lock, &error));
    finish();
}

/* Requests arrive and replies do not, or the other way round. */
Test(partitions, cut_one_way, .timeout = 3000)
{
    if (!begin())
        return;
    for (int i = 0; i < CUTS / 2 * faults_times(); i++)
        await_calls(i, cut_for(pick_ms(), set_way, i % 2 == 0));
    end_workers();
    OK(faults_lock_release(lock, &error));
    finish();
}

/* A third of the time one way or the other loses what goes there. */
Test(partitions, packets_that_are_lost, .timeout = 3000)
{
    if (!begin())
        return;
    for (int i = 0; i < 10 * CUTS * faults_times(); i++) {
        (void)cut_for(1 + (unsigned)rand_r(&seed) % 5, set_way, rand_r(&seed) % 2);
        pause_ms(1 + rand_r(&seed) % 10);
    }
    await_calls(0, 0);
    end_workers();
    OK(faults_lock_release(lock, &error));
    finish();
}
