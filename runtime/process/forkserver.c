/* forkserver, in the process that uses one. It has a forkserver of its own, which is its child.
 *
 * A request is the orders for a child, and one end of a socket over which its exit code will come;
 * requests are answered one by one. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/handle.h"
#include "process/image.h"
#include "process/local.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t server_pid; /* 0: none */
static int server_socket = -1;
static waldo_value *preload; /* (paths, on_error); NULL: nothing */

static void lock_for_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void unlock_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

static void forget(void)
{
    if (server_socket >= 0)
        close(server_socket);
    server_socket = -1;
    server_pid = 0;
}

/* The server must see that its creator is gone, and not this child. */
static void in_child(void)
{
    forget();
    pthread_mutex_unlock(&lock);
}

static void install(void)
{
    (void)pthread_atfork(lock_for_fork, unlock_after_fork, in_child);
}

static void lock_server(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    pthread_mutex_lock(&lock);
}

/* With the lock. Closing the socket ends it. */
static void stop(void)
{
    pid_t pid = server_pid;
    forget();
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void waldo__stop_forkserver(void)
{
    lock_server();
    stop();
    pthread_mutex_unlock(&lock);
}

/* ---- preloading ---- */

int waldo_mp_set_forkserver_preload(const char *const *paths, size_t count,
                                    waldo_mp_preload_error on_error, waldo_error *reterr)
{
    if (on_error < WALDO_MP_PRELOAD_IGNORE || on_error > WALDO_MP_PRELOAD_FAIL)
        return waldo_error_set(reterr, WALDO_EVALUE, "unknown value for on_error: %d",
                               (int)on_error);
    waldo_value *list = waldo_v_list();
    int status = list ? 0 : waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    for (size_t i = 0; i < count && status >= 0; i++)
        status = waldo_value_list_append(list, waldo_v(paths[i]), reterr);
    waldo_value *made =
        status >= 0 ? waldo_v_tuple(waldo_value_ref(list), waldo_v((int)on_error)) : NULL;
    waldo_value_unref(list);
    if (status >= 0 && !made)
        status = waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    if (status < 0)
        return status;
    lock_server();
    waldo_value_unref(preload);
    preload = made;
    pthread_mutex_unlock(&lock);
    return 0;
}

/* The first message that a server gets. */
static int send_preload(int socket, waldo_error *reterr)
{
    uint8_t *data;
    size_t size;
    waldo_value *none = waldo_v_tuple(waldo_v_list(), waldo_v((int)WALDO_MP_PRELOAD_IGNORE));
    if (!none)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = waldo_value_pack(preload ? preload : none, &data, &size, reterr);
    waldo_value_unref(none);
    if (status < 0)
        return status;
    status = waldo__local_send(socket, data, size, NULL, reterr);
    free(data);
    return status;
}

/* ---- requests ---- */

/* With the lock. */
static int start_server(waldo_error *reterr)
{
    int status = waldo__start_image(WALDO__IMAGE_FORKSERVER, &server_pid, &server_socket, reterr);
    if (status >= 0)
        status = send_preload(server_socket, reterr);
    if (status < 0)
        stop();
    return status;
}

/* With the lock: WALDO_EBROKENPIPE: the server is dead. */
static int send_request(const waldo__orders *orders, int tell_to, waldo_error *reterr)
{
    waldo__descriptors descriptors = orders->descriptors;
    if (descriptors.count == WALDO__PARCEL_DESCRIPTORS)
        return waldo_error_set(reterr, WALDO_ELIMIT,
                               "a forkserver's child gets at most %d descriptors",
                               WALDO__PARCEL_DESCRIPTORS - 1);
    descriptors.items[descriptors.count++] = tell_to;
    return waldo__local_send(server_socket, orders->data, orders->size, &descriptors, reterr);
}

/* With the lock. */
static int read_answer(waldo_mp_process *process, waldo_error *reterr)
{
    waldo__answer answer = {0};
    waldo__inbox inbox = {0};
    waldo__descriptors descriptors;
    int status = waldo__local_receive(server_socket, sizeof answer, &inbox, &descriptors, reterr);
    if (status >= 0 && inbox.size == sizeof answer)
        answer = *(const waldo__answer *)(const void *)inbox.data;
    free(inbox.data);
    if (status < 0)
        return status;
    if (answer.error == 0 && descriptors.count == 1) {
        process->pid = answer.pid;
        process->handle = descriptors.items[0];
        return 0;
    }
    waldo__close_descriptors(descriptors.items, descriptors.count);
    return waldo_error_system(reterr, answer.error ? answer.error : EPROTO, "the forkserver");
}

/* One attempt. WALDO_EBROKENPIPE, WALDO_EEOF: the server died before it had forked. */
static int request(waldo_mp_process *process, const waldo__orders *orders, waldo_error *reterr)
{
    int sockets[2];
    int status = server_pid > 0 ? 0 : start_server(reterr);
    if (status >= 0)
        status = waldo__local_pair(sockets, reterr);
    if (status < 0)
        return status;
    status = send_request(orders, sockets[1], reterr);
    close(sockets[1]);
    if (status >= 0)
        status = read_answer(process, reterr);
    if (status < 0)
        close(sockets[0]);
    else
        process->sentinel = sockets[0];
    return status;
}

static bool server_died(int status)
{
    return status == WALDO_EBROKENPIPE || status == WALDO_EEOF;
}

int waldo__start_forkserver(waldo_mp_process *process, waldo_error *reterr)
{
    waldo__orders orders;
    int status = waldo__orders_of(process, &orders, reterr);
    if (status < 0)
        return status;
    lock_server();
    status = request(process, &orders, reterr);
    if (server_died(status)) {
        stop();
        status = request(process, &orders, reterr);
        if (server_died(status))
            stop();
    }
    pthread_mutex_unlock(&lock);
    waldo__orders_free(&orders);
    if (server_died(status))
        return waldo_error_set(reterr, WALDO_EEOF, "the forkserver ended before it answered");
    return status;
}
