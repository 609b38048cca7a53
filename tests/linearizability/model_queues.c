/* Two Queues, so that what concerns both is one operation.
 *
 * An item that was got belongs to the getter. If the getter's session ends and nobody knows whether
 * the reply had arrived, the item is gone with it or goes back to its place. An item that was taken
 * goes back unless it was acknowledged. */
#include <string.h>

#include <waldo/error.h>

#include "models.h"

enum { QUEUES = 2, MAX_ITEMS = 26, MAX_OUT = 10 };

struct item {
    int16_t value, place, returned;
};

/* Not in the queue: taken, with a ticket, or got. */
enum { UNCERTAIN = 0, UNHEARD = -2 }; /* instead of a ticket: it comes back perhaps, or for sure */

struct out {
    struct item item;
    int16_t ticket, session;
};

struct queue_state {
    int16_t maxsize, count, out_count, unfinished;
    int16_t last_place, last_ticket, is_shutdown, is_closed;
    struct item items[MAX_ITEMS];
    struct out out[MAX_OUT];
};

struct queues_state {
    struct queue_state queues[QUEUES];
    uint64_t ended; /* sessions; nothing is given to them any more */
};

static void queues_begin(void *start, const int64_t *configuration)
{
    struct queues_state *is = start;
    for (int i = 0; i < QUEUES; i++)
        is->queues[i].maxsize = (int16_t)configuration[i];
}

/* ---- items ---- */

static struct item remove_first(struct queue_state *is)
{
    struct item first = is->items[0];
    is->count--;
    memmove(&is->items[0], &is->items[1], (size_t)is->count * sizeof is->items[0]);
    is->items[is->count] = (struct item){0};
    return first;
}

/* At the item's place. */
static bool insert(struct queue_state *is, struct item one)
{
    if (is->count == MAX_ITEMS)
        return false;
    int index = is->count++;
    for (; index > 0 && is->items[index - 1].place > one.place; index--)
        is->items[index] = is->items[index - 1];
    is->items[index] = one;
    return true;
}

static bool append(struct queue_state *is, struct item one)
{
    one.place = ++is->last_place;
    is->unfinished++;
    return insert(is, one);
}

static bool go_back(struct queue_state *is, struct item one)
{
    one.returned++;
    if (!is->is_closed)
        return insert(is, one);
    is->unfinished -= is->unfinished > 0;
    return true;
}

static bool let_out(struct queue_state *is, struct item one, const operation *by, int64_t ticket)
{
    if (is->out_count == MAX_OUT)
        return false;
    is->out[is->out_count++] = (struct out){one, (int16_t)ticket, by->session};
    return true;
}

static struct item remove_out(struct queue_state *is, int index)
{
    struct item one = is->out[index].item;
    is->out_count--;
    memmove(&is->out[index], &is->out[index + 1],
            (size_t)(is->out_count - index) * sizeof is->out[0]);
    is->out[is->out_count] = (struct out){{0}, 0, 0};
    return one;
}

static bool fits(const struct queue_state *is, int count)
{
    return is->maxsize <= 0 || is->count + count <= is->maxsize;
}

/* ---- put and get ---- */

static int put(const operation *one, struct queue_state *is)
{
    if (is->is_shutdown)
        return said(one, WALDO_ESHUTDOWN);
    if (!fits(is, one->count))
        return !one->is_unknown && one->status == WALDO_EFULL;
    for (int i = 0; i < one->count; i++)
        if (!append(is, (struct item){.value = (int16_t)one->arguments[1 + i]}))
            return STEP_TOO_LARGE;
    return said(one, 0);
}

static int find_nothing(const operation *one, const struct queue_state *is)
{
    return !one->is_unknown && one->status == (is->is_shutdown ? WALDO_ESHUTDOWN : WALDO_EEMPTY);
}

/* The first item goes to the caller. results[index] says which it was. */
static int get_one(const operation *one, struct queue_state *is, int index)
{
    struct item got = remove_first(is);
    if (!one->is_unknown && one->results[index] != got.value)
        return 0;
    if (!one->is_received && !let_out(is, got, one, one->is_unheard ? UNHEARD : UNCERTAIN))
        return STEP_TOO_LARGE;
    return 1;
}

static int get(const operation *one, struct queue_state *is)
{
    if (is->count == 0)
        return find_nothing(one, is);
    int count = one->arguments[1] < is->count ? (int)one->arguments[1] : is->count;
    if (!one->is_unknown && (one->status != 0 || one->count != count))
        return 0;
    int status = 1;
    for (int i = 0; i < count && status > 0; i++)
        status = get_one(one, is, i);
    return status;
}

static int get_any(const operation *one, struct queues_state *is)
{
    int64_t first = one->arguments[0];
    for (int64_t i = 0; i < QUEUES; i++) {
        struct queue_state *queue = &is->queues[first ^ i];
        if (queue->count == 0)
            continue;
        if (!one->is_unknown && (one->status != 0 || one->results[0] != i))
            return 0;
        return get_one(one, queue, 1);
    }
    return !one->is_unknown && one->status == WALDO_EEMPTY;
}

static int move(const operation *one, struct queues_state *is)
{
    struct queue_state *from = &is->queues[one->arguments[0]];
    struct queue_state *to = &is->queues[!one->arguments[0]];
    int64_t count = 0;
    for (; count < one->arguments[1] && from->count > 0 && fits(to, 1); count++) {
        struct item moved = {.value = remove_first(from).value};
        if (!append(to, moved))
            return STEP_TOO_LARGE;
        from->unfinished -= from->unfinished > 0;
    }
    return gave(one, 0, count);
}

