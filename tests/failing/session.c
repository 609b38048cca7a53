#include "session.h"

#include <stdlib.h>

static const char zeros[100 * 1000];

#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_status = (call);                                                                   \
        if (try_status < 0)                                                                        \
            return try_status;                                                                     \
    } while (0)

static int use_dict(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_dict) dict = NULL;
    WALDO_AUTO(waldo_value) value = NULL;
    WALDO_AUTO(waldo_value) copy = NULL;
    TRY(waldo_dict_new(manager, &dict, reterr));
    TRY(waldo_dict_set(dict, waldo_v("a"), waldo_v_list(waldo_v(1), waldo_v(2.5)), reterr));
    TRY(waldo_dict_add(dict, waldo_v("b"), waldo_v(1), NULL, reterr));
    TRY(waldo_dict_get(dict, waldo_v("a"), &value, reterr));
    TRY(waldo_dict_copy(dict, &copy, reterr));
    int status;
    WALDO_DICT_EACH(dict, key, item, &status, reterr)
    (void)item;
    TRY(status);
    return waldo_dict_clear(dict, reterr);
}

static int use_list(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_list) list = NULL;
    WALDO_AUTO(waldo_value) item = NULL;
    WALDO_AUTO(waldo_value) copy = NULL;
    TRY(waldo_list_new_from(manager, waldo_v_list(waldo_v(3), waldo_v(1), waldo_v(2)), &list,
                            reterr));
    TRY(waldo_list_append(list, waldo_v("text"), reterr));
    TRY(waldo_list_pop(list, -1, &item, reterr));
    TRY(waldo_list_sort(list, false, reterr));
    return waldo_list_copy(list, &copy, reterr);
}

static int use_others(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_shared_value) value = NULL;
    WALDO_AUTO(waldo_value) before = NULL;
    WALDO_AUTO(waldo_namespace) names = NULL;
    WALDO_AUTO(waldo_set) set = NULL;
    WALDO_AUTO(waldo_shared_array) array = NULL;
    TRY(waldo_shared_value_new(manager, "i", waldo_v(0), &value, reterr));
    TRY(waldo_shared_value_fetch_add(value, waldo_v(1), &before, reterr));
    TRY(waldo_namespace_new(manager, &names, reterr));
    TRY(waldo_namespace_set(names, "x", waldo_v(5), reterr));
    TRY(waldo_set_new(manager, &set, reterr));
    TRY(waldo_set_add(set, waldo_v(5), reterr));
    TRY(waldo_shared_array_new(manager, 'd', waldo_v_list(waldo_v(1.0), waldo_v(2.0)), &array,
                               reterr));
    return waldo_shared_array_set(array, 1, waldo_v(0.5), reterr);
}

static int use_queue(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_queue) queue = NULL;
    WALDO_AUTO(waldo_value) item = NULL;
    waldo_queue_taken taken;
    TRY(waldo_queue_new(manager, 5, &queue, reterr));
    TRY(waldo_queue_put_many(queue, waldo_v_list(waldo_v("a"), waldo_v("b")), 1, reterr));
    TRY(waldo_queue_get(queue, 1, &item, reterr));
    TRY(waldo_queue_take(queue, 60, 1, &taken, reterr));
    waldo_value_unref(taken.item);
    TRY(waldo_queue_acknowledge(queue, taken.ticket, reterr));
    item = waldo_value_unref(item);
    int status = waldo_queue_get(queue, 0.001, &item, reterr);
    return status == WALDO_EEMPTY ? 0 : status;
}

static int use_locks(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_lock) lock = NULL;
    WALDO_AUTO(waldo_condition) condition = NULL;
    WALDO_AUTO(waldo_semaphore) semaphore = NULL;
    TRY(waldo_lock_new(manager, &lock, reterr));
    TRY(waldo_lock_acquire(lock, 1, reterr));
    TRY(waldo_lock_acquire(lock, 0.001, reterr));
    TRY(waldo_lock_release(lock, reterr));
    TRY(waldo_condition_new(manager, NULL, &condition, reterr));
    TRY(waldo_condition_acquire(condition, 1, reterr));
    TRY(waldo_condition_wait(condition, 0.001, reterr));
    TRY(waldo_condition_notify_all(condition, reterr));
    TRY(waldo_condition_release(condition, reterr));
    TRY(waldo_semaphore_new(manager, 1, &semaphore, reterr));
    TRY(waldo_semaphore_acquire(semaphore, 1, reterr));
    return waldo_semaphore_release(semaphore, reterr);
}

static int use_meetings(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_event) event = NULL;
    WALDO_AUTO(waldo_barrier) barrier = NULL;
    TRY(waldo_event_new(manager, &event, reterr));
    TRY(waldo_event_wait(event, 0.001, reterr));
    TRY(waldo_event_set(event, reterr));
    TRY(waldo_event_wait(event, 1, reterr));
    TRY(waldo_barrier_new(manager, 1, 1, &barrier, reterr));
    return waldo_barrier_wait(barrier, 1, NULL, reterr);
}

static int use_long_bytes(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_list) list = NULL;
    WALDO_AUTO(waldo_value) item = NULL;
    WALDO_AUTO(waldo_value) again = NULL;
    TRY(waldo_list_new(manager, &list, reterr));
    TRY(waldo_list_append(list, waldo_v_bytes(zeros, sizeof zeros), reterr));
    TRY(waldo_list_get(list, 0, &item, reterr));
    return waldo_list_pop(list, 0, &again, reterr);
}

