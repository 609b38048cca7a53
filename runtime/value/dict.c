#include "value/dict.h"

#include <waldo/value_methods.h>

#include "value/layout.h"

static waldo__table *table_of(const waldo_value *dict)
{
    return &((waldo__mapping *)dict)->table;
}

/* ---- dict(iterable) ---- */

/* One element of the pairs, which is any iterable of two. */
static int add_pair(waldo_value *dict, const waldo_value *element, size_t number,
                    waldo_error *reterr)
{
    waldo_value *pair;
    size_t count;
    int status = waldo_value_to_list(element, &pair, reterr);
    if (status == WALDO_ETYPE)
        return waldo_error_set(
            reterr, WALDO_ETYPE,
            "cannot convert dictionary update sequence element #%zu to a sequence", number);
    if (status < 0)
        return status;
    waldo_value *const *items = waldo__items(pair, &count);
    if (count == 2)
        status = waldo_value_dict_set(dict, waldo_value_ref(items[0]), waldo_value_ref(items[1]),
                                      reterr);
    else
        status = waldo_error_set(
            reterr, WALDO_EVALUE,
            "dictionary update sequence element #%zu has length %zu; 2 is required", number, count);
    waldo_value_unref(pair);
    return status;
}

static int from_pairs(const waldo_value *iterable, waldo_value **ret_dict, waldo_error *reterr)
{
    waldo_value *pairs;
    int status = waldo_value_to_list(iterable, &pairs, reterr);
    if (status < 0)
        return status;
    waldo_value *dict = waldo_v_dict();
    size_t count;
    waldo_value *const *items = waldo__items(pairs, &count);
    if (!dict)
        status = waldo__no_memory(reterr);
    for (size_t i = 0; i < count && status >= 0; i++)
        status = add_pair(dict, items[i], i, reterr);
    waldo_value_unref(pairs);
    if (status < 0)
        waldo_value_unref(dict);
    else
        *ret_dict = dict;
    return status;
}

int waldo__dict_from(const waldo_value *iterable, waldo_value **ret_dict, waldo_error *reterr)
{
    if (iterable->kind == WALDO_KIND_DICT)
        return waldo_value_copy(iterable, ret_dict, reterr);
    return from_pairs(iterable, ret_dict, reterr);
}

/* ---- All at once ---- */

/* Room for the keys that are new. Without any, positions in the table stay good. */
static bool make_room(waldo__table *table, const waldo__table *other)
{
    if ((size_t)table->used + other->count <= table->capacity)
        return true;
    size_t added = 0;
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(other, &position));)
        added += !waldo__table_find(table, entry->key, entry->hash);
    return added == 0 || waldo__table_reserve(table, table->used + added);
}

int waldo__dict_merge(waldo_value *dict, const waldo_value *other, waldo_error *reterr)
{
    const waldo__table *from = table_of(other);
    waldo__table *to = table_of(dict);
    if (!make_room(to, from))
        return waldo__no_memory(reterr);
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(from, &position));) {
        waldo__entry *old = waldo__table_find(to, entry->key, entry->hash);
        waldo_value *value = waldo_value_ref(entry->value);
        if (old) {
            waldo_value *gone = old->value;
            old->value = value;
            waldo_value_unref(gone);
        } else {
            (void)waldo__table_add(to, waldo_value_ref(entry->key), entry->hash, value);
        }
    }
    return 0;
}

int waldo__dict_fromkeys(const waldo_value *iterable, waldo_value *value, waldo_value **ret_dict,
                         waldo_error *reterr)
{
    waldo_value *keys;
    int status = waldo_value_to_list(iterable, &keys, reterr);
    if (status < 0)
        return status;
    waldo_value *dict = waldo_v_dict();
    size_t count;
    waldo_value *const *items = waldo__items(keys, &count);
    if (!dict)
        status = waldo__no_memory(reterr);
    for (size_t i = 0; i < count && status >= 0; i++)
        status =
            waldo_value_dict_set(dict, waldo_value_ref(items[i]), waldo_value_ref(value), reterr);
    waldo_value_unref(keys);
    if (status < 0)
        waldo_value_unref(dict);
    else
        *ret_dict = dict;
    return status;
}

