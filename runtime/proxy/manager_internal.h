/* The manager as its own files and libwaldo-server see it.
 *
 * `lock` guards what threads share: channels, method tables, proxies, the state. It is never held
 * while a channel is used. fork() takes the locks of all managers, so that a child finds them free
 * (runtime/proxy/fork.c). */
#ifndef WALDO_RUNTIME_PROXY_MANAGER_INTERNAL_H
#define WALDO_RUNTIME_PROXY_MANAGER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <waldo/manager.h>
#include <waldo/proxy.h>

#include "proxy/link.h"
#include "secure/keyring.h"
#include "waldo/wire.pb-c.h"
#include "wire/arena.h"
#include "wire/buffer.h"
#include "wire/spares.h"

enum { WALDO__SESSION_ID_BYTES = 16 };

/* The exposed methods of a typeid at one life of the server, sorted by name. Never changes, lives
 * as long as the manager. */
typedef struct waldo__remote_type {
    struct waldo__remote_type *next;
    uint64_t incarnation;
    char *type_id;
    size_t count;
    const char **names; /* NULL at the end */
    uint32_t *numbers;
    _Atomic(struct waldo__binding *) bindings;
} waldo__remote_type;

/* The server's numbers for the methods of a generated table; 0: the object has no such method. */
typedef struct waldo__binding {
    struct waldo__binding *next;
    const waldo_proxy_type *type;
    uint32_t numbers[];
} waldo__binding;

/* A request whose reply has not arrived. It holds back what is acknowledged. */
typedef struct waldo__pending {
    struct waldo__pending *next;
    struct waldo__pending *previous;
    uint64_t sequence;
    bool given_up; /* on the heap; the server has yet to hear that nobody waits */
    /* Of a DROP, which is said again rather than taken back; else 0. */
    uint64_t dropped_object;
    uint64_t dropped_incarnation;
    unsigned dropped_life; /* of the session that held the reference */
} waldo__pending;

struct waldo_manager {
    atomic_uint references;
    pthread_mutex_t lock;
    waldo_manager *next_manager; /* of fork.c */
    waldo_manager **link_manager;

    waldo_manager_state state;
    bool connected_only;      /* row A13 */
    char *address;            /* NULL: none was given */
    waldo__url url;           /* valid once there is an address */
    waldo_registry *registry; /* the program's; for libwaldo-server */
    double connect_timeout, call_timeout, shutdown_timeout;
    size_t max_message;
    waldo__spinning spin; /* as a new link has it */
    char *authkey_file;   /* what the options gave, for a server; or NULL */
    waldo__keyring *keys; /* its first key is used; NULL: none yet */

    const waldo__client_engine *engine;
    /* The link that all threads use, if the server lets many calls share one; or NULL. */
    waldo__link *shared;
    waldo__link *idle; /* of those that carry one call at a time */
    waldo__link *links;
    bool one_is_enough; /* the server last said that calls may share a link */
    bool opening;       /* a link that others can share is being opened */
    pthread_t opener;
    pthread_cond_t opened; /* ... no longer */
    unsigned failed_opens; /* counts them */
    int open_status;       /* of the last one that failed */
    waldo_error open_error;
    uint8_t session[WALDO__SESSION_ID_BYTES];
    uint64_t incarnation;    /* 0: not yet connected */
    uint64_t session_number; /* at the server */
    double lease;            /* seconds; what the server grants */
    double grace;            /* the same, without a connection */
    size_t server_max;       /* the largest message that the server takes */
    unsigned life;           /* counts sessions: proxies of an earlier one must attach again */
    unsigned attached_life;  /* the life whose proxies have been attached */
    waldo_proxy *proxies;
    uint64_t last_sequence;
    waldo__pending *first_pending; /* requests without a reply, oldest first */
    waldo__pending *last_pending;
    size_t pending_count;
    uint64_t listed_at; /* last_sequence when they were listed for the server */
    void (*on_gone)(waldo_manager *manager, const waldo_error *reason, void *data);
    void *on_gone_data;
    unsigned told_lives; /* on_gone knows that the lives before this one are over */

    /* The heartbeat's thread (runtime/session/heartbeat.c). */
    pthread_t heart;
    pthread_cond_t heart_wakes;
    pid_t heart_process; /* where it runs; 0: nowhere */
    bool heart_runs;     /* the thread has begun */
    bool heart_stops;
    bool heart_beats;          /* it is in the middle of asking the server */
    _Atomic uint64_t heard_at; /* when the server last answered; waldo__now() */
    uint64_t look_at;          /* when to see whether there is a connection */
    uint64_t missed_until;     /* nobody was there a moment ago; waldo__now() */
    waldo__remote_type *types;
    waldo__spares spare_futures;

    /* The server process that was started here. */
    pid_t server_pid;
    pid_t creator;
    int server_handle; /* a pidfd, or -1 */
    /* The end of a pipe that no other process has: it closes with this one, however that ends, and
     * the server process sees it. Or -1. */
    int life_line;
    bool server_ended;
    int server_status; /* of waitpid, once it ended */
    char *directory;   /* made for the default address, to be removed; or NULL */
};

