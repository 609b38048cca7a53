/* A manager's connections: one for all its calls, or one for each call under way where they cannot
 * share it. */
#include "proxy/attempt.h"
#include "session/heartbeat.h"

/* A connection that was heard of so recently is taken to be there: asking costs a system call. */
enum { SURELY_THERE_NS = 1000 * 1000 };
/* After so many of them without a word, a server whose engine cannot tell takes a client to be
 * gone: whoever waits should have said something by then. */
enum { SILENT_LEASES = 6 };

/* ---- with the manager's lock ---- */

/* Can it carry another call? */
static bool is_usable(const waldo_manager *manager, waldo__link *link)
{
    if (link->life != manager->life || link->broken)
        return false;
    /* While it is in use those who use it see what happens to it. */
    return link->users > 0 || waldo__lately() - manager->heard_at < SURELY_THERE_NS ||
           link->engine->is_connected(link->channel);
}

/* Adds it to those that the caller frees without the lock. */
static void throw_away(waldo_manager *manager, waldo__link *link, waldo__link **ret_stale)
{
    waldo__link_forget(manager, link);
    link->next_idle = *ret_stale;
    *ret_stale = link;
}

static void retire(waldo_manager *manager, waldo__link *link, waldo__link **ret_stale)
{
    if (manager->shared == link)
        manager->shared = NULL;
    link->retired = true;
    if (link->users == 0)
        throw_away(manager, link, ret_stale);
}

/* The shared link, or the idle one that was used last, with one user more; those that are of no
 * more use go to *ret_stale. */
static waldo__link *take_one(waldo_manager *manager, waldo__link **ret_stale)
{
    waldo__link *link = manager->shared;
    if (link && !is_usable(manager, link)) {
        retire(manager, link, ret_stale);
        link = NULL;
    }
    while (!link && manager->idle) {
        waldo__link *idle = manager->idle;
        manager->idle = idle->next_idle;
        if (is_usable(manager, idle))
            link = idle;
        else
            throw_away(manager, idle, ret_stale);
    }
    if (link) {
        link->users++;
        link->silent_since = waldo__lately();
    }
    return link;
}

static void free_links(waldo__link *link)
{
    while (link) {
        waldo__link *next = link->next_idle;
        waldo__link_free(link);
        link = next;
    }
}

/* ---- taking ---- */

static int check_state(waldo_manager *manager, waldo_error *reterr)
{
    if (manager->state == WALDO_MANAGER_INITIAL)
        return waldo_error_set(reterr, WALDO_EASSERTION, "server not yet started");
    if (manager->state == WALDO_MANAGER_SHUTDOWN)
        return waldo_error_set(reterr, WALDO_EGONE, "manager gone: it was shut down");
    return 0;
}

/* A link that is there, or NULL where a new one has to be opened. */
static int find_link(waldo_manager *manager, waldo__attempt *attempt, waldo__link **ret_link,
                     waldo_error *reterr)
{
    waldo__link *stale = NULL;
    pthread_mutex_lock(&manager->lock);
    int status = check_state(manager, reterr);
    *ret_link = status >= 0 ? take_one(manager, &stale) : NULL;
    if (*ret_link && attempt)
        waldo__attempt_board(attempt);
    pthread_mutex_unlock(&manager->lock);
    free_links(stale);
    return status;
}

/* Is another thread about to open a link that this one could share? One that opens a link itself,
 * and calls in the middle of that, cannot wait for it. */
static bool is_about_to_come(const waldo_manager *manager)
{
    return manager->opening && !pthread_equal(manager->opener, pthread_self());
}

/* 0: look again; < 0: why there is none. What has failed once is not awaited a second time, though
 * another thread may try again before this one wakes. With the lock. */
static int await_opening(waldo_manager *manager, waldo__deadline deadline, waldo_error *reterr)
{
    unsigned failed = manager->failed_opens;
    bool in_time = true;
    while (is_about_to_come(manager) && manager->failed_opens == failed) {
        if (!in_time)
            return waldo_error_set(reterr, WALDO_ETIMEOUT,
                                   "the deadline passed while waiting for a connection");
        in_time = waldo__wait_until(&manager->opened, &manager->lock, deadline);
    }
    if (manager->failed_opens == failed)
        return 0;
    if (reterr)
        *reterr = manager->open_error;
    return manager->open_status;
}

