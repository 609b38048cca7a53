/* The end of a round: looking at the objects, and checking what all have seen. */
#include "round.h"

#include <stdio.h>

#include "expand.h"

enum { MAX_LEFT = 40, PATIENCE_MS = 20 };

/* A call of the observer; its status. */
static int look(arena *one, int object, enum operation_kind kind, int64_t first, int64_t second)
{
    operation what = {.kind = (uint16_t)kind,
                      .thread = 1,
                      .object = (uint8_t)object,
                      .patience = PATIENCE_MS,
                      .arguments = {first, second}};
    if (kind == QUEUE_GET)
        what.patience = 0;
    perform(&one->subjects[object], &what);
    cr_assert_lt(one->count, MAX_CALLS);
    one->calls[one->count++] = what;
    return what.status;
}

static void look_at_lock(arena *one, int object)
{
    int held = 0;
    look(one, object, LOCK_LOCKED, 0, 0);
    for (int i = 0; i < 3 && look(one, object, LOCK_ACQUIRE, 0, 0) > 0; i++)
        held++;
    if (one->kinds[object] == SUBJECT_CONDITION && held > 0)
        look(one, object, CONDITION_NOTIFY_ALL, 0, 0);
    for (; held > 0; held--)
        look(one, object, LOCK_RELEASE, 0, 0);
}

static void look_at_queues(arena *one, int object)
{
    for (int queue = 0; queue < 2; queue++) {
        look(one, object, QUEUE_SIZE, queue, 0);
        look(one, object, QUEUE_UNFINISHED, queue, 0);
        for (int i = 0; i < MAX_LEFT && look(one, object, QUEUE_GET, queue, 1) == 0; i++)
            continue;
        look(one, object, QUEUE_SIZE, queue, 0);
    }
}

static void look_at(arena *one, int object)
{
    switch (one->kinds[object]) {
    case SUBJECT_VALUE:
        look(one, object, VALUE_GET, 0, 0);
        look(one, object, VALUE_VERSION, 0, 0);
        break;
    case SUBJECT_ARRAY:
        look(one, object, ARRAY_ALL, 0, 0);
        break;
    case SUBJECT_LIST:
        look(one, object, LIST_LENGTH, 0, 0);
        look(one, object, LIST_ALL, 0, 0);
        break;
    case SUBJECT_DICT:
        look(one, object, DICT_LENGTH, 0, 0);
        look(one, object, DICT_ALL, 0, 0);
        break;
    case SUBJECT_NAMESPACE:
        for (int name = 0; name < 3; name++)
            look(one, object, DICT_GET, name, 0);
        break;
    case SUBJECT_SET:
        look(one, object, SET_LENGTH, 0, 0);
        look(one, object, SET_ALL, 0, 0);
        break;
    case SUBJECT_EVENT:
        look(one, object, EVENT_IS_SET, 0, 0);
        break;
    case SUBJECT_BARRIER:
        look(one, object, BARRIER_BROKEN, 0, 0);
        look(one, object, BARRIER_WAITING, 0, 0);
        break;
    case SUBJECT_QUEUES:
    case SUBJECT_CLOSING_QUEUES:
        look_at_queues(one, object);
        break;
    default:
        look_at_lock(one, object);
    }
}

void observe(arena *one)
{
    for (int i = 0; i < SUBJECTS; i++)
        look_at(one, i);
}

void check_round(arena *one, uint64_t seed)
{
    static operation operations[MAX_OPERATIONS];
    mark_received(one->calls, one->count);
    for (int i = 0; i < SUBJECTS; i++) {
        enum subject_kind kind = one->kinds[i];
        size_t count = expand(one->calls, one->count, (uint8_t)i, operations, MAX_OPERATIONS);
        checked result =
            check_history(subject_model(kind), subject_configuration(kind), operations, count);
        one->histories++;
        one->operations += count;
        one->violations += result.verdict == VIOLATION;
        one->undecided += result.verdict == UNDECIDED;
        if (result.verdict == LINEARIZABLE || one->is_quiet)
            continue;
        fprintf(stderr, "seed %llu: %s after %zu of these, with %zu configurations\n",
                (unsigned long long)seed, result.verdict == VIOLATION ? "a violation" : "undecided",
                result.explained, result.configurations);
        print_history(stderr, subject_model(kind), operations, count);
    }
}
