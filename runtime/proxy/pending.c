/* Requests without a reply: what may be acknowledged, and what the server must hear was given up. */
#include <stdlib.h>

#include "proxy/manager_internal.h"

static void append(waldo_manager *manager, waldo__pending *pending)
{
    pending->next = NULL;
    pending->previous = manager->last_pending;
    if (manager->last_pending)
        manager->last_pending->next = pending;
    else
        manager->first_pending = pending;
    manager->last_pending = pending;
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

static void unlink_pending(waldo_manager *manager, waldo__pending *pending)
{
    relink(manager, pending, pending->next, pending->previous);
}

void waldo__pending_begin(waldo_manager *manager, waldo__pending *pending)
{
    pthread_mutex_lock(&manager->lock);
    pending->sequence = ++manager->last_sequence;
    pending->given_up = false;
    append(manager, pending);
    pthread_mutex_unlock(&manager->lock);
}

void waldo__pending_end(waldo_manager *manager, waldo__pending *pending)
{
    pthread_mutex_lock(&manager->lock);
    unlink_pending(manager, pending);
    pthread_mutex_unlock(&manager->lock);
}

void waldo__pending_give_up(waldo_manager *manager, waldo__pending *pending)
{
    waldo__pending *kept = malloc(sizeof *kept);
    pthread_mutex_lock(&manager->lock);
    if (kept) {
        *kept = *pending;
        kept->given_up = true;
        relink(manager, pending, kept, kept);
    } else {
        /* It will count as arrived: what its reply carried is lost with it. */
        unlink_pending(manager, pending);
    }
    pthread_mutex_unlock(&manager->lock);
}

uint64_t waldo__pending_acknowledged(const waldo_manager *manager)
{
    return manager->first_pending ? manager->first_pending->sequence - 1 : manager->last_sequence;
}

static uint64_t next_given_up(waldo_manager *manager, uint64_t after)
{
    pthread_mutex_lock(&manager->lock);
    waldo__pending *pending = manager->first_pending;
    while (pending && (!pending->given_up || pending->sequence <= after))
        pending = pending->next;
    uint64_t sequence = pending ? pending->sequence : 0;
    pthread_mutex_unlock(&manager->lock);
    return sequence;
}

static void settled(waldo_manager *manager, uint64_t sequence)
{
    pthread_mutex_lock(&manager->lock);
    waldo__pending *pending = manager->first_pending;
    while (pending && pending->sequence != sequence)
        pending = pending->next;
    if (pending)
        unlink_pending(manager, pending);
    pthread_mutex_unlock(&manager->lock);
    free(pending);
}

void waldo__pending_settle(waldo_manager *manager, waldo__link *link, waldo__deadline deadline)
{
    for (uint64_t sequence = 0; (sequence = next_given_up(manager, sequence)) != 0;) {
        Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
        request.operation = WALDO__WIRE__OPERATION__CANCEL;
        request.cancel = sequence;
        waldo__reply reply;
        if (waldo__exchange_on(manager, link, &request, NULL, deadline, &reply, NULL) < 0)
            return;
        waldo__reply_free(&reply);
        settled(manager, sequence);
    }
}

void waldo__pending_forget_given_up(waldo_manager *manager)
{
    waldo__pending *pending = manager->first_pending;
    while (pending) {
        waldo__pending *next = pending->next;
        if (pending->given_up) {
            unlink_pending(manager, pending);
            free(pending);
        }
        pending = next;
    }
}
