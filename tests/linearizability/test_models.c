/* Right histories and wrong ones, for every model. */
#include <criterion/criterion.h>

#include "text.h"

/* ---- containers ---- */

Test(models, value)
{
    RIGHT(model_value, CONFIGURATION(7),
          "1 0-1 VALUE_FETCH_ADD 2 -> 0 7\n2 2-3 VALUE_EXCHANGE 1 -> 0 9\n"
          "1 4-5 VALUE_COMPARE_AND_SET 1 4 -> 1\n2 6-7 VALUE_COMPARE_AND_SET 1 4 -> 0\n"
          "1 8-9 VALUE_GET -> 0 4\n1 10-11 VALUE_VERSION -> 0 4\n");
    /* Both add to the same. */
    WRONG(model_value, NOTHING, "1 0-9 VALUE_FETCH_ADD 1 -> 0 0\n2 0-9 VALUE_FETCH_ADD 1 -> 0 0\n");
    WRONG(model_value, NOTHING,
          "1 0-9 VALUE_COMPARE_AND_SET 0 1 -> 1\n2 0-9 VALUE_COMPARE_AND_SET 0 1 -> 1\n");
    /* A call that was run twice. */
    WRONG(model_value, NOTHING, "1 0-9 VALUE_FETCH_ADD 1 -> 0 0\n1 10-11 VALUE_GET -> 0 2\n");
    WRONG(model_value, NOTHING, "1 0-9 VALUE_SET 1\n1 10-11 VALUE_VERSION -> 0 3\n");
}

Test(models, array)
{
    RIGHT(model_array, CONFIGURATION(3),
          "1 0-1 ARRAY_SET 2 5\n2 2-3 ARRAY_GET 2 -> 0 5\n2 4-5 ARRAY_GET 3 -> EINDEX\n"
          "1 6-7 ARRAY_SET 3 1 -> EINDEX\n1 8-9 ARRAY_GET 0 -> 0 0\n");
    WRONG(model_array, CONFIGURATION(3), "1 0-1 ARRAY_SET 2 5\n2 2-3 ARRAY_GET 1 -> 0 5\n");
    WRONG(model_array, CONFIGURATION(3), "1 0-1 ARRAY_SET 2 5\n2 2-3 ARRAY_GET 2 -> 0 0\n");
    WRONG(model_array, CONFIGURATION(3), "2 2-3 ARRAY_ALL -> 0 1\n");
}

Test(models, list)
{
    RIGHT(model_list, NOTHING,
          "1 0-1 LIST_APPEND 1\n1 2-3 LIST_APPEND 2\n2 4-5 LIST_INSERT 1 3\n"
          "2 6-7 LIST_GET 1 -> 0 3\n1 8-9 LIST_POP -1 -> 0 2\n1 10-11 LIST_REMOVE 1\n"
          "1 12-13 LIST_SET 0 9\n2 14-15 LIST_POP 0 -> 0 9\n2 16-17 LIST_POP 0 -> EINDEX\n"
          "1 18-19 LIST_REMOVE 1 -> EVALUE\n1 20-21 LIST_LENGTH -> 0 0\n");
    /* One item, popped twice. */
    WRONG(model_list, NOTHING,
          "1 0-1 LIST_APPEND 1\n1 2-9 LIST_POP -1 -> 0 1\n2 2-9 LIST_POP -1 -> 0 1\n");
    /* An append that is lost. */
    WRONG(model_list, NOTHING,
          "1 0-5 LIST_APPEND 1\n2 0-5 LIST_APPEND 2\n1 6-7 LIST_LENGTH -> 0 1\n");
    WRONG(model_list, NOTHING,
          "1 0-1 LIST_APPEND 1\n2 2-3 LIST_APPEND 2\n1 6-7 LIST_GET 0 -> 0 2\n");
}

