/* Items that are somebody's until they are acknowledged, given back, or their lease ends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "types/queue.h"

/* ---- among the queue's; with the lock ---- */

static waldo__taken *find(const waldo__queue *queue, int64_t ticket)
{
    return waldo__map_get(&queue->taken, (uint64_t)ticket);
}

static void link_taken(waldo__queue *queue, waldo__taken *taken)
{
    taken->next = queue->first_taken;
    taken->link = &queue->first_taken;
    if (taken->next)
        taken->next->link = &taken->next;
    queue->first_taken = taken;
}

/* Ends it; its item is the caller's. */
static waldo__item *end_taken(waldo__queue *queue, waldo__taken *taken)
{
    waldo__item *item = taken->item;
    (void)waldo__map_remove(&queue->taken, taken->ticket);
    waldo__alarm_stop(&taken->alarm);
    *taken->link = taken->next;
    if (taken->next)
        taken->next->link = taken->link;
    free(taken);
    return item;
}

void waldo__queue_take_back(waldo__queue *queue, uint64_t ticket, waldo__items *dropped)
{
    waldo__taken *taken = waldo__map_get(&queue->taken, ticket);
    if (taken)
        waldo__queue_put_back(queue, end_taken(queue, taken), dropped);
}

static bool is_owner(const waldo__taken *taken, const uint8_t *session)
{
    return memcmp(taken->session, session, sizeof taken->session) == 0;
}

/* The object need not hear of the session's end any more if it has nothing left. */
static void unwatch_if_last(const waldo__queue *queue, waldo_call *call)
{
    const waldo__taken *taken = queue->first_taken;
    while (taken && !is_owner(taken, waldo_call_session(call)))
        taken = taken->next;
    if (!taken)
        waldo_call_unwatch_session(call);
}

void waldo__taken_free_all(waldo__queue *queue)
{
    waldo__items items = {0};
    while (queue->first_taken)
        waldo__items_append(&items, end_taken(queue, queue->first_taken));
    waldo__map_free(&queue->taken);
    waldo__items_free(&items);
}

/* ---- taking ---- */

/* On the server's loop. */
static void lease_ended(void *self, uint64_t ticket)
{
    waldo__queue *queue = self;
    waldo__items dropped = {0};
    waldo__room_lock(queue->room);
    const waldo__taken *taken = waldo__map_get(&queue->taken, ticket);
    /* Another lease may have begun in the meantime. */
    if (taken && taken->alarm.due.place == 0)
        waldo__queue_take_back(queue, ticket, &dropped);
    waldo__queue_leave(queue, &dropped);
}

static int get_lease(waldo_call *call, const Waldo__Value *message, double *ret_lease)
{
    int status = waldo__seconds(call, message, ret_lease);
    if (status >= 0 && !(*ret_lease > 0))
        return waldo_call_raise(call, WALDO_EVALUE, "'lease' must be a positive number");
    return status;
}

static waldo__taken *new_taken(waldo_call *call, uint64_t ticket)
{
    waldo__taken *taken = calloc(1, sizeof *taken);
    if (!taken)
        return NULL;
    taken->ticket = ticket;
    memcpy(taken->session, waldo_call_session(call), sizeof taken->session);
    taken->alarm.server = call->server;
    taken->alarm.object = call->object;
    taken->alarm.ring = lease_ended;
    taken->alarm.number = ticket;
    return taken;
}

static int set_lease(waldo__taken *taken, double lease)
{
    if (!isinf(lease))
        return waldo__alarm_set(&taken->alarm, lease);
    waldo__alarm_stop(&taken->alarm);
    return 0;
}

/* Makes it known, with its lease. Nothing was done if it fails. */
static int enter_taken(waldo__queue *queue, waldo__taken *taken, double lease)
{
    if (!waldo__map_set(&queue->taken, taken->ticket, taken))
        return WALDO_ENOMEM;
    int status = set_lease(taken, lease);
    if (status < 0)
        (void)waldo__map_remove(&queue->taken, taken->ticket);
    return status;
}

int waldo__queue_hand_out(waldo__queue *queue, waldo__visit *visit, waldo__delivery *delivery)
{
    int status = waldo_call_watch_session(visit->call);
    if (status < 0)
        return status;
    waldo__taken *taken = new_taken(visit->call, queue->last_ticket + 1);
    status = taken ? enter_taken(queue, taken, visit->lease) : WALDO_ENOMEM;
    if (status < 0) {
        free(taken);
        return status;
    }
    queue->last_ticket++;
    link_taken(queue, taken);
    taken->item = waldo__items_pop(&queue->items);
    delivery->ticket = taken->ticket;
    delivery->value = waldo_value_ref(taken->item->value);
    delivery->returned = taken->item->returned;
    return 0;
}

