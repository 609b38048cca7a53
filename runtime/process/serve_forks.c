/* The forkserver: one thread that forks when it is told to, and tells how its children ended. It
 * ends when its creator is gone. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/handle.h"
#include "process/image.h"
#include "process/local.h"

typedef struct forked {
    struct forked *next;
    pid_t pid;
    int tell; /* who waits for the exit code */
} forked;

typedef struct fork_server {
    int requests;
    int child_ended; /* a signalfd */
    sigset_t mask_before;
    forked *children;
} fork_server;

/* ---- children that ended ---- */

static void tell(fork_server *server, pid_t pid, int status)
{
    int code = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    forked **place = &server->children;
    while (*place && (*place)->pid != pid)
        place = &(*place)->next;
    forked *child = *place;
    if (!child)
        return;
    *place = child->next;
    /* Whoever wanted to know may be gone. */
    (void)!send(child->tell, &code, sizeof code, MSG_NOSIGNAL);
    close(child->tell);
    free(child);
}

static void collect(fork_server *server)
{
    struct signalfd_siginfo ignored;
    (void)!read(server->child_ended, &ignored, sizeof ignored);
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        tell(server, pid, status);
}

/* ---- forking ---- */

static void forget_children(fork_server *server)
{
    while (server->children) {
        forked *next = server->children->next;
        close(server->children->tell);
        free(server->children);
        server->children = next;
    }
}

/* What the child must not have of the server. */
static void leave_server(fork_server *server)
{
    close(server->requests);
    close(server->child_ended);
    forget_children(server);
    sigprocmask(SIG_SETMASK, &server->mask_before, NULL);
}

static void answer(const fork_server *server, pid_t pid, int error)
{
    waldo__answer sent = {pid, error};
    waldo__descriptors handle = {.count = 0};
    int pidfd = error ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0)
        handle.items[handle.count++] = pidfd;
    else if (!error)
        sent.error = errno;
    (void)(waldo__local_send(server->requests, &sent, sizeof sent, &handle, NULL) < 0);
    if (pidfd >= 0)
        close(pidfd);
    else if (!error)
        kill(pid, SIGKILL);
}

/* TAKES the descriptors. */
static void fork_child(fork_server *server, const waldo__inbox *orders,
                       waldo__descriptors *descriptors)
{
    int tell_to = descriptors->items[--descriptors->count];
    forked *child = malloc(sizeof(*child));
    fflush(NULL);
    pid_t pid = child ? fork() : -1;
    int error = child ? errno : ENOMEM;
    if (pid == 0) {
        free(child);
        close(tell_to);
        leave_server(server);
        waldo__end_child(waldo__carry_out(orders->data, orders->size, descriptors));
    }
    waldo__close_descriptors(descriptors->items, descriptors->count);
    answer(server, pid, pid < 0 ? error : 0);
    if (pid < 0) {
        close(tell_to);
        free(child);
        return;
    }
    *child = (forked){server->children, pid, tell_to};
    server->children = child;
}

/* The exit code of a server that is to end; -1: go on. */
static int take_request(fork_server *server)
{
    waldo__inbox inbox = {0};
    waldo__descriptors descriptors;
    waldo_error err;
    int status = waldo__local_receive(server->requests, SIZE_MAX, &inbox, &descriptors, &err);
    int code = -1;
    if (status == WALDO_EEOF)
        code = 0;
    else if (status == WALDO_ELIMIT)
        answer(server, 0, EMFILE);
    else if (status < 0 || descriptors.count == 0)
        code = 1;
    else
        fork_child(server, &inbox, &descriptors);
    free(inbox.data);
    return code;
}

/* ---- beginning ---- */

static int preload_one(const waldo_value *path, int64_t on_error)
{
    const char *text;
    waldo_error err;
    if (waldo_value_get_str(path, &text, NULL, &err) < 0)
        return 1;
    if (dlopen(text, RTLD_NOW | RTLD_GLOBAL) || on_error == WALDO_MP_PRELOAD_IGNORE)
        return 0;
    fprintf(stderr, "forkserver: cannot preload %s: %s\n", text, dlerror());
    return on_error == WALDO_MP_PRELOAD_FAIL;
}

static int preload(const waldo_value *wanted)
{
    waldo_value *paths = NULL;
    waldo_value *on_error = NULL;
    waldo_value *path;
    int64_t number = 0;
    int code = waldo_value_item(wanted, 0, &paths, NULL) < 0 ||
               waldo_value_item(wanted, 1, &on_error, NULL) < 0 ||
               waldo_value_get_int64(on_error, &number, NULL) < 0;
    for (int64_t i = 0; code == 0 && waldo_value_item(paths, i, &path, NULL) >= 0; i++) {
        code = preload_one(path, number);
        waldo_value_unref(path);
    }
    waldo_value_unref(paths);
    waldo_value_unref(on_error);
    return code;
}

/* What each child would else do for itself. */
static void warm_up(void)
{
    waldo_value_unref(waldo_v_fields("", waldo_v_none()));
}

static int receive_preload(int socket)
{
    waldo__inbox inbox = {0};
    waldo_value *wanted;
    int status = waldo__local_receive(socket, SIZE_MAX, &inbox, NULL, NULL);
    if (status >= 0)
        status = waldo_value_unpack(inbox.data, inbox.size, &wanted, NULL);
    free(inbox.data);
    if (status < 0)
        return 1;
    status = preload(wanted);
    waldo_value_unref(wanted);
    return status;
}

static int open_server(fork_server *server, int socket)
{
    sigset_t child_ended;
    sigset_t blocked;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    blocked = child_ended;
    /* Not ignored: a child that gets one before it has left the server shall end by it. */
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &server->mask_before);
    signal(SIGCHLD, SIG_DFL);
    fcntl(socket, F_SETFD, FD_CLOEXEC);
    server->requests = socket;
    server->child_ended = signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);
    return server->child_ended < 0;
}

int waldo__serve_forks(int socket)
{
    fork_server server = {0};
    int code = open_server(&server, socket);
    if (code == 0)
        code = receive_preload(socket);
    warm_up();
    if (code != 0)
        return code;
    for (code = -1; code < 0;) {
        struct pollfd polled[2] = {{.fd = server.requests, .events = POLLIN},
                                   {.fd = server.child_ended, .events = POLLIN}};
        if (poll(polled, 2, -1) < 0)
            continue;
        if (polled[1].revents)
            collect(&server);
        if (polled[0].revents)
            code = take_request(&server);
    }
    forget_children(&server);
    return code;
}
