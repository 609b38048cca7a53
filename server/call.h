/* One request under way: from the loop to a handler and back.
 *
 * A call is counted: the loop's lists, the job that runs it, a generator that it started and a
 * handler that deferred it each hold it. Whoever claims it first answers it; later answers are
 * dropped.
 *
 * Whoever may still have to send its reply again, or to take it back, keeps the call: that is less
 * than holding it. What the request needed goes when nobody holds the call any more. */
#ifndef WALDO_SERVER_CALL_H
#define WALDO_SERVER_CALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/service.h>

#include "batch.h"
#include "deadlines.h"
#include "memory/carry.h"
#include "object.h"
#include "pool.h"
#include "session.h"
#include "shared.h"
#include "waldo/wire.pb-c.h"
#include "wire/arena.h"
#include "wire/buffer.h"

struct waldo_export {
    waldo_call *call;
    waldo__object *object; /* with a pin; NULL: nothing was exported */
};

struct waldo_call {
    waldo__job job;
    atomic_uint references; /* of those who hold it */
    atomic_uint keepers;    /* those who keep it; all who hold it count as one */
    waldo_server *server;
    waldo__session *session;
    /* The way back. */
    uint64_t channel;
    uint64_t connection;
    uint32_t id;

    Waldo__Wire__Request *request; /* in the arena */
    uint64_t deadline;             /* waldo__now() clock; WALDO__NEVER */
    const waldo__type *type;
    waldo__object *object;              /* pinned; NULL for a creation; stays while a job has it */
    const waldo_service_method *method; /* NULL for what every object can do */
    /* What its job does: 0, WALDO_DEFERRED or the error's code. */
    int (*step)(waldo_call *call);

    ProtobufCMessage *arguments; /* in the arena */
    waldo_export exported;
    /* While the call is on a thread: for a builtin type's handler to give to the libraries'
     * functions. Where it returns the status that stands there, and raised nothing, that is its
     * error. NULL at any other time. */
    waldo_error *reterr;
    waldo_error *error; /* what the handler raised; NULL: nothing, or there was no memory for it */
    waldo__arrived arrived; /* buffers that the arguments name */
    waldo__carried carried; /* those that the reply names, until it is known to have arrived */
    /* Where a large request's bytes are, and those of its arguments; or NULL. */
    waldo__shared_bytes *message;
    waldo_value *lent;   /* whose bytes are in the result; or NULL */
    waldo__buffer reply; /* packed */
    /* What follows it: empty, or the lent bytes, whose value then stays for as long as the reply. A
     * step's reply is in one piece. */
    ProtobufCBinaryData reply_tail;
    atomic_bool claimed;   /* somebody answers it */
    atomic_bool deferred;  /* the handler kept it and has not completed it yet */
    bool listed;           /* it has been put among its session's calls */
    bool kept;             /* the handler kept it */
    bool reports;          /* it is one of its session's report_count */
    bool numbered;         /* its reply is kept until it is acknowledged */
    bool unpacked;         /* the reply says only that what it should carry does not fit */
    atomic_bool cancelled; /* the caller is gone or has given up */
    atomic_bool listens;   /* there has been an on_cancel */
    bool waits;            /* its reply is among those that wait for the client to take others */
    bool sent;             /* the loop has sent the reply once; it is kept for another time */
    bool answered_instead; /* by the loop, not by the handler; of the loop's thread */
    bool is_step;          /* of a transaction: its result stays here, and it cannot wait */
    waldo__batch *batch;   /* that it is a step of, and that its reply goes to; or NULL */
    waldo_value *step_result;
    /* Guarded by the server's lock. */
    void (*on_cancel)(waldo_call *call, void *data);
    void *on_cancel_data;
    void (*on_timeout)(waldo_call *call, void *data);
    void *on_timeout_data;
    uint64_t timeout; /* when; WALDO__NEVER: not, or over */
    waldo__due due;   /* timeout or deadline, whatever is earlier, among the server's deadlines */
    uint64_t ticket;  /* that is of no use once the reply has arrived; or 0 */
    atomic_size_t burden; /* bytes that are kept beside the reply */
    size_t kept_bytes;    /* both, as its session counts them */
    uint64_t handed_out;  /* the object whose reference went to the session with the reply; or 0 */
    /* What is to be done if the reply does not arrive: set by the handler before it answers. */
    void (*on_lost)(void *self, void *data);
    void (*release_lost)(void *data);
    void *lost_data;
    atomic_bool lost; /* on_lost has been called for */
    waldo__job taking_back;
    waldo_call *next_of_session;
    waldo_call **link_of_session;
    /* In the server's outbox, or among the replies that wait for its client. */
    waldo_call *next_to_send;
    waldo__arena arena; /* the last: a new call is cleared up to here, but for its reply's room */
};

/* A call from bytes of a peer. Where these lie in *owner, which may be NULL, it may take that.
 * *ret_call: with one reference, in no list yet. */
int waldo__call_new(waldo_server *server, const uint8_t *data, size_t size, waldo__buffer *owner,
                    waldo_call **ret_call, waldo_error *reterr);
/* A call that no client made and that is answered already. NULL: out of memory. */
waldo_call *waldo__call_new_internal(waldo_server *server, waldo__session *session);
void waldo__call_ref(waldo_call *call);
void waldo__call_unref(waldo_call *call);

/* Puts it among its session's calls, where those who end it find it, until it is answered. Once. By
 * the thread that has it, with the server's lock. Not a step of a batch before it is submitted:
 * whoever ends a step goes on with the batch. */
