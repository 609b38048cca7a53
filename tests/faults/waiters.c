#include "types.h"

static void unlink_waiter(waiter *one)
{
    waiters *all = one->all;
    if (one->previous)
        one->previous->next = one->next;
    else
        all->first = one->next;
    if (one->next)
        one->next->previous = one->previous;
    else
        all->last = one->previous;
    one->waits = false;
    all->count--;
}

/* On the server's loop. A waiter that was taken out is completed by whoever took it. */
static void on_cancel(waldo_call *call, void *data)
{
    waiter *one = data;
    pthread_mutex_t *lock = one->all->lock;
    pthread_mutex_lock(lock);
    bool waits = one->waits;
    if (waits)
        unlink_waiter(one);
    one->given_up = true;
    pthread_mutex_unlock(lock);
    if (waits)
        waldo_call_fail(call, WALDO_ECANCELLED, "nobody waits for it any more");
}

int waiters_keep(waiters *all, waldo_call *call, waiter **ret_waiter)
{
    waiter *one = waldo_call_alloc(call, sizeof *one);
    if (!one)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    one->all = all;
    one->call = call;
    int status = waldo_call_defer(call);
    if (status < 0)
        return status;
    waldo_call_on_cancel(call, on_cancel, one);
    *ret_waiter = one;
    return status;
}

bool waiters_append(waiter *one)
{
    waiters *all = one->all;
    if (one->given_up)
        return false;
    one->waits = true;
    one->previous = all->last;
    if (all->last)
        all->last->next = one;
    else
        all->first = one;
    all->last = one;
    all->count++;
    return true;
}

waiter *waiters_pop(waiters *all)
{
    waiter *one = all->first;
    if (one)
        unlink_waiter(one);
    return one;
}
