/* Dicts and sets: the public functions over waldo__table. */
#include "value/layout.h"

#include <stdlib.h>
#include <string.h>

#include "value/hash.h"

waldo__mapping *waldo__new_mapping(waldo_kind kind)
{
    return waldo__new_value(kind, sizeof(waldo__mapping));
}

static waldo__table *table_of(const waldo_value *value)
{
    return &((waldo__mapping *)value)->table;
}

/* Finds an entry: 0, and *ret_entry may be NULL. */
static int find(const waldo_value *mapping, const waldo_value *key, waldo__entry **ret_entry,
                waldo_error *reterr)
{
    uint64_t hash;
    int status = waldo_value_hash(key, &hash, reterr);
    if (status >= 0)
        *ret_entry = waldo__table_find(table_of(mapping), key, hash);
    return status;
}

/* TAKES key and value. The key that is there first stays. 1: added, 0: it was there. */
static int put(waldo_value *mapping, waldo_value *key, waldo_value *value, waldo_error *reterr)
{
    uint64_t hash;
    int status = waldo_value_hash(key, &hash, reterr);
    if (status >= 0) {
        waldo__entry *entry = waldo__table_find(table_of(mapping), key, hash);
        if (!entry)
            return waldo__table_add(table_of(mapping), key, hash, value) ? 1
                                                                         : waldo__no_memory(reterr);
        waldo_value *old = entry->value;
        entry->value = value;
        value = old;
    }
    waldo_value_unref(key);
    waldo_value_unref(value);
    return status;
}

/* ---- dict ---- */

int waldo_value_dict_set(waldo_value *dict, waldo_value *key, waldo_value *value,
                         waldo_error *reterr)
{
    int status;
    if (!key || !value)
        status = waldo__no_memory(reterr);
    else if (dict->kind != WALDO_KIND_DICT)
        status = waldo__wrong_type(dict, "a dict", reterr);
    else
        return (status = put(dict, key, value, reterr)) < 0 ? status : 0;
    waldo_value_unref(key);
    waldo_value_unref(value);
    return status;
}

int waldo_value_dict_get(const waldo_value *dict, const waldo_value *key, waldo_value **ret_value,
                         waldo_error *reterr)
{
    if (dict->kind != WALDO_KIND_DICT)
        return waldo__wrong_type(dict, "a dict", reterr);
    waldo__entry *entry;
    int status = find(dict, key, &entry, reterr);
    if (status < 0)
        return status;
    if (!entry)
        return waldo__no_key(key, reterr);
    *ret_value = waldo_value_ref(entry->value);
    return 0;
}

int waldo_value_dict_get_str(const waldo_value *dict, const char *key, waldo_value **ret_value,
                             waldo_error *reterr)
{
    waldo_value *text = waldo_v_str(key);
    if (!text)
        return waldo__no_memory(reterr);
    int status = waldo_value_dict_get(dict, text, ret_value, reterr);
    waldo_value_unref(text);
    return status;
}

int waldo_value_dict_pop(waldo_value *dict, const waldo_value *key, waldo_value **ret_value,
                         waldo_error *reterr)
{
    if (dict->kind != WALDO_KIND_DICT)
        return waldo__wrong_type(dict, "a dict", reterr);
    /* Python's pop, unlike its del, does not look at the key where there are none. */
    if (ret_value && table_of(dict)->count == 0)
        return waldo__no_key(key, reterr);
    waldo__entry *entry;
    int status = find(dict, key, &entry, reterr);
    if (status < 0)
        return status;
    if (!entry)
        return waldo__no_key(key, reterr);
    waldo_value *old_key = entry->key;
    waldo_value *value = entry->value;
    waldo__table_remove(table_of(dict), entry);
    waldo_value_unref(old_key);
    if (ret_value)
        *ret_value = value;
    else
        waldo_value_unref(value);
    return 0;
}

int waldo_value_dict_pop_last(waldo_value *dict, waldo_value **ret_key, waldo_value **ret_value,
                              waldo_error *reterr)
{
    if (dict->kind != WALDO_KIND_DICT)
        return waldo__wrong_type(dict, "a dict", reterr);
    waldo__entry *entry = waldo__table_last(table_of(dict));
    if (!entry)
        return waldo_error_set(reterr, WALDO_EKEY, "'popitem(): dictionary is empty'");
    *ret_key = entry->key;
    *ret_value = entry->value;
    waldo__table_remove(table_of(dict), entry);
    return 0;
}

