/* Shared buffers as arguments and results of calls: the same memory for clients of the server's
 * host and user, a copy for all others. */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <waldo/mp/buffer.h>
#include <waldo/mp/sync.h>
#include <waldo/value_message.h>

#include "live.h"
#include "unit/memory/children.h"
#include "waldo/builtins.proxy.h"

TestSuite(buffers, .init = live_begin, .timeout = 100);

enum { ITEMS = 1000 };

static waldo_mp_buffer *new_numbers(int64_t count, waldo_mp_sharing sharing, int32_t first)
{
    waldo_mp_buffer *buffer;
    must(waldo_mp_buffer_new((DLDataType){kDLInt, 32, 1}, 1, &count, sharing, &buffer, &err));
    int32_t *data = waldo_mp_buffer_tensor(buffer)->data;
    if (count > 0)
        data[0] = first;
    return buffer;
}

static volatile int32_t *numbers_of(const waldo_mp_buffer *buffer)
{
    return waldo_mp_buffer_tensor(buffer)->data;
}

/* TAKES value. */
static waldo_mp_buffer *buffer_of(waldo_value *value)
{
    waldo_mp_buffer *buffer = NULL;
    int status = waldo_mp_buffer_from_value(value, &buffer, &err);
    waldo_value_unref(value);
    return status < 0 ? NULL : buffer;
}

static waldo_mp_buffer *get(waldo_dict *dict, const char *key)
{
    waldo_value *value;
    must(waldo_dict_get(dict, waldo_v(key), &value, &err));
    waldo_mp_buffer *buffer = buffer_of(value);
    cr_assert_not_null(buffer);
    return buffer;
}

static int open_descriptors(void)
{
    int count = 0;
    for (int i = 0; i < 1024; i++)
        count += fcntl(i, F_GETFD) >= 0;
    return count;
}

/* What killed children had goes when their sessions end. */
static void finish(void)
{
    uint64_t objects;
    double until = seconds_now() + SOON;
    do
        must(waldo_manager_number_of_objects(manager, &objects, &err));
    while (objects > 0 && seconds_now() < until);
    live_end();
}

/* ---- the same host ---- */

static int set_and_die(void *data)
{
    waldo_mp_buffer *buffers[] = {new_numbers(ITEMS, WALDO_MP_BY_DESCRIPTOR, 42),
                                  new_numbers(ITEMS, WALDO_MP_BY_NAME, 43)};
    MUST(waldo_dict_set(data, waldo_v("plain"), waldo_mp_buffer_value(buffers[0]), NULL) >= 0);
    MUST(waldo_dict_set(data, waldo_v("named"), waldo_v_list(waldo_mp_buffer_value(buffers[1])),
                        NULL) >= 0);
    kill(getpid(), SIGKILL);
    return 0;
}

static int add_one(void *data)
{
    waldo_value *value;
    MUST(waldo_dict_get(data, waldo_v("plain"), &value, NULL) >= 0);
    waldo_mp_buffer *buffer = buffer_of(value);
    MUST(buffer);
    int before = numbers_of(buffer)[0]++;
    waldo_mp_buffer_unref(buffer);
    return before;
}

Test(buffers, outlive_their_creator_in_a_dict_and_are_shared)
{
    waldo_dict *dict;
    waldo_value *list, *item;
    must(waldo_dict_new(manager, &dict, &err));
    cr_assert_eq(join_child(start_child(set_and_die, dict)), -SIGKILL);
    waldo_mp_buffer *plain = get(dict, "plain");
    cr_assert_eq(waldo_mp_buffer_tensor(plain)->shape[0], ITEMS);
    cr_assert_eq(numbers_of(plain)[0], 42);
    cr_assert_eq(join_child(start_child(add_one, dict)), 42);
    cr_assert_eq(join_child(start_child(add_one, dict)), 43);
    cr_assert_eq(numbers_of(plain)[0], 44);
    waldo_mp_buffer *again = get(dict, "plain");
    cr_assert(waldo_mp_buffer_same_memory(plain, again));
    must(waldo_dict_get(dict, waldo_v("named"), &list, &err));
    must(waldo_value_item(list, 0, &item, &err));
    waldo_value_unref(list);
    waldo_mp_buffer *named = buffer_of(item);
    cr_assert_eq(numbers_of(named)[0], 43);
    waldo_mp_buffer_unref(plain);
    waldo_mp_buffer_unref(again);
    waldo_mp_buffer_unref(named);
    waldo_dict_unref(dict);
    finish();
}