void waldo__call_list(waldo_call *call);
/* The same, and hands it to the pool, as a job of that strand and habit. */
void waldo__call_submit(waldo_call *call, waldo__strand *strand, waldo__habit *habit);
/* The caller is gone or the server ends: marks it and runs on_cancel. Loop thread, no lock held. */
void waldo__call_cancel(waldo_call *call);
/* The reply will not arrive: if there is none yet, none will be sent; else what it carried goes
 * back. Loop thread; any thread for one that is answered. */
void waldo__call_take_back(waldo_call *call);
/* The handler answered, in vain or not: what it answered with goes back. */
void waldo__call_lose(waldo_call *call);
/* The reply goes where `again`, the same request, came from. Loop thread. */
void waldo__call_redirect(waldo_call *call, const waldo_call *again);
/* waldo_call_on_cancel, but false, and on_cancel is not called, if the caller is gone already. */
bool waldo__call_hear_cancel(waldo_call *call, void (*on_cancel)(waldo_call *call, void *data),
                             void *data);
/* Its deadline passed while it was kept. Loop thread. */
void waldo__call_expire(waldo_call *call);

/* The server ends: the caller hears WALDO_EGONE now, whatever the handler does. Loop thread. */
void waldo__call_dismiss(waldo_call *call);

/* Raises what a function of the libraries said, for `return waldo__call_raise_error(call,
 * &error);`. NULL is a no-op, and 0. */
int waldo__call_raise_error(waldo_call *call, const waldo_error *error);

/* ---- after the answer (server/kept.c) ---- */

void waldo__call_keep(waldo_call *call);
void waldo__call_unkeep(waldo_call *call);
/* One of the server's spare calls is not needed any more. */
void waldo__call_end_spare(void *block);
/* It will not be needed for taking the reply back. */
void waldo__call_release_object(waldo_call *call);
/* The reply has arrived. Loop thread. */
void waldo__call_delivered(waldo_call *call);
/* The buffers that body names go with the reply; the call holds them. < 0: *reterr says why not. */
int waldo__call_carry(waldo_call *call, const ProtobufCMessage *body, Waldo__Wire__Reply *reply,
                      waldo_error *reterr);
/* Room for its reply among those that the session keeps; the first one always has it. */
bool waldo__call_take_room(waldo_call *call);

size_t waldo__call_reply_size(const waldo_call *call);
/* The largest reply that server and client let pass, in bytes. */
size_t waldo__call_reply_limit(const waldo_call *call);

/* ---- answering ---- */

/* The bytes that were lent to its result; empty: none, or its reply has to be in one piece, as that
 * of a step. By the thread whose handler answers. */
ProtobufCBinaryData waldo__call_lent(const waldo_call *call);
/* Each answers the call. WALDO_ECANCELLED: it was answered already; nobody gets this, and what it
 * carried goes back. body NULL: an empty message. */
int waldo__call_answer(waldo_call *call, const ProtobufCMessage *body);
int waldo__call_answer_proxy(waldo_call *call, waldo__object *object);
int waldo__call_answer_value(waldo_call *call, const waldo_value *value);
/* code with call->error if that was raised, else with the code's text. */
int waldo__call_answer_error(waldo_call *call, int code);

/* ---- time (server/overdue.c) ---- */

/* The handler kept it: its deadline ends it from now on. */
void waldo__call_watch_deadline(waldo_call *call);
/* Ends kept calls whose deadline has passed, and tells those whose timeout has. Milliseconds until
 * the next, or 0 if there is none. Loop thread. */
uint64_t waldo__calls_end_overdue(waldo_server *server);

/* ---- steps (server/invoke.c) ---- */

int waldo__step_create(waldo_call *call);
int waldo__step_invoke(waldo_call *call);
int waldo__step_next(waldo_call *call);
int waldo__step_repr(waldo_call *call);
int waldo__step_getvalue(waldo_call *call);
int waldo__step_debug_info(waldo_call *call);
int waldo__step_transact(waldo_call *call); /* server/transact.c */
int waldo__step_batch(waldo_call *call);    /* server/batch.c */

/* A message of the descriptor from the request's body; < 0: it was raised. */
int waldo__call_unpack_body(waldo_call *call, const ProtobufCMessageDescriptor *descriptor,
                            ProtobufCMessage **ret_message);
/* Makes the object the result of the call: with a typeid of its own in `type`, found by self or
 * new; *ret_object with a pin. */
int waldo__call_adopt(waldo_call *call, const waldo__type *type, void *self,
                      waldo__object **ret_object);
/* A new object of the type, by its constructor. input: what the constructor takes. *ret_object with
 * a pin. */
int waldo__call_make(waldo_call *call, const waldo__type *type, const ProtobufCMessage *input,
                     waldo__object **ret_object);
/* The same for whoever creates one, who may get a shared object. input: type->create_input. */
int waldo__call_construct(waldo_call *call, const waldo__type *type, const ProtobufCMessage *input,
                          waldo__object **ret_object);
/* The same with arguments as a value: a dict of the fields, a tuple of them in order, or none. */
int waldo__call_construct_from(waldo_call *call, const waldo__type *type,
                               const waldo_value *arguments, waldo__object **ret_object);
/* A message of the descriptor, in the arena, from such a value. descriptor NULL: nothing is taken.
 */
int waldo__call_convert(waldo_call *call, const waldo_value *arguments,
                        const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_input);
/* May the caller create objects of the type? 0, or it was raised. */
int waldo__call_may_create(waldo_call *call, const waldo__type *type);
/* Why there is no new object: the limit, or memory. Returns the code. */
int waldo__call_no_object(waldo_call *call);
/* What the object prints as; only on its strand. NULL: call->error says why not. */
waldo_value *waldo__call_repr(waldo_call *call, waldo__object *object);

#endif
