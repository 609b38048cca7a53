#include "alarms.h"

#include <stdlib.h>

#include "engine/deadline.h"
#include "server_internal.h"

enum { FIRST_CAPACITY = 16 };

/* ---- the heap; with the lock ---- */

static void place(waldo__alarms *alarms, size_t index, waldo__alarm *alarm)
{
    alarms->heap[index] = alarm;
    alarm->place = index + 1;
}

static void move_up(waldo__alarms *alarms, size_t index, waldo__alarm *alarm)
{
    while (index > 0 && alarm->due < alarms->heap[(index - 1) / 2]->due) {
        place(alarms, index, alarms->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(alarms, index, alarm);
}

static void move_down(waldo__alarms *alarms, size_t index, waldo__alarm *alarm)
{
    for (size_t child; (child = 2 * index + 1) < alarms->count; index = child) {
        if (child + 1 < alarms->count && alarms->heap[child + 1]->due < alarms->heap[child]->due)
            child++;
        if (alarm->due <= alarms->heap[child]->due)
            break;
        place(alarms, index, alarms->heap[child]);
    }
    place(alarms, index, alarm);
}

static bool reserve(waldo__alarms *alarms)
{
    if (alarms->count < alarms->capacity)
        return true;
    size_t capacity = alarms->capacity > 0 ? 2 * alarms->capacity : FIRST_CAPACITY;
    waldo__alarm **heap = realloc(alarms->heap, capacity * sizeof *heap);
    if (!heap)
        return false;
    alarms->heap = heap;
    alarms->capacity = capacity;
    return true;
}

static void take_out(waldo__alarms *alarms, waldo__alarm *alarm)
{
    if (alarm->place == 0)
        return;
    size_t index = alarm->place - 1;
    alarm->place = 0;
    waldo__alarm *last = alarms->heap[--alarms->count];
    if (last == alarm)
        return;
    move_up(alarms, index, last);
    move_down(alarms, last->place - 1, last);
}

/* ---- setting and ringing ---- */

int waldo__alarm_set(waldo__alarm *alarm, double seconds)
{
    waldo_server *server = alarm->server;
    waldo__alarms *alarms = &server->alarms;
    waldo__server_lock(server);
    take_out(alarms, alarm);
    alarm->due = waldo__deadline_in(seconds);
    bool fits = reserve(alarms);
    if (fits)
        move_up(alarms, alarms->count++, alarm);
    bool first = alarm->place == 1;
    waldo__server_unlock(server);
    if (first)
        uv_async_send(&server->wake_up);
    return fits ? 0 : WALDO_ENOMEM;
}

void waldo__alarm_stop(waldo__alarm *alarm)
{
    waldo_server *server = alarm->server;
    if (!server)
        return;
    waldo__server_lock(server);
    take_out(&server->alarms, alarm);
    waldo__server_unlock(server);
}

/* Takes the first out if it is due, and copies it with a pin of its object. */
static bool take_due(waldo_server *server, waldo__alarm *ret_copy, uint64_t *ret_wait_ms)
{
    waldo__alarms *alarms = &server->alarms;
    waldo__server_lock(server);
    waldo__alarm *first = alarms->count > 0 ? alarms->heap[0] : NULL;
    uint64_t left = first ? waldo__deadline_left(first->due) : 0;
    bool due = first && left == 0;
    if (due) {
        take_out(alarms, first);
        waldo__object_pin(first->object);
        *ret_copy = *first;
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

void waldo__alarms_free(waldo__alarms *alarms)
{
    free(alarms->heap);
}
