/* A manager: a program's handle on a server that it started or connected to.
 *
 * All functions may be called from any thread. After fork() a manager works on in the child, with
 * connections and a session of its own, for tcp://, ipc:// and ws:// (row D6); libnanomsg cannot be
 * used after fork, so with nn+tcp://, nn+ipc:// and inproc:// a child gets WALDO_EFORK. */
#ifndef WALDO_MANAGER_H
#define WALDO_MANAGER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <waldo/error.h>

WALDO_BEGIN_DECLS

typedef struct waldo_manager waldo_manager;
typedef struct waldo_registry waldo_registry;

/* Row A6. */
typedef enum waldo_manager_state {
    WALDO_MANAGER_INITIAL,
    WALDO_MANAGER_STARTED,
    WALDO_MANAGER_SHUTDOWN
} waldo_manager_state;

/* All zero is a good default. Strings are copied. */
typedef struct waldo_manager_options {
    /* Where the server is or shall be (rows A2, A3):
     *   tcp://127.0.0.1:5555   tcp://[::1]:0   ipc:///run/me.sock   ipc://@abstract
     *   ipc:///run/me.sock?shm=0   does not move to shared memory
     *   ws://127.0.0.1:5555   WebSocket
     *   nn+tcp://  nn+ipc://  inproc://   the same by libnanomsg
     * Port 0 takes a free one. NULL: an ipc socket in a fresh directory of mode 0700. */
    const char *address;
    /* The types that the server offers (waldo/server.h); NULL: the builtin ones. It must outlive
     * the manager. A manager that connects needs none. */
    waldo_registry *registry;
    /* The key that the server wants to see: its bytes; or a key file; or a descriptor that was
     * inherited with one (waldo_manager_share_key), if it is above 0. NULL and 0: for a server that
     * is started, a random key that nobody else has; else the user's own key file
     * (docs/security.md). Row A5. */
    const void *authkey;
    size_t authkey_size;
    const char *authkey_file;
    int authkey_descriptor;
    /* Seconds; 0: the default. */
    double connect_timeout;  /* connection and handshake; 10 */
    double call_timeout;     /* a call that says nothing else; 60; WALDO_FOREVER is allowed */
    double shutdown_timeout; /* each stage of waldo_manager_shutdown; 1 (row A1) */
    /* The largest message taken or sent, in bytes; 0: 64 MiB. */
    size_t max_message;
    /* Microseconds for which a thread that waits for a reply looks for it without sleeping, where
     * replies have lately come within that time: to be woken takes longer than many calls do. Never
     * where the process may use one core only. 0: what WALDO_SPIN_US in the environment says
     * (0 there: never), else 100. Below 0: never. */
    int spin_us;
} waldo_manager_options;

/** A manager in the state INITIAL; options may be NULL. WALDO_EVALUE for an address that is none.
 */
WALDO_CHECK int waldo_manager_new(const waldo_manager_options *options, waldo_manager **ret_manager,
                                  waldo_error *reterr);
/** Connects a manager that is INITIAL: a completed handshake within connect_timeout (row A12).
 *  WALDO_EREFUSED, WALDO_ENOTFOUND: nobody there. WALDO_EPROTOCOL, WALDO_EVERSION: somebody else.
 *  WALDO_EPROCESS: not INITIAL. */
WALDO_CHECK int waldo_manager_connect(waldo_manager *manager, waldo_error *reterr);
/** waldo_manager_new and waldo_manager_connect in one. */
WALDO_CHECK int waldo_connect(const char *address, const waldo_manager_options *options,
                              waldo_manager **ret_manager, waldo_error *reterr);

waldo_manager *waldo_manager_ref(waldo_manager *manager);
/** The last one shuts down a server that this process started (row A16) and closes connections.
 *  NULL is a no-op. Returns NULL. Proxies keep their manager alive. */
waldo_manager *waldo_manager_unref(waldo_manager *manager);
/* For WALDO_AUTO(waldo_manager). */
static inline void waldo_manager_cleanup(waldo_manager **manager)
{
    waldo_manager_unref(*manager);
}

waldo_manager_state waldo_manager_state_of(waldo_manager *manager);
/** What was given until the manager is started, then where the server really listens; NULL if
 *  neither (rows A3, A4). Valid as long as the manager. */
const char *waldo_manager_address(waldo_manager *manager);
/** The server process that waldo_manager_start made; 0 if there is none. */
pid_t waldo_manager_process(waldo_manager *manager);

/** Ends the server that was started here: asks, waits shutdown_timeout, then SIGTERM, waits, then
 *  SIGKILL (row A14). Again is a no-op. WALDO_EATTRIBUTE for a manager that only connected
 *  (row A13), WALDO_EPROCESS for one that was not started. */
int waldo_manager_shutdown(waldo_manager *manager, waldo_error *reterr);
/** Waits until the server process ended (row A18); seconds may be WALDO_FOREVER. 1: ended,
 *  0: still alive. WALDO_EATTRIBUTE: no server was started here. */
WALDO_CHECK int waldo_manager_join(waldo_manager *manager, double seconds, waldo_error *reterr);
/** 1 and the exit code, or -signal, in *ret_code, once the server process has ended; else 0. */
int waldo_manager_exitcode(waldo_manager *manager, int *ret_code);

/** on_gone is called once whenever the server is found to be gone, and again after it was back: by
 *  the thread that noticed, with no lock held. Calls may still be under way then, which end by
 *  themselves within 2 seconds, or with their reply if the server was told to end. reason is
 *  WALDO_EGONE or WALDO_EUNKNOWNOUTCOME. NULL: nobody is called. */
void waldo_manager_on_gone(waldo_manager *manager,
                           void (*on_gone)(waldo_manager *manager, const waldo_error *reason,
                                           void *data),
                           void *data);

/** A descriptor from which a child process can read the manager's key: the child inherits it and
 *  gives its number as authkey_descriptor. It is not closed by exec; close() it when the child is
 *  there. */
WALDO_CHECK int waldo_manager_share_key(waldo_manager *manager, int *ret_descriptor,
                                        waldo_error *reterr);

/** Objects alive in the server (row B9). */
WALDO_CHECK int waldo_manager_number_of_objects(waldo_manager *manager, uint64_t *ret_count,
                                                waldo_error *reterr);
/** A line for each object, sorted by id (row B10). free() *ret_text. */
WALDO_CHECK int waldo_manager_debug_info(waldo_manager *manager, char **ret_text,
                                         waldo_error *reterr);
/** Asks the server for nothing, to see that it is there (row B21). */
WALDO_CHECK int waldo_manager_ping(waldo_manager *manager, waldo_error *reterr);

WALDO_END_DECLS

#endif
