/* The types of the tests of dying (faults.proto): what their files share. */
#ifndef WALDO_TESTS_FAULTS_TYPES_H
#define WALDO_TESTS_FAULTS_TYPES_H

#include <pthread.h>
#include <stdbool.h>

#include "faults.service.h"

/* ---- named.c: objects that have a name outlive their proxies ---- */

/* Makes an object; also what tells the types apart. */
typedef void *named_maker(const char *journal);

/* Stands first in each object. */
typedef struct named {
    struct named *next;
    named_maker *kind;
    char *name; /* NULL: none */
} named;

/* The object of that kind and name, or a new one. NULL: out of memory. */
void *named_find_or_make(named_maker *kind, const char *name, const char *journal);
/* Does the object belong to its proxies, so that it goes with the last of them? */
bool named_is_mortal(const void *object);

/* ---- waiters.c: calls that an object keeps, in order ---- */

typedef struct waiters waiters;

/* In the memory of its call. */
typedef struct waiter {
    struct waiter *next;
    struct waiter *previous;
    waiters *all;
    bool waits; /* it is among them */
    waldo_call *call;
    bool given_up; /* before it was among them */
    int64_t n;
} waiter;

struct waiters {
    pthread_mutex_t *lock; /* the object's */
    waiter *first;
    waiter *last;
    int64_t count;
};

/* Keeps the call; WALDO_DEFERRED, or an error. *ret_waiter is not among the waiters yet. Without
 * the lock. */
int waiters_keep(waiters *all, waldo_call *call, waiter **ret_waiter);
/* With the lock; false: the caller has given up, and the call is to be failed. */
bool waiters_append(waiter *one);
/* The first, taken out; it is the object's to complete. NULL: nobody waits. With the lock. */
waiter *waiters_pop(waiters *all);

/* ---- one file each ---- */

int register_register(waldo_registry *registry, waldo_error *reterr);
int queue_register(waldo_registry *registry, waldo_error *reterr);
int lock_register(waldo_registry *registry, waldo_error *reterr);
int box_register(waldo_registry *registry, waldo_error *reterr);

#endif
