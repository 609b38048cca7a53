/* Value, Array, list, dict, Namespace and set: each operation is one step with one outcome. */
#include <string.h>

#include <waldo/error.h>

#include "models.h"

/* ---- Value ---- */

struct value_state {
    int64_t value;
    int64_t version;
};

static void value_begin(void *start, const int64_t *configuration)
{
    *(struct value_state *)start = (struct value_state){configuration[0], 1};
}

static int value_step(const operation *one, const void *before, state *after)
{
    const struct value_state *was = before;
    struct value_state *is = (struct value_state *)after;
    const int64_t *arguments = one->arguments;
    switch ((enum operation_kind)one->kind) {
    case VALUE_GET:
        return gave(one, 0, was->value);
    case VALUE_VERSION:
        return gave(one, 0, was->version);
    case VALUE_SET:
        is->value = arguments[0];
        is->version++;
        return said(one, 0);
    case VALUE_FETCH_ADD:
        is->value += arguments[0];
        is->version++;
        return gave(one, 0, was->value);
    case VALUE_EXCHANGE:
        is->value = arguments[0];
        is->version++;
        return gave(one, 0, was->value);
    case VALUE_COMPARE_AND_SET:
        if (was->value != arguments[0])
            return said(one, 0);
        is->value = arguments[1];
        is->version++;
        return said(one, 1);
    default:
        return one->kind == SESSION_ENDS;
    }
}

const model model_value = {"Value", sizeof(struct value_state), value_begin, value_step};

/* ---- sequences: Array and list ---- */

enum { MAX_ITEMS = 48 };

struct sequence_state {
    int64_t count;
    int32_t items[MAX_ITEMS];
};

static int64_t digest_of(const struct sequence_state *sequence)
{
    int64_t all = 0;
    for (int64_t i = 0; i < sequence->count; i++)
        all = digest(all, sequence->items[i]);
    return all;
}

static void array_begin(void *start, const int64_t *configuration)
{
    ((struct sequence_state *)start)->count = configuration[0];
}

static int array_step(const operation *one, const void *before, state *after)
{
    const struct sequence_state *was = before;
    struct sequence_state *is = (struct sequence_state *)after;
    int64_t index = one->arguments[0];
    bool inside = index >= 0 && index < was->count;
    switch ((enum operation_kind)one->kind) {
    case ARRAY_GET:
        return inside ? gave(one, 0, was->items[index]) : said(one, WALDO_EINDEX);
    case ARRAY_SET:
        if (!inside)
            return said(one, WALDO_EINDEX);
        is->items[index] = (int32_t)one->arguments[1];
        return said(one, 0);
    case ARRAY_ALL:
        return gave(one, 0, digest_of(was));
    default:
        return one->kind == SESSION_ENDS;
    }
}

const model model_array = {"Array", sizeof(struct sequence_state), array_begin, array_step};

static void no_begin(void *start, const int64_t *configuration)
{
    (void)start;
    (void)configuration;
}

/* As Python counts: from the end below 0. */
static int64_t absolute(const struct sequence_state *list, int64_t index)
{
    return index < 0 ? index + list->count : index;
}

static void insert_item(struct sequence_state *list, int64_t index, int64_t item)
{
    index = absolute(list, index);
    index = index < 0 ? 0 : index > list->count ? list->count : index;
    memmove(list->items + index + 1, list->items + index,
            (size_t)(list->count - index) * sizeof *list->items);
    list->items[index] = (int32_t)item;
    list->count++;
}

static void remove_item(struct sequence_state *list, int64_t index)
{
    list->count--;
    memmove(list->items + index, list->items + index + 1,
            (size_t)(list->count - index) * sizeof *list->items);
    list->items[list->count] = 0;
}

static int64_t find_item(const struct sequence_state *list, int64_t item)
{
    for (int64_t i = 0; i < list->count; i++)
        if (list->items[i] == item)
            return i;
    return -1;
}

static int list_at(const operation *one, const struct sequence_state *was,
                   struct sequence_state *is)
{
    int64_t index = absolute(was, one->arguments[0]);
    if (index < 0 || index >= was->count)
        return said(one, WALDO_EINDEX);
    if (one->kind == LIST_SET) {
        is->items[index] = (int32_t)one->arguments[1];
        return said(one, 0);
    }
    if (one->kind == LIST_POP)
        remove_item(is, index);
    return gave(one, 0, was->items[index]);
}

static int list_step(const operation *one, const void *before, state *after)
{
    const struct sequence_state *was = before;
    struct sequence_state *is = (struct sequence_state *)after;
    int64_t index;
    switch ((enum operation_kind)one->kind) {
    case LIST_APPEND:
    case LIST_INSERT:
        if (was->count == MAX_ITEMS)
            return STEP_TOO_LARGE;
        if (one->kind == LIST_APPEND)
            insert_item(is, was->count, one->arguments[0]);
        else
            insert_item(is, one->arguments[0], one->arguments[1]);
        return said(one, 0);
    case LIST_POP:
    case LIST_GET:
    case LIST_SET:
        return list_at(one, was, is);
    case LIST_REMOVE:
        index = find_item(was, one->arguments[0]);
        if (index < 0)
            return said(one, WALDO_EVALUE);
        remove_item(is, index);
        return said(one, 0);
    case LIST_LENGTH:
        return gave(one, 0, was->count);
    case LIST_ALL:
        return gave(one, 0, digest_of(was));
    default:
        return one->kind == SESSION_ENDS;
    }
}

