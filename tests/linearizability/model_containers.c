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

enum { MAX_ITEMS = 48, MAX_OUT = 8 };

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

/* ---- list and set: what was popped comes back if the reply does not arrive ---- */

/* Popped, and not known to have arrived. */
struct out {
    int32_t item;
    int16_t index; /* where it goes back to */
    uint8_t session;
    uint8_t is_unheard; /* it comes back for sure */
};

struct pool_state {
    struct sequence_state in;
    int64_t out_count;
    uint64_t ended; /* sessions; nothing is given to them any more */
    struct out out[MAX_OUT];
};

/* Gives the item at `index` to the caller; `place` is where it goes back to. */
static int pop_item(const operation *one, struct pool_state *is, int64_t index, int64_t place)
{
    int32_t item = is->in.items[index];
    if (is->ended >> one->session & 1)
        return 0;
    remove_item(&is->in, index);
    if (!one->is_received) {
        if (is->out_count == MAX_OUT)
            return STEP_TOO_LARGE;
        is->out[is->out_count++] =
            (struct out){item, (int16_t)place, one->session, one->is_unheard};
    }
    return gave(one, 0, item);
}

static bool come_back(struct pool_state *is, struct out one)
{
    if (is->in.count == MAX_ITEMS)
        return false;
    /* A set has it at its end, unless somebody else has added it. */
    if (one.index >= 0)
        insert_item(&is->in, one.index, one.item);
    else if (find_item(&is->in, one.item) < 0)
        insert_item(&is->in, is->in.count, one.item);
    return true;
}

static bool end_one_way(void *state_, const operation *one, unsigned unheard)
{
    struct pool_state *is = state_;
    is->ended |= UINT64_C(1) << one->session;
    for (int64_t i = 0; i < is->out_count;) {
        struct out popped = is->out[i];
        if (popped.session != one->session) {
            i++;
            continue;
        }
        is->out_count--;
        memmove(&is->out[i], &is->out[i + 1], (size_t)(is->out_count - i) * sizeof is->out[0]);
        is->out[is->out_count] = (struct out){0};
        if ((popped.is_unheard || unheard & 1) && !come_back(is, popped))
            return false;
        if (!popped.is_unheard)
            unheard >>= 1;
    }
    return true;
}

static void swap_last_two(struct pool_state *is)
{
    struct out last = is->out[is->out_count - 1];
    is->out[is->out_count - 1] = is->out[is->out_count - 2];
    is->out[is->out_count - 2] = last;
}

/* Two that come back do so in any order. */
static int end_session(const operation *one, state *after)
{
    const struct pool_state *is = (const struct pool_state *)after;
    unsigned uncertain = 0;
    for (int64_t i = 0; i < is->out_count; i++)
        uncertain += is->out[i].session == one->session && !is->out[i].is_unheard;
    int count = end_in_every_way(one, uncertain, after, end_one_way);
    struct pool_state *reversed = (struct pool_state *)&after[4];
    if (count != 4 || reversed->out_count != 2)
        return count;
    swap_last_two(reversed);
    return end_one_way(reversed, one, 3) ? count + 1 : STEP_TOO_LARGE;
}

static int list_at(const operation *one, struct pool_state *pool)
{
    struct sequence_state *is = &pool->in;
    int64_t index = absolute(is, one->arguments[0]);
    if (index < 0 || index >= is->count)
        return said(one, WALDO_EINDEX);
    if (one->kind == LIST_SET) {
        is->items[index] = (int32_t)one->arguments[1];
        return said(one, 0);
    }
    if (one->kind == LIST_POP)
        return pop_item(one, pool, index, index);
    return gave(one, 0, is->items[index]);
}

static int list_step(const operation *one, const void *before, state *after)
{
    struct pool_state *pool = (struct pool_state *)after;
    const struct sequence_state *was = &((const struct pool_state *)before)->in;
    struct sequence_state *is = &pool->in;
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
        return list_at(one, pool);
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
    case SESSION_ENDS:
        return end_session(one, after);
    default:
        return 0;
    }
}

const model model_list = {"list", sizeof(struct pool_state), no_begin, list_step};

/* ---- set: in the order in which the items came ---- */

