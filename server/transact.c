/* Transactions: calls on several builtin objects, all of which are done as one, or none.
 *
 * The objects are held in the order of their ids, those of the waiting room last. Then each step
 * runs its method's handler on this thread, with a call of its own that keeps the result. If one
 * fails, what they carried is put back, and what was saved takes the objects' place. Nobody sees
 * anything in between. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "server_internal.h"
#include "types/other.h"
#include "types/participant.h"
#include "value/convert.h"

/* What a reply has besides its body, and more. */
enum { ENVELOPE_SIZE = 128 };

/* An object that is held: a step's own, or one that an argument names, which a handler may read. */
typedef struct member {
    waldo__object *object; /* pinned */
    const waldo__participant *participant;
    uint64_t order; /* the id of what self belongs to */
    bool is_saved;
    void *saved;
} member;

typedef struct transaction {
    waldo_call *call;
    const Waldo__Wire__Steps *steps;
    waldo_call **calls; /* of the steps, as far as they were begun */
    size_t begun;
    member *members;
    size_t count;
    size_t capacity;
    Waldo__Wire__Outcome outcome;
} transaction;

/* ---- members ---- */

static uint64_t order_of(const waldo__object *object)
{
    return waldo__object_root(object)->id;
}

/* Takes over the pin. */
static int add_member(transaction *t, waldo__object *object)
{
    if (t->count == t->capacity) {
        size_t capacity = t->capacity > 0 ? 2 * t->capacity : 8;
        member *members = realloc(t->members, capacity * sizeof *members);
        if (!members) {
            waldo__other_release(object);
            return waldo_call_raise(t->call, WALDO_ENOMEM, "no memory for a transaction");
        }
        t->members = members;
        t->capacity = capacity;
    }
    t->members[t->count++] = (member){.object = object,
                                      .participant = waldo__participant_find(object->type->service),
                                      .order = order_of(object)};
    return 0;
}

/* The container that an argument names, if it does. */
static int add_named(transaction *t, const Waldo__Ref *ref)
{
    waldo_server *server = t->call->server;
    if (ref->incarnation != server->incarnation)
        return 0;
    waldo__server_lock(server);
    waldo__object *object = waldo__object_find(server, ref->object);
    waldo__server_unlock(server);
    if (object && waldo__participant_find(object->type->service))
        return add_member(t, object);
    waldo__other_release(object);
    return 0;
}

static int add_all_named(transaction *t, Waldo__Value *const *values, size_t count);

static int add_named_in(transaction *t, const Waldo__Value *value)
{
    switch (value->kind_case) {
    case WALDO__VALUE__KIND_REF:
        return add_named(t, value->ref);
    case WALDO__VALUE__KIND_LIST:
        return add_all_named(t, value->list->items, value->list->n_items);
    case WALDO__VALUE__KIND_TUPLE:
        return add_all_named(t, value->tuple->items, value->tuple->n_items);
    case WALDO__VALUE__KIND_DICT:
        return add_all_named(t, value->dict->values, value->dict->n_values);
    default:
        return 0;
    }
}

/* As deep as the message was allowed to be. */
static int add_all_named(transaction *t, Waldo__Value *const *values, size_t count)
{
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++)
        status = add_named_in(t, values[i]);
    return status;
}

static int compare(const void *left, const void *right)
{
    const member *a = left, *b = right;
    if (a->participant->in_room != b->participant->in_room)
        return a->participant->in_room ? 1 : -1;
    return a->order == b->order ? 0 : a->order < b->order ? -1 : 1;
}

/* In the order in which they are held, each once: two names of one object are one member. */
static void sort_members(transaction *t)
{
    if (t->count == 0)
        return;
    qsort(t->members, t->count, sizeof *t->members, compare);
    size_t last = 0;
    for (size_t i = 1; i < t->count; i++) {
        if (t->members[i].order == t->members[last].order)
            waldo__other_release(t->members[i].object);
        else
            t->members[++last] = t->members[i];
    }
    t->count = last + 1;
}

static member *member_of(transaction *t, const waldo__object *object)
{
    uint64_t order = order_of(object);
    size_t i = 0;
    while (t->members[i].order != order)
        i++;
    return &t->members[i];
}

/* ---- preparing ---- */

