#include "alarms.h"

#include <stddef.h>

#include "engine/deadline.h"
#include "server_internal.h"

int waldo__alarm_set(waldo__alarm *alarm, double seconds)
{
    waldo_server *server = alarm->server;
    waldo__server_lock(server);
    waldo__deadlines_remove(&server->alarms, &alarm->due);
    alarm->due.at = waldo__deadline_in(seconds);
    bool fits = waldo__deadlines_add(&server->alarms, &alarm->due);
    bool first = waldo__deadlines_first(&server->alarms) == &alarm->due;
    waldo__server_unlock(server);
    if (first)
        waldo__server_wake(server);
    return fits ? 0 : WALDO_ENOMEM;
}

void waldo__alarm_stop(waldo__alarm *alarm)
{
    waldo_server *server = alarm->server;
    if (!server)
        return;
    waldo__server_lock(server);
    waldo__deadlines_remove(&server->alarms, &alarm->due);
    waldo__server_unlock(server);
}

/* Takes the first out if it is due, and copies it with a pin of its object. */
static bool take_due(waldo_server *server, waldo__alarm *ret_copy, uint64_t *ret_wait_ms)
{
    waldo__server_lock(server);
    waldo__due *first = waldo__deadlines_first(&server->alarms);
    uint64_t left = first ? waldo__deadline_left(first->at) : 0;
    bool due = first && left == 0;
    if (due) {
        waldo__deadlines_remove(&server->alarms, first);
        *ret_copy = *(waldo__alarm *)((char *)first - offsetof(waldo__alarm, due));
        waldo__object_pin(ret_copy->object);
    }
    waldo__server_unlock(server);
    *ret_wait_ms = first ? left / 1000000 + 1 : 0;
    return due;
}

uint64_t waldo__alarms_ring(waldo_server *server)
{
    waldo__alarm due;
    uint64_t wait_ms;
    while (take_due(server, &due, &wait_ms)) {
        due.ring(due.object->self, due.number);
        waldo__server_lock(server);
        waldo__object_unpin(due.object);
        waldo__server_unlock(server);
    }
    return wait_ms;
}
