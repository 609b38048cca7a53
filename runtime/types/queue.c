#include <waldo/queue.h>

#include <math.h>

#include "proxy/proxy_internal.h"
#include "types/arguments.h"
#include "types/handle.h"
#include "waldo/builtins.proxy.h"

/* ---- life ---- */

int waldo_queue_new(waldo_manager *manager, int64_t maxsize, waldo_queue **ret_queue,
                    waldo_error *reterr)
{
    Waldo__Builtin__QueueArguments arguments = WALDO__BUILTIN__QUEUE_ARGUMENTS__INIT;
    arguments.maxsize = maxsize;
    return waldo_builtin_queue_new(manager, &arguments, ret_queue, reterr);
}

WALDO__DEFINE_HANDLE(queue, queue, queue)

/* ---- arguments ---- */

/* A number of seconds as an argument; NULL, and so nothing, for ever. */
static Waldo__Value *seconds_in(Waldo__Value *message, double seconds)
{
    if (isinf(seconds) && seconds > 0)
        return NULL;
    waldo__value__init(message);
    message->kind_case = WALDO__VALUE__KIND_REAL;
    message->real = seconds;
    return message;
}

/* The reference that names the queue in an argument. */
static Waldo__Ref reference_to(waldo_queue *queue)
{
    const waldo_proxy *proxy = waldo_queue_proxy(queue);
    Waldo__Ref reference = WALDO__REF__INIT;
    reference.incarnation = proxy->incarnation;
    reference.object = proxy->object;
    reference.typeid_ = (char *)waldo_proxy_typeid(proxy);
    return reference;
}

/* Calls a method that waits. */
static int call_waiting(waldo_queue *queue, const char *method,
                        const ProtobufCMessageDescriptor *output, const ProtobufCMessage *arguments,
                        double timeout, ProtobufCMessage **ret_result, waldo_error *reterr)
{
    double seconds = timeout > 0 ? timeout : 0; /* the server refuses others */
    return waldo__proxy_invoke_waiting(waldo_queue_proxy(queue), &waldo_builtin_queue_type, method,
                                       output, arguments, seconds, ret_result, reterr);
}

/* ---- as in Python ---- */

