/* Peers that write nonsense into what is shared, or send handles that are none: error codes, no
 * crash. The locks themselves are left alone: who holds one may keep it for ever anyway. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <waldo/mp/queue.h>
#include <waldo/mp/sync.h>

#include "memory/classes.h"
#include "memory/lock.h"
#include "memory/ring.h"
#include "unit/memory/children.h"

static waldo_error err;

static uint8_t *memory_of(void *object, size_t *ret_size)
{
    waldo__shared *shared = object;
    *ret_size = shared->block.size;
    return shared->state;
}

static void fill(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; ++i)
        data[i] = (uint8_t)pick(256);
}

static void use(waldo_mp_queue *queue)
{
    waldo_value *item = NULL;
    int status = waldo_mp_queue_get(queue, 0, &item, &err);
    cr_assert(status >= 0 || status == WALDO_EPROTOCOL || status == WALDO_EEMPTY ||
                  status == WALDO_EUNICODE || status == WALDO_ERECURSION ||
                  status == WALDO_ELIMIT || status == WALDO_ENOMEM,
              "%s", err.message);
    if (status >= 0)
        waldo_value_unref(item);
    (void)!waldo_mp_queue_put(queue, waldo_v(1), 0, &err);
    (void)!waldo_mp_queue_qsize(queue);
    (void)!waldo_mp_queue_task_done(queue, &err);
}

/* The ends begin on the second cache line of the state, one line each; the ring on the second page.
 */
#define ENDS 64
#define RING 4096

Test(hostile, queue_with_nonsense_in_it)
{
    for (int i = 0; i < 3000; ++i) {
        waldo_mp_queue *queue;
        size_t size;
        OK(waldo_mp_queue_new(&(waldo_mp_queue_options){.capacity = 4096}, &queue, &err));
        for (int j = 0; j < 5; ++j)
            OK(waldo_mp_queue_put(queue, waldo_v_list(waldo_v(j), waldo_v("text")), 0, &err));
        uint8_t *memory = memory_of(queue, &size);
        if (i % 2)
            fill(memory + RING + pick(300), pick(40));
        else
            fill(memory + ENDS + (size_t)64 * pick(2), sizeof(uint64_t) + 4);
        for (int j = 0; j < 6; ++j)
            use(queue);
        waldo_mp_queue_unref(queue);
    }
}

static void reduce(const waldo__handle_class *class, void *object, waldo__reduced *ret)
{
    memset(ret, 0, sizeof *ret);
    OK(class->reduce(object, ret, &err));
    for (size_t i = 0; i < ret->descriptor_count; ++i)
        ret->descriptors[i] = dup(ret->descriptors[i]);
}

static void expect_refused(const waldo__handle_class *class, const waldo__reduced *reduced)
{
    void *object;
    int status = class->rebuild(reduced, &object, &err);
    cr_expect_eq(status, WALDO_EPROTOCOL, "%s", waldo_error_name(status));
}

static int open_descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 1000; ++i)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

Test(hostile, handles_that_are_none)
{
    waldo_mp_lock *lock;
    waldo_mp_queue *queue;
    waldo__reduced reduced;
    OK(waldo_mp_lock_new(&lock, &err));
    OK(waldo_mp_queue_new(NULL, &queue, &err));
    int before = open_descriptors();

    static const uint64_t places[][2] = {
        {0, 1},           {1, 16},         {(uint64_t)1 << 40, 16}, {UINT64_MAX - 63, 128},
        {64, UINT64_MAX}, {1 << 15, 4096}, /* nothing is there */
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; ++i) {
        reduce(&waldo__lock_class, lock, &reduced);
        memcpy(reduced.data, places[i], sizeof places[i]);
        expect_refused(&waldo__lock_class, &reduced);
    }
    reduce(&waldo__lock_class, lock, &reduced);
    expect_refused(&waldo__rlock_class, &reduced);
    reduce(&waldo__lock_class, lock, &reduced);
    expect_refused(&waldo__queue_class, &reduced);
    reduce(&waldo__lock_class, lock, &reduced);
    reduced.size = 3;
    expect_refused(&waldo__lock_class, &reduced);
    reduce(&waldo__lock_class, lock, &reduced);
    reduced.data[reduced.size++] = 1;
    expect_refused(&waldo__lock_class, &reduced);
    reduce(&waldo__queue_class, queue, &reduced);
    close(reduced.descriptors[--reduced.descriptor_count]);
    expect_refused(&waldo__queue_class, &reduced);
    memset(&reduced, 0, sizeof reduced);
    expect_refused(&waldo__queue_class, &reduced);

    size_t size;
    uint32_t units = 3;
    uint8_t *memory = memory_of(queue, &size);
    memcpy(memory + 4, &units, sizeof units);
    reduce(&waldo__queue_class, queue, &reduced);
    expect_refused(&waldo__queue_class, &reduced);
    units = 1u << 31;
    memcpy(memory + 4, &units, sizeof units);
    reduce(&waldo__queue_class, queue, &reduced);
    expect_refused(&waldo__queue_class, &reduced);

    cr_expect_eq(open_descriptors(), before);
    waldo_mp_queue_unref(queue);
    waldo_mp_lock_unref(lock);
}

Test(hostile, sockets_of_a_queue_that_are_shut)
{
    waldo_mp_queue *queue;
    waldo_mp_event *event;
    waldo__reduced reduced;
    waldo_value *item;
    OK(waldo_mp_queue_new(NULL, &queue, &err));
    OK(waldo_mp_event_new(&event, &err));
    OK(waldo_mp_queue_put(queue, waldo_mp_event_value(event), 0, &err));
    OK(waldo_mp_queue_put(queue, waldo_v("next"), 0, &err));
    reduce(&waldo__queue_class, queue, &reduced);
    char byte;
    cr_assert_eq(recv(reduced.descriptors[2], &byte, 1, 0), 1);
    cr_expect_eq(waldo_mp_queue_get(queue, 0, &item, &err), WALDO_EPROTOCOL);
    OK(waldo_mp_queue_get(queue, 0, &item, &err));
    waldo_value_unref(item);
    shutdown(reduced.descriptors[1], SHUT_RDWR);
    cr_expect_lt(waldo_mp_queue_put(queue, waldo_mp_event_value(event), 0, &err), 0);
    waldo__close_descriptors(reduced.descriptors, reduced.descriptor_count);
    waldo_mp_event_unref(event);
    waldo_mp_queue_unref(queue);
}
