/* dict.c: making dicts of other things, merging, listing. */
#include "unit/value/support.h"

#include "value/dict.h"
#include "value/layout.h"

static waldo_error err;

/* TAKES iterable. */
static void makes(waldo_value *iterable, const char *expected)
{
    waldo_value *dict = NULL;
    cr_assert_eq(waldo__dict_from(iterable, &dict, &err), 0, "%s", err.message);
    waldo_value_unref(iterable);
    expect_repr(dict, expected);
}

static void fails(waldo_value *iterable, int code, const char *message)
{
    waldo_value *dict = NULL;
    cr_expect_eq(waldo__dict_from(iterable, &dict, &err), code);
    cr_expect_str_eq(err.message, message);
    cr_expect_null(dict);
    waldo_value_unref(iterable);
}

Test(dict, from_pairs)
{
    makes(waldo_v_dict(waldo_v(1), waldo_v(2)), "{1: 2}");
    makes(waldo_v_list(), "{}");
    makes(waldo_v_str(""), "{}");
    makes(waldo_v_list(waldo_v("ab"), waldo_v_tuple(waldo_v("a"), waldo_v(2))), "{'a': 2}");
    makes(waldo_v_tuple(waldo_v_bytes("\1\2", 2)), "{1: 2}");
    fails(waldo_v(5), WALDO_ETYPE, "'int' object is not iterable");
    fails(waldo_v("a"), WALDO_EVALUE,
          "dictionary update sequence element #0 has length 1; 2 is required");
    fails(waldo_v_list(waldo_v("ab"), waldo_v(5)), WALDO_ETYPE,
          "cannot convert dictionary update sequence element #1 to a sequence");
    fails(waldo_v_list(waldo_v_tuple(waldo_v_list(), waldo_v(5))), WALDO_ETYPE,
          "unhashable type: 'list'");
}

Test(dict, fromkeys)
{
    waldo_value *keys = waldo_v_str("aba"), *dict = NULL;
    cr_assert_eq(waldo__dict_fromkeys(keys, waldo_v_none(), &dict, &err), 0);
    expect_repr(dict, "{'a': None, 'b': None}");
    waldo_value_unref(keys);
    keys = waldo_v_list(waldo_v_list());
    cr_assert_eq(waldo__dict_fromkeys(keys, waldo_v_none(), &dict, &err), WALDO_ETYPE);
    waldo_value_unref(keys);
}

static waldo_value *range(int64_t from, int64_t to)
{
    waldo_value *dict = waldo_v_dict();
    for (int64_t i = from; i < to; i++)
        cr_assert_eq(waldo_value_dict_set(dict, waldo_v(i), waldo_v(-i), NULL), 0);
    return dict;
}

Test(dict, merges)
{
    waldo_value *dict = range(0, 100), *other = range(50, 150), *value;
    cr_assert_eq(waldo_value_dict_set(other, waldo_v(60), waldo_v("new"), NULL), 0);
    cr_assert_eq(waldo__dict_merge(dict, other, &err), 0);
    size_t length = 0;
    cr_assert_eq(waldo_value_length(dict, &length, &err), 0);
    cr_expect_eq(length, 150);
    waldo_value *key = waldo_v(60);
    cr_assert_eq(waldo_value_dict_get(dict, key, &value, &err), 0);
    expect_repr(value, "'new'");
    waldo_value_unref(key);
    cr_assert_eq(waldo__dict_merge(dict, dict, &err), 0);
    cr_assert_eq(waldo_value_length(dict, &length, &err), 0);
    cr_expect_eq(length, 150);
    waldo_value_unref(other);
    waldo_value_unref(dict);
}

/* Old keys alone move nothing, whatever holes there are. */
Test(dict, merging_old_keys_keeps_positions)
{
    waldo_value *dict = range(0, 85); /* as many as there is room for */
    for (int64_t i = 0; i < 40; i++) {
        waldo_value *key = waldo_v(i);
        cr_assert_eq(waldo_value_dict_pop(dict, key, NULL, NULL), 0);
        waldo_value_unref(key);
    }
    waldo_value *other = range(40, 85), *key;
    size_t position = 0;
    cr_assert(waldo_value_next(dict, &position, &key, NULL));
    size_t before = position;
    cr_assert_eq(waldo__dict_merge(dict, other, &err), 0);
    position = 0;
    cr_assert(waldo_value_next(dict, &position, &key, NULL));
    cr_expect_eq(position, before);
    waldo_value_unref(other);
    waldo_value_unref(dict);
}

Test(dict, lists_in_parts)
{
    waldo_value *dict = range(0, 3);
    size_t position = 0;
    expect_repr(waldo__dict_list(dict, WALDO__DICT_KEYS, &position, 2), "[0, 1]");
    expect_repr(waldo__dict_list(dict, WALDO__DICT_ITEMS, &position, 2), "[(2, -2)]");
    expect_repr(waldo__dict_list(dict, WALDO__DICT_VALUES, &position, 2), "[]");
    position = SIZE_MAX;
    expect_repr(waldo__dict_list(dict, WALDO__DICT_VALUES, &position, 2), "[]");
    position = 0;
    expect_repr(waldo__dict_list(dict, WALDO__DICT_VALUES, &position, 0), "[]");
    waldo_value_unref(dict);
}
