/* Handles in values: how locks, queues, connections, shared buffers and descriptors travel to
 * another process of this host: as arguments of a process, through a Connection or a Queue.
 *
 *     waldo_mp_connection_send(c, waldo_v_tuple(waldo_v(1), waldo_mp_lock_value(lock)), &err);
 *     ...
 *     waldo_mp_lock_from_value(item, &lock, &err);      // the same lock, in the other process
 *
 * Each class X has two functions: waldo_mp_X_value gives a value that holds a reference of its own
 * (NULL: out of memory), waldo_mp_X_from_value a new reference to what a value holds (WALDO_ETYPE:
 * it holds something else). Such a value has kind WALDO_KIND_HANDLE; it is equal only to a value of
 * the same object. It exists on one host: waldo_value_pack and calls of a server refuse it,
 * WALDO_ETYPE. Calls take buffers (waldo/mp/buffer.h). */
#ifndef WALDO_MP_HANDLE_H
#define WALDO_MP_HANDLE_H

#include <waldo/value.h>

WALDO_BEGIN_DECLS

/** A handle on any descriptor: a socket, a pipe, a file (row N9). Duplicates it; the caller's stays
 *  open. NULL: out of memory, no such descriptor, or no more may be open. */
waldo_value *waldo_mp_descriptor_value(int number);
/** A duplicate with FD_CLOEXEC; close() it. WALDO_ETYPE; WALDO_ELIMIT: no more may be open. */
WALDO_CHECK int waldo_mp_descriptor_from_value(const waldo_value *value, int *ret_descriptor,
                                               waldo_error *reterr);

WALDO_END_DECLS

#endif