/* ---- Lists ---- */

static waldo_value *part_of(const waldo__entry *entry, waldo__dict_part part)
{
    if (part == WALDO__DICT_ITEMS)
        return waldo_v_tuple(waldo_value_ref(entry->key), waldo_value_ref(entry->value));
    return waldo_value_ref(part == WALDO__DICT_KEYS ? entry->key : entry->value);
}

waldo_value *waldo__dict_list(const waldo_value *dict, waldo__dict_part part, size_t *position,
                              size_t most)
{
    const waldo__table *table = table_of(dict);
    size_t room = most < table->count ? most : table->count;
    waldo__list *list = waldo__new_list(room);
    if (!list)
        return NULL;
    size_t count = 0;
    for (waldo__entry *entry; count < room && (entry = waldo__table_next(table, position));)
        if (!(list->items[count++] = part_of(entry, part)))
            return waldo_value_unref(&list->base.head);
    list->count = count;
    return &list->base.head;
}

/* ---- Out, and in again ---- */

/* So far around a removed item neighbours are looked for: there may be many gaps. */
enum { NEARBY = 8 };

static waldo__entry *find(const waldo__table *table, const waldo_value *key)
{
    uint64_t hash;
    return key && waldo_value_hash(key, &hash, NULL) >= 0 ? waldo__table_find(table, key, hash)
                                                          : NULL;
}

/* A reference to the nearest key in that direction, or NULL. */
static waldo_value *neighbour(const waldo__table *table, const waldo__entry *entry, int step)
{
    ptrdiff_t position = entry - table->entries;
    for (int i = 0; i < NEARBY; i++) {
        position += step;
        if (position < 0 || position >= table->used)
            return NULL;
        if (table->entries[position].key)
            return waldo_value_ref(table->entries[position].key);
    }
    return NULL;
}

int waldo__dict_take(waldo_value *dict, const waldo_value *key, waldo__dict_item *ret_item,
                     waldo_error *reterr)
{
    const waldo__table *table = table_of(dict);
    const waldo__entry *entry = table->count > 0 ? find(table, key) : NULL;
    waldo__dict_item item = {0};
    if (entry)
        item = (waldo__dict_item){.key = waldo_value_ref(entry->key),
                                  .before = neighbour(table, entry, -1),
                                  .after = neighbour(table, entry, 1)};
    int status = waldo_value_dict_pop(dict, key, &item.value, reterr);
    if (status < 0)
        waldo__dict_item_release(&item);
    else
        *ret_item = item;
    return status;
}

int waldo__dict_put_back(waldo_value *dict, const waldo__dict_item *item, waldo_error *reterr)
{
    waldo__table *table = table_of(dict);
    uint64_t hash;
    int status = waldo_value_hash(item->key, &hash, reterr);
    if (status < 0)
        return status;
    if (waldo__table_find(table, item->key, hash))
        return 0;
    /* Before positions are looked up, which would not outlive it. */
    if (!waldo__table_reserve(table, (size_t)table->used + 1))
        return waldo__no_memory(reterr);
    const waldo__entry *after = find(table, item->after);
    const waldo__entry *before = after ? NULL : find(table, item->before);
    uint32_t position = table->used;
    if (after)
        position = (uint32_t)(after - table->entries);
    else if (before)
        position = (uint32_t)(before - table->entries) + 1;
    (void)waldo__table_add(table, waldo_value_ref(item->key), hash, waldo_value_ref(item->value));
    waldo__table_move_last(table, position);
    return 1;
}

void waldo__dict_item_release(waldo__dict_item *item)
{
    waldo_value_unref(item->key);
    waldo_value_unref(item->value);
    waldo_value_unref(item->before);
    waldo_value_unref(item->after);
    *item = (waldo__dict_item){0};
}
