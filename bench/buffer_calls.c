/* A shared buffer that goes into a dict of a waldod on this host and comes back: microseconds for
 * both calls, of a large one and of a small one in turns, and what the server's memory grew by.
 *
 *     bench_buffer_calls [URL]    ipc://@waldo-bench-buffers
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp/buffer.h>
#include <waldo/waldo.h>

#include "server.h"

enum { ROUNDS = 1001, SIZES = 2 };

static waldo_error err;

static waldo_mp_buffer *make(int64_t size)
{
    waldo_mp_buffer *buffer;
    DLDataType byte = {kDLUInt, 8, 1};
    must(waldo_mp_buffer_new(byte, 1, &size, WALDO_MP_BY_DESCRIPTOR, &buffer, &err), &err);
    memset(waldo_mp_buffer_tensor(buffer)->data, 1, (size_t)size);
    return buffer;
}

static double there_and_back(waldo_dict *dict, waldo_mp_buffer *buffer)
{
    waldo_value *value;
    waldo_mp_buffer *same;
    double begin = now();
    must(waldo_dict_set(dict, waldo_v(1), waldo_mp_buffer_value(buffer), &err), &err);
    must(waldo_dict_get(dict, waldo_v(1), &value, &err), &err);
    must(waldo_mp_buffer_from_value(value, &same, &err), &err);
    double seconds = now() - begin;
    if (!waldo_mp_buffer_same_memory(same, buffer))
        fail("the buffer was copied", NULL);
    waldo_mp_buffer_unref(same);
    waldo_value_unref(value);
    return seconds;
}

int main(int argc, char **argv)
{
    static double times[SIZES][ROUNDS];
    static const int64_t sizes[SIZES] = {1 << 30, 1 << 10};
    waldo_manager *manager;
    waldo_dict *dict;
    waldo_mp_buffer *buffers[SIZES];
    const char *url = server_start(argc > 1 ? argv[1] : "ipc://@waldo-bench-buffers", PATIENT);
    must(waldo_connect(url, NULL, &manager, &err), &err);
    must(waldo_dict_new(manager, &dict, &err), &err);
    for (int i = 0; i < SIZES; i++)
        buffers[i] = make(sizes[i]);
    there_and_back(dict, buffers[1]);
    double before = server_resident();
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < SIZES; i++)
            times[i][round] = there_and_back(dict, buffers[i]);
    double grown = server_resident() - before;
    double large = median(times[0], ROUNDS) * 1e6, small = median(times[1], ROUNDS) * 1e6;
    printf("1 GiB %.1f us   1 KiB %.1f us   ratio %.2f   the server's memory grew by %.1f MiB\n",
           large, small, large / small, grown / (1 << 20));
    for (int i = 0; i < SIZES; i++)
        waldo_mp_buffer_unref(buffers[i]);
    waldo_dict_unref(dict);
    waldo_manager_unref(manager);
    server_end();
    return 0;
}
