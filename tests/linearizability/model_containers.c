/* Value, Array, list and set. */
#include <string.h>

#include <waldo/error.h>

#include "sequence.h"

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
