/* Long results over shared memory come in two parts, and are what they would be in one: whatever
 * they are, and whoever asks. */
#include <stdio.h>
#include <unistd.h>

#include "unit/types/live.h"

#include "waldo/builtins.proxy.h"

static waldo_dict *dict;

static void begin(void)
{
    char url[64];
    snprintf(url, sizeof url, "ipc:///tmp/waldo-parts-%d.sock", (int)getpid());
    live_begin_at(url, (waldo_server_options){0});
    must(waldo_dict_new(manager, &dict, &err));
}

static void end(void)
{
    waldo_dict_unref(dict);
    live_end();
}

TestSuite(parts, .init = begin, .fini = end, .timeout = 120);

static waldo_value *many_bytes(size_t size, unsigned salt)
{
    uint8_t *bytes = calloc(1, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)((i + salt) * 2654435761u >> 11);
    waldo_value *value = waldo_v_bytes(bytes, size);
    free(bytes);
    return value;
}

/* Its long bytes are the last thing in it, or they are not. */
static waldo_value *make(int shape, size_t size, unsigned salt)
{
    waldo_value *bytes = many_bytes(size, salt);
    switch (shape) {
    case 0:
        return bytes;
    case 1:
        return waldo_v_list(waldo_v(1), waldo_v("two"), bytes);
    case 2:
        return waldo_v_list(bytes, waldo_v(1));
    case 3:
        return waldo_v_tuple(waldo_v(1), waldo_v_list(waldo_v_tuple(bytes)));
    case 4:
        return waldo_v_dict(waldo_v("key"), bytes);
    default:
        return waldo_v_list(many_bytes(size, salt + 1), bytes);
    }
}

enum { SHAPES = 6, ROUNDS = 3 };

static const size_t sizes[] = {65535, 65536, 65537, 200000, 1 << 20, 5 << 20};

static waldo_value *get_by_dict(void)
{
    waldo_value *value;
    must(waldo_dict_get(dict, waldo_v(1), &value, &err));
    return value;
}

static waldo_value *get_by_name(void)
{
    waldo_value *value;
    must(waldo_proxy_call(waldo_dict_proxy(dict), "__getitem__", waldo_v_tuple(waldo_v(1)), &value,
                          &err));
    return value;
}

static waldo_value *get_by_future(void)
{
    waldo_future *future;
    waldo_value *value;
    must(waldo_call_async(waldo_dict_proxy(dict), "__getitem__", waldo_v_tuple(waldo_v(1)), &future,
                          &err));
    must(waldo_future_result(future, 30, &value, &err));
    waldo_future_unref(future);
    return value;
}

static waldo_value *get_by_stub_async(void)
{
    Waldo__Builtin__DictKey key = WALDO__BUILTIN__DICT_KEY__INIT;
    Waldo__Value one = WALDO__VALUE__INIT, *result;
    waldo_future *future;
    waldo_value *value;
    one.kind_case = WALDO__VALUE__KIND_INTEGER;
    one.integer = 1;
    key.key = &one;
    must(waldo_builtin_dict___getitem___async(dict, &key, &future, &err));
    must(waldo_builtin_dict___getitem___await(future, 30, &result, &err));
    must(waldo_value_from_message(result, &value, &err));
    waldo__value__free_unpacked(result, NULL);
    waldo_future_unref(future);
    return value;
}

static waldo_value *get_by_batch(void)
{
    waldo_batch *batch;
    waldo_value *value;
    must(waldo_batch_new(manager, &batch, &err));
    int call = must(waldo_batch_call(batch, waldo_dict_proxy(dict), "__getitem__",
                                     waldo_v_tuple(waldo_v(1)), &err));
    must(waldo_batch_run(batch, 0, &err));
    must(waldo_batch_result(batch, call, &value, &err));
    waldo_batch_unref(batch);
    return value;
}

static waldo_value *(*const gets[])(void) = {get_by_dict, get_by_name, get_by_future,
                                             get_by_stub_async, get_by_batch};

/* By turns, so that each finds the memory that another one has left. */
Test(parts, of_every_shape_and_size_for_whoever_asks)
{
    for (unsigned round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (int shape = 0; shape < SHAPES; shape++) {
                waldo_value *value = make(shape, sizes[i], round);
                must(waldo_dict_set(dict, waldo_v(1), waldo_value_ref(value), &err));
                for (size_t k = 0; k < sizeof gets / sizeof gets[0]; k++) {
                    waldo_value *got = gets[k]();
                    cr_assert_eq(waldo_value_equal(got, value, NULL), 1,
                                 "%zu bytes, shape %d, way %zu", sizes[i], shape, k);
                    waldo_value_unref(got);
                }
                waldo_value_unref(value);
            }
}

/* What a call waits for and what it did not ask for are told apart: long results of many threads on
 * one connection. */
static void *get_own(void *data)
{
    waldo_error error;
    unsigned salt = *(unsigned *)data;
    waldo_value *value = make((int)(salt % SHAPES), 300000, salt);
    for (int i = 0; i < 50; i++) {
        waldo_value *got;
        cr_assert_geq(waldo_dict_set(dict, waldo_v((int64_t)salt), waldo_value_ref(value), &error),
                      0);
        cr_assert_geq(waldo_dict_get(dict, waldo_v((int64_t)salt), &got, &error), 0);
        cr_assert_eq(waldo_value_equal(got, value, NULL), 1);
        waldo_value_unref(got);
    }
    waldo_value_unref(value);
    return NULL;
}

Test(parts, of_many_threads)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    unsigned salts[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        salts[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, get_own, &salts[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

Test(parts, a_long_error)
{
    waldo_value *none;
    for (int i = 0; i < 3; i++)
        must_fail(waldo_dict_get(dict, many_bytes(1 << 20, 1), &none, &err), WALDO_EKEY);
}
