#include "choose.h"

unsigned pick(chance *one, unsigned below)
{
    uint64_t mixed = one->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((mixed ^ (mixed >> 31)) % below);
}

/* One of the kinds; those that stand there twice, twice as often. */
#define ONE_OF(by, ...)                                                                            \
    ((const enum operation_kind[]){__VA_ARGS__}[pick(                                              \
        by, sizeof((const enum operation_kind[]){__VA_ARGS__}) / sizeof(enum operation_kind))])

static void set_arguments(operation *what, int64_t first, int64_t second, int64_t third)
{
    what->arguments[0] = first;
    what->arguments[1] = second;
    what->arguments[2] = third;
}

static void choose_container(chance *by, const subject *one, numbers *own, operation *what)
{
    int64_t small = pick(by, 3), new = own->next_item++;
    set_arguments(what, small, new, 0);
    switch (one->kind) {
    case SUBJECT_VALUE:
        what->kind = (uint16_t)ONE_OF(by, VALUE_GET, VALUE_SET, VALUE_FETCH_ADD, VALUE_EXCHANGE,
                                      VALUE_COMPARE_AND_SET, VALUE_FETCH_ADD, VALUE_VERSION);
        set_arguments(what, what->kind == VALUE_FETCH_ADD ? 1 : small, pick(by, 3), 0);
        break;
    case SUBJECT_ARRAY:
        what->kind = (uint16_t)ONE_OF(by, ARRAY_GET, ARRAY_SET, ARRAY_ALL);
        what->arguments[0] = pick(by, 5);
        break;
    case SUBJECT_LIST:
        what->kind = (uint16_t)ONE_OF(by, LIST_APPEND, LIST_INSERT, LIST_POP, LIST_POP, LIST_GET,
                                      LIST_SET, LIST_REMOVE, LIST_LENGTH, LIST_ALL);
        if (what->kind == LIST_APPEND || what->kind == LIST_REMOVE)
            what->arguments[0] = small;
        else
            what->arguments[0] = (int64_t)pick(by, 4) - 1;
        break;
    case SUBJECT_DICT:
        what->kind =
            (uint16_t)ONE_OF(by, DICT_SET, DICT_GET, DICT_DELETE, DICT_POP, DICT_SETDEFAULT,
                             DICT_ADD, DICT_COMPARE_AND_SET, DICT_POPITEM, DICT_LENGTH, DICT_ALL);
        if (what->kind != DICT_SET)
            set_arguments(what, small, pick(by, 2), pick(by, 3));
        break;
    case SUBJECT_NAMESPACE:
        what->kind = (uint16_t)ONE_OF(by, DICT_SET, DICT_SET, DICT_GET, DICT_GET, DICT_DELETE);
        break;
    default:
        what->kind = (uint16_t)ONE_OF(by, SET_ADD, SET_ADD, SET_REMOVE, SET_DISCARD, SET_POP,
                                      SET_CONTAINS, SET_LENGTH, SET_ALL);
    }
}

static int32_t patience(chance *by)
{
    static const int32_t some[] = {0, 1, 5, 20, 40};
    return some[pick(by, 5)];
}

static void choose_lock(chance *by, const subject *one, operation *what)
{
    bool holds = one->held[what->thread - 1] > 0;
    if (holds)
        what->kind = (uint16_t)ONE_OF(by, LOCK_RELEASE, LOCK_RELEASE, LOCK_RELEASE, LOCK_LOCKED,
                                      LOCK_ACQUIRE);
    else
        what->kind = (uint16_t)ONE_OF(by, LOCK_ACQUIRE, LOCK_ACQUIRE, LOCK_ACQUIRE, LOCK_ACQUIRE,
                                      LOCK_ACQUIRE, LOCK_ACQUIRE, LOCK_LOCKED, LOCK_RELEASE);
    what->patience = patience(by);
}

