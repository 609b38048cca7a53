/* What a handler sees, and the tables that generated service code hands to the server.
 *
 * What a handler may rely on: calls on one object run one at a time, in order of arrival, on any
 * thread (`SERIAL`, the default); a service that says `option (waldo.execution) = CONCURRENT` is
 * thread-safe itself. Calls on different objects may run at the same time. A handler may block:
 * only calls on its own object wait. Steps of a generator that a method started count as calls on
 * the object whose method it was. */
#ifndef WALDO_SERVICE_H
#define WALDO_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <waldo/error.h>
#include <waldo/manager.h>
#include <waldo/value.h>
#include <waldo/value_message.h>

WALDO_BEGIN_DECLS

typedef struct waldo_call waldo_call;
typedef struct waldo_generator waldo_generator;
typedef struct waldo_export waldo_export;

/* ---- For handlers. A handler returns 0, or what one of these returned ---- */

/* What a handler returns that keeps its call to answer later. */
#define WALDO_DEFERRED 2

/** Zeroed memory that lives until the reply has been packed. NULL: out of memory. */
void *waldo_call_alloc(waldo_call *call, size_t size);
/** A copy that lives as long. NULL: out of memory. */
char *waldo_call_strdup(waldo_call *call, const char *text);
/** The same memory for protobuf-c: for the messages inside a result. */
ProtobufCAllocator *waldo_call_allocator(waldo_call *call);
/** Makes value the result, or a field of it, of the message type waldo.Value. TAKES value. */
WALDO_CHECK int waldo_call_set_value(waldo_call *call, Waldo__Value *result, waldo_value *value);
/** Fails the call: `return waldo_call_raise(call, WALDO_EOVERFLOW, "past 2^63");` */
int waldo_call_raise(waldo_call *call, int code, const char *format, ...) WALDO_PRINTF(3, 4);
/** The same with an error class of the type's own. */
int waldo_call_raise_type(waldo_call *call, int code, const char *type_name, const char *format,
                          ...) WALDO_PRINTF(4, 5);

/* For types that show the fields of a message as their objects' attributes: what `__getattribute__`
 * (waldo.AttributeName) and `__setattr__` (waldo.Attribute) do. fields is self or a part of it;
 * what it holds must be malloc's, as in a message that was initialised or unpacked with no
 * allocator. WALDO_EATTRIBUTE: "'Share' object has no attribute 'x'"; WALDO_ETYPE, WALDO_EOVERFLOW:
 * no value for that field. */
WALDO_CHECK int waldo_call_get_attribute(waldo_call *call, const ProtobufCMessage *fields,
                                         const Waldo__AttributeName *attribute,
                                         Waldo__Value *result);
WALDO_CHECK int waldo_call_set_attribute(waldo_call *call, ProtobufCMessage *fields,
                                         const Waldo__Attribute *attribute);

/** The caller's session: 16 bytes, as long as the call. */
const uint8_t *waldo_call_session(const waldo_call *call);
/** The caller's thread, unique in its session. */
uint64_t waldo_call_thread(const waldo_call *call);
/** Seconds until the caller gives up; WALDO_FOREVER if it does not. */
double waldo_call_remaining(const waldo_call *call);
/** The caller is gone or has given up. */
bool waldo_call_cancelled(waldo_call *call);

/** Keeps the call, before anything else is done with it: `return` what it returns. < 0: too many
 *  are kept (WALDO_ELIMIT), and it is not; or it is kept already (WALDO_ERUNTIME). It must be
 * completed exactly once, from any thread, by the generated NAME_complete() or by waldo_call_fail;
 * until then the object lives. */
int waldo_call_defer(waldo_call *call);
/** Calls on_cancel once if the caller goes away or gives up before the call is completed; at once
 *  if it did already. It runs on the server's loop and must not block; the call must still be
 *  completed (WALDO_ECANCELLED will do). Set it before the call can be completed elsewhere. */
void waldo_call_on_cancel(waldo_call *call, void (*on_cancel)(waldo_call *call, void *data),
                          void *data);
/** Calls on_timeout once, after so many seconds, unless the call is completed before. Again:
 * instead of what was said before; WALDO_FOREVER: never. It runs on the server's loop and must not
 * block; the call must still be completed. It and on_cancel run on one thread: once one of them has
 *  completed the call the other is not called. This is for a time after which there is a result;
 * the caller's own deadline ends the call with WALDO_ETIMEOUT by itself. WALDO_EVALUE: no duration;
 *  WALDO_ENOMEM. */
WALDO_CHECK int waldo_call_on_timeout(waldo_call *call, double seconds,
                                      void (*on_timeout)(waldo_call *call, void *data), void *data);
/** What to do if the reply that the handler is about to give does not arrive, because the caller
 *  died or gave up, before it was given or on its way, or because it is too big: on_lost(self,
 * data) runs like a call on the object, after session_ended if the session has, and puts back what
 * the reply carried. When the outcome is known release(data) runs, on any thread; it may be NULL.
 * Set it before answering. */
void waldo_call_on_lost(waldo_call *call, void (*on_lost)(void *self, void *data),
                        void (*release)(void *data), void *data);
