/* The program of docs/shared_memory.md: run by docs.shared_memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <waldo/mp.h>
#include <waldo/mp/buffer.h>
#include <waldo/server.h>
#include <waldo/waldo.h>

static waldo_error err;

static void check(int status)
{
    if (status < 0) {
        waldo_error_print(&err, stderr);
        exit(1);
    }
}

static void repair(int64_t *hits)
{
    *hits = 0;
}

static void count(waldo_mp_lock *lock, waldo_mp_value *shared)
{
    int64_t *hits = waldo_mp_value_data(shared);
    switch (waldo_mp_lock_acquire(lock, 5.0, &err)) {
    case WALDO_OWNER_DIED: /* we have the lock; who had it before was killed */
        repair(hits);
        break;
    case 1:
        break;
    case 0: /* five seconds passed */
        return;
    default:
        check(err.code);
    }
    ++*hits;
    check(waldo_mp_lock_release(lock, &err));
}

static void use_lock(void)
{
    waldo_mp_lock *lock;
    waldo_mp_value *hits;
    waldo_value *now;
    check(waldo_mp_lock_new(&lock, &err));
    check(waldo_mp_value_new('q', waldo_v(0), &(waldo_mp_locking){.lock = lock}, &hits, &err));
    count(lock, hits);
    check(waldo_mp_value_get(hits, &now, &err));
    char *text = waldo_value_repr(now);
    if (strcmp(text, "1") != 0)
        exit(2);
    free(text);
    waldo_value_unref(now);
    waldo_mp_value_unref(hits);
    waldo_mp_lock_unref(lock);
}

static void work(waldo_mp_queue *jobs, waldo_mp_queue *answers)
{
    waldo_value *job;
    while (waldo_mp_queue_get(jobs, 1.0, &job, &err) >= 0) {
        check(waldo_mp_queue_put(answers, job, WALDO_FOREVER, &err));
        check(waldo_mp_queue_task_done(jobs, &err));
    }
}

static void use_queue(void)
{
    waldo_mp_queue *jobs;
    waldo_mp_queue *answers;
    check(waldo_mp_queue_new(&(waldo_mp_queue_options){.maxsize = 100}, &jobs, &err));
    check(waldo_mp_queue_new(NULL, &answers, &err));
    if (fork() == 0) {
        work(jobs, answers);
        _exit(0);
    }
    for (int i = 0; i < 3; ++i)
        check(waldo_mp_queue_put(jobs, waldo_v_tuple(waldo_v(i), waldo_v("job")), WALDO_FOREVER,
                                 &err));
    check(waldo_mp_queue_join(jobs, WALDO_FOREVER, &err));
    if (waldo_mp_queue_qsize(answers) != 3)
        exit(3);
    wait(NULL);
    waldo_mp_queue_unref(jobs);
    waldo_mp_queue_unref(answers);
}

static void use_buffer(waldo_mp_queue *queue)
{
    int64_t shape[] = {1000, 1000};
    waldo_mp_buffer *weights;
    check(waldo_mp_buffer_new((DLDataType){kDLFloat, 32, 1}, 2, shape, WALDO_MP_BY_DESCRIPTOR,
                              &weights, &err));
    float *data = waldo_mp_buffer_tensor(weights)->data;
    data[0] = 1;
    check(waldo_mp_queue_put(queue, waldo_mp_buffer_value(weights), WALDO_FOREVER, &err));
    waldo_mp_buffer_unref(weights);
}

static void take_buffer(waldo_mp_queue *queue)
{
    waldo_value *item;
    waldo_mp_buffer *same;
    check(waldo_mp_queue_get(queue, 5.0, &item, &err));
    check(waldo_mp_buffer_from_value(item, &same, &err));
    float *data = waldo_mp_buffer_tensor(same)->data;
    if (data[0] != 1)
        exit(4);
    waldo_mp_buffer_unref(same);
    waldo_value_unref(item);
}

/* A server that was started here is on this host. */
static void use_call(void)
{
    waldo_manager *manager;
    waldo_dict *dict;
    waldo_mp_buffer *weights;
    waldo_value *value;
    check(waldo_manager_new(NULL, &manager, &err));
    check(waldo_manager_start(manager, NULL, NULL, &err));
    check(waldo_dict_new(manager, &dict, &err));
    check(waldo_mp_buffer_new((DLDataType){kDLFloat, 32, 1}, 0, NULL, WALDO_MP_BY_DESCRIPTOR,
                              &weights, &err));
    check(waldo_dict_set(dict, waldo_v("weights"), waldo_mp_buffer_value(weights), &err));
    *(float *)waldo_mp_buffer_tensor(weights)->data = 2;
    waldo_mp_buffer_unref(weights);
    check(waldo_dict_get(dict, waldo_v("weights"), &value, &err));
    check(waldo_mp_buffer_from_value(value, &weights, &err));
    if (*(float *)waldo_mp_buffer_tensor(weights)->data != 2)
        exit(5);
    waldo_mp_buffer_unref(weights);
    waldo_value_unref(value);
    waldo_dict_unref(dict);
    check(waldo_manager_shutdown(manager, &err));
    waldo_manager_unref(manager);
}

static void use_name(void)
{
    waldo_mp_shared_memory *block;
    check(waldo_mp_shared_memory_create(NULL, 4096, true, &block, &err));
    strcpy(waldo_mp_shared_memory_buf(block), "for whoever knows the name");
    printf("%s\n", waldo_mp_shared_memory_name(block)); /* psm_5f3c02aa */
    check(waldo_mp_shared_memory_unlink(block, &err));
    waldo_mp_shared_memory_unref(block);
}

int main(void)
{
    waldo_mp_queue *queue;
    use_call();
    use_lock();
    use_queue();
    check(waldo_mp_queue_new(NULL, &queue, &err));
    use_buffer(queue);
    take_buffer(queue);
    waldo_mp_queue_unref(queue);
    use_name();
    return 0;
}