static void choose_condition(chance *by, const subject *one, operation *what)
{
    bool holds = one->held[what->thread - 1] > 0;
    if (holds)
        what->kind = (uint16_t)ONE_OF(by, CONDITION_WAIT, CONDITION_WAIT, CONDITION_NOTIFY,
                                      CONDITION_NOTIFY_ALL, LOCK_RELEASE, LOCK_RELEASE);
    else
        what->kind = (uint16_t)ONE_OF(by, LOCK_ACQUIRE, LOCK_ACQUIRE, LOCK_ACQUIRE, LOCK_ACQUIRE,
                                      LOCK_ACQUIRE, CONDITION_NOTIFY, CONDITION_WAIT, LOCK_LOCKED);
    what->arguments[0] = what->kind == CONDITION_NOTIFY;
    what->patience = patience(by);
}

static void choose_queues(chance *by, const subject *one, numbers *own, operation *what)
{
    int64_t queue = pick(by, 2);
    what->kind = (uint16_t)ONE_OF(
        by, QUEUE_PUT, QUEUE_PUT, QUEUE_PUT, QUEUE_GET, QUEUE_GET, QUEUE_GET, QUEUE_TAKE,
        QUEUE_TAKE, QUEUE_ACKNOWLEDGE, QUEUE_ACKNOWLEDGE, QUEUE_GIVE_BACK, QUEUE_SIZE, QUEUE_EMPTY,
        QUEUE_FULL, QUEUE_UNFINISHED, QUEUE_TASK_DONE, QUEUE_MOVE, QUEUE_GET_ANY, QUEUE_SHUTDOWN);
    /* Where queues are shut down, nothing is moved between them. */
    bool closing = one->kind == SUBJECT_CLOSING_QUEUES;
    if (closing ? what->kind == QUEUE_MOVE || what->kind == QUEUE_GET_ANY
                : what->kind == QUEUE_SHUTDOWN)
        what->kind = QUEUE_GET;
    set_arguments(what, queue, 1 + pick(by, 3), 0);
    what->patience = patience(by);
    switch ((enum operation_kind)what->kind) {
    case QUEUE_PUT:
        what->count = (uint8_t)(1 + pick(by, 2));
        for (int i = 0; i < what->count; i++)
            what->arguments[1 + i] = own->next_item++;
        /* One that waits for much room would keep those behind it waiting, too. */
        if (what->count > 1)
            what->patience = 0;
        break;
    case QUEUE_TAKE:
        what->arguments[1] = pick(by, 2) ? 0 : 10 + pick(by, 30);
        break;
    case QUEUE_ACKNOWLEDGE:
    case QUEUE_GIVE_BACK:
        what->arguments[1] = own->ticket[queue];
        break;
    case QUEUE_SHUTDOWN:
        what->arguments[1] = pick(by, 2);
        break;
    default:
        break;
    }
}

void choose(chance *by, const subject *one, numbers *own, operation *what)
{
    switch (one->kind) {
    case SUBJECT_LOCK:
    case SUBJECT_RLOCK:
    case SUBJECT_SEMAPHORE:
    case SUBJECT_BOUNDED:
        choose_lock(by, one, what);
        break;
    case SUBJECT_CONDITION:
        choose_condition(by, one, what);
        break;
    case SUBJECT_EVENT:
        what->kind =
            (uint16_t)ONE_OF(by, EVENT_SET, EVENT_CLEAR, EVENT_IS_SET, EVENT_WAIT, EVENT_WAIT);
        what->patience = patience(by);
        break;
    case SUBJECT_BARRIER:
        what->kind = (uint16_t)ONE_OF(by, BARRIER_ARRIVE, BARRIER_ARRIVE, BARRIER_ARRIVE,
                                      BARRIER_ARRIVE, BARRIER_RESET, BARRIER_RESET, BARRIER_ABORT,
                                      BARRIER_BROKEN, BARRIER_WAITING);
        what->patience = patience(by);
        break;
    case SUBJECT_QUEUES:
    case SUBJECT_CLOSING_QUEUES:
        choose_queues(by, one, own, what);
        break;
    default:
        choose_container(by, one, own, what);
    }
}

void learn(const operation *what, numbers *own)
{
    if (what->kind == QUEUE_TAKE && what->status == 0)
        own->ticket[what->arguments[0]] = what->results[0];
}
