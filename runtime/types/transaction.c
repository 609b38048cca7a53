#include <waldo/transaction.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/proxy_internal.h"
#include "types/arguments.h"
#include "wire/scan.h"

typedef struct step {
    waldo_proxy *proxy;
    char *method;
    waldo_value *arguments;
    waldo_value *expected; /* NULL: any result will do */
} step;

struct waldo_transaction {
    waldo_manager *manager;
    step *steps;
    size_t count;
    size_t capacity;
    int failed;
};

int waldo_transaction_new(waldo_manager *manager, waldo_transaction **ret_transaction,
                          waldo_error *reterr)
{
    waldo_transaction *made = calloc(1, sizeof *made);
    if (!made)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a transaction");
    made->manager = waldo_manager_ref(manager);
    made->failed = -1;
    *ret_transaction = made;
    return 0;
}

static void free_step(step *one)
{
    waldo_proxy_unref(one->proxy);
    free(one->method);
    waldo_value_unref(one->arguments);
    waldo_value_unref(one->expected);
}

waldo_transaction *waldo_transaction_unref(waldo_transaction *transaction)
{
    if (!transaction)
        return NULL;
    for (size_t i = 0; i < transaction->count; i++)
        free_step(&transaction->steps[i]);
    free(transaction->steps);
    waldo_manager_unref(transaction->manager);
    free(transaction);
    return NULL;
}

/* ---- steps ---- */

static bool reserve(waldo_transaction *transaction)
{
    if (transaction->count < transaction->capacity)
        return true;
    size_t capacity = transaction->capacity > 0 ? 2 * transaction->capacity : 8;
    step *steps = realloc(transaction->steps, capacity * sizeof *steps);
    if (!steps)
        return false;
    transaction->steps = steps;
    transaction->capacity = capacity;
    return true;
}

/* TAKES what the step has, also if it fails. */
static int add_step(waldo_transaction *transaction, step one, waldo_error *reterr)
{
    int status = 0;
    if (waldo_proxy_manager(one.proxy) != transaction->manager)
        status = waldo_error_set(reterr, WALDO_EVALUE,
                                 "the proxy is of another manager than the transaction");
    else if (!one.method || !one.arguments || !reserve(transaction))
        status = waldo_error_set(reterr, WALDO_ENOMEM,
                                 "no memory for a step, or NULL where waldo_v_none() is meant");
    if (status < 0)
        free_step(&one);
    else
        transaction->steps[transaction->count++] = one;
    return status;
}

int waldo_transaction_add(waldo_transaction *transaction, waldo_proxy *proxy, const char *method,
                          waldo_value *arguments, waldo_error *reterr)
{
    step one = {waldo_proxy_ref(proxy), strdup(method), arguments, NULL};
    return add_step(transaction, one, reterr);
}

int waldo_transaction_expect(waldo_transaction *transaction, waldo_proxy *proxy, const char *method,
                             waldo_value *arguments, waldo_value *expected, waldo_error *reterr)
{
    step one = {waldo_proxy_ref(proxy), strdup(method), arguments, expected};
    if (!expected) {
        free_step(&one);
        return waldo_error_set(reterr, WALDO_ENOMEM,
                               "no memory for a step, or NULL where waldo_v_none() is meant");
    }
    return add_step(transaction, one, reterr);
}

/* ---- committing ---- */

typedef struct packed_step {
    Waldo__Wire__Step step;
    Waldo__Ref object;
} packed_step;

static void pack_step(waldo__arguments *arguments, const step *one, packed_step *target)
{
    waldo__ref__init(&target->object);
    target->object.incarnation = one->proxy->incarnation;
    target->object.object = one->proxy->object;
    waldo__wire__step__init(&target->step);
    target->step.object = &target->object;
    target->step.method = one->method;
    target->step.arguments = waldo__arguments_add(arguments, waldo_value_ref(one->arguments));
    if (one->expected)
        target->step.expected = waldo__arguments_add(arguments, waldo_value_ref(one->expected));
}

static int pack(const waldo_transaction *transaction, waldo__arguments *arguments,
                Waldo__Wire__Steps *ret_steps)
{
    size_t count = transaction->count;
    packed_step *packed = waldo__arena_alloc(&arguments->arena, (count + 1) * sizeof *packed);
    ret_steps->steps =
        waldo__arena_alloc(&arguments->arena, (count + 1) * sizeof(Waldo__Wire__Step *));
    if (!packed || !ret_steps->steps)
        return waldo_error_set(arguments->reterr, WALDO_ENOMEM, "no memory for a transaction");
    for (size_t i = 0; i < count; i++) {
        pack_step(arguments, &transaction->steps[i], &packed[i]);
        ret_steps->steps[i] = &packed[i].step;
    }
    ret_steps->n_steps = count;
    return arguments->status;
}

static int explain(const Waldo__Failure *failure, waldo_error *reterr)
{
    if (!failure || failure->code >= 0)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a transaction failed without a reason");
    int status = waldo_error_set(reterr, failure->code, "%s", failure->message);
    if (reterr) {
        snprintf(reterr->type_name, sizeof reterr->type_name, "%s", failure->type_name);
        snprintf(reterr->trace, sizeof reterr->trace, "%s", failure->trace);
    }
    return status;
}

static int take_results(const Waldo__Wire__Outcome *outcome, waldo_value **ret_results,
                        waldo_error *reterr)
{
    waldo_value *results = waldo_v_list_of(NULL, 0);
    int status = results ? 0 : waldo_error_set(reterr, WALDO_ENOMEM, "no memory for the results");
    for (size_t i = 0; i < outcome->n_results && status >= 0; i++) {
        waldo_value *one;
        status = waldo_value_from_message(outcome->results[i], &one, reterr);
        if (status >= 0)
            status = waldo_value_list_append(results, one, reterr);
    }
    if (status < 0)
        waldo_value_unref(results);
    else
        *ret_results = results;
    return status;
}

static int read_outcome(waldo_transaction *transaction, const waldo__reply *reply,
                        waldo_value **ret_results, waldo_error *reterr)
{
    ProtobufCMessage *message;
    int status = waldo__unpack(&waldo__wire__outcome__descriptor, NULL, reply->reply->body.data,
                               reply->reply->body.len, &message, reterr);
    if (status < 0)
        return status;
    const Waldo__Wire__Outcome *outcome = (const Waldo__Wire__Outcome *)message;
    if (outcome->failed > 0) {
        transaction->failed = (int)outcome->failed - 1;
        status = explain(outcome->error, reterr);
    } else if (ret_results) {
        status = take_results(outcome, ret_results, reterr);
    }
    protobuf_c_message_free_unpacked(message, NULL);
    return status;
}

int waldo_transaction_commit(waldo_transaction *transaction, waldo_value **ret_results,
                             waldo_error *reterr)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    Waldo__Wire__Steps steps = WALDO__WIRE__STEPS__INIT;
    waldo_manager *manager = transaction->manager;
    waldo__arguments arguments;
    waldo__reply reply;
    request.operation = WALDO__WIRE__OPERATION__TRANSACT;
    transaction->failed = -1;
    waldo__arguments_begin(&arguments, reterr);
    int status = pack(transaction, &arguments, &steps);
    if (status >= 0)
        status =
            waldo__exchange(manager, &request, &steps.base, manager->call_timeout, &reply, reterr);
    waldo__arguments_end(&arguments);
    if (status < 0)
        return status;
    status = read_outcome(transaction, &reply, ret_results, reterr);
    waldo__reply_free(&reply);
    return status;
}

int waldo_transaction_failed_step(const waldo_transaction *transaction)
{
    return transaction->failed;
}
