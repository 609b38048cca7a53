/* A link: a connection with a session, and the calls that are under way on it.
 *
 * Where the engine multiplexes and the server says that no reply is lost on the way, all threads of
 * the manager share one link. No thread belongs to it: each call has a slot in the link's table of
 * outstanding request ids; of the threads that wait, one reads for all, hands replies to the slots
 * that they are for, and passes the reading on when its own is there. Elsewhere a link carries one
 * call at a time; the same code serves it.
 *
 * A link's own lock guards the table, who sends and who reads. It comes after the manager's, and is
 * never held while the connection is used: the one that sends (`sending`) owns the sealing side
 * of the channel, the one that reads (`reading`) the opening side. See
 * docs/decisions/client_connection.md. */
#ifndef WALDO_RUNTIME_PROXY_LINK_H
#define WALDO_RUNTIME_PROXY_LINK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/error.h>
#include <waldo/manager.h>

#include "../engine/engine.h" /* not the server's */
#include "engine/spin.h"
#include "secure/channel.h"
#include "wire/buffer.h"

/* A thread that waits for the reply to a slot's request. */
typedef struct waldo__waiter waldo__waiter;

/* A request that has been sent, and where its reply goes. Zero is a valid one that waits for
 * nothing. Guarded by the link's lock while it is in the table. */
typedef struct waldo__slot {
    uint32_t id;      /* 0: not in the table: done, given up, or the link broke */
    bool lasting;     /* a deadline that passes while somebody waits does not give it up */
    bool called_off;  /* while somebody waits: who does gives it up */
    atomic_bool done; /* what came is here, and is the owner's alone */
    waldo__waiter *waiters;
    /* What came, when done; `data` points into the buffer, which is the slot's owner's. Where
     * `led` > 0 the message goes on at the buffer's beginning, with so many bytes. */
    waldo__buffer buffer;
    const uint8_t *data;
    size_t size;
    size_t led;
} waldo__slot;

/* Frames that wait to be sent together, in number and bytes. In bundles there are many messages in
 * one frame. */
enum { WALDO__QUEUE_MOST = 64, WALDO__QUEUE_BYTES = 3 * 1024 };

typedef struct waldo__queued {
    uint32_t id;
    waldo__buffer frame;
    size_t start; /* where in it */
    /* What follows it, if the request has a tail: in the caller's memory, so it waits for no other
     * frame. */
    struct iovec tail;
} waldo__queued;

typedef struct waldo__link {
    const waldo__client_engine *engine;
    waldo__channel *channel;
    waldo__secure_channel *secure;
    size_t max_message; /* the largest that both sides take */
    unsigned life;      /* of the manager's session that the server knows it by */
    bool shared;        /* carries many calls at a time */
    bool reaches;       /* this process has seen the server's memory: replies may say where it is */
    bool reached;       /* and the server this one's: so may requests */
    bool may_move;      /* to shared memory: the server offers it */
    bool bundles;       /* requests that leave together are sealed together */
    atomic_bool broken; /* the connection is of no more use; status and error say why */

    /* Guarded by the manager's lock: */
    struct waldo__link *next; /* all of the manager */
    struct waldo__link *next_idle;
    unsigned users;   /* calls; an idle one has none */
    bool retired;     /* takes no new calls; goes with its last user */
    atomic_bool used; /* it has carried a call before; read by its users */
    uint64_t mark;    /* its engine's progress, when somebody last looked */
    bool doubted;     /* it was there when a heartbeat had no answer */
    /* Not of a shared one: its engine's progress, and since when there was none in this use. */
    uint64_t progress;
    uint64_t silent_since;

    /* The sending thread's: */
    waldo__queued queue[WALDO__QUEUE_MOST]; /* the next one's buffer stands behind them */
    size_t queued;
    size_t queued_bytes;
    unsigned made;         /* messages in the frame behind them, if it takes more */
    atomic_bool unsent;    /* who waits next is to send them; read by any thread */
    uint32_t begun_id;     /* of the message that is being made */
    size_t begun;          /* where it begins in its frame */
    uint64_t *outstanding; /* room for what a request lists */
    size_t outstanding_capacity;

    /* The reading thread's: */
    waldo__buffer incoming;
    size_t lead; /* of what is there: see the engine's move */
    waldo__buffer plain;
    waldo__spinning spin;

    pthread_mutex_t lock;
    bool sending;
    unsigned senders_waiting;
    pthread_cond_t may_send;
    bool reading;
    waldo__waiter *waiters; /* asleep */
    int status;             /* why it is broken */
    waldo_error error;
    uint32_t last_id;
    waldo__slot **slots; /* at the position that the id's lower bits say */
    size_t slot_capacity;
    size_t slot_count;
} waldo__link;