static int put_and_leave(void *data)
{
    for (int i = 0; i < 3; i++) {
        waldo_mp_buffer *buffer = new_numbers(ITEMS, WALDO_MP_BY_DESCRIPTOR, i);
        MUST(waldo_queue_put(data, waldo_mp_buffer_value(buffer), SOON, NULL) >= 0);
        waldo_mp_buffer_unref(buffer);
    }
    return 0;
}

Test(buffers, go_through_a_queue_and_leave_nothing)
{
    waldo_queue *queue;
    must(waldo_queue_new(manager, 0, &queue, &err));
    must(waldo_manager_ping(manager, &err));
    int before = open_descriptors();
    cr_assert_eq(join_child(start_child(put_and_leave, queue)), 0);
    for (int i = 0; i < 3; i++) {
        waldo_value *value;
        must(waldo_queue_get(queue, SOON, &value, &err));
        waldo_mp_buffer *buffer = buffer_of(value);
        cr_assert_eq(numbers_of(buffer)[0], i);
        waldo_mp_buffer_unref(buffer);
    }
    /* The next request says that the last reply has arrived; the child's connection goes, too. */
    double end = seconds_now() + SOON;
    do
        must(waldo_manager_ping(manager, &err));
    while (open_descriptors() > before && seconds_now() < end);
    cr_assert_leq(open_descriptors(), before);
    waldo_queue_unref(queue);
    finish();
}

/* A typed call, whose message has fields that are values. */
static void set_typed(waldo_builtin_dict *dict, const Waldo__Value *value)
{
    Waldo__Value *key;
    Waldo__Builtin__DictItem item = WALDO__BUILTIN__DICT_ITEM__INIT;
    waldo_value *text = waldo_v("typed");
    must(waldo_value_to_message(text, NULL, &key, &err));
    item.key = key;
    item.value = (Waldo__Value *)value;
    must(waldo_builtin_dict___setitem__(dict, &item, &err));
    waldo__value__free_unpacked(key, NULL);
    waldo_value_unref(text);
}

Test(buffers, in_messages_of_typed_calls)
{
    waldo_dict *dict;
    waldo_value *value, *first, *second;
    Waldo__Value *message;
    must(waldo_dict_new(manager, &dict, &err));
    waldo_mp_buffer *buffer = new_numbers(2, WALDO_MP_BY_DESCRIPTOR, 5);
    value = waldo_mp_buffer_value(buffer);
    must(waldo_value_to_message(value, NULL, &message, &err));
    waldo_value_unref(value);
    set_typed((waldo_builtin_dict *)dict, message);
    set_typed((waldo_builtin_dict *)dict, message);

    Waldo__Builtin__DictKey key = WALDO__BUILTIN__DICT_KEY__INIT;
    Waldo__Value text = WALDO__VALUE__INIT;
    text.kind_case = WALDO__VALUE__KIND_TEXT;
    text.text = (ProtobufCBinaryData){5, (uint8_t *)"typed"};
    key.key = &text;
    Waldo__Value *result;
    must(waldo_builtin_dict___getitem__((waldo_builtin_dict *)dict, &key, &result, &err));
    must(waldo_value_from_message(result, &first, &err));
    must(waldo_value_from_message(result, &second, &err));
    waldo_mp_buffer *one = buffer_of(first), *other = buffer_of(second);
    cr_assert_eq(one, other);
    cr_assert(waldo_mp_buffer_same_memory(one, buffer));
    waldo_mp_buffer_unref(one);
    waldo_mp_buffer_unref(other);
    waldo_mp_buffer_unref(buffer);
    /* Whatever nobody has any more is not there: a message holds nothing once it was sent. */
    must(waldo_dict_clear(dict, &err));
    must(waldo_manager_ping(manager, &err));
    must_fail(waldo_value_from_message(result, &first, &err), WALDO_EKEY);
    waldo__value__free_unpacked(result, NULL);
    waldo__value__free_unpacked(message, NULL);
    waldo_dict_unref(dict);
    finish();
}

