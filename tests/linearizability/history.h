/* What clients saw: one record for each call, with the time before and the time after it.
 *
 * Whoever looks only at these has to explain them by calls that take effect one after the other,
 * each at some moment between its two times (checker.h). A call of which nobody knows how it ended,
 * because its client was killed or got an error, may have taken effect at any time after it began,
 * or never. */
#ifndef WALDO_TESTS_LINEARIZABILITY_HISTORY_H
#define WALDO_TESTS_LINEARIZABILITY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* arguments -> status; results. Items and keys are small ints. Where a status is not named it is 0,
 * or a WALDO_E... code of waldo/error.h. "pair" names the operations of one call that takes effect
 * in several steps; it is not 0, and no other call has it. */
#define WALDO_OPERATIONS(X)                                                                        \
    /* Value */                                                                                    \
    X(VALUE_GET)             /* ; value */                                                         \
    X(VALUE_SET)             /* value */                                                           \
    X(VALUE_FETCH_ADD)       /* amount; before */                                                  \
    X(VALUE_EXCHANGE)        /* value; before */                                                   \
    X(VALUE_COMPARE_AND_SET) /* expected, desired -> 1 or 0 */                                     \
    X(VALUE_VERSION)         /* ; version */                                                       \
    /* Array */                                                                                    \
    X(ARRAY_GET) /* index; value */                                                                \
    X(ARRAY_SET) /* index, value */                                                                \
    X(ARRAY_ALL) /* ; digest of all */                                                             \
    /* list */                                                                                     \
    X(LIST_APPEND) /* item */                                                                      \
    X(LIST_INSERT) /* index, item */                                                               \
    X(LIST_POP)    /* index; item */                                                               \
    X(LIST_GET)    /* index; item */                                                               \
    X(LIST_SET)    /* index, item */                                                               \
    X(LIST_REMOVE) /* item */                                                                      \
    X(LIST_LENGTH) /* ; length */                                                                  \
    X(LIST_ALL)    /* ; digest of all */                                                           \
    /* dict, and Namespace, whose names stand for keys */                                          \
    X(DICT_SET)             /* key, value */                                                       \
    X(DICT_GET)             /* key; value */                                                       \
    X(DICT_DELETE)          /* key */                                                              \
    X(DICT_POP)             /* key; value */                                                       \
    X(DICT_SETDEFAULT)      /* key, value; value */                                                \
    X(DICT_ADD)             /* key, amount; value */                                               \
    X(DICT_COMPARE_AND_SET) /* key, expected, desired -> 1 or 0 */                                 \
    X(DICT_POPITEM)         /* ; key, value */                                                     \
    X(DICT_LENGTH)          /* ; length */                                                         \
    X(DICT_ALL)             /* ; digest of all */                                                  \
    /* set */                                                                                      \
    X(SET_ADD)      /* item */                                                                     \
    X(SET_REMOVE)   /* item */                                                                     \
    X(SET_DISCARD)  /* item */                                                                     \
    X(SET_POP)      /* ; item */                                                                   \
    X(SET_CONTAINS) /* item -> 1 or 0 */                                                           \
    X(SET_LENGTH)   /* ; length */                                                                 \
    X(SET_ALL)      /* ; digest of all */                                                          \
    /* Lock, RLock, Semaphore, BoundedSemaphore, Condition */                                      \
    X(LOCK_ACQUIRE) /* -> 1, 2: WALDO_OWNER_DIED, or 0: not in time; token */                      \
    X(LOCK_RELEASE)                                                                                \
    X(LOCK_LOCKED)       /* -> 1 or 0 */                                                           \
    X(CONDITION_WAIT)    /* pair: begins to wait; also one that is refused */                      \
    X(CONDITION_OVERDUE) /* pair: its timeout passes */                                            \
    X(CONDITION_WAKE)    /* pair -> 1: notified, or 0: overdue; token, owner died */               \
    X(CONDITION_NOTIFY)  /* count */                                                               \
    X(CONDITION_NOTIFY_ALL)                                                                        \
    /* Event */                                                                                    \
    X(EVENT_SET)                                                                                   \
    X(EVENT_CLEAR)                                                                                 \
    X(EVENT_IS_SET) /* -> 1 or 0 */                                                                \
    X(EVENT_WAIT)   /* -> 1, or 0: not in time */                                                  \
    /* Barrier */                                                                                  \
    X(BARRIER_ARRIVE) /* pair; index, or -1: it did not get one */                                 \
    X(BARRIER_LEAVE)  /* pair, has a timeout */                                                    \
    X(BARRIER_ABORT)                                                                               \
    X(BARRIER_RESET)                                                                               \
    X(BARRIER_BROKEN)  /* -> 1 or 0 */                                                             \
    X(BARRIER_WAITING) /* ; how many */                                                            \
    /* Two Queues; the first argument is which, 0 or 1 */                                          \
    X(QUEUE_PUT)         /* queue, items... (`count` of them) */                                   \
    X(QUEUE_GET)         /* queue, at most so many; items... (`count` of them) */                  \
    X(QUEUE_GET_ANY)     /* the first to look into; index, item */                                 \
    X(QUEUE_MOVE)        /* from, at most so many; how many */                                     \
    X(QUEUE_SIZE)        /* queue; size */                                                         \
    X(QUEUE_EMPTY)       /* queue -> 1 or 0 */                                                     \
    X(QUEUE_FULL)        /* queue -> 1 or 0 */                                                     \
    X(QUEUE_TASK_DONE)   /* queue */                                                               \
    X(QUEUE_JOIN)        /* queue */                                                               \
    X(QUEUE_SHUTDOWN)    /* queue, immediate */                                                    \
    X(QUEUE_TAKE)        /* queue; ticket, returned, item */                                       \
    X(QUEUE_ACKNOWLEDGE) /* queue, ticket */                                                       \
    X(QUEUE_GIVE_BACK)   /* queue, ticket */                                                       \
    X(QUEUE_LEASE_ENDS)  /* queue, ticket */                                                       \
    X(QUEUE_UNFINISHED)  /* queue; put and not yet done */                                         \
    /* Of every type: the server gives up a session. */                                            \
    X(SESSION_ENDS) /* by a goodbye */