/* A condition whose waits end by the monotonic clock. */
void waldo__init_condition(pthread_cond_t *condition);
/* False: the deadline passed. Also returns for no reason. */
bool waldo__wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, waldo__deadline deadline);

/* NULL: out of memory. The channel is yet to be opened. */
waldo__link *waldo__link_make(const waldo__client_engine *engine);
/* Closes the connection. Nobody else uses it. */
void waldo__link_free(waldo__link *link);
/* In a forked child: nothing goes to the parent's server. What another thread of the parent may
 * have been changing is left as it was. */
void waldo__link_abandon(waldo__link *link);

/* ---- one call; all of it may be done by several threads at the same time ---- */

/* Puts the slot in the table, with an id of its own. From success to waldo__link_send or
 * waldo__link_leave the caller is the one who sends. WALDO_ETIMEOUT, WALDO_ENOMEM, what broke it.
 */
int waldo__link_enter(waldo__link *link, waldo__slot *slot, waldo__deadline deadline,
                      waldo_error *reterr);
/* Where the message is to be appended between enter and send. WALDO_ENOMEM; as waldo__link_send,
 * where too many wait to be sent. */
int waldo__link_begin(waldo__link *link, waldo__deadline deadline, waldo__buffer **ret_frame,
                      waldo_error *reterr);
/* The message's end; in the clear it stays where it is, the caller's, until the message was sent or
 * given up. WALDO_ENOMEM. */
int waldo__link_add_tail(waldo__link *link, const void *data, size_t size, waldo_error *reterr);
/* Sends the message for the slot, behind those that were queued; after that others may. A failure
 * has broken the link, but for WALDO_ETOOBIG and a deadline that passed before a byte was gone
 * (*ret_gone says whether, or whether it still may: what is sealed with others' goes with
 * them). */
int waldo__link_send(waldo__link *link, waldo__slot *slot, waldo__deadline deadline, bool *ret_gone,
                     waldo_error *reterr);
/* The same, but if nobody waits on the link the frame may leave with later ones: at the latest when
 * somebody does, or by waldo__link_flush. */
int waldo__link_post(waldo__link *link, waldo__slot *slot, waldo__deadline deadline, bool *ret_gone,
                     waldo_error *reterr);
/* Sends what was queued. */
int waldo__link_flush(waldo__link *link, waldo__deadline deadline, waldo_error *reterr);
/* Nothing is sent after all, but what others have queued and wait for. */
void waldo__link_leave(waldo__link *link, waldo__slot *slot, waldo__deadline deadline);
/* Waits until the slot is done. WALDO_ETIMEOUT: the slot is given up, and a late reply is dropped;
 * what broke the link. With `cancellable` a pthread_cancel ends the wait as a deadline does, and
 * the thread's cleanup handlers run. */
int waldo__link_await(waldo__link *link, waldo__slot *slot, waldo__deadline deadline,
                      bool cancellable, waldo_error *reterr);
/* Sends and takes what can be without waiting. True: the slot is done. */
bool waldo__link_look(waldo__link *link, waldo__slot *slot);
/* Nobody waits for the slot any more; false: it was done. */
bool waldo__link_give_up(waldo__link *link, waldo__slot *slot);
/* Others wait for it, and shall not any more: WALDO_ECANCELLED, without a text. Who reads a
 * shared connection at the moment hears it with the next message. false: it was done. */
bool waldo__link_call_off(waldo__link *link, waldo__slot *slot);
/* Grows while the connection moves anything that says that the server is there. */
uint64_t waldo__link_progress(const waldo__link *link);
/* Whoever waits gets this error. Again is a no-op. */
void waldo__link_break(waldo__link *link, int status, const waldo_error *error);

#endif