Test(buffers, in_calls_by_name_and_transactions)
{
    waldo_dict *dict;
    waldo_value *value;
    must(waldo_dict_new(manager, &dict, &err));
    waldo_mp_buffer *buffer = new_numbers(2, WALDO_MP_BY_DESCRIPTOR, 5);
    must(waldo_proxy_call(waldo_dict_proxy(dict), "__setitem__",
                          waldo_v_tuple(waldo_v("a"), waldo_mp_buffer_value(buffer)), &value,
                          &err));
    waldo_value_unref(value);
    must(
        waldo_proxy_call(waldo_dict_proxy(dict), "pop", waldo_v_tuple(waldo_v("a")), &value, &err));
    waldo_mp_buffer *same = buffer_of(value);
    cr_assert(waldo_mp_buffer_same_memory(same, buffer));
    waldo_mp_buffer_unref(same);
    waldo_transaction *transaction;
    must(waldo_transaction_new(manager, &transaction, &err));
    must(waldo_transaction_add(transaction, waldo_dict_proxy(dict), "__setitem__",
                               waldo_v_tuple(waldo_v("b"), waldo_mp_buffer_value(buffer)), &err));
    must(waldo_transaction_add(transaction, waldo_dict_proxy(dict), "get",
                               waldo_v_tuple(waldo_v("b")), &err));
    must(waldo_transaction_commit(transaction, &value, &err));
    waldo_value *result;
    must(waldo_value_item(value, 1, &result, &err));
    waldo_value_unref(value);
    same = buffer_of(result);
    cr_assert(waldo_mp_buffer_same_memory(same, buffer));
    waldo_mp_buffer_unref(same);
    waldo_transaction_unref(transaction);
    waldo_mp_buffer_unref(buffer);
    waldo_dict_unref(dict);
    finish();
}

/* ---- kills ---- */

/* Both ends say the same. */
static bool is_whole(const waldo_mp_buffer *buffer)
{
    volatile int32_t *data = numbers_of(buffer);
    return waldo_mp_buffer_tensor(buffer)->shape[0] == ITEMS && data[0] == data[ITEMS - 1];
}

static void set_one(waldo_dict *dict, uint32_t number)
{
    waldo_mp_sharing sharing = number % 3 ? WALDO_MP_BY_DESCRIPTOR : WALDO_MP_BY_NAME;
    waldo_mp_buffer *buffer = new_numbers(ITEMS, sharing, (int32_t)number);
    numbers_of(buffer)[ITEMS - 1] = (int32_t)number;
    MUST(waldo_dict_set(dict, waldo_v((int64_t)(number % 5)), waldo_mp_buffer_value(buffer),
                        NULL) >= 0);
    waldo_mp_buffer_unref(buffer);
}

static int churn(void *data)
{
    waldo_value *value;
    for (uint32_t i = (uint32_t)getpid();; i++) {
        set_one(data, i);
        if (i % 2)
            MUST(waldo_dict_get_or(data, waldo_v((int64_t)(i % 5)), waldo_v_none(), &value, NULL) >=
                 0);
        else
            MUST(waldo_dict_pop_or(data, waldo_v((int64_t)(i % 5)), waldo_v_none(), &value, NULL) >=
                 0);
        if (waldo_value_kind(value) == WALDO_KIND_HANDLE) {
            waldo_mp_buffer *buffer = buffer_of(value);
            MUST(buffer && is_whole(buffer));
            waldo_mp_buffer_unref(buffer);
        } else {
            waldo_value_unref(value);
        }
    }
    return 0;
}