static int set_step(const operation *one, const void *before, state *after)
{
    struct pool_state *pool = (struct pool_state *)after;
    const struct sequence_state *was = &((const struct pool_state *)before)->in;
    struct sequence_state *is = &pool->in;
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
        return pop_item(one, pool, was->count - 1, -1);
    case SET_CONTAINS:
        return said(one, index >= 0);
    case SET_LENGTH:
        return gave(one, 0, was->count);
    case SET_ALL:
        return gave(one, 0, digest_of(was));
    case SESSION_ENDS:
        return end_session(one, after);
    default:
        return 0;
    }
}

const model model_set = {"set", sizeof(struct pool_state), no_begin, set_step};

/* ---- dict and Namespace: in the order in which the keys came ---- */

enum { NO_KEY = INT16_MIN };

/* Popped, and not known to have arrived. It goes back in front of the key that was after it, else
 * behind the one that was before it, and never over a newer value. */
struct dict_out {
    int32_t value;
    int16_t key, after, before;
    uint8_t session;
    uint8_t is_unheard; /* it comes back for sure */
};

struct dict_state {
    struct sequence_state keys, values;
    int64_t out_count;
    uint64_t ended; /* sessions; nothing is given to them any more */
    struct dict_out out[MAX_OUT];
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
        return 0;
    }
}

static int16_t key_at(const struct dict_state *dict, int64_t index)
{
    return (int16_t)(index >= 0 && index < dict->keys.count ? dict->keys.items[index] : NO_KEY);
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
    if (was->ended >> one->session & 1)
        return 0;
    int32_t value = was->values.items[index];
    if (!one->is_received) {
        if (is->out_count == MAX_OUT)
            return STEP_TOO_LARGE;
        is->out[is->out_count++] = (struct dict_out){
            value,        key_at(was, index), key_at(was, index + 1), key_at(was, index - 1),
            one->session, one->is_unheard};
    }
    if (one->kind == DICT_POP)
        return gave(one, 0, value);
    return gave_two(one, 0, was->keys.items[index], value);
}

static bool dict_come_back(struct dict_state *is, struct dict_out one)
{
    if (find_item(&is->keys, one.key) >= 0)
        return true;
    if (is->keys.count == MAX_ITEMS)
        return false;
    int64_t after = find_item(&is->keys, one.after), before = find_item(&is->keys, one.before);
    int64_t place = after >= 0 ? after : before >= 0 ? before + 1 : is->keys.count;
    insert_item(&is->keys, place, one.key);
    insert_item(&is->values, place, one.value);
    return true;
}

static bool dict_end_one_way(void *state_, const operation *one, unsigned unheard)
{
    struct dict_state *is = state_;
    is->ended |= UINT64_C(1) << one->session;
    for (int64_t i = 0; i < is->out_count;) {
        struct dict_out popped = is->out[i];
        if (popped.session != one->session) {
            i++;
            continue;
        }
        is->out_count--;
        memmove(&is->out[i], &is->out[i + 1], (size_t)(is->out_count - i) * sizeof is->out[0]);
        is->out[is->out_count] = (struct dict_out){0};
        if ((popped.is_unheard || unheard & 1) && !dict_come_back(is, popped))
            return false;
        if (!popped.is_unheard)
            unheard >>= 1;
    }
    return true;
}

/* Two that come back do so in any order. */
static int dict_end_session(const operation *one, state *after)
{
    const struct dict_state *is = (const struct dict_state *)after;
    unsigned uncertain = 0;
    for (int64_t i = 0; i < is->out_count; i++)
        uncertain += is->out[i].session == one->session && !is->out[i].is_unheard;
    int count = end_in_every_way(one, uncertain, after, dict_end_one_way);
    struct dict_state *reversed = (struct dict_state *)&after[4];
    if (count != 4 || reversed->out_count != 2)
        return count;
    struct dict_out first = reversed->out[0];
    reversed->out[0] = reversed->out[1];
    reversed->out[1] = first;
    return dict_end_one_way(reversed, one, 3) ? count + 1 : STEP_TOO_LARGE;
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
    case SESSION_ENDS:
        return dict_end_session(one, after);
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
