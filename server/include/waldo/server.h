/* Hosting objects: the registry of types, the server, and managers that start one.
 *
 *     waldo_registry *registry = waldo_registry_new(NULL);
 *     shop_counter_register(registry, &ops, NULL, &err);
 *     waldo_server_new(registry, NULL, &server, &err);
 *     waldo_server_listen(server, "tcp://127.0.0.1:5555", NULL, &err);
 *     waldo_server_serve_forever(server, &err);
 */
#ifndef WALDO_SERVER_H
#define WALDO_SERVER_H

#include <waldo/limits.h>
#include <waldo/service.h>
#include <waldo/waldo.h>

WALDO_BEGIN_DECLS

typedef struct waldo_server waldo_server;

/* ---- Registry (rows C1-C11): written by one thread at a time; complete it before a server uses it
 * ---- */

/** A registry that has the types of parent (NULL: the builtin ones) as they are now; what is added
 *  to it later does not change the parent (row C1). NULL: out of memory. */
waldo_registry *waldo_registry_new(const waldo_registry *parent);
waldo_registry *waldo_registry_ref(waldo_registry *registry);
waldo_registry *waldo_registry_unref(waldo_registry *registry);

/** Registers every typeid that the .proto gives the service; what the generated NAME_register
 *  calls. service, ops and type_data must outlive the registry. All or none are registered.
 *  WALDO_EEXIST: a typeid is taken. WALDO_EVALUE: an exposed name that is no method, a missing
 *  handler. WALDO_EVERSION: generated for another ABI. */
WALDO_CHECK int waldo_registry_add_service(waldo_registry *registry, const waldo_service *service,
                                           const void *ops, void *type_data, waldo_error *reterr);

/* One entry of Python's method_to_typeid: the method returns a proxy of that typeid. */
typedef struct waldo_method_to_typeid {
    const char *method;
    const char *type_id;
} waldo_method_to_typeid;

/* Python's register(), where the .proto does not decide. Zero is the default. Strings are copied.
 */
typedef struct waldo_registration {
    const char *type_id;
    const char *const *exposed; /* NULL at the end; NULL or empty: the public methods (row C4) */
    /* Ends with {NULL, NULL}; its methods are exposed too (row C8). They must return waldo.Ref. */
    const waldo_method_to_typeid *method_to_typeid;
    bool no_create; /* row C2 */
} waldo_registration;

/** Registers one typeid of the caller's choice. Errors as waldo_registry_add_service. */
WALDO_CHECK int waldo_registry_add(waldo_registry *registry, const waldo_registration *registration,
                                   const waldo_service *service, const void *ops, void *type_data,
                                   waldo_error *reterr);

/** Registers name as a typeid for which every client that creates it gets a proxy of the same
 *  object, as with Python's register('get_queue', callable=lambda: queue). It is of the registered
 *  type type_id, whose methods it exposes, and each server makes it once: with these arguments (as
 *  waldo_proxy_create takes them), in the call of the client that asks first, also where clients
 *  cannot create the type itself. A constructor that fails gives its error to that client, and the
 *  next one to ask makes it run again. The object ends with the server. Clients give no arguments
 *  (WALDO_ETYPE). Rights of keys count for name (docs/security.md), unless
 *  the constructor gives a self that is an object already (row B7). TAKES arguments.
 *  WALDO_EEXIST: name is taken. WALDO_EKEY: there is no such type (yet). WALDO_EVALUE: name is no
 *  identifier; the type has no constructor, or is itself a shared object. WALDO_ETYPE and others:
 *  no arguments for that constructor. */
WALDO_CHECK int waldo_registry_share(waldo_registry *registry, const char *name,
                                     const char *type_id, waldo_value *arguments,
                                     waldo_error *reterr);

/* ---- Modules: shared objects that register types, for waldod --load ---- */

/* In a module, once, at file scope; initialize is
 *     int initialize(waldo_registry *registry, waldo_error *reterr);                             */
#define WALDO_MODULE(initialize)                                                                   \
    const unsigned waldo_module_abi = WALDO_ABI;                                                   \
    int waldo_module_init(waldo_registry *registry, waldo_error *reterr)                           \
    {                                                                                              \
        return initialize(registry, reterr);                                                       \
    }                                                                                              \
    struct waldo_module_needs_a_semicolon

extern const unsigned waldo_module_abi;
int waldo_module_init(waldo_registry *registry, waldo_error *reterr);

/** Loads a module and runs its initialize. It stays loaded. WALDO_EMODULE: cannot be loaded, or is
 *  no module; WALDO_EVERSION: made for another ABI; else what initialize returned. */
