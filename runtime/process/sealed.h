/* Messages over a stream socket: a size of 8 bytes, big-endian, then as many bytes; once both sides
 * have met, those are frames of a secure channel. */
#ifndef WALDO_RUNTIME_PROCESS_SEALED_H
#define WALDO_RUNTIME_PROCESS_SEALED_H

#include "process/connection.h"
#include "secure/channel.h"

/* As waldo__local_send and waldo__local_receive. */
int waldo__stream_send(int socket, const void *data, size_t size, waldo_error *reterr);
int waldo__stream_receive(int socket, size_t limit, waldo__inbox *inbox, waldo_error *reterr);

/* TAKES socket and channel, also on failure (NULL: out of memory). */
waldo_mp_connection *waldo__sealed_connection(int socket, waldo__secure_channel *channel);

#endif
