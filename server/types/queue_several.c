/* Methods of Queue that work on several at once. */
#include "types/other.h"
#include "types/queue.h"

int waldo__queue_get_any(void *self, waldo_call *call, const Waldo__Builtin__QueueGetAny *arguments,
                         Waldo__Builtin__QueueGot *result)
{
    if (arguments->n_others >= UINT32_MAX)
        return waldo_call_raise(call, WALDO_EVALUE, "too many queues");
    uint32_t count = (uint32_t)arguments->n_others;
    waldo__visit *visit = waldo__visit_new(call, self, WALDO__GET_ANY, 1 + count);
    if (!visit)
        return WALDO_ENOMEM;
    int status = waldo__visit_set_wait(visit, arguments->block, arguments->timeout);
    for (uint32_t i = 0; i < count && status >= 0; i++) {
        waldo__place *place = &visit->places[1 + i];
        status = waldo__other_find(call, arguments->others[i], &waldo_builtin_queue_service, "get",
                                   &place->object);
        if (status >= 0)
            place->queue = place->object->self;
    }
    status = waldo__visit_begin(visit, status);
    return status == 0 ? waldo__visit_fill(visit, &result->base) : status;
}

/* ---- move ---- */

static size_t room_in(const waldo__queue *queue)
{
    if (queue->maxsize == 0)
        return SIZE_MAX;
    return queue->maxsize > queue->items.count ? queue->maxsize - queue->items.count : 0;
}

/* How many of the first items went. With the lock. */
static size_t move_items(waldo__queue *from, waldo__queue *to, size_t max)
{
    size_t room = from == to ? SIZE_MAX : room_in(to);
    waldo__items moved = waldo__items_cut(&from->items, max < room ? max : room);
    size_t count = moved.count;
    waldo__queue_finish(from, count);
    for (waldo__item *item = moved.first; item; item = item->next)
        item->returned = 0;
    waldo__queue_enter(to, &moved);
    return count;
}

int waldo__queue_move(void *self, waldo_call *call, const Waldo__Builtin__QueueMove *arguments,
                      Google__Protobuf__Int64Value *result)
{
    if (arguments->max <= 0)
        return waldo_call_raise(call, WALDO_EVALUE, "'max' must be a positive number");
    waldo__object *object = NULL;
    int status =
        waldo__other_find(call, arguments->to, &waldo_builtin_queue_service, "put", &object);
    if (status < 0)
        return status;
    waldo__queue *from = self;
    waldo__queue *to = object->self;
    waldo__visits ready = {0};
    waldo__room_lock(from->room);
    bool is_shutdown = to->is_shutdown;
    if (!is_shutdown)
        result->value = (int64_t)move_items(from, to, (size_t)arguments->max);
    waldo__queue_serve(from, &ready);
    waldo__queue_serve(to, &ready);
    waldo__room_unlock(from->room);
    waldo__visits_complete(&ready);
    waldo__other_release(object);
    return is_shutdown ? waldo_call_raise(call, WALDO_ESHUTDOWN, "the other queue was shut down")
                       : 0;
}
