/* Real objects, and what the operations of a history are as calls. */
#ifndef WALDO_TESTS_LINEARIZABILITY_PERFORM_H
#define WALDO_TESTS_LINEARIZABILITY_PERFORM_H

#include <waldo/waldo.h>

#include "checker.h"

/* name, model, what the model is told of a new one */
#define WALDO_SUBJECTS(X)                                                                          \
    X(VALUE, model_value, 0, 0)                                                                    \
    X(ARRAY, model_array, 4, 0)                                                                    \
    X(LIST, model_list, 0, 0)                                                                      \
    X(DICT, model_dict, 0, 0)                                                                      \
    X(NAMESPACE, model_namespace, 0, 0)                                                            \
    X(SET, model_set, 0, 0)                                                                        \
    X(LOCK, model_lock, 0, 0)                                                                      \
    X(RLOCK, model_rlock, 0, 0)                                                                    \
    X(SEMAPHORE, model_semaphore, 2, 0)                                                            \
    X(BOUNDED, model_bounded, 2, 0)                                                                \
    X(CONDITION, model_condition, 0, 0)                                                            \
    X(EVENT, model_event, 0, 0)                                                                    \
    X(BARRIER, model_barrier, 2, 0)                                                                \
    X(QUEUES, model_queues, 4, 0)                                                                  \
    X(CLOSING_QUEUES, model_queues, 3, 0)

enum subject_kind {
#define WALDO_SUBJECT_ENUM(name, ...) SUBJECT_##name,
    WALDO_SUBJECTS(WALDO_SUBJECT_ENUM)
#undef WALDO_SUBJECT_ENUM
        SUBJECT_KINDS
};

/* The object, or the two Queues, of one history. */
typedef struct subject {
    enum subject_kind kind;
    int held[2]; /* by this process's thread 1 and 2: how often the lock */
    union {
        waldo_shared_value *value;
        waldo_shared_array *array;
        waldo_list *list;
        waldo_dict *dict;
        waldo_namespace *namespace_;
        waldo_set *set;
        waldo_lock *lock;
        waldo_rlock *rlock;
        waldo_semaphore *semaphore;
        waldo_bounded_semaphore *bounded;
        waldo_condition *condition;
        waldo_event *event;
        waldo_barrier *barrier;
        waldo_queue *queues[2];
    };
} subject;

const model *subject_model(enum subject_kind kind);
const int64_t *subject_configuration(enum subject_kind kind);

WALDO_CHECK int subject_create(waldo_manager *manager, enum subject_kind kind, subject *ret_subject,
                               waldo_error *reterr);
/* As a value that another process can open. */
WALDO_CHECK int subject_to_value(const subject *one, waldo_value **ret_value, waldo_error *reterr);
WALDO_CHECK int subject_open(waldo_manager *manager, enum subject_kind kind,
                             const waldo_value *value, subject *ret_subject, waldo_error *reterr);
void subject_close(subject *one);
/* NULL: it is two Queues. */
waldo_proxy *subject_proxy(const subject *one);

/* Nanoseconds; the same clock in all processes. */
uint64_t time_now(void);
/* Makes the call that the operation says, and writes into it when, and what came of it; also
 * is_unknown, if that is not known. */
void perform(subject *one, operation *what);

/* What a call says of which nobody knows how it ended. On a connection whose bytes are damaged the
 * key may look as if it had been withdrawn, and a reply as if it were too long. */
bool says_nothing(int status);

/* ---- perform_batch.c ---- */

bool may_be_in_batch(const subject *of, const operation *what);
/* The same for calls that may, in one batch. Their beginning is the caller's to write. */
void perform_batch(waldo_manager *manager, const subject *const *of, operation *what, size_t count);

/* ---- perform_waiting.c ---- */

int perform_lock(subject *one, operation *what, waldo_error *reterr);
int perform_condition(subject *one, operation *what, waldo_error *reterr);
int perform_event(subject *one, operation *what, waldo_error *reterr);
int perform_barrier(subject *one, operation *what, waldo_error *reterr);
int perform_queues(subject *one, operation *what, waldo_error *reterr);

/* Of an int that a call gave: TAKES value if status says that there is one. */
int take_number(int status, waldo_value *value, int64_t *ret_number);

#endif
