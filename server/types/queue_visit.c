/* Visits of queues: at once or later, first come first served. */
#include <math.h>
#include <stdlib.h>

#include "planted.h"
#include "types/other.h"
#include "types/queue.h"

static waldo__place *place_of(waldo__waiter *waiter)
{
    return (waldo__place *)waiter;
}

static bool gets(const waldo__visit *visit)
{
    return visit->kind != WALDO__PUT && visit->kind != WALDO__JOIN;
}

/* ---- life ---- */

/* The reply did not arrive. */
static void on_lost(void *self, void *data)
{
    (void)self;
    waldo__delivery *delivery = data;
    waldo__queue *queue = delivery->queue;
    waldo__items dropped = {0};
    waldo__room_lock(queue->room);
    if (delivery->ticket)
        waldo__queue_take_back(queue, delivery->ticket, &dropped);
    for (waldo__item *item; (item = waldo__items_pop(&delivery->items)) != NULL;)
        waldo__queue_put_back(queue, item, &dropped);
    waldo__queue_leave(queue, &dropped);
}

/* The outcome is known: what got to the caller is the caller's. */
static void release(void *data)
{
    waldo__delivery *delivery = data;
    waldo__items_free(&delivery->items);
    waldo_value_unref(delivery->value);
    waldo__other_release(delivery->object);
    free(delivery);
}

static void depart(waldo__waiter *waiter, enum waldo__departure why);

waldo__visit *waldo__visit_new(waldo_call *call, waldo__queue *queue, enum waldo__visit_kind kind,
                               uint32_t places)
{
    waldo__visit *visit = waldo_call_alloc(call, sizeof *visit + places * sizeof visit->places[0]);
    if (!visit) {
        (void)waldo_call_raise(call, WALDO_ENOMEM, "no memory for a call");
        return NULL;
    }
    visit->call = call;
    visit->kind = (uint8_t)kind;
    visit->block = true;
    visit->timeout = WALDO_FOREVER;
    if (gets(visit))
        visit->max = 1;
    visit->place_count = places;
    for (size_t i = 0; i < places; i++) {
        visit->places[i].waiter.depart = depart;
        visit->places[i].visit = visit;
    }
    visit->places[0].queue = queue;
    return visit;
}

/* Before the call is answered, or if it is not: gives back what the visit still has. */
static void end_visit(waldo__visit *visit)
{
    if (visit->kind == WALDO__PUT)
        waldo__items_free(&visit->items);
    for (size_t i = 0; i < visit->place_count; i++) {
        waldo__other_release(visit->places[i].object);
        visit->places[i].object = NULL;
    }
}

/* ---- what can be done now; with the lock ---- */

static bool fits(const waldo__queue *queue, size_t count)
{
    return queue->maxsize == 0 ||
           (queue->items.count < queue->maxsize && count <= queue->maxsize - queue->items.count);
}

/* The queue has an item. Without memory it keeps it. */
static int give(waldo__place *place)
{
    waldo__visit *visit = place->visit;
    waldo__queue *queue = place->queue;
    waldo__delivery *delivery = calloc(1, sizeof *delivery);
    if (!delivery)
        return WALDO_ENOMEM;
    int status = 0;
    if (queue->items.count > 1 && waldo__planted(WALDO__PLANTED_LOSE_HEAD))
        (void)waldo__items_pop(&queue->items);
    if (visit->kind == WALDO__TAKE)
        status = waldo__queue_hand_out(queue, visit, delivery);
    else
        delivery->items = waldo__items_cut(&queue->items, visit->max);
    if (status < 0) {
        free(delivery);
        return status;
    }
    delivery->queue = queue;
    delivery->object = place->object;
    place->object = NULL;
    visit->index = (uint32_t)(place - visit->places);
    visit->delivery = delivery;
    waldo_call_on_lost(visit->call, on_lost, release, delivery);
    return 0;
}

/* Neither has any of the visitor's queues an item, nor will one. */
static bool is_hopeless(const waldo__visit *visit)
{
    for (size_t i = 0; i < visit->place_count; i++)
        if (visit->places[i].queue->items.first || !visit->places[i].queue->is_shutdown)
            return false;
    return true;
}

enum { DONE = 0, MUST_WAIT = 1 };

