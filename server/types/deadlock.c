#include "types/deadlock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "call.h"
#include "server_internal.h"
#include "types/lock.h"

/* Of those who hold one lock, and of those who wait for it, so many are named. */
enum { NAMED = 8 };

/* A thread of a client. */
typedef struct agent {
    uint64_t session;
    uint64_t thread;
} agent;

/* Somebody waits for a lock that one holder has. */
typedef struct wait {
    agent who;
    const waldo__lock *lock;
    size_t walk; /* which walk along the waits came by here; 0: none yet */
} wait;

typedef struct search {
    wait *waits; /* sorted by who */
    size_t count;
    waldo__buffer *text;
    bool complete; /* no memory was missing */
} search;

static void say(search *found, const char *format, ...) WALDO_PRINTF(2, 3);

static void say(search *found, const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    /* clang-tidy 14 does not see that va_start initializes it. */
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    found->complete = found->complete && waldo__buffer_append(found->text, text, (size_t)length);
}

static agent agent_of_call(const waldo_call *call)
{
    return (agent){call->session->number, waldo_call_thread(call)};
}

static agent agent_of_holder(const waldo__holder *holder)
{
    return (agent){holder->session->number, holder->thread};
}

static int compare_agents(const agent *left, const agent *right)
{
    if (left->session != right->session)
        return left->session < right->session ? -1 : 1;
    return left->thread < right->thread ? -1 : left->thread > right->thread;
}

static int compare_waits(const void *left, const void *right)
{
    return compare_agents(&((const wait *)left)->who, &((const wait *)right)->who);
}

/* ---- all that wait ---- */

static bool is_waited_for(const waldo__lock *lock, const waldo_server *server)
{
    return lock->waiters.count > 0 && lock->home && waldo__object_server(lock->home) == server;
}

static void name(search *found, const char *before, agent who)
{
    say(found, "%s session %" PRIu64 " thread %" PRIu64, before, who.session, who.thread);
}

static void describe(search *found, const waldo__lock *lock)
{
    say(found, "\n  %" PRIu64 ": %s", lock->home->id, lock->kind->name);
    size_t named = 0;
    for (const waldo__holder *holder = lock->holders; holder && named < NAMED;
         holder = holder->next)
        name(found, named++ == 0 ? ", held by" : ",", agent_of_holder(holder));
    if (lock->initial - lock->value > named)
        say(found, " and others");
    say(found, "; waiting:");
    named = 0;
    for (const waldo__waiter *one = lock->waiters.first; one && named < NAMED; one = one->next)
        name(found, named++ == 0 ? "" : ",", agent_of_call(one->call));
    if (lock->waiters.count > named)
        say(found, " and %zu more", lock->waiters.count - named);
}

/* Where several hold a semaphore, waiting for one of them is no deadlock. */
static bool has_one_holder(const waldo__lock *lock)
{
    return lock->holders && !lock->holders->next;
}

static void collect(search *found, const waldo__lock *lock)
{
    for (const waldo__waiter *one = lock->waiters.first; one; one = one->next)
        found->waits[found->count++] = (wait){agent_of_call(one->call), lock, 0};
}

static bool collect_all(search *found, const waldo__room *room, const waldo_server *server)
{
    size_t count = 0;
    for (const waldo__lock *lock = room->locks; lock; lock = lock->next)
        if (is_waited_for(lock, server))
            count += lock->waiters.count;
    found->waits = malloc((count + 1) * sizeof *found->waits);
    if (!found->waits)
        return false;
    for (const waldo__lock *lock = room->locks; lock; lock = lock->next) {
        if (!is_waited_for(lock, server))
            continue;
        describe(found, lock);
        if (has_one_holder(lock))
            collect(found, lock);
    }
    qsort(found->waits, found->count, sizeof *found->waits, compare_waits);
    return found->complete;
}

/* ---- rings ---- */

/* What the holder of the lock that this one waits for waits for itself; NULL: nothing. */
static wait *next_wait(const search *found, const wait *one)
{
    wait holder = {.who = agent_of_holder(one->lock->holders)};
    return bsearch(&holder, found->waits, found->count, sizeof *found->waits, compare_waits);
}

static void describe_ring(search *found, const wait *start)
{
    say(found, "\n  deadlock:");
    const wait *one = start;
    do {
        say(found, " session %" PRIu64 " thread %" PRIu64 " waits for %s %" PRIu64 ", held by",
            one->who.session, one->who.thread, one->lock->kind->name, one->lock->home->id);
        one = next_wait(found, one);
    } while (one != start);
    say(found, " session %" PRIu64 " thread %" PRIu64, start->who.session, start->who.thread);
}

/* Each wait leads to at most one other. A walk that comes by its own steps has found a ring. */
static void find_rings(search *found)
{
    for (size_t i = 0; i < found->count; i++) {
        wait *one = &found->waits[i];
        while (one && one->walk == 0) {
            one->walk = i + 1;
            one = next_wait(found, one);
        }
        if (one && one->walk == i + 1)
            describe_ring(found, one);
    }
}

bool waldo__locks_report(waldo_server *server, waldo__buffer *text)
{
    waldo__room *room = server->registry->room;
    search found = {.text = text, .complete = true};
    waldo__room_lock(room);
    bool collected = collect_all(&found, room, server);
    if (collected)
        find_rings(&found);
    waldo__room_unlock(room);
    free(found.waits);
    return collected && found.complete;
}
