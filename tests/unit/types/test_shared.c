/* Value and Array through the C layer, against a server in this process (rows H9-H11). */
#include <pthread.h>

#include "live.h"

TestSuite(shared, .init = live_begin, .timeout = 60);

static void shows(waldo_proxy *proxy, const char *expected)
{
    char *text = waldo_proxy_str(proxy);
    cr_assert_str_eq(text, expected);
    free(text);
}

/* ---- Value ---- */

Test(shared, any_value_whatever_the_typecode)
{
    waldo_shared_value *shared;
    waldo_value *value;
    must(waldo_shared_value_new(manager, "i", waldo_v(1), &shared, &err));
    shows(waldo_shared_value_proxy(shared), "Value('i', 1)");
    must(waldo_shared_value_set(shared, waldo_v("text"), &err));
    must(waldo_shared_value_get(shared, &value, &err));
    prints(value, "'text'");
    must(waldo_shared_value_exchange(shared, waldo_v(2.5), &value, &err));
    prints(value, "'text'");
    cr_assert_eq(must(waldo_shared_value_compare_and_set(shared, waldo_v(2), waldo_v(3), &err)), 0);
    cr_assert_eq(must(waldo_shared_value_compare_and_set(shared, waldo_v(2.5), waldo_v(3), &err)),
                 1);
    must(waldo_shared_value_fetch_add(shared, waldo_v(4), NULL, &err));
    must_fail(waldo_shared_value_fetch_add(shared, waldo_v("x"), &value, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "unsupported operand type(s) for +: 'int' and 'str'");
    shows(waldo_shared_value_proxy(shared), "Value('i', 7)");
    waldo_shared_value_unref(shared);
    live_end();
}

enum { THREADS = 4, ADDITIONS = 50 };

static void *add_ones(void *data)
{
    for (int i = 0; i < ADDITIONS; i++)
        must(waldo_shared_value_fetch_add(data, waldo_v(1), NULL, NULL));
    return NULL;
}

Test(shared, additions_of_many_are_all_counted)
{
    waldo_shared_value *shared;
    pthread_t threads[THREADS];
    must(waldo_shared_value_new(manager, "i", waldo_v(0), &shared, &err));
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, add_ones, shared), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    shows(waldo_shared_value_proxy(shared), "Value('i', 200)");
    waldo_shared_value_unref(shared);
    live_end();
}

/* Row H11, pains 39: what Python's managed Value does not have. */
Test(shared, a_value_has_a_lock)
{
    waldo_shared_value *shared;
    waldo_rlock *lock, *same;
    must(waldo_shared_value_new(manager, "i", waldo_v(0), &shared, &err));
    must(waldo_shared_value_get_lock(shared, &lock, &err));
    uint64_t id = waldo_proxy_object(waldo_rlock_proxy(lock));
    cr_assert_eq(must(waldo_rlock_acquire(lock, WALDO_FOREVER, &err)), 1);
    must(waldo_shared_value_get_lock(shared, &same, &err));
    cr_assert_eq(waldo_proxy_object(waldo_rlock_proxy(same)), id);
    cr_assert_eq(must(waldo_rlock_locked(same, &err)), 1);
    must(waldo_rlock_release(same, &err));
    waldo_rlock_unref(same);
    waldo_rlock_unref(lock);
    /* The value keeps it. */
    must(waldo_shared_value_get_lock(shared, &same, &err));
    cr_assert_eq(waldo_proxy_object(waldo_rlock_proxy(same)), id);
    waldo_shared_value_unref(shared);
    cr_assert_eq(must(waldo_rlock_locked(same, &err)), 0);
    waldo_rlock_unref(same);
    live_end();
}

Test(shared, a_value_needs_one)
{
    waldo_proxy *proxy = NULL;
    must_fail(waldo_proxy_create(manager, "Value", waldo_v_tuple(waldo_v("i")), &proxy, &err),
              WALDO_ETYPE);
    cr_assert_null(proxy);
    live_end();
}

/* ---- Array ---- */

static waldo_shared_array *array_of(char typecode, waldo_value *items)
{
    waldo_shared_array *array;
    must(waldo_shared_array_new(manager, typecode, items, &array, &err));
    return array;
}

static waldo_value *three(void)
{
    return waldo_v_list(waldo_v(1), waldo_v(2), waldo_v(3));
}

Test(shared, array_items)
{
    waldo_shared_array *array = array_of('i', three());
    waldo_value *item = NULL;
    size_t length;
    shows(waldo_shared_array_proxy(array), "array('i', [1, 2, 3])");
    must(waldo_shared_array_set(array, -1, waldo_v(7), &err));
    must(waldo_shared_array_get(array, 2, &item, &err));
    prints(item, "7");
    item = NULL;
    must(waldo_shared_array_length(array, &length, &err));
    cr_assert_eq(length, 3);
    must_fail(waldo_shared_array_get(array, 3, &item, &err), WALDO_EINDEX);
    cr_assert_str_eq(err.message, "array index out of range");
    must_fail(waldo_shared_array_set(array, 3, waldo_v(1), &err), WALDO_EINDEX);
    cr_assert_str_eq(err.message, "array assignment index out of range");
    must_fail(waldo_shared_array_set(array, 0, waldo_v("x"), &err), WALDO_ETYPE);
    must_fail(waldo_shared_array_set(array, 0, waldo_v((int64_t)1 << 40), &err), WALDO_EOVERFLOW);
    cr_assert_null(item);
    shows(waldo_shared_array_proxy(array), "array('i', [1, 2, 7])");
    waldo_shared_array_unref(array);
    live_end();
}