/* ---- fork.c: the process's managers ---- */
void waldo__managers_add(waldo_manager *manager);
void waldo__managers_remove(waldo_manager *manager);
/* Addresses change under this lock: other managers look at them. */
void waldo__managers_lock(void);
void waldo__managers_unlock(void);
/* The same around a fork() of this thread, in both processes. */
void waldo__managers_lock_for_fork(void);
void waldo__managers_unlock_after_fork(void);
/* The key of the server at this address if a manager of this process, or of one that it was forked
 * from, started it; else *ret_ring is untouched. */
int waldo__managers_find_key(const char *address, waldo__keyring **ret_ring, waldo_error *reterr);

/* ---- manager.c ---- */
int waldo__manager_set_address(waldo_manager *manager, const char *address, waldo_error *reterr);
/* WALDO_EPROCESS with Python's words unless the manager is INITIAL (row A6). */
int waldo__manager_check_initial(waldo_manager *manager, waldo_error *reterr);
/* The keys, where the options gave none: the user's own, or new ones that nobody else has. */
int waldo__manager_use_default_keys(waldo_manager *manager, waldo_error *reterr);
int waldo__manager_make_keys(waldo_manager *manager, waldo_error *reterr);
/* waldo_manager_unref; true: it was the last reference. */
bool waldo__manager_release(waldo_manager *manager);
/* INITIAL becomes STARTED with a session at the address. */
int waldo__manager_enter(waldo_manager *manager, waldo_error *reterr);
/* Tells on_gone when status says that the server is gone, for each life of the session once unless
 * it was resumed meanwhile. */
void waldo__manager_notice(waldo_manager *manager, unsigned life, int status,
                           const waldo_error *error);
/* Counts the sessions that the manager has had. */
unsigned waldo__manager_life(waldo_manager *manager);
/* Seconds after which the server forgets a client that it does not hear of. */
double waldo__manager_lease(waldo_manager *manager);
/* A duration from outside, in seconds; WALDO_EVALUE if it is negative or no number. */
int waldo__check_seconds(double seconds, const char *what, waldo_error *reterr);

/* ---- links.c: connections ---- */

typedef struct waldo__attempt waldo__attempt;

/* A link with a session that can carry the call: the one that all share, or one that nobody else
 * uses. The attempt that it is for boards it: see attempt.h; or NULL. */
int waldo__link_take(waldo_manager *manager, waldo__attempt *attempt, waldo__deadline deadline,
                     waldo__link **ret_link, waldo_error *reterr);
/* For what can be said later as well: a new link only if it can be had within a moment, and not if
 * the last try was a moment ago and in vain. */
int waldo__link_take_soon(waldo_manager *manager, waldo__attempt *attempt, waldo__deadline deadline,
                          waldo__link **ret_link, waldo_error *reterr);
/* A new one, whatever the manager's state. Others may share it from now on. */
int waldo__link_open(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                     waldo_error *reterr);
/* The caller's call is over. A link that is broken or takes no new calls goes with its last.
 * arrived: the request whose reply has come; or NULL. */
void waldo__link_give(waldo_manager *manager, waldo__link *link, waldo__pending *arrived);
/* The server takes no new calls on it. */
void waldo__link_retire(waldo_manager *manager, waldo__link *link);
/* No more calls on the link, which is the caller's, nor on idle ones. NULL: on none that is there.
 */
void waldo__links_retire(waldo_manager *manager, waldo__link *link);
/* Is there a connection that new calls can use? */
bool waldo__links_can_carry(waldo_manager *manager);
/* Is there a connection, as far as is known? Closes idle ones that are broken. */
bool waldo__links_are_there(waldo_manager *manager);
/* Sends what was queued on the shared link. */
int waldo__links_flush(waldo_manager *manager, waldo__deadline deadline, waldo_error *reterr);
/* Remembers how far each link has got. One that came through a waldo__links_interrupt of the
 * silent, and has been silent from one mark to the next, is interrupted after all: what had come
 * may have been the rest of a message whose length was damaged. */
void waldo__links_mark(waldo_manager *manager);
/* Whoever waits on a connection gets WALDO_EGONE and makes a new one. `silent`: only where nothing
 * has moved since waldo__links_mark. */
void waldo__links_interrupt(waldo_manager *manager, bool silent);
/* Calls that have waited in silence for some leases, each on a connection of its own, ask again on
 * new ones: heartbeats do not go by theirs, and so do not notice that it is dead, or that a reply
 * was lost for a damaged length. */
void waldo__links_ask_again(waldo_manager *manager);
/* In a forked child, with the manager's lock: nothing of the parent's connections is used again. */
void waldo__links_abandon(waldo_manager *manager);

/* ---- open.c ---- */

