#include "unit/value/support.h"

Test(repr, text_quotes_as_python)
{
    expect_repr(waldo_v("it's"), "\"it's\"");
    expect_repr(waldo_v("\"it's\""), "'\"it\\'s\"'");
    expect_repr(waldo_v("a\n\t\r\\\x01\x7f"), "'a\\n\\t\\r\\\\\\x01\\x7f'");
    expect_repr(waldo_v("\xc2\xa0\xc2\xad\xc3\xa9"), "'\\xa0\\xad\xc3\xa9'");
    expect_repr(waldo_v("\xe2\x80\x8b\xf3\xa0\x80\x81\xf0\x9f\x98\x80"),
                "'\\u200b\\U000e0001\xf0\x9f\x98\x80'");
    expect_repr(waldo_v_bytes("a'\"\0\xff", 5), "b'a\\'\"\\x00\\xff'");
}

Test(repr, containers)
{
    expect_repr(waldo_v_tuple(waldo_v(1)), "(1,)");
    expect_repr(waldo_v_tuple(waldo_v(1), waldo_v_tuple()), "(1, ())");
    expect_repr(waldo_v_set(waldo_v(1), waldo_v("b")), "{1, 'b'}");
    expect_repr(waldo_v_dict(waldo_v_none(), waldo_v_list(waldo_v(0.1))), "{None: [0.1]}");
}

Test(repr, cycles)
{
    waldo_value *list = waldo_v_list(waldo_v(1));
    waldo_value *dict = waldo_v_fields("list", waldo_value_ref(list));
    cr_assert(waldo_value_list_append(list, waldo_value_ref(list), NULL) >= 0);
    cr_assert(waldo_value_list_append(list, waldo_value_ref(dict), NULL) >= 0);
    expect_repr(waldo_value_ref(list), "[1, [...], {'list': [...]}]");
    expect_repr(waldo_value_ref(dict), "{'list': [1, [...], {...}]}");
    cr_assert(waldo_value_clear(list, NULL) >= 0);
    waldo_value_unref(list);
    waldo_value_unref(dict);
}

Test(repr, the_same_twice_is_no_cycle)
{
    waldo_value *inner = waldo_v_list();
    expect_repr(waldo_v_list(waldo_value_ref(inner), inner), "[[], []]");
}

Test(repr, deep_nests_are_cut)
{
    waldo_value *value = nested(5000);
    char *repr = waldo_value_repr(value);
    cr_assert_not_null(strstr(repr, "[...]"));
    cr_assert_lt(strlen(repr), 500);
    free(repr);
    waldo_value_unref(value);
}

Test(repr, str_of_a_str_has_no_quotes)
{
    waldo_value *text = waldo_v("it's");
    char *str = waldo_value_str(text);
    cr_assert_str_eq(str, "it's");
    free(str);
    waldo_value_unref(text);
    str = waldo_value_str(waldo_v_none());
    cr_assert_str_eq(str, "None");
    free(str);
}
