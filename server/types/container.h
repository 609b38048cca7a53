/* What list, dict, set, Namespace, Value and Array are in the server: a value in a cell, with the
 * mutex under which it is looked at and changed.
 *
 * A handler decodes its arguments, enters the cell, works on cell->value by the functions of
 * waldo/value.h with call->reterr as reterr, and leaves. Only the outermost container is
 * ever changed: what was put into it, and what was given out of it, is never touched again, and may
 * be used without the lock.
 *
 * Lock order: cells in the order of their objects' ids, then the waiting room, then the server.
 * The mutex is recursive, so that a transaction that has entered several cells can run the same
 * handlers. */
#ifndef WALDO_SERVER_TYPES_CONTAINER_H
#define WALDO_SERVER_TYPES_CONTAINER_H

#include <pthread.h>
#include <stdint.h>

#include <google/protobuf/wrappers.pb-c.h>
#include <waldo/service.h>

#include "types/room.h"
#include "waldo/builtins.pb-c.h"

typedef struct waldo__cell {
    pthread_mutex_t lock;
    waldo_value *value;
    uint64_t version; /* grows with every change; starts at 1 */
    waldo__room *room;
    waldo__waiters waiters; /* for a change; guarded by the room */
    bool awaited;           /* somebody may be among them; guarded by the cell */
} waldo__cell;

/* The first member of a container's struct, or all of it. TAKES value, NULL being out of memory. 0,
 * or an error that was raised at the call. */
int waldo__cell_init(waldo__cell *cell, waldo_call *call, waldo_value *value);
/* A cell of its own that holds value, as a constructor's result. TAKES value. */
int waldo__cell_new(waldo_call *call, waldo_value *value, void **ret_self);
/* Lets the value go; the memory is the caller's. */
void waldo__cell_finish(waldo__cell *cell);
/* `destroy` of a type whose struct is a cell from waldo__cell_new. */
void waldo__cell_destroy(void *self);

void waldo__cell_enter(waldo__cell *cell);
void waldo__cell_leave(waldo__cell *cell);
/* The same after a change, which wakes those who wait for one; status < 0 says that there was none
 * after all. Returns status. */
int waldo__cell_leave_changed(waldo__cell *cell, int status);
/* Puts another value in. TAKES value. The cell must be entered. */
void waldo__cell_replace(waldo__cell *cell, waldo_value *value);

/* `repr` and `getvalue` of a type whose struct begins with a cell. */
int waldo__cell_repr(void *self, waldo_call *call, waldo_value **ret_text);
int waldo__cell_getvalue(void *self, waldo_call *call, waldo_value **ret_value);

/* `__len__` and `copy`. */
int waldo__cell_length(void *self, waldo_call *call, Google__Protobuf__UInt64Value *result);
int waldo__cell_copy(void *self, waldo_call *call, Waldo__Value *result);

/* Answers with what the operation makes of the cell's value and an argument. */
typedef int waldo__operation(const waldo_value *value, const waldo_value *argument,
                             waldo_value **ret_value, waldo_error *reterr);
int waldo__cell_operate(waldo__cell *cell, waldo_call *call, waldo__operation *operation,
                        const Waldo__Value *argument, const char *name, Waldo__Value *result);
/* Is it true of the cell's value and the argument: 1 or 0? TAKES argument. */
typedef int waldo__question(const waldo_value *value, const waldo_value *argument,
                            waldo_error *reterr);
int waldo__cell_answer(waldo__cell *cell, waldo_call *call, waldo__question *question,
                       waldo_value *argument, Google__Protobuf__BoolValue *result);
/* `__contains__`. */
int waldo__cell_contains(waldo__cell *cell, waldo_call *call, waldo__question *contains,
                         const Waldo__Value *item, Google__Protobuf__BoolValue *result);

/* `version` and `wait_changed` of a type whose struct begins with a cell. */
int waldo__cell_version(void *self, waldo_call *call, Google__Protobuf__UInt64Value *result);
int waldo__cell_wait_changed(void *self, waldo_call *call,
                             const Waldo__Builtin__ChangeArguments *arguments,
                             Google__Protobuf__UInt64Value *result);

/* An argument as a value. An absent one is WALDO_ETYPE. Raised at the call. */
int waldo__argument(waldo_call *call, const Waldo__Value *message, const char *name,
                    waldo_value **ret_value);
/* The same; *ret_value is NULL if it is absent. */
int waldo__optional_argument(waldo_call *call, const Waldo__Value *message,
                             waldo_value **ret_value);
/* An argument that must be an int, as Python's operator.index(). WALDO_ETYPE, WALDO_EOVERFLOW. */
int waldo__integer_argument(waldo_call *call, const Waldo__Value *message, const char *name,
                            int64_t *ret_number);
/* A bound as in a slice, cut to 64 bits; *ret_bound stays as it is if it is absent. WALDO_ETYPE. */
int waldo__bound_argument(waldo_call *call, const Waldo__Value *message, int64_t *ret_bound);
/* Ends a handler whose status says how *result came to be: answers it if status is not negative.
 * TAKES result, which is not looked at otherwise. */
int waldo__answer(waldo_call *call, int status, Waldo__Value *message, waldo_value *result);
/* Makes value a field of the result's message. TAKES value, NULL being out of memory. */
int waldo__answer_field(waldo_call *call, waldo_value *value, Waldo__Value **ret_field);

#endif
