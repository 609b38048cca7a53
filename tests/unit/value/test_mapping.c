#include "unit/value/support.h"

Test(mapping, a_dict_keeps_order_and_first_keys)
{
    waldo_value *dict = waldo_v_dict(waldo_v(1), waldo_v("a"), waldo_v("x"), waldo_v("b"));
    cr_assert(waldo_value_dict_set(dict, waldo_v(1.0), waldo_v("c"), NULL) >= 0);
    cr_assert(waldo_value_dict_set(dict, waldo_v_bool(true), waldo_v("d"), NULL) >= 0);
    cr_assert(waldo_value_dict_set(dict, waldo_v_none(), waldo_v("e"), NULL) >= 0);
    expect_repr(dict, "{1: 'd', 'x': 'b', None: 'e'}");
}

Test(mapping, dict_get_and_pop)
{
    waldo_value *dict = waldo_v_fields("a", waldo_v(1), "b", waldo_v(2));
    waldo_value *key = waldo_v("b");
    waldo_value *value;
    cr_assert(waldo_value_dict_get(dict, key, &value, NULL) >= 0);
    expect_repr(value, "2");
    cr_assert(waldo_value_dict_pop(dict, key, &value, NULL) >= 0);
    expect_repr(value, "2");
    EXPECT_ERROR(waldo_value_dict_get(dict, key, &value, reterr), WALDO_EKEY, "'b'");
    EXPECT_ERROR(waldo_value_dict_pop(dict, key, NULL, reterr), WALDO_EKEY, "'b'");
    EXPECT_ERROR(waldo_value_dict_get_str(dict, "it's", &value, reterr), WALDO_EKEY, "\"it's\"");
    cr_assert(waldo_value_dict_get_str(dict, "a", &value, NULL) >= 0);
    expect_repr(value, "1");
    waldo_value_unref(key);
    expect_repr(dict, "{'a': 1}");
}

Test(mapping, dict_pop_last)
{
    waldo_value *dict = waldo_v_fields("a", waldo_v(1), "b", waldo_v(2));
    waldo_value *key;
    waldo_value *value;
    cr_assert(waldo_value_dict_pop_last(dict, &key, &value, NULL) >= 0);
    expect_repr(key, "'b'");
    expect_repr(value, "2");
    cr_assert(waldo_value_dict_pop_last(dict, &key, &value, NULL) >= 0);
    expect_repr(key, "'a'");
    expect_repr(value, "1");
    EXPECT_ERROR(waldo_value_dict_pop_last(dict, &key, &value, reterr), WALDO_EKEY,
                 "'popitem(): dictionary is empty'");
    waldo_value_unref(dict);
}

Test(mapping, unhashable_keys_and_other_kinds_are_refused)
{
    waldo_value *dict = waldo_v_dict();
    waldo_value *list = waldo_v_list();
    waldo_value *value;
    EXPECT_ERROR(waldo_value_dict_set(dict, waldo_value_ref(list), waldo_v("freed"), reterr),
                 WALDO_ETYPE, "unhashable type: 'list'");
    EXPECT_ERROR(waldo_value_dict_get(dict, list, &value, reterr), WALDO_ETYPE,
                 "unhashable type: 'list'");
    EXPECT_ERROR(waldo_value_dict_set(list, waldo_v("freed"), waldo_v("freed"), reterr),
                 WALDO_ETYPE, "expected a dict, got 'list'");
    EXPECT_ERROR(waldo_value_dict_set(dict, NULL, waldo_v("freed"), reterr), WALDO_ENOMEM,
                 "out of memory");
    EXPECT_ERROR(waldo_value_dict_set(dict, waldo_v("freed"), NULL, reterr), WALDO_ENOMEM,
                 "out of memory");
    EXPECT_ERROR(waldo_value_set_add(dict, waldo_v("freed"), reterr), WALDO_ETYPE,
                 "expected a set, got 'dict'");
    waldo_value_unref(list);
    expect_repr(dict, "{}");
}

Test(mapping, walking)
{
    waldo_value *dict = waldo_v_fields("a", waldo_v(1), "b", waldo_v(2), "c", waldo_v(3));
    waldo_value *gone = waldo_v("a");
    cr_assert(waldo_value_dict_pop(dict, gone, NULL, NULL) >= 0);
    waldo_value_unref(gone);
    size_t position = 0;
    waldo_value *key;
    waldo_value *value;
    cr_assert(waldo_value_next(dict, &position, &key, &value));
    expect_repr(waldo_value_ref(key), "'b'");
    cr_assert(waldo_value_next(dict, &position, &key, NULL));
    expect_repr(waldo_value_ref(key), "'c'");
    cr_assert(!waldo_value_next(dict, &position, &key, &value));
    cr_assert(!waldo_value_next(waldo_v(1), &position, &key, &value));
    waldo_value_unref(dict);
}

Test(mapping, sets)
{
    waldo_value *set = waldo_v_set();
    waldo_value *item = waldo_v(1.0);
    waldo_value *list = waldo_v_list();
    cr_assert_eq(waldo_value_set_add(set, waldo_v(1), NULL), 1);
    cr_assert_eq(waldo_value_set_add(set, waldo_value_ref(item), NULL), 0);
    cr_assert_eq(waldo_value_set_add(set, waldo_v("x"), NULL), 1);
    EXPECT_ERROR(waldo_value_set_add(set, waldo_value_ref(list), reterr), WALDO_ETYPE,
                 "unhashable type: 'list'");
    cr_assert_eq(waldo_value_set_discard(set, item, NULL), 1);
    cr_assert_eq(waldo_value_set_discard(set, item, NULL), 0);
    EXPECT_ERROR(waldo_value_set_discard(set, list, reterr), WALDO_ETYPE,
                 "unhashable type: 'list'");
    waldo_value_unref(item);
    waldo_value_unref(list);
    cr_assert(waldo_value_set_pop(set, &item, NULL) >= 0);
    expect_repr(item, "'x'");
    EXPECT_ERROR(waldo_value_set_pop(set, &item, reterr), WALDO_EKEY, "'pop from an empty set'");
    expect_repr(set, "set()");
}
