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

/* ---- out, and in again ---- */

static waldo_value *letters;

static waldo__dict_item take(const char *key)
{
    waldo__dict_item item;
    waldo_value *name = waldo_v_str(key);
    cr_assert_eq(waldo__dict_take(letters, name, &item, &err), 0, "%s", err.message);
    waldo_value_unref(name);
    return item;
}

static int put_back(waldo__dict_item item)
{
    int status = waldo__dict_put_back(letters, &item, &err);
    waldo__dict_item_release(&item);
    return status;
}

static void set(const char *key, int number)
{
    cr_assert_eq(waldo_value_dict_set(letters, waldo_v_str(key), waldo_v(number), &err), 0);
}

static void begin_letters(void)
{
    letters = waldo_v_dict(waldo_v("a"), waldo_v(1), waldo_v("b"), waldo_v(2), waldo_v("c"),
                           waldo_v(3), waldo_v("d"), waldo_v(4));
}

static void ends_as(const char *expected)
{
    expect_repr(letters, expected);
}

Test(dict, what_is_put_back_has_its_place, .init = begin_letters)
{
    for (const char *key = "abcd"; *key; key++) {
        waldo__dict_item item = take((char[]){*key, 0});
        set("e", 5);
        cr_assert_eq(put_back(item), 1);
    }
    ends_as("{'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5}");
}

Test(dict, what_is_put_back_last_taken_first, .init = begin_letters)
{
    waldo__dict_item items[] = {take("b"), take("d"), take("c"), take("a")};
    set("e", 5);
    set("f", 6);
    for (int i = 3; i >= 0; i--)
        cr_assert_eq(put_back(items[i]), 1);
    ends_as("{'e': 5, 'f': 6, 'a': 1, 'b': 2, 'c': 3, 'd': 4}");
}

Test(dict, what_is_put_back_without_its_neighbours, .init = begin_letters)
{
    waldo__dict_item b = take("b"), c = take("c"), a = take("a");
    cr_assert_eq(put_back(b), 1); /* a and c are gone */
    cr_assert_eq(put_back(c), 1); /* in front of d */
    waldo__dict_item_release(&a);
    ends_as("{'c': 3, 'd': 4, 'b': 2}");
}

Test(dict, a_newer_value_stays, .init = begin_letters)
{
    waldo__dict_item b = take("b");
    set("b", 7);
    cr_assert_eq(put_back(b), 0);
    ends_as("{'a': 1, 'c': 3, 'd': 4, 'b': 7}");
}

Test(dict, what_cannot_be_taken, .init = begin_letters)
{
    waldo__dict_item item = {0};
    waldo_value *list = waldo_v_list();
    cr_assert_eq(waldo__dict_take(letters, list, &item, &err), WALDO_ETYPE);
    waldo_value *missing = waldo_v("x");
    cr_assert_eq(waldo__dict_take(letters, missing, &item, &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "'x'");
    cr_assert_null(item.key);
    cr_assert_eq(waldo_value_clear(letters, &err), 0);
    /* As Python's pop. */
    cr_assert_eq(waldo__dict_take(letters, list, &item, &err), WALDO_EKEY);
    cr_assert_str_eq(err.message, "[]");
    waldo_value_unref(list);
    waldo_value_unref(missing);
    ends_as("{}");
}

/* Against a list: every key of a dict with gaps, collisions of slots and a table that grows. */
Test(dict, whatever_is_taken_and_put_back_changes_nothing)
{
    letters = waldo_v_dict();
    for (int i = 0; i < 300; i++)
        cr_assert_eq(
            waldo_value_dict_set(letters, waldo_v((int64_t)(i % 7) << 32 | i), waldo_v(i), &err),
            0);
    for (int i = 0; i < 300; i += 3) {
        waldo_value *key = waldo_v((int64_t)(i % 7) << 32 | i);
        cr_assert_eq(waldo_value_dict_pop(letters, key, NULL, &err), 0);
        waldo_value_unref(key);
    }
    char *before = waldo_value_repr(letters);
    size_t position = 0;
    waldo_value *keys = waldo__dict_list(letters, WALDO__DICT_KEYS, &position, SIZE_MAX);
    waldo_value *key;
    for (size_t i = 0; waldo_value_item(keys, (int64_t)i, &key, NULL) >= 0; i++) {
        waldo__dict_item item;
        cr_assert_eq(waldo__dict_take(letters, key, &item, &err), 0);
        cr_assert_eq(put_back(item), 1);
        cr_assert_eq(waldo_value_contains(letters, key, &err), 1);
        waldo_value_unref(key);
    }
    waldo_value_unref(keys);
    ends_as(before);
    free(before);
}
