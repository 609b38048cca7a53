/* Is there an order in which the calls of a history, executed one after the other, give the results
 * that the clients saw, each call at some moment between its beginning and its end? The algorithm
 * of Wing and Gong, with Lowe's memory of configurations that lead nowhere; for one object.
 *
 * What the object is stands in a model: a state and how an operation changes it. Where the server
 * may do this or that, such as taking back a reply that may have arrived, an operation leads to
 * several states. */
#ifndef WALDO_TESTS_LINEARIZABILITY_CHECKER_H
#define WALDO_TESTS_LINEARIZABILITY_CHECKER_H

#include <stdio.h>

#include "history.h"

enum {
    STATE_SIZE = 640, /* bytes, at most */
    MAX_NEXT = 8,     /* states that one operation leads to */
    STEP_TOO_LARGE = -1
};

/* Bytes that hold no pointer and no padding: two are equal when all bytes are. */
typedef struct state {
    _Alignas(8) unsigned char bytes[STATE_SIZE];
} state;

typedef struct model {
    const char *name;
    size_t size; /* of its state: a multiple of 8 */
    /* Of a new object; the state is zeroed. */
    void (*begin)(void *start, const int64_t *configuration);
    /* The states that the operation leads to, in after[], each of which is a copy of `before` when
     * this is called. How many: 0, it cannot have been so; STEP_TOO_LARGE: the model has no room.
     */
    int (*step)(const operation *one, const void *before, state *after);
} model;

/* What each is made of: configuration[]. */
extern const model model_value;     /* value */
extern const model model_array;     /* length; zeroes */
extern const model model_list;      /* - */
extern const model model_dict;      /* - */
extern const model model_namespace; /* - */
extern const model model_set;       /* - */
extern const model model_lock;      /* - */
extern const model model_rlock;     /* - */
extern const model model_semaphore; /* value */
extern const model model_bounded;   /* value */
extern const model model_condition; /* -: with an RLock */
extern const model model_event;     /* - */
extern const model model_barrier;   /* parties */
extern const model model_queues;    /* maxsize of each, 0: none */

typedef enum verdict {
    LINEARIZABLE,
    VIOLATION,
    UNDECIDED /* too many configurations, or no room in the model, or in memory */
} verdict;

typedef struct checked {
    verdict verdict;
    size_t configurations; /* that were looked at */
    size_t explained;      /* how many operations the longest order that was found has */
} checked;

/* Operations in any order; they are sorted. At most MAX_OPERATIONS. */
enum { MAX_OPERATIONS = 1024 };
checked check_history(const model *of, const int64_t *configuration, operation *operations,
                      size_t count);

/* For people: all of it, sorted. */
void print_history(FILE *file, const model *of, const operation *operations, size_t count);

#endif
