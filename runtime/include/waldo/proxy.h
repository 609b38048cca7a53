/* Proxies: handles on objects in a server.
 *
 * The first part is for every program. The second is what generated code calls; a typed proxy is a
 * waldo_proxy under another name.
 *
 * Any thread may use a proxy. Calls of one thread on one object run in the order in which they
 * were made. Every call ends by its deadline: the method's (waldo.deadline_ms), or what
 * waldo_proxy_set_timeout said, or the manager's call_timeout. Errors of every call:
 * WALDO_ETIMEOUT, WALDO_EGONE (the server is gone, whatever noticed), WALDO_EFORK, WALDO_EKEY (the
 * object is no more), WALDO_ETOOBIG, WALDO_ENOMEM, and whatever the handler raised. */
#ifndef WALDO_PROXY_H
#define WALDO_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <protobuf-c/protobuf-c.h>

#include <waldo/error.h>
#include <waldo/manager.h>
#include <waldo/value.h>

WALDO_BEGIN_DECLS

typedef struct waldo_proxy waldo_proxy;

/* ---- Any object, without its header ---- */

/** Creates an object. TAKES arguments: a dict of the constructor message's fields by name, a tuple
 *  of them in order, or NULL-like none (waldo_v_none()). The caller owns *ret_proxy. */
WALDO_CHECK int waldo_proxy_create(waldo_manager *manager, const char *type_id,
                                   waldo_value *arguments, waldo_proxy **ret_proxy,
                                   waldo_error *reterr);
/** Calls an exposed method by its name (row D1). TAKES arguments: a dict of the argument message's
 *  fields by name, a tuple of them in order, or none; where that message is waldo.Value, the value
 *  itself. A field map<string, waldo.Value> kwargs takes the names that are no field's.
 *  *ret_result: what the method returned: none for google.protobuf.Empty, the value itself for
 *  waldo.Value, a proxy for waldo.Ref, else a dict of fields. WALDO_EATTRIBUTE: no such method, or
 *  it is hidden (row B16). */
WALDO_CHECK int waldo_proxy_call(waldo_proxy *proxy, const char *method, waldo_value *arguments,
                                 waldo_value **ret_result, waldo_error *reterr);
/** The next item of a generator: 1 and a value, 0 when it is exhausted. */
WALDO_CHECK int waldo_proxy_next(waldo_proxy *proxy, waldo_value **ret_item, waldo_error *reterr);

waldo_proxy *waldo_proxy_ref(waldo_proxy *proxy);
/** The last one gives the reference back to the server (row D9), in one round trip of at most a
 *  second; a server that is gone is no error. NULL is a no-op. Returns NULL. */
waldo_proxy *waldo_proxy_unref(waldo_proxy *proxy);
/* For WALDO_AUTO(waldo_proxy). */
static inline void waldo_proxy_cleanup(waldo_proxy **proxy)
{
    waldo_proxy_unref(*proxy);
}
/** Another proxy of the same object, with a reference of its own (row D2). */
WALDO_CHECK int waldo_proxy_copy(waldo_proxy *proxy, waldo_proxy **ret_copy, waldo_error *reterr);

const char *waldo_proxy_typeid(const waldo_proxy *proxy);
/** The object's id, unique for the life of the server. */
uint64_t waldo_proxy_object(const waldo_proxy *proxy);
waldo_manager *waldo_proxy_manager(const waldo_proxy *proxy);
/** The names that clients may call, NULL at the end, sorted. Valid as long as the manager. */
const char *const *waldo_proxy_exposed(const waldo_proxy *proxy);
/** Seconds for each later call through this proxy; 0: back to the default. */
WALDO_CHECK int waldo_proxy_set_timeout(waldo_proxy *proxy, double seconds, waldo_error *reterr);

/** A copy of the referent as a value (row D2). WALDO_EREMOTE if its type has none. */
WALDO_CHECK int waldo_proxy_getvalue(waldo_proxy *proxy, waldo_value **ret_value,
                                     waldo_error *reterr);
/** The repr of the referent; if the call fails, the proxy's own with "; '__str__()' failed"
 *  (row D3). NULL: out of memory. free() it. */
char *waldo_proxy_str(waldo_proxy *proxy);
/** Writes that and a line's end, as Python's print(): waldo_proxy_print(waldo_list_proxy(l),
 * stdout). < 0: WALDO_ENOMEM, or WALDO_ESYSTEM: the stream does not take it. */
int waldo_proxy_print(waldo_proxy *proxy, FILE *stream);
/** "<Counter proxy object, typeid 'Counter' at 0x7f...>" (row D3). NULL: out of memory. free(). */
char *waldo_proxy_repr(const waldo_proxy *proxy);

/** The proxy as a value: a token that another process can turn back into a proxy. It names the
 *  server's address and no key (row D7). */
WALDO_CHECK int waldo_proxy_to_value(waldo_proxy *proxy, waldo_value **ret_value,
                                     waldo_error *reterr);
/** The same for a way on which this proxy may die before the value arrives, through a pipe or a
 *  queue: the server keeps the object until somebody made a proxy of the value, or for 60 seconds.
 */
WALDO_CHECK int waldo_proxy_export(waldo_proxy *proxy, waldo_value **ret_value,
                                   waldo_error *reterr);
/** A proxy from such a value, with a reference of its own (row D8). WALDO_EKEY: the object is no
 *  more. WALDO_ETYPE: not a proxy value. */
WALDO_CHECK int waldo_proxy_from_value(waldo_manager *manager, const waldo_value *value,
                                       waldo_proxy **ret_proxy, waldo_error *reterr);

