/* Processes that are killed at random instants while they use everything that lies in shared
 * memory: nobody hangs, nothing is spoiled. 300 kills; WALDO_KILLS=5000 sets another number. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp/buffer.h>
#include <waldo/mp/queue.h>
#include <waldo/mp/shared_memory.h>
#include <waldo/mp/sharedctypes.h>
#include <waldo/mp/sync.h>

#include "memory/heap.h"
#include "unit/memory/children.h"

#define WORKERS 3
#define PERMITS 2

static waldo_error err;

/* Under the lock a == b == c; whoever gets it from a dead process repairs that. */
struct books {
    volatile int64_t a;
    volatile int64_t b;
    volatile int64_t c;
};

static struct stage {
    waldo_mp_lock *lock;
    waldo_mp_rlock *rlock;
    waldo_mp_semaphore *permits;
    waldo_mp_event *event;
    waldo_mp_condition *condition;
    waldo_mp_barrier *barrier;
    waldo_mp_queue *queue;
    waldo_mp_value *number;
    waldo_mp_array *numbers;
    waldo__block block;
    struct books *books;
} stage;

static void set_stage(void)
{
    OK(waldo_mp_lock_new(&stage.lock, &err));
    OK(waldo_mp_rlock_new(&stage.rlock, &err));
    OK(waldo_mp_bounded_semaphore_new(PERMITS, &stage.permits, &err));
    OK(waldo_mp_event_new(&stage.event, &err));
    OK(waldo_mp_condition_new_on_rlock(stage.rlock, &stage.condition, &err));
    OK(waldo_mp_barrier_new(2, NULL, NULL, 0.002, &stage.barrier, &err));
    OK(waldo_mp_queue_new(&(waldo_mp_queue_options){.capacity = 1 << 16}, &stage.queue, &err));
    OK(waldo_mp_value_new('q', waldo_v(0), NULL, &stage.number, &err));
    OK(waldo_mp_array_new('i', waldo_v(100), NULL, &stage.numbers, &err));
    OK(waldo__block_new(sizeof *stage.books, &stage.block, &err));
    stage.books = waldo__block_memory(&stage.block);
}

static void clear_stage(void)
{
    waldo_mp_lock_unref(stage.lock);
    waldo_mp_rlock_unref(stage.rlock);
    waldo_mp_semaphore_unref(stage.permits);
    waldo_mp_event_unref(stage.event);
    waldo_mp_condition_unref(stage.condition);
    waldo_mp_barrier_unref(stage.barrier);
    waldo_mp_queue_unref(stage.queue);
    waldo_mp_value_unref(stage.number);
    waldo_mp_array_unref(stage.numbers);
    waldo__block_free(&stage.block);
}

static void keep_books(void)
{
    struct books *books = stage.books;
    int got = waldo_mp_lock_acquire(stage.lock, SOON, NULL);
    MUST(got > 0);
    if (got == WALDO_OWNER_DIED)
        books->b = books->c = books->a;
    MUST(books->a == books->b && books->b == books->c);
    ++books->a;
    ++books->b;
    ++books->c;
    MUST(waldo_mp_lock_release(stage.lock, NULL) >= 0);
}

static void use_condition(void)
{
    MUST(waldo_mp_condition_acquire(stage.condition, SOON, NULL) > 0);
    MUST(waldo_mp_condition_notify(stage.condition, 1, NULL) >= 0);
    MUST(waldo_mp_condition_wait(stage.condition, 0.0005, NULL) >= 0);
    MUST(waldo_mp_condition_release(stage.condition, NULL) >= 0);
}

static void use_event(void)
{
    waldo_mp_event_set(stage.event);
    MUST(waldo_mp_event_wait(stage.event, 0.0001, NULL) >= 0);
    waldo_mp_event_clear(stage.event);
}

static void use_barrier(void)
{
    if (waldo_mp_barrier_wait(stage.barrier, -1, NULL) < 0)
        waldo_mp_barrier_reset(stage.barrier);
}

static void use_heap(void)
{
    waldo__block block;
    MUST(waldo__block_new(100, &block, NULL) >= 0);
    waldo__block_free(&block);
}

