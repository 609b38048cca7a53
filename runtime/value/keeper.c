#include "value/keeper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static waldo__keeper *keepers;

/* A forked child has none of its parent's servers. */
static void in_child(void)
{
    pthread_rwlock_init(&lock, NULL);
    keepers = NULL;
}

static void install(void)
{
    (void)pthread_atfork(NULL, NULL, in_child);
}

void waldo__keeper_add(waldo__keeper *keeper)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    pthread_rwlock_wrlock(&lock);
    keeper->next = keepers;
    keepers = keeper;
    pthread_rwlock_unlock(&lock);
}

void waldo__keeper_remove(waldo__keeper *keeper)
{
    pthread_rwlock_wrlock(&lock);
    waldo__keeper **place = &keepers;
    while (*place && *place != keeper)
        place = &(*place)->next;
    if (*place)
        *place = keeper->next;
    pthread_rwlock_unlock(&lock);
}

/* With the lock. */
static const waldo__keeper *find(uint64_t incarnation)
{
    const waldo__keeper *keeper = keepers;
    while (keeper && keeper->incarnation != incarnation)
        keeper = keeper->next;
    return keeper;
}

void *waldo__keeper_hold(uint64_t incarnation, uint64_t object, uint64_t ticket,
                         void (**ret_release)(void *held))
{
    void *held = NULL;
    pthread_rwlock_rdlock(&lock);
    const waldo__keeper *keeper = find(incarnation);
    if (keeper)
        held = keeper->hold(keeper->server, object, ticket);
    if (held)
        *ret_release = keeper->release;
    pthread_rwlock_unlock(&lock);
    return held;
}

uint64_t waldo__keeper_ticket(uint64_t incarnation, uint64_t object, void (*release)(void *held))
{
    pthread_rwlock_rdlock(&lock);
    const waldo__keeper *keeper = find(incarnation);
    bool held = keeper && keeper->release == release;
    uint64_t ticket = held ? keeper->ticket(keeper->server, object) : 0;
    pthread_rwlock_unlock(&lock);
    return ticket;
}
