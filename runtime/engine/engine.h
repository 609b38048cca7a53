/* The client's side of an engine: a channel moves whole messages to a server and back.
 *
 * One thread at a time sends on a channel and one at a time receives; over tcp:// and ipc:// both
 * may happen at once. Nothing else is done meanwhile, but interrupt(). A channel on which
 * a call was given up, or any function failed, is closed: the next call opens a new one. */
#ifndef WALDO_RUNTIME_ENGINE_H
#define WALDO_RUNTIME_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <waldo/error.h>

#include "engine/deadline.h"
#include "engine/url.h"
#include "wire/buffer.h"

/* A request id as SP/REQ has it: the top bit set, unique among the requests of a channel. */
#define WALDO__REQUEST_ID_FLAG 0x80000000u

typedef struct waldo__channel waldo__channel;

typedef struct waldo__client_engine {
    const char *name;
    /* May a channel be opened after fork()? */
    int survives_fork;
    /* Connects within the deadline; messages above max_message bytes are refused both ways. */
    int (*open)(const waldo__url *url, size_t max_message, waldo__deadline deadline,
                waldo__channel **ret_channel, waldo_error *reterr);
    /* Moves a channel on which nothing is under way to shared memory. Only where the server has
     * said that it knows how, and NULL where there is no such thing. 1: moved; 0: it stays as it
     * is, which is as good; < 0: it is of no more use. */
    int (*move)(waldo__channel *channel, waldo__deadline deadline, waldo_error *reterr);
    /* WALDO_ETOOBIG before anything is sent; WALDO_ETIMEOUT; WALDO_EGONE. */
    int (*send)(waldo__channel *channel, uint32_t id, const struct iovec *parts, int part_count,
                waldo__deadline deadline, waldo_error *reterr);
    /* The next message; the buffer is the caller's and is overwritten. Errors as send, and
     * WALDO_EPROTOCOL for a peer that does not speak SP. Signals do not end it. */
    int (*receive)(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                   waldo__deadline deadline, waldo_error *reterr);
    /* From another thread: receive and send end with WALDO_EGONE, now or within 50 ms. */
    void (*interrupt)(waldo__channel *channel);
    /* Without waiting: false: the connection is known to be broken. Between calls only. */
    bool (*is_connected)(waldo__channel *channel);
    /* NULL is a no-op. */
    void (*close)(waldo__channel *channel);
    /* In a forked child: frees the channel without a word to the parent's server. */
    void (*abandon)(waldo__channel *channel);
} waldo__client_engine;

/* The engine that serves the URL's scheme. */
const waldo__client_engine *waldo__client_engine_for(const waldo__url *url);

#endif
