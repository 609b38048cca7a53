#include "perform.h"

#include <stdio.h>
#include <time.h>

/* ---- objects ---- */

const model *subject_model(enum subject_kind kind)
{
    static const model *const models[] = {
#define MODEL(name, model, ...) &(model),
        WALDO_SUBJECTS(MODEL)
#undef MODEL
    };
    return models[kind];
}

const int64_t *subject_configuration(enum subject_kind kind)
{
    static const int64_t configurations[][2] = {
#define CONFIGURATION(name, model, ...) {__VA_ARGS__},
        WALDO_SUBJECTS(CONFIGURATION)
#undef CONFIGURATION
    };
    return configurations[kind];
}

static int create_container(waldo_manager *manager, subject *one, waldo_error *reterr)
{
    switch (one->kind) {
    case SUBJECT_VALUE:
        return waldo_shared_value_new(manager, "q", waldo_v(0), &one->value, reterr);
    case SUBJECT_ARRAY:
        return waldo_shared_array_new(manager, 'q',
                                      waldo_v_list(waldo_v(0), waldo_v(0), waldo_v(0), waldo_v(0)),
                                      &one->array, reterr);
    case SUBJECT_LIST:
        return waldo_list_new(manager, &one->list, reterr);
    case SUBJECT_DICT:
        return waldo_dict_new(manager, &one->dict, reterr);
    case SUBJECT_NAMESPACE:
        return waldo_namespace_new(manager, &one->namespace_, reterr);
    default:
        return waldo_set_new(manager, &one->set, reterr);
    }
}

static int create_queues(waldo_manager *manager, subject *one, waldo_error *reterr)
{
    int status = 0;
    for (int i = 0; i < 2 && status >= 0; i++)
        status =
            waldo_queue_new(manager, subject_configuration(one->kind)[i], &one->queues[i], reterr);
    return status;
}

int subject_create(waldo_manager *manager, enum subject_kind kind, subject *ret_subject,
                   waldo_error *reterr)
{
    subject *one = ret_subject;
    *one = (subject){.kind = kind};
    switch (kind) {
    case SUBJECT_LOCK:
        return waldo_lock_new(manager, &one->lock, reterr);
    case SUBJECT_RLOCK:
        return waldo_rlock_new(manager, &one->rlock, reterr);
    case SUBJECT_SEMAPHORE:
        return waldo_semaphore_new(manager, 2, &one->semaphore, reterr);
    case SUBJECT_BOUNDED:
        return waldo_bounded_semaphore_new(manager, 2, &one->bounded, reterr);
    case SUBJECT_CONDITION:
        return waldo_condition_new(manager, NULL, &one->condition, reterr);
    case SUBJECT_EVENT:
        return waldo_event_new(manager, &one->event, reterr);
    case SUBJECT_BARRIER:
        return waldo_barrier_new(manager, 2, WALDO_FOREVER, &one->barrier, reterr);
    case SUBJECT_QUEUES:
    case SUBJECT_CLOSING_QUEUES:
        return create_queues(manager, one, reterr);
    default:
        return create_container(manager, one, reterr);
    }
}

/* All that a type has to have. */
#define WALDO_HANDLES(X)                                                                           \
    X(VALUE, waldo_shared_value, value)                                                            \
    X(ARRAY, waldo_shared_array, array)                                                            \
    X(LIST, waldo_list, list)                                                                      \
    X(DICT, waldo_dict, dict)                                                                      \
    X(NAMESPACE, waldo_namespace, namespace_)                                                      \
    X(SET, waldo_set, set)                                                                         \
    X(LOCK, waldo_lock, lock)                                                                      \
    X(RLOCK, waldo_rlock, rlock)                                                                   \
    X(SEMAPHORE, waldo_semaphore, semaphore)                                                       \
    X(BOUNDED, waldo_bounded_semaphore, bounded)                                                   \
    X(CONDITION, waldo_condition, condition)                                                       \
    X(EVENT, waldo_event, event)                                                                   \
    X(BARRIER, waldo_barrier, barrier)

waldo_proxy *subject_proxy(const subject *one)
{
    switch (one->kind) {
#define PROXY(name, type, member)                                                                  \
    case SUBJECT_##name:                                                                           \
        return type##_proxy(one->member);
        WALDO_HANDLES(PROXY)
#undef PROXY
    default:
        return NULL;
    }
}

