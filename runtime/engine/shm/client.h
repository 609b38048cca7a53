/* The client's side of a connection that moves to shared memory. It belongs to a channel of the
 * direct engine, whose socket tells when the server is gone. One thread may send while another one
 * receives. */
#ifndef WALDO_RUNTIME_ENGINE_SHM_CLIENT_H
#define WALDO_RUNTIME_ENGINE_SHM_CLIENT_H

#include <stdbool.h>

#include <waldo/error.h>

#include "engine/deadline.h"
#include "engine/sp.h"

typedef struct waldo__shm_client waldo__shm_client;

/* Asks the server at the other end of the socket for rings, between two messages, and moves there.
 * The socket and the parser stay the caller's and have to be there as long. 1: moved, *ret_client
 * is the caller's; 0: the server has none to give or they cannot be used here, all is as before;
 * WALDO_EGONE, WALDO_ETIMEOUT, WALDO_EPROTOCOL: the connection is of no more use. */
int waldo__shm_move(int fd, waldo__sp_parser *parser, waldo__deadline deadline,
                    waldo__shm_client **ret_client, waldo_error *reterr);
/* As the engine's send(). */
int waldo__shm_send(waldo__shm_client *client, waldo__sp_frame *frame, waldo__deadline deadline,
                    waldo_error *reterr);
/* What there is room for without waiting. 1: all of the frame; 0: the ring is full. */
int waldo__shm_send_now(waldo__shm_client *client, waldo__sp_frame *frame, waldo_error *reterr);
/* As the engine's wait_to_send(). */
int waldo__shm_wait_to_send(waldo__shm_client *client, bool or_to_receive, waldo__deadline deadline,
                            waldo_error *reterr);
/* Grows with each piece that comes and with each wait for room that ends; from any thread. */
uint64_t waldo__shm_progress(const waldo__shm_client *client);
/* The next whole message, valid until the next call; always in the parser's body. A deadline
 * of 0 does not wait. */
int waldo__shm_receive(waldo__shm_client *client, waldo__sp_message *message,
                       waldo__deadline deadline, waldo_error *reterr);
bool waldo__shm_is_connected(waldo__shm_client *client);
/* Without a word to the server, so a forked child may do it, too. NULL is a no-op. */
void waldo__shm_close(waldo__shm_client *client);

#endif
