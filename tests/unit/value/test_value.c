#include "unit/value/support.h"

#include <pthread.h>

#include "value/reference.h"

Test(value, none_true_false_and_small_ints_are_single)
{
    cr_assert_eq(waldo_v_none(), waldo_v_none());
    cr_assert_eq(waldo_v_bool(true), waldo_v_bool(2 > 1));
    for (int number = -5; number <= 256; number++) {
        int64_t back;
        cr_assert_eq(waldo_v(number), waldo_v(number));
        cr_assert(waldo_value_get_int64(waldo_v(number), &back, NULL) >= 0);
        cr_assert_eq(back, number);
    }
    waldo_value *a = waldo_v(257);
    waldo_value *b = waldo_v(257);
    cr_assert_neq(a, b);
    waldo_value_unref(a);
    waldo_value_unref(b);
}

Test(value, unref_and_ref_take_null)
{
    cr_assert_null(waldo_value_ref(NULL));
    cr_assert_null(waldo_value_unref(NULL));
    WALDO_AUTO(waldo_value) nothing = NULL;
    WALDO_AUTO(waldo_value) list = waldo_v_list(waldo_v("freed at the end of the scope"));
    cr_assert_not_null(list);
    cr_assert_null(nothing);
}

Test(value, freeing_deep_nests_does_not_recurse)
{
    waldo_value_unref(nested(1000000));
    waldo_value *dict = waldo_v_dict();
    for (int i = 0; i < 200000; i++)
        dict = waldo_v_dict(waldo_v_tuple(waldo_v(i)), waldo_v_tuple(dict));
    cr_assert_not_null(dict);
    waldo_value_unref(dict);
}

static void *count_up_and_down(void *value)
{
    for (int i = 0; i < 100000; i++)
        waldo_value_unref(waldo_value_ref(value));
    return NULL;
}

Test(value, threads_may_share_a_value)
{
    waldo_value *text = waldo_v("shared");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count_up_and_down, text), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    expect_repr(text, "'shared'");
}

Test(value, type_names_are_pythons)
{
    cr_assert_str_eq(waldo_value_type_name(waldo_v_none()), "NoneType");
    cr_assert_str_eq(waldo_value_type_name(waldo_v_bool(true)), "bool");
    cr_assert_str_eq(waldo_value_type_name(waldo_v(1)), "int");
    waldo_value *error = waldo_v_error(WALDO_EKEY, NULL, "'x'");
    cr_assert_str_eq(waldo_value_type_name(error), "KeyError");
    waldo_value_unref(error);
}

static size_t length_of(waldo_value *value)
{
    size_t length = 0;
    cr_assert(waldo_value_length(value, &length, NULL) >= 0);
    waldo_value_unref(value);
    return length;
}

Test(value, length)
{
    cr_assert_eq(length_of(waldo_v("a\xc3\xa9\xf0\x9f\x98\x80")), 3);
    cr_assert_eq(length_of(waldo_v_bytes("\0\1\2", 3)), 3);
    cr_assert_eq(length_of(waldo_v_list()), 0);
    cr_assert_eq(length_of(waldo_v_tuple(waldo_v(1), waldo_v(2))), 2);
    cr_assert_eq(length_of(waldo_v_dict(waldo_v(1), waldo_v(2))), 1);
    cr_assert_eq(length_of(waldo_v_set(waldo_v(1), waldo_v(1.0), waldo_v_bool(true))), 1);
    cr_assert_eq(length_of(waldo_v_array('d', NULL, 7)), 7);
    size_t length;
    EXPECT_ERROR(waldo_value_length(waldo_v(1), &length, reterr), WALDO_ETYPE,
                 "object of type 'int' has no len()");
}

static bool is_true(waldo_value *value)
{
    bool truth = waldo_value_is_true(value);
    waldo_value_unref(value);
    return truth;
}

Test(value, truth)
{
    cr_assert(!is_true(waldo_v_none()));
    cr_assert(!is_true(waldo_v(0)));
    cr_assert(!is_true(waldo_v(-0.0)));
    cr_assert(!is_true(waldo_v("")));
    cr_assert(!is_true(waldo_v_list()));
    cr_assert(!is_true(waldo_v_set()));
    cr_assert(!is_true(waldo_v_array('b', NULL, 0)));
    cr_assert(is_true(waldo_v(UINT64_MAX)));
    cr_assert(is_true(waldo_v("0")));
    cr_assert(is_true(waldo_v_tuple(waldo_v_none())));
    cr_assert(is_true(waldo_v_extension("x", NULL, 0)));
}

static int released;

static void note_release(void *live)
{
    released += *(int *)live;
}

Test(value, the_proxy_layer_hears_when_a_proxy_value_is_freed)
{
    int live = 1;
    waldo__reference reference = {7, 17, "Counter", "tcp://[::1]:5", &live, note_release, 0};
    waldo_value *proxy = waldo__v_reference(&reference);
    const waldo__reference *kept = waldo__value_reference(proxy);
    cr_assert_eq(kept->incarnation, 7);
    cr_assert_eq(kept->object, 17);
    cr_assert_str_eq(kept->type_id, "Counter");
    cr_assert_str_eq(kept->address, "tcp://[::1]:5");
    cr_assert_eq(kept->live, &live);
    cr_assert_null(waldo__value_reference(waldo_v_none()));
    waldo_value *list = waldo_v_list(proxy, waldo_value_ref(proxy));
    cr_assert_eq(released, 0);
    expect_repr(list, "[<proxy of 'Counter' 17>, <proxy of 'Counter' 17>]");
    cr_assert_eq(released, 1);
}

Test(value, literals_take_their_items_even_when_one_is_missing)
{
    waldo_value *missing = NULL;
    cr_assert_null(waldo_v_list(waldo_v("freed"), missing));
    cr_assert_null(waldo_v_tuple(missing, waldo_v("freed")));
    cr_assert_null(waldo_v_set(waldo_v("freed"), missing, waldo_v("freed")));
    cr_assert_null(waldo_v_dict(waldo_v("freed"), missing, waldo_v("freed"), waldo_v("freed")));
    cr_assert_null(waldo_v_dict(missing, waldo_v("freed")));
    cr_assert_null(waldo_v_fields("name", missing, "other", waldo_v("freed")));
    cr_assert_null(waldo_v_dict(waldo_v("freed"), waldo_v("freed"), waldo_v("odd")));
    cr_assert_null(waldo_v_dict(waldo_v_list(waldo_v("unhashable")), waldo_v("freed")));
    cr_assert_null(waldo_v_list(waldo_v_list(waldo_v_tuple(missing)), waldo_v("freed")));
}

Test(value, literals)
{
    short small = -3;
    unsigned char byte = 200;
    char text[] = "mutable";
    float third = 0.5f;
    expect_repr(waldo_v_list(waldo_v(small), waldo_v(byte), waldo_v(text), waldo_v(third),
                             waldo_v(2ULL), waldo_v((bool)1), waldo_v(waldo_v_none())),
                "[-3, 200, 'mutable', 0.5, 2, True, None]");
    expect_repr(waldo_v_tuple(), "()");
    expect_repr(waldo_v_dict(waldo_v(1), waldo_v("1"), waldo_v(1.0), waldo_v("2")), "{1: '2'}");
    expect_repr(waldo_v_fields("n", waldo_v(5), "of", waldo_v_list()), "{'n': 5, 'of': []}");
    expect_repr(waldo_v_fields(), "{}");
}
