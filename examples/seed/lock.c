/* A lock that one process has at a time; and one that its holder may take again.
 *
 *     def foo(l, q, i):
 *         l.acquire()
 *         try:
 *             q.put(f'hello from process {i}')
 *         finally:
 *             l.release()
 *
 *     if __name__ == '__main__':
 *         mp.set_start_method('spawn')
 *         lock = mp.Lock()
 *         q = mp.Queue()
 *         procs = []
 *         for i in range(10):
 *             p = mp.Process(target=foo, args=(lock, q, i))
 *             procs.append(p)
 *             p.start()
 *         for i in range(10):
 *             print(q.get())
 *         for p in procs:
 *             p.join()
 *         rlock = mp.RLock()
 *         with rlock, rlock:
 *             print('an RLock was acquired twice')
 */
#include "check.h"

enum { COUNT = 10 };

static int foo(const waldo_value *arguments, waldo_error *reterr)
{
    WALDO_AUTO(waldo_mp_lock) l = NULL;
    WALDO_AUTO(waldo_mp_queue) q = NULL;
    int64_t i;
    char text[64];
    int status = waldo_mp_lock_from_value(waldo_mp_argument(arguments, 0), &l, reterr);
    if (status >= 0)
        status = waldo_mp_queue_from_value(waldo_mp_argument(arguments, 1), &q, reterr);
    if (status >= 0)
        status = waldo_value_get_int64(waldo_mp_argument(arguments, 2), &i, reterr);
    if (status < 0)
        return status;
    snprintf(text, sizeof text, "hello from process %d", (int)i);

    status = waldo_mp_lock_acquire(l, WALDO_FOREVER, reterr);
    if (status < 0)
        return status;
    status = waldo_mp_queue_put(q, waldo_v(text), WALDO_FOREVER, reterr);
    int released = waldo_mp_lock_release(l, reterr);
    return status < 0 ? status : released;
}
WALDO_MP_TARGET(foo)

static void acquire_twice(void)
{
    waldo_mp_rlock *rlock;
    check(waldo_mp_rlock_new(&rlock, &err));
    check(waldo_mp_rlock_acquire(rlock, WALDO_FOREVER, &err));
    check(waldo_mp_rlock_acquire(rlock, WALDO_FOREVER, &err));
    printf("an RLock was acquired twice\n");
    check(waldo_mp_rlock_release(rlock, &err));
    check(waldo_mp_rlock_release(rlock, &err));
    waldo_mp_rlock_unref(rlock);
}

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);
    check(waldo_mp_set_start_method(WALDO_MP_SPAWN, false, &err));

    waldo_mp_lock *lock;
    waldo_mp_queue *q;
    check(waldo_mp_lock_new(&lock, &err));
    check(waldo_mp_queue_new(NULL, &q, &err));
    waldo_mp_process *procs[COUNT];
    for (int i = 0; i < COUNT; i++) {
        check(waldo_mp_process_new(
            &(waldo_mp_process_options){
                .target = foo,
                .arguments =
                    waldo_v_tuple(waldo_mp_lock_value(lock), waldo_mp_queue_value(q), waldo_v(i))},
            &procs[i], &err));
        check(waldo_mp_process_start(procs[i], &err));
    }
    for (int i = 0; i < COUNT; i++) {
        waldo_value *item;
        check(waldo_mp_queue_get(q, WALDO_FOREVER, &item, &err));
        char *text = waldo_value_str(item);
        printf("%s\n", text);
        free(text);
        waldo_value_unref(item);
    }
    for (int i = 0; i < COUNT; i++) {
        check(waldo_mp_process_join(procs[i], WALDO_FOREVER, &err));
        waldo_mp_process_unref(procs[i]);
    }
    acquire_twice();
    waldo_mp_queue_unref(q);
    waldo_mp_lock_unref(lock);
    return 0;
}