WALDO_CHECK int waldo_registry_load(waldo_registry *registry, const char *path,
                                    waldo_error *reterr);

/* ---- Server ---- */

typedef struct waldo_server_options {
    /* Who is let in: the bytes of one key, with all rights; or the file of a key ring (mode 0600,
     * docs/security.md); NULL both: the user's own key file, which is made if it is not there. Both
     * must outlive the server; the file is read again by waldo_server_reload_keys. */
    const void *authkey;
    size_t authkey_size;
    const char *authkey_file;
    /* Called on the loop's thread after a reload; status < 0: the ring before is still in force. */
    void (*on_reloaded)(int status, const waldo_error *error, void *data);
    void *on_reloaded_data;
    size_t max_message;   /* bytes; 0: 64 MiB; the same as limits[WALDO_LIMIT_MESSAGE] */
    unsigned max_threads; /* handlers that run or block at the same time; 0: 256 */
    double lease;         /* seconds a session lives on when nothing is heard of it; 0: 10 */
    double transit;       /* seconds a proxy in a value keeps its object on the way; 0: 60 */
    double grace;         /* seconds it lives on without a connection; 0: 2 */
    double handshake;     /* seconds a stranger has to prove that it holds a key; 0: 10 */
    /* Microseconds for which the server looks for the next request before it sleeps, while requests
     * have lately come within that time; on one processor it never does. Answers come sooner by
     * what it takes to wake a thread, for some processor time (docs/performance.md). 0: what
     * WALDO_SPIN_US in the environment says, else 100; below 0: never. */
    int spin_us;
    uint64_t limits[WALDO_LIMIT_COUNT]; /* 0: the default (waldo/limits.h) */
} waldo_server_options;

/** Registry NULL: the builtin types. The registry is kept, not taken. */
WALDO_CHECK int waldo_server_new(waldo_registry *registry, const waldo_server_options *options,
                                 waldo_server **ret_server, waldo_error *reterr);
/** Listens on one more URL, before or while serving only from the serving thread. *ret_address
 *  (may be NULL) is where it really listens, with the port; valid as long as the server.
 *  WALDO_EADDRESSINUSE; WALDO_EVALUE: no address. On tcp://, nn+tcp:// and ws:// everything is
 *  encrypted; there is no switch. */
WALDO_CHECK int waldo_server_listen(waldo_server *server, const char *url, const char **ret_address,
                                    waldo_error *reterr);
/** Serves until waldo_server_stop or a client's shutdown. */
WALDO_CHECK int waldo_server_serve_forever(waldo_server *server, waldo_error *reterr);
/** For a process that is nothing but a server, as waldod and what managers start are: malloc()
 * keeps up to 32 MiB of what large values leave, for the next ones, instead of having the system
 * take the pages away and clear new ones each time. Changes the whole process. With other C
 * libraries than glibc it does nothing. */
void waldo_server_keep_memory(void);
/** Ends serve_forever: calls that run are finished, their replies sent, clients told. Any thread;
 *  also from a signal handler. */
void waldo_server_stop(waldo_server *server);
/** How much of a limit is in use. Any thread. */
void waldo_server_usage(waldo_server *server, enum waldo_limit which, waldo_limit_usage *ret_usage);
/** Reads the key file again. Sessions of keys that are gone end. Any thread; also from a signal
 *  handler. */
void waldo_server_reload_keys(waldo_server *server);
/** After serving: does a handler still run? waldo_server_free would wait for it. */
bool waldo_server_is_busy(waldo_server *server);
/** Not while serving. Waits for handlers that run, destroys the objects. Returns NULL. */
waldo_server *waldo_server_free(waldo_server *server);

/* ---- Managers that start a server ---- */

/** Starts the manager's server in a process of its own and connects (rows A6-A11). The process is
 *  forked: start managers before threads. It runs initialize(data) first, which may be NULL; it
 *  ignores SIGINT, drains on SIGTERM, and ends when this process ends, however that happens.
 *  What kept it from starting comes back here; it has connect_timeout for it, with initialize.
 *  WALDO_EPROCESS: not INITIAL. */
WALDO_CHECK int waldo_manager_start(waldo_manager *manager,
                                    int (*initialize)(void *data, waldo_error *reterr), void *data,
                                    waldo_error *reterr);
/** A server in this process, bound to the manager's address, not yet serving (row A19). The
 *  manager stays INITIAL. */
WALDO_CHECK int waldo_manager_get_server(waldo_manager *manager, waldo_server **ret_server,
                                         waldo_error *reterr);
/** Where the server listens first; NULL before waldo_server_listen. */
const char *waldo_server_address(const waldo_server *server);

WALDO_END_DECLS

#endif