/* A new link, among the manager's, with one user; its session is there, and all references of an
 * earlier one are attached. The deadline is no later than connect_timeout says. */
int waldo__link_connect(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                        waldo_error *reterr);
/* With the manager's lock: out of the list. */
void waldo__link_forget(waldo_manager *manager, waldo__link *link);

/* ---- pending.c: which requests have no reply yet ---- */

/* Numbers a new request. */
void waldo__pending_begin(waldo_manager *manager, waldo__pending *pending);
/* The same, with the manager's lock. */
void waldo__pending_add(waldo_manager *manager, waldo__pending *pending);
/* Its reply is here, or it was never sent. */
void waldo__pending_end(waldo_manager *manager, waldo__pending *pending);
/* The same, with the manager's lock. */
void waldo__pending_unlink(waldo_manager *manager, waldo__pending *pending);
/* Nobody waits for it any more: it is remembered until the server has heard so. */
void waldo__pending_give_up(waldo_manager *manager, waldo__pending *pending);
/* Fills in which replies have arrived. What it lists is the link's until its next request. */
void waldo__pending_acknowledge(waldo_manager *manager, waldo__link *link,
                                Waldo__Wire__Request *request);
/* The same where nothing has to be listed; else false. With the manager's lock. */
bool waldo__pending_acknowledge_briefly(waldo_manager *manager, Waldo__Wire__Request *request);
/* Tells the server of requests given up; what could not be told stays for the next time. */
/* A shared link that does not answer at all is broken then. */
void waldo__pending_settle(waldo_manager *manager, waldo__link *link, waldo__deadline deadline);
/* The session that they belonged to is over. With the manager's lock. */
void waldo__pending_forget_given_up(waldo_manager *manager);

/* ---- exchange.c: one request and its reply ---- */

typedef struct waldo__reply {
    Waldo__Wire__Reply *reply; /* in the arena */
    waldo__arena arena;
    waldo__buffer bytes; /* what came */
    /* Where led > 0 the reply's body ends with a single byte in place of its tail, which is the led
     * bytes that `bytes` begins with: the reply was read from the short message. */
    size_t led;
    size_t lead; /* bytes of the whole message before the tail */
    waldo__buffer short_message;
    unsigned life; /* of the session that it belongs to */
} waldo__reply;

/* How one try to get an answer ended. */
typedef struct waldo__outcome {
    bool sent;     /* perhaps: the server may have the request */
    bool answered; /* the reply is here, if only with an error */
    bool refused;  /* the server did nothing: it has no such session, or ends */
    bool nonsense; /* the reply is none: asking again would not help */
} waldo__outcome;

/* Sends the request, with `body` in it unless NULL, and waits. Where the connection breaks it is
 * made again and the request sent again under the same number. On success *ret_reply holds the
 * reply, whose status is >= 0, until waldo__reply_free. An error of the server comes back as its
 * code with *reterr filled. */
int waldo__exchange(waldo_manager *manager, Waldo__Wire__Request *request,
                    const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                    waldo_error *reterr);
/* The same, but the reply may be in two parts: see led. */
int waldo__exchange_in_parts(waldo_manager *manager, Waldo__Wire__Request *request,
                             const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                             waldo_error *reterr);
/* Makes it one again. As the exchange, if it cannot be read. */
int waldo__reply_join(waldo__reply *reply, waldo_error *reterr);
/* As the first, but only in this life of the session: WALDO_EKEY, and nothing was sent, in another.
 */
int waldo__exchange_in(waldo_manager *manager, unsigned life, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                       waldo_error *reterr);
/* The same, once, on a link that the caller took. *ret_outcome is filled in any case. */
int waldo__exchange_on(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, waldo__deadline deadline,
                       waldo__reply *ret_reply, waldo__outcome *ret_outcome, waldo_error *reterr);
/* An exchange for whose body nobody asks. */
int waldo__exchange_plain(waldo_manager *manager, Waldo__Wire__Operation operation, double timeout,
                          waldo_error *reterr);
/* An empty one. */
void waldo__reply_init(waldo__reply *reply, unsigned life);
void waldo__reply_free(waldo__reply *reply);
/* Fills *reterr from a reply with an error; returns its code. */
int waldo__remote_error(const Waldo__Wire__Reply *reply, waldo_error *reterr);

/* ---- process.c ---- */

/* The server process `pid` belongs to the manager from now on. */
void waldo__process_adopt(waldo_manager *manager, pid_t pid);
/* Has this process started the manager's server? */
bool waldo__process_is_ours(const waldo_manager *manager);
/* Closes what belongs to the process that started the server; also in a forked child. */
void waldo__process_let_go(waldo_manager *manager);
/* False if it is known that the server process has ended. */
bool waldo__server_may_return(waldo_manager *manager);
/* Removes what was made for the default address. */
void waldo__process_clean_up(waldo_manager *manager);

/* Of futures that are over (proxy/future.c). */
void waldo__futures_init(waldo__spares *spares);

#endif