static void publish(waldo_manager *manager, waldo__link *link, waldo__link **ret_stale)
{
    waldo__link *other = manager->shared;
    if (!link->shared || manager->state == WALDO_MANAGER_SHUTDOWN)
        return;
    if (other && other->life == manager->life && !other->broken) {
        link->retired = true;
        return;
    }
    if (other)
        retire(manager, other, ret_stale);
    manager->shared = link;
}

/* Tells those who wait for it. hurried: it had less time than connecting may take, which says
 * nothing about what they would find. */
static void end_opening(waldo_manager *manager, int status, bool hurried, const waldo_error *error)
{
    manager->opening = false;
    if (status < 0 && !(status == WALDO_ETIMEOUT && hurried)) {
        manager->failed_opens++;
        manager->open_status = status;
        manager->open_error = *error;
    }
    pthread_cond_broadcast(&manager->opened);
}

/* True: threads that could share the link that this one opens wait for it from now on, until
 * end_opening. With the lock under which nobody was seen to open one. */
static bool begin_opening(waldo_manager *manager)
{
    bool others_may_wait = !manager->opening && manager->engine->multiplexes &&
                           (manager->one_is_enough || manager->incarnation == 0);
    if (others_may_wait) {
        manager->opening = true;
        manager->opener = pthread_self();
    }
    return others_may_wait;
}

static int open_link(waldo_manager *manager, waldo__attempt *attempt, bool others_may_wait,
                     waldo__deadline deadline, waldo__link **ret_link, waldo_error *reterr)
{
    waldo__link *stale = NULL;
    waldo_error error;
    bool hurried = deadline < waldo__deadline_in(manager->connect_timeout);
    int status = waldo__link_connect(manager, deadline, ret_link, &error);
    pthread_mutex_lock(&manager->lock);
    if (status >= 0)
        publish(manager, *ret_link, &stale);
    if (status >= 0 && attempt)
        waldo__attempt_board(attempt);
    if (others_may_wait)
        end_opening(manager, status, hurried, &error);
    pthread_mutex_unlock(&manager->lock);
    free_links(stale);
    if (status < 0 && reterr)
        *reterr = error;
    return status;
}

int waldo__link_open(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                     waldo_error *reterr)
{
    pthread_mutex_lock(&manager->lock);
    bool others_may_wait = begin_opening(manager);
    pthread_mutex_unlock(&manager->lock);
    return open_link(manager, NULL, others_may_wait, deadline, ret_link, reterr);
}

int waldo__link_take(waldo_manager *manager, waldo__attempt *attempt, waldo__deadline deadline,
                     waldo__link **ret_link, waldo_error *reterr)
{
    for (;;) {
        int status = find_link(manager, attempt, ret_link, reterr);
        if (status < 0 || *ret_link)
            return status;
        pthread_mutex_lock(&manager->lock);
        /* Since then another thread may have opened one. */
        bool came = manager->shared || manager->idle;
        bool opens = !came && !is_about_to_come(manager);
        bool others_may_wait = opens && begin_opening(manager);
        if (!came && !opens)
            status = await_opening(manager, deadline, reterr);
        pthread_mutex_unlock(&manager->lock);
        if (status < 0)
            return status;
        if (opens)
            return open_link(manager, attempt, others_may_wait, deadline, ret_link, reterr);
    }
}

/* Sets until when nobody has to look again for a server that was missed, unless it is 0; returns it
 * as it was. */
static uint64_t note_missed(waldo_manager *manager, uint64_t until)
{
    pthread_mutex_lock(&manager->lock);
    uint64_t before = manager->missed_until;
    if (until > 0)
        manager->missed_until = until;
    pthread_mutex_unlock(&manager->lock);
    return before;
}

int waldo__link_take_soon(waldo_manager *manager, waldo__attempt *attempt, waldo__deadline deadline,
                          waldo__link **ret_link, waldo_error *reterr)
{
    static const double moment = 0.25, until_next_try = 1.0;
    int status = find_link(manager, attempt, ret_link, reterr);
    if (status < 0 || *ret_link)
        return status;
    if (waldo__now() < note_missed(manager, 0))
        return waldo_error_set(reterr, WALDO_EGONE, "the server was not there a moment ago");
    waldo__deadline soon = waldo__deadline_in(moment);
    status =
        waldo__link_take(manager, attempt, deadline < soon ? deadline : soon, ret_link, reterr);
    if (status < 0)
        note_missed(manager, waldo__deadline_in(until_next_try));
    return status;
}

