/* Requests without a reply: what may be acknowledged, and what the server must hear was given up.
 */
#include <stdlib.h>

#include "proxy/manager_internal.h"

/* So many outstanding requests are listed in every request; more of them only now and then, so that
 * a request lists a few on the average. */
enum { FEW = 16 };

static void append(waldo_manager *manager, waldo__pending *pending)
{
    pending->next = NULL;
    pending->previous = manager->last_pending;
    if (manager->last_pending)
        manager->last_pending->next = pending;
    else
        manager->first_pending = pending;
    manager->last_pending = pending;
    manager->pending_count++;
}

/* What points to `old` points to `now` instead. */
static void relink(waldo_manager *manager, const waldo__pending *old, waldo__pending *now_next,
                   waldo__pending *now_previous)
{
    if (old->previous)
        old->previous->next = now_next;
    else
        manager->first_pending = now_next;
    if (old->next)
        old->next->previous = now_previous;
    else
        manager->last_pending = now_previous;
}

void waldo__pending_unlink(waldo_manager *manager, waldo__pending *pending)
{
    relink(manager, pending, pending->next, pending->previous);
    manager->pending_count--;
}

void waldo__pending_add(waldo_manager *manager, waldo__pending *pending)
{
    *pending = (waldo__pending){.sequence = ++manager->last_sequence};
    append(manager, pending);
}

void waldo__pending_begin(waldo_manager *manager, waldo__pending *pending)
{
    pthread_mutex_lock(&manager->lock);
    waldo__pending_add(manager, pending);
    pthread_mutex_unlock(&manager->lock);
}

void waldo__pending_end(waldo_manager *manager, waldo__pending *pending)
{
    pthread_mutex_lock(&manager->lock);
    waldo__pending_unlink(manager, pending);
    pthread_mutex_unlock(&manager->lock);
}

void waldo__pending_give_up(waldo_manager *manager, waldo__pending *pending)
{
    waldo__pending *kept = malloc(sizeof *kept);
    pthread_mutex_lock(&manager->lock);
    bool over = pending->dropped_object && pending->dropped_life != manager->life;
    if (kept && !over) {
        *kept = *pending;
        kept->given_up = true;
        relink(manager, pending, kept, kept);
        kept = NULL;
    } else {
        /* Without memory it will count as arrived: what its reply carried is lost with it. */
        waldo__pending_unlink(manager, pending);
    }
    pthread_mutex_unlock(&manager->lock);
    free(kept);
}

/* ---- what has arrived ---- */

static bool reserve(waldo__link *link, size_t count)
{
    if (count <= link->outstanding_capacity)
        return true;
    uint64_t *room = realloc(link->outstanding, (count + FEW) * sizeof *room);
    if (!room)
        return false;
    link->outstanding = room;
    link->outstanding_capacity = count + FEW;
    return true;
}

/* With the lock. */
static void list_all(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request)
{
    size_t count = 0;
    for (waldo__pending *one = manager->first_pending; one; one = one->next)
        link->outstanding[count++] = one->sequence;
    uint64_t last = manager->last_sequence;
    manager->listed_at = last;
    for (; count > 0 && link->outstanding[count - 1] == last; count--)
        last--;
    request->acknowledged = last;
    request->outstanding = link->outstanding;
    request->n_outstanding = count;
}

/* With the lock. */
static void acknowledge_all_before(const waldo_manager *manager, Waldo__Wire__Request *request)
{
    request->acknowledged = manager->first_pending->sequence - 1;
    request->n_outstanding = 0;
}

/* With the lock. */
static bool is_list_due(const waldo_manager *manager, const Waldo__Wire__Request *request)
{
    size_t count = manager->pending_count;
    return count <= FEW || manager->last_sequence - manager->listed_at >= count ||
           request->operation == WALDO__WIRE__OPERATION__PING;
}

bool waldo__pending_acknowledge_briefly(waldo_manager *manager, Waldo__Wire__Request *request)
{
    bool is_newest_alone =
        manager->pending_count == 1 && manager->first_pending->sequence == manager->last_sequence;
    if (!is_newest_alone && is_list_due(manager, request))
        return false;
    acknowledge_all_before(manager, request);
    return true;
}

void waldo__pending_acknowledge(waldo_manager *manager, waldo__link *link,
                                Waldo__Wire__Request *request)
{
    pthread_mutex_lock(&manager->lock);
    if (is_list_due(manager, request) && reserve(link, manager->pending_count))
        list_all(manager, link, request);
    else
        acknowledge_all_before(manager, request);
    pthread_mutex_unlock(&manager->lock);
}

/* ---- what was given up ---- */

/* The next one after that number; false: none. */
static bool next_given_up(waldo_manager *manager, uint64_t after, waldo__pending *ret_copy)
{
    pthread_mutex_lock(&manager->lock);
    waldo__pending *pending = manager->first_pending;
    while (pending && (!pending->given_up || pending->sequence <= after))
        pending = pending->next;
    if (pending)
        *ret_copy = *pending;
    pthread_mutex_unlock(&manager->lock);
    return pending != NULL;
}

static void settled(waldo_manager *manager, uint64_t sequence)
{
    pthread_mutex_lock(&manager->lock);
    waldo__pending *pending = manager->first_pending;
    while (pending && pending->sequence != sequence)
        pending = pending->next;
    if (pending)
        waldo__pending_unlink(manager, pending);
    pthread_mutex_unlock(&manager->lock);
    free(pending);
}

static void fill_request(const waldo__pending *given_up, Waldo__Wire__Request *ret_request)
{
    waldo__wire__request__init(ret_request);
    if (given_up->dropped_object == 0) {
        ret_request->operation = WALDO__WIRE__OPERATION__CANCEL;
        ret_request->cancel = given_up->sequence;
        return;
    }
    ret_request->operation = WALDO__WIRE__OPERATION__DROP;
    ret_request->sequence = given_up->sequence;
    ret_request->object = given_up->dropped_object;
    ret_request->incarnation = given_up->dropped_incarnation;
    ret_request->count = 1;
}

void waldo__pending_settle(waldo_manager *manager, waldo__link *link, waldo__deadline deadline)
{
    static const waldo_error silent = {.message = "the connection is silent"};
    waldo__pending given_up = {0};
    while (next_given_up(manager, given_up.sequence, &given_up)) {
        Waldo__Wire__Request request;
        fill_request(&given_up, &request);
        waldo__reply reply;
        waldo__outcome outcome;
        uint64_t moved = waldo__link_progress(link);
        int status =
            waldo__exchange_on(manager, link, &request, NULL, deadline, &reply, &outcome, NULL);
        if (status >= 0)
            waldo__reply_free(&reply);
        if (status == WALDO_ETIMEOUT && moved == waldo__link_progress(link)) {
            waldo__link_break(link, WALDO_EGONE, &silent);
            /* Whoever reads it would go on, and nothing that comes is anybody's any more. */
            link->engine->interrupt(link->channel);
        }
        if (!outcome.answered || outcome.refused)
            return;
        settled(manager, given_up.sequence);
    }
}

void waldo__pending_forget_given_up(waldo_manager *manager)
{
    waldo__pending *pending = manager->first_pending;
    while (pending) {
        waldo__pending *next = pending->next;
        if (pending->given_up) {
            waldo__pending_unlink(manager, pending);
            free(pending);
        }
        pending = next;
    }
}
