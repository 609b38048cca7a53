/* Messages of any size, with descriptors, between two processes of one host.
 *
 * The socket is AF_UNIX and SOCK_SEQPACKET. A message starts with its size, 64 bits, in the first
 * packet; packets are filled up before another one is begun. So a message that fits into one packet
 * is sent and taken whole, by one system call each, however many processes share an end; of longer
 * ones only one may be on its way in each direction. Descriptors are in the first packet.
 *
 * Functions wait, and go on after signals. The other side may be hostile. */
#ifndef WALDO_RUNTIME_PROCESS_LOCAL_H
#define WALDO_RUNTIME_PROCESS_LOCAL_H

#include "process/parcel.h"

#define WALDO__LOCAL_PACKET ((size_t)64 * 1024) /* bytes of message in one packet */

/* Room for messages that come in; zeroed at first, free() data at the end. */
typedef struct waldo__inbox {
    uint8_t *data;
    size_t size;
    size_t capacity;
} waldo__inbox;

/* At least size bytes of room; what is in it stays. */
int waldo__inbox_reserve(waldo__inbox *inbox, size_t size, waldo_error *reterr);

/* What errno says about a socket; one with a timeout of its own says WALDO_ETIMEOUT. */
int waldo__socket_failed(const char *what, waldo_error *reterr);

/* Two connected sockets with FD_CLOEXEC. */
int waldo__local_pair(int ret_sockets[2], waldo_error *reterr);
/* descriptors may be NULL: none. WALDO_EBROKENPIPE: the other end is closed. */
int waldo__local_send(int socket, const void *data, size_t size,
                      const waldo__descriptors *descriptors, waldo_error *reterr);
/* Descriptors are added to *ret_descriptors, which is overwritten; NULL: they are closed.
 * WALDO_EEOF: the other end is closed. WALDO_ETOOBIG: "bad message length", beyond limit; the
 * message stays. WALDO_ELIMIT: no more descriptors may be open here. WALDO_EPROTOCOL, WALDO_ESYSTEM
 * ("got end of file during message"), WALDO_ENOMEM: what comes next makes no sense. */
int waldo__local_receive(int socket, size_t limit, waldo__inbox *inbox,
                         waldo__descriptors *ret_descriptors, waldo_error *reterr);
/* Without a copy, descriptors are closed. WALDO_EBUFFERTOOSHORT: the message stays; else as above.
 */
int waldo__local_receive_into(int socket, void *buffer, size_t capacity, size_t *ret_size,
                              waldo_error *reterr);

#endif
