/* dict and Namespace: in the order in which the keys came. */
#include <string.h>

#include <waldo/error.h>

#include "sequence.h"

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