static void use_numbers(void)
{
    waldo_value *number;
    MUST(waldo_mp_value_set(stage.number, waldo_v((int64_t)pick(100)), NULL) >= 0);
    MUST(waldo_mp_value_get(stage.number, &number, NULL) >= 0);
    waldo_value_unref(number);
    MUST(waldo_mp_array_set(stage.numbers, pick(100), waldo_v((int64_t)pick(100)), NULL) >= 0);
    MUST(waldo_mp_array_get_slice(stage.numbers, 0, INT64_MAX, &number, NULL) >= 0);
    waldo_value_unref(number);
}

static waldo_mp_buffer *new_buffer(waldo_mp_sharing sharing)
{
    waldo_mp_buffer *buffer;
    MUST(waldo_mp_buffer_new((DLDataType){kDLInt, 8, 1}, 1, (int64_t[]){600}, sharing, &buffer,
                             NULL) >= 0);
    return buffer;
}

/* The first name of a process starts its janitor: most are killed before they have another. */
static void use_names(void)
{
    waldo_mp_shared_memory *memory;
    waldo_mp_shareable_list *list;
    MUST(waldo_mp_shared_memory_create(NULL, 100, true, &memory, NULL) >= 0);
    MUST(waldo_mp_shareable_list_create(waldo_v_list(waldo_v(1), waldo_v("text")), NULL, &list,
                                        NULL) >= 0);
    waldo_mp_buffer_unref(new_buffer(WALDO_MP_BY_NAME));
    MUST(waldo_mp_shareable_list_set(list, 1, waldo_v("else"), NULL) >= 0);
    MUST(waldo_mp_shared_memory_unlink(waldo_mp_shareable_list_shm(list), NULL) >= 0);
    MUST(waldo_mp_shared_memory_unlink(memory, NULL) >= 0);
    waldo_mp_shareable_list_unref(list);
    waldo_mp_shared_memory_unref(memory);
}

/* Those of other tests that run meanwhile go, too. */
static int names(void)
{
    int count = 0;
    DIR *directory = opendir("/dev/shm");
    cr_assert_not_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        count += strncmp(entry->d_name, "psm_", 4) == 0 ||
                 strncmp(entry->d_name, "waldo_buffer_", 13) == 0;
    closedir(directory);
    return count;
}

static void expect_no_names(void)
{
    double end = seconds_now() + SOON;
    while (names() > 0 && seconds_now() < end)
        usleep(10000);
    cr_expect_eq(names(), 0);
}

/* A buffer that says whether it is whole. */
static waldo_value *buffer_item(void)
{
    waldo_mp_buffer *buffer = new_buffer(WALDO_MP_BY_DESCRIPTOR);
    memset(waldo_mp_buffer_tensor(buffer)->data, 7, 600);
    waldo_value *item = waldo_mp_buffer_value(buffer);
    waldo_mp_buffer_unref(buffer);
    return item;
}

static bool is_whole_buffer(const waldo_value *item)
{
    waldo_mp_buffer *buffer;
    if (waldo_mp_buffer_from_value(item, &buffer, NULL) < 0)
        return false;
    const DLTensor *tensor = waldo_mp_buffer_tensor(buffer);
    const uint8_t *data = tensor->data;
    bool whole = tensor->shape[0] == 600 && data[0] == 7 && data[599] == 7;
    waldo_mp_buffer_unref(buffer);
    return whole;
}

/* A value that shows whether it is whole. */
static waldo_value *make_item(void)
{
    uint8_t data[600];
    size_t size = pick(sizeof data);
    memset(data, (int)size, sizeof data);
    if (size % 7 == 0)
        return waldo_v_list(waldo_v_bytes(data, size), waldo_v((int64_t)size));
    if (size % 7 == 1)
        return waldo_mp_event_value(stage.event);
    if (size % 7 == 2)
        return buffer_item();
    return waldo_v_bytes(data, size);
}

static bool whole_bytes(const waldo_value *item)
{
    const uint8_t *data;
    size_t size;
    if (waldo_value_get_bytes(item, &data, &size, NULL) < 0)
        return false;
    for (size_t i = 0; i < size; ++i)
        if (data[i] != (uint8_t)size)
            return false;
    return true;
}

