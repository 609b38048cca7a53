/* A call that is waited for later: future.c starts it and hands out its result, future_waiting.c
 * waits for it and cancels it. */
#ifndef WALDO_RUNTIME_PROXY_FUTURE_INTERNAL_H
#define WALDO_RUNTIME_PROXY_FUTURE_INTERNAL_H

#include <waldo/future.h>

#include "proxy/attempt.h"

struct waldo_future {
    atomic_uint references;
    waldo_manager *manager; /* held by the proxy, if there is one */
    waldo_proxy *proxy;     /* NULL: a creation */
    const void *origin;     /* the waldo_proxy_method or waldo_proxy_type; NULL: a dynamic call */
    char *name;             /* of the method, in a dynamic call, or the typeid */
    Waldo__Wire__Request request;
    waldo__attempt attempt;
    pid_t process; /* that started it */
    bool driven;   /* a thread waits on the connection for it; the attempt is that thread's */
    /* What that thread does at the moment, written by it, with the lock: it waits on this link, or
     * has the reply already; it sends the request once more; or neither, for a moment. */
    waldo__link *awaited;
    bool sends_again;
    bool over; /* perhaps cancelled, and the thread has not heard of it yet */
    int status;
    waldo_value
        *value; /* of the reply, once somebody asked; a proxy is one for typed calls as well */
    /* What is above is cleared for each call; this stays from one to the next. */
    bool has_lock;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    waldo__buffer body;
    waldo__buffer reply_room; /* while no call has it */
    /* When it is over: with a status >= 0, and with another one. */
    waldo__reply reply;
    waldo_error error;
};

bool waldo__future_is_of_parent(const waldo_future *future);
/* The call is over. With the future's lock, or before others know it. */
void waldo__future_finish(waldo_future *future, int status, const waldo_error *error);

#endif
