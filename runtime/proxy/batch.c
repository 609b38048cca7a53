/* Batches, in the client: packed requests, and what became of each. */
#include <waldo/batch.h>

#include <limits.h>
#include <stdlib.h>

#include "memory/carry.h"
#include "proxy/proxy_internal.h"
#include "value/later.h"
#include "wire/envelope.h"
#include "wire/scan.h"

typedef struct entry {
    waldo_proxy *proxy;    /* NULL: it needs none */
    waldo__buffer request; /* packed */
    uint32_t object_from;
    bool uses_results;
    bool lacks_table; /* the server was not asked for it */
    /* Once the batch was run. */
    bool was_run;
    int status;
    waldo_value *value;
    waldo_error *error; /* NULL: there was no memory for it */
} entry;

struct waldo_batch {
    waldo_manager *manager;
    entry *entries;
    size_t count;
    size_t capacity;
    int status; /* of the first call that could not be added, and why; or 0 */
    waldo_error error;
    int run_status; /* of the last run, and why it gave no results */
    waldo_error run_error;
};

int waldo_batch_new(waldo_manager *manager, waldo_batch **ret_batch, waldo_error *reterr)
{
    waldo_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a batch");
    batch->manager = waldo_manager_ref(manager);
    *ret_batch = batch;
    return 0;
}

static void forget_results(waldo_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        entry *one = &batch->entries[i];
        waldo_value_unref(one->value);
        free(one->error);
        one->was_run = false;
        one->value = NULL;
        one->error = NULL;
    }
}

waldo_batch *waldo_batch_unref(waldo_batch *batch)
{
    if (!batch)
        return NULL;
    forget_results(batch);
    for (size_t i = 0; i < batch->count; i++) {
        waldo__buffer_free(&batch->entries[i].request);
        waldo_proxy_unref(batch->entries[i].proxy);
    }
    free(batch->entries);
    waldo_manager_unref(batch->manager);
    free(batch);
    return NULL;
}

/* ---- adding ---- */

