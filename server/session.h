/* Sessions: one client process's presence, what it holds, and the connections it came by.
 *
 * A session outlives its connections. It ends by a goodbye, when its client is not heard of for the
 * lease, or when it has been without a connection for the grace time.
 *
 * Requests that change something carry a sequence number, and the call of each is kept until the
 * client has acknowledged its reply. The same number again is the same request: it is answered from
 * there, or joined while it is under way, and never executed twice.
 *
 * Sessions and kept calls belong to the loop's thread. References, watched objects and the
 * list of calls are guarded by the server's lock, as objects are. */
#ifndef WALDO_SERVER_SESSION_H
#define WALDO_SERVER_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/service.h>

#include "map.h"
#include "object.h"
#include "pool.h"
#include "secure/key.h"
#include "waldo/wire.pb-c.h"

enum { WALDO__SESSION_ID_SIZE = 16 };

typedef struct waldo__session {
    uint8_t id[WALDO__SESSION_ID_SIZE];
    waldo__key *key; /* who may resume it, and its rights; other threads: with the server's lock */
    uint64_t number; /* among the sessions of this life of the server */
    waldo_server *server;
    atomic_uint users;    /* the table, and calls under way */
    unsigned connections; /* bound to it */
    uint64_t orphaned_at; /* loop time in ms when the last connection went */
    uint64_t heard_at;    /* and when something last came */
    bool ended;
    bool said_goodbye;         /* before it ended; of the loop's thread until then */
    atomic_size_t max_message; /* the largest that the client takes; read by any thread */
    atomic_bool near;          /* a process of this host and user: it may send places */
    /* Replies up to here have arrived, but for those to `outstanding`, which are in order. */
    uint64_t acknowledged;
    uint64_t *outstanding;
    size_t outstanding_count;
    waldo__map kept;       /* sequence -> waldo_call, or what stands for one that was cancelled */
    waldo__map references; /* object id -> waldo__held */
    waldo__map watched;    /* object id -> waldo__notice of the session's end */
    waldo_call *calls;     /* under way */
    waldo__strand reports; /* debug information is made one at a time */
    atomic_uint report_count;
    atomic_uint_fast64_t kept_bytes; /* of replies in `kept` */
} waldo__session;

/* References of one session on one object. */
typedef struct waldo__held {
    waldo__object *object;
    uint64_t count;
} waldo__held;

/* The session of a Hello, made if it is not there. < 0: refused, call->error says why. */
int waldo__session_open(waldo_call *call, const Waldo__Wire__Hello *hello, waldo__key *key,
                        waldo__session **ret_session);
/* A new ring is in force: sessions of keys that are gone end. */
void waldo__sessions_check_keys(waldo_server *server);
void waldo__session_bind(waldo__session *session);
/* The last connection is gone: the session ends after the grace time. */
void waldo__session_unbind(waldo__session *session);
/* Gives back all that it holds, cancels its calls, takes back replies that did not arrive, and
 * tells the objects that watch it. Its connections stay, with no session. */
void waldo__session_end(waldo__session *session);

/* Forgets the replies that the client says have arrived. < 0: call->error says why not. */
int waldo__session_acknowledge(waldo__session *session, waldo_call *call);
/* What to do with a request that carries a sequence number: 1: it is new, and kept now; 0: it was
 * seen before and will be answered, if it was not already; < 0: refused, call->error says why. */
int waldo__session_admit(waldo__session *session, waldo_call *call);
/* Nobody will take the reply to this request, which may not even have come yet. */
void waldo__session_cancel(waldo__session *session, uint64_t sequence);

/* The server itself did nothing for a while: the time of each begins anew. */
void waldo__sessions_excuse(waldo_server *server);

void waldo__session_ref(waldo__session *session);
void waldo__session_unref(waldo__session *session);

/* Ends sessions whose lease or grace is over, with their connections. Milliseconds until the next
 * one could be, or 0 if there is none. */
uint64_t waldo__sessions_expire(waldo_server *server);

/* With the server's lock held: */

/* One reference more; false: out of memory, or the session has ended. */
bool waldo__session_hold(waldo__session *session, waldo__object *object);
/* The object hears of the session's end, once; false: out of memory. */
bool waldo__session_watch(waldo__session *session, waldo__object *object);
void waldo__session_unwatch(waldo__session *session, waldo__object *object);
/* Gives references back; false: the session holds fewer. */
bool waldo__session_drop(waldo__session *session, uint64_t object, uint64_t count);

#endif