static void pop_all(waldo_dict *dict)
{
    for (int64_t key = 0; key < 5; key++) {
        waldo_value *value;
        must(waldo_dict_pop_or(dict, waldo_v(key), waldo_v_none(), &value, &err));
        if (waldo_value_kind(value) != WALDO_KIND_HANDLE) {
            waldo_value_unref(value);
            continue;
        }
        waldo_mp_buffer *buffer = buffer_of(value);
        cr_assert(is_whole(buffer));
        waldo_mp_buffer_unref(buffer);
    }
}

Test(buffers, of_clients_that_are_killed_leave_nothing)
{
    enum { CLIENTS = 3, KILLS = 60 };
    pid_t clients[CLIENTS];
    waldo_dict *dict;
    must(waldo_dict_new(manager, &dict, &err));
    int before = open_descriptors();
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = start_child(churn, dict);
    for (int i = 0; i < KILLS; i++) {
        usleep(pick(20000));
        kill_child(clients[i % CLIENTS]);
        clients[i % CLIENTS] = start_child(churn, dict);
    }
    for (int i = 0; i < CLIENTS; i++)
        kill_child(clients[i]);
    /* What was popped by one that died comes back when its session ends. */
    double end = seconds_now() + SOON;
    do {
        pop_all(dict);
        must(waldo_manager_ping(manager, &err));
    } while (open_descriptors() > before && seconds_now() < end);
    cr_assert_leq(open_descriptors(), before);
    waldo_dict_unref(dict);
    finish();
}

/* ---- elsewhere ---- */

/* As if on another host: what is in this process cannot be looked into any more. */
static void go_away(void)
{
    MUST(prctl(PR_SET_DUMPABLE, 0) == 0);
    MUST(geteuid() != 0 || setuid(65534) == 0);
}

static int set_from_afar(void *data)
{
    go_away();
    waldo_mp_buffer *buffer = new_numbers(ITEMS, WALDO_MP_BY_DESCRIPTOR, 1), *view;
    for (int i = 0; i < ITEMS; i++)
        numbers_of(buffer)[i] = i;
    MUST(waldo_mp_buffer_view(buffer, ITEMS - 1, 2, (int64_t[]){2, 3}, (int64_t[]){-100, -1}, &view,
                              NULL) >= 0);
    MUST(waldo_dict_set(data, waldo_v("all"), waldo_mp_buffer_value(buffer), NULL) >= 0);
    MUST(waldo_dict_set(data, waldo_v("view"), waldo_mp_buffer_value(view), NULL) >= 0);
    numbers_of(buffer)[7] = -1;
    waldo_value *value;
    MUST(waldo_dict_get(data, waldo_v("all"), &value, NULL) >= 0);
    waldo_mp_buffer *copy = buffer_of(value);
    MUST(copy && !waldo_mp_buffer_same_memory(copy, buffer));
    MUST(numbers_of(copy)[7] == 7);
    MUST(waldo_dict_get(data, waldo_v("empty"), &value, NULL) >= 0);
    waldo_mp_buffer *empty = buffer_of(value);
    MUST(empty && waldo_mp_buffer_tensor(empty)->shape[0] == 0);
    waldo_mp_buffer_unref(empty);
    waldo_mp_buffer_unref(copy);
    waldo_mp_buffer_unref(view);
    waldo_mp_buffer_unref(buffer);
    return 0;
}

Test(buffers, are_copied_where_they_cannot_be_shared)
{
    waldo_dict *dict;
    must(waldo_dict_new(manager, &dict, &err));
    waldo_mp_buffer *empty = new_numbers(0, WALDO_MP_BY_NAME, 0);
    must(waldo_dict_set(dict, waldo_v("empty"), waldo_mp_buffer_value(empty), &err));
    cr_assert_eq(join_child(start_child(set_from_afar, dict)), 0);
    waldo_mp_buffer *all = get(dict, "all"), *view = get(dict, "view");
    for (int i = 0; i < ITEMS; i++)
        cr_assert_eq(numbers_of(all)[i], i);
    const DLTensor *tensor = waldo_mp_buffer_tensor(view);
    cr_assert_eq(tensor->ndim, 2);
    cr_assert_eq(tensor->strides[0], 3);
    cr_assert_eq(numbers_of(view)[0], ITEMS - 1);
    cr_assert_eq(numbers_of(view)[5], ITEMS - 1 - 102);
    waldo_mp_buffer_unref(all);
    waldo_mp_buffer_unref(view);
    waldo_mp_buffer_unref(empty);
    waldo_dict_unref(dict);
    finish();
}

