/* Set algebra. */
#include <waldo/value_methods.h>

#include "value/iterate.h"
#include "value/layout.h"

static int check(const waldo_value *value, waldo_error *reterr)
{
    return value->kind == WALDO_KIND_SET ? 0 : waldo__wrong_type(value, "a set", reterr);
}

int waldo_value_to_set(const waldo_value *iterable, waldo_value **ret_set, waldo_error *reterr)
{
    if (iterable->kind == WALDO_KIND_SET)
        return waldo_value_copy(iterable, ret_set, reterr);
    waldo_value *source;
    int status = waldo__as_items(iterable, &source, reterr);
    if (status < 0)
        return status;
    waldo__mapping *set = waldo__new_mapping(WALDO_KIND_SET);
    if (!set) {
        waldo_value_unref(source);
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a set");
    }
    size_t count;
    waldo_value *const *items = waldo__items(source, &count);
    for (size_t i = 0; i < count && status >= 0; i++)
        status = waldo_value_set_add(&set->base.head, waldo_value_ref(items[i]), reterr);
    waldo_value_unref(source);
    if (status >= 0)
        *ret_set = &set->base.head;
    else
        waldo_value_unref(&set->base.head);
    return status < 0 ? status : 0;
}

static bool add_entry(waldo__mapping *set, const waldo__entry *entry)
{
    return waldo__table_add(&set->table, waldo_value_ref(entry->key), entry->hash, NULL);
}

/* Adds the entries of `from` that are in `other`, or those that are not. */
static bool add_where(waldo__mapping *set, const waldo__table *from, const waldo__table *other,
                      bool is_in_other)
{
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(from, &position));) {
        bool found = waldo__table_find(other, entry->key, entry->hash) != NULL;
        if (found == is_in_other && !add_entry(set, entry))
            return false;
    }
    return true;
}

static bool combine(waldo__mapping *result, waldo_set_operation operation, const waldo__table *left,
                    const waldo__table *right)
{
    static const waldo__table none;
    switch (operation) {
    case WALDO_SET_UNION:
        return add_where(result, left, &none, false) && add_where(result, right, left, false);
    case WALDO_SET_INTERSECTION:
        return add_where(result, left, right, true);
    case WALDO_SET_DIFFERENCE:
        return add_where(result, left, right, false);
    default:
        return add_where(result, left, right, false) && add_where(result, right, left, false);
    }
}

/* The items of an iterable that are in the set; it is read until all of the set's were found. */
static int intersect(const waldo_value *set, const waldo_value *iterable, waldo_value **ret_set,
                     waldo_error *reterr)
{
    waldo_value *source;
    int status = waldo__as_items(iterable, &source, reterr);
    if (status < 0)
        return status;
    waldo__mapping *result = waldo__new_mapping(WALDO_KIND_SET);
    if (!result) {
        waldo_value_unref(source);
        return waldo__no_memory(reterr);
    }
    size_t count;
    waldo_value *const *items = waldo__items(source, &count);
    size_t all = ((const waldo__mapping *)set)->table.count;
    bool complete = false;
    for (size_t i = 0; i < count && status >= 0 && !complete; i++) {
        status = waldo_value_contains(set, items[i], reterr);
        if (status != 1)
            continue;
        status = waldo_value_set_add(&result->base.head, waldo_value_ref(items[i]), reterr);
        complete = result->table.count == all;
    }
    waldo_value_unref(source);
    if (status >= 0)
        *ret_set = &result->base.head;
    else
        waldo_value_unref(&result->base.head);
    return status < 0 ? status : 0;
}

int waldo_value_set_combine(const waldo_value *set, waldo_set_operation operation,
                            const waldo_value *iterable, waldo_value **ret_set, waldo_error *reterr)
{
    waldo_value *other;
    int status = check(set, reterr);
    if (status >= 0 && operation == WALDO_SET_INTERSECTION && iterable->kind != WALDO_KIND_SET)
        return intersect(set, iterable, ret_set, reterr);
    if (status >= 0)
        status = waldo_value_to_set(iterable, &other, reterr);
    if (status < 0)
        return status;
    waldo__mapping *result = waldo__new_mapping(WALDO_KIND_SET);
    bool complete = result && combine(result, operation, &((const waldo__mapping *)set)->table,
                                      &((const waldo__mapping *)other)->table);
    waldo_value_unref(other);
    if (!complete) {
        waldo_value_unref(result ? &result->base.head : NULL);
        return waldo__no_memory(reterr);
    }
    *ret_set = &result->base.head;
    return 0;
}

/* The first item of the iterable of which `wanted` says whether it is in the set: 1; there is none:
 * 0. Those behind it are not looked at, as in Python. */
static int search(const waldo_value *set, const waldo_value *iterable, int wanted,
                  waldo_error *reterr)
{
    waldo_value *source;
    int status = check(set, reterr);
    if (status >= 0)
        status = waldo__as_items(iterable, &source, reterr);
    if (status < 0)
        return status;
    size_t count;
    waldo_value *const *items = waldo__items(source, &count);
    int found = 0;
    for (size_t i = 0; i < count && !found && status >= 0; i++) {
        status = waldo_value_contains(set, items[i], reterr);
        found = status == wanted;
    }
    waldo_value_unref(source);
    return status < 0 ? status : found;
}

int waldo_value_set_is_disjoint(const waldo_value *set, const waldo_value *iterable,
                                waldo_error *reterr)
{
    int common = search(set, iterable, 1, reterr);
    return common < 0 ? common : !common;
}

int waldo_value_set_is_superset(const waldo_value *set, const waldo_value *iterable,
                                waldo_error *reterr)
{
    int missing = search(set, iterable, 0, reterr);
    return missing < 0 ? missing : !missing;
}

int waldo_value_set_is_subset(const waldo_value *set, const waldo_value *iterable,
                              waldo_error *reterr)
{
    waldo_value *other = NULL;
    int status = waldo_value_to_set(iterable, &other, reterr);
    if (status < 0)
        return status;
    status = waldo_value_set_is_superset(other, set, reterr);
    waldo_value_unref(other);
    return status;
}