int subject_to_value(const subject *one, waldo_value **ret_value, waldo_error *reterr)
{
    if (one->kind < SUBJECT_QUEUES)
        return waldo_proxy_to_value(subject_proxy(one), ret_value, reterr);
    waldo_value *both[2];
    int status = waldo_proxy_to_value(waldo_queue_proxy(one->queues[0]), &both[0], reterr);
    if (status < 0)
        return status;
    status = waldo_proxy_to_value(waldo_queue_proxy(one->queues[1]), &both[1], reterr);
    if (status < 0)
        waldo_value_unref(both[0]);
    else
        *ret_value = waldo_v_tuple_of(both, 2);
    return status;
}

static int open_queues(waldo_manager *manager, const waldo_value *value, subject *one,
                       waldo_error *reterr)
{
    int status = 0;
    for (int i = 0; i < 2 && status >= 0; i++) {
        waldo_value *item;
        status = waldo_value_item(value, i, &item, reterr);
        if (status < 0)
            break;
        status = waldo_queue_from_value(manager, item, &one->queues[i], reterr);
        waldo_value_unref(item);
    }
    return status;
}

int subject_open(waldo_manager *manager, enum subject_kind kind, const waldo_value *value,
                 subject *ret_subject, waldo_error *reterr)
{
    *ret_subject = (subject){.kind = kind};
    switch (kind) {
    case SUBJECT_VALUE:
        return waldo_shared_value_from_value(manager, value, &ret_subject->value, reterr);
    case SUBJECT_ARRAY:
        return waldo_shared_array_from_value(manager, value, &ret_subject->array, reterr);
    case SUBJECT_LIST:
        return waldo_list_from_value(manager, value, &ret_subject->list, reterr);
    case SUBJECT_DICT:
        return waldo_dict_from_value(manager, value, &ret_subject->dict, reterr);
    case SUBJECT_NAMESPACE:
        return waldo_namespace_from_value(manager, value, &ret_subject->namespace_, reterr);
    case SUBJECT_SET:
        return waldo_set_from_value(manager, value, &ret_subject->set, reterr);
    case SUBJECT_QUEUES:
    case SUBJECT_CLOSING_QUEUES:
        return open_queues(manager, value, ret_subject, reterr);
    default:
        break;
    }
    waldo_proxy *proxy;
    int status = waldo_proxy_from_value(manager, value, &proxy, reterr);
    if (status < 0)
        return status;
    switch (kind) {
#define FROM_PROXY(name, type, member)                                                             \
    case SUBJECT_##name:                                                                           \
        status = type##_from_proxy(proxy, &ret_subject->member, reterr);                           \
        break;
        FROM_PROXY(LOCK, waldo_lock, lock)
        FROM_PROXY(RLOCK, waldo_rlock, rlock)
        FROM_PROXY(SEMAPHORE, waldo_semaphore, semaphore)
        FROM_PROXY(BOUNDED, waldo_bounded_semaphore, bounded)
        FROM_PROXY(CONDITION, waldo_condition, condition)
        FROM_PROXY(EVENT, waldo_event, event)
        FROM_PROXY(BARRIER, waldo_barrier, barrier)
#undef FROM_PROXY
    default:
        break;
    }
    waldo_proxy_unref(proxy);
    return status;
}

void subject_close(subject *one)
{
    switch (one->kind) {
#define UNREF(name, type, member)                                                                  \
    case SUBJECT_##name:                                                                           \
        one->member = type##_unref(one->member);                                                   \
        break;
        WALDO_HANDLES(UNREF)
#undef UNREF
    default:
        for (int i = 0; i < 2; i++)
            one->queues[i] = waldo_queue_unref(one->queues[i]);
    }
}

/* ---- calls ---- */

uint64_t time_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

int take_number(int status, waldo_value *value, int64_t *ret_number)
{
    if (status < 0)
        return status;
    status = waldo_value_get_int64(value, ret_number, NULL);
    waldo_value_unref(value);
    return status < 0 ? status : 0;
}

/* TAKES value, a list. */
static int take_digest(int status, waldo_value *value, int64_t *ret_digest)
{
    if (status < 0)
        return status;
    size_t length = 0;
    int64_t all = 0;
    status = waldo_value_length(value, &length, NULL);
    for (size_t i = 0; i < length && status >= 0; i++) {
        waldo_value *item = NULL;
        int64_t number = 0;
        status = waldo_value_item(value, (int64_t)i, &item, NULL);
        status = take_number(status, item, &number);
        all = digest(all, number);
    }
    waldo_value_unref(value);
    *ret_digest = all;
    return status < 0 ? status : 0;
}

