#include "session/heartbeat.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "proxy/manager_internal.h"

/* Of a lease: from one beat to the next, and for each of two tries, so that both fit in behind it.
 */
static const double INTERVAL = 0.4, PATIENCE = 0.3;
/* Instants from one beat to the next at which it may be, and looks in one grace time. */
enum { INSTANTS = 10, TRIES = 2, LOOKS = 3, SOON_NS = 20 * 1000 * 1000 };

void waldo__heartbeat_init(waldo_manager *manager)
{
    waldo__init_condition(&manager->heart_wakes);
    manager->heart_process = 0;
    manager->heart_runs = false;
    manager->heart_beats = false;
}

void waldo__heartbeat_before_fork(waldo_manager *manager)
{
    while (manager->heart_process == getpid() && !manager->heart_runs)
        pthread_cond_wait(&manager->heart_wakes, &manager->lock);
}

static int ask(waldo_manager *manager, waldo__deadline deadline, waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__PING;
    waldo__reply reply;
    waldo__outcome outcome;
    waldo__link *link;
    waldo__links_ask_again(manager);
    waldo__links_mark(manager);
    int status = waldo__link_take(manager, NULL, deadline, &link, reterr);
    if (status < 0)
        return status;
    status = waldo__exchange_on(manager, link, &request, NULL, deadline, &reply, &outcome, reterr);
    if (status >= 0) {
        waldo__reply_free(&reply);
        waldo__pending_settle(manager, link, deadline);
    } else {
        /* Not a shared one that a caller has opened meanwhile. */
        waldo__links_retire(manager, link);
    }
    waldo__link_give(manager, link, NULL);
    return status;
}

/* A connection that broke, or does not answer, says little: the second try is on a new one. Those
 * who wait on the others find out for themselves. */
static void beat(waldo_manager *manager, unsigned life, double lease)
{
    waldo_error error = WALDO_ERROR_INIT;
    int status = -1;
    for (int i = 0; i < TRIES && status < 0; i++) {
        status = ask(manager, waldo__deadline_in(lease * PATIENCE), &error);
        if (status >= 0)
            break;
        /* A connection that has died silently is as silent now. One that the server has closed, or
         * keeps for a call while it takes no new ones, says so itself; on one that moves a large
         * message the question may have had to wait. */
        if (status == WALDO_ETIMEOUT)
            waldo__links_interrupt(manager, true);
    }
    if (status == WALDO_EREFUSED || status == WALDO_ENOTFOUND || status == WALDO_EGONE) {
        char reason[sizeof error.message];
        memcpy(reason, error.message, sizeof reason);
        waldo_error_set(&error, WALDO_EGONE, "manager gone: %.400s", reason);
        waldo__manager_notice(manager, life, WALDO_EGONE, &error);
    }
}

/* When somebody has to look whether there is a connection, after this look. */
static uint64_t next_look(const waldo_manager *manager)
{
    return waldo__now() + (uint64_t)(manager->grace * 1e9) / LOOKS;
}

/* The last instant before an interval has passed. Instants are the same for all programs of this
 * host, so that a server with many idle clients is woken once for many beats. */
static uint64_t next_beat(const waldo_manager *manager)
{
    uint64_t interval = (uint64_t)(manager->lease * INTERVAL * 1e9);
    uint64_t due = manager->heard_at + interval;
    return due - due % (interval / INSTANTS);
}

/* Without a connection the session ends after the grace time, which may be less than a beat. With
 * the manager's lock, which is released meanwhile. */
static bool is_alone(waldo_manager *manager)
{
    manager->look_at = next_look(manager);
    pthread_mutex_unlock(&manager->lock);
    waldo__links_ask_again(manager);
    bool alone = !waldo__links_are_there(manager);
    pthread_mutex_lock(&manager->lock);
    return alone;
}

/* Sleeps until a beat is due; false: the thread is to end. With the manager's lock. */
static bool sleep_until_due(waldo_manager *manager)
{
    bool alone = false;
    while (!manager->heart_stops) {
        uint64_t due = next_beat(manager);
        if (alone || due <= waldo__now()) {
            manager->heard_at = waldo__now(); /* the next one is an interval away, come what may */
            manager->look_at = next_look(manager);
            return true;
        }
        if (manager->look_at <= waldo__now())
            alone = is_alone(manager); /* meanwhile it may have been told to stop */
        else
            (void)waldo__wait_until(&manager->heart_wakes, &manager->lock,
                                    due < manager->look_at ? due : manager->look_at);
    }
    return false;
}

void waldo__heartbeat_alone(waldo_manager *manager)
{
    /* Most often a caller is about to make the next connection. */
    uint64_t soon = waldo__now() + SOON_NS;
    if (soon >= manager->look_at)
        return;
    manager->look_at = soon;
    pthread_cond_signal(&manager->heart_wakes);
}

/* False: the last reference is just being given back. */
static bool ref_if_alive(waldo_manager *manager)
{
    unsigned count = atomic_load(&manager->references);
    while (count > 0)
        if (atomic_compare_exchange_weak(&manager->references, &count, count + 1))
            return true;
    return false;
}

/* During a beat the thread holds the manager: the program's on_gone, or the last of its proxies,
 * may give it back there. */
static void *run(void *argument)
{
    waldo_manager *manager = argument;
    pthread_mutex_lock(&manager->lock);
    manager->heart_runs = true;
    pthread_cond_broadcast(&manager->heart_wakes);
    while (sleep_until_due(manager) && ref_if_alive(manager)) {
        double lease = manager->lease;
        unsigned life = manager->life;
        manager->heart_beats = true;
        pthread_mutex_unlock(&manager->lock);
        beat(manager, life, lease);
        pthread_mutex_lock(&manager->lock);
        manager->heart_beats = false;
        pthread_mutex_unlock(&manager->lock);
        if (waldo__manager_release(manager))
            return NULL;
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
    bool beats = manager->heart_beats;
    pthread_cond_signal(&manager->heart_wakes);
    pthread_mutex_unlock(&manager->lock);
    if (!runs)
        return;
    if (pthread_equal(pthread_self(), manager->heart)) {
        pthread_detach(manager->heart);
        return;
    }
    /* The server may not answer. */
    if (beats)
        waldo__links_interrupt(manager, false);
    pthread_join(manager->heart, NULL);
}
