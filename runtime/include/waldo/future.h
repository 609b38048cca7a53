/* Futures: calls that are started now and waited for later, as concurrent.futures has them.
 *
 * Many may be under way on a manager's one connection. The first one leaves at once, and so does
 * one of many bytes, which is written before the function returns: within the call's deadline.
 * Further ones, where no thread waits on the connection, leave together, in one write: when a
 * thread waits for any reply, asks is_done, calls waldo_manager_flush, or when a few dozen have
 * gathered. So whoever starts several and then does something else calls waldo_manager_flush
 * before. Calls of one thread on one object run in the order in which they were started.
 *
 * A future's call is like any other: it has the deadline of the proxy, counted from its start, and
 * it is executed once at most. Where its connection breaks it is sent again by whoever waits for
 * it. All functions may be called from any thread, with a reference that lasts until they return. A
 * future does not survive fork(): in the child its result is WALDO_EFORK. */
#ifndef WALDO_FUTURE_H
#define WALDO_FUTURE_H

#include <waldo/proxy.h>

WALDO_BEGIN_DECLS

typedef struct waldo_future waldo_future;

/** Starts waldo_proxy_call. TAKES arguments. The caller owns *ret_future. */
WALDO_CHECK int waldo_call_async(waldo_proxy *proxy, const char *method, waldo_value *arguments,
                                 waldo_future **ret_future, waldo_error *reterr);
/** Starts waldo_proxy_create. TAKES arguments. */
WALDO_CHECK int waldo_create_async(waldo_manager *manager, const char *type_id,
                                   waldo_value *arguments, waldo_future **ret_future,
                                   waldo_error *reterr);
/** Sends what has gathered; it does not wait for replies. */
WALDO_CHECK int waldo_manager_flush(waldo_manager *manager, waldo_error *reterr);

/** 1: the call is over, with a result or an error; 0: the seconds passed, and it goes on. */
WALDO_CHECK int waldo_future_wait(waldo_future *future, double seconds);
/** The same, and waits for nothing. */
bool waldo_future_is_done(waldo_future *future);
/** Waits, and hands out the result, each time the same value with a reference more; the errors of
 *  the call. WALDO_ETIMEOUT: the seconds passed, or the call's own deadline. WALDO_ECANCELLED.
 *  WALDO_ETYPE: the call was started by a generated function. */
WALDO_CHECK int waldo_future_result(waldo_future *future, double seconds, waldo_value **ret_result,
                                    waldo_error *reterr);
/** The same, of a call that creates an object or gives a proxy: each time the same proxy with a
 *  reference more. WALDO_ETYPE: the result is no proxy. */
WALDO_CHECK int waldo_future_proxy(waldo_future *future, double seconds, waldo_proxy **ret_proxy,
                                   waldo_error *reterr);
/** Gives the call up: it is taken out of the server if it waits there, and its result is
 *  WALDO_ECANCELLED, also for threads that wait for it. true: it was cancelled; false: it was over.
 *  The server is told at once; its answer is waited for, but no longer than a quarter of a second.
 * A thread that waits comes back by then; one that reads from a server which says nothing, when it
 *  has noticed that, after twice the lease at most. */
bool waldo_future_cancel(waldo_future *future);

waldo_future *waldo_future_ref(waldo_future *future);
/** The last one cancels a call that is not over. NULL is a no-op. Returns NULL. */
waldo_future *waldo_future_unref(waldo_future *future);
/* For WALDO_AUTO(waldo_future). */
static inline void waldo_future_cleanup(waldo_future **future)
{
    waldo_future_unref(*future);
}

/* ---- For generated code ---- */

WALDO_CHECK int waldo_proxy_invoke_async(waldo_proxy *proxy, const waldo_proxy_method *method,
                                         const ProtobufCMessage *arguments,
                                         waldo_future **ret_future, waldo_error *reterr);
/** *ret_result: free with protobuf_c_message_free_unpacked; ret_result may be NULL if the method
 *  has no output. WALDO_ETYPE: the future is of another method. */
WALDO_CHECK int waldo_future_message(waldo_future *future, const waldo_proxy_method *method,
                                     double seconds, ProtobufCMessage **ret_result,
                                     waldo_error *reterr);
/** Starts waldo_proxy_new, with the type's own typeid. */
WALDO_CHECK int waldo_proxy_new_async(waldo_manager *manager, const waldo_proxy_type *type,
                                      const ProtobufCMessage *arguments, waldo_future **ret_future,
                                      waldo_error *reterr);
/** waldo_future_proxy for a generated call: `of` is the waldo_proxy_method that returns a proxy, or
 *  the waldo_proxy_type of which one is made. WALDO_ETYPE: the future is of something else. */
WALDO_CHECK int waldo_future_proxy_of(waldo_future *future, const void *of, double seconds,
                                      waldo_proxy **ret_proxy, waldo_error *reterr);

WALDO_END_DECLS

#endif
