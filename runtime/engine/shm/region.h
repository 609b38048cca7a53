/* The memory of a connection: two rings in a memfd that the server makes and hands to the client
 * over the socket, and how the two agree on it.
 *
 * On the socket, between frames, one byte each:
 *
 *     client                         server
 *     ASK                        ->
 *                                <-  HERE, with the memfd; or NO, and all stays as it is
 *     MOVED                      ->  all that follows is in the rings
 *     WAKE                      <->  look into the ring
 *
 * A client asks only a server that has offered it in its Welcome. One that cannot use what it got
 * says nothing, and stays on the socket. Closing the socket ends the connection as ever. */
#ifndef WALDO_RUNTIME_ENGINE_SHM_REGION_H
#define WALDO_RUNTIME_ENGINE_SHM_REGION_H

#include <stdint.h>

#include <waldo/error.h>

#include "engine/shm/lane.h"

/* None of them begins a frame of SP/IPC. */
#define WALDO__SHM_ASK 0xa5
#define WALDO__SHM_HERE 0xa6
#define WALDO__SHM_NO 0xa7
#define WALDO__SHM_MOVED 0xa8
#define WALDO__SHM_WAKE 0xa9

typedef struct waldo__region {
    uint8_t *memory; /* NULL: none */
    waldo__lane_place requests;
    waldo__lane_place replies;
} waldo__region;

/* The server's: new, with both readers asleep. The descriptor is to be passed on and closed.
 * WALDO_ELIMIT, WALDO_ENOMEM, ...: there is none to be had. */
int waldo__region_new(waldo__region *ret_region, int *ret_descriptor, waldo_error *reterr);
/* The client's; the descriptor can be closed then. WALDO_EPROTOCOL: it is no such thing, or one of
 * another version. */
int waldo__region_open(int descriptor, waldo__region *ret_region, waldo_error *reterr);
/* Unmaps it; what the other side has stays. None is a no-op. */
void waldo__region_close(waldo__region *region);

#endif