static bool reserve(waldo_batch *batch)
{
    if (batch->count < batch->capacity)
        return true;
    size_t capacity = batch->capacity > 0 ? 2 * batch->capacity : 8;
    entry *entries = realloc(batch->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    batch->entries = entries;
    batch->capacity = capacity;
    return true;
}

static int check(const waldo_batch *batch, const entry *one, const waldo_value *arguments,
                 waldo_error *reterr)
{
    if (one->object_from > batch->count)
        return waldo_error_set(reterr, WALDO_EVALUE, "the batch has no call %d before this one",
                               (int)one->object_from - 1);
    if (one->proxy && one->proxy->manager != batch->manager)
        return waldo_error_set(reterr, WALDO_EVALUE,
                               "the proxy is of another manager than the batch");
    if (!arguments)
        return waldo__no_arguments(reterr);
    if (batch->count >= INT_MAX)
        return waldo_error_set(reterr, WALDO_ELIMIT, "too many calls in one batch");
    return 0;
}

/* The request with the arguments in it. */
static int pack(const waldo_batch *batch, entry *one, Waldo__Wire__Request *request,
                const waldo_value *arguments, waldo_error *reterr)
{
    waldo__later_scope scope = {.batch = batch, .call = (int)batch->count};
    waldo__arena arena;
    Waldo__Value *message;
    waldo__arena_init(&arena);
    int status = waldo__later_to_message(arguments, &scope, &arena.allocator, &message, reterr);
    if (status >= 0)
        status = waldo__envelope_request(&one->request, request, &message->base, reterr);
    waldo__arena_free(&arena);
    one->uses_results = scope.is_used;
    return status;
}

/* Takes a reference to the proxy. */
static int try_to_add(waldo_batch *batch, entry one, Waldo__Wire__Request *request,
                      const waldo_value *arguments, waldo_error *reterr)
{
    int status = check(batch, &one, arguments, reterr);
    if (status >= 0)
        status = pack(batch, &one, request, arguments, reterr);
    if (status >= 0 && !reserve(batch))
        status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a call");
    if (status < 0) {
        waldo__buffer_free(&one.request);
        return status;
    }
    waldo_proxy_ref(one.proxy);
    batch->entries[batch->count] = one;
    return (int)batch->count++;
}

/* TAKES arguments. */
static int add(waldo_batch *batch, entry one, Waldo__Wire__Request *request, waldo_value *arguments,
               waldo_error *reterr)
{
    waldo_error error;
    int status = try_to_add(batch, one, request, arguments, &error);
    waldo_value_unref(arguments);
    if (status >= 0)
        return status;
    if (batch->status == 0) {
        batch->status = status;
        batch->error = error;
    }
    if (reterr)
        *reterr = error;
    return status;
}

int waldo_batch_call(waldo_batch *batch, waldo_proxy *proxy, const char *method,
                     waldo_value *arguments, waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__dynamic_request(proxy, method, &request);
    return add(batch, (entry){.proxy = proxy}, &request, arguments, reterr);
}

/* As the server counts; one that there is not is none of those before. */
static uint32_t number_of(int call)
{
    return call < 0 ? UINT32_MAX : (uint32_t)call + 1;
}

int waldo_batch_call_on(waldo_batch *batch, int earlier, const char *method, waldo_value *arguments,
                        waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__dynamic_request(NULL, method, &request);
    return add(batch, (entry){.object_from = number_of(earlier)}, &request, arguments, reterr);
}

int waldo_batch_create(waldo_batch *batch, const char *type_id, waldo_value *arguments,
                       waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__create_request(batch->manager, type_id, true, &request);
    return add(batch, (entry){.lacks_table = !request.want_table}, &request, arguments, reterr);
}

waldo_value *waldo_batch_use(const waldo_batch *batch, int earlier)
{
    return waldo__v_later(batch, earlier);
}

/* ---- running ---- */

static int pack_all(const waldo_batch *batch, waldo__arena *arena, Waldo__Wire__Batch *ret_message,
                    waldo_error *reterr)
{
    size_t count = batch->count;
    Waldo__Wire__BatchCall *calls = waldo__arena_alloc(arena, (count + 1) * sizeof *calls);
    ret_message->calls = waldo__arena_alloc(arena, (count + 1) * sizeof(Waldo__Wire__BatchCall *));
    if (!calls || !ret_message->calls)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a batch");
    for (size_t i = 0; i < count; i++) {
        const entry *one = &batch->entries[i];
        waldo__wire__batch_call__init(&calls[i]);
        calls[i].request = (ProtobufCBinaryData){one->request.size, one->request.data};
        calls[i].object_from = one->object_from;
        calls[i].uses_results = one->uses_results;
        ret_message->calls[i] = &calls[i];
    }
    ret_message->n_calls = count;
    return 0;
}

static int take_result(waldo_manager *manager, entry *one, const ProtobufCBinaryData *packed,
                       unsigned life, waldo_error *reterr)
{
    waldo__reply reply;
    waldo__reply_init(&reply, life);
    int status =
        waldo__envelope_read_reply(&reply.arena, packed->data, packed->len, &reply.reply, reterr);
    if (status >= 0 && reply.reply->status < 0)
        status = waldo__remote_error(reply.reply, reterr);
    if (status >= 0)
        status = waldo__carry_in(reply.reply->buffers, reply.reply->n_buffers, false, NULL, reterr);
    if (status >= 0)
        status = waldo__result_of(manager, &reply, !one->lacks_table, &one->value, reterr);
    waldo__reply_free(&reply);
    return status;
}

/* How many failed. */
static int take_all(waldo_batch *batch, const Waldo__Wire__BatchReplies *replies, unsigned life)
{
    int failures = 0;
    for (size_t i = 0; i < batch->count; i++) {
        entry *one = &batch->entries[i];
        waldo_error error = WALDO_ERROR_INIT;
        one->was_run = true;
        one->status = take_result(batch->manager, one, &replies->replies[i], life, &error);
        if (one->status >= 0)
            continue;
        failures++;
        one->error = malloc(sizeof *one->error);
        if (one->error)
            *one->error = error;
    }
    return failures;
}

static int read_replies(waldo_batch *batch, waldo__reply *reply, waldo_error *reterr)
{
    ProtobufCMessage *message;
    const ProtobufCBinaryData *body = &reply->reply->body;
    int status = waldo__unpack(&waldo__wire__batch_replies__descriptor, &reply->arena.allocator,
                               body->data, body->len, &message, reterr);
    if (status < 0)
        return status;
    const Waldo__Wire__BatchReplies *replies = (const Waldo__Wire__BatchReplies *)message;
    if (replies->n_replies != batch->count)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "%zu replies came to the %zu calls of a "
                               "batch",
                               replies->n_replies, batch->count);
    return take_all(batch, replies, reply->life);
}

