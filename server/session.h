/* Sessions: one client process's presence, what it holds, and the connections it came by.
 *
 * Sessions and bindings belong to the loop's thread. A session's references and calls are guarded
 * by the server's lock, as objects are. */
#ifndef WALDO_SERVER_SESSION_H
#define WALDO_SERVER_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/service.h>

#include "map.h"
#include "object.h"
#include "waldo/wire.pb-c.h"

struct waldo__endpoint;

enum { WALDO__SESSION_ID_SIZE = 16 };

typedef struct waldo__session {
    uint8_t id[WALDO__SESSION_ID_SIZE];
    waldo_server *server;
    unsigned users;       /* the table, and calls under way */
    unsigned connections; /* bound to it */
    uint64_t orphaned_at; /* loop time in ms when the last connection went */
    bool ended;
    atomic_size_t max_message; /* the largest that the client takes; read by any thread */
    waldo__map references; /* object id -> waldo__held */
    waldo_call *calls;     /* under way */
} waldo__session;

/* References of one session on one object. */
typedef struct waldo__held {
    waldo__object *object;
    uint64_t count;
} waldo__held;

/* The session of a Hello, made if it is not there. NULL: out of memory. */
waldo__session *waldo__session_open(waldo_server *server, const Waldo__Wire__Hello *hello,
                                    bool *ret_resumed);
void waldo__session_bind(waldo__session *session);
/* The last connection is gone: the session ends after the grace time. */
void waldo__session_unbind(waldo__session *session);
/* Cancels the calls that came by this connection (endpoint NULL: by any): their replies have no way
 * back. */
void waldo__session_cancel(waldo__session *session, const struct waldo__endpoint *endpoint,
                           uint64_t connection);
/* Gives back all that it holds and cancels its calls. */
void waldo__session_end(waldo__session *session);
void waldo__session_ref(waldo__session *session);
void waldo__session_unref(waldo__session *session);

/* Sessions that have been without a connection for the grace time end. Milliseconds until the next
 * one will, or 0 if none waits. */
uint64_t waldo__sessions_expire(waldo_server *server);

/* With the server's lock held: */

/* One reference more; false: out of memory, or the session has ended. */
bool waldo__session_hold(waldo__session *session, waldo__object *object);
/* Gives references back; false: the session holds fewer. */
bool waldo__session_drop(waldo__session *session, uint64_t object, uint64_t count);

#endif