static int get_now(waldo__visit *visit)
{
    if (is_hopeless(visit))
        return WALDO_ESHUTDOWN;
    if (visit->block && visit->timeout < 0)
        return WALDO_EVALUE;
    for (size_t i = 0; i < visit->place_count; i++) {
        if (visit->places[i].queue->items.first)
            return give(&visit->places[i]);
    }
    return MUST_WAIT;
}

static int put_now(waldo__visit *visit)
{
    waldo__queue *queue = visit->places[0].queue;
    if (queue->is_shutdown)
        return WALDO_ESHUTDOWN;
    if (queue->maxsize > 0 && visit->block && visit->timeout < 0)
        return WALDO_EVALUE;
    /* One that can wait stands behind those who came before; another takes what room there is. */
    bool can_wait = visit->block && visit->timeout > 0;
    if (!fits(queue, visit->items.count) || (can_wait && queue->putters.first))
        return MUST_WAIT;
    waldo__queue_enter(queue, &visit->items);
    return DONE;
}

static int do_now(waldo__visit *visit)
{
    if (visit->kind == WALDO__PUT)
        return put_now(visit);
    if (visit->kind == WALDO__JOIN)
        return visit->places[0].queue->unfinished == 0 ? DONE : MUST_WAIT;
    return get_now(visit);
}

/* ---- waiting; with the lock ---- */

static waldo__waiters *line_at(waldo__place *place)
{
    switch (place->visit->kind) {
    case WALDO__PUT:
        return &place->queue->putters;
    case WALDO__JOIN:
        return &place->queue->joiners;
    default:
        return &place->queue->getters;
    }
}

static int wait_in_line(waldo__visit *visit)
{
    waldo__place *places = visit->places;
    int status = waldo__room_park(places[0].queue->room, line_at(&places[0]), &places[0].waiter,
                                  visit->call, visit->timeout);
    for (size_t i = 1; i < visit->place_count && status >= 0; i++)
        waldo__room_park_also(&places[0].waiter, line_at(&places[i]), &places[i].waiter);
    return status;
}

static int explain(waldo__visit *visit, int status)
{
    /* What has more to say has said it. */
    if (visit->call->error && visit->call->error->code == status)
        return status;
    if (status == WALDO_EVALUE)
        return waldo_call_raise(visit->call, status, "'timeout' must be a non-negative number");
    return waldo_call_raise(visit->call, status, "%s", waldo_error_text(status));
}

static int begin(waldo__visit *visit)
{
    waldo__queue *queue = visit->places[0].queue;
    waldo__visits ready = {0};
    if (visit->call->is_step)
        visit->block = false;
    waldo__room_lock(queue->room);
    int status = do_now(visit);
    if (status == MUST_WAIT && visit->block && visit->timeout > 0)
        status = wait_in_line(visit);
    else if (status == MUST_WAIT)
        status = gets(visit) ? WALDO_EEMPTY : WALDO_EFULL;
    else
        waldo__queue_serve(visit->places[visit->index].queue, &ready);
    waldo__room_unlock(queue->room);
    waldo__visits_complete(&ready);
    return status < 0 ? explain(visit, status) : status;
}

int waldo__visit_begin(waldo__visit *visit, int status)
{
    if (status >= 0)
        status = begin(visit);
    if (status != WALDO_DEFERRED)
        end_visit(visit);
    return status;
}

/* ---- serving; with the lock ---- */

static void add(waldo__visits *ready, waldo__visit *visit, int status)
{
    if (status < 0)
        visit->status = status;
    visit->next = NULL;
    if (ready->last)
        ready->last->next = visit;
    else
        ready->first = visit;
    ready->last = visit;
}

static bool serve_getters(waldo__queue *queue, waldo__visits *ready)
{
    bool any = false;
    while (queue->items.first && queue->getters.first) {
        waldo__place *place = place_of(waldo__room_next(&queue->getters));
        add(ready, place->visit, give(place));
        any = true;
    }
    return any;
}

static bool serve_putters(waldo__queue *queue, waldo__visits *ready)
{
    bool any = false;
    while (queue->putters.first && !queue->is_shutdown) {
        waldo__visit *visit = place_of(queue->putters.first)->visit;
        if (!fits(queue, visit->items.count))
            break;
        (void)waldo__room_next(&queue->putters);
        waldo__queue_enter(queue, &visit->items);
        add(ready, visit, 0);
        any = true;
    }
    return any;
}

