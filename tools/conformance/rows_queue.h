/* What the rows about queues share. */
#ifndef WALDO_CONFORMANCE_ROWS_QUEUE_H
#define WALDO_CONFORMANCE_ROWS_QUEUE_H

#include "row.h"

static inline waldo_proxy *new_queue(int64_t maxsize)
{
    return row_create("Queue", waldo_v_tuple(waldo_v(maxsize)));
}

static inline waldo_queue *queue_of(waldo_proxy *proxy)
{
    waldo_queue *queue = NULL;
    must(waldo_queue_from_proxy(proxy, &queue, &err));
    return queue;
}

static inline void put(waldo_proxy *queue, waldo_value *item)
{
    expect_repr(row_call(queue, "put", waldo_v_tuple(item)), "None");
}

static inline waldo_value *get(waldo_proxy *queue)
{
    return row_call(queue, "get", waldo_v_none());
}

static inline int64_t count_of(waldo_proxy *proxy, const char *what)
{
    waldo_value *counts = row_call(proxy, "counts", waldo_v_none());
    waldo_value *value = NULL;
    int64_t number = -1;
    must(waldo_value_dict_get_str(counts, what, &value, &err));
    must(waldo_value_get_int64(value, &number, &err));
    waldo_value_unref(value);
    waldo_value_unref(counts);
    return number;
}

#endif
