/* A network that is cut: the server has a network namespace of its own, with one link to the
 * clients'. Needs root, iproute2 and util-linux; skipped without. */
#include <fcntl.h>
#include <net/if.h>
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

static const char *const options[] = {"--lease", "3", "--grace", "1", NULL};

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

typedef struct worker {
    pthread_t thread;
    waldo_manager *manager;
    faults_register *reg;
    _Atomic int64_t calls;
    int status;
    waldo_error error;
} worker;

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

static void start_workers(worker *workers, const char *url)
{
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){.manager = connect_to(&host, url)};
        workers[i].reg = get_register(workers[i].manager, "");
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
}

static void end_workers(worker *workers)
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

/* How many seconds it took. */
static double cut_for(unsigned ms, bool here)
{
    double begun = now();
    set_link(here, false);
    for (double until = begun + ms / 1000.0; now() < until;)
        pause_ms(1);
    set_link(here, true);
    return now() - begun;
}

Test(partitions, cut_and_restored, .timeout = 3000)
{
    if (!is_possible()) {
        fprintf(stderr, "partitions are skipped: they need root, iproute2 and nsenter\n");
        return;
    }
    start_server_elsewhere(&host, options, "tcp://0.0.0.0:0");
    set_up_link();
    open_controls();
    char url[64];
    snprintf(url, sizeof url, "tcp://10.99.0.2:%s", strrchr(host.urls[0], ':') + 1);
    const char *given = getenv("WALDO_FAULTS_SEED");
    unsigned seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
    fprintf(stderr, "cut_and_restored: WALDO_FAULTS_SEED=%u\n", seed);

    worker workers[WORKERS];
    waldo_manager *holder = connect_to(&host, url);
    waldo_manager *beside = connect_to(&host, host.urls[1]); /* by a Unix socket */
    faults_lock *lock = get_lock(holder, "l"), *seen = get_lock(beside, "l");
    OK(lock_acquire(lock, NULL, NULL, &error));
    start_workers(workers, url);
    for (int i = 0; i < CUTS * faults_times(); i++) {
        double cut = cut_for(100 + (unsigned)rand_r(&seed) % 700, i % 2 == 0);
        /* Until it is there again for everybody. */
        for (int j = 0; j < WORKERS; j++) {
            int64_t before = workers[j].calls;
            AWAIT(workers[j].calls > before);
        }
        cr_assert_eq(lock_locked(seen), 1, "the session was lost in cut %d, of %.3f s", i, cut);
    }
    end_workers(workers);

    /* Once for longer than the lease. */
    set_link(false, false);
    AWAIT(lock_locked(seen) == 0);
    set_link(false, true);
    AWAIT(waldo_manager_ping(holder, NULL) >= 0);
    FAILS(WALDO_ERUNTIME, faults_lock_release(lock, &error));
    faults_lock_unref(seen);
    faults_lock_unref(lock);
    waldo_manager_unref(beside);
    waldo_manager_unref(holder);
    close(controls[0]);
    close(controls[1]);
    stop_server(&host);
}
