/* Connections: two ends, and whole messages between them (rows N1-N13).
 *
 *     waldo_mp_connection *here, *there;
 *     waldo_mp_pipe(true, &here, &there, &err);
 *     waldo_mp_connection_send(here, waldo_v_list(waldo_v(1), waldo_v("two")), &err);
 *     waldo_mp_connection_recv(there, &value, &err);
 *
 * A message is a value, which may hold handles (waldo/mp/handle.h), or bytes; both are framed the
 * same way. Sending waits while the other side's buffer is full, receiving until there is a
 * message; signals end neither. After fork() both processes have both ends: close what is not
 * yours, or nobody sees an end of file.
 *
 * One thread at a time sends and one receives. Several processes may share one end of a pipe: a
 * message of up to 64 KiB goes to one of them as a whole.
 *
 * Errors that every function has: WALDO_ESYSTEM "handle is closed", "connection is read-only" or
 * "connection is write-only" (rows N1, N8). */
#ifndef WALDO_MP_CONNECTION_H
#define WALDO_MP_CONNECTION_H

#include <stdbool.h>

#include <waldo/mp/handle.h>

WALDO_BEGIN_DECLS

typedef struct waldo_mp_connection waldo_mp_connection;

/** Two connected ends. duplex false: the first can only receive, the second only send (row N1).
 *  WALDO_ELIMIT: no more descriptors. */
WALDO_CHECK int waldo_mp_pipe(bool duplex, waldo_mp_connection **ret_first,
                              waldo_mp_connection **ret_second, waldo_error *reterr);

waldo_mp_connection *waldo_mp_connection_ref(waldo_mp_connection *connection);
/** The last one closes. NULL is a no-op. Returns NULL. */
waldo_mp_connection *waldo_mp_connection_unref(waldo_mp_connection *connection);
/* For WALDO_AUTO(waldo_mp_connection). */
static inline void waldo_mp_connection_cleanup(waldo_mp_connection **connection)
{
    waldo_mp_connection_unref(*connection);
}

/** Closes this end for all who hold the object, not while another thread uses it. Again is a no-op
 *  (row N8). */
void waldo_mp_connection_close(waldo_mp_connection *connection);
bool waldo_mp_connection_closed(const waldo_mp_connection *connection);
bool waldo_mp_connection_readable(const waldo_mp_connection *connection);
bool waldo_mp_connection_writable(const waldo_mp_connection *connection);
/** The connection's own descriptor, for waldo_mp_wait or poll(): POLLIN says what
 *  waldo_mp_connection_poll says. -1: closed. */
int waldo_mp_connection_fileno(const waldo_mp_connection *connection);

/** TAKES value. WALDO_EBROKENPIPE: the other end is closed (row N6); WALDO_EVALUE,
 * WALDO_ERECURSION, WALDO_ETOOBIG as waldo_value_pack; WALDO_ELIMIT: more than 253 descriptors.
 * What failed so has not been sent at all. */
WALDO_CHECK int waldo_mp_connection_send(waldo_mp_connection *connection, waldo_value *value,
                                         waldo_error *reterr);
/** WALDO_EEOF: the other end is closed and all is received (row N6). WALDO_EPROTOCOL: what came is
 *  no value. WALDO_ELIMIT: no descriptor is left for those in it; it is lost. */
WALDO_CHECK int waldo_mp_connection_recv(waldo_mp_connection *connection, waldo_value **ret_value,
                                         waldo_error *reterr);

/** A message of size bytes, which may be 0. WALDO_EBROKENPIPE. */
WALDO_CHECK int waldo_mp_connection_send_bytes(waldo_mp_connection *connection, const void *data,
                                               size_t size, waldo_error *reterr);
/** free() *ret_data, which has one byte more: a NUL. WALDO_ETOOBIG: "bad message length", longer
 *  than maxlength (SIZE_MAX: any); the message stays (row N4). WALDO_EEOF. */
WALDO_CHECK int waldo_mp_connection_recv_bytes(waldo_mp_connection *connection, size_t maxlength,
                                               void **ret_data, size_t *ret_size,
                                               waldo_error *reterr);
/** Into the caller's memory. WALDO_EBUFFERTOOSHORT: longer than capacity; the message stays and can
 *  be received with more room (row N5). WALDO_EEOF. */
WALDO_CHECK int waldo_mp_connection_recv_bytes_into(waldo_mp_connection *connection, void *buffer,
                                                    size_t capacity, size_t *ret_size,
                                                    waldo_error *reterr);

/** 1: receiving would not wait: a message is there, or the end of file (row N7); 0: nothing came
 *  within `seconds`. 0 and less: no waiting; WALDO_FOREVER. */
WALDO_CHECK int waldo_mp_connection_poll(waldo_mp_connection *connection, double seconds,
                                         waldo_error *reterr);

/** The number of descriptors, of count, that are ready for reading, hung up included: those of
 *  connections, listeners, sentinels of processes, anything that poll() knows (row N12).
 *  ret_ready[i] says which ones; it may be NULL. 0: none within `seconds`; 0 and less: no waiting.
 *  Without any it sleeps. WALDO_EVALUE: one of them is not open. */
WALDO_CHECK int waldo_mp_wait(const int *descriptors, size_t count, double seconds, bool *ret_ready,
                              waldo_error *reterr);

/** See waldo/mp/handle.h (row N9). What is sent is a duplicate of the end. An encrypted connection
 *  cannot be sent, WALDO_ETYPE. */
waldo_value *waldo_mp_connection_value(waldo_mp_connection *connection);
WALDO_CHECK int waldo_mp_connection_from_value(const waldo_value *value,
                                               waldo_mp_connection **ret_connection,
                                               waldo_error *reterr);

WALDO_END_DECLS

#endif
