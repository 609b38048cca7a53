/* What a Connection is made of. */
#ifndef WALDO_RUNTIME_PROCESS_CONNECTION_H
#define WALDO_RUNTIME_PROCESS_CONNECTION_H

#include <stdatomic.h>

#include <waldo/mp/connection.h>

#include "process/handle.h"
#include "process/local.h"

/* How messages travel. Functions are those of process/local.h, for a connection. */
typedef struct waldo__transport {
    int (*send)(waldo_mp_connection *connection, const void *data, size_t size,
                const waldo__descriptors *descriptors, waldo_error *reterr);
    int (*receive)(waldo_mp_connection *connection, size_t limit,
                   waldo__descriptors *ret_descriptors, waldo_error *reterr);
    int (*receive_into)(waldo_mp_connection *connection, void *buffer, size_t capacity,
                        size_t *ret_size, waldo_error *reterr);
    void (*free_state)(void *state);
    bool carries_descriptors;
} waldo__transport;

struct waldo_mp_connection {
    atomic_uint references;
    int socket; /* -1: closed */
    bool readable;
    bool writable;
    const waldo__transport *transport;
    void *state; /* the transport's */
    waldo__inbox inbox;
};

extern const waldo__transport waldo__local_transport;
extern const waldo__handle_class waldo__connection_class;

/* TAKES the socket and the state, also on failure (NULL: out of memory). */
waldo_mp_connection *waldo__connection_new(int socket, bool readable, bool writable,
                                           const waldo__transport *transport, void *state);

#endif
