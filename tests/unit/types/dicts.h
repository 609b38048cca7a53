/* Dicts for the tests of dict. */
#ifndef WALDO_TESTS_UNIT_TYPES_DICTS_H
#define WALDO_TESTS_UNIT_TYPES_DICTS_H

#include "live.h"

static inline waldo_dict *new_dict(void)
{
    waldo_dict *dict;
    must(waldo_dict_new(manager, &dict, &err));
    return dict;
}

static inline waldo_dict *dict_of(waldo_value *items)
{
    waldo_dict *dict;
    must(waldo_dict_new_from(manager, items, &dict, &err));
    return dict;
}

static inline void holds(waldo_dict *dict, const char *expected)
{
    char *text = waldo_proxy_str(waldo_dict_proxy(dict));
    cr_assert_str_eq(text, expected);
    free(text);
}

#define end(dict)                                                                                  \
    do {                                                                                           \
        waldo_dict_unref(dict);                                                                    \
        live_end();                                                                                \
    } while (0)

static inline waldo_dict *squares(int64_t count)
{
    waldo_dict *dict = new_dict();
    waldo_value *items = waldo_v_dict();
    for (int64_t i = 0; i < count; i++)
        must(waldo_value_dict_set(items, waldo_v(i), waldo_v(i * i), &err));
    must(waldo_dict_update(dict, items, &err));
    return dict;
}

#endif
