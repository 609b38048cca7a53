/* Queue: Python's queue.Queue (rows G1-G11), and more in one trip. */
#include "types/queue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "planted.h"
#include "types/builtins.h"
#include "types/container.h"

/* ---- life ---- */

static int create(void *type_data, waldo_call *call,
                  const Waldo__Builtin__QueueArguments *arguments, void **ret_self)
{
    waldo__queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a Queue");
    queue->room = waldo__room_ref(type_data);
    queue->maxsize = arguments->maxsize > 0 ? (size_t)arguments->maxsize : 0;
    *ret_self = queue;
    return 0;
}

static void destroy(void *self)
{
    waldo__queue *queue = self;
    waldo__taken_free_all(queue);
    waldo__items_free(&queue->items);
    waldo__room_unref(queue->room);
    free(queue);
}

static int repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    waldo__queue *queue = self;
    char text[128];
    waldo__room_lock(queue->room);
    snprintf(text, sizeof text, "<queue.Queue object: maxsize %zu, %zu items, %llu unfinished>",
             queue->maxsize, queue->items.count, (unsigned long long)queue->unfinished);
    waldo__room_unlock(queue->room);
    *ret_text = waldo_v_str(text);
    return *ret_text ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
}

/* ---- items; with the lock ---- */

void waldo__queue_enter(waldo__queue *queue, waldo__items *items)
{
    for (waldo__item *item = items->first; item; item = item->next)
        item->place = ++queue->last_place;
    queue->unfinished += items->count;
    waldo__items_join(&queue->items, items);
}

void waldo__queue_finish(waldo__queue *queue, uint64_t count)
{
    queue->unfinished -= count < queue->unfinished ? count : queue->unfinished;
}

void waldo__queue_put_back(waldo__queue *queue, waldo__item *item, waldo__items *dropped)
{
    if (!queue->is_held) { /* else it had not left */
        queue->returned++;
        item->returned++;
    }
    if (queue->is_closed) {
        waldo__items_append(dropped, item);
        waldo__queue_finish(queue, 1);
    } else if (waldo__planted(WALDO__PLANTED_RETURN_LAST)) {
        waldo__items_append(&queue->items, item);
    } else {
        waldo__items_insert(&queue->items, item);
    }
}

/* ---- arguments ---- */

/* A number, whose comparison with 0 says what is wrong with another value. */
static int get_number(waldo_call *call, const waldo_value *value, double *ret_number)
{
    int order;
    waldo_error error;
    waldo_value *zero = waldo_v_int64(0);
    int status = zero ? waldo_value_compare(value, zero, &order, &error)
                      : waldo_error_set(&error, WALDO_ENOMEM, "no memory");
    waldo_value_unref(zero);
    if (status >= 0)
        status = waldo_value_get_double(value, ret_number, &error);
    if (status == WALDO_EOVERFLOW) { /* beyond any time */
        *ret_number = order < 0 ? -1 : WALDO_FOREVER;
        return 0;
    }
    return status < 0 ? waldo__call_raise_error(call, &error) : status;
}

int waldo__seconds(waldo_call *call, const Waldo__Value *message, double *ret_seconds)
{
    *ret_seconds = WALDO_FOREVER;
    waldo_value *value;
    int status = waldo__optional_argument(call, message, &value);
    if (value && waldo_value_kind(value) != WALDO_KIND_NONE)
        status = get_number(call, value, ret_seconds);
    waldo_value_unref(value);
    return status;
}

int waldo__visit_set_wait(waldo__visit *visit, const Waldo__Value *block,
                          const Waldo__Value *timeout)
{
    waldo_value *value;
    int status = waldo__optional_argument(visit->call, block, &value);
    if (status < 0)
        return status;
    visit->block = !value || waldo_value_is_true(value);
    waldo_value_unref(value);
    if (!visit->block)
        return 0;
    status = waldo__seconds(visit->call, timeout, &visit->timeout);
    if (isnan(visit->timeout))
        visit->timeout = -1; /* no number to wait for */
    return status;
}

/* ---- results ---- */

static waldo_value *list_of(const waldo__items *items)
{
    waldo_value *list = waldo_v_list_of(NULL, 0);
    for (const waldo__item *item = items->first; list && item; item = item->next)
        if (waldo_value_list_append(list, waldo_value_ref(item->value), NULL) < 0)
            list = waldo_value_unref(list);
    return list;
}

