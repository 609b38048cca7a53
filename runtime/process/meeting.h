/* How the two sides of a new connection find out that both know the key: the handshake of
 * secure/channel.h, then a sealed frame from the client, which a recorded handshake could not make.
 *
 *     client   first  ->
 *                     <-   second, or a refusal
 *              proof  ->
 *
 * Sockets have a timeout of their own (SO_RCVTIMEO, SO_SNDTIMEO). */
#ifndef WALDO_RUNTIME_PROCESS_MEETING_H
#define WALDO_RUNTIME_PROCESS_MEETING_H

#include "process/sealed.h"

/* Makes the connection; TAKES the socket. local: it is one of process/local.h, else a stream.
 * WALDO_EAUTHENTICATION, WALDO_ETIMEOUT, WALDO_EEOF, WALDO_EPROTOCOL, WALDO_ENOMEM. */
int waldo__meet_listener(int socket, bool local, const waldo__keyring *keys,
                         waldo_mp_connection **ret_connection, waldo_error *reterr);
int waldo__meet_client(int socket, bool local, const waldo__keyring *keys,
                       waldo_mp_connection **ret_connection, waldo_error *reterr);

/* Of what comes and goes; 0: none. */
int waldo__set_timeouts(int socket, double seconds, waldo_error *reterr);

#endif
