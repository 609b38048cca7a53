/* Rows P1-P6, G1-G7, pains 7 and 50: queues in shared memory. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp/queue.h>
#include <waldo/mp/sync.h>

#include "unit/memory/children.h"

static waldo_error err;

static waldo_mp_queue *new_queue(int64_t maxsize, size_t capacity)
{
    waldo_mp_queue *queue;
    OK(waldo_mp_queue_new(&(waldo_mp_queue_options){maxsize, capacity}, &queue, &err));
    return queue;
}

static void expect_next(waldo_mp_queue *queue, const char *repr)
{
    waldo_value *item;
    OK(waldo_mp_queue_get(queue, SOON, &item, &err));
    char *text = waldo_value_repr(item);
    cr_expect_str_eq(text, repr);
    free(text);
    waldo_value_unref(item);
}

Test(queue, keeps_order_and_values)
{
    waldo_mp_queue *queue = new_queue(0, 0);
    cr_expect_eq(waldo_mp_queue_empty(queue, &err), 1);
    OK(waldo_mp_queue_put(queue, waldo_v(-7), 0, &err));
    OK(waldo_mp_queue_put(queue, waldo_v(2.5), 0, &err));
    OK(waldo_mp_queue_put(queue, waldo_v("t\xc3\xa4xt"), 0, &err));
    OK(waldo_mp_queue_put(queue, waldo_v_bytes("a\0b", 3), 0, &err));
    OK(waldo_mp_queue_put(queue, waldo_v_none(), 0, &err));
    OK(waldo_mp_queue_put(queue, waldo_v_bool(true), 0, &err));
    OK(waldo_mp_queue_put(queue, waldo_v_int_text("123456789012345678901", 10), 0, &err));
    OK(waldo_mp_queue_put(
        queue, waldo_v_dict(waldo_v("a"), waldo_v_list(waldo_v(1), waldo_v_tuple())), 0, &err));
    cr_expect_eq(waldo_mp_queue_qsize(queue), 8);
    cr_expect_eq(waldo_mp_queue_empty(queue, &err), 0);
    expect_next(queue, "-7");
    expect_next(queue, "2.5");
    expect_next(queue, "'t\xc3\xa4xt'");
    expect_next(queue, "b'a\\x00b'");
    expect_next(queue, "None");
    expect_next(queue, "True");
    expect_next(queue, "123456789012345678901");
    expect_next(queue, "{'a': [1, ()]}");
    waldo_mp_queue_unref(queue);
}

Test(queue, full_and_empty)
{
    waldo_value *item;
    waldo_mp_queue *queue = new_queue(2, 0);
    cr_expect_eq(waldo_mp_queue_get(queue, 0, &item, &err), WALDO_EEMPTY);
    cr_expect_eq(waldo_mp_queue_get(queue, -1, &item, &err), WALDO_EEMPTY);
    cr_expect_eq(waldo_mp_queue_get(queue, 0.05, &item, &err), WALDO_EEMPTY);
    OK(waldo_mp_queue_put(queue, waldo_v(1), 0, &err));
    cr_expect_not(waldo_mp_queue_full(queue));
    OK(waldo_mp_queue_put(queue, waldo_v(2), 0, &err));
    cr_expect(waldo_mp_queue_full(queue));
    cr_expect_eq(waldo_mp_queue_put(queue, waldo_v(3), 0, &err), WALDO_EFULL);
    cr_expect_eq(waldo_mp_queue_put(queue, waldo_v(3), 0.05, &err), WALDO_EFULL);
    expect_next(queue, "1");
    OK(waldo_mp_queue_put(queue, waldo_v(4), 0, &err));
    expect_next(queue, "2");
    expect_next(queue, "4");
    waldo_mp_queue_unref(queue);
}

Test(queue, bad_sizes)
{
    waldo_mp_queue *queue;
    cr_expect_eq(waldo_mp_queue_new(&(waldo_mp_queue_options){.capacity = SIZE_MAX}, &queue, &err),
                 WALDO_EVALUE);
    cr_expect_eq(waldo_mp_queue_new(&(waldo_mp_queue_options){.maxsize = INT64_MAX}, &queue, &err),
                 WALDO_EVALUE);
    queue = new_queue(0, 1);
    static const char large[5000];
    cr_expect_eq(waldo_mp_queue_put(queue, waldo_v_bytes(large, sizeof large), 1, &err),
                 WALDO_ETOOBIG);
    cr_expect_eq(waldo_mp_queue_put(queue, NULL, 1, &err), WALDO_ENOMEM);
    OK(waldo_mp_queue_put(queue, waldo_v_bytes(large, 3000), 1, &err));
    cr_expect_eq(waldo_mp_queue_put(queue, waldo_v_bytes(large, 3000), 0, &err), WALDO_EFULL);
    waldo_mp_queue_unref(queue);
}

Test(queue, closed)
{
    waldo_value *item;
    waldo_mp_queue *queue = new_queue(0, 0);
    waldo_mp_queue_close(queue);
    waldo_mp_queue_close(queue);
    cr_expect_eq(waldo_mp_queue_put(queue, waldo_v(1), 0, &err), WALDO_EVALUE);
    cr_expect_str_eq(err.message, "Queue is closed");
    cr_expect_eq(waldo_mp_queue_get(queue, 0, &item, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_queue_empty(queue, &err), WALDO_ESYSTEM);
    waldo_mp_queue_unref(queue);
}

Test(queue, what_cannot_be_sent_is_refused_at_once)
{
    waldo_mp_queue *queue = new_queue(0, 0);
    waldo_value *cycle = waldo_v_list();
    OK(waldo_value_list_append(cycle, waldo_value_ref(cycle), &err));
    cr_expect_eq(waldo_mp_queue_put(queue, waldo_value_ref(cycle), 0, &err), WALDO_EVALUE);
    OK(waldo_value_clear(cycle, &err));
    waldo_value_unref(cycle);
    cr_expect_eq(waldo_mp_queue_qsize(queue), 0);
    OK(waldo_mp_queue_put(queue, waldo_v(1), 0, &err));
    expect_next(queue, "1");
    waldo_mp_queue_unref(queue);
}

Test(queue, around_the_end_of_the_ring)
{
    waldo_mp_queue *queue = new_queue(0, 4096);
    static char data[1500];
    for (size_t i = 0; i < 3000; ++i) {
        size_t size = i * 7 % sizeof data;
        memset(data, (int)i, size);
        OK(waldo_mp_queue_put(queue, waldo_v_bytes(data, size), 0, &err));
        waldo_value *item;
        OK(waldo_mp_queue_get(queue, 0, &item, &err));
        const uint8_t *got;
        size_t got_size;
        OK(waldo_value_get_bytes(item, &got, &got_size, &err));
        cr_assert_eq(got_size, size);
        cr_assert(memcmp(got, data, size) == 0);
        waldo_value_unref(item);
    }
    waldo_mp_queue_unref(queue);
}

Test(queue, large_items_twice_around_a_large_ring)
{
    enum { MIB = 1 << 20, SIZE = 3 * MIB + 17 };
    waldo_mp_queue *queue = new_queue(0, 16 * MIB);
    char *data = calloc(1, 16 * MIB);
    for (int i = 0; i < 12; ++i) {
        for (int j = 0; j < 3; ++j) {
            memset(data, i * 3 + j, SIZE);
            OK(waldo_mp_queue_put(queue, waldo_v_bytes(data, SIZE), 0, &err));
        }
        for (int j = 0; j < 3; ++j) {
            waldo_value *item;
            OK(waldo_mp_queue_get(queue, 0, &item, &err));
            const uint8_t *got;
            size_t got_size;
            OK(waldo_value_get_bytes(item, &got, &got_size, &err));
            memset(data, i * 3 + j, SIZE);
            cr_assert_eq(got_size, (size_t)SIZE);
            cr_assert(memcmp(got, data, SIZE) == 0);
            waldo_value_unref(item);
        }
    }
    cr_expect_eq(waldo_mp_queue_put(queue, waldo_v_bytes(data, 16 * MIB), 0, &err), WALDO_ETOOBIG);
    free(data);
    waldo_mp_queue_unref(queue);
}

#define EACH 5000

struct line {
    waldo_mp_queue *queue;
    int number;
};

static int produce(void *data)
{
    struct line *line = data;
    for (int i = 0; i < EACH; ++i)
        MUST(waldo_mp_queue_put(line->queue, waldo_v_tuple(waldo_v(line->number), waldo_v(i)),
                                WALDO_FOREVER, NULL) >= 0);
    return 0;
}

static void *produce_in_thread(void *data)
{
    produce(data);
    return NULL;
}

static int64_t number_at(waldo_value *tuple, int index)
{
    waldo_value *part;
    int64_t number;
    OK(waldo_value_item(tuple, index, &part, &err));
    OK(waldo_value_get_int64(part, &number, &err));
    waldo_value_unref(part);
    return number;
}

Test(queue, of_many_producers_keeps_the_order_of_each)
{
    waldo_mp_queue *queue = new_queue(10, 4096);
    struct line lines[4];
    pid_t children[2];
    pthread_t threads[2];
    for (int i = 0; i < 4; ++i)
        lines[i] = (struct line){queue, i};
    for (int i = 0; i < 2; ++i)
        children[i] = start_child(produce, &lines[i]);
    for (int i = 0; i < 2; ++i)
        cr_assert_eq(pthread_create(&threads[i], NULL, produce_in_thread, &lines[2 + i]), 0);
    int64_t next[4] = {0};
    for (int i = 0; i < 4 * EACH; ++i) {
        waldo_value *item;
        OK(waldo_mp_queue_get(queue, SOON, &item, &err));
        cr_assert_eq(number_at(item, 1), next[number_at(item, 0)]++);
        waldo_value_unref(item);
    }
    for (int i = 0; i < 2; ++i) {
        cr_expect_eq(join_child(children[i]), 0);
        pthread_join(threads[i], NULL);
    }
    cr_expect_eq(waldo_mp_queue_empty(queue, &err), 1);
    waldo_mp_queue_unref(queue);
}

static int work(void *data)
{
    waldo_mp_queue *queue = data;
    waldo_value *item;
    for (int i = 0; i < 10; ++i) {
        MUST(waldo_mp_queue_get(queue, SOON, &item, NULL) >= 0);
        waldo_value_unref(item);
        MUST(waldo_mp_queue_task_done(queue, NULL) >= 0);
    }
    return 0;
}

Test(queue, join_and_task_done)
{
    waldo_mp_queue *queue = new_queue(0, 0);
    cr_expect_eq(waldo_mp_queue_task_done(queue, &err), WALDO_EVALUE);
    cr_expect_str_eq(err.message, "task_done() called too many times");
    cr_expect_eq(waldo_mp_queue_join(queue, WALDO_FOREVER, &err), 1);
    for (int i = 0; i < 20; ++i)
        OK(waldo_mp_queue_put(queue, waldo_v(i), 0, &err));
    cr_expect_eq(waldo_mp_queue_join(queue, 0.05, &err), 0);
    pid_t first = start_child(work, queue);
    pid_t second = start_child(work, queue);
    cr_expect_eq(waldo_mp_queue_join(queue, SOON, &err), 1);
    cr_expect_eq(join_child(first), 0);
    cr_expect_eq(join_child(second), 0);
    waldo_mp_queue_unref(queue);
}

static int use_what_comes(void *data)
{
    waldo_mp_queue *queue = data;
    waldo_value *item;
    waldo_mp_event *event;
    waldo_mp_queue *answers;
    waldo_value *part;
    MUST(waldo_mp_queue_get(queue, SOON, &item, NULL) >= 0);
    MUST(waldo_value_item(item, 0, &part, NULL) >= 0);
    MUST(waldo_mp_event_from_value(part, &event, NULL) >= 0);
    waldo_value_unref(part);
    MUST(waldo_value_item(item, 1, &part, NULL) >= 0);
    MUST(waldo_mp_queue_from_value(part, &answers, NULL) >= 0);
    waldo_value_unref(part);
    waldo_value_unref(item);
    waldo_mp_event_set(event);
    MUST(waldo_mp_queue_put(answers, waldo_v("done"), SOON, NULL) >= 0);
    waldo_mp_event_unref(event);
    waldo_mp_queue_unref(answers);
    return 0;
}

Test(queue, carries_handles_of_what_is_made_after_the_fork)
{
    waldo_mp_queue *queue = new_queue(0, 0);
    pid_t child = start_child(use_what_comes, queue);
    waldo_mp_event *event;
    OK(waldo_mp_event_new(&event, &err));
    waldo_mp_queue *answers = new_queue(0, 4096);
    OK(waldo_mp_queue_put(
        queue, waldo_v_tuple(waldo_mp_event_value(event), waldo_mp_queue_value(answers)), 0, &err));
    cr_expect_eq(waldo_mp_event_wait(event, SOON, &err), 1);
    expect_next(answers, "'done'");
    cr_expect_eq(join_child(child), 0);
    waldo_mp_event_unref(event);
    waldo_mp_queue_unref(answers);
    waldo_mp_queue_unref(queue);
}

Test(queue, of_handles_fills_up)
{
    waldo_mp_queue *queue = new_queue(0, 0);
    waldo_mp_event *event;
    OK(waldo_mp_event_new(&event, &err));
    int count = 0;
    int status;
    while ((status = waldo_mp_queue_put(queue, waldo_mp_event_value(event), 0, &err)) >= 0)
        ++count;
    cr_expect_eq(status, WALDO_EFULL);
    cr_expect_geq(count, 10);
    for (int i = 0; i < count; ++i) {
        waldo_value *item;
        waldo_mp_event *same;
        OK(waldo_mp_queue_get(queue, 0, &item, &err));
        OK(waldo_mp_event_from_value(item, &same, &err));
        waldo_value_unref(item);
        waldo_mp_event_set(same);
        waldo_mp_event_unref(same);
    }
    cr_expect(waldo_mp_event_is_set(event));
    cr_expect_eq(waldo_mp_queue_qsize(queue), 0);
    waldo_mp_event_unref(event);
    waldo_mp_queue_unref(queue);
}