int waldo_queue_put(waldo_queue *queue, waldo_value *item, double timeout, waldo_error *reterr)
{
    Waldo__Builtin__QueuePut message = WALDO__BUILTIN__QUEUE_PUT__INIT;
    Waldo__Value seconds;
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    message.item = waldo__arguments_add(&arguments, item);
    message.timeout = seconds_in(&seconds, timeout);
    int status = arguments.status;
    if (status >= 0)
        status = call_waiting(queue, "put", NULL, &message.base, timeout, NULL, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_queue_get(waldo_queue *queue, double timeout, waldo_value **ret_item, waldo_error *reterr)
{
    Waldo__Builtin__QueueGet message = WALDO__BUILTIN__QUEUE_GET__INIT;
    Waldo__Value seconds;
    message.timeout = seconds_in(&seconds, timeout);
    ProtobufCMessage *result = NULL;
    int status = call_waiting(queue, "get", &waldo__value__descriptor, &message.base, timeout,
                              &result, reterr);
    return waldo__take_value(status, (Waldo__Value *)result, ret_item, reterr);
}

int waldo_queue_qsize(waldo_queue *queue, int64_t *ret_size, waldo_error *reterr)
{
    Google__Protobuf__Int64Value *result;
    int status = waldo_builtin_queue_qsize(queue, &result, reterr);
    if (status < 0)
        return status;
    *ret_size = result->value;
    google__protobuf__int64_value__free_unpacked(result, NULL);
    return 0;
}

static int take_truth(int status, Google__Protobuf__BoolValue *result)
{
    if (status < 0)
        return status;
    status = result->value;
    google__protobuf__bool_value__free_unpacked(result, NULL);
    return status;
}

int waldo_queue_empty(waldo_queue *queue, waldo_error *reterr)
{
    Google__Protobuf__BoolValue *result = NULL;
    int status = waldo_builtin_queue_empty(queue, &result, reterr);
    return take_truth(status, result);
}

int waldo_queue_full(waldo_queue *queue, waldo_error *reterr)
{
    Google__Protobuf__BoolValue *result = NULL;
    int status = waldo_builtin_queue_full(queue, &result, reterr);
    return take_truth(status, result);
}

int waldo_queue_task_done(waldo_queue *queue, waldo_error *reterr)
{
    return waldo_builtin_queue_task_done(queue, reterr);
}

int waldo_queue_join(waldo_queue *queue, waldo_error *reterr)
{
    const waldo_proxy *proxy = waldo_queue_proxy(queue);
    double own = atomic_load_explicit(&proxy->timeout, memory_order_relaxed);
    return call_waiting(queue, "join", NULL, NULL, own > 0 ? own : WALDO_FOREVER, NULL, reterr);
}

int waldo_queue_shutdown(waldo_queue *queue, bool immediate, waldo_error *reterr)
{
    Waldo__Builtin__QueueShutdown message = WALDO__BUILTIN__QUEUE_SHUTDOWN__INIT;
    message.immediate = immediate;
    return waldo_builtin_queue_shutdown(queue, &message, reterr);
}

/* ---- many in one trip ---- */

int waldo_queue_put_many(waldo_queue *queue, waldo_value *items, double timeout,
                         waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    const Waldo__Value *packed = waldo__arguments_add(&arguments, items);
    int status = arguments.status;
    const Waldo__Sequence *sequence = NULL;
    if (status >= 0 && packed->kind_case == WALDO__VALUE__KIND_LIST)
        sequence = packed->list;
    else if (status >= 0 && packed->kind_case == WALDO__VALUE__KIND_TUPLE)
        sequence = packed->tuple;
    else if (status >= 0)
        status = waldo_error_set(reterr, WALDO_ETYPE, "the items must be a list or a tuple");
    if (sequence) {
        Waldo__Builtin__QueuePutMany message = WALDO__BUILTIN__QUEUE_PUT_MANY__INIT;
        Waldo__Value seconds;
        message.items = sequence->items;
        message.n_items = sequence->n_items;
        message.timeout = seconds_in(&seconds, timeout);
        status = call_waiting(queue, "put_many", NULL, &message.base, timeout, NULL, reterr);
    }
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_queue_get_many(waldo_queue *queue, size_t max, double timeout, waldo_value **ret_items,
                         waldo_error *reterr)
{
    Waldo__Builtin__QueueGetMany message = WALDO__BUILTIN__QUEUE_GET_MANY__INIT;
    Waldo__Value seconds;
    message.max = max < INT64_MAX ? (int64_t)max : INT64_MAX;
    message.timeout = seconds_in(&seconds, timeout);
    ProtobufCMessage *result = NULL;
    int status = call_waiting(queue, "get_many", &waldo__value__descriptor, &message.base, timeout,
                              &result, reterr);
    return waldo__take_value(status, (Waldo__Value *)result, ret_items, reterr);
}

static int take_got(Waldo__Builtin__QueueGot *got, size_t *ret_index, waldo_value **ret_item,
                    waldo_error *reterr)
{
    waldo_value *item;
    int status = waldo_value_from_message(got->item, &item, reterr);
    if (status >= 0) {
        *ret_index = (size_t)got->index;
        *ret_item = item;
    }
    waldo__builtin__queue_got__free_unpacked(got, NULL);
    return status;
}

/* The queues after the first, as the message's `others`. false: out of memory. */
static bool add_others(waldo__arguments *arguments, Waldo__Builtin__QueueGetAny *message,
                       waldo_queue *const *queues, size_t count)
{
    Waldo__Ref *references = waldo__arena_alloc(&arguments->arena, count * sizeof *references);
    message->others = waldo__arena_alloc(&arguments->arena, count * sizeof *message->others);
    if (!references || !message->others)
        return false;
    for (size_t i = 1; i < count; i++) {
        references[i] = reference_to(queues[i]);
        message->others[message->n_others++] = &references[i];
    }
    return true;
}

int waldo_queue_get_any(waldo_queue *const *queues, size_t count, double timeout, size_t *ret_index,
                        waldo_value **ret_item, waldo_error *reterr)
{
    if (count == 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "there are no queues to get from");
    Waldo__Builtin__QueueGetAny message = WALDO__BUILTIN__QUEUE_GET_ANY__INIT;
    Waldo__Value seconds;
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    message.timeout = seconds_in(&seconds, timeout);
    ProtobufCMessage *result = NULL;
    int status = add_others(&arguments, &message, queues, count)
                     ? call_waiting(queues[0], "get_any", &waldo__builtin__queue_got__descriptor,
                                    &message.base, timeout, &result, reterr)
                     : waldo_error_set(reterr, WALDO_ENOMEM, "no memory for the arguments");
    waldo__arguments_end(&arguments);
    if (status < 0)
        return status;
    return take_got((Waldo__Builtin__QueueGot *)result, ret_index, ret_item, reterr);
}

int waldo_queue_move(waldo_queue *from, waldo_queue *to, size_t max, int64_t *ret_moved,
                     waldo_error *reterr)
{
    Waldo__Builtin__QueueMove message = WALDO__BUILTIN__QUEUE_MOVE__INIT;
    Waldo__Ref reference = reference_to(to);
    message.to = &reference;
    message.max = max < INT64_MAX ? (int64_t)max : INT64_MAX;
    Google__Protobuf__Int64Value *result;
    int status = waldo_builtin_queue_move(from, &message, &result, reterr);
    if (status < 0)
        return status;
    if (ret_moved)
        *ret_moved = result->value;
    google__protobuf__int64_value__free_unpacked(result, NULL);
    return 0;
}

/* ---- what stays in the queue's care ---- */

static int take_taken(Waldo__Builtin__QueueTaken *taken, waldo_queue_taken *ret_taken,
                      waldo_error *reterr)
{
    waldo_value *item;
    int status = waldo_value_from_message(taken->item, &item, reterr);
    if (status >= 0)
        *ret_taken = (waldo_queue_taken){taken->ticket, taken->returned, item};
    waldo__builtin__queue_taken__free_unpacked(taken, NULL);
    return status;
}

int waldo_queue_take(waldo_queue *queue, double lease, double timeout, waldo_queue_taken *ret_taken,
                     waldo_error *reterr)
{
    Waldo__Builtin__QueueTake message = WALDO__BUILTIN__QUEUE_TAKE__INIT;
    Waldo__Value lease_value, timeout_value;
    message.lease = seconds_in(&lease_value, lease);
    message.timeout = seconds_in(&timeout_value, timeout);
    ProtobufCMessage *result = NULL;
    int status = call_waiting(queue, "take", &waldo__builtin__queue_taken__descriptor,
                              &message.base, timeout, &result, reterr);
    if (status < 0)
        return status;
    return take_taken((Waldo__Builtin__QueueTaken *)result, ret_taken, reterr);
}

int waldo_queue_acknowledge(waldo_queue *queue, int64_t ticket, waldo_error *reterr)
{
    Waldo__Builtin__QueueTicket message = WALDO__BUILTIN__QUEUE_TICKET__INIT;
    message.ticket = ticket;
    return waldo_builtin_queue_acknowledge(queue, &message, reterr);
}

int waldo_queue_give_back(waldo_queue *queue, int64_t ticket, waldo_error *reterr)
{
    Waldo__Builtin__QueueTicket message = WALDO__BUILTIN__QUEUE_TICKET__INIT;
    message.ticket = ticket;
    return waldo_builtin_queue_give_back(queue, &message, reterr);
}

int waldo_queue_renew(waldo_queue *queue, int64_t ticket, double lease, waldo_error *reterr)
{
    Waldo__Builtin__QueueRenew message = WALDO__BUILTIN__QUEUE_RENEW__INIT;
    Waldo__Value seconds;
    message.ticket = ticket;
    message.lease = seconds_in(&seconds, lease);
    return waldo_builtin_queue_renew(queue, &message, reterr);
}

int waldo_queue_get_counts(waldo_queue *queue, waldo_queue_counts *ret_counts, waldo_error *reterr)
{
    Waldo__Builtin__QueueCounts *counts;
    int status = waldo_builtin_queue_counts(queue, &counts, reterr);
    if (status < 0)
        return status;
    *ret_counts = (waldo_queue_counts){.items = counts->items,
                                       .unfinished = counts->unfinished,
                                       .taken = counts->taken,
                                       .returned = counts->returned,
                                       .getters = counts->getters,
                                       .putters = counts->putters,
                                       .is_shutdown = counts->is_shutdown};
    waldo__builtin__queue_counts__free_unpacked(counts, NULL);
    return 0;
}