/* ---- Attributes: of a Namespace, and of every type that exposes `__getattribute__`, `__setattr__`
 * and `__delattr__` with the messages of value.proto (row H8) ----
 *
 * A name that begins with '_' is the proxy's own: it lives in this process as long as the proxy,
 * and is never sent or shown. WALDO_EATTRIBUTE: "'Namespace' object has no attribute 'x'", or the
 * type does not let clients do that. */

WALDO_CHECK int waldo_proxy_get_attribute(waldo_proxy *proxy, const char *name,
                                          waldo_value **ret_value, waldo_error *reterr);
/** TAKES value. */
WALDO_CHECK int waldo_proxy_set_attribute(waldo_proxy *proxy, const char *name, waldo_value *value,
                                          waldo_error *reterr);
WALDO_CHECK int waldo_proxy_delete_attribute(waldo_proxy *proxy, const char *name,
                                             waldo_error *reterr);

/* ---- What an object can do (rows B13, C3) ---- */

typedef struct waldo_method_info {
    const char *name;
    const char *signature; /* "add(shop.Number) returns (shop.Number)" */
    const char *comment;   /* as in the .proto; "" if there is none */
    const char *returns;   /* the typeid of the proxy that it returns; "" if it returns none */
    const char *const *parameters; /* "n: int64", in order; NULL at the end */
    bool generator;
} waldo_method_info;

typedef struct waldo_type_info {
    const char *type_id;
    const char *service; /* "shop.Counter" */
    const char *comment;
    const waldo_method_info *methods; /* the exposed ones */
    size_t method_count;
} waldo_type_info;

/** *ret_info is one allocation: waldo_type_info_free it. */
WALDO_CHECK int waldo_proxy_describe(waldo_proxy *proxy, waldo_type_info **ret_info,
                                     waldo_error *reterr);
WALDO_CHECK int waldo_manager_describe(waldo_manager *manager, const char *type_id,
                                       waldo_type_info **ret_info, waldo_error *reterr);
waldo_type_info *waldo_type_info_free(waldo_type_info *info);
/** The typeids that the server offers, NULL at the end, sorted. One allocation: free() it. */
WALDO_CHECK int waldo_manager_typeids(waldo_manager *manager, char ***ret_typeids,
                                      waldo_error *reterr);

/* ---- For generated code ---- */

/* One typeid as a .proto describes it: a static table in NAME.proxy.c. A stub's position in
 * methods is matched with the server's number by name, once for each manager. */
typedef struct waldo_proxy_type {
    unsigned abi;
    const char *type_id;
    const char *const *methods;
    size_t method_count;
} waldo_proxy_type;

typedef struct waldo_proxy_method {
    const waldo_proxy_type *type;
    size_t position;
    const ProtobufCMessageDescriptor *output; /* NULL: nothing comes back */
    uint32_t deadline_ms;                     /* 0: the manager's */
} waldo_proxy_method;

/** 0 if the object offers every method of the type; WALDO_ETYPE, with the name, if it lacks one. */
WALDO_CHECK int waldo_proxy_check(waldo_proxy *proxy, const waldo_proxy_type *type,
                                  waldo_error *reterr);

/* In all of these, arguments may be NULL for an empty message. A waldo.Ref field is sent as it is.
 */

/** type_id NULL: the type's own. */
WALDO_CHECK int waldo_proxy_new(waldo_manager *manager, const waldo_proxy_type *type,
                                const char *type_id, const ProtobufCMessage *arguments,
                                waldo_proxy **ret_proxy, waldo_error *reterr);
/** The object that all clients share under a name (waldo_registry_share, waldod --share).
 *  WALDO_EKEY: there is none, the name may be a type's; WALDO_EVALUE: NULL, or empty; WALDO_ETYPE
 * as of waldo_proxy_check. */
WALDO_CHECK int waldo_proxy_from_name(waldo_manager *manager, const waldo_proxy_type *type,
                                      const char *name, waldo_proxy **ret_proxy,
                                      waldo_error *reterr);
/** *ret_result: free with protobuf_c_message_free_unpacked. ret_result may be NULL if the method
 *  has no output. */
WALDO_CHECK int waldo_proxy_invoke(waldo_proxy *proxy, const waldo_proxy_method *method,
                                   const ProtobufCMessage *arguments, ProtobufCMessage **ret_result,
                                   waldo_error *reterr);
/** A method that returns a proxy or starts a generator. */
WALDO_CHECK int waldo_proxy_invoke_proxy(waldo_proxy *proxy, const waldo_proxy_method *method,
                                         const ProtobufCMessage *arguments,
                                         waldo_proxy **ret_result, waldo_error *reterr);
/** 1: *ret_item is valid until the next call or the last unref; 0: exhausted. One thread at a
 *  time. */
WALDO_CHECK int waldo_proxy_next_message(waldo_proxy *proxy, const waldo_proxy_method *method,
                                         const ProtobufCMessage **ret_item, waldo_error *reterr);

/* Runs its body once for each item of a generator; `break` is allowed. Afterwards the status is
 * *ret_status: 0 exhausted, 1 left by break, < 0 an error, which *reterr describes.
 *
 *     int status;
 *     WALDO_FOR_EACH(shop_counter_countdown, iter, item, &status, &err)
 *         printf("%" PRId64 "\n", item->n);
 */
#define WALDO_FOR_EACH(prefix, iterator, item, ret_status, reterr)                                 \
    for (const prefix##_item *item = NULL;                                                         \
         (*(ret_status) = prefix##_next((iterator), &item, (reterr))) == 1;)

WALDO_END_DECLS

#endif