static void send_away(waldo__queue *queue, waldo__visits *ready)
{
    for (waldo__waiter *waiter; (waiter = waldo__room_next(&queue->putters)) != NULL;)
        add(ready, place_of(waiter)->visit, WALDO_ESHUTDOWN);
    for (waldo__waiter *waiter = queue->getters.first, *next; waiter; waiter = next) {
        next = waiter->next;
        waldo__visit *visit = place_of(waiter)->visit;
        /* It may stand here twice. */
        while (next && place_of(next)->visit == visit)
            next = next->next;
        if (is_hopeless(visit) && waldo__room_take(waiter))
            add(ready, visit, WALDO_ESHUTDOWN);
    }
}

void waldo__queue_serve(waldo__queue *queue, waldo__visits *ready)
{
    if (queue->is_held)
        return;
    bool again;
    do {
        again = serve_getters(queue, ready);
        again = serve_putters(queue, ready) || again;
    } while (again);
    while (queue->unfinished == 0 && queue->joiners.first)
        add(ready, place_of(waldo__room_next(&queue->joiners))->visit, 0);
    if (queue->is_shutdown)
        send_away(queue, ready);
}

void waldo__queue_leave(waldo__queue *queue, waldo__items *dropped)
{
    waldo__visits ready = {0};
    waldo__room *room = queue->room;
    waldo__queue_serve(queue, &ready);
    waldo__room_unlock(room);
    waldo__visits_complete(&ready);
    waldo__items_free(dropped);
}

/* ---- answering those who waited ---- */

static void fail(waldo__visit *visit, int status)
{
    (void)explain(visit, status);
    waldo_error error = WALDO_ERROR_INIT;
    if (visit->call->error)
        error = *visit->call->error;
    waldo_call_fail(visit->call, status, "%s", error.message);
}

static void complete_get(waldo__visit *visit)
{
    Waldo__Value result = WALDO__VALUE__INIT;
    int status = waldo__visit_fill(visit, &result.base);
    if (status < 0)
        fail(visit, status);
    else if (visit->kind == WALDO__GET)
        (void)waldo_builtin_queue_get_complete(visit->call, &result);
    else
        (void)waldo_builtin_queue_get_many_complete(visit->call, &result);
}

static void complete_get_any(waldo__visit *visit)
{
    Waldo__Builtin__QueueGot result = WALDO__BUILTIN__QUEUE_GOT__INIT;
    int status = waldo__visit_fill(visit, &result.base);
    if (status < 0)
        fail(visit, status);
    else
        (void)waldo_builtin_queue_get_any_complete(visit->call, &result);
}

static void complete_take(waldo__visit *visit)
{
    Waldo__Builtin__QueueTaken result = WALDO__BUILTIN__QUEUE_TAKEN__INIT;
    int status = waldo__visit_fill(visit, &result.base);
    if (status < 0)
        fail(visit, status);
    else
        (void)waldo_builtin_queue_take_complete(visit->call, &result);
}

static void complete(waldo__visit *visit)
{
    end_visit(visit);
    if (visit->status < 0) {
        fail(visit, visit->status);
        return;
    }
    switch ((enum waldo__visit_kind)visit->kind) {
    case WALDO__GET:
    case WALDO__GET_MANY:
        complete_get(visit);
        break;
    case WALDO__GET_ANY:
        complete_get_any(visit);
        break;
    case WALDO__TAKE:
        complete_take(visit);
        break;
    case WALDO__PUT: /* put_many has the same result */
        (void)waldo_builtin_queue_put_complete(visit->call);
        break;
    case WALDO__JOIN:
        (void)waldo_builtin_queue_join_complete(visit->call);
        break;
    }
}

void waldo__visits_complete(waldo__visits *ready)
{
    for (waldo__visit *visit = ready->first, *next; visit; visit = next) {
        next = visit->next; /* the call's memory may be gone afterwards */
        complete(visit);
    }
}

/* With the lock. Behind one that wanted to put much may be others that want less. */
static void depart(waldo__waiter *waiter, enum waldo__departure why)
{
    waldo__visit *visit = place_of(waiter)->visit;
    waldo__queue *queue = visit->places[0].queue;
    waldo__visits ready = {0};
    if (visit->kind == WALDO__PUT)
        waldo__queue_serve(queue, &ready);
    end_visit(visit);
    if (why == WALDO__TIMED_OUT)
        fail(visit, gets(visit) ? WALDO_EEMPTY : WALDO_EFULL);
    waldo__visits_complete(&ready);
}
