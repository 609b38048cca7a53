/* Queue in the server: what its files share.
 *
 * All of it is guarded by the waiting room's lock, since a call may wait at several queues and
 * items go from one to another; except what only a call's own handler touches before it waits.
 *
 * An item is in its queue, or with a visit, which is on its way to a caller, or taken. What does
 * not arrive, or is not acknowledged, goes back to its place. */
#ifndef WALDO_SERVER_TYPES_QUEUE_H
#define WALDO_SERVER_TYPES_QUEUE_H

#include "alarms.h"
#include "call.h"
#include "map.h"
#include "types/queue_items.h"
#include "types/room.h"
#include "waldo/builtins.service.h"

typedef struct waldo__taken waldo__taken;
typedef struct waldo__visit waldo__visit;

typedef struct waldo__queue {
    waldo__room *room;
    size_t maxsize; /* 0: no bound */
    waldo__items items;
    uint64_t last_place;
    uint64_t unfinished;
    uint64_t returned; /* how often an item went back */
    bool is_shutdown;
    bool is_closed; /* shut down at once: nothing comes back either */
    bool is_held;   /* by a transaction: nobody is served until its end */
    waldo__waiters getters;
    waldo__waiters putters;
    waldo__waiters joiners;
    waldo__map taken;          /* ticket -> waldo__taken */
    waldo__taken *first_taken; /* the same, newest first */
    waldo__taken *of_steps;    /* those of them that have a step */
    size_t of_steps_count;
    uint64_t last_ticket;
} waldo__queue;

/* An item that is somebody's until it is acknowledged. */
struct waldo__taken {
    waldo__taken *next;
    waldo__taken **link; /* NULL: it is not among the queue's yet */
    waldo__item *item;
    uint64_t ticket;
    uint8_t session[WALDO__SESSION_ID_SIZE];
    waldo__alarm alarm; /* the end of its lease */
    /* The step that acknowledged it, of the transaction that holds the queue; NULL: none. Until
     * that ends, nothing is given up that an undone one would have to give back. */
    waldo_call *step;
    waldo__taken *next_of_step;
};

enum waldo__visit_kind {
    WALDO__GET,
    WALDO__GET_MANY,
    WALDO__GET_ANY,
    WALDO__TAKE,
    WALDO__PUT,
    WALDO__JOIN
};

/* Where a call waits; of get_any there are several. */
typedef struct waldo__place {
    waldo__waiter waiter; /* the first member */
    waldo__visit *visit;
    waldo__queue *queue;
    waldo__object *object; /* pinned; NULL where it is the call's own */
} waldo__place;

/* What a reply carries, until it is known to have arrived. */
typedef struct waldo__delivery {
    waldo__queue *queue;
    waldo__object *object; /* pinned; NULL where it is the call's own */
    waldo__items items;
    uint64_t ticket; /* TAKE: in place of items, of which it says what the caller hears */
    waldo_value *value;
    int64_t returned;
} waldo__delivery;

/* What a call wants of a queue, until it is answered. In the call's memory, of which one that waits
 * should need one block (runtime/wire/arena.c). */
struct waldo__visit {
    waldo_call *call;
    waldo__visit *next;
    waldo__delivery *delivery; /* what it got */
    union {
        waldo__items items; /* to put */
        struct {
            size_t max;   /* how many to get */
            double lease; /* TAKE: seconds; WALDO_FOREVER */
        };
    };
    double timeout; /* seconds; WALDO_FOREVER */
    int status;     /* how it ended */
    uint8_t kind;   /* waldo__visit_kind */
    bool block;
    uint32_t index; /* of the place whose queue gave the items */
    uint32_t place_count;
    waldo__place places[];
};

/* Visits to be answered, in order. Zero is none. */
typedef struct waldo__visits {
    waldo__visit *first;
    waldo__visit *last;
} waldo__visits;

/* ---- queue_visit.c: waiting, and bringing visits and items together ---- */