enum operation_kind {
#define WALDO_OPERATION_ENUM(name) name,
    WALDO_OPERATIONS(WALDO_OPERATION_ENUM)
#undef WALDO_OPERATION_ENUM
};

const char *operation_name(enum operation_kind kind);

#define NEVER UINT64_MAX

enum { MAX_ARGUMENTS_OF_ONE = 4, MAX_RESULTS_OF_ONE = 4, MAX_SESSIONS = 32 };

typedef struct operation {
    uint16_t kind;    /* enum operation_kind */
    uint8_t session;  /* below MAX_SESSIONS; each is one life of one client */
    uint8_t thread;   /* of the session */
    uint8_t count;    /* of items, where kinds say so */
    bool is_unknown;  /* whether it took effect, and what it gave */
    bool is_received; /* the server knows that its reply arrived: a later call of the session ended
                       */
    bool is_unheard;  /* if it took effect, the server knows nothing of its reply's arrival */
    uint8_t object;   /* which object it is about; the checker does not look at this */
    int32_t status;
    int32_t patience; /* milliseconds that the call waits in the server */
    int64_t arguments[MAX_ARGUMENTS_OF_ONE];
    int64_t results[MAX_RESULTS_OF_ONE];
    uint64_t from, to; /* nanoseconds; an unknown one's `to` is NEVER */
} operation;

/* A number that stands for a sequence; for results that are too long to be recorded. */
int64_t digest(int64_t before, int64_t item);

/* Marks the replies that the server knows to have arrived, because a call that the same session
 * made later was answered; and those of which it cannot know, because the session has one thread,
 * which made no call any more. All calls of the sessions must be there. */
void mark_received(operation *operations, size_t count);

/* One line, without its end. */
void describe_operation(const operation *one, char *text, size_t size);

#endif