Test(models, items_of_those_who_die)
{
    /* Where it was, and for sure, as its reply was not acknowledged. */
    RIGHT(model_list, NOTHING,
          "1 0-1 LIST_APPEND 1\n1 2-3 LIST_APPEND 2\n2 4-? LIST_POP 0\n1 5-6 LIST_LENGTH -> 0 1\n"
          "2 6-9 SESSION_ENDS\n1 10-11 LIST_GET 0 -> 0 1\n");
    WRONG(model_list, NOTHING,
          "1 0-1 LIST_APPEND 1\n1 2-3 LIST_APPEND 2\n2 4-? LIST_POP 0\n1 5-6 LIST_LENGTH -> 0 1\n"
          "2 6-9 SESSION_ENDS\n1 10-11 LIST_LENGTH -> 0 1\n");
    RIGHT(model_set, NOTHING,
          "1 0-1 SET_ADD 1\n2 4-5 SET_POP -> 0 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 SET_LENGTH -> 0 1\n");
    RIGHT(model_set, NOTHING,
          "1 0-1 SET_ADD 1\n2 4-5 SET_POP -> 0 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 SET_LENGTH -> 0 0\n");
    /* Its place among the keys; and not over a newer value. */
    RIGHT(model_dict, NOTHING,
          "1 0-1 DICT_SET 1 5\n1 2-3 DICT_SET 2 6\n2 4-? DICT_POP 1\n1 5-6 DICT_LENGTH -> 0 1\n"
          "2 6-9 SESSION_ENDS\n1 10-11 DICT_POPITEM -> 0 2 6\n1 12-13 DICT_POPITEM -> 0 1 5\n");
    RIGHT(model_dict, NOTHING,
          "1 0-1 DICT_SET 1 5\n2 2-? DICT_POP 1\n1 3-4 DICT_LENGTH -> 0 0\n1 5-6 DICT_SET 1 7\n"
          "2 7-9 SESSION_ENDS\n1 10-11 DICT_GET 1 -> 0 7\n");
    WRONG(model_dict, NOTHING,
          "1 0-1 DICT_SET 1 5\n2 2-? DICT_POP 1\n1 3-4 DICT_LENGTH -> 0 0\n"
          "2 7-9 SESSION_ENDS\n1 10-11 DICT_GET 1 -> EKEY\n");
    /* It is known to have arrived. */
    WRONG(model_set, NOTHING,
          "1 0-1 SET_ADD 1\n2 4-5 SET_POP -> 0 1\n2 6-7 SET_LENGTH -> 0 0\n2 8-9 SESSION_ENDS\n"
          "1 10-11 SET_LENGTH -> 0 1\n");
}

Test(models, dict)
{
    RIGHT(model_dict, NOTHING,
          "1 0-1 DICT_SET 1 5\n2 2-3 DICT_GET 1 -> 0 5\n2 4-5 DICT_GET 2 -> EKEY\n"
          "1 6-7 DICT_SETDEFAULT 1 8 -> 0 5\n1 8-9 DICT_SETDEFAULT 2 8 -> 0 8\n"
          "1 10-11 DICT_ADD 2 1 -> 0 9\n1 12-13 DICT_COMPARE_AND_SET 2 9 3 -> 1\n"
          "1 14-15 DICT_COMPARE_AND_SET 2 9 3 -> 0\n1 16-17 DICT_POPITEM -> 0 2 3\n"
          "1 18-19 DICT_POP 1 -> 0 5\n1 20-21 DICT_POP 1 -> EKEY\n1 22-23 DICT_POPITEM -> EKEY\n"
          "1 24-25 DICT_LENGTH -> 0 0\n");
    WRONG(model_dict, NOTHING, "1 0-1 DICT_ADD 1 1 -> 0 1\n2 2-3 DICT_ADD 1 1 -> 0 1\n");
    WRONG(model_dict, NOTHING,
          "1 0-1 DICT_SET 1 5\n1 2-9 DICT_POP 1 -> 0 5\n2 2-9 DICT_POP 1 -> 0 5\n");
    WRONG(model_dict, NOTHING,
          "1 0-9 DICT_SETDEFAULT 1 5 -> 0 5\n2 0-9 DICT_SETDEFAULT 1 6 -> 0 6\n");
    /* The order of the keys. */
    WRONG(model_dict, NOTHING,
          "1 0-1 DICT_SET 1 5\n1 2-3 DICT_SET 2 6\n1 4-5 DICT_SET 1 7\n"
          "2 6-7 DICT_POPITEM -> 0 1 7\n");
}