static int prepare_step(transaction *t, const Waldo__Wire__Step *step, waldo_call **ret_call)
{
    waldo__object *object;
    int status = waldo__other_find(t->call, step->object, NULL, step->method, &object);
    if (status < 0)
        return status;
    const waldo__type *type = object->type;
    const waldo_service_method *method =
        &type->service->methods[waldo__service_find(type->service, step->method)];
    const waldo__participant *participant = waldo__participant_find(type->service);
    waldo_call *call = NULL;
    if (!participant || !waldo__participant_offers(participant, method))
        status = waldo_call_raise(t->call, WALDO_ETYPE,
                                  "'%s' of a '%s' cannot be a step of a transaction", method->name,
                                  type->type_id);
    else if (!(call = waldo__call_new_internal(t->call->server, t->call->session)))
        status = waldo_call_raise(t->call, WALDO_ENOMEM, "no memory for a transaction");
    if (status < 0) {
        waldo__other_release(object);
        return status;
    }
    call->request->thread = t->call->request->thread;
    call->deadline = t->call->deadline;
    call->object = object;
    call->type = type;
    call->method = method;
    call->is_step = true;
    *ret_call = call;
    waldo__server_lock(call->server);
    waldo__object_pin(object);
    waldo__server_unlock(call->server);
    status = add_member(t, object);
    return status < 0 || !step->arguments ? status : add_named_in(t, step->arguments);
}

/* ---- running ---- */

static int convert_arguments(waldo_call *call, const Waldo__Value *message)
{
    waldo_value *value;
    int status = waldo_value_from_message(message, &value, call->reterr);
    if (status < 0)
        return status;
    if (call->method->input)
        status = waldo__convert_to_message(value, call->method->input, &call->arena.allocator,
                                           &call->arguments, call->reterr);
    waldo_value_unref(value);
    return status;
}

static int check_expected(waldo_call *call, const Waldo__Value *message)
{
    waldo_value *expected;
    int status = waldo_value_from_message(message, &expected, call->reterr);
    if (status < 0)
        return status;
    status = waldo_value_equal(call->step_result, expected, call->reterr);
    if (status == 0) {
        char *result_text = waldo_value_repr(call->step_result);
        char *expected_text = waldo_value_repr(expected);
        status =
            waldo_call_raise(call, WALDO_EASSERTION, "the result is %.100s, and not %.100s",
                             result_text ? result_text : "?", expected_text ? expected_text : "?");
        free(result_text);
        free(expected_text);
    }
    waldo_value_unref(expected);
    return status < 0 ? status : 0;
}

static int run_step(transaction *t, waldo_call *call, const Waldo__Wire__Step *step)
{
    member *one = member_of(t, call->object);
    int status = convert_arguments(call, step->arguments);
    if (status >= 0 && !one->is_saved && !(call->method->flags & WALDO_METHOD_READ_ONLY)) {
        status = one->participant->save(one->object->self, call, &one->saved);
        one->is_saved = status >= 0;
    }
    if (status >= 0)
        status = call->method->invoke(call, call->type->ops, call->object->self, call->arguments);
    if (status == 0 && call->method->flags & WALDO_METHOD_RETURNS_PROXY)
        status = waldo_call_return(call, NULL);
    if (status > 0 || (status == 0 && !call->step_result))
        return waldo_call_raise(call, WALDO_ERUNTIME, "the handler returned %d", status);
    return status >= 0 && step->expected ? check_expected(call, step->expected) : status;
}

/* What the step raised becomes the transaction's error. */
static int run_with_error(transaction *t, waldo_call *call, const Waldo__Wire__Step *step)
{
    waldo_error room;
    room.code = 0;
    call->reterr = &room;
    waldo__holds_set_holder(call->object->id, call->session->number);
    int status = run_step(t, call, step);
    waldo__holds_set_holder(0, 0);
    if (status < 0 && call->error && call->error->code == status)
        return waldo__call_raise_error(t->call, call->error);
    if (status < 0 && room.code == status)
        return waldo__call_raise_error(t->call, &room);
    return status < 0 ? waldo_call_raise(t->call, status, "%s", waldo_error_text(status)) : 0;
}

static int add_result(transaction *t, const waldo_call *call)
{
    Waldo__Value *message;
    waldo_error error;
    int status =
        waldo_value_to_message(call->step_result, &t->call->arena.allocator, &message, &error);
    if (status < 0)
        return waldo__call_raise_error(t->call, &error);
    t->outcome.results[t->outcome.n_results++] = message;
    return 0;
}