/* A visit with so many places, of which the first is at `queue`. NULL: no memory, which was raised.
 */
waldo__visit *waldo__visit_new(waldo_call *call, waldo__queue *queue, enum waldo__visit_kind kind,
                               uint32_t places);
/* At once, or it waits, or it fails; not even that if status says that it went wrong before. 0: it
 * is done, and the handler answers; else what the handler returns. */
int waldo__visit_begin(waldo__visit *visit, int status);
/* Serves all whose turn has come; they are added to *ready. With the lock. */
void waldo__queue_serve(waldo__queue *queue, waldo__visits *ready);
/* Answers them; better without the lock. */
void waldo__visits_complete(waldo__visits *ready);
/* Ends a critical section: serves, unlocks, answers, and frees what was dropped. */
void waldo__queue_leave(waldo__queue *queue, waldo__items *dropped);

/* ---- queue.c ---- */

/* What the visit got, as the method's result; < 0: it was raised, and the items go back. */
int waldo__visit_fill(waldo__visit *visit, ProtobufCMessage *result);
/* Reads the arguments that all methods that wait have. < 0: it was raised. */
int waldo__visit_set_wait(waldo__visit *visit, const Waldo__Value *block,
                          const Waldo__Value *timeout);
/* Seconds; None, or no message: WALDO_FOREVER. < 0: it was raised. */
int waldo__seconds(waldo_call *call, const Waldo__Value *message, double *ret_seconds);

/* With the lock: */

/* Items enter at the end. They are to be done. */
void waldo__queue_enter(waldo__queue *queue, waldo__items *items);
/* An item goes back to its place; to *dropped if the queue was closed meanwhile. */
void waldo__queue_put_back(waldo__queue *queue, waldo__item *item, waldo__items *dropped);
/* So many are done. */
void waldo__queue_finish(waldo__queue *queue, uint64_t count);

/* ---- queue_taken.c ---- */

/* The queue's first item becomes the visitor's. < 0: it does not. With the lock. */
int waldo__queue_hand_out(waldo__queue *queue, waldo__visit *visit, waldo__delivery *delivery);
/* An item goes back, if it is still taken. With the lock. */
void waldo__queue_take_back(waldo__queue *queue, uint64_t ticket, waldo__items *dropped);
/* How many are taken that nobody has acknowledged. With the lock. */
int64_t waldo__taken_count(const waldo__queue *queue);
/* What steps of a transaction have acknowledged is done, or taken as before. With the lock. */
void waldo__taken_end_steps(waldo__queue *queue, waldo__items *done);
void waldo__taken_undo_steps(waldo__queue *queue);
/* Of destroy. */
void waldo__taken_free_all(waldo__queue *queue);

int waldo__queue_take(void *self, waldo_call *call, const Waldo__Builtin__QueueTake *arguments,
                      Waldo__Builtin__QueueTaken *result);
int waldo__queue_acknowledge(void *self, waldo_call *call,
                             const Waldo__Builtin__QueueTicket *arguments);
int waldo__queue_give_back(void *self, waldo_call *call,
                           const Waldo__Builtin__QueueTicket *arguments);
int waldo__queue_renew(void *self, waldo_call *call, const Waldo__Builtin__QueueRenew *arguments);
void waldo__queue_session_ended(void *self, const uint8_t *session);

/* ---- queue_transaction.c: what a transaction needs (types/participant.h) ---- */

void waldo__queue_hold(void *self);
void waldo__queue_let_go(void *self);
int waldo__queue_save(void *self, waldo_call *call, void **ret_saved);
void waldo__queue_restore(void *self, void *saved);

/* ---- queue_several.c: methods that name other queues ---- */

int waldo__queue_get_any(void *self, waldo_call *call, const Waldo__Builtin__QueueGetAny *arguments,
                         Waldo__Builtin__QueueGot *result);
int waldo__queue_move(void *self, waldo_call *call, const Waldo__Builtin__QueueMove *arguments,
                      Google__Protobuf__Int64Value *result);

#endif