Test(models, namespace)
{
    RIGHT(model_namespace, NOTHING,
          "1 0-1 DICT_SET 1 5\n2 2-3 DICT_GET 1 -> 0 5\n2 4-5 DICT_DELETE 1\n"
          "1 6-7 DICT_GET 1 -> EATTRIBUTE\n1 8-9 DICT_DELETE 1 -> EATTRIBUTE\n");
    WRONG(model_namespace, NOTHING, "1 0-1 DICT_SET 1 5\n2 2-3 DICT_GET 1 -> EATTRIBUTE\n");
    WRONG(model_namespace, NOTHING,
          "1 0-1 DICT_SET 1 5\n2 2-9 DICT_DELETE 1\n"
          "1 2-9 DICT_DELETE 1\n");
}

Test(models, set)
{
    RIGHT(model_set, NOTHING,
          "1 0-1 SET_ADD 5\n1 2-3 SET_ADD 6\n2 4-5 SET_ADD 5\n2 6-7 SET_LENGTH -> 0 2\n"
          "1 8-9 SET_POP -> 0 6\n1 10-11 SET_CONTAINS 5 -> 1\n1 12-13 SET_DISCARD 5\n"
          "1 14-15 SET_DISCARD 5\n1 16-17 SET_REMOVE 5 -> EKEY\n1 18-19 SET_POP -> EKEY\n");
    WRONG(model_set, NOTHING, "1 0-1 SET_ADD 5\n1 2-9 SET_POP -> 0 5\n2 2-9 SET_POP -> 0 5\n");
    WRONG(model_set, NOTHING, "1 0-1 SET_ADD 5\n1 2-9 SET_REMOVE 5\n2 2-9 SET_REMOVE 5\n");
    WRONG(model_set, NOTHING, "1 0-1 SET_ADD 5\n1 2-3 SET_CONTAINS 5 -> 0\n");
    WRONG(model_set, NOTHING, "1 0-1 SET_ADD 5\n1 2-3 SET_ADD 6\n1 4-5 SET_POP -> 0 5\n");
}

/* ---- Lock and its like ---- */

