/* Ten processes put into one queue.
 *
 *     def foo(q, i):
 *         q.put(f'hello from process {i}')
 *
 *     if __name__ == '__main__':
 *         mp.set_start_method('spawn')
 *         q = mp.Queue()
 *         procs = []
 *         for i in range(10):
 *             p = mp.Process(target=foo, args=(q, i))
 *             procs.append(p)
 *             p.start()
 *         for i in range(10):
 *             print(q.get())
 *         print("Waiting for the process to finish...")
 *         for p in procs:
 *             p.join()
 */
#include "check.h"

enum { COUNT = 10 };

static int foo(const waldo_value *arguments, waldo_error *reterr)
{
    WALDO_AUTO(waldo_mp_queue) q = NULL;
    int64_t i;
    char text[64];
    int status = waldo_mp_queue_from_value(waldo_mp_argument(arguments, 0), &q, reterr);
    if (status >= 0)
        status = waldo_value_get_int64(waldo_mp_argument(arguments, 1), &i, reterr);
    if (status < 0)
        return status;
    snprintf(text, sizeof text, "hello from process %d", (int)i);
    return waldo_mp_queue_put(q, waldo_v(text), WALDO_FOREVER, reterr);
}
WALDO_MP_TARGET(foo)

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);
    check(waldo_mp_set_start_method(WALDO_MP_SPAWN, false, &err));

    waldo_mp_queue *q;
    check(waldo_mp_queue_new(NULL, &q, &err));
    waldo_mp_process *procs[COUNT];
    for (int i = 0; i < COUNT; i++) {
        check(waldo_mp_process_new(
            &(waldo_mp_process_options){
                .target = foo, .arguments = waldo_v_tuple(waldo_mp_queue_value(q), waldo_v(i))},
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
    printf("Waiting for the process to finish...\n");
    for (int i = 0; i < COUNT; i++) {
        check(waldo_mp_process_join(procs[i], WALDO_FOREVER, &err));
        waldo_mp_process_unref(procs[i]);
    }
    waldo_mp_queue_unref(q);
    return 0;
}
