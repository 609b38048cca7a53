/* Proxies as the proxy layer's own files see them. */
#ifndef WALDO_RUNTIME_PROXY_PROXY_INTERNAL_H
#define WALDO_RUNTIME_PROXY_PROXY_INTERNAL_H

#include "proxy/manager_internal.h"

/* Items of a generator that have come and are not taken yet. */
typedef struct waldo__proxy_items waldo__proxy_items;

struct waldo_proxy {
    atomic_uint references;
    waldo_manager *manager; /* kept alive */
    const waldo__remote_type *type;
    uint64_t object;
    uint64_t incarnation;
    _Atomic double timeout;    /* seconds; 0: the manager's */
    ProtobufCMessage *item;    /* the last one of a generator, until the next */
    waldo__proxy_items *items; /* NULL: it has not been asked for any */
    /* Guarded by the manager's lock: */
    waldo_value *own; /* attributes whose names begin with '_'; NULL: none */
    unsigned life;    /* the life of the session in which its reference was taken */
    waldo_proxy *next;
    waldo_proxy **link;
};

/* The method table of a typeid at the manager's server, or NULL: not known yet. */
const waldo__remote_type *waldo__remote_type_find(waldo_manager *manager, const char *type_id);
/* Remembers the table of a Created; finds it if it was known. NULL: out of memory. */
const waldo__remote_type *waldo__remote_type_add(waldo_manager *manager,
                                                 const Waldo__Wire__Created *created);
void waldo__remote_types_free(waldo_manager *manager);
/* The server's number of a method; 0: not exposed. */
uint32_t waldo__remote_type_number(const waldo__remote_type *type, const char *method);
/* The numbers for a generated table, matched by name once. NULL: out of memory. */
const waldo__binding *waldo__remote_type_bind(const waldo__remote_type *type,
                                              const waldo_proxy_type *generated);

/* The request that creates an object of the typeid. */
void waldo__create_request(waldo_manager *manager, const char *type_id, bool dynamic,
                           Waldo__Wire__Request *ret_request);
/* Was it generated for this library? 0 or WALDO_EVERSION. */
int waldo__check_abi(const waldo_proxy_type *type, waldo_error *reterr);
/* Creates an object of the typeid at the server. */
int waldo__create(waldo_manager *manager, const char *type_id, const ProtobufCMessage *arguments,
                  bool dynamic, waldo_proxy **ret_proxy, waldo_error *reterr);
/* A proxy from a reply that holds a Created; takes over the reference that it stands for.
 * has_table: the reply has the method table. A server that was restarted since it was not asked for
 * has others: then it is fetched. */
int waldo__proxy_from_reply(waldo_manager *manager, const waldo__reply *reply, bool has_table,
                            waldo_proxy **ret_proxy, waldo_error *reterr);
/* Gives back a reference that was taken in this life of the session; what fails is not told. */
void waldo__drop(waldo_manager *manager, uint64_t object, uint64_t incarnation, unsigned life);
/* Calls a method of the generated type, by its name, that waits in the server for so many seconds
 * (WALDO_FOREVER) before it has a result: the call's own deadline is that much later than usual. */
int waldo__proxy_invoke_waiting(waldo_proxy *proxy, const waldo_proxy_type *type,
                                const char *method, const ProtobufCMessageDescriptor *output,
                                const ProtobufCMessage *arguments, double seconds,
                                ProtobufCMessage **ret_result, waldo_error *reterr);
/* The request of a call by name. proxy NULL: its object is not known yet. */
void waldo__dynamic_request(waldo_proxy *proxy, const char *method,
                            Waldo__Wire__Request *ret_request);
/* What is said where they are NULL. */
int waldo__no_arguments(waldo_error *reterr);
/* The value as a message in the arena. TAKES arguments; NULL is out of memory. */
int waldo__take_arguments(waldo_value *arguments, waldo__arena *arena, Waldo__Value **ret_message,
                          waldo_error *reterr);
/* The result of a dynamic call; takes over the reference of a proxy in it. has_table: as of
 * waldo__proxy_from_reply. */
int waldo__result_of(waldo_manager *manager, const waldo__reply *reply, bool has_table,
                     waldo_value **ret_result, waldo_error *reterr);
/* The proxy that such a result is, with a reference more. WALDO_ETYPE: it is none. */
int waldo__proxy_in_result(waldo_manager *manager, const waldo_value *result,
                           waldo_proxy **ret_proxy, waldo_error *reterr);
/* The request of a generated stub. A method that this server does not expose is refused here. */
int waldo__proxy_prepare(waldo_proxy *proxy, const waldo_proxy_method *method,
                         Waldo__Wire__Request *ret_request, waldo_error *reterr);
/* NULL is a no-op. */
void waldo__proxy_items_free(waldo__proxy_items *items);
/* A request on the proxy's object. */
void waldo__proxy_request(waldo_proxy *proxy, Waldo__Wire__Operation operation,
                          Waldo__Wire__Request *ret_request);
/* The seconds a call may take: what the proxy says, else deadline_ms, else the manager's. */
double waldo__proxy_timeout(const waldo_proxy *proxy, uint32_t deadline_ms);

#endif
