#include "session/heartbeat.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proxy/manager_internal.h"

/* Beats in one lease: two may be lost. */
enum { BEATS = 3 };

static struct timespec as_timespec(uint64_t nanoseconds)
{
    return (struct timespec){.tv_sec = (time_t)(nanoseconds / 1000000000),
                             .tv_nsec = (long)(nanoseconds % 1000000000)};
}

static void beat(waldo_manager *manager, double lease)
{
    waldo__deadline deadline = waldo__deadline_in(lease);
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__PING;
    waldo_error error = WALDO_ERROR_INIT;
    waldo__reply reply;
    waldo__link *link;
    int status = waldo__link_take(manager, deadline, &link, &error);
    if (status >= 0) {
        status = waldo__exchange_on(manager, link, &request, NULL, deadline, &reply, &error);
        if (status >= 0) {
            waldo__reply_free(&reply);
            waldo__pending_settle(manager, link, deadline);
        }
        waldo__link_give(manager, link);
    }
    if (status >= 0)
        return;
    /* Whoever waits finds out for itself, on a new connection. */
    waldo__links_interrupt(manager);
    if (status == WALDO_EREFUSED || status == WALDO_ENOTFOUND || status == WALDO_EGONE) {
        char reason[sizeof error.message];
        memcpy(reason, error.message, sizeof reason);
        waldo__manager_notice(
            manager, waldo_error_set(&error, WALDO_EGONE, "manager gone: %.400s", reason), &error);
    }
}

/* Sleeps until a beat is due; false: the thread is to end. With the manager's lock. */
static bool sleep_until_due(waldo_manager *manager)
{
    for (;;) {
        if (manager->heart_stops)
            return false;
        uint64_t interval = (uint64_t)(manager->lease * 1e9) / BEATS;
        uint64_t due = manager->heard_at + interval;
        if (due <= waldo__now()) {
            manager->heard_at = waldo__now(); /* the next one is an interval away, come what may */
            return true;
        }
        struct timespec until = as_timespec(due);
        pthread_cond_timedwait(&manager->heart_wakes, &manager->lock, &until);
    }
}

static void *run(void *argument)
{
    waldo_manager *manager = argument;
    pthread_mutex_lock(&manager->lock);
    while (sleep_until_due(manager)) {
        double lease = manager->lease;
        pthread_mutex_unlock(&manager->lock);
        beat(manager, lease);
        pthread_mutex_lock(&manager->lock);
    }
    pthread_mutex_unlock(&manager->lock);
    return NULL;
}

void waldo__heartbeat_start(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    bool runs = manager->heart_process == getpid() || manager->heart_stops;
    if (!runs) {
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, &before);
        if (pthread_create(&manager->heart, NULL, run, manager) == 0)
            manager->heart_process = getpid();
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_mutex_unlock(&manager->lock);
}

void waldo__heartbeat_stop(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    manager->heart_stops = true;
    bool runs = manager->heart_process == getpid();
    pthread_cond_signal(&manager->heart_wakes);
    pthread_mutex_unlock(&manager->lock);
    if (!runs)
        return;
    /* It may be in the middle of a beat to a server that does not answer. */
    waldo__links_interrupt(manager);
    pthread_join(manager->heart, NULL);
}
