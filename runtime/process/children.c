/* The children of this process, and what happens when it exits. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/at_exit.h"
#include "process/process.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static waldo_mp_process *first_child;
static waldo_mp_process **last_link = &first_child;

/* ---- the lock ---- */

static void lock_for_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void unlock_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* A forked child has none of its parent's children. */
static void in_child(void)
{
    waldo_mp_process *process = first_child;
    first_child = NULL;
    last_link = &first_child;
    pthread_mutex_unlock(&lock);
    while (process) {
        waldo_mp_process *next = process->next;
        process->next = NULL;
        waldo_mp_process_unref(process);
        process = next;
    }
}

static void install(void)
{
    (void)pthread_atfork(lock_for_fork, unlock_after_fork, in_child);
}

void waldo__children_lock(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    pthread_mutex_lock(&lock);
}

void waldo__children_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

/* ---- the list ---- */

void waldo__children_add(waldo_mp_process *process)
{
    process->next = NULL;
    *last_link = waldo_mp_process_ref(process);
    last_link = &process->next;
}

static void take_out(waldo_mp_process *process)
{
    waldo_mp_process **place = &first_child;
    while (*place && *place != process)
        place = &(*place)->next;
    if (!*place)
        return;
    *place = process->next;
    if (!process->next)
        last_link = place;
    process->next = NULL;
}

/* What stands for an exit code that nobody can tell. */
enum { LOST = 255 };

static bool ask_kernel(const waldo_mp_process *process, int *ret_code)
{
    siginfo_t info = {0};
    int status;
    do
        status = waitid(P_PIDFD, (id_t)process->handle, &info, WEXITED | WNOHANG);
    while (status < 0 && errno == EINTR);
    if (status == 0 && info.si_pid == 0)
        return false;
    if (status < 0)
        *ret_code = LOST;
    else
        *ret_code = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    return true;
}

static bool ask_forkserver(const waldo_mp_process *process, int *ret_code)
{
    int code;
    ssize_t got = recv(process->sentinel, &code, sizeof code, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    *ret_code = got == sizeof code ? code : LOST;
    return true;
}

bool waldo__children_collect(waldo_mp_process *process)
{
    if (process->state != WALDO__PROCESS_RUNNING)
        return false;
    bool ended = process->sentinel == process->handle ? ask_kernel(process, &process->exitcode)
                                                      : ask_forkserver(process, &process->exitcode);
    if (!ended)
        return false;
    process->state = WALDO__PROCESS_ENDED;
    take_out(process);
    return true;
}

/* Collects what has ended; gives references to what has not. */
static int list_children(waldo_mp_process ***ret_children, size_t *ret_count)
{
    size_t count = 0;
    waldo_mp_process *ended = NULL;
    waldo__children_lock();
    for (waldo_mp_process *each = first_child, *next; each; each = next) {
        next = each->next;
        if (waldo__children_collect(each)) {
            each->next = ended;
            ended = each;
        } else {
            count++;
        }
    }
    waldo_mp_process **children = calloc(count + 1, sizeof(waldo_mp_process *));
    count = 0;
    for (waldo_mp_process *each = first_child; each && children; each = each->next)
        children[count++] = waldo_mp_process_ref(each);
    waldo__children_unlock();
    while (ended) {
        waldo_mp_process *next = ended->next;
        ended->next = NULL;
        waldo_mp_process_unref(ended);
        ended = next;
    }
    if (!children)
        return WALDO_ENOMEM;
    *ret_children = children;
    *ret_count = count;
    return 0;
}

int waldo_mp_active_children(waldo_mp_process ***ret_children, size_t *ret_count,
                             waldo_error *reterr)
{
    int status = list_children(ret_children, ret_count);
    if (status < 0)
        return waldo_error_set(reterr, status, "no memory for a list of children");
    return 0;
}

/* ---- the end ---- */

static bool has_children(void)
{
    waldo__children_lock();
    bool any = first_child != NULL;
    waldo__children_unlock();
    return any;
}

static void end_children(void)
{
    waldo_mp_process **children;
    size_t count;
    if (!has_children() || list_children(&children, &count) < 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (children[i]->daemon)
            (void)waldo_mp_process_terminate(children[i], NULL);
    for (size_t i = 0; i < count; i++) {
        (void)(waldo_mp_process_join(children[i], WALDO_FOREVER, NULL) < 0);
        waldo_mp_process_unref(children[i]);
    }
    free(children);
}

void waldo_mp_exit(void)
{
    waldo__at_exit_run_from(0);
    end_children();
    waldo__at_exit_run_all();
    waldo__stop_forkserver();
}

static void register_exit(void)
{
    /* Without memory for it nobody is waited for at the end; nothing else is lost. */
    (void)atexit(waldo_mp_exit);
}

void waldo__exit_at_end(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_exit);
}