Test(models, lock)
{
    RIGHT(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-9 LOCK_ACQUIRE -> 1 2\n1 4-5 LOCK_LOCKED -> 1\n"
          "1 6-7 LOCK_RELEASE\n2 10-11 LOCK_RELEASE\n2 12-13 LOCK_RELEASE -> ERUNTIME\n"
          "1 14-15 LOCK_LOCKED -> 0\n");
    RIGHT(model_lock, NOTHING, "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-3 LOCK_ACQUIRE -> 0\n");
    /* Somebody else releases it. */
    RIGHT(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-3 LOCK_RELEASE\n2 4-5 LOCK_ACQUIRE -> 1 2\n");
    /* Two at once. */
    WRONG(model_lock, NOTHING, "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-3 LOCK_ACQUIRE -> 1 2\n");
    /* Before the other one has released it. */
    WRONG(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-5 LOCK_ACQUIRE -> 1 2\n1 6-7 LOCK_RELEASE\n");
    /* It is free, and not to be had. */
    WRONG(model_lock, NOTHING, "1 0-1 LOCK_ACQUIRE -> 0\n");
    /* A token that does not grow. */
    WRONG(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 5\n1 2-3 LOCK_RELEASE\n2 4-5 LOCK_ACQUIRE -> 1 5\n");
    WRONG(model_lock, NOTHING, "1 0-1 LOCK_RELEASE\n");
}

Test(models, lock_whose_owner_dies)
{
    RIGHT(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_LOCKED -> 1\n1 4-9 SESSION_ENDS\n"
          "2 4-12 LOCK_ACQUIRE -> 2 2\n");
    /* Nobody is told. */
    WRONG(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_LOCKED -> 1\n1 4-9 SESSION_ENDS\n"
          "2 4-12 LOCK_ACQUIRE -> 1 2\n");
    /* Unless nobody knows whether the grant had arrived. */
    RIGHT(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 4-9 SESSION_ENDS\n2 4-12 LOCK_ACQUIRE -> 1 2\n");
    RIGHT(model_lock, NOTHING,
          "1 0-? LOCK_ACQUIRE\n1 4-9 SESSION_ENDS\n2 4-12 LOCK_ACQUIRE -> 2 2\n");
    /* It stays locked for ever. */
    WRONG(model_lock, NOTHING,
          "1 0-? LOCK_ACQUIRE\n1 4-9 SESSION_ENDS\n2 10-12 LOCK_ACQUIRE -> 0\n");
    WRONG(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 4-9 SESSION_ENDS\n2 10-12 LOCK_LOCKED -> 1\n");
    /* Before anybody died. */
    WRONG(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_RELEASE\n"
          "2 4-5 LOCK_ACQUIRE -> 2 2\n");
    /* Released in the place of the dead, once. */
    RIGHT(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_LOCKED -> 1\n1 4-9 SESSION_ENDS\n"
          "2 10-11 LOCK_RELEASE\n2 12-13 LOCK_RELEASE -> ERUNTIME\n");
    WRONG(model_lock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_LOCKED -> 1\n1 4-9 SESSION_ENDS\n"
          "2 10-11 LOCK_RELEASE\n2 12-13 LOCK_RELEASE\n");
}

Test(models, rlock)
{
    RIGHT(model_rlock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_ACQUIRE -> 1 1\n2 4-5 LOCK_ACQUIRE -> 0\n"
          "1.2 6-7 LOCK_ACQUIRE -> 0\n1 8-9 LOCK_RELEASE\n2 10-11 LOCK_RELEASE -> ERUNTIME\n"
          "1 12-13 LOCK_RELEASE\n1.2 14-15 LOCK_ACQUIRE -> 1 2\n");
    WRONG(model_rlock, NOTHING, "1 0-1 LOCK_ACQUIRE -> 1 1\n1.2 2-3 LOCK_ACQUIRE -> 1 2\n");
    WRONG(model_rlock, NOTHING, "1 0-1 LOCK_ACQUIRE -> 1 1\n1.2 2-3 LOCK_RELEASE\n");
    /* Free after one release of two. */
    WRONG(model_rlock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_ACQUIRE -> 1 1\n1 4-5 LOCK_RELEASE\n"
          "2 6-7 LOCK_ACQUIRE -> 1 2\n");
    RIGHT(model_rlock, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 LOCK_ACQUIRE -> 1 1\n1 4-9 SESSION_ENDS\n"
          "2 5-15 LOCK_ACQUIRE -> 2 2\n");
}

Test(models, semaphores)
{
    RIGHT(model_semaphore, CONFIGURATION(2),
          "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-3 LOCK_ACQUIRE -> 1 2\n3 4-5 LOCK_ACQUIRE -> 0\n"
          "3 6-7 LOCK_RELEASE\n3 8-9 LOCK_ACQUIRE -> 1 3\n");
    WRONG(model_semaphore, CONFIGURATION(2),
          "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-3 LOCK_ACQUIRE -> 1 2\n3 4-5 LOCK_ACQUIRE -> 1 3\n");
    RIGHT(model_semaphore, CONFIGURATION(0),
          "1 0-1 LOCK_RELEASE\n2 2-3 LOCK_ACQUIRE -> 1 1\n2 4-5 LOCK_LOCKED -> 1\n"
          "2 6-7 SESSION_ENDS\n1 8-9 LOCK_LOCKED -> 1\n");
    WRONG(model_semaphore, CONFIGURATION(0),
          "1 0-1 LOCK_RELEASE\n2 2-3 LOCK_ACQUIRE -> 1 1\n2 4-5 LOCK_LOCKED -> 1\n"
          "2 6-7 SESSION_ENDS\n1 8-9 LOCK_ACQUIRE -> 1 2\n");
    RIGHT(model_bounded, CONFIGURATION(1),
          "1 0-1 LOCK_ACQUIRE -> 1 1\n2 2-3 LOCK_RELEASE\n1 4-5 LOCK_RELEASE -> EVALUE\n");
    WRONG(model_bounded, CONFIGURATION(1), "1 0-1 LOCK_RELEASE\n");
    /* The permit of the dead, twice. */
    WRONG(model_bounded, CONFIGURATION(1),
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-9 SESSION_ENDS\n2 10-11 LOCK_ACQUIRE -> 2 2\n"
          "3 12-13 LOCK_ACQUIRE -> 1 3\n");
}

Test(models, condition)
{
    /* 1 waits, 2 notifies. */
    RIGHT(model_condition, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-20 CONDITION_WAIT 1\n1 2-20 CONDITION_WAKE 1 -> 1 3\n"
          "2 4-5 LOCK_ACQUIRE -> 1 2\n2 6-7 CONDITION_NOTIFY 1\n2 8-9 LOCK_RELEASE\n");
    /* Woken while the other one still has the lock. */
    WRONG(model_condition, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-7 CONDITION_WAIT 1\n1 2-7 CONDITION_WAKE 1 -> 1 3\n"
          "2 4-5 LOCK_ACQUIRE -> 1 2\n2 5-6 CONDITION_NOTIFY 1\n2 8-9 LOCK_RELEASE\n");
    /* Nobody has notified. */
    WRONG(model_condition, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-20 CONDITION_WAIT 1\n1 2-20 CONDITION_WAKE 1 -> 1 3\n"
          "2 4-5 LOCK_ACQUIRE -> 1 2\n2 8-9 LOCK_RELEASE\n");
    RIGHT(model_condition, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-20 CONDITION_WAIT 1\n1 12-20 CONDITION_OVERDUE 1\n"
          "1 2-20 CONDITION_WAKE 1 -> 0 3\n");
    WRONG(model_condition, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-20 CONDITION_WAIT 1\n1 2-20 CONDITION_WAKE 1 -> 0 3\n");
    RIGHT(model_condition, NOTHING,
          "1 0-1 CONDITION_WAIT 1 -> ERUNTIME\n"
          "1 2-3 CONDITION_NOTIFY 1 -> ERUNTIME\n");
    WRONG(model_condition, NOTHING, "1 0-1 CONDITION_NOTIFY 1\n");
}

#define TWO_WAIT                                                                                   \
    "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-40 CONDITION_WAIT 1\n"                                         \
    "2 4-5 LOCK_ACQUIRE -> 1 2\n2 6-40 CONDITION_WAIT 2\n3 8-9 LOCK_ACQUIRE -> 1 3\n"

Test(models, condition_wakes_as_many_as_it_should)
{
    RIGHT(model_condition, NOTHING,
          TWO_WAIT "3 10-11 CONDITION_NOTIFY_ALL\n3 12-13 LOCK_RELEASE\n"
                   "1 2-20 CONDITION_WAKE 1 -> 1 4\n1 21-22 LOCK_RELEASE\n"
                   "2 6-40 CONDITION_WAKE 2 -> 1 5\n");
    /* notify() wakes one. */
    WRONG(model_condition, NOTHING,
          TWO_WAIT "3 10-11 CONDITION_NOTIFY 1\n3 12-13 LOCK_RELEASE\n"
                   "1 2-20 CONDITION_WAKE 1 -> 1 4\n1 21-22 LOCK_RELEASE\n"
                   "2 6-40 CONDITION_WAKE 2 -> 1 5\n");
    /* The one who came first. */
    WRONG(model_condition, NOTHING,
          TWO_WAIT "3 10-11 CONDITION_NOTIFY 1\n3 12-13 LOCK_RELEASE\n"
                   "2 6-40 CONDITION_WAKE 2 -> 1 4\n");
    /* It died before it heard of it. */
    RIGHT(model_condition, NOTHING,
          "1 0-1 LOCK_ACQUIRE -> 1 1\n1 2-3 CONDITION_WAIT 1\n"
          "2 4-5 LOCK_ACQUIRE -> 1 2\n2 6-40 CONDITION_WAIT 2\n3 8-9 LOCK_ACQUIRE -> 1 3\n"
          "3 10-11 CONDITION_NOTIFY 1\n1 12-20 SESSION_ENDS\n3 12-13 LOCK_RELEASE\n"
          "2 6-40 CONDITION_WAKE 2 -> 1 4\n");
}

/* ---- Event and Barrier ---- */

Test(models, event)
{
    RIGHT(model_event, NOTHING,
          "1 0-9 EVENT_WAIT -> 1\n2 3-4 EVENT_SET\n2 5-6 EVENT_CLEAR\n1 10-11 EVENT_IS_SET -> 0\n"
          "1 12-13 EVENT_WAIT -> 0\n");
    WRONG(model_event, NOTHING, "1 0-9 EVENT_WAIT -> 1\n2 10-11 EVENT_SET\n");
    WRONG(model_event, NOTHING, "2 0-1 EVENT_SET\n1 2-9 EVENT_WAIT -> 0\n");
    WRONG(model_event, NOTHING, "2 0-1 EVENT_SET\n2 2-3 EVENT_CLEAR\n1 4-5 EVENT_IS_SET -> 1\n");
}

Test(models, barrier)
{
    RIGHT(model_barrier, CONFIGURATION(2),
          "1 0-9 BARRIER_ARRIVE 1 0 -> 0 0\n1 0-9 BARRIER_LEAVE 1 0\n"
          "2 5-8 BARRIER_ARRIVE 2 0 -> 0 1\n2 5-8 BARRIER_LEAVE 2 0\n3 10-11 BARRIER_WAITING -> 0 "
          "0\n");
    /* It leaves before the other has come. */
    WRONG(model_barrier, CONFIGURATION(2),
          "1 0-4 BARRIER_ARRIVE 1 0 -> 0 0\n1 0-4 BARRIER_LEAVE 1 0\n"
          "2 5-8 BARRIER_ARRIVE 2 0 -> 0 1\n2 5-8 BARRIER_LEAVE 2 0\n");
    /* Both are the first. */
    WRONG(model_barrier, CONFIGURATION(2),
          "1 0-9 BARRIER_ARRIVE 1 0 -> 0 0\n1 0-9 BARRIER_LEAVE 1 0\n"
          "2 0-9 BARRIER_ARRIVE 2 0 -> 0 0\n2 0-9 BARRIER_LEAVE 2 0\n");
    /* Broken by a timeout, for all who come later, until the reset. */
    RIGHT(model_barrier, CONFIGURATION(2),
          "1 0-9 BARRIER_ARRIVE 1 -> 0 -1\n1 0-9 BARRIER_LEAVE 1 1 -> EBROKENBARRIER\n"
          "2 10-11 BARRIER_ARRIVE 2 -> 0 -1\n2 10-11 BARRIER_LEAVE 2 0 -> EBROKENBARRIER\n"
          "1 12-13 BARRIER_BROKEN -> 1\n1 14-15 BARRIER_RESET\n1 16-17 BARRIER_BROKEN -> 0\n");
    WRONG(model_barrier, CONFIGURATION(2),
          "1 0-9 BARRIER_ARRIVE 1 -> 0 -1\n1 0-9 BARRIER_LEAVE 1 0 -> EBROKENBARRIER\n");
    /* Broken by a death. */
    RIGHT(model_barrier, CONFIGURATION(2),
          "1 0-? BARRIER_ARRIVE 1\n1 4-8 SESSION_ENDS\n2 9-10 BARRIER_BROKEN -> 1\n");
    WRONG(model_barrier, CONFIGURATION(2),
          "1 0-? BARRIER_ARRIVE 1\n2 2-3 BARRIER_WAITING -> 0 1\n1 4-8 SESSION_ENDS\n"
          "2 9-10 BARRIER_BROKEN -> 0\n");
    /* By the timeout of one that was killed meanwhile. */
    RIGHT(model_barrier, CONFIGURATION(2),
          "1 0-? BARRIER_ARRIVE 1\n1 0-? BARRIER_LEAVE 1 1\n2 2-3 BARRIER_WAITING -> 0 1\n"
          "2 4-5 BARRIER_ARRIVE 2 0 -> 0 -1\n2 4-5 BARRIER_LEAVE 2 1 -> EBROKENBARRIER\n");
    RIGHT(model_barrier, CONFIGURATION(2), "1 0-1 BARRIER_ABORT\n2 2-3 BARRIER_BROKEN -> 1\n");
}

/* ---- Queue ---- */

#define QUEUES CONFIGURATION(2, 0)

Test(models, queue)
{
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 0 1\n1 2-3 QUEUE_PUT 0 2\n1 4-5 QUEUE_PUT 0 3 -> EFULL\n"
          "2 6-7 QUEUE_FULL 0 -> 1\n2 8-9 QUEUE_GET 0 1 -> 0 1\n2 10-11 QUEUE_GET 0 4 -> 0 2\n"
          "1 12-13 QUEUE_GET 0 1 -> EEMPTY\n1 14-15 QUEUE_EMPTY 0 -> 1\n1 16-17 QUEUE_SIZE 0 -> 0 "
          "0\n");
    /* Out of order, lost, doubled, from nowhere. */
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 0 1\n1 2-3 QUEUE_PUT 0 2\n2 8-9 QUEUE_GET 0 1 -> 0 2\n");
    WRONG(model_queues, QUEUES, "1 0-1 QUEUE_PUT 0 1\n2 8-9 QUEUE_GET 0 1 -> EEMPTY\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 0 1\n2 2-9 QUEUE_GET 0 1 -> 0 1\n3 2-9 QUEUE_GET 0 1 -> 0 1\n");
    WRONG(model_queues, QUEUES, "2 2-9 QUEUE_GET 0 1 -> 0 1\n");
    WRONG(model_queues, QUEUES, "1 0-1 QUEUE_PUT 0 1\n1 2-3 QUEUE_PUT 0 2\n1 4-5 QUEUE_PUT 0 3\n");
    /* All of put_many, next to each other. */
    RIGHT(model_queues, QUEUES,
          "1 0-9 QUEUE_PUT 1 1 2\n2 0-9 QUEUE_PUT 1 3\n"
          "3 10-11 QUEUE_GET 1 3 -> 0 3 1 2\n");
    WRONG(model_queues, QUEUES,
          "1 0-9 QUEUE_PUT 1 1 2\n2 0-9 QUEUE_PUT 1 3\n"
          "3 10-11 QUEUE_GET 1 3 -> 0 1 3 2\n");
}

Test(models, queue_whose_getter_dies)
{
    /* The item comes again, and at its place, or is gone with the getter. */
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n1 2-3 QUEUE_PUT 1 2\n2 4-? QUEUE_GET 1 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 QUEUE_GET 1 1 -> 0 1\n");
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n1 2-3 QUEUE_PUT 1 2\n2 4-5 QUEUE_GET 1 1 -> 0 1\n"
          "2 6-9 SESSION_ENDS\n1 10-11 QUEUE_GET 1 1 -> 0 1\n1 12-13 QUEUE_GET 1 1 -> 0 2\n");
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n1 2-3 QUEUE_PUT 1 2\n2 4-? QUEUE_GET 1 1\n2 6-9 SESSION_ENDS\n"
          "1 5-6 QUEUE_GET 1 1 -> 0 2\n1 10-11 QUEUE_GET 1 1 -> 0 1\n");
    /* Whose reply was not acknowledged for sure: it must come again. */
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-? QUEUE_GET 1 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 QUEUE_GET 1 1 -> EEMPTY\n");
    /* With two threads the other one may have acknowledged it. */
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-? QUEUE_GET 1 1\n2.2 3-? QUEUE_SIZE 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 QUEUE_GET 1 1 -> EEMPTY\n");
    /* The head is lost though the getter's next call shows that it had it. */
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 2-3 QUEUE_GET 1 1 -> 0 1\n2 4-5 QUEUE_SIZE 1 -> 0 0\n"
          "2 6-9 SESSION_ENDS\n1 10-11 QUEUE_GET 1 1 -> 0 1\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n1 2-3 QUEUE_PUT 1 2\n2 4-? QUEUE_GET 1 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 QUEUE_GET 1 1 -> 0 2\n1 12-13 QUEUE_GET 1 1 -> 0 1\n");
}

Test(models, queue_with_tickets)
{
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n1 2-3 QUEUE_PUT 1 2\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n"
          "2 6-7 QUEUE_GIVE_BACK 1 1\n2 8-9 QUEUE_GIVE_BACK 1 1 -> EKEY\n"
          "3 10-11 QUEUE_TAKE 1 -> 0 2 1 1\n2 12-13 QUEUE_ACKNOWLEDGE 1 2\n"
          "1 14-15 QUEUE_UNFINISHED 1 -> 0 1\n1 16-17 QUEUE_SIZE 1 -> 0 1\n"
          "1 18-19 QUEUE_TASK_DONE 1\n1 20-21 QUEUE_TASK_DONE 1 -> EVALUE\n1 22-23 QUEUE_JOIN 1\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n1 6-7 QUEUE_JOIN 1\n");
    /* Its taker dies: it must come back. */
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 QUEUE_GET 1 1 -> 0 1\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n2 6-9 SESSION_ENDS\n"
          "1 10-11 QUEUE_GET 1 1 -> EEMPTY\n");
    /* A lease that ends, or not yet. */
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n2 14-? QUEUE_LEASE_ENDS 1 1\n"
          "1 10-20 QUEUE_GET 1 1 -> 0 1\n2 21-22 QUEUE_ACKNOWLEDGE 1 1 -> EKEY\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n2 14-? QUEUE_LEASE_ENDS 1 1\n"
          "1 10-12 QUEUE_GET 1 1 -> 0 1\n");
    /* No ticket at all, while an item is with somebody. */
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-5 QUEUE_GET 1 1 -> 0 1\n1 6-7 QUEUE_GIVE_BACK 1 0 -> EKEY\n");
    /* Two have the same ticket, or one that does not grow. */
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1 2\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n3 6-7 QUEUE_TAKE 1 -> 0 1 0 2\n");
    /* Acknowledged twice. */
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 4-5 QUEUE_TAKE 1 -> 0 1 0 1\n2 6-9 QUEUE_ACKNOWLEDGE 1 1\n"
          "3 6-9 QUEUE_ACKNOWLEDGE 1 1\n");
}

