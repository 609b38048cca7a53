/* Long bytes lie in the server where they came, and go from there: whoever has them keeps them,
 * whatever becomes of those who brought them. Over TCP and in shared memory. */
#include <stdio.h>
#include <unistd.h>

#include "live.h"

enum { LONG = 1 << 20 };

static char ipc[64];

/* What live_begin does, with a second address. */
static void begin(void)
{
    const waldo_server_options options = {.authkey = "key", .authkey_size = 3};
    must(waldo_server_new(NULL, &options, &server, &err));
    must(waldo_server_listen(server, "tcp://127.0.0.1:0", NULL, &err));
    snprintf(ipc, sizeof ipc, "ipc://@waldo-test-long-bytes-%d", (int)getpid());
    must(waldo_server_listen(server, ipc, NULL, &err));
    cr_assert_eq(pthread_create(&server_thread, NULL, live_serve, server), 0);
    manager = live_connect();
}

TestSuite(long_bytes, .init = begin, .timeout = 120);

static waldo_manager *connect_to(const char *address)
{
    waldo_manager_options options = {.authkey = "key", .authkey_size = 3};
    waldo_manager *connected;
    must(waldo_connect(address, &options, &connected, &err));
    return connected;
}

/* All of them the same. */
static waldo_value *bytes_of(uint8_t byte, size_t size)
{
    uint8_t *data = malloc(size);
    cr_assert_not_null(data);
    memset(data, byte, size);
    waldo_value *value = waldo_v_bytes(data, size);
    free(data);
    return value;
}

/* TAKES value. Returns the byte that all are. */
static uint8_t all_of(waldo_value *value, size_t wanted)
{
    const uint8_t *data;
    size_t size;
    must(waldo_value_get_bytes(value, &data, &size, &err));
    cr_assert_eq(size, wanted);
    uint8_t byte = data[0];
    for (size_t i = 0; i < size; i++)
        cr_assert_eq(data[i], byte, "at %zu", i);
    waldo_value_unref(value);
    return byte;
}

static uint8_t get(waldo_shared_value *shared, size_t size)
{
    waldo_value *value = NULL;
    must(waldo_shared_value_get(shared, &value, &err));
    return all_of(value, size);
}

static waldo_shared_value *same_of(waldo_manager *other, waldo_shared_value *shared)
{
    waldo_value *reference;
    waldo_proxy *proxy;
    must(waldo_proxy_to_value(waldo_shared_value_proxy(shared), &reference, &err));
    must(waldo_proxy_from_value(other, reference, &proxy, &err));
    waldo_value_unref(reference);
    waldo_shared_value *same;
    must(waldo_shared_value_from_proxy(proxy, &same, &err));
    waldo_proxy_unref(proxy);
    return same;
}

Test(long_bytes, of_all_sizes)
{
    const size_t sizes[] = {1, 65000, 65536, 65537, 262144, LONG, LONG + 1, 5 * LONG, 9 * LONG};
    for (int i = 0; i < 2; i++) {
        waldo_manager *client = connect_to(i == 0 ? waldo_server_address(server) : ipc);
        waldo_shared_value *shared;
        must(waldo_shared_value_new(client, "i", waldo_v(1), &shared, &err));
        for (size_t at = 0; at < sizeof sizes / sizeof sizes[0]; at++) {
            must(waldo_shared_value_set(shared, bytes_of((uint8_t)at, sizes[at]), &err));
            cr_assert_eq(get(shared, sizes[at]), at);
            cr_assert_eq(get(shared, sizes[at]), at);
        }
        waldo_shared_value_unref(shared);
        waldo_manager_unref(client);
    }
    live_end();
}

Test(long_bytes, outlive_the_connection_that_they_came_by)
{
    waldo_shared_value *shared;
    must(waldo_shared_value_new(manager, "i", waldo_v(1), &shared, &err));
    for (int i = 0; i < 2; i++) {
        waldo_manager *client = connect_to(i == 0 ? waldo_server_address(server) : ipc);
        waldo_shared_value *same = same_of(client, shared);
        must(waldo_shared_value_set(same, bytes_of((uint8_t)(7 + i), LONG), &err));
        waldo_shared_value_unref(same);
        waldo_manager_unref(client);
        cr_assert_eq(get(shared, LONG), 7 + i);
    }
    waldo_shared_value_unref(shared);
    live_end();
}

/* One value in several objects, which let it go at different times. */
Test(long_bytes, are_kept_by_whoever_has_them)
{
    waldo_list *list;
    waldo_dict *dict;
    waldo_value *got = NULL;
    must(waldo_list_new(manager, &list, &err));
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_list_append(list, bytes_of(3, LONG), &err));
    must(waldo_dict_set(dict, waldo_v("a"), bytes_of(4, LONG), &err));
    must(waldo_dict_setdefault(dict, waldo_v("b"), bytes_of(5, LONG), &got, &err));
    cr_assert_eq(all_of(got, LONG), 5);
    must(waldo_list_append(list, waldo_v_tuple(waldo_v(1), bytes_of(6, LONG)), &err));
    must(waldo_dict_pop(dict, waldo_v("b"), &got, &err));
    cr_assert_eq(all_of(got, LONG), 5);
    must(waldo_dict_get(dict, waldo_v("a"), &got, &err));
    cr_assert_eq(all_of(got, LONG), 4);
    must(waldo_list_get(list, 0, &got, &err));
    cr_assert_eq(all_of(got, LONG), 3);
    must(waldo_list_get(list, 1, &got, &err));
    waldo_value *inside = NULL;
    must(waldo_value_item(got, 1, &inside, &err));
    cr_assert_eq(all_of(inside, LONG), 6);
    waldo_value_unref(got);
    waldo_list_unref(list);
    waldo_dict_unref(dict);
    live_end();
}

enum { READERS = 4, ROUNDS = 30 };

typedef struct reader {
    waldo_shared_value *shared;
    pthread_t thread;
} reader;

static void *read_often(void *data)
{
    const reader *self = data;
    for (int i = 0; i < ROUNDS; i++)
        (void)get(self->shared, LONG);
    return NULL;
}

/* No reader sees a mixture. */
Test(long_bytes, of_a_value_that_is_replaced_while_many_get_it)
{
    waldo_shared_value *shared;
    reader readers[READERS];
    waldo_manager *clients[READERS];
    must(waldo_shared_value_new(manager, "i", bytes_of(0, LONG), &shared, &err));
    for (int i = 0; i < READERS; i++) {
        clients[i] = connect_to(i % 2 == 0 ? ipc : waldo_server_address(server));
        readers[i].shared = same_of(clients[i], shared);
    }
    for (int i = 0; i < READERS; i++)
        cr_assert_eq(pthread_create(&readers[i].thread, NULL, read_often, &readers[i]), 0);
    for (int i = 1; i <= ROUNDS; i++)
        must(waldo_shared_value_set(shared, bytes_of((uint8_t)i, LONG), &err));
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        cr_assert_eq(get(readers[i].shared, LONG), ROUNDS);
        waldo_shared_value_unref(readers[i].shared);
        waldo_manager_unref(clients[i]);
    }
    waldo_shared_value_unref(shared);
    live_end();
}