/* TAKES value, an array of int64_t. */
static int take_digest_of_array(int status, waldo_value *value, int64_t *ret_digest)
{
    if (status < 0)
        return status;
    char typecode;
    const void *items;
    size_t count;
    int64_t all = 0;
    status = waldo_value_array_items(value, &typecode, &items, &count, NULL);
    for (size_t i = 0; i < count && status >= 0; i++)
        all = digest(all, ((const int64_t *)items)[i]);
    waldo_value_unref(value);
    *ret_digest = all;
    return status < 0 ? status : 0;
}

/* The same for keys and values of a dict, and items of a set. */
static int take_digest_of_table(int status, waldo_value *table, bool has_values,
                                int64_t *ret_digest)
{
    if (status < 0)
        return status;
    int64_t all = 0;
    size_t position = 0;
    waldo_value *key, *value;
    while (waldo_value_next(table, &position, &key, &value)) {
        int64_t number = 0;
        (void)!waldo_value_get_int64(key, &number, NULL);
        all = digest(all, number);
        if (has_values) {
            (void)!waldo_value_get_int64(value, &number, NULL);
            all = digest(all, number);
        }
    }
    waldo_value_unref(table);
    *ret_digest = all;
    return 0;
}

static int perform_value(subject *one, operation *what, waldo_error *reterr)
{
    waldo_value *result = NULL;
    int64_t *arguments = what->arguments;
    int status;
    switch ((enum operation_kind)what->kind) {
    case VALUE_SET:
        return waldo_shared_value_set(one->value, waldo_v(arguments[0]), reterr);
    case VALUE_COMPARE_AND_SET:
        return waldo_shared_value_compare_and_set(one->value, waldo_v(arguments[0]),
                                                  waldo_v(arguments[1]), reterr);
    case VALUE_VERSION:
        return waldo_shared_value_version(one->value, (uint64_t *)&what->results[0], reterr);
    case VALUE_FETCH_ADD:
        status = waldo_shared_value_fetch_add(one->value, waldo_v(arguments[0]), &result, reterr);
        break;
    case VALUE_EXCHANGE:
        status = waldo_shared_value_exchange(one->value, waldo_v(arguments[0]), &result, reterr);
        break;
    default:
        status = waldo_shared_value_get(one->value, &result, reterr);
    }
    return take_number(status, result, &what->results[0]);
}

static int perform_array(subject *one, operation *what, waldo_error *reterr)
{
    waldo_value *result = NULL;
    int status;
    switch ((enum operation_kind)what->kind) {
    case ARRAY_SET:
        return waldo_shared_array_set(one->array, what->arguments[0], waldo_v(what->arguments[1]),
                                      reterr);
    case ARRAY_GET:
        status = waldo_shared_array_get(one->array, what->arguments[0], &result, reterr);
        return take_number(status, result, &what->results[0]);
    default:
        status = waldo_shared_array_get_slice(one->array, 0, 4, 1, &result, reterr);
        return take_digest_of_array(status, result, &what->results[0]);
    }
}

static int perform_list(subject *one, operation *what, waldo_error *reterr)
{
    waldo_value *result = NULL;
    int64_t *arguments = what->arguments;
    int status;
    switch ((enum operation_kind)what->kind) {
    case LIST_APPEND:
        return waldo_list_append(one->list, waldo_v(arguments[0]), reterr);
    case LIST_INSERT:
        return waldo_list_insert(one->list, arguments[0], waldo_v(arguments[1]), reterr);
    case LIST_SET:
        return waldo_list_set(one->list, arguments[0], waldo_v(arguments[1]), reterr);
    case LIST_REMOVE:
        return waldo_list_remove(one->list, waldo_v(arguments[0]), reterr);
    case LIST_LENGTH:
        return waldo_list_length(one->list, (size_t *)&what->results[0], reterr);
    case LIST_POP:
        status = waldo_list_pop(one->list, arguments[0], &result, reterr);
        return take_number(status, result, &what->results[0]);
    case LIST_GET:
        status = waldo_list_get(one->list, arguments[0], &result, reterr);
        return take_number(status, result, &what->results[0]);
    default:
        status = waldo_list_copy(one->list, &result, reterr);
        return take_digest(status, result, &what->results[0]);
    }
}

