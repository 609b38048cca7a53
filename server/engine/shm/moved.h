/* Connections of a direct listener that have moved to rings in shared memory
 * (engine/shm/region.h). The socket stays, wakes this side, and tells when the client is gone.
 *
 * A connection is warm for a while after something came by it. Warm ones are looked at whenever the
 * listener is polled; before the loop sleeps it says in the ring of each that it does. All others
 * are asleep in that sense. All of it happens on the thread of the loop. */
#ifndef WALDO_SERVER_ENGINE_SHM_MOVED_H
#define WALDO_SERVER_ENGINE_SHM_MOVED_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/direct/connections.h"
#include "engine/engine.h"
#include "engine/shm/region.h"
#include "engine/sp.h"
#include "engine/spin.h"

/* Connections of one listener that may have rings; the others stay on their sockets. */
#ifndef WALDO__MOVED_MOST
#define WALDO__MOVED_MOST 1024
#endif

typedef struct waldo__moved {
    waldo__region region;
    waldo__lane_reader requests;
    waldo__lane_writer replies;
    bool begun; /* the client has said that it moves */
    bool warm;
    bool asleep; /* the client has to wake this side */
    waldo__spinning spin;
    waldo__spinning rest; /* looking for the rest of a message */
    uint64_t budget;      /* nanoseconds that it stays warm */
    uint64_t quiet_at;    /* when it was first found quiet; 0: not since something went by it */
    waldo__connection *next_warm;
} waldo__moved;

/* The client asks for rings: gives it some, or says that there are none. */
void waldo__moved_offer(waldo__connection *connection);
/* It has moved. What follows on the socket only wakes. */
void waldo__moved_begin(waldo__connection *connection);
bool waldo__moved_is(const waldo__connection *connection);
/* Takes what is in the socket. false: it was at its end, what the ring still held was read, and the
 * connection is closed. */
bool waldo__moved_drain(waldo__connection *connection);
/* Reads the ring of one that is read. */
void waldo__moved_read(waldo__connection *connection);
/* Writes what the ring takes of a frame, or of bytes. 1: all; 0: the client will say when it takes
 * more; < 0: -errno. */
int waldo__moved_send(waldo__connection *connection, waldo__sp_frame *frame);
int waldo__moved_send_bytes(waldo__connection *connection, const uint8_t *data, size_t size,
                            size_t *ret_sent);
/* The connection is closed: takes it from the warm ones. */
void waldo__moved_leave(waldo__connection *connection);
void waldo__moved_free(waldo__connection *connection);

/* As the engine's poll(). */
int waldo__moved_poll(waldo__listener *listener);
/* Makes the handles of a new listener, which closes them with its own. */
void waldo__moved_init(waldo__listener *listener);

#endif
