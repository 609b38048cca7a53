/* A channel of the direct engine, for its files. One thread sends and one receives; what they share
 * is set before. */
#ifndef WALDO_RUNTIME_ENGINE_DIRECT_CHANNEL_H
#define WALDO_RUNTIME_ENGINE_DIRECT_CHANNEL_H

#include <stdatomic.h>

#include "engine/engine.h"
#include "engine/shm/client.h"
#include "engine/sp.h"
#include "engine/websocket/client.h"

#define WALDO__DIRECT_STAGE_SIZE (16 * 1024)

struct waldo__channel {
    int fd;
    size_t max_message;
    bool ipc;
    waldo__ws_client *websocket; /* NULL: it is none */
    /* Bytes for which there was no room at first: the server takes them. The sending thread's. */
    _Atomic uint64_t sent;
    /* The receiving thread's: */
    _Atomic uint64_t received;
    bool stays;                       /* on the socket, whatever the server offers */
    _Atomic(waldo__shm_client *) shm; /* NULL: on the socket; set once, any thread may look */
    size_t *ret_lead;                 /* see the engine's move; or NULL */
    waldo__sp_parser parser;
    /* Bytes that have come and are not taken yet. */
    size_t stage_start;
    size_t stage_end;
    uint8_t stage[WALDO__DIRECT_STAGE_SIZE];
};

/* Every way in which a peer can be gone, in one code. */
int waldo__direct_gone(int error, waldo_error *reterr);
/* Sends the first bytes on a connection: the socket's buffer has room for them all. */
int waldo__direct_send_first(int fd, const void *data, size_t size, waldo_error *reterr);

/* Counts bytes; one thread does. */
static inline void waldo__direct_count(_Atomic uint64_t *counter, size_t bytes)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, before + bytes, memory_order_relaxed);
}

/* As the engine's functions. */
int waldo__direct_send(waldo__channel *channel, uint32_t id, const struct iovec *parts,
                       int part_count, waldo__deadline deadline, waldo_error *reterr);
int waldo__direct_send_now(waldo__channel *channel, const waldo__outgoing *messages,
                           size_t message_count, size_t *sent, waldo_error *reterr);
int waldo__direct_wait_to_send(waldo__channel *channel, bool or_to_receive,
                               waldo__deadline deadline, waldo_error *reterr);

#endif