const model model_list = {"list", sizeof(struct sequence_state), no_begin, list_step};

/* ---- set: in the order in which the items came ---- */

static int set_step(const operation *one, const void *before, state *after)
{
    const struct sequence_state *was = before;
    struct sequence_state *is = (struct sequence_state *)after;
    int64_t index = find_item(was, one->arguments[0]);
    switch ((enum operation_kind)one->kind) {
    case SET_ADD:
        if (index < 0 && was->count == MAX_ITEMS)
            return STEP_TOO_LARGE;
        if (index < 0)
            insert_item(is, was->count, one->arguments[0]);
        return said(one, 0);
    case SET_REMOVE:
    case SET_DISCARD:
        if (index >= 0)
            remove_item(is, index);
        return said(one, index < 0 && one->kind == SET_REMOVE ? WALDO_EKEY : 0);
    case SET_POP:
        if (was->count == 0)
            return said(one, WALDO_EKEY);
        remove_item(is, was->count - 1);
        return gave(one, 0, was->items[was->count - 1]);
    case SET_CONTAINS:
        return said(one, index >= 0);
    case SET_LENGTH:
        return gave(one, 0, was->count);
    case SET_ALL:
        return gave(one, 0, digest_of(was));
    default:
        return one->kind == SESSION_ENDS;
    }
}

const model model_set = {"set", sizeof(struct sequence_state), no_begin, set_step};

/* ---- dict and Namespace: in the order in which the keys came ---- */

struct dict_state {
    struct sequence_state keys, values;
};

static void dict_put(struct dict_state *dict, int64_t index, int64_t key, int64_t value)
{
    if (index >= 0) {
        dict->values.items[index] = (int32_t)value;
        return;
    }
    insert_item(&dict->keys, dict->keys.count, key);
    insert_item(&dict->values, dict->values.count, value);
}

static void dict_remove(struct dict_state *dict, int64_t index)
{
    remove_item(&dict->keys, index);
    remove_item(&dict->values, index);
}

static int dict_read(const operation *one, const struct dict_state *was, int64_t index, int missing)
{
    int64_t all = 0;
    switch ((enum operation_kind)one->kind) {
    case DICT_GET:
        return index < 0 ? said(one, missing) : gave(one, 0, was->values.items[index]);
    case DICT_LENGTH:
        return gave(one, 0, was->keys.count);
    case DICT_ALL:
        for (int64_t i = 0; i < was->keys.count; i++)
            all = digest(digest(all, was->keys.items[i]), was->values.items[i]);
        return gave(one, 0, all);
    default:
        return one->kind == SESSION_ENDS;
    }
}

static int dict_take(const operation *one, const struct dict_state *was, struct dict_state *is,
                     int64_t index, int missing)
{
    if (one->kind == DICT_POPITEM)
        index = was->keys.count - 1;
    if (index < 0)
        return said(one, missing);
    dict_remove(is, index);
    if (one->kind == DICT_DELETE)
        return said(one, 0);
    if (one->kind == DICT_POP)
        return gave(one, 0, was->values.items[index]);
    return gave_two(one, 0, was->keys.items[index], was->values.items[index]);
}

static int dict_write(const operation *one, const struct dict_state *was, struct dict_state *is,
                      int64_t index)
{
    int64_t key = one->arguments[0], argument = one->arguments[1];
    int64_t old = index < 0 ? 0 : was->values.items[index];
    if (index < 0 && was->keys.count == MAX_ITEMS)
        return STEP_TOO_LARGE;
    switch ((enum operation_kind)one->kind) {
    case DICT_SETDEFAULT:
        if (index < 0)
            dict_put(is, index, key, argument);
        return gave(one, 0, index < 0 ? argument : old);
    case DICT_ADD:
        dict_put(is, index, key, old + argument);
        return gave(one, 0, old + argument);
    case DICT_COMPARE_AND_SET:
        if (index < 0 || old != argument)
            return said(one, 0);
        dict_put(is, index, key, one->arguments[2]);
        return said(one, 1);
    default:
        dict_put(is, index, key, argument);
        return said(one, 0);
    }
}

static int mapping_step(const operation *one, const void *before, state *after, int missing)
{
    const struct dict_state *was = before;
    struct dict_state *is = (struct dict_state *)after;
    int64_t index = find_item(&was->keys, one->arguments[0]);
    switch ((enum operation_kind)one->kind) {
    case DICT_SET:
    case DICT_SETDEFAULT:
    case DICT_ADD:
    case DICT_COMPARE_AND_SET:
        return dict_write(one, was, is, index);
    case DICT_DELETE:
    case DICT_POP:
    case DICT_POPITEM:
        return dict_take(one, was, is, index, missing);
    default:
        return dict_read(one, was, index, missing);
    }
}

static int dict_step(const operation *one, const void *before, state *after)
{
    return mapping_step(one, before, after, WALDO_EKEY);
}

static int namespace_step(const operation *one, const void *before, state *after)
{
    return mapping_step(one, before, after, WALDO_EATTRIBUTE);
}

const model model_dict = {"dict", sizeof(struct dict_state), no_begin, dict_step};
const model model_namespace = {"Namespace", sizeof(struct dict_state), no_begin, namespace_step};