static bool is_whole(const waldo_value *item)
{
    waldo_mp_event *event;
    waldo_value *part;
    switch (waldo_value_kind(item)) {
    case WALDO_KIND_LIST:
        if (waldo_value_item(item, 0, &part, NULL) < 0)
            return false;
        bool whole = whole_bytes(part);
        waldo_value_unref(part);
        return whole;
    case WALDO_KIND_HANDLE:
        if (waldo_mp_event_from_value(item, &event, NULL) < 0)
            return is_whole_buffer(item);
        waldo_mp_event_unref(event);
        return true;
    default:
        return whole_bytes(item);
    }
}

/* 1: a whole item; 0: none was there. */
static int get_whole(double timeout)
{
    waldo_value *item;
    int status = waldo_mp_queue_get(stage.queue, timeout, &item, &err);
    if (status == WALDO_EEMPTY)
        return 0;
    bool whole = status >= 0 && is_whole(item);
    if (status >= 0)
        waldo_value_unref(item);
    return whole ? 1 : -1;
}

static void use_queue(void)
{
    for (int i = 0; i < 5; ++i) {
        int status = waldo_mp_queue_put(stage.queue, make_item(), 0, NULL);
        MUST(status >= 0 || status == WALDO_EFULL);
    }
    for (int i = 0; i < 5; ++i)
        MUST(get_whole(0) >= 0);
}

static void use_semaphore(void)
{
    MUST(waldo_mp_semaphore_acquire(stage.permits, SOON, NULL) > 0);
    keep_books();
    MUST(waldo_mp_semaphore_release(stage.permits, NULL) >= 0);
}

static int work(void *data)
{
    (void)data;
    for (;;) {
        use_queue();
        use_semaphore();
        use_condition();
        use_event();
        use_barrier();
        use_heap();
        use_numbers();
        use_names();
    }
    return 0;
}

/* Everything can be had, and nothing is missing. */
static void expect_order(void)
{
    cr_assert_gt(waldo_mp_lock_acquire(stage.lock, SOON, &err), 0);
    OK(waldo_mp_lock_release(stage.lock, &err));
    cr_assert_gt(waldo_mp_rlock_acquire(stage.rlock, SOON, &err), 0);
    OK(waldo_mp_rlock_release(stage.rlock, &err));
    for (int i = 0; i < PERMITS; ++i)
        cr_assert_gt(waldo_mp_semaphore_acquire(stage.permits, SOON, &err), 0);
    cr_expect_eq(waldo_mp_semaphore_acquire(stage.permits, 0, &err), 0, "a permit too many");
    for (int i = 0; i < PERMITS; ++i)
        OK(waldo_mp_semaphore_release(stage.permits, &err));
    int got;
    while ((got = get_whole(0)) == 1)
        ;
    cr_assert_eq(got, 0, "%s", err.message);
    OK(waldo_mp_queue_put(stage.queue, waldo_v_bytes("\1", 1), 0, &err));
    cr_expect_eq(get_whole(0), 1);
}

static int kills_wanted(void)
{
    const char *text = getenv("WALDO_KILLS");
    return text ? atoi(text) : 300;
}

Test(shared_memory, survives_kills_at_any_instant, .timeout = 900)
{
    set_stage();
    pid_t workers[WORKERS];
    for (int i = 0; i < WORKERS; ++i)
        workers[i] = start_child(work, NULL);
    double end = seconds_now() + SOON;
    while (stage.books->a == 0 && seconds_now() < end)
        usleep(1000);
    int kills = kills_wanted();
    for (int i = 0; i < kills; ++i) {
        /* Long enough for most to be in the middle of something; for some, to have names. */
        usleep(pick(i % 10 ? 3000 : 30000));
        kill_child(workers[i % WORKERS]);
        workers[i % WORKERS] = start_child(work, NULL);
    }
    for (int i = 0; i < WORKERS; ++i)
        kill_child(workers[i]);
    expect_order();
    cr_expect_gt(stage.books->a, 0);
    use_numbers();
    clear_stage();
    expect_no_names();
}