int waldo__queue_take(void *self, waldo_call *call, const Waldo__Builtin__QueueTake *arguments,
                      Waldo__Builtin__QueueTaken *result)
{
    waldo__visit *visit = waldo__visit_new(call, self, WALDO__TAKE, 1);
    if (!visit)
        return WALDO_ENOMEM;
    int status = get_lease(call, arguments->lease, &visit->lease);
    if (status >= 0)
        status = waldo__visit_set_wait(visit, arguments->block, arguments->timeout);
    status = waldo__visit_begin(visit, status);
    return status == 0 ? waldo__visit_fill(visit, &result->base) : status;
}

/* ---- afterwards ---- */

static int raise_unknown(waldo_call *call, int64_t ticket)
{
    return waldo_call_raise(call, WALDO_EKEY, "ticket %lld is nobody's any more",
                            (long long)ticket);
}

/* One that a step has acknowledged is done as far as others of its transaction are concerned. */
static void leave_to_transaction(waldo__queue *queue, waldo__taken *taken, waldo_call *step)
{
    taken->step = step;
    taken->next_of_step = queue->of_steps;
    queue->of_steps = taken;
    queue->of_steps_count++;
}

void waldo__taken_end_steps(waldo__queue *queue, waldo__items *done)
{
    waldo_call *step = NULL;
    while (queue->of_steps) {
        waldo__taken *taken = queue->of_steps;
        queue->of_steps = taken->next_of_step;
        step = taken->step;
        waldo__items_append(done, end_taken(queue, taken));
    }
    queue->of_steps_count = 0;
    if (step) /* all are of one session */
        unwatch_if_last(queue, step);
}

void waldo__taken_undo_steps(waldo__queue *queue)
{
    for (; queue->of_steps; queue->of_steps = queue->of_steps->next_of_step)
        queue->of_steps->step = NULL;
    queue->of_steps_count = 0;
}

int64_t waldo__taken_count(const waldo__queue *queue)
{
    return (int64_t)(queue->taken.count - queue->of_steps_count);
}

int waldo__queue_acknowledge(void *self, waldo_call *call,
                             const Waldo__Builtin__QueueTicket *arguments)
{
    waldo__queue *queue = self;
    waldo__items done = {0};
    waldo__room_lock(queue->room);
    waldo__taken *taken = find(queue, arguments->ticket);
    bool known = taken && !taken->step;
    if (known && call->is_step) {
        leave_to_transaction(queue, taken, call);
    } else if (known) {
        waldo__items_append(&done, end_taken(queue, taken));
        unwatch_if_last(queue, call);
    }
    if (known)
        waldo__queue_finish(queue, 1);
    waldo__queue_leave(queue, &done);
    return known ? 0 : raise_unknown(call, arguments->ticket);
}

int waldo__queue_give_back(void *self, waldo_call *call,
                           const Waldo__Builtin__QueueTicket *arguments)
{
    waldo__queue *queue = self;
    waldo__items dropped = {0};
    waldo__room_lock(queue->room);
    bool known = find(queue, arguments->ticket) != NULL;
    waldo__queue_take_back(queue, (uint64_t)arguments->ticket, &dropped);
    unwatch_if_last(queue, call);
    waldo__queue_leave(queue, &dropped);
    return known ? 0 : raise_unknown(call, arguments->ticket);
}

int waldo__queue_renew(void *self, waldo_call *call, const Waldo__Builtin__QueueRenew *arguments)
{
    waldo__queue *queue = self;
    double lease;
    int status = get_lease(call, arguments->lease, &lease);
    if (status < 0)
        return status;
    waldo__room_lock(queue->room);
    waldo__taken *taken = find(queue, arguments->ticket);
    status = taken ? set_lease(taken, lease) : raise_unknown(call, arguments->ticket);
    waldo__room_unlock(queue->room);
    return status;
}

void waldo__queue_session_ended(void *self, const uint8_t *session)
{
    waldo__queue *queue = self;
    waldo__items dropped = {0};
    waldo__room_lock(queue->room);
    for (waldo__taken *taken = queue->first_taken, *next; taken; taken = next) {
        next = taken->next;
        if (is_owner(taken, session))
            waldo__queue_put_back(queue, end_taken(queue, taken), &dropped);
    }
    waldo__queue_leave(queue, &dropped);
}
