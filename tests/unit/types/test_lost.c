/* What was taken out for a client that did not get it goes back. */
#include "live.h"

enum { ITEM = 40 * 1000, MESSAGE = 64 * 1024 };

static void begin(void)
{
    live_begin_with((waldo_server_options){.max_message = MESSAGE});
}

TestSuite(lost, .init = begin, .timeout = 60);

static waldo_value *big(char letter)
{
    char *text = malloc(ITEM);
    memset(text, letter, ITEM);
    waldo_value *value = waldo_v_str_sized(text, ITEM);
    free(text);
    return value;
}

static void begins_with(waldo_list *list, int64_t index, char letter)
{
    waldo_value *item;
    const char *text;
    size_t size;
    must(waldo_list_get(list, index, &item, &err));
    must(waldo_value_get_str(item, &text, &size, &err));
    cr_assert_eq(text[0], letter);
    waldo_value_unref(item);
}

/* Each of them fits into a message, two of them do not. */
Test(lost, items_that_are_too_big_together)
{
    waldo_list *list;
    waldo_value *items = NULL;
    size_t length;
    must(waldo_list_new(manager, &list, &err));
    for (int i = 0; i < 4; i++)
        must(waldo_list_append(list, big((char)('a' + i)), &err));
    must_fail(waldo_list_pop_many(list, 1, 3, &items, &err), WALDO_ETOOBIG);
    cr_assert_null(items);
    must(waldo_list_length(list, &length, &err));
    cr_assert_eq(length, 4);
    for (int i = 0; i < 4; i++)
        begins_with(list, i, (char)('a' + i));
    must(waldo_list_pop(list, 1, &items, &err));
    waldo_value_unref(items);
    begins_with(list, 1, 'c');
    waldo_list_unref(list);
    live_end();
}

static waldo_dict *big_dict(void)
{
    waldo_dict *dict;
    must(waldo_dict_new(manager, &dict, &err));
    for (int i = 0; i < 4; i++)
        must(waldo_dict_set(dict, waldo_v(i), big((char)('a' + i)), &err));
    return dict;
}

static void has_keys(waldo_dict *dict, const char *expected)
{
    waldo_value *keys;
    must(waldo_dict_keys(dict, &keys, &err));
    prints(keys, expected);
}

Test(lost, items_of_a_dict_that_are_too_big_together)
{
    waldo_dict *dict = big_dict();
    waldo_value *items = NULL;
    uint64_t version, after;
    waldo_value *keys = waldo_v_list(waldo_v(2), waldo_v(9), waldo_v(1));
    must_fail(waldo_dict_pop_many(dict, waldo_value_ref(keys), &items, &err), WALDO_ETOOBIG);
    has_keys(dict, "[0, 1, 2, 3]");
    must_fail(waldo_dict_popitems(dict, 3, &items, &err), WALDO_ETOOBIG);
    has_keys(dict, "[0, 1, 2, 3]");
    cr_assert_null(items);
    must(waldo_dict_popitems(dict, 1, &items, &err));
    waldo_value_unref(items);
    has_keys(dict, "[0, 1, 2]");
    must(waldo_dict_version(dict, &version, &err));
    must_fail(waldo_dict_pop_many(dict, keys, &items, &err), WALDO_ETOOBIG);
    must(waldo_dict_version(dict, &after, &err));
    cr_assert_gt(after, version);
    has_keys(dict, "[0, 1, 2]");
    waldo_dict_unref(dict);
    live_end();
}