int waldo__links_flush(waldo_manager *manager, waldo__deadline deadline, waldo_error *reterr)
{
    waldo__link *stale = NULL;
    pthread_mutex_lock(&manager->lock);
    waldo__link *link = manager->shared ? take_one(manager, &stale) : NULL;
    pthread_mutex_unlock(&manager->lock);
    free_links(stale);
    if (!link)
        return 0;
    int status = waldo__link_flush(link, deadline, reterr);
    waldo__link_give(manager, link, NULL);
    return status;
}

/* ---- giving back, closing ---- */

void waldo__link_give(waldo_manager *manager, waldo__link *link, waldo__pending *arrived)
{
    waldo__link *stale = NULL;
    pthread_mutex_lock(&manager->lock);
    if (arrived)
        waldo__pending_unlink(manager, arrived);
    link->users--;
    link->used = true;
    if (link->broken || link->retired || manager->state == WALDO_MANAGER_SHUTDOWN) {
        retire(manager, link, &stale);
    } else if (!link->shared) {
        link->next_idle = manager->idle;
        manager->idle = link;
    }
    if (!manager->links)
        waldo__heartbeat_alone(manager);
    pthread_mutex_unlock(&manager->lock);
    free_links(stale);
}

void waldo__link_retire(waldo_manager *manager, waldo__link *link)
{
    waldo__link *stale = NULL;
    pthread_mutex_lock(&manager->lock);
    retire(manager, link, &stale);
    pthread_mutex_unlock(&manager->lock);
    free_links(stale);
}

void waldo__links_retire(waldo_manager *manager, waldo__link *link)
{
    waldo__link *stale = NULL;
    pthread_mutex_lock(&manager->lock);
    if (!link)
        link = manager->shared;
    if (link)
        retire(manager, link, &stale);
    while (manager->idle) {
        waldo__link *idle = manager->idle;
        manager->idle = idle->next_idle;
        throw_away(manager, idle, &stale);
    }
    pthread_mutex_unlock(&manager->lock);
    free_links(stale);
}

bool waldo__links_can_carry(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    bool can = manager->state == WALDO_MANAGER_STARTED && (manager->idle || manager->shared);
    pthread_mutex_unlock(&manager->lock);
    return can;
}

bool waldo__links_are_there(waldo_manager *manager)
{
    waldo__link *stale = NULL, *usable = NULL;
    pthread_mutex_lock(&manager->lock);
    waldo__link *shared = manager->shared;
    if (shared && !is_usable(manager, shared))
        retire(manager, shared, &stale);
    while (manager->idle) {
        waldo__link *link = manager->idle;
        manager->idle = link->next_idle;
        if (is_usable(manager, link)) {
            link->next_idle = usable;
            usable = link;
        } else {
            throw_away(manager, link, &stale);
        }
    }
    manager->idle = usable;
    bool there = manager->links != NULL;
    pthread_mutex_unlock(&manager->lock);
    free_links(stale);
    return there;
}

void waldo__links_mark(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    for (waldo__link *link = manager->links; link; link = link->next) {
        uint64_t progress = waldo__link_progress(link);
        if (link->doubted && link->mark == progress)
            link->engine->interrupt(link->channel);
        link->mark = progress;
    }
    pthread_mutex_unlock(&manager->lock);
}

void waldo__links_ask_again(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    /* With the lock: no use began later. */
    uint64_t now = waldo__lately(), longest = (uint64_t)(SILENT_LEASES * manager->lease * 1e9);
    for (waldo__link *link = manager->links; link; link = link->next) {
        if (link->shared || link->users == 0)
            continue;
        uint64_t progress = waldo__link_progress(link);
        bool moved = progress != link->progress, silent = now - link->silent_since > longest;
        if (!moved && silent)
            link->engine->interrupt(link->channel);
        if (moved || silent)
            link->silent_since = now;
        link->progress = progress;
    }
    pthread_mutex_unlock(&manager->lock);
}

void waldo__links_interrupt(waldo_manager *manager, bool silent)
{
    pthread_mutex_lock(&manager->lock);
    for (waldo__link *link = manager->links; link; link = link->next) {
        link->doubted = silent;
        if (!silent || link->mark == waldo__link_progress(link))
            link->engine->interrupt(link->channel);
    }
    pthread_mutex_unlock(&manager->lock);
}

void waldo__links_abandon(waldo_manager *manager)
{
    while (manager->links) {
        waldo__link *link = manager->links;
        manager->links = link->next;
        waldo__link_abandon(link);
    }
    manager->idle = manager->shared = NULL;
}
