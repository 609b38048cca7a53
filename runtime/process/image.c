/* spawn: a fresh image of the same program.
 *
 * /proc/self/exe is the image that runs, also where its file was replaced or removed since: parent
 * and child are never of two versions. */
#include "process/image.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/local.h"

/* Where an image finds its socket. */
#define IMAGE_SOCKET 3

/* main's; NULL until waldo_mp_freeze_support. */
static char *_Atomic program;

static int add_actions(posix_spawn_file_actions_t *actions, int socket)
{
    int error = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", 0, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, socket, IMAGE_SOCKET);
    if (error == 0)
        error = posix_spawn_file_actions_addclosefrom_np(actions, IMAGE_SOCKET + 1);
    return error;
}

static int spawn(char *const *arguments, int socket, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return error;
    error = add_actions(&actions, socket);
    if (error == 0)
        error = posix_spawn(ret_pid, "/proc/self/exe", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

int waldo__start_image(const char *purpose, pid_t *ret_pid, int *ret_socket, waldo_error *reterr)
{
    int sockets[2];
    char *own_name = program;
    if (!own_name)
        return waldo_error_set(reterr, WALDO_ERUNTIME,
                               "waldo_mp_freeze_support(argc, argv) must come first in main");
    int status = waldo__local_pair(sockets, reterr);
    if (status < 0)
        return status;
    char *arguments[] = {own_name, (char *)(uintptr_t)purpose, NULL};
    int error = spawn(arguments, sockets[1], ret_pid);
    close(sockets[1]);
    if (error != 0) {
        close(sockets[0]);
        return waldo_error_system(reterr, error, "a fresh process of %s", own_name);
    }
    *ret_socket = sockets[0];
    return 0;
}

int waldo__start_spawn(waldo_mp_process *process, waldo_error *reterr)
{
    waldo__orders orders;
    int status = waldo__orders_of(process, &orders, reterr);
    if (status < 0)
        return status;
    pid_t pid;
    int socket;
    status = waldo__start_image(WALDO__IMAGE_CHILD, &pid, &socket, reterr);
    if (status >= 0) {
        status = waldo__adopt(process, pid, reterr);
        if (status >= 0)
            /* A child that is dead already shows in its exit code. */
            (void)waldo__local_send(socket, orders.data, orders.size, &orders.descriptors, NULL);
        close(socket);
    }
    waldo__orders_free(&orders);
    return status;
}

/* ---- in the image ---- */

/* The kernel's name of the process is that of /proc/self/exe. */
static void set_short_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    prctl(PR_SET_NAME, slash ? slash + 1 : path);
}

/* Spawned for one process. Without orders, because the parent died: nothing is left to do. */
static int be_child(void)
{
    waldo__inbox inbox = {0};
    waldo__descriptors descriptors;
    int status = waldo__local_receive(IMAGE_SOCKET, SIZE_MAX, &inbox, &descriptors, NULL);
    close(IMAGE_SOCKET);
    status = status < 0 ? 1 : waldo__carry_out(inbox.data, inbox.size, &descriptors);
    free(inbox.data);
    return status;
}

void waldo_mp_freeze_support(int argc, char **argv)
{
    if (argc < 1 || program)
        return;
    program = argv[0];
    /* Whoever starts a program that has more rights must not say what it does. */
    if (argc != 2 || getauxval(AT_SECURE))
        return;
    bool child = strcmp(argv[1], WALDO__IMAGE_CHILD) == 0;
    if (!child && strcmp(argv[1], WALDO__IMAGE_FORKSERVER) != 0)
        return;
    set_short_name(argv[0]);
    exit(child ? be_child() : waldo__serve_forks(IMAGE_SOCKET));
}