static int run(waldo_batch *batch, double seconds, waldo_error *reterr)
{
    waldo_manager *manager = batch->manager;
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    Waldo__Wire__Batch message = WALDO__WIRE__BATCH__INIT;
    waldo__arena arena;
    waldo__reply reply;
    request.operation = WALDO__WIRE__OPERATION__BATCH;
    forget_results(batch);
    waldo__arena_init(&arena);
    int status = pack_all(batch, &arena, &message, reterr);
    if (status >= 0)
        status = waldo__exchange(manager, &request, &message.base,
                                 seconds > 0 ? seconds : manager->call_timeout, &reply, reterr);
    waldo__arena_free(&arena);
    if (status < 0)
        return status;
    status = read_replies(batch, &reply, reterr);
    waldo__reply_free(&reply);
    return status;
}

int waldo_batch_run(waldo_batch *batch, double seconds, waldo_error *reterr)
{
    int status = waldo__check_seconds(seconds, "the timeout", reterr);
    if (status >= 0 && batch->status < 0) {
        if (reterr)
            *reterr = batch->error;
        status = batch->status;
    }
    if (status < 0)
        return status;
    waldo_error error = WALDO_ERROR_INIT;
    batch->run_status = run(batch, seconds, &error);
    batch->run_error = error;
    if (batch->run_status < 0 && reterr)
        *reterr = error;
    return batch->run_status;
}
/* ---- results ---- */

static int find_result(const waldo_batch *batch, int call, entry **ret_entry, waldo_error *reterr)
{
    if (call < 0 || (size_t)call >= batch->count)
        return waldo_error_set(reterr, WALDO_EVALUE, "the batch has no call %d", call);
    entry *one = &batch->entries[call];
    int ended = batch->run_status;
    if (!one->was_run && ended < 0) {
        waldo_error_set(reterr, ended,
                        "the batch ended without results, whether or not call %d was made: %.300s",
                        call, batch->run_error.message);
        return ended;
    }
    if (!one->was_run)
        return waldo_error_set(reterr, WALDO_EVALUE, "call %d of the batch was not run", call);
    if (one->status >= 0)
        *ret_entry = one;
    else if (!one->error)
        waldo_error_set(reterr, one->status, "%s", waldo_error_text(one->status));
    else if (reterr)
        *reterr = *one->error;
    return one->status;
}

int waldo_batch_result(waldo_batch *batch, int call, waldo_value **ret_result, waldo_error *reterr)
{
    entry *one;
    int status = find_result(batch, call, &one, reterr);
    if (status >= 0)
        *ret_result = waldo_value_ref(one->value);
    return status;
}

int waldo_batch_proxy(waldo_batch *batch, int call, waldo_proxy **ret_proxy, waldo_error *reterr)
{
    entry *one;
    int status = find_result(batch, call, &one, reterr);
    return status < 0 ? status
                      : waldo__proxy_in_result(batch->manager, one->value, ret_proxy, reterr);
}
