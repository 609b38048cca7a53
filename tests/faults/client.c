/* A client to be killed: faults-client URL KEY-FILE ACTION ARGUMENT. It says how far it came, a
 * line for each step, and ends when its standard input does. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <waldo/waldo.h>

#include "faults.proxy.h"

static waldo_error error = WALDO_ERROR_INIT;
static int log_to = STDOUT_FILENO;

static void say(const char *format, ...) WALDO_PRINTF(1, 2);
static void say(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (write(log_to, line, (size_t)length) != length)
        _exit(3);
}

static void check(int status)
{
    if (status >= 0)
        return;
    waldo_error_print(&error, stderr);
    _exit(4);
}

static void wait_for_end_of_input(void)
{
    char byte;
    ssize_t got;
    do
        got = read(STDIN_FILENO, &byte, 1);
    while (got > 0 || (got < 0 && errno == EINTR));
}

static Faults__Start start_of(const char *name)
{
    Faults__Start start = FAULTS__START__INIT;
    start.name = (char *)name;
    return start;
}

static int64_t get_item(faults_queue *queue)
{
    Faults__Item *item = NULL;
    check(faults_queue_get(queue, &item, &error));
    int64_t n = item->n;
    faults__item__free_unpacked(item, NULL);
    return n;
}

static void acquire(faults_lock *lock)
{
    Faults__Held *held = NULL;
    check(faults_lock_acquire(lock, &held, &error));
    faults__held__free_unpacked(held, NULL);
}

/* ---- actions ---- */

static void be_connected(waldo_manager *manager, const char *name)
{
    (void)manager;
    (void)name;
    say("connected\n");
    wait_for_end_of_input();
}

static void hold_lock(waldo_manager *manager, const char *name)
{
    faults_lock *lock = NULL;
    Faults__Start start = start_of(name);
    check(faults_lock_new(manager, &start, &lock, &error));
    acquire(lock);
    say("held\n");
    wait_for_end_of_input();
    faults_lock_unref(lock);
}

/* Everything that a session can have: an object, a lock, a call that waits, then an item. */
static void have_all(waldo_manager *manager, const char *name)
{
    faults_register *reg = NULL;
    faults_queue *queue = NULL;
    Faults__Start nameless = start_of(""), named = start_of(name);
    check(faults_register_new(manager, &nameless, &reg, &error));
    say("created\n");
    check(faults_queue_new(manager, &named, &queue, &error));
    faults_lock *lock = NULL;
    check(faults_lock_new(manager, &named, &lock, &error));
    acquire(lock);
    say("held\n");
    say("got %lld\n", (long long)get_item(queue));
    wait_for_end_of_input();
    faults_lock_unref(lock);
    faults_queue_unref(queue);
    faults_register_unref(reg);
}

/* Uses all of it again and again. */
static void work(waldo_manager *manager, const char *name)
{
    faults_queue *queue = NULL;
    faults_lock *lock = NULL;
    Faults__Start nameless = start_of(""), named = start_of(name);
    check(faults_queue_new(manager, &named, &queue, &error));
    check(faults_lock_new(manager, &named, &lock, &error));
    for (;;) {
        faults_register *reg = NULL;
        say("got %lld\n", (long long)get_item(queue));
        acquire(lock);
        check(faults_register_new(manager, &nameless, &reg, &error));
        check(faults_lock_release(lock, &error));
        faults_register_unref(reg);
    }
}

/* ---- through the deaths of servers ---- */

static void on_gone(waldo_manager *manager, const waldo_error *reason, void *data)
{
    (void)manager;
    (void)data;
    say("gone %s\n", waldo_error_name(reason->code));
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int add(faults_register *reg, int64_t n)
{
    Faults__Number number = FAULTS__NUMBER__INIT, *sum = NULL;
    number.n = n;
    int status = faults_register_add(reg, &number, &sum, &error);
    if (status >= 0)
        faults__number__free_unpacked(sum, NULL);
    return status;
}

/* argument: JOURNAL:FIRST. Adds FIRST, FIRST + 1, ... to registers that write to the journal, a new
 * one whenever one is lost; JOURNAL.FIRST says what became of each number. */
static void add_numbers(waldo_manager *manager, const char *argument)
{
    char path[200], journal[200];
    long long n = atoll(strrchr(argument, ':') + 1);
    snprintf(journal, sizeof journal, "%.*s", (int)(strrchr(argument, ':') - argument), argument);
    snprintf(path, sizeof path, "%.180s.%lld", journal, n);
    log_to = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    waldo_manager_on_gone(manager, on_gone, NULL);
    Faults__Start start = FAULTS__START__INIT;
    start.journal = journal;
    faults_register *reg = NULL;
    for (;; n++) {
        double begun = now();
        int status = reg ? 0 : faults_register_new(manager, &start, &reg, &error);
        if (status >= 0) {
            status = add(reg, n);
            say("%s %lld %.3f\n", status >= 0 ? "ok" : waldo_error_name(status), n, now() - begun);
        } else {
            say("new %s %.3f\n", waldo_error_name(status), now() - begun);
        }
        if (status < 0) {
            reg = faults_register_unref(reg);
            struct timespec pause = {.tv_nsec = 2000000};
            nanosleep(&pause, NULL);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(waldo_manager *manager, const char *argument);
    } actions[] = {{"connect", be_connected},
                   {"hold", hold_lock},
                   {"all", have_all},
                   {"work", work},
                   {"add", add_numbers}};
    if (argc != 5)
        return 2;
    waldo_manager_options options = {.authkey_file = argv[2], .call_timeout = 30};
    waldo_manager *manager = NULL;
    check(waldo_connect(argv[1], &options, &manager, &error));
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(argv[3], actions[i].name) == 0)
            actions[i].run(manager, argv[4]);
    waldo_manager_unref(manager);
    return 0;
}
