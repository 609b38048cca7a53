#include "clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int start_manager(waldo_registry *registry, waldo_manager **ret_manager, waldo_error *reterr)
{
    waldo_manager_options options = {.registry = registry, .call_timeout = 30};
    waldo_manager *manager;
    int status = waldo_manager_new(&options, &manager, reterr);
    if (status < 0)
        return status;
    status = waldo_manager_start(manager, NULL, NULL, reterr);
    if (status < 0)
        waldo_manager_unref(manager);
    else
        *ret_manager = manager;
    return status;
}

int connect_to(const char *address, waldo_manager **ret_manager, waldo_error *reterr)
{
    waldo_manager_options options = {.connect_timeout = 2};
    return waldo_connect(address, &options, ret_manager, reterr);
}

int add_two(shop_counter *counter, int64_t *ret_sum, waldo_error *reterr)
{
    Shop__Number number = SHOP__NUMBER__INIT;
    number.n = 2;
    Shop__Number *sum;
    int status = shop_counter_add(counter, &number, &sum, reterr);
    if (status < 0)
        return status;
    *ret_sum = sum->n;
    shop__number__free_unpacked(sum, NULL);
    return 0;
}

int add_or_give_up(shop_counter *counter, waldo_error *reterr)
{
    int64_t sum;
    switch (add_two(counter, &sum, reterr)) {
    case WALDO_EOVERFLOW: /* from the handler */
        return 0;
    case WALDO_EGONE: /* the server is gone: */
    case WALDO_EREFUSED:
    case WALDO_ENOTFOUND: /* and nobody is there instead */
        return 1;
    default:
        return 2;
    }
}

int add_all(shop_counter *counter, int64_t *ret_sum, waldo_error *reterr)
{
    WALDO_AUTO(shop_counter_countdown_iterator) numbers = NULL;
    int status = shop_counter_countdown(counter, &numbers, reterr);
    if (status < 0)
        return status;
    int64_t sum = 0;
    WALDO_FOR_EACH(shop_counter_countdown, numbers, item, &status, reterr)
        sum += item->n;
    if (status >= 0)
        *ret_sum = sum;
    return status;
}

int take_letter(shop_mailbox *box, double seconds, waldo_error *reterr)
{
    int status = waldo_proxy_set_timeout(shop_mailbox_proxy(box), seconds, reterr);
    Shop__Letter *letter;
    if (status >= 0)
        status = shop_mailbox_take(box, &letter, reterr);
    if (status >= 0)
        shop__letter__free_unpacked(letter, NULL);
    return status; /* WALDO_ETIMEOUT: there was none */
}

int call_by_name(waldo_manager *manager, char **ret_text, waldo_error *reterr)
{
    waldo_proxy *counter;
    int status =
        waldo_proxy_create(manager, "Counter", waldo_v_fields("at", waldo_v(40)), &counter, reterr);
    if (status < 0)
        return status;
    waldo_value *result;
    status = waldo_proxy_call(counter, "add", waldo_v_tuple(waldo_v(2)), &result, reterr);
    if (status >= 0) {
        *ret_text = waldo_value_repr(result); /* {'n': 42} */
        waldo_value_unref(result);
    }
    waldo_proxy_unref(counter);
    return status;
}

int int_of(const waldo_value *dict, const char *key, int64_t *ret_number, waldo_error *reterr)
{
    waldo_value *value;
    int status = waldo_value_dict_get_str(dict, key, &value, reterr);
    if (status < 0)
        return status; /* WALDO_EKEY */
    status = waldo_value_get_int64(value, ret_number, reterr);
    waldo_value_unref(value);
    return status; /* WALDO_ETYPE, WALDO_EOVERFLOW */
}

int walk_by_name(waldo_proxy *counter, int64_t *ret_sum, waldo_error *reterr)
{
    waldo_value *iterator, *item;
    int status = waldo_proxy_call(counter, "countdown", waldo_v_none(), &iterator, reterr);
    if (status < 0)
        return status;
    waldo_proxy *numbers;
    status = waldo_proxy_from_value(waldo_proxy_manager(counter), iterator, &numbers, reterr);
    waldo_value_unref(iterator);
    if (status < 0)
        return status;
    *ret_sum = 0;
    while ((status = waldo_proxy_next(numbers, &item, reterr)) == 1) {
        int64_t n;
        status = int_of(item, "n", &n, reterr); /* the item is a dict of the message's fields */
        waldo_value_unref(item);
        if (status < 0)
            break;
        *ret_sum += n;
    }
    waldo_proxy_unref(numbers);
    return status;
}

int twins(shop_counter *counter, shop_counter *ret_twins[2], waldo_error *reterr)
{
    WALDO_AUTO(waldo_future) first = NULL;
    WALDO_AUTO(waldo_future) second = NULL;
    int status = shop_counter_twin_async(counter, &first, reterr);
    if (status >= 0)
        status = shop_counter_twin_async(counter, &second, reterr);
    if (status >= 0)
        status = shop_counter_twin_await(first, WALDO_FOREVER, &ret_twins[0], reterr);
    if (status < 0)
        return status;
    status = shop_counter_twin_await(second, WALDO_FOREVER, &ret_twins[1], reterr);
    if (status < 0)
        shop_counter_unref(ret_twins[0]);
    return status;
}

