/* What both sides need of libnanomsg, with its traps kept out: finite receive limits (without one a
 * peer's announcement aborts the process), no delay on TCP, numeric hosts. */
#ifndef WALDO_RUNTIME_ENGINE_NANOMSG_SOCKET_H
#define WALDO_RUNTIME_ENGINE_NANOMSG_SOCKET_H

#include <nanomsg/nn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <waldo/error.h>

#include "engine/sp.h"
#include "engine/url.h"

/* The largest message libnanomsg can be asked to take. */
#define WALDO__NANOMSG_LARGEST ((size_t)INT32_MAX - WALDO__SP_ROUTE_SIZE)

/* Did this process ever make a libnanomsg socket through Waldo? Then no child that it forks can
 * use libnanomsg: the library's only worker thread is not copied. */
bool waldo__nanomsg_was_used(void);

/* A raw socket (NN_REQ, NN_REP) for messages up to max_message. Close with
 * waldo__nanomsg_close(). WALDO_ELIMIT: libnanomsg has 512 a process, or no descriptor is left. */
int waldo__nanomsg_socket(int protocol, const waldo__url *url, size_t max_message, int *ret_socket,
                          waldo_error *reterr);
void waldo__nanomsg_close(int socket);
/* The URL as libnanomsg writes it. */
void waldo__nanomsg_address(const waldo__url *url, char *text, size_t size);

/* The SP header of a message of a raw socket: on REQ the id, on REP a connection's key and the way
 * back. Zero is a valid empty one. */
typedef struct waldo__nanomsg_header {
    uint8_t bytes[4 + WALDO__SP_ROUTE_SIZE];
    size_t size;
} waldo__nanomsg_header;

/* Sends the parts, size bytes in all; returns 0 or -errno. */
int waldo__nanomsg_send(int socket, const waldo__nanomsg_header *header, const struct iovec *parts,
                        int part_count, size_t size, int flags);
/* Receives a message; *ret_data is to be freed with nn_freemsg(). A header that is too long is
 * given as an empty one. Returns 0 or -errno. */
int waldo__nanomsg_receive(int socket, waldo__nanomsg_header *ret_header, void **ret_data,
                           size_t *ret_size, int flags);

#endif
