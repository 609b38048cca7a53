#include "memory/janitor.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "waldo-shm-janitor"

typedef struct watched {
    waldo__janitor_order order;
    struct watched *next;
} watched;

/* Our end of its socket; -1: there is no janitor yet. And what it watches, for another one if it is
 * killed. fork() waits for the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int connection = -1;
static watched *names;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

/* A janitor watches one process: the child's names are not to wait for the end of its parent. */
static void in_child(void)
{
    pthread_mutex_unlock(&lock);
    if (connection >= 0)
        close(connection);
    connection = -1;
    while (names) {
        watched *name = names;
        names = name->next;
        free(name);
    }
}

static void install(void)
{
    (void)pthread_atfork(before_fork, in_parent, in_child);
}

/* Beside libwaldo: in a build tree, or as it was installed. */
static bool find_program(char *path, size_t size)
{
    static const char *const places[] = {"../bin/" PROGRAM,
                                         WALDO_PROGRAMS_FROM_LIBRARY "/" PROGRAM};
    Dl_info library;
    if (!dladdr((void *)(uintptr_t)waldo__janitor_watch, &library))
        return false;
    const char *end = strrchr(library.dli_fname, '/');
    int directory = end ? (int)(end - library.dli_fname) : 1;
    const char *from = end ? library.dli_fname : ".";
    for (size_t i = 0; i < sizeof places / sizeof places[0]; ++i) {
        int length = snprintf(path, size, "%.*s/%s", directory, from, places[i]);
        if (length > 0 && (size_t)length < size && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* Away from this process's terminal, signals and output. */
static int spawn(const char *program, int its_end, pid_t *ret_child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    char *const arguments[] = {(char *)PROGRAM, NULL};
    char *const environment[] = {NULL};
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    sigemptyset(&none);
    int status = posix_spawn_file_actions_adddup2(&actions, its_end, STDIN_FILENO);
    for (int i = STDOUT_FILENO; status == 0 && i <= STDERR_FILENO; ++i)
        status = posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_WRONLY, 0);
    if (status == 0)
        status = posix_spawnattr_setsigmask(&attributes, &none);
    if (status == 0)
        status = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    if (status == 0)
        status = posix_spawn(ret_child, program, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

/* Under the lock. */
static int start(waldo_error *reterr)
{
    char program[PATH_MAX];
    int ends[2];
    pid_t child;
    if (!find_program(program, sizeof program))
        return waldo_error_set(reterr, WALDO_ENOTFOUND,
                               PROGRAM ": not found beside libwaldo; track would be false without");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return waldo_error_system(reterr, errno, PROGRAM);
    int status = spawn(program, ends[1], &child);
    close(ends[1]);
    if (status != 0) {
        close(ends[0]);
        return waldo_error_system(reterr, status, "%s", program);
    }
    /* It leaves a child of its own behind at once, which nobody has to wait for. */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    connection = ends[0];
    return 0;
}

static bool say(const waldo__janitor_order *order)
{
    ssize_t sent = -1;
    if (connection >= 0)
        do
            sent = send(connection, order, sizeof *order, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
    return sent == sizeof *order;
}

static void fill(waldo__janitor_order *order, const char *name, uint64_t file, bool forget)
{
    memset(order, 0, sizeof *order);
    order->file = file;
    order->forget = forget;
    snprintf(order->name, sizeof order->name, "%s", name);
}

/* Under the lock: a new one hears all that the one before knew. */
static int start_again(waldo_error *reterr)
{
    if (connection >= 0)
        close(connection);
    connection = -1;
    int status = start(reterr);
    for (watched *name = names; name && status == 0; name = name->next)
        if (!say(&name->order))
            status = waldo_error_system(reterr, errno, PROGRAM);
    return status;
}

/* Under the lock. */
static void take_out(const waldo__janitor_order *order)
{
    for (watched **link = &names; *link; link = &(*link)->next) {
        watched *name = *link;
        if (name->order.file != order->file || strcmp(name->order.name, order->name) != 0)
            continue;
        *link = name->next;
        free(name);
        return;
    }
}

int waldo__janitor_watch(const char *name, uint64_t file, waldo_error *reterr)
{
    watched *added = malloc(sizeof *added);
    if (!added)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    fill(&added->order, name, file, false);
    pthread_once(&once, install);
    pthread_mutex_lock(&lock);
    added->next = names;
    names = added;
    /* There is none yet, or it was killed. */
    int status = say(&added->order) ? 0 : start_again(reterr);
    if (status < 0)
        take_out(&added->order);
    pthread_mutex_unlock(&lock);
    return status;
}

void waldo__janitor_forget(const char *name, uint64_t file)
{
    waldo__janitor_order order;
    fill(&order, name, file, true);
    pthread_mutex_lock(&lock);
    take_out(&order);
    say(&order);
    pthread_mutex_unlock(&lock);
}