int write_price(waldo_manager *manager, waldo_dict *prices, waldo_list **ret_list,
                waldo_error *reterr)
{
    WALDO_AUTO(waldo_batch) batch = NULL;
    int status = waldo_batch_new(manager, &batch, reterr);
    if (status < 0)
        return status;
    int list = waldo_batch_create(batch, "list", waldo_v_none(), reterr);
    int tea = waldo_batch_call(batch, waldo_dict_proxy(prices), "__getitem__",
                               waldo_v_tuple(waldo_v("tea")), reterr);
    waldo_batch_call_on(batch, list, "append", waldo_v_tuple(waldo_batch_use(batch, tea)), reterr);
    status = waldo_batch_run(batch, 0, reterr);
    if (status != 0)
        return status; /* 2: there is no tea, and so there was nothing to append */
    waldo_proxy *proxy;
    status = waldo_batch_proxy(batch, list, &proxy, reterr);
    if (status < 0)
        return status;
    status = waldo_list_from_proxy(proxy, ret_list, reterr);
    waldo_proxy_unref(proxy);
    return status;
}

int list_methods(waldo_manager *manager, char *text, size_t size, waldo_error *reterr)
{
    waldo_type_info *info;
    int status = waldo_manager_describe(manager, "AuditCounter", &info, reterr);
    if (status < 0)
        return status;
    int used = snprintf(text, size, "%s is a %s:", info->type_id, info->service);
    for (size_t i = 0; i < info->method_count && used > 0 && (size_t)used < size; i++)
        used += snprintf(text + used, size - (size_t)used, " %s", info->methods[i].signature);
    waldo_type_info_free(info);
    return 0;
}

waldo_value *make_order(void)
{
    return waldo_v_fields("article", waldo_v("tea"), "count", waldo_v(3), "express",
                          waldo_v_bool(true), "sizes", waldo_v_list(waldo_v(0.25), waldo_v(0.5)),
                          "note", waldo_v_none());
}

int pass_on(shop_counter *counter, waldo_manager *other, shop_counter **ret_counter,
            waldo_error *reterr)
{
    /* Here, bytes of a message, a file, a pipe. */
    waldo_value *token;
    uint8_t *bytes;
    size_t size;
    int status = waldo_proxy_to_value(shop_counter_proxy(counter), &token, reterr);
    if (status < 0)
        return status;
    status = waldo_value_pack(token, &bytes, &size, reterr);
    waldo_value_unref(token);
    if (status < 0)
        return status;

    /* There, with a manager of its own. The object must still be alive. */
    status = waldo_value_unpack(bytes, size, &token, reterr);
    free(bytes);
    if (status < 0)
        return status;
    waldo_proxy *proxy;
    status = waldo_proxy_from_value(other, token, &proxy, reterr);
    waldo_value_unref(token);
    if (status < 0)
        return status;
    status = shop_counter_from_proxy(proxy, ret_counter, reterr);
    waldo_proxy_unref(proxy);
    return status;
}

int start_to_get(waldo_queue *jobs, waldo_future **ret_next, waldo_error *reterr)
{
    waldo_proxy *proxy = waldo_queue_proxy(jobs);
    int status = waldo_proxy_set_timeout(proxy, WALDO_FOREVER, reterr);
    if (status >= 0)
        status = waldo_call_async(proxy, "get", waldo_v_none(), ret_next, reterr);
    return status;
}

int get_job(waldo_future *next, waldo_value **ret_job, waldo_error *reterr)
{
    int status = waldo_future_result(next, WALDO_FOREVER, ret_job, reterr);
    return status == WALDO_ECANCELLED ? 0 : status < 0 ? status : 1;
}

int post_job(waldo_manager *manager, const char *job, waldo_error *reterr)
{
    WALDO_AUTO(waldo_queue) jobs = NULL;
    int status = waldo_queue_from_name(manager, "jobs", &jobs, reterr);
    if (status < 0)
        return status; /* WALDO_EKEY: this server shares no such object */
    return waldo_queue_put(jobs, waldo_v(job), WALDO_FOREVER, reterr);
}

int count_in_child(shop_counter *counter)
{
    pid_t child = fork();
    if (child == 0) {
        int64_t sum;
        _exit(add_two(counter, &sum, NULL) < 0);
    }
    int status = -1;
    if (child > 0)
        waitpid(child, &status, 0);
    return status;
}

/* ---- attributes ---- */

int note_progress(waldo_proxy *proxy, waldo_value **ret_stage, waldo_error *reterr)
{
    int status = waldo_proxy_set_attribute(proxy, "done", waldo_v(3), reterr);
    if (status >= 0)
        status = waldo_proxy_get_attribute(proxy, "stage", ret_stage, reterr);
    return status;
}
