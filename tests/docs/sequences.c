/* What docs/containers.md shows of list, set, Value and Array, against a server in this process. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include <waldo/server.h>

static waldo_error err;
static waldo_server *server;
static pthread_t thread;
static waldo_manager *manager;

#define CHECK(call) cr_assert_geq((call), 0, "%s: %s", #call, err.message)

static void *serve(void *data)
{
    cr_assert_eq(waldo_server_serve_forever(data, NULL), 0);
    return NULL;
}

static void begin(void)
{
    const char *address;
    CHECK(waldo_server_new(NULL, NULL, &server, &err));
    CHECK(waldo_server_listen(server, "tcp://127.0.0.1:0", &address, &err));
    cr_assert_eq(pthread_create(&thread, NULL, serve, server), 0);
    CHECK(waldo_connect(address, NULL, &manager, &err));
}

static void end(void)
{
    uint64_t objects;
    CHECK(waldo_manager_number_of_objects(manager, &objects, &err));
    cr_assert_eq(objects, 0);
    waldo_manager_unref(manager);
    waldo_server_stop(server);
    pthread_join(thread, NULL);
    waldo_server_free(server);
}

TestSuite(sequences, .init = begin, .timeout = 60);

/* TAKES value. */
static void prints(waldo_value *value, const char *expected)
{
    char *text = waldo_value_repr(value);
    cr_assert_str_eq(text, expected);
    free(text);
    waldo_value_unref(value);
}

static void shows(waldo_proxy *proxy, const char *expected)
{
    char *text = waldo_proxy_str(proxy);
    cr_assert_str_eq(text, expected);
    free(text);
}

Test(sequences, list)
{
    waldo_list *list;
    waldo_value *items;
    CHECK(waldo_list_new_from(manager, waldo_v_list(waldo_v(3), waldo_v(1)), &list, &err));
    CHECK(waldo_list_append(list, waldo_v("two"), &err));
    CHECK(waldo_list_set(list, -1, waldo_v(2), &err));
    CHECK(waldo_list_sort(list, false, &err));
    CHECK(waldo_list_get_slice(list, 0, 2, WALDO_OMIT, &items, &err)); /* [1, 2] */
    prints(items, "[1, 2]");

    int64_t sum = 0, number;
    int status;
    WALDO_LIST_EACH(list, item, &status, &err)
    if (waldo_value_get_int64(item, &number, NULL) >= 0)
        sum += number;
    CHECK(status);
    cr_assert_eq(sum, 6);
    waldo_list_unref(list);
    end();
}

Test(sequences, nested)
{
    waldo_list *rows, *row;
    waldo_value *token;
    CHECK(waldo_list_new(manager, &rows, &err));
    CHECK(waldo_list_new(manager, &row, &err));
    CHECK(waldo_proxy_to_value(waldo_list_proxy(row), &token, &err));
    CHECK(waldo_list_append(rows, token, &err));
    waldo_list_unref(row); /* rows keeps it */

    CHECK(waldo_list_get(rows, 0, &token, &err));
    CHECK(waldo_list_from_value(manager, token, &row, &err));
    CHECK(waldo_list_append(row, waldo_v("seen by all"), &err));
    waldo_value_unref(token);
    shows(waldo_list_proxy(row), "['seen by all']");
    waldo_list_unref(row);
    waldo_list_unref(rows);
    end();
}

Test(sequences, set)
{
    waldo_set *seen;
    waldo_value *fresh;
    CHECK(waldo_set_new_from(manager, waldo_v_list(waldo_v("a"), waldo_v("b")), &seen, &err));
    waldo_value *found = waldo_v_set(waldo_v("b"), waldo_v("c"));
    CHECK(waldo_set_combine(seen, WALDO_SET_UNION, waldo_value_ref(found), &fresh, &err));
    prints(fresh, "{'a', 'b', 'c'}");
    CHECK(waldo_set_update(seen, WALDO_SET_UNION, found, &err)); /* {'a', 'b', 'c'} */
    shows(waldo_set_proxy(seen), "{'a', 'b', 'c'}");
    waldo_set_unref(seen);
    end();
}

Test(sequences, value)
{
    waldo_shared_value *visits;
    waldo_value *before;
    CHECK(waldo_shared_value_new(manager, "i", waldo_v(0), &visits, &err));
    CHECK(waldo_shared_value_fetch_add(visits, waldo_v(1), &before, &err)); /* 0 */
    prints(before, "0");
    int status = waldo_shared_value_compare_and_set(visits, waldo_v(1), waldo_v(100), &err);
    cr_assert_eq(status, 1);
    shows(waldo_shared_value_proxy(visits), "Value('i', 100)");

    uint64_t version = 0;
    CHECK(waldo_shared_value_version(visits, &version, &err));
    CHECK(waldo_shared_value_set(visits, waldo_v(7), &err));
    if (waldo_shared_value_wait_changed(visits, version, 10.0, &version, &err) == 1)
        CHECK(waldo_shared_value_get(visits, &before, &err));
    prints(before, "7");
    waldo_shared_value_unref(visits);
    end();
}

Test(sequences, array)
{
    double samples[] = {0.5, 1.5, 2.5};
    waldo_shared_array *array;
    waldo_value *part;
    CHECK(waldo_shared_array_new(manager, 'd', waldo_v_array('d', samples, 3), &array, &err));
    CHECK(waldo_shared_array_set(array, 0, waldo_v(9), &err));
    CHECK(waldo_shared_array_get_slice(array, 0, 2, WALDO_OMIT, &part, &err));

    char typecode;
    const void *memory;
    size_t count;
    CHECK(waldo_value_array_items(part, &typecode, &memory, &count, &err));
    const double *numbers = memory; /* {9.0, 1.5} */
    cr_assert_eq(count, 2);
    cr_assert_eq(numbers[0], 9.0);
    waldo_value_unref(part);
    waldo_shared_array_unref(array);
    end();
}

Test(sequences, by_name)
{
    waldo_list *list;
    waldo_value *result;
    CHECK(waldo_list_new_from(manager, waldo_v("abc"), &list, &err));
    waldo_proxy *proxy = waldo_list_proxy(list);
    CHECK(
        waldo_proxy_call(proxy, "insert", waldo_v_tuple(waldo_v(0), waldo_v("x")), &result, &err));
    waldo_value_unref(result);
    waldo_value *backwards = waldo_v_slice(WALDO_OMIT, WALDO_OMIT, -1);
    CHECK(waldo_proxy_call(proxy, "__getitem__", waldo_v_tuple(backwards), &result, &err));
    prints(result, "['c', 'b', 'a', 'x']");
    waldo_list_unref(list);
    end();
}
