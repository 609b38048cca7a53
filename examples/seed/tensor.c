/* A tensor that goes to another process without a copy: what one writes the other sees.
 *
 *     import torch.multiprocessing as mp
 *
 *     def double(q, done):
 *         tensor = q.get()
 *         tensor *= 2
 *         done.set()
 *
 *     if __name__ == '__main__':
 *         mp.set_start_method('spawn')
 *         q, done = mp.Queue(), mp.Event()
 *         p = mp.Process(target=double, args=(q, done))
 *         p.start()
 *         tensor = torch.arange(6.0).reshape(2, 3)
 *         q.put(tensor)       # moves it to shared memory; its handle goes through the queue
 *         done.wait()
 *         print(tensor)
 *         p.join()
 */
#include "check.h"

#include <waldo/mp/buffer.h>

enum { ROWS = 2, COLUMNS = 3 };

static int double_it(const waldo_value *arguments, waldo_error *reterr)
{
    WALDO_AUTO(waldo_mp_queue) q = NULL;
    WALDO_AUTO(waldo_mp_event) done = NULL;
    WALDO_AUTO(waldo_mp_buffer) tensor = NULL;
    waldo_value *item;
    int status = waldo_mp_queue_from_value(waldo_mp_argument(arguments, 0), &q, reterr);
    if (status >= 0)
        status = waldo_mp_event_from_value(waldo_mp_argument(arguments, 1), &done, reterr);
    if (status >= 0)
        status = waldo_mp_queue_get(q, WALDO_FOREVER, &item, reterr);
    if (status < 0)
        return status;
    status = waldo_mp_buffer_from_value(item, &tensor, reterr);
    waldo_value_unref(item);
    if (status < 0)
        return status;
    float *items = waldo_mp_buffer_tensor(tensor)->data;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        items[i] *= 2;
    waldo_mp_event_set(done);
    return 0;
}
WALDO_MP_TARGET(double_it)

int main(int argc, char **argv)
{
    waldo_mp_freeze_support(argc, argv);
    check(waldo_mp_set_start_method(WALDO_MP_SPAWN, false, &err));

    waldo_mp_queue *q;
    waldo_mp_event *done;
    waldo_mp_process *p;
    check(waldo_mp_queue_new(NULL, &q, &err));
    check(waldo_mp_event_new(&done, &err));
    check(waldo_mp_process_new(
        &(waldo_mp_process_options){
            .target = double_it,
            .arguments = waldo_v_tuple(waldo_mp_queue_value(q), waldo_mp_event_value(done))},
        &p, &err));
    check(waldo_mp_process_start(p, &err));

    waldo_mp_buffer *tensor;
    const int64_t shape[] = {ROWS, COLUMNS};
    check(waldo_mp_buffer_new((DLDataType){kDLFloat, 32, 1}, 2, shape, WALDO_MP_BY_DESCRIPTOR,
                              &tensor, &err));
    float *items = waldo_mp_buffer_tensor(tensor)->data;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        items[i] = (float)i;
    check(waldo_mp_queue_put(q, waldo_mp_buffer_value(tensor), WALDO_FOREVER, &err));
    check(waldo_mp_event_wait(done, WALDO_FOREVER, &err));
    for (int row = 0; row < ROWS; row++)
        printf("%g %g %g\n", items[row * COLUMNS], items[row * COLUMNS + 1],
               items[row * COLUMNS + 2]);

    check(waldo_mp_process_join(p, WALDO_FOREVER, &err));
    waldo_mp_process_unref(p);
    waldo_mp_buffer_unref(tensor);
    waldo_mp_event_unref(done);
    waldo_mp_queue_unref(q);
    return 0;
}