static int fill_item(waldo_call *call, Waldo__Value **ret_message, const waldo_value *value)
{
    Waldo__Value *message = waldo_call_alloc(call, sizeof *message);
    if (!message)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    waldo__value__init(message);
    *ret_message = message;
    return waldo_call_set_value(call, message, waldo_value_ref(value));
}

static int fill(waldo__visit *visit, ProtobufCMessage *message)
{
    const waldo__delivery *delivery = visit->delivery;
    if (visit->kind == WALDO__GET_MANY)
        return waldo_call_set_value(visit->call, (Waldo__Value *)message,
                                    list_of(&delivery->items));
    if (visit->kind == WALDO__GET)
        return waldo_call_set_value(visit->call, (Waldo__Value *)message,
                                    waldo_value_ref(delivery->items.first->value));
    if (visit->kind == WALDO__GET_ANY) {
        Waldo__Builtin__QueueGot *got = (Waldo__Builtin__QueueGot *)message;
        got->index = (int64_t)visit->index;
        return fill_item(visit->call, &got->item, delivery->items.first->value);
    }
    Waldo__Builtin__QueueTaken *taken = (Waldo__Builtin__QueueTaken *)message;
    taken->ticket = (int64_t)delivery->ticket;
    taken->returned = delivery->returned;
    return fill_item(visit->call, &taken->item, delivery->value);
}

int waldo__visit_fill(waldo__visit *visit, ProtobufCMessage *result)
{
    int status = fill(visit, result);
    if (status < 0)
        waldo__call_lose(visit->call);
    return status;
}

/* ---- put ---- */

static int put_one(waldo__queue *queue, waldo_call *call, const Waldo__Value *item, bool may_block,
                   const Waldo__Value *block, const Waldo__Value *timeout)
{
    waldo__visit *visit = waldo__visit_new(call, queue, WALDO__PUT, 1);
    if (!visit)
        return WALDO_ENOMEM;
    waldo_value *value;
    int status = waldo__argument(call, item, "item", &value);
    if (status >= 0 && !waldo__items_add(&visit->items, value))
        status = waldo_call_raise(call, WALDO_ENOMEM, "no memory for an item");
    if (status >= 0)
        status = waldo__visit_set_wait(visit, block, timeout);
    visit->block = visit->block && may_block;
    return waldo__visit_begin(visit, status);
}

static int put(void *self, waldo_call *call, const Waldo__Builtin__QueuePut *arguments)
{
    return put_one(self, call, arguments->item, true, arguments->block, arguments->timeout);
}

static int put_nowait(void *self, waldo_call *call, const Waldo__Builtin__QueueItem *arguments)
{
    return put_one(self, call, arguments->item, false, NULL, NULL);
}

static int put_many(void *self, waldo_call *call, const Waldo__Builtin__QueuePutMany *arguments)
{
    waldo__queue *queue = self;
    if (queue->maxsize > 0 && arguments->n_items > queue->maxsize)
        return waldo_call_raise(call, WALDO_EVALUE, "%zu items never fit into a queue of %zu",
                                arguments->n_items, queue->maxsize);
    waldo__visit *visit = waldo__visit_new(call, queue, WALDO__PUT, 1);
    if (!visit)
        return WALDO_ENOMEM;
    int status = waldo__visit_set_wait(visit, arguments->block, arguments->timeout);
    for (size_t i = 0; i < arguments->n_items && status >= 0; i++) {
        waldo_value *value;
        status = waldo__optional_argument(call, arguments->items[i], &value);
        if (status >= 0 && !waldo__items_add(&visit->items, value))
            status = waldo_call_raise(call, WALDO_ENOMEM, "no memory for an item");
    }
    return waldo__visit_begin(visit, status);
}

/* ---- get ---- */

static int get_some(waldo__visit *visit, int64_t max, const Waldo__Value *block,
                    const Waldo__Value *timeout, Waldo__Value *result)
{
    if (!visit)
        return WALDO_ENOMEM;
    if (max <= 0)
        return waldo_call_raise(visit->call, WALDO_EVALUE, "'max' must be a positive number");
    visit->max = (size_t)max;
    int status = waldo__visit_set_wait(visit, block, timeout);
    status = waldo__visit_begin(visit, status);
    return status == 0 ? waldo__visit_fill(visit, &result->base) : status;
}

