/* Event: a flag that calls wait for (row F15). */
#include <stdio.h>
#include <stdlib.h>

#include "types/builtins.h"
#include "types/room.h"

struct event {
    waldo__room *room;
    bool set;
    waldo__waiters waiters;
};

static int create(void *type_data, waldo_call *call, void **ret_self)
{
    struct event *event = calloc(1, sizeof *event);
    if (!event)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for an Event");
    event->room = type_data;
    *ret_self = event;
    return 0;
}

static int is_set(void *self, waldo_call *call, Google__Protobuf__BoolValue *result)
{
    (void)call;
    struct event *event = self;
    waldo__room_lock(event->room);
    result->value = event->set;
    waldo__room_unlock(event->room);
    return 0;
}

static void complete(waldo_call *call, bool set)
{
    Google__Protobuf__BoolValue result = GOOGLE__PROTOBUF__BOOL_VALUE__INIT;
    result.value = set;
    (void)waldo_builtin_event_wait_complete(call, &result);
}

/* There may be many who wait: they are told without the room's lock. */
static int set(void *self, waldo_call *call)
{
    (void)call;
    struct event *event = self;
    waldo__room_lock(event->room);
    event->set = true;
    waldo__waiter *waiter = waldo__room_take_all(&event->waiters);
    waldo__room_unlock(event->room);
    while (waiter) {
        waldo__waiter *next = waiter->next;
        complete(waiter->call, true);
        waiter = next;
    }
    return 0;
}

static int clear(void *self, waldo_call *call)
{
    (void)call;
    struct event *event = self;
    waldo__room_lock(event->room);
    event->set = false;
    waldo__room_unlock(event->room);
    return 0;
}

static void depart(waldo__waiter *waiter, enum waldo__departure why)
{
    if (why == WALDO__TIMED_OUT)
        complete(waiter->call, false);
}

static int wait(void *self, waldo_call *call, const Waldo__Builtin__EventWait *arguments,
                Google__Protobuf__BoolValue *result)
{
    struct event *event = self;
    double seconds;
    int status = waldo__room_seconds(call, arguments->timeout, WALDO_FOREVER, &seconds);
    if (status < 0)
        return status;
    waldo__waiter *waiter = waldo_call_alloc(call, sizeof *waiter);
    if (!waiter)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a waiter");
    waiter->depart = depart;
    waldo__room_lock(event->room);
    result->value = event->set;
    if (!event->set && seconds > 0)
        status = waldo__room_park(event->room, &event->waiters, waiter, call, seconds);
    waldo__room_unlock(event->room);
    return status;
}

static int repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    struct event *event = self;
    char text[64];
    waldo__room_lock(event->room);
    if (event->waiters.count > 0)
        snprintf(text, sizeof text, "<Event object: unset, %zu waiting>", event->waiters.count);
    else
        snprintf(text, sizeof text, "<Event object: %s>", event->set ? "set" : "unset");
    waldo__room_unlock(event->room);
    *ret_text = waldo_v_str(text);
    return *ret_text ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
}

const struct waldo_builtin_event_ops waldo__event_ops = {
    .create = create,
    .is_set = is_set,
    .set = set,
    .clear = clear,
    .wait = wait,
    .destroy = free,
    .repr = repr,
};