/* ---- tickets ---- */

static int take(const operation *one, struct queue_state *is)
{
    if (is->count == 0)
        return find_nothing(one, is);
    struct item first = remove_first(is);
    int64_t ticket = one->is_unknown ? is->last_ticket + 1 : one->results[0];
    bool agrees =
        one->is_unknown || (one->status == 0 && ticket > is->last_ticket &&
                            one->results[1] == first.returned && one->results[2] == first.value);
    if (!agrees)
        return 0;
    is->last_ticket = (int16_t)ticket;
    return let_out(is, first, one, ticket) ? 1 : STEP_TOO_LARGE;
}

/* A ticket that nobody knows, because the taker was killed, is -1. 0 is nobody's. */
static int find_ticket(const struct queue_state *is, const operation *one)
{
    int64_t ticket = one->arguments[1];
    for (int i = is->out_count - 1; i >= 0 && ticket != 0; i--)
        if (ticket == -1 ? is->out[i].ticket > 0 && is->out[i].session == one->session
                         : is->out[i].ticket == ticket)
            return i;
    return -1;
}

static int end_ticket(const operation *one, struct queue_state *is)
{
    int index = find_ticket(is, one);
    if (index < 0)
        return one->kind != QUEUE_LEASE_ENDS && said(one, WALDO_EKEY);
    struct item ended = remove_out(is, index);
    if (one->kind == QUEUE_ACKNOWLEDGE)
        is->unfinished -= is->unfinished > 0;
    else if (!go_back(is, ended))
        return STEP_TOO_LARGE;
    return said(one, 0);
}

/* ---- the rest ---- */

static int shut_down(const operation *one, struct queue_state *is)
{
    is->is_shutdown = 1;
    if (one->arguments[1]) {
        is->is_closed = 1;
        is->unfinished = (int16_t)(is->unfinished > is->count ? is->unfinished - is->count : 0);
        while (is->count > 0)
            (void)remove_first(is);
    }
    return said(one, 0);
}

static int finish(const operation *one, struct queue_state *is)
{
    if (is->unfinished == 0)
        return said(one, WALDO_EVALUE);
    is->unfinished--;
    return said(one, 0);
}

static int ask(const operation *one, const struct queue_state *is)
{
    switch ((enum operation_kind)one->kind) {
    case QUEUE_SIZE:
        return gave(one, 0, is->count);
    case QUEUE_EMPTY:
        return said(one, is->count == 0);
    case QUEUE_FULL:
        return said(one, is->maxsize > 0 && is->count >= is->maxsize);
    case QUEUE_UNFINISHED:
        return gave(one, 0, is->unfinished);
    case QUEUE_JOIN:
        return is->unfinished == 0 && said(one, 0);
    default:
        return 0;
    }
}

static bool end_one_way(void *state_, const operation *one, unsigned unheard)
{
    struct queues_state *is = state_;
    is->ended |= UINT64_C(1) << one->session;
    for (int queue = 0; queue < QUEUES; queue++) {
        struct queue_state *from = &is->queues[queue];
        for (int i = 0; i < from->out_count;) {
            if (from->out[i].session != one->session) {
                i++;
                continue;
            }
            bool is_uncertain = from->out[i].ticket == UNCERTAIN;
            bool returns = !is_uncertain || unheard & 1;
            struct item item = remove_out(from, i);
            if (returns && !go_back(from, item))
                return false;
            if (is_uncertain)
                unheard >>= 1;
        }
    }
    return true;
}

static int end_session(const operation *one, state *after)
{
    const struct queues_state *is = (const struct queues_state *)after;
    unsigned uncertain = 0;
    for (int queue = 0; queue < QUEUES; queue++)
        for (int i = 0; i < is->queues[queue].out_count; i++)
            uncertain += is->queues[queue].out[i].session == one->session &&
                         is->queues[queue].out[i].ticket == UNCERTAIN;
    return end_in_every_way(one, uncertain, after, end_one_way);
}

static int queues_step(const operation *one, const void *before, state *after)
{
    (void)before;
    struct queues_state *is = (struct queues_state *)&after[0];
    struct queue_state *queue = &is->queues[one->arguments[0] & 1];
    bool gets = one->kind == QUEUE_GET || one->kind == QUEUE_GET_ANY || one->kind == QUEUE_TAKE;
    if (gets && is->ended >> one->session & 1)
        return 0;
    switch ((enum operation_kind)one->kind) {
    case QUEUE_PUT:
        return put(one, queue);
    case QUEUE_GET:
        return get(one, queue);
    case QUEUE_GET_ANY:
        return get_any(one, is);
    case QUEUE_MOVE:
        return move(one, is);
    case QUEUE_TASK_DONE:
        return finish(one, queue);
    case QUEUE_SHUTDOWN:
        return shut_down(one, queue);
    case QUEUE_TAKE:
        return take(one, queue);
    case QUEUE_ACKNOWLEDGE:
    case QUEUE_GIVE_BACK:
    case QUEUE_LEASE_ENDS:
        return end_ticket(one, queue);
    case SESSION_ENDS:
        return end_session(one, after);
    default:
        return ask(one, queue);
    }
}

_Static_assert(sizeof(struct queues_state) <= STATE_SIZE && sizeof(struct queues_state) % 8 == 0,
               "a state must fit");

const model model_queues = {"Queue", sizeof(struct queues_state), queues_begin, queues_step};
