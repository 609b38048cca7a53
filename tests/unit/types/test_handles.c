/* What every handle of a builtin type can do: come of a proxy and of a value, and refuse others. */
#include "live.h"

TestSuite(handles, .init = live_begin, .timeout = 60);

static waldo_value *value_of(waldo_proxy *proxy)
{
    waldo_value *value;
    must(waldo_proxy_to_value(proxy, &value, &err));
    return value;
}

/* TAKES first. */
#define COMES_BACK(name, first, other)                                                             \
    do {                                                                                           \
        waldo_##name *from_proxy, *from_value, *none = NULL;                                       \
        waldo_value *value = value_of(waldo_##name##_proxy(first));                                \
        uint64_t object = waldo_proxy_object(waldo_##name##_proxy(first));                         \
        must(waldo_##name##_from_proxy(waldo_##name##_proxy(first), &from_proxy, &err));           \
        waldo_##name##_unref(first);                                                               \
        must(waldo_##name##_from_value(manager, value, &from_value, &err));                        \
        waldo_value_unref(value);                                                                  \
        cr_assert_eq(waldo_proxy_object(waldo_##name##_proxy(from_proxy)), object);                \
        cr_assert_eq(waldo_proxy_object(waldo_##name##_proxy(from_value)), object);                \
        cr_assert_eq(waldo_##name##_ref(from_value), from_value);                                  \
        waldo_##name##_unref(from_value);                                                          \
        value = value_of(other);                                                                   \
        must_fail(waldo_##name##_from_value(manager, value, &none, &err), WALDO_ETYPE);            \
        waldo_value_unref(value);                                                                  \
        must_fail(waldo_##name##_from_proxy(other, &none, &err), WALDO_ETYPE);                     \
        value = waldo_v(1);                                                                        \
        must_fail(waldo_##name##_from_value(manager, value, &none, &err), WALDO_ETYPE);            \
        waldo_value_unref(value);                                                                  \
        cr_assert_null(none);                                                                      \
        waldo_##name##_unref(from_proxy);                                                          \
        waldo_##name##_unref(from_value);                                                          \
        cr_assert_null(waldo_##name##_unref(NULL));                                                \
        WALDO_AUTO(waldo_##name) automatic = NULL;                                                 \
        (void)automatic;                                                                           \
    } while (0)

Test(handles, of_containers)
{
    waldo_list *list;
    waldo_dict *dict;
    waldo_set *set;
    waldo_namespace *namespace;
    waldo_shared_value *shared;
    waldo_shared_array *array;
    waldo_event *event;
    must(waldo_event_new(manager, &event, &err));
    must(waldo_list_new(manager, &list, &err));
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_set_new(manager, &set, &err));
    must(waldo_namespace_new(manager, &namespace, &err));
    must(waldo_shared_value_new(manager, "i", waldo_v(1), &shared, &err));
    must(waldo_shared_array_new(manager, 'd', waldo_v_list(), &array, &err));
    waldo_proxy *other = waldo_event_proxy(event);
    COMES_BACK(list, list, other);
    COMES_BACK(dict, dict, other);
    COMES_BACK(set, set, other);
    COMES_BACK(namespace, namespace, other);
    COMES_BACK(shared_value, shared, other);
    COMES_BACK(shared_array, array, other);
    waldo_event_unref(event);
    live_end();
}

Test(handles, of_what_waits)
{
    waldo_list *list;
    waldo_queue *queue;
    waldo_lock *lock;
    waldo_rlock *rlock;
    waldo_semaphore *semaphore;
    waldo_bounded_semaphore *bounded;
    waldo_condition *condition;
    waldo_event *event;
    waldo_barrier *barrier;
    must(waldo_list_new(manager, &list, &err));
    must(waldo_queue_new(manager, 0, &queue, &err));
    must(waldo_lock_new(manager, &lock, &err));
    must(waldo_rlock_new(manager, &rlock, &err));
    must(waldo_semaphore_new(manager, 1, &semaphore, &err));
    must(waldo_bounded_semaphore_new(manager, 1, &bounded, &err));
    must(waldo_condition_new(manager, NULL, &condition, &err));
    must(waldo_event_new(manager, &event, &err));
    must(waldo_barrier_new(manager, 2, WALDO_FOREVER, &barrier, &err));
    waldo_proxy *other = waldo_list_proxy(list);
    COMES_BACK(queue, queue, other);
    COMES_BACK(lock, lock, other);
    COMES_BACK(rlock, rlock, other);
    COMES_BACK(semaphore, semaphore, other);
    COMES_BACK(bounded_semaphore, bounded, other);
    COMES_BACK(condition, condition, other);
    COMES_BACK(event, event, other);
    COMES_BACK(barrier, barrier, other);
    waldo_list_unref(list);
    live_end();
}
