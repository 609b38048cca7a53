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

#include "../engine/engine.h"
#include "waldo/wire.pb-c.h"
#include "wire/arena.h"
#include "wire/buffer.h"

enum { WALDO__SESSION_ID_BYTES = 16 };

/* A channel and what it owes. */
typedef struct waldo__link {
    struct waldo__link *next_idle;
    struct waldo__link *next; /* all of the manager */
    const waldo__client_engine *engine;
    waldo__channel *channel;
    uint32_t last_id;
    bool owed;   /* the reply to last_id has not been collected: a drop did not wait for it */
    bool broken; /* not to be used again */
} waldo__link;

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

struct waldo_manager {
    atomic_uint references;
    pthread_mutex_t lock;
    waldo_manager *next_manager; /* of fork.c */
    waldo_manager **link_manager;

    waldo_manager_state state;
    bool connected_only; /* row A13 */
    char *address;       /* NULL: none was given */
    waldo__url url;      /* valid once there is an address */
    waldo_registry *registry; /* the program's; for libwaldo-server */
    double connect_timeout, call_timeout, shutdown_timeout;
    size_t max_message;

    const waldo__client_engine *engine;
    waldo__link *idle;
    waldo__link *links;
    uint8_t session[WALDO__SESSION_ID_BYTES];
    uint64_t incarnation;   /* 0: not yet connected */
    /* The largest message that the server takes, 0: not yet known. Read without the lock. */
    atomic_size_t server_max;
    unsigned life;          /* counts forks: proxies of an earlier life must attach again */
    unsigned attached_life; /* the life whose proxies have been attached */
    waldo_proxy *proxies;
    waldo__remote_type *types;

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

/* ---- manager.c ---- */
int waldo__manager_set_address(waldo_manager *manager, const char *address, waldo_error *reterr);
/* WALDO_EPROCESS with Python's words unless the manager is INITIAL (row A6). */
int waldo__manager_check_initial(waldo_manager *manager, waldo_error *reterr);
/* INITIAL becomes STARTED with a session at the address. */
int waldo__manager_enter(waldo_manager *manager, waldo_error *reterr);
/* A duration from outside, in seconds; WALDO_EVALUE if it is negative or no number. */
int waldo__check_seconds(double seconds, const char *what, waldo_error *reterr);

/* ---- links.c: connections ---- */

/* A link that nobody else uses, with a session. */
int waldo__link_take(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                     waldo_error *reterr);
/* A new one, whatever the manager's state. */
int waldo__link_open(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                     waldo_error *reterr);
/* Back to the idle ones, or closed if it is broken. */
void waldo__link_give(waldo_manager *manager, waldo__link *link);
void waldo__links_close_idle(waldo_manager *manager);
/* In a forked child, with the manager's lock: nothing of the parent's connections is used again. */
void waldo__links_abandon(waldo_manager *manager);

/* ---- exchange.c: one request and its reply ---- */

typedef struct waldo__reply {
    Waldo__Wire__Reply *reply; /* in the arena */
    waldo__arena arena;
    waldo__buffer bytes;
} waldo__reply;

/* Sends the request, with `body` in it unless NULL, and waits. On success *ret_reply holds the
 * reply, whose status is >= 0, until waldo__reply_free. An error of the server comes back as its
 * code with *reterr filled. */
int waldo__exchange(waldo_manager *manager, Waldo__Wire__Request *request,
                    const ProtobufCMessage *body, double timeout, waldo__reply *ret_reply,
                    waldo_error *reterr);
/* The same on a link that the caller took. */
int waldo__exchange_on(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                       const ProtobufCMessage *body, waldo__deadline deadline,
                       waldo__reply *ret_reply, waldo_error *reterr);
/* Sends without waiting; the link owes the reply. */
int waldo__send_on(waldo_manager *manager, waldo__link *link, Waldo__Wire__Request *request,
                   waldo__deadline deadline, waldo_error *reterr);
/* Reads the reply that the link owes, if it does. */
int waldo__collect(waldo__link *link, waldo__deadline deadline, waldo_error *reterr);
/* An exchange for whose body nobody asks. */
int waldo__exchange_plain(waldo_manager *manager, Waldo__Wire__Operation operation, double timeout,
                          waldo_error *reterr);
void waldo__reply_free(waldo__reply *reply);

/* ---- process.c ---- */

/* The server process `pid` belongs to the manager from now on. */
void waldo__process_adopt(waldo_manager *manager, pid_t pid);
/* Has this process started the manager's server? */
bool waldo__process_is_ours(const waldo_manager *manager);
/* Closes what belongs to the process that started the server; also in a forked child. */
void waldo__process_let_go(waldo_manager *manager);
/* Removes what was made for the default address. */
void waldo__process_clean_up(waldo_manager *manager);

#endif
