/* fork() in the middle of what other threads do with the runtime: children use it at once. */
#include <pthread.h>
#include <stdatomic.h>

#include <waldo/server.h>
#include <waldo/waldo.h>

#include "unit/process/support.h"

enum { THREADS = 3, CHILDREN = 60 };

static waldo_manager *manager;
static waldo_dict *dict;
static waldo_mp_queue *queue;
static atomic_bool stop;

static void use_everything(int64_t number)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *value;
    OK(waldo_dict_set(dict, waldo_v(number), waldo_v(number), &err));
    OK(waldo_manager_ping(manager, &err));
    OK(waldo_mp_queue_put(queue, waldo_v(number), WALDO_FOREVER, &err));
    OK(waldo_mp_queue_get(queue, WALDO_FOREVER, &value, &err));
    waldo_value_unref(value);
}

static void *be_busy(void *number)
{
    while (!atomic_load(&stop))
        use_everything(*(int *)number);
    return NULL;
}

static int use_it_in_a_child(const waldo_value *arguments, waldo_error *reterr)
{
    (void)reterr;
    use_everything(number(arguments, 0));
    return 0;
}

int main(void)
{
    waldo_error err = WALDO_ERROR_INIT;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    OK(waldo_mp_set_start_method(WALDO_MP_FORK, false, &err));
    OK(waldo_manager_new(NULL, &manager, &err));
    OK(waldo_manager_start(manager, NULL, NULL, &err));
    OK(waldo_dict_new(manager, &dict, &err));
    OK(waldo_mp_queue_new(NULL, &queue, &err));
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, be_busy, &numbers[i]) == 0);
    }
    for (int i = 0; i < CHILDREN; i++)
        CHECK(ended(started(use_it_in_a_child, waldo_v_tuple(waldo_v(THREADS + i)))) == 0);
    atomic_store(&stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    waldo_mp_queue_unref(queue);
    waldo_dict_unref(dict);
    OK(waldo_manager_shutdown(manager, &err));
    waldo_manager_unref(manager);
    return 0;
}
