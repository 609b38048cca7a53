/* Event and Barrier. */
#include <string.h>

#include <waldo/error.h>

#include "models.h"

/* ---- Event ---- */

struct event_state {
    int64_t is_set;
};

static void event_begin(void *start, const int64_t *configuration)
{
    (void)start;
    (void)configuration;
}

static int event_step(const operation *one, const void *before, state *after)
{
    const struct event_state *was = before;
    struct event_state *is = (struct event_state *)after;
    switch ((enum operation_kind)one->kind) {
    case EVENT_SET:
        is->is_set = 1;
        return said(one, 0);
    case EVENT_CLEAR:
        is->is_set = 0;
        return said(one, 0);
    case EVENT_IS_SET:
    case EVENT_WAIT:
        return said(one, (int)was->is_set);
    default:
        return one->kind == SESSION_ENDS;
    }
}

const model model_event = {"Event", sizeof(struct event_state), event_begin, event_step};

/* ---- Barrier ---- */

enum { MAX_CALLS = 24 };

enum { WAITING = 1, RELEASED, FAILED };

struct call {
    uint16_t pair;
    uint8_t session, fate;
};

struct barrier_state {
    int32_t parties, is_broken, count;
    uint32_t participants; /* sessions */
    struct call calls[MAX_CALLS];
};

static void barrier_begin(void *start, const int64_t *configuration)
{
    ((struct barrier_state *)start)->parties = (int32_t)configuration[0];
}

static int waiting(const struct barrier_state *is)
{
    int count = 0;
    for (int i = 0; i < is->count; i++)
        count += is->calls[i].fate == WAITING;
    return count;
}

static void end_round(struct barrier_state *is, uint8_t fate)
{
    for (int i = 0; i < is->count; i++)
        if (is->calls[i].fate == WAITING)
            is->calls[i].fate = fate;
}

static void break_barrier(struct barrier_state *is)
{
    is->is_broken = 1;
    end_round(is, FAILED);
}

static void remove_call(struct barrier_state *is, int index)
{
    is->count--;
    memmove(&is->calls[index], &is->calls[index + 1],
            (size_t)(is->count - index) * sizeof is->calls[0]);
    is->calls[is->count] = (struct call){0};
}

static int arrive(const operation *one, struct barrier_state *is)
{
    if (is->count == MAX_CALLS)
        return STEP_TOO_LARGE;
    int index = waiting(is);
    bool knows_index = !one->is_unknown && one->results[0] >= 0;
    if (knows_index && (is->is_broken || one->results[0] != index))
        return 0;
    struct call *made = &is->calls[is->count++];
    *made = (struct call){(uint16_t)one->arguments[0], one->session, WAITING};
    if (is->is_broken) {
        made->fate = FAILED;
        return 1;
    }
    is->participants |= 1u << one->session;
    if (index + 1 == is->parties)
        end_round(is, RELEASED);
    return 1;
}

static int leave(const operation *one, struct barrier_state *is)
{
    for (int i = 0; i < is->count; i++) {
        if (is->calls[i].pair != one->arguments[0])
            continue;
        bool is_overdue = is->calls[i].fate == WAITING && one->arguments[1];
        if (is_overdue)
            break_barrier(is);
        uint8_t fate = is->calls[i].fate;
        remove_call(is, i);
        return fate == RELEASED ? said(one, 0) : fate == FAILED && said(one, WALDO_EBROKENBARRIER);
    }
    return 0;
}

/* A participant that does not say goodbye breaks the barrier. */
static int end_session(const operation *one, struct barrier_state *is)
{
    uint32_t session = 1u << one->session;
    bool said_goodbye = one->arguments[0];
    if (is->participants & session && !said_goodbye)
        break_barrier(is);
    is->participants &= ~session;
    for (int i = 0; i < is->count;) {
        if (is->calls[i].session == one->session)
            remove_call(is, i);
        else
            i++;
    }
    return 1;
}

static int barrier_step(const operation *one, const void *before, state *after)
{
    (void)before;
    struct barrier_state *is = (struct barrier_state *)after;
    switch ((enum operation_kind)one->kind) {
    case BARRIER_ARRIVE:
        return arrive(one, is);
    case BARRIER_LEAVE:
        return leave(one, is);
    case BARRIER_ABORT:
        break_barrier(is);
        return said(one, 0);
    case BARRIER_RESET:
        end_round(is, FAILED);
        is->is_broken = 0;
        return said(one, 0);
    case BARRIER_BROKEN:
        return said(one, is->is_broken);
    case BARRIER_WAITING:
        return gave(one, 0, waiting(is));
    case SESSION_ENDS:
        return end_session(one, is);
    default:
        return 0;
    }
}

const model model_barrier = {"Barrier", sizeof(struct barrier_state), barrier_begin, barrier_step};
