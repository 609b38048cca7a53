#include "value/iterate.h"

#include <string.h>

#include "value/layout.h"
#include "value/unicode.h"

/* All of these fill items, which are NULL, with new references. false: out of memory. */
static bool fill_keys(const waldo__table *table, waldo_value **items)
{
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(table, &position));)
        *items++ = waldo_value_ref(entry->key);
    return true;
}

static bool fill_characters(const waldo__text *text, waldo_value **items)
{
    uint32_t code_point;
    for (size_t at = 0, size; at < text->size; at += size) {
        size = waldo__utf8_next(text->data + at, text->size - at, &code_point);
        if (!(*items++ = waldo_v_str_sized(text->data + at, size)))
            return false;
    }
    return true;
}

static bool fill_bytes(const waldo__text *text, waldo_value **items)
{
    for (size_t i = 0; i < text->size; i++)
        if (!(*items++ = waldo_v_int64((uint8_t)text->data[i])))
            return false;
    return true;
}

static bool fill_array(const waldo__array *array, waldo_value **items)
{
    for (size_t i = 0; i < array->count; i++)
        if (!(*items++ = waldo__array_item(array, i)))
            return false;
    return true;
}

static bool fill(const waldo_value *iterable, waldo_value **items)
{
    switch (waldo_value_kind(iterable)) {
    case WALDO_KIND_DICT:
    case WALDO_KIND_SET:
        return fill_keys(&((const waldo__mapping *)iterable)->table, items);
    case WALDO_KIND_STR:
        return fill_characters((const waldo__text *)iterable, items);
    case WALDO_KIND_BYTES:
        return fill_bytes((const waldo__text *)iterable, items);
    default:
        return fill_array((const waldo__array *)iterable, items);
    }
}

int waldo__as_items(const waldo_value *iterable, waldo_value **ret_items, waldo_error *reterr)
{
    if (iterable->kind == WALDO_KIND_LIST || iterable->kind == WALDO_KIND_TUPLE) {
        *ret_items = waldo_value_ref(iterable);
        return 0;
    }
    size_t count;
    if (waldo_value_length(iterable, &count, NULL) < 0)
        return waldo_error_set(reterr, WALDO_ETYPE, "'%s' object is not iterable",
                               waldo_value_type_name(iterable));
    waldo__list *list = waldo__new_list(count);
    if (!list)
        return waldo__no_memory(reterr);
    if (count > 0 && !fill(iterable, list->items)) {
        while (list->count > 0 && !list->items[list->count - 1])
            list->count--;
        waldo_value_unref(&list->base.head);
        return waldo__no_memory(reterr);
    }
    *ret_items = &list->base.head;
    return 0;
}
