/* Counting references, and what every kind has. */
#include "value/layout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory/last.h"
#include "value/slice.h"

void *waldo__new_value(waldo_kind kind, size_t size)
{
    waldo_value *value = calloc(1, size);
    if (!value)
        return NULL;
    atomic_init(&value->references, 1);
    value->kind = (uint8_t)kind;
    return value;
}

waldo_value *waldo_value_ref(const waldo_value *value)
{
    waldo_value *counted = (waldo_value *)value;
    if (counted &&
        atomic_load_explicit(&counted->references, memory_order_relaxed) < WALDO__IMMORTAL)
        atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

bool waldo__is_container(const waldo_value *value)
{
    return value->kind >= WALDO_KIND_LIST && value->kind <= WALDO_KIND_SET;
}

/* Gives one reference back; containers that nobody holds any more go onto *dead. */
static void drop(waldo_value *value, waldo_value **dead)
{
    if (!value || atomic_load_explicit(&value->references, memory_order_relaxed) >= WALDO__IMMORTAL)
        return;
    if (!waldo__is_last(&value->references))
        return;
    if (waldo__is_container(value)) {
        ((waldo__container *)value)->next_dead = *dead;
        *dead = value;
        return;
    }
    if (value->kind == WALDO_KIND_PROXY) {
        const waldo__reference *reference = &((waldo__proxy *)value)->reference;
        if (reference->release)
            reference->release(reference->live);
    }
    if (value->kind == WALDO_KIND_HANDLE)
        ((waldo__handle *)value)->class->unref(((waldo__handle *)value)->object);
    if (value->borrows)
        waldo__shared_bytes_unref(((waldo__borrowed *)value)->owner);
    free(value);
}

static void free_container(waldo_value *value, waldo_value **dead)
{
    if (value->kind == WALDO_KIND_DICT || value->kind == WALDO_KIND_SET) {
        waldo__table *table = &((waldo__mapping *)value)->table;
        size_t position = 0;
        for (waldo__entry *entry; (entry = waldo__table_next(table, &position));) {
            drop(entry->key, dead);
            drop(entry->value, dead);
        }
        waldo__table_free(table);
    } else {
        size_t count = 0;
        waldo_value *const *items = waldo__items(value, &count);
        for (size_t i = 0; i < count; i++)
            drop(items[i], dead);
        if (value->kind == WALDO_KIND_LIST)
            free(((waldo__list *)value)->items);
    }
    free(value);
}

waldo_value *waldo_value_unref(waldo_value *value)
{
    waldo_value *dead = NULL;
    drop(value, &dead);
    while (dead) {
        waldo_value *container = dead;
        dead = ((waldo__container *)container)->next_dead;
        free_container(container, &dead);
    }
    return NULL;
}

waldo_kind waldo_value_kind(const waldo_value *value)
{
    return (waldo_kind)value->kind;
}

const char *waldo_value_type_name(const waldo_value *value)
{
    static const char *const names[] = {
        [WALDO_KIND_NONE] = "NoneType",     [WALDO_KIND_BOOL] = "bool",
        [WALDO_KIND_INT] = "int",           [WALDO_KIND_FLOAT] = "float",
        [WALDO_KIND_STR] = "str",           [WALDO_KIND_BYTES] = "bytes",
        [WALDO_KIND_LIST] = "list",         [WALDO_KIND_TUPLE] = "tuple",
        [WALDO_KIND_DICT] = "dict",         [WALDO_KIND_SET] = "set",
        [WALDO_KIND_ARRAY] = "array.array", [WALDO_KIND_PROXY] = "proxy",
        [WALDO_KIND_ERROR] = "Exception",   [WALDO_KIND_EXTENSION] = "extension",
    };
    if (value->kind == WALDO_KIND_ERROR)
        return ((const waldo__failure *)value)->type_name;
    if (value->kind == WALDO_KIND_HANDLE)
        return ((const waldo__handle *)value)->class->name;
    if (waldo__is_slice(value))
        return "slice";
    return names[value->kind];
}

waldo_value *const *waldo__items(const waldo_value *value, size_t *ret_count)
{
    if (value->kind == WALDO_KIND_LIST) {
        const waldo__list *list = (const waldo__list *)value;
        *ret_count = list->count;
        return list->items;
    }
    if (value->kind == WALDO_KIND_TUPLE) {
        const waldo__tuple *tuple = (const waldo__tuple *)value;
        *ret_count = tuple->count;
        return tuple->items;
    }
    *ret_count = 0;
    return NULL;
}

bool waldo__path_holds(const waldo__path *path, const waldo_value *container)
{
    for (; path; path = path->outer)
        if (path->container == container)
            return true;
    return false;
}

/* ---- Sizes ---- */

static size_t code_points(const waldo__text *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->size; i++)
        count += ((unsigned char)text->data[i] & 0xc0) != 0x80;
    return count;
}

int waldo_value_length(const waldo_value *value, size_t *ret_length, waldo_error *reterr)
{
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_STR:
        *ret_length = code_points((const waldo__text *)value);
        return 0;
    case WALDO_KIND_BYTES:
        *ret_length = ((const waldo__text *)value)->size;
        return 0;
    case WALDO_KIND_LIST:
    case WALDO_KIND_TUPLE:
        waldo__items(value, ret_length);
        return 0;
    case WALDO_KIND_DICT:
    case WALDO_KIND_SET:
        *ret_length = ((const waldo__mapping *)value)->table.count;
        return 0;
    case WALDO_KIND_ARRAY:
        *ret_length = ((const waldo__array *)value)->count;
        return 0;
    default:
        return waldo_error_set(reterr, WALDO_ETYPE, "object of type '%s' has no len()",
                               waldo_value_type_name(value));
    }
}

bool waldo_value_is_true(const waldo_value *value)
{
    size_t length = 1;
    switch (waldo_value_kind(value)) {
    case WALDO_KIND_NONE:
        return false;
    case WALDO_KIND_BOOL:
    case WALDO_KIND_INT:
        return value->big || ((const waldo__number *)value)->number != 0;
    case WALDO_KIND_FLOAT:
        return ((const waldo__real *)value)->number != 0;
    default:
        return waldo_value_length(value, &length, NULL) < 0 || length > 0;
    }
}

/* ---- Errors that many share ---- */

int waldo__no_memory(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
}

int waldo__give(waldo_value *value, waldo_value **ret_value, waldo_error *reterr)
{
    if (!value)
        return waldo__no_memory(reterr);
    *ret_value = value;
    return 0;
}

int waldo__wrong_type(const waldo_value *value, const char *wanted, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ETYPE, "expected %s, got '%s'", wanted,
                           waldo_value_type_name(value));
}

int waldo__too_deep(const char *what, waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ERECURSION, "maximum recursion depth exceeded in %s",
                           what);
}

int waldo__no_key(const waldo_value *key, waldo_error *reterr)
{
    char *repr = waldo_value_repr(key);
    int status = waldo_error_set(reterr, WALDO_EKEY, "%s", repr ? repr : "?");
    free(repr);
    return status;
}

bool waldo__resolve_index(int64_t *index, size_t count)
{
    int64_t position = *index < 0 ? *index + (int64_t)count : *index;
    if (position < 0 || (uint64_t)position >= count)
        return false;
    *index = position;
    return true;
}
