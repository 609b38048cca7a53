#include "types/room.h"

#include <math.h>
#include <stdlib.h>

#include "call.h"

static bool init_recursive(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t recursive;
    if (pthread_mutexattr_init(&recursive) != 0)
        return false;
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    bool ready = pthread_mutex_init(mutex, &recursive) == 0;
    pthread_mutexattr_destroy(&recursive);
    return ready;
}

waldo__room *waldo__room_new(void)
{
    waldo__room *room = calloc(1, sizeof *room);
    if (!room || !init_recursive(&room->mutex)) {
        free(room);
        return NULL;
    }
    atomic_init(&room->references, 1);
    return room;
}

waldo__room *waldo__room_ref(waldo__room *room)
{
    atomic_fetch_add(&room->references, 1);
    return room;
}

waldo__room *waldo__room_unref(waldo__room *room)
{
    if (!room || atomic_fetch_sub(&room->references, 1) != 1)
        return NULL;
    pthread_mutex_destroy(&room->mutex);
    free(room);
    return NULL;
}

void waldo__room_lock(waldo__room *room)
{
    pthread_mutex_lock(&room->mutex);
}

void waldo__room_unlock(waldo__room *room)
{
    pthread_mutex_unlock(&room->mutex);
}

int waldo__room_seconds(waldo_call *call, const Google__Protobuf__DoubleValue *timeout,
                        double otherwise, double *ret_seconds)
{
    if (timeout && isnan(timeout->value))
        return waldo_call_raise(call, WALDO_EVALUE, "Invalid value NaN (not a number)");
    double seconds = timeout ? timeout->value : otherwise;
    *ret_seconds = seconds > 0 ? seconds : 0;
    return 0;
}

/* ---- queues ---- */

static void append(waldo__waiters *among, waldo__waiter *waiter)
{
    waiter->among = among;
    waiter->next = NULL;
    waiter->previous = among->last;
    if (among->last)
        among->last->next = waiter;
    else
        among->first = waiter;
    among->last = waiter;
    among->count++;
}

static void remove_one(waldo__waiter *waiter)
{
    waldo__waiters *among = waiter->among;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        among->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        among->last = waiter->previous;
    among->count--;
    waiter->among = NULL;
}

bool waldo__room_take(waldo__waiter *waiter)
{
    if (!waiter->among)
        return false;
    waldo__waiter *one = waiter;
    do {
        waldo__waiter *twin = one->twin;
        remove_one(one);
        one->twin = one;
        one = twin;
    } while (one != waiter);
    return true;
}

waldo__waiter *waldo__room_next(waldo__waiters *among)
{
    waldo__waiter *first = among->first;
    if (first)
        (void)waldo__room_take(first);
    return first;
}

waldo__waiter *waldo__room_take_all(waldo__waiters *among)
{
    waldo__waiter *first = NULL;
    waldo__waiter **end = &first;
    for (waldo__waiter *waiter; (waiter = waldo__room_next(among)) != NULL;) {
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
    }
    return first;
}

void waldo__room_move(waldo__waiter *waiter, waldo__waiters *among, bool timed)
{
    waiter->timed = waiter->timed && timed;
    append(among, waiter);
}

void waldo__room_park_also(waldo__waiter *parked, waldo__waiters *among, waldo__waiter *also)
{
    if (!parked->among)
        return;
    also->call = parked->call;
    also->room = parked->room;
    also->timed = false; /* the call's timeout is told to the first */
    also->twin = parked->twin;
    parked->twin = also;
    append(among, also);
}

/* ---- leaving ---- */

static void give_up(waldo__waiter *waiter)
{
    if (waiter->depart)
        waiter->depart(waiter, WALDO__GIVEN_UP);
    waldo_call_fail(waiter->call, WALDO_ECANCELLED, "nobody waits for it any more");
}

/* On the server's loop. */
static void on_cancel(waldo_call *call, void *data)
{
    (void)call;
    waldo__waiter *waiter = data;
    waldo__room *room = waiter->room;
    waldo__room_lock(room);
    if (waldo__room_take(waiter))
        give_up(waiter);
    waldo__room_unlock(room);
}

/* On the server's loop. It may have been moved to where it has no timeout. */
static void on_timeout(waldo_call *call, void *data)
{
    (void)call;
    waldo__waiter *waiter = data;
    waldo__room *room = waiter->room;
    waldo__room_lock(room);
    if (waiter->timed && waldo__room_take(waiter))
        waiter->depart(waiter, WALDO__TIMED_OUT);
    waldo__room_unlock(room);
}

int waldo__room_park(waldo__room *room, waldo__waiters *among, waldo__waiter *waiter,
                     waldo_call *call, double timeout)
{
    int status = waldo_call_defer(call);
    if (status < 0)
        return status;
    waiter->call = call;
    waiter->room = room;
    waiter->twin = waiter;
    waiter->timed = !isinf(timeout);
    append(among, waiter);
    int timing = waiter->timed ? waldo_call_on_timeout(call, timeout, on_timeout, waiter) : 0;
    if (timing < 0) {
        (void)waldo__room_take(waiter);
        waldo_call_fail(call, timing, "%s", waldo_error_text(timing));
    } else if (!waldo__call_hear_cancel(call, on_cancel, waiter)) {
        (void)waldo__room_take(waiter);
        give_up(waiter);
    }
    return status;
}