static int get(void *self, waldo_call *call, const Waldo__Builtin__QueueGet *arguments,
               Waldo__Value *result)
{
    return get_some(waldo__visit_new(call, self, WALDO__GET, 1), 1, arguments->block,
                    arguments->timeout, result);
}

static int get_nowait(void *self, waldo_call *call, Waldo__Value *result)
{
    Waldo__Value no = WALDO__VALUE__INIT;
    no.kind_case = WALDO__VALUE__KIND_BOOLEAN;
    return get_some(waldo__visit_new(call, self, WALDO__GET, 1), 1, &no, NULL, result);
}

static int get_many(void *self, waldo_call *call, const Waldo__Builtin__QueueGetMany *arguments,
                    Waldo__Value *result)
{
    return get_some(waldo__visit_new(call, self, WALDO__GET_MANY, 1), arguments->max,
                    arguments->block, arguments->timeout, result);
}

/* ---- how full it is ---- */

static int qsize(void *self, waldo_call *call, Google__Protobuf__Int64Value *result)
{
    (void)call;
    waldo__queue *queue = self;
    waldo__room_lock(queue->room);
    result->value = (int64_t)queue->items.count;
    waldo__room_unlock(queue->room);
    return 0;
}

static int empty(void *self, waldo_call *call, Google__Protobuf__BoolValue *result)
{
    (void)call;
    waldo__queue *queue = self;
    waldo__room_lock(queue->room);
    result->value = queue->items.count == 0;
    waldo__room_unlock(queue->room);
    return 0;
}

static int full(void *self, waldo_call *call, Google__Protobuf__BoolValue *result)
{
    (void)call;
    waldo__queue *queue = self;
    waldo__room_lock(queue->room);
    result->value = queue->maxsize > 0 && queue->items.count >= queue->maxsize;
    waldo__room_unlock(queue->room);
    return 0;
}

static int counts(void *self, waldo_call *call, Waldo__Builtin__QueueCounts *result)
{
    (void)call;
    waldo__queue *queue = self;
    waldo__room_lock(queue->room);
    result->items = (int64_t)queue->items.count;
    result->unfinished = (int64_t)queue->unfinished;
    result->taken = waldo__taken_count(queue);
    result->returned = (int64_t)queue->returned;
    result->getters = (int64_t)queue->getters.count;
    result->putters = (int64_t)queue->putters.count;
    result->is_shutdown = queue->is_shutdown;
    waldo__room_unlock(queue->room);
    return 0;
}

/* ---- what is done, and the end ---- */

static int task_done(void *self, waldo_call *call)
{
    waldo__queue *queue = self;
    waldo__items none = {0};
    waldo__room_lock(queue->room);
    bool some = queue->unfinished > 0;
    waldo__queue_finish(queue, 1);
    waldo__queue_leave(queue, &none);
    return some ? 0 : waldo_call_raise(call, WALDO_EVALUE, "task_done() called too many times");
}

static int join(void *self, waldo_call *call)
{
    waldo__visit *visit = waldo__visit_new(call, self, WALDO__JOIN, 1);
    return visit ? waldo__visit_begin(visit, 0) : WALDO_ENOMEM;
}

static int shut_down(void *self, waldo_call *call, const Waldo__Builtin__QueueShutdown *arguments)
{
    (void)call;
    waldo__queue *queue = self;
    waldo__items dropped = {0};
    waldo__room_lock(queue->room);
    queue->is_shutdown = true;
    if (arguments->immediate) {
        queue->is_closed = true;
        waldo__queue_finish(queue, queue->items.count);
        waldo__items_join(&dropped, &queue->items);
    }
    waldo__queue_leave(queue, &dropped);
    return 0;
}

const struct waldo_builtin_queue_ops waldo__queue_ops = {
    .create = create,
    .destroy = destroy,
    .repr = repr,
    .session_ended = waldo__queue_session_ended,
    .put = put,
    .put_nowait = put_nowait,
    .get = get,
    .get_nowait = get_nowait,
    .qsize = qsize,
    .empty = empty,
    .full = full,
    .task_done = task_done,
    .join = join,
    .shutdown = shut_down,
    .put_many = put_many,
    .get_many = get_many,
    .get_any = waldo__queue_get_any,
    .move = waldo__queue_move,
    .take = waldo__queue_take,
    .acknowledge = waldo__queue_acknowledge,
    .give_back = waldo__queue_give_back,
    .renew = waldo__queue_renew,
    .counts = counts,
};
