/* Calls that handlers keep, and time: the caller's deadline, and the handler's own timeout. */
#include <math.h>

#include "call.h"
#include "engine/deadline.h"
#include "server_internal.h"

/* Puts the call where its time says; with the lock. false: out of memory. */
static bool schedule(waldo_call *call)
{
    waldo__deadlines *deadlines = &call->server->deadlines;
    waldo__deadlines_remove(deadlines, &call->due);
    call->due.at =
        call->on_timeout && call->timeout < call->deadline ? call->timeout : call->deadline;
    /* It may have been completed in the meantime. */
    return call->due.at == WALDO__NEVER || !call->link_of_session ||
           waldo__deadlines_add(deadlines, &call->due);
}

static bool schedule_and_wake(waldo_call *call)
{
    waldo_server *server = call->server;
    bool scheduled = schedule(call);
    bool first = waldo__deadlines_first(&server->deadlines) == &call->due;
    waldo__server_unlock(server);
    if (first)
        waldo__server_wake(server);
    return scheduled;
}

void waldo__call_watch_deadline(waldo_call *call)
{
    if (call->deadline == WALDO__NEVER)
        return;
    waldo__server_lock(call->server);
    (void)schedule_and_wake(call);
}

int waldo_call_on_timeout(waldo_call *call, double seconds,
                          void (*on_timeout)(waldo_call *call, void *data), void *data)
{
    if (isnan(seconds) || seconds < 0)
        return waldo_call_raise(call, WALDO_EVALUE, "a timeout of %g seconds", seconds);
    waldo__server_lock(call->server);
    call->on_timeout = on_timeout;
    call->on_timeout_data = data;
    call->timeout = waldo__deadline_in(seconds);
    return schedule_and_wake(call) ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
}

/* A call that is overdue, with a reference, and whom to tell if that is its timeout. */
typedef struct overdue {
    waldo_call *call;
    void (*on_timeout)(waldo_call *call, void *data);
    void *data;
} overdue;

/* call NULL: none; *ret_wait_ms until the next, 0 if there is none. With the lock. */
static overdue take_overdue(waldo_server *server, uint64_t *ret_wait_ms)
{
    waldo__due *first = waldo__deadlines_first(&server->deadlines);
    uint64_t left = first ? waldo__deadline_left(first->at) : 0;
    *ret_wait_ms = first ? left / 1000000 + 1 : 0;
    if (!first || left > 0)
        return (overdue){0};
    waldo_call *call = (waldo_call *)((char *)first - offsetof(waldo_call, due));
    overdue found = {call, NULL, NULL};
    if (first->at < call->deadline) {
        found.on_timeout = call->on_timeout;
        found.data = call->on_timeout_data;
        call->on_timeout = NULL;
        (void)schedule(call); /* needs no memory: there is the place that it had */
    } else {
        waldo__deadlines_remove(&server->deadlines, first);
    }
    waldo__call_ref(call);
    return found;
}

uint64_t waldo__calls_end_overdue(waldo_server *server)
{
    for (;;) {
        uint64_t wait;
        waldo__server_lock(server);
        overdue found = take_overdue(server, &wait);
        waldo__server_unlock(server);
        if (!found.call)
            return wait;
        if (found.on_timeout)
            found.on_timeout(found.call, found.data);
        else
            waldo__call_expire(found.call);
        waldo__call_unref(found.call);
    }
}
