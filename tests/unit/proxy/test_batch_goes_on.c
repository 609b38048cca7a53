/* Where a batch goes on: nobody who has nothing to do with it waits for it. */
#include "engine/deadline.h"
#include "unit/types/live.h"

static waldo_batch *batch;
static waldo_list *list;

static void begin(void)
{
    live_begin();
    must(waldo_batch_new(manager, &batch, &err));
    must(waldo_list_new(manager, &list, &err));
}

static void end(void)
{
    waldo_batch_unref(batch);
    waldo_list_unref(list);
    live_end();
}

TestSuite(batch_goes_on, .init = begin, .fini = end, .timeout = 120);

typedef struct run {
    pthread_t thread;
    int status;
    uint64_t took;
    _Atomic bool done;
} run;

static void *run_batch(void *data)
{
    run *one = data;
    uint64_t begun = waldo__now();
    one->status = waldo_batch_run(batch, 0, NULL);
    one->took = waldo__now() - begun;
    one->done = true;
    return NULL;
}

/* The call that waits times out on the loop's thread, in the room of all locks and queues. What the
 * next ones use is large, and what they ask for is not there. */
Test(batch_goes_on, large_results_after_a_timeout_hold_up_nobody)
{
    enum { SIZE = 8 << 20, USES = 40 };
    waldo_manager *other = live_connect();
    waldo_queue *queue, *empty;
    waldo_error error;
    run one = {.done = false};
    char *text = calloc(1, SIZE);

    must(waldo_queue_new(other, 0, &queue, &err));
    must(waldo_queue_new(manager, 0, &empty, &err));
    must(waldo_list_append(list, waldo_v_bytes(text, SIZE), &err));
    free(text);
    int large = must(waldo_batch_call(batch, waldo_list_proxy(list), "__getitem__",
                                      waldo_v_tuple(waldo_v(0)), &err));
    must(waldo_batch_call(batch, waldo_queue_proxy(empty), "get",
                          waldo_v_tuple(waldo_v(true), waldo_v(0.1)), &err));
    for (int i = 0; i < USES; i++)
        must(waldo_batch_call(batch, waldo_list_proxy(list), "nothing",
                              waldo_v_tuple(waldo_batch_use(batch, large)), &err));
    cr_assert_eq(pthread_create(&one.thread, NULL, run_batch, &one), 0);
    uint64_t longest = 0;
    while (!one.done) {
        int64_t size;
        uint64_t begun = waldo__now();
        cr_assert_geq(waldo_queue_qsize(queue, &size, &error), 0, "%s", error.message);
        uint64_t took = waldo__now() - begun;
        longest = took > longest ? took : longest;
    }
    pthread_join(one.thread, NULL);
    cr_assert_eq(one.status, 1 + USES);
    cr_assert_lt(longest, one.took / 4, "a call of another took %d ms, the batch %d",
                 (int)(longest / 1000000), (int)(one.took / 1000000));
    waldo_queue_unref(empty);
    waldo_queue_unref(queue);
    waldo_manager_unref(other);
}

/* A semaphore that counts events may have more of them than at first: what a lost batch acquired
 * goes back, but for what it has released itself. */
Test(batch_goes_on, a_permit_that_was_acquired_and_released_goes_back_once)
{
    waldo_semaphore *semaphore;
    waldo_queue *full, *empty;
    waldo_value *item;
    char *text;

    must(waldo_semaphore_new(manager, 1, &semaphore, &err));
    must(waldo_queue_new(manager, 0, &full, &err));
    must(waldo_queue_new(manager, 0, &empty, &err));
    must(waldo_queue_put(full, waldo_v("here"), 0, &err));
    for (int i = 0; i < 4; i++)
        must(waldo_semaphore_release(semaphore, &err));
    must(waldo_batch_call(batch, waldo_queue_proxy(full), "get", waldo_v_none(), &err));
    static const char *const calls[] = {"acquire", "acquire", "release", "acquire", "release"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        must(waldo_batch_call(batch, waldo_semaphore_proxy(semaphore), calls[i], waldo_v_none(),
                              &err));
    must(waldo_batch_call(batch, waldo_queue_proxy(empty), "get", waldo_v_none(), &err));
    must_fail(waldo_batch_run(batch, 0.3, &err), WALDO_ETIMEOUT);
    /* The first is the last that goes back. */
    must(waldo_queue_get(full, 30, &item, &err));
    prints(item, "'here'");
    text = waldo_proxy_str(waldo_semaphore_proxy(semaphore));
    cr_assert_str_eq(text, "<Semaphore object: value=5>");
    free(text);
    /* What has arrived stays. */
    waldo_batch_unref(batch);
    must(waldo_batch_new(manager, &batch, &err));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        must(waldo_batch_call(batch, waldo_semaphore_proxy(semaphore), calls[i], waldo_v_none(),
                              &err));
    must(waldo_batch_run(batch, 0, &err));
    text = waldo_proxy_str(waldo_semaphore_proxy(semaphore));
    cr_assert_str_eq(text, "<Semaphore object: value=4>");
    free(text);
    waldo_semaphore_unref(semaphore);
    waldo_queue_unref(full);
    waldo_queue_unref(empty);
}
