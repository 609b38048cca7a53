#include "expand.h"

#include <waldo/error.h>

typedef struct output {
    operation *operations;
    size_t count, room;
    int64_t last_pair;
} output;

static operation *add(output *to, const operation *one)
{
    /* One place is left for what is too much. */
    operation *made = &to->operations[to->count];
    *made = *one;
    if (to->count + 1 < to->room)
        to->count++;
    return made;
}

/* Something that happens by itself, no sooner than so many milliseconds after the call's beginning.
 */
static operation *add_later(output *to, const operation *one, enum operation_kind kind, int64_t ms)
{
    operation *made = add(to, one);
    made->kind = (uint16_t)kind;
    made->from = one->from + (uint64_t)ms * 1000000;
    made->is_unknown = true;
    made->to = NEVER;
    return made;
}

static void add_wait(output *to, const operation *one)
{
    int64_t pair = ++to->last_pair;
    operation *begins = add(to, one);
    begins->arguments[0] = pair;
    if (one->status < 0 && !one->is_unknown)
        return;
    begins->status = 0;
    begins->is_received = true; /* it is its end that carries something */
    operation *overdue = add_later(to, one, CONDITION_OVERDUE, one->patience);
    overdue->arguments[0] = pair;
    operation *wakes = add(to, one);
    wakes->kind = CONDITION_WAKE;
    wakes->arguments[0] = pair;
    wakes->status = one->status > 0;
}

static void add_arrival(output *to, const operation *one)
{
    int64_t pair = ++to->last_pair;
    operation *arrives = add(to, one);
    arrives->arguments[0] = pair;
    arrives->status = 0;
    /* Its timeout breaks the barrier, whether anybody hears of it or not. */
    operation *leaves = add(to, one);
    leaves->kind = BARRIER_LEAVE;
    leaves->arguments[0] = pair;
    leaves->arguments[1] = 1;
}

static void add_take(output *to, const operation *one)
{
    (void)add(to, one);
    int64_t lease = one->arguments[1];
    if ((one->status < 0 && !one->is_unknown) || lease == 0)
        return;
    add_later(to, one, QUEUE_LEASE_ENDS, lease)->arguments[1] =
        one->is_unknown ? -1 : one->results[0];
}

static void add_call(output *to, const operation *one)
{
    switch ((enum operation_kind)one->kind) {
    case CONDITION_WAIT:
        add_wait(to, one);
        break;
    case BARRIER_ARRIVE:
        add_arrival(to, one);
        break;
    case QUEUE_TAKE:
        add_take(to, one);
        break;
    default:
        (void)add(to, one);
    }
}

size_t expand(const operation *calls, size_t count, uint8_t object, operation *ret_operations,
              size_t room)
{
    output to = {.operations = ret_operations, .room = room};
    for (size_t i = 0; i < count; i++) {
        const operation *one = &calls[i];
        if (one->object == object || one->kind == SESSION_ENDS)
            add_call(&to, one);
    }
    return to.count;
}
