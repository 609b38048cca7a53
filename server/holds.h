/* References that are held by something else than a session: by a value inside an object (a
 * container, say), or by a token that is on its way to somebody.
 *
 * A value that is decoded in a server's process and names one of the server's objects holds it
 * until the value is freed: whatever a type stores stays alive, and goes with its container. A
 * proxy that leaves the server in a value, or was exported, leaves a ticket behind, which holds the
 * object until the receiver attaches, or for the transit time. */
#ifndef WALDO_SERVER_HOLDS_H
#define WALDO_SERVER_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

#include "object.h"
#include "wire/buffer.h"

/* One reference of a value. */
typedef struct waldo__hold {
    struct waldo__hold *next; /* of the server */
    struct waldo__hold **link;
    waldo__object *object;
    uint64_t holder; /* the object whose handler decoded the value; 0: none */
} waldo__hold;

/* The holds and tickets of a server; guarded by its lock. */
typedef struct waldo__holds {
    waldo__hold *first;
    waldo__map tickets; /* number -> ticket */
    waldo__map issued;  /* number of a session, 0: none -> how many of them it has, as a pointer */
    uint64_t next_expiry; /* ms on the loop's clock; 0: none */
} waldo__holds;

/* The server keeps what values name from now on. WALDO_ENOMEM. */
int waldo__holds_begin(waldo_server *server, waldo_error *reterr);
void waldo__holds_end(waldo_server *server);
/* Before the objects are freed, with no thread left: values that outlive the server hold nothing.
 */
void waldo__holds_orphan(waldo_server *server);
/* A ticket for the object, of a session's number; 0: no memory, or it has too many. With the
 * server's lock. */
uint64_t waldo__ticket_new(waldo_server *server, waldo__object *object, uint64_t session);
/* Takes the ticket away: its reference is given back. False: it is not there, or another object's.
 * With the server's lock. */
bool waldo__ticket_redeem(waldo_server *server, uint64_t ticket, uint64_t object);
/* Ends tickets whose time is over. Milliseconds until the next one's, or 0. Loop thread. */
uint64_t waldo__tickets_expire(waldo_server *server);
/* Appends a line for each cycle of objects that keep each other alive (server/cycles.c); the lock
 * is held for no longer than it takes to copy who holds whom. false: out of memory. */
bool waldo__holds_report_cycles(waldo_server *server, waldo__buffer *text);

/* The object whose handler runs on this thread, and the number of the caller's session; 0: none. */
void waldo__holds_set_holder(uint64_t object, uint64_t session);

#endif