/* Their requests and replies leave together. */
static int use_futures(waldo_manager *manager, waldo_error *reterr)
{
    enum { SEVERAL = 6 };
    static const int sizes[SEVERAL] = {1, 1, 17000, 1, 1, 3000};
    WALDO_AUTO(waldo_list) list = NULL;
    waldo_future *futures[SEVERAL] = {NULL};
    int status = waldo_list_new(manager, &list, reterr);
    for (int i = 0; i < SEVERAL && status >= 0; i++)
        status = waldo_call_async(waldo_list_proxy(list), "append",
                                  waldo_v_tuple(waldo_v_bytes(zeros, (size_t)sizes[i])),
                                  &futures[i], reterr);
    for (int i = 0; i < SEVERAL; i++) {
        waldo_value *none = NULL;
        if (status >= 0)
            status = waldo_future_result(futures[i], 20, &none, reterr);
        waldo_value_unref(none);
        waldo_future_unref(futures[i]);
    }
    return status;
}

static int use_names(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_proxy) proxy = NULL;
    WALDO_AUTO(waldo_proxy) copy = NULL;
    WALDO_AUTO(waldo_value) result = NULL;
    TRY(waldo_proxy_create(manager, "list", waldo_v_tuple(waldo_v_list(waldo_v(1), waldo_v(2))),
                           &proxy, reterr));
    TRY(waldo_proxy_call(proxy, "__getitem__", waldo_v_tuple(waldo_v(1)), &result, reterr));
    TRY(waldo_proxy_copy(proxy, &copy, reterr));
    waldo_type_info *info = NULL;
    TRY(waldo_proxy_describe(proxy, &info, reterr));
    waldo_type_info_free(info);
    return 0;
}

/* It is made once; until then each attempt fails at another place. */
static int use_shared(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_list) list = NULL;
    WALDO_AUTO(waldo_value) item = NULL;
    TRY(waldo_list_from_name(manager, "numbers", &list, reterr));
    return waldo_list_get(list, 0, &item, reterr);
}

static int use_proxies_in_values(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_list) inner = NULL;
    WALDO_AUTO(waldo_dict) outer = NULL;
    WALDO_AUTO(waldo_value) found = NULL;
    WALDO_AUTO(waldo_list) again = NULL;
    waldo_value *value = NULL;
    TRY(waldo_list_new(manager, &inner, reterr));
    TRY(waldo_dict_new(manager, &outer, reterr));
    TRY(waldo_proxy_to_value(waldo_list_proxy(inner), &value, reterr));
    TRY(waldo_dict_set(outer, waldo_v("inner"), value, reterr));
    TRY(waldo_dict_get(outer, waldo_v("inner"), &found, reterr));
    return waldo_list_from_value(manager, found, &again, reterr);
}

static int use_transaction(waldo_manager *manager, waldo_error *reterr)
{
    WALDO_AUTO(waldo_dict) dict = NULL;
    WALDO_AUTO(waldo_queue) queue = NULL;
    TRY(waldo_dict_new(manager, &dict, reterr));
    TRY(waldo_queue_new(manager, 0, &queue, reterr));
    waldo_transaction *both = NULL;
    TRY(waldo_transaction_new(manager, &both, reterr));
    int status = waldo_transaction_add(both, waldo_dict_proxy(dict), "__setitem__",
                                       waldo_v_tuple(waldo_v("k"), waldo_v(1)), reterr);
    if (status >= 0)
        status = waldo_transaction_add(both, waldo_queue_proxy(queue), "put",
                                       waldo_v_tuple(waldo_v("item")), reterr);
    if (status >= 0)
        status = waldo_transaction_commit(both, NULL, reterr);
    waldo_transaction_unref(both);
    return status;
}

static int use_manager(waldo_manager *manager, waldo_error *reterr)
{
    uint64_t count;
    char *text = NULL;
    TRY(waldo_manager_ping(manager, reterr));
    TRY(waldo_manager_number_of_objects(manager, &count, reterr));
    TRY(waldo_manager_debug_info(manager, &text, reterr));
    free(text);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(waldo_manager *manager, waldo_error *reterr);
} steps[] = {
    {"dict", use_dict},
    {"list", use_list},
    {"containers", use_others},
    {"queue", use_queue},
    {"locks", use_locks},
    {"meetings", use_meetings},
    {"long bytes", use_long_bytes},
    {"futures", use_futures},
    {"names", use_names},
    {"shared", use_shared},
    {"proxies in values", use_proxies_in_values},
    {"transaction", use_transaction},
    {"manager", use_manager},
};

const char *session_step_name(int step)
{
    return step == 0 ? "connect" : steps[step - 1].name;
}

int run_session(const char *url, const waldo_manager_options *options, int *ret_step,
                waldo_error *reterr)
{
    WALDO_AUTO(waldo_manager) manager = NULL;
    *ret_step = 0;
    TRY(waldo_connect(url, options, &manager, reterr));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        *ret_step = (int)i + 1;
        TRY(steps[i].run(manager, reterr));
    }
    return 0;
}