Test(shared, array_slices)
{
    waldo_shared_array *array = array_of('i', three());
    waldo_value *items;
    must(waldo_shared_array_get_slice(array, 1, WALDO_OMIT, WALDO_OMIT, &items, &err));
    prints(items, "array('i', [2, 3])");
    int32_t fours[] = {4, 4, 4, 4};
    must(waldo_shared_array_set_slice(array, 0, 1, WALDO_OMIT, waldo_v_array('i', fours, 4), &err));
    shows(waldo_shared_array_proxy(array), "array('i', [4, 4, 4, 4, 2, 3])");
    must(waldo_shared_array_set_slice(array, WALDO_OMIT, WALDO_OMIT, -3,
                                      waldo_v_array('i', NULL, 2), &err));
    shows(waldo_shared_array_proxy(array), "array('i', [4, 4, 0, 4, 2, 0])");
    must_fail(waldo_shared_array_set_slice(array, 0, 2, WALDO_OMIT, three(), &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "can only assign array (not \"list\") to array slice");
    must_fail(
        waldo_shared_array_set_slice(array, 0, 2, WALDO_OMIT, waldo_v_array('d', NULL, 2), &err),
        WALDO_ETYPE);
    must_fail(waldo_shared_array_set_slice(array, 0, 2, 0, waldo_v_array('i', NULL, 2), &err),
              WALDO_EVALUE);
    must_fail(waldo_shared_array_set_slice(array, 0, 6, 2, waldo_v_array('i', NULL, 2), &err),
              WALDO_EVALUE);
    shows(waldo_shared_array_proxy(array), "array('i', [4, 4, 0, 4, 2, 0])");
    waldo_shared_array_unref(array);
    live_end();
}

Test(shared, what_is_no_array)
{
    waldo_shared_array *array = NULL;
    must_fail(waldo_shared_array_new(manager, 'x', three(), &array, &err), WALDO_EVALUE);
    must_fail(waldo_shared_array_new(manager, 'i', waldo_v(3), &array, &err), WALDO_ETYPE);
    must_fail(waldo_shared_array_new(manager, 'i', waldo_v("abc"), &array, &err), WALDO_ETYPE);
    must_fail(waldo_shared_array_new(manager, 'i', waldo_v_bytes("abc", 3), &array, &err),
              WALDO_EVALUE);
    must_fail(waldo_shared_array_new(manager, 'B', waldo_v_list(waldo_v(256)), &array, &err),
              WALDO_EOVERFLOW);
    waldo_proxy *proxy = NULL;
    must_fail(waldo_proxy_create(manager, "Array", waldo_v_tuple(waldo_v("ii"), waldo_v_list()),
                                 &proxy, &err),
              WALDO_ETYPE);
    must_fail(waldo_proxy_create(manager, "Array", waldo_v_tuple(waldo_v("i")), &proxy, &err),
              WALDO_ETYPE);
    cr_assert_null(array);
    cr_assert_null(proxy);
    live_end();
}

Test(shared, numbers_travel_as_memory)
{
    double samples[] = {0.5, -1.5, 1e300};
    waldo_shared_array *array = array_of('d', waldo_v_array('d', samples, 3));
    waldo_value *items;
    char typecode;
    const void *memory;
    size_t count;
    must(waldo_shared_array_get_slice(array, WALDO_OMIT, WALDO_OMIT, WALDO_OMIT, &items, &err));
    must(waldo_value_array_items(items, &typecode, &memory, &count, &err));
    cr_assert_eq(typecode, 'd');
    cr_assert_eq(count, 3);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(((const double *)memory)[i], samples[i]);
    waldo_value_unref(items);
    waldo_shared_array_unref(array);
    live_end();
}

/* ---- changes ---- */

Test(shared, changes_are_counted)
{
    waldo_shared_value *shared;
    uint64_t before = 0, version = 0;
    must(waldo_shared_value_new(manager, "i", waldo_v(0), &shared, &err));
    must(waldo_shared_value_version(shared, &before, &err));
    must(waldo_shared_value_set(shared, waldo_v(1), &err));
    cr_assert_eq(must(waldo_shared_value_compare_and_set(shared, waldo_v(9), waldo_v(3), &err)), 0);
    cr_assert_eq(must(waldo_shared_value_wait_changed(shared, before, 20, &version, &err)), 1);
    cr_assert_gt(version, before);
    cr_assert_eq(must(waldo_shared_value_wait_changed(shared, version, 0, &before, &err)), 0);
    waldo_shared_value_unref(shared);
    waldo_shared_array *array = array_of('i', three());
    must(waldo_shared_array_version(array, &before, &err));
    must(waldo_shared_array_set(array, 0, waldo_v(1), &err));
    cr_assert_eq(must(waldo_shared_array_wait_changed(array, before, 20, &version, &err)), 1);
    waldo_shared_array_unref(array);
    waldo_list *list;
    must(waldo_list_new(manager, &list, &err));
    must(waldo_list_version(list, &before, &err));
    must_fail(waldo_list_delete(list, 0, &err), WALDO_EINDEX);
    cr_assert_eq(must(waldo_list_wait_changed(list, before, 0, &version, &err)), 0);
    must(waldo_list_append(list, waldo_v(1), &err));
    cr_assert_eq(must(waldo_list_wait_changed(list, before, 20, &version, &err)), 1);
    waldo_list_unref(list);
    waldo_set *set;
    must(waldo_set_new(manager, &set, &err));
    must(waldo_set_version(set, &before, &err));
    must(waldo_set_discard(set, waldo_v(1), &err));
    cr_assert_eq(must(waldo_set_wait_changed(set, before, 0, &version, &err)), 0);
    must(waldo_set_add(set, waldo_v(1), &err));
    cr_assert_eq(must(waldo_set_wait_changed(set, before, 20, &version, &err)), 1);
    waldo_set_unref(set);
    live_end();
}