static int perform_dict(subject *one, operation *what, waldo_error *reterr)
{
    waldo_value *result = NULL, *key_found = NULL;
    waldo_value *key = waldo_v(what->arguments[0]);
    int64_t argument = what->arguments[1];
    int status;
    switch ((enum operation_kind)what->kind) {
    case DICT_SET:
        return waldo_dict_set(one->dict, key, waldo_v(argument), reterr);
    case DICT_DELETE:
        return waldo_dict_delete(one->dict, key, reterr);
    case DICT_COMPARE_AND_SET:
        return waldo_dict_compare_and_set(one->dict, key, waldo_v(argument),
                                          waldo_v(what->arguments[2]), NULL, reterr);
    case DICT_GET:
        status = waldo_dict_get(one->dict, key, &result, reterr);
        break;
    case DICT_POP:
        status = waldo_dict_pop(one->dict, key, &result, reterr);
        break;
    case DICT_SETDEFAULT:
        status = waldo_dict_setdefault(one->dict, key, waldo_v(argument), &result, reterr);
        break;
    case DICT_ADD:
        status = waldo_dict_add(one->dict, key, waldo_v(argument), &result, reterr);
        break;
    case DICT_ALL:
        waldo_value_unref(key);
        status = waldo_dict_copy(one->dict, &result, reterr);
        return take_digest_of_table(status, result, true, &what->results[0]);
    case DICT_POPITEM:
        waldo_value_unref(key);
        status = waldo_dict_popitem(one->dict, &key_found, &result, reterr);
        status = take_number(status, key_found, &what->results[0]);
        return take_number(status, result, &what->results[1]);
    default:
        waldo_value_unref(key);
        return waldo_dict_length(one->dict, (size_t *)&what->results[0], reterr);
    }
    return take_number(status, result, &what->results[0]);
}

static int perform_namespace(subject *one, operation *what, waldo_error *reterr)
{
    char name[32];
    waldo_value *result = NULL;
    snprintf(name, sizeof name, "name%d", (int)what->arguments[0]);
    if (what->kind == DICT_SET)
        return waldo_namespace_set(one->namespace_, name, waldo_v(what->arguments[1]), reterr);
    if (what->kind == DICT_DELETE)
        return waldo_namespace_delete(one->namespace_, name, reterr);
    int status = waldo_namespace_get(one->namespace_, name, &result, reterr);
    return take_number(status, result, &what->results[0]);
}

static int perform_set(subject *one, operation *what, waldo_error *reterr)
{
    waldo_value *result = NULL;
    int64_t item = what->arguments[0];
    int status;
    switch ((enum operation_kind)what->kind) {
    case SET_ADD:
        return waldo_set_add(one->set, waldo_v(item), reterr);
    case SET_REMOVE:
        return waldo_set_remove(one->set, waldo_v(item), reterr);
    case SET_DISCARD:
        return waldo_set_discard(one->set, waldo_v(item), reterr);
    case SET_CONTAINS:
        return waldo_set_contains(one->set, waldo_v(item), reterr);
    case SET_POP:
        status = waldo_set_pop(one->set, &result, reterr);
        return take_number(status, result, &what->results[0]);
    case SET_ALL:
        status = waldo_set_copy(one->set, &result, reterr);
        return take_digest_of_table(status, result, false, &what->results[0]);
    default:
        return waldo_set_length(one->set, (size_t *)&what->results[0], reterr);
    }
}

static int call(subject *one, operation *what, waldo_error *reterr)
{
    switch (one->kind) {
    case SUBJECT_VALUE:
        return perform_value(one, what, reterr);
    case SUBJECT_ARRAY:
        return perform_array(one, what, reterr);
    case SUBJECT_LIST:
        return perform_list(one, what, reterr);
    case SUBJECT_DICT:
        return perform_dict(one, what, reterr);
    case SUBJECT_NAMESPACE:
        return perform_namespace(one, what, reterr);
    case SUBJECT_SET:
        return perform_set(one, what, reterr);
    case SUBJECT_CONDITION:
        return perform_condition(one, what, reterr);
    case SUBJECT_EVENT:
        return perform_event(one, what, reterr);
    case SUBJECT_BARRIER:
        return perform_barrier(one, what, reterr);
    case SUBJECT_QUEUES:
    case SUBJECT_CLOSING_QUEUES:
        return perform_queues(one, what, reterr);
    default:
        return perform_lock(one, what, reterr);
    }
}

bool says_nothing(int status)
{
    switch (status) {
    case WALDO_EGONE:
    case WALDO_EUNKNOWNOUTCOME:
    case WALDO_ETIMEOUT:
    case WALDO_ECANCELLED:
    case WALDO_EAUTHENTICATION:
    case WALDO_EPROTOCOL:
    case WALDO_ETOOBIG:
        return true;
    default:
        return false;
    }
}

void perform(subject *one, operation *what)
{
    waldo_error error = WALDO_ERROR_INIT;
    what->from = time_now();
    what->status = call(one, what, &error);
    what->is_unknown = says_nothing(what->status);
    what->to = what->is_unknown ? NEVER : time_now();
}
