/* Walking over a dict: cursors, batches and the server's iterators. */
#include <math.h>

#include "dicts.h"

TestSuite(dict_iteration, .init = live_begin);

Test(dict_iteration, each)
{
    static const int64_t counts[] = {0, 1, 1023, 1024, 1025, 5000};
    waldo_dict *dict = NULL;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        waldo_dict_unref(dict);
        dict = squares(counts[i]);
        int status;
        int64_t seen = 0, number;
        WALDO_DICT_EACH(dict, key, value, &status, &err)
        {
            must(waldo_value_get_int64(key, &number, &err));
            cr_assert_eq(number, seen);
            must(waldo_value_get_int64(value, &number, &err));
            cr_assert_eq(number, seen * seen);
            seen++;
        }
        must(status);
        cr_assert_eq(seen, counts[i]);
    }
    end(dict);
}

/* Numbers of one kind travel in another way than the rest. */
Test(dict_iteration, each_keeps_what_things_are)
{
    static const char *const expected[] = {"{1: 2.5, 3: nan}", "{1: True, 2: 7}",
                                           "{1: 1267650600228229401496703205376, 0.5: 2}", "{}"};
    waldo_value *items[] = {
        waldo_v_dict(waldo_v(1), waldo_v(2.5), waldo_v(3), waldo_v((double)NAN)),
        waldo_v_dict(waldo_v(1), waldo_v_bool(true), waldo_v(2), waldo_v(7)),
        waldo_v_dict(waldo_v(1), waldo_v_int_text("1267650600228229401496703205376", 10),
                     waldo_v(0.5), waldo_v(2)),
        waldo_v_dict()};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        waldo_dict *dict = dict_of(items[i]);
        waldo_value *seen = waldo_v_dict();
        int status;
        WALDO_DICT_EACH(dict, key, value, &status, &err)
        must(waldo_value_dict_set(seen, waldo_value_ref(key), waldo_value_ref(value), &err));
        must(status);
        prints(seen, expected[i]);
        waldo_dict_unref(dict);
    }
    live_end();
}

Test(dict_iteration, each_can_be_left)
{
    waldo_dict *dict = squares(10);
    int status, seen = 0;
    WALDO_DICT_EACH(dict, outer, unused, &status, &err)
    {
        (void)outer;
        (void)unused;
        WALDO_DICT_EACH(dict, inner, value, &status, &err)
        {
            (void)inner;
            (void)value;
            if (++seen % 3 == 0)
                break;
        }
        if (seen > 5)
            break;
    }
    cr_assert_eq(status, 1);
    cr_assert_eq(seen, 6);
    end(dict);
}

Test(dict_iteration, each_notices_changes)
{
    waldo_dict *dict = squares(3000);
    int status, seen = 0;
    WALDO_DICT_EACH(dict, key, value, &status, &err)
    {
        (void)value;
        if (seen++ == 10)
            must(waldo_dict_set(dict, waldo_value_ref(key), waldo_v("new"), &err));
        if (seen == 2000)
            must(waldo_dict_set(dict, waldo_v("more"), waldo_v_none(), &err));
    }
    must_fail(status, WALDO_ERUNTIME);
    cr_assert_str_eq(err.message, "dictionary changed size during iteration");
    cr_assert_eq(seen, 2048);
    end(dict);
}

/* Removed items leave holes; setting old keys again, also many, must not move the others. */
Test(dict_iteration, each_sees_all_while_values_change)
{
    waldo_dict *dict = squares(2100);
    waldo_value *keys = waldo_v_list(), *gone;
    for (int i = 0; i < 500; i++)
        must(waldo_value_list_append(keys, waldo_v(i), &err));
    must(waldo_dict_pop_many(dict, keys, &gone, &err));
    waldo_value_unref(gone);
    int status, seen = 0;
    WALDO_DICT_EACH(dict, key, value, &status, &err)
    {
        (void)key;
        (void)value;
        if (++seen != 100)
            continue;
        waldo_value *again;
        must(waldo_dict_copy(dict, &again, &err));
        must(waldo_dict_update(dict, again, &err));
    }
    must(status);
    cr_assert_eq(seen, 1600);
    end(dict);
}

Test(dict_iteration, a_foreign_position_is_harmless)
{
    waldo_dict *dict = squares(5);
    waldo_value *batch;
    waldo_proxy *proxy = waldo_dict_proxy(dict);
    must_fail(waldo_proxy_call(proxy, "next_items",
                               waldo_v_tuple(waldo_v(UINT64_MAX), waldo_v(99), waldo_v(UINT64_MAX)),
                               &batch, &err),
              WALDO_ERUNTIME);
    must(waldo_proxy_call(proxy, "next_items",
                          waldo_v_tuple(waldo_v(0), waldo_v(99), waldo_v(UINT64_MAX)), &batch,
                          &err));
    waldo_value *shape;
    must(waldo_value_dict_get_str(batch, "shape", &shape, &err));
    waldo_value_unref(batch);
    must(waldo_proxy_call(proxy, "next_items",
                          waldo_v_tuple(waldo_v(UINT64_MAX), shape, waldo_v(10)), &batch, &err));
    waldo_value *keys;
    must(waldo_value_dict_get_str(batch, "keys", &keys, &err));
    prints(keys, "[]");
    waldo_value_unref(batch);
    end(dict);
}

static waldo_proxy *iterate(waldo_dict *dict, const char *method)
{
    waldo_value *token;
    waldo_proxy *iterator;
    must(waldo_proxy_call(waldo_dict_proxy(dict), method, waldo_v_none(), &token, &err));
    must(waldo_proxy_from_value(manager, token, &iterator, &err));
    waldo_value_unref(token);
    return iterator;
}

Test(dict_iteration, iterators_of_the_server)
{
    waldo_dict *dict = squares(3);
    waldo_proxy *forwards = iterate(dict, "__iter__");
    waldo_proxy *backwards = iterate(dict, "__reversed__");
    waldo_value *key;
    for (int i = 0; i < 3; i++) {
        char expected[2] = {(char)('0' + i), 0}, reversed[2] = {(char)('2' - i), 0};
        cr_assert_eq(must(waldo_proxy_next(forwards, &key, &err)), 1);
        prints(key, expected);
        cr_assert_eq(must(waldo_proxy_next(backwards, &key, &err)), 1);
        prints(key, reversed);
    }
    cr_assert_eq(must(waldo_proxy_next(forwards, &key, &err)), 0);
    must(waldo_dict_set(dict, waldo_v("late"), waldo_v_none(), &err));
    cr_assert_eq(must(waldo_proxy_next(forwards, &key, &err)), 0); /* exhausted for good */
    must_fail(waldo_proxy_next(backwards, &key, &err), WALDO_ERUNTIME);
    waldo_proxy_unref(forwards);
    waldo_proxy_unref(backwards);
    end(dict);
}

Test(dict_iteration, iterators_notice_other_keys)
{
    waldo_dict *dict = squares(3);
    waldo_proxy *iterator = iterate(dict, "__iter__");
    waldo_value *key;
    must(waldo_proxy_next(iterator, &key, &err));
    waldo_value_unref(key);
    must(waldo_dict_delete(dict, waldo_v(0), &err));
    must(waldo_dict_set(dict, waldo_v(7), waldo_v_none(), &err));
    must_fail(waldo_proxy_next(iterator, &key, &err), WALDO_ERUNTIME);
    cr_assert_str_eq(err.message, "dictionary keys changed during iteration");
    waldo_proxy_unref(iterator);
    end(dict);
}
