/* waldo-shm-janitor: takes the names of shared memory away that a process left behind.
 *
 * libwaldo starts it with a socket as standard input (memory/janitor.h) and tells it names. When
 * the last process that could say more is gone, it waits for each name until no process uses the
 * memory, and unlinks it. It never touches memory that is in use, nor a file that it was not told
 * of. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "memory/janitor.h"

typedef struct watched {
    waldo__janitor_order order;
    struct watched *next;
} watched;

static watched *all;

static void forget(const waldo__janitor_order *order)
{
    for (watched **link = &all; *link; link = &(*link)->next) {
        watched *found = *link;
        if (found->order.file != order->file || strcmp(found->order.name, order->name) != 0)
            continue;
        *link = found->next;
        free(found);
        return;
    }
}

static void obey(const waldo__janitor_order *order)
{
    if (order->forget) {
        forget(order);
        return;
    }
    watched *added = malloc(sizeof *added);
    if (!added)
        return;
    added->order = *order;
    added->next = all;
    all = added;
}

static void listen_until_alone(void)
{
    waldo__janitor_order order;
    for (;;) {
        ssize_t size = recv(STDIN_FILENO, &order, sizeof order, 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return;
        if (size == sizeof order && memchr(order.name, '\0', sizeof order.name))
            obey(&order);
    }
}

/* True: there is nothing left to do for it. */
static bool clean_up(const waldo__janitor_order *order)
{
    char path[sizeof WALDO__SHM_DIRECTORY + WALDO__SHM_NAME_SIZE];
    struct stat file;
    snprintf(path, sizeof path, WALDO__SHM_DIRECTORY "%s", order->name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
        return true;
    bool done = true;
    if (fstat(descriptor, &file) == 0 && file.st_ino == order->file) {
        if (flock(descriptor, LOCK_EX | LOCK_NB) == 0)
            unlink(path);
        else
            done = errno != EWOULDBLOCK;
    }
    close(descriptor);
    return done;
}

static void clean_up_all(void)
{
    static const struct timespec pause = {0, 100000000};
    while (all) {
        for (watched **link = &all; *link;) {
            watched *next = (*link)->next;
            if (!clean_up(&(*link)->order)) {
                link = &(*link)->next;
                continue;
            }
            free(*link);
            *link = next;
        }
        if (all)
            nanosleep(&pause, NULL);
    }
}

int main(void)
{
    struct stat input;
    if (fstat(STDIN_FILENO, &input) < 0 || !S_ISSOCK(input.st_mode)) {
        fputs("waldo-shm-janitor: libwaldo starts it; there is nothing to be done by hand\n",
              stderr);
        return 2;
    }
    if (close_range(STDERR_FILENO + 1, ~0U, 0) < 0 || chdir("/") < 0)
        return 1;
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    pid_t child = fork();
    if (child != 0)
        return child < 0;
    listen_until_alone();
    clean_up_all();
    return 0;
}