/** The object hears of the end of the caller's session: session_ended in its ops runs like a call
 *  on it. Until then, or until unwatched, the object lives. WALDO_ECANCELLED: it has ended. */
WALDO_CHECK int waldo_call_watch_session(waldo_call *call);
void waldo_call_unwatch_session(waldo_call *call);
/** Completes a deferred call with an error. */
void waldo_call_fail(waldo_call *call, int code, const char *format, ...) WALDO_PRINTF(3, 4);

/* ---- For generated code ---- */

enum waldo_method_flags {
    WALDO_METHOD_GENERATOR = 1 << 0,     /* starts a generator of `output` */
    WALDO_METHOD_RETURNS_PROXY = 1 << 1, /* fills a waldo_export */
    WALDO_METHOD_ITERATES_SELF = 1
                                 << 2, /* the stream method `__next__`: the object is a generator */
    WALDO_METHOD_READ_ONLY = 1 << 3,   /* idempotency_level = NO_SIDE_EFFECTS */
    WALDO_METHOD_IDEMPOTENT = 1 << 4,  /* idempotency_level = IDEMPOTENT */
    WALDO_METHOD_READ_AHEAD = 1 << 5,  /* (waldo.read_ahead) = true */
};

typedef struct waldo_service_method {
    const char *name;
    const char *signature;
    const char *comment;
    const char *returns; /* typeid of the proxy, or NULL */
    const ProtobufCMessageDescriptor *input;
    const ProtobufCMessageDescriptor *output;
    unsigned flags;
    uint32_t deadline_ms;
    /* Runs the handler of a unary method, or starts a generator. */
    int (*invoke)(waldo_call *call, const void *ops, void *self, const ProtobufCMessage *input);
} waldo_service_method;

typedef struct waldo_service_typeid {
    const char *type_id;
    const char *const *exposed; /* NULL at the end; NULL: the public methods */
    bool no_create;
} waldo_service_typeid;

/* One service of a .proto: a static table in NAME.service.c. */
typedef struct waldo_service {
    unsigned abi;
    const char *name; /* "shop.Counter" */
    const char *comment;
    const waldo_service_method *methods;
    size_t method_count;
    const waldo_service_typeid *typeids;
    size_t typeid_count;
    bool concurrent;
    const ProtobufCMessageDescriptor *create_input; /* NULL: created from nothing */
    /* Does ops have a handler for methods[position]? */
    bool (*provides)(const void *ops, size_t position);
    /* The rest answers WALDO_ENOTIMPLEMENTED where ops has no such member. */
    bool (*creates)(const void *ops);
    int (*create)(waldo_call *call, const void *ops, void *type_data, const ProtobufCMessage *input,
                  void **ret_self);
    void (*destroy)(const void *ops, void *self);
    int (*repr)(waldo_call *call, const void *ops, void *self, waldo_value **ret_text);
    int (*getvalue)(waldo_call *call, const void *ops, void *self, waldo_value **ret_value);
    /* NULL in types that watch no session. */
    void (*session_ended)(const void *ops, void *self, const uint8_t *session);
} waldo_service;

/** Packs the result of a unary handler; also how a deferred call is completed. result may be NULL
 *  for an empty message. Returns 0 or the error that the caller will see instead. */
int waldo_call_return(waldo_call *call, const ProtobufCMessage *result);
/** The export that a WALDO_METHOD_RETURNS_PROXY handler fills. */
waldo_export *waldo_call_export(waldo_call *call);

/** Makes self the result of the method: an object of the typeid that the method returns, which
 *  must be registered for this service. The same self again is the same object (row B7). On
 *  success the server owns self. */
WALDO_CHECK int waldo_export_object(waldo_export *target, const waldo_service *service, void *self);
/** Makes a new object of the method's typeid the result, by the type's own constructor. TAKES
 *  arguments: a dict of the constructor's fields, a tuple of them in order, or none. */
WALDO_CHECK int waldo_export_new(waldo_export *target, waldo_value *arguments);

/** Starts a generator whose items come from `run`, a plain function on a stack of its own that
 *  calls waldo_generator_yield. 0 from run: exhausted; < 0: the error is raised at the caller. */
int waldo_call_generate(waldo_call *call,
                        int (*run)(waldo_generator *generator, waldo_call *call, const void *ops,
                                   void *self, const ProtobufCMessage *input));
/** Starts a generator whose items come one by one from `next`: 1 and waldo_call_return(call, item)
 *  for an item, 0 exhausted, < 0 an error. close (may be NULL) runs once, when it is exhausted,
 *  failed, dropped, or its client is gone. */
int waldo_call_generate_steps(waldo_call *call, void *state,
                              int (*next)(waldo_call *call, const void *ops, void *state),
                              void (*close)(const void *ops, void *state));
/** Hands an item to the client and sleeps until it wants another. < 0: nobody will; return. Do not
 *  keep addresses of thread-local variables (errno is one) across it. */
WALDO_CHECK int waldo_generator_yield(waldo_generator *generator, const ProtobufCMessage *item);
/** What the client sent with its request for the item that is now to be made (Iterator's send),
 *  until the next yield; NULL: it just asked for the next one. */
const waldo_value *waldo_generator_received(const waldo_generator *generator);

WALDO_END_DECLS

#endif
