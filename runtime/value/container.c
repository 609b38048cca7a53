/* What list, tuple, dict and set have in common: contains, clear, copy. */
#include "value/layout.h"

#include <stdlib.h>
#include <string.h>

static int not_a_container(const waldo_value *value, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE, "argument of type '%s' is not iterable",
                           waldo_value_type_name(value));
}

static int contains_key(const waldo_value *container, const waldo_value *item, waldo_error *reterr)
{
    uint64_t hash;
    int status = waldo_value_hash(item, &hash, reterr);
    if (status < 0)
        return status;
    return waldo__table_find(&((const waldo__mapping *)container)->table, item, hash) != NULL;
}

int waldo_value_contains(const waldo_value *container, const waldo_value *item, waldo_error *reterr)
{
    if (container->kind == WALDO_KIND_DICT || container->kind == WALDO_KIND_SET)
        return contains_key(container, item, reterr);
    if (!waldo__is_container(container))
        return not_a_container(container, reterr);
    size_t count;
    waldo_value *const *items = waldo__items(container, &count);
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++)
        status = items[i] == item ? 1 : waldo__equal(items[i], item, 1, reterr);
    return status;
}

/* The items are let go only when the container is whole again: freeing one may run code. */
static void clear_list(waldo__list *list)
{
    waldo_value **items = list->items;
    size_t count = list->count;
    list->items = NULL;
    list->count = 0;
    list->capacity = 0;
    for (size_t i = 0; i < count; i++)
        waldo_value_unref(items[i]);
    free(items);
}

static void clear_table(waldo__table *table)
{
    waldo__table old = *table;
    *table = (waldo__table){0};
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(&old, &position));) {
        waldo_value_unref(entry->key);
        waldo_value_unref(entry->value);
    }
    waldo__table_free(&old);
}

int waldo_value_clear(waldo_value *container, waldo_error *reterr)
{
    switch (waldo_value_kind(container)) {
    case WALDO_KIND_LIST:
        clear_list((waldo__list *)container);
        return 0;
    case WALDO_KIND_DICT:
    case WALDO_KIND_SET:
        clear_table(&((waldo__mapping *)container)->table);
        return 0;
    default:
        return waldo__wrong_type(container, "a list, dict or set", reterr);
    }
}

static waldo_value *copy_list(const waldo_value *value)
{
    size_t count;
    waldo_value *const *items = waldo__items(value, &count);
    waldo__list *copy = waldo__new_list(count);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < count; i++)
        copy->items[i] = waldo_value_ref(items[i]);
    return &copy->base.head;
}

static waldo_value *copy_mapping(const waldo_value *value)
{
    const waldo__table *table = &((const waldo__mapping *)value)->table;
    waldo__mapping *copy = waldo__new_mapping(waldo_value_kind(value));
    if (!copy || !waldo__table_reserve(&copy->table, table->count))
        return waldo_value_unref(copy ? &copy->base.head : NULL);
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(table, &position));)
        (void)waldo__table_add(&copy->table, waldo_value_ref(entry->key), entry->hash,
                               waldo_value_ref(entry->value));
    return &copy->base.head;
}

int waldo_value_copy(const waldo_value *value, waldo_value **ret_copy, waldo_error *reterr)
{
    const waldo__array *array = (const waldo__array *)value;
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_LIST:
        return waldo__give(copy_list(value), ret_copy, reterr);
    case WALDO_KIND_DICT:
    case WALDO_KIND_SET:
        return waldo__give(copy_mapping(value), ret_copy, reterr);
    case WALDO_KIND_ARRAY:
        return waldo__give(waldo_v_array(array->typecode, array->items, array->count), ret_copy,
                           reterr);
    default:
        *ret_copy = waldo_value_ref(value);
        return 0;
    }
}