/* A reply that cannot be sent must not be the end of what was done. */
static int check_size(transaction *t)
{
    size_t limit = waldo__call_reply_limit(t->call);
    size_t size = protobuf_c_message_get_packed_size(&t->outcome.base) + ENVELOPE_SIZE;
    return size <= limit ? 0
                         : waldo_call_raise(t->call, WALDO_ETOOBIG,
                                            "the results have %zu bytes, more than the %zu that "
                                            "are allowed",
                                            size, limit);
}

static int run_all(transaction *t)
{
    int status = 0;
    for (size_t i = 0; i < t->steps->n_steps && status >= 0; i++) {
        t->outcome.failed = (uint32_t)i + 1;
        t->begun = i + 1;
        status = run_with_error(t, t->calls[i], t->steps->steps[i]);
        if (status >= 0)
            status = add_result(t, t->calls[i]);
    }
    /* Without steps there is nothing to undo, nor one that has failed. */
    if (status >= 0 && t->steps->n_steps > 0)
        status = check_size(t);
    return status;
}

static void undo(transaction *t)
{
    for (size_t i = t->begun; i-- > 0;)
        if (t->calls[i]->on_lost)
            t->calls[i]->on_lost(t->calls[i]->object->self, t->calls[i]->lost_data);
    for (size_t i = 0; i < t->count; i++) {
        member *one = &t->members[i];
        if (one->is_saved)
            one->participant->restore(one->object->self, one->saved);
        one->is_saved = false;
    }
}

static int run(transaction *t)
{
    sort_members(t);
    for (size_t i = 0; i < t->count; i++)
        t->members[i].participant->hold(t->members[i].object->self);
    int status = run_all(t);
    if (status < 0)
        undo(t);
    for (size_t i = t->count; i-- > 0;)
        t->members[i].participant->let_go(t->members[i].object->self);
    return status;
}

/* ---- the whole ---- */

static int begin(transaction *t)
{
    size_t count = t->steps->n_steps;
    waldo__wire__outcome__init(&t->outcome);
    t->calls = waldo_call_alloc(t->call, (count + 1) * sizeof(waldo_call *));
    t->outcome.results = waldo_call_alloc(t->call, (count + 1) * sizeof(Waldo__Value *));
    if (!t->calls || !t->outcome.results)
        return waldo_call_raise(t->call, WALDO_ENOMEM, "no memory for a transaction");
    return 0;
}

static int prepare(transaction *t)
{
    int status = 0;
    for (size_t i = 0; i < t->steps->n_steps && status >= 0; i++) {
        t->outcome.failed = (uint32_t)i + 1;
        status = prepare_step(t, t->steps->steps[i], &t->calls[i]);
    }
    return status;
}

static void end(transaction *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (t->members[i].is_saved)
            t->members[i].participant->forget(t->members[i].saved);
        waldo__other_release(t->members[i].object);
    }
    for (size_t i = 0; t->calls && i < t->steps->n_steps; i++) {
        if (t->calls[i])
            waldo_value_unref(t->calls[i]->step_result);
        waldo__call_unref(t->calls[i]);
    }
    free(t->members);
}

/* The reply that says which step failed. */
static void answer_failure(transaction *t, int status)
{
    Waldo__Failure failure = WALDO__FAILURE__INIT;
    Waldo__Wire__Outcome outcome = WALDO__WIRE__OUTCOME__INIT;
    const waldo_error *error = t->call->error;
    char trace[128];
    snprintf(trace, sizeof trace, "in step %" PRIu32 " of a transaction, '%.64s'",
             t->outcome.failed, t->steps->steps[t->outcome.failed - 1]->method);
    failure.code = status;
    failure.type_name = error ? (char *)error->type_name : (char *)waldo_error_type(status);
    failure.message = error ? (char *)error->message : (char *)waldo_error_text(status);
    failure.trace = trace;
    outcome.failed = t->outcome.failed;
    outcome.error = &failure;
    waldo__call_answer(t->call, &outcome.base);
}

int waldo__step_transact(waldo_call *call)
{
    transaction t = {.call = call};
    ProtobufCMessage *message = NULL;
    int status = waldo__call_unpack_body(call, &waldo__wire__steps__descriptor, &message);
    if (status < 0)
        return status;
    t.steps = (const Waldo__Wire__Steps *)message;
    status = begin(&t);
    if (status < 0)
        return status;
    status = prepare(&t);
    if (status >= 0)
        status = run(&t);
    if (status < 0) {
        answer_failure(&t, status);
    } else {
        t.outcome.failed = 0;
        waldo__call_answer(call, &t.outcome.base);
    }
    end(&t);
    return 0;
}