Test(models, queues_together)
{
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1 2 3\n2 2-3 QUEUE_MOVE 1 5 -> 0 2\n2 4-5 QUEUE_GET_ANY 1 -> 0 0 3\n"
          "2 6-7 QUEUE_GET_ANY 1 -> 0 1 1\n2 8-9 QUEUE_GET_ANY 0 -> 0 0 2\n"
          "2 10-11 QUEUE_GET_ANY 0 -> EEMPTY\n");
    /* In neither, or in both. */
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 2-3 QUEUE_MOVE 1 5 -> 0 1\n1 4-5 QUEUE_GET_ANY 0 -> EEMPTY\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 2-3 QUEUE_MOVE 1 5 -> 0 1\n1 4-5 QUEUE_SIZE 1 -> 0 1\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 2-9 QUEUE_MOVE 1 5 -> 0 1\n1 2-4 QUEUE_SIZE 0 -> 0 1\n"
          "1 5-8 QUEUE_SIZE 1 -> 0 1\n");
}

Test(models, queue_that_is_shut_down)
{
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 2-3 QUEUE_SHUTDOWN 1 0\n1 4-5 QUEUE_PUT 1 2 -> ESHUTDOWN\n"
          "1 6-7 QUEUE_GET 1 1 -> 0 1\n1 8-9 QUEUE_GET 1 1 -> ESHUTDOWN\n");
    RIGHT(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 2-3 QUEUE_SHUTDOWN 1 1\n1 6-7 QUEUE_GET 1 1 -> ESHUTDOWN\n"
          "1 8-9 QUEUE_JOIN 1\n");
    WRONG(model_queues, QUEUES, "2 2-3 QUEUE_SHUTDOWN 1 0\n1 4-5 QUEUE_PUT 1 2\n");
    WRONG(model_queues, QUEUES,
          "1 0-1 QUEUE_PUT 1 1\n2 2-3 QUEUE_SHUTDOWN 1 1\n"
          "1 6-7 QUEUE_GET 1 1 -> 0 1\n");
}