static int send_much_from_afar(void *data)
{
    go_away();
    for (int bits = 25; bits <= 29; bits += 4) {
        waldo_mp_buffer *large = new_numbers((int64_t)1 << bits, WALDO_MP_BY_DESCRIPTOR, 1);
        MUST(waldo_dict_set(data, waldo_v("all"), waldo_mp_buffer_value(large), NULL) ==
             WALDO_ETOOBIG);
        waldo_mp_buffer_unref(large);
    }
    waldo_mp_buffer *buffer = new_numbers(1, WALDO_MP_BY_DESCRIPTOR, 1), *view;
    MUST(waldo_mp_buffer_view(buffer, 0, 1, (int64_t[]){INT64_MAX / 2}, (int64_t[]){0}, &view,
                              NULL) >= 0);
    MUST(waldo_dict_set(data, waldo_v("all"), waldo_mp_buffer_value(view), NULL) == WALDO_ENOMEM);
    waldo_mp_buffer_unref(view);
    MUST(waldo_mp_buffer_view(buffer, 0, 1, (int64_t[]){INT64_MAX / 8}, (int64_t[]){0}, &view,
                              NULL) >= 0);
    MUST(waldo_dict_set(data, waldo_v("all"), waldo_mp_buffer_value(view), NULL) == WALDO_ETOOBIG);
    waldo_mp_buffer_unref(view);
    waldo_mp_buffer_unref(buffer);
    MUST(waldo_dict_set(data, waldo_v("all"), waldo_v(1), NULL) >= 0);
    return 0;
}

Test(buffers, too_large_for_a_message_are_refused)
{
    waldo_dict *dict;
    must(waldo_dict_new(manager, &dict, &err));
    cr_assert_eq(join_child(start_child(send_much_from_afar, dict)), 0);
    waldo_dict_unref(dict);
    finish();
}

/* ---- refused ---- */

Test(buffers, other_handles_are_refused)
{
    waldo_dict *dict;
    waldo_mp_lock *lock;
    must(waldo_dict_new(manager, &dict, &err));
    must(waldo_mp_lock_new(&lock, &err));
    must_fail(waldo_dict_set(dict, waldo_v(1), waldo_mp_lock_value(lock), &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "a Lock can only be sent to a process of this host");
    waldo_mp_lock_unref(lock);
    waldo_dict_unref(dict);
    finish();
}

Test(buffers, that_find_no_descriptor_left_stay_where_they_are)
{
    waldo_queue *queue;
    waldo_value *value;
    waldo_mp_buffer *buffer = new_numbers(2, WALDO_MP_BY_DESCRIPTOR, 9);
    must(waldo_queue_new(manager, 0, &queue, &err));
    must(waldo_queue_put(queue, waldo_mp_buffer_value(buffer), SOON, &err));
    waldo_mp_buffer_unref(buffer);
    struct rlimit all, few;
    getrlimit(RLIMIT_NOFILE, &all);
    few = all;
    few.rlim_cur = (rlim_t)open_descriptors() + 4;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    must_fail(waldo_queue_get(queue, SOON, &value, &err), WALDO_ELIMIT);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &all), 0);
    must(waldo_queue_get(queue, SOON, &value, &err));
    buffer = buffer_of(value);
    cr_assert_eq(numbers_of(buffer)[0], 9);
    waldo_mp_buffer_unref(buffer);
    waldo_queue_unref(queue);
    finish();
}
