/* A request until there is an answer to it: one try after the other, where connections break. */
#ifndef WALDO_RUNTIME_PROXY_ATTEMPT_H
#define WALDO_RUNTIME_PROXY_ATTEMPT_H

#include "memory/carry.h"
#include "proxy/manager_internal.h"

/* One try, on one link. */
typedef struct waldo__way {
    waldo_manager *manager;
    waldo__link *link;
    waldo__slot slot;
    bool in_parts; /* the reply may be */
    waldo__outcome outcome;
} waldo__way;

/* Sends; the request says already what has arrived, or it is told to; with may_wait perhaps
 * together with later requests. After success comes a wait for the slot; after that, or a failure,
 * waldo__way_finish. */
int waldo__way_send(waldo__way *way, Waldo__Wire__Request *request, const ProtobufCMessage *body,
                    bool acknowledges, bool may_wait, waldo__deadline deadline,
                    waldo_error *reterr);
/* The wait ended with that status: fills in the outcome, and the reply if there is one. */
int waldo__way_finish(waldo__way *way, int status, waldo__reply *ret_reply, waldo_error *reterr);

/* What the caller fills in stands first. */
struct waldo__attempt {
    waldo_manager *manager;
    Waldo__Wire__Request *request;
    const ProtobufCMessage *body; /* in place of the request's; or NULL */
    waldo__deadline deadline;
    waldo__deadline absent_patience; /* WALDO__NEVER; since nobody was found at its address */
    const unsigned *only_life; /* of the session: in another one there is nothing to ask; or NULL */
    unsigned life;             /* of the session, when the server was last reached */
    bool may_wait;             /* for later requests */
    bool in_parts;             /* the reply may be */
    atomic_bool called_off;    /* by another thread: it is not tried again */
    waldo__carried carried;    /* the buffers that the body names; to be freed by the caller */

    waldo__way way; /* its link: the caller's until the try is over */
    /* Of looking for the server, since it was last reached; 0: it has not been missed. */
    waldo__deadline patience;
    uint64_t connected_at;
    unsigned pause_ms;
    unsigned broken_at_once; /* connections in a row */
    bool sent;               /* perhaps: the server may have it */
    bool answered;           /* the reply is here, if only with an error */
    unsigned sent_life;      /* of the session, when it was sent */
    bool acknowledges;       /* the request says what has arrived */
    bool numbered;           /* the request has a number, as one that changes something has when it
                                first gets a link */
    waldo__pending pending;  /* if it is numbered */
};

/* It has a link. With the manager's lock. */
void waldo__attempt_board(waldo__attempt *attempt);
/* 0: the request is under way on the attempt's link, and its slot has to be waited for; else it is
 * over. */
int waldo__attempt_send(waldo__attempt *attempt, waldo_error *reterr);
/* The wait ended with that status. 1: send again; else it is over. */
int waldo__attempt_conclude(waldo__attempt *attempt, int status, waldo__reply *ret_reply,
                            waldo_error *reterr);
/* The error of one that was called off. */
int waldo__attempt_cancelled(waldo_error *reterr);
/* Once it is over, with that status. */
void waldo__attempt_end(waldo__attempt *attempt, int status);

#endif