bool waldo_value_next(const waldo_value *dict_or_set, size_t *position, waldo_value **ret_key,
                      waldo_value **ret_value)
{
    if (dict_or_set->kind != WALDO_KIND_DICT && dict_or_set->kind != WALDO_KIND_SET)
        return false;
    waldo__entry *entry = waldo__table_next(table_of(dict_or_set), position);
    if (!entry)
        return false;
    *ret_key = entry->key;
    if (ret_value)
        *ret_value = entry->value;
    return true;
}

/* ---- set ---- */

int waldo_value_set_add(waldo_value *set, waldo_value *item, waldo_error *reterr)
{
    if (!item)
        return waldo__no_memory(reterr);
    if (set->kind == WALDO_KIND_SET)
        return put(set, item, NULL, reterr);
    waldo_value_unref(item);
    return waldo__wrong_type(set, "a set", reterr);
}

int waldo_value_set_discard(waldo_value *set, const waldo_value *item, waldo_error *reterr)
{
    if (set->kind != WALDO_KIND_SET)
        return waldo__wrong_type(set, "a set", reterr);
    waldo__entry *entry;
    int status = find(set, item, &entry, reterr);
    if (status < 0 || !entry)
        return status;
    waldo_value *key = entry->key;
    waldo__table_remove(table_of(set), entry);
    waldo_value_unref(key);
    return 1;
}

int waldo_value_set_pop(waldo_value *set, waldo_value **ret_item, waldo_error *reterr)
{
    if (set->kind != WALDO_KIND_SET)
        return waldo__wrong_type(set, "a set", reterr);
    waldo__entry *entry = waldo__table_last(table_of(set));
    if (!entry)
        return waldo_error_set(reterr, WALDO_EKEY, "'pop from an empty set'");
    *ret_item = entry->key;
    waldo__table_remove(table_of(set), entry);
    return 0;
}

/* ---- Literals ---- */

waldo_value *waldo_v_set_of(waldo_value *const *items, size_t count)
{
    waldo__mapping *set = waldo__new_mapping(WALDO_KIND_SET);
    bool complete = set != NULL;
    for (size_t i = 0; i < count; i++) {
        if (complete)
            complete = waldo_value_set_add(&set->base.head, items[i], NULL) >= 0;
        else
            waldo_value_unref(items[i]);
    }
    if (!complete && set)
        return waldo_value_unref(&set->base.head);
    return set ? &set->base.head : NULL;
}

waldo_value *waldo_v_dict_of(waldo_value *const *items, size_t count)
{
    waldo__mapping *dict = count % 2 == 0 ? waldo__new_mapping(WALDO_KIND_DICT) : NULL;
    bool complete = dict != NULL;
    for (size_t i = 0; i < count; i += 2) {
        waldo_value *value = i + 1 < count ? items[i + 1] : NULL;
        if (complete) {
            complete = waldo_value_dict_set(&dict->base.head, items[i], value, NULL) >= 0;
        } else {
            waldo_value_unref(items[i]);
            waldo_value_unref(value);
        }
    }
    if (!complete && dict)
        return waldo_value_unref(&dict->base.head);
    return dict ? &dict->base.head : NULL;
}

waldo_value *waldo_v_fields_of(const void *const *items, size_t count)
{
    waldo__mapping *dict = count % 2 == 0 ? waldo__new_mapping(WALDO_KIND_DICT) : NULL;
    bool complete = dict != NULL;
    for (size_t i = 1; i < count; i += 2) {
        waldo_value *value = (waldo_value *)items[i];
        if (complete)
            complete =
                waldo_value_dict_set(&dict->base.head, waldo_v_str(items[i - 1]), value, NULL) >= 0;
        else
            waldo_value_unref(value);
    }
    if (!complete && dict)
        return waldo_value_unref(&dict->base.head);
    return dict ? &dict->base.head : NULL;
}
