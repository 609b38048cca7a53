/* The client's side of an engine: a channel moves whole messages to a server and back.
 *
 * A channel carries one request at a time and is used by one thread at a time; one of an engine
 * that multiplexes carries many, and one thread may send while another one receives. A channel on
 * which any function failed is closed, and so is one that carries one request and whose call was
 * given up: the next call opens a new one. A deadline that passes while receiving is no failure. */
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

/* A message on its way out: in one piece, or in two, of which the second one is its tail
 * (wire/tail.h). */
typedef struct waldo__outgoing {
    uint32_t id;
    struct iovec parts[2];
} waldo__outgoing;

static inline size_t waldo__outgoing_size(const waldo__outgoing *message)
{
    return message->parts[0].iov_len + message->parts[1].iov_len;
}

typedef struct waldo__client_engine {
    const char *name;
    /* May a channel be opened after fork()? */
    int survives_fork;
    /* Connects within the deadline; messages above max_message bytes are refused both ways. */
    int (*open)(const waldo__url *url, size_t max_message, waldo__deadline deadline,
                waldo__channel **ret_channel, waldo_error *reterr);
    /* Moves a channel on which nothing is under way to shared memory. Only where the server has
     * said that it knows how, and NULL where there is no such thing. 1: moved; 0: it stays as it
     * is, which is as good; < 0: it is of no more use.
     * Unless ret_lead is NULL, each message that is received afterwards says there how many of its
     * first bytes stand behind the others, so that a long tail (wire/tail.h) begins where the
     * buffer's memory does; 0 for most. It lives as long as the channel. */
    int (*move)(waldo__channel *channel, waldo__deadline deadline, size_t *ret_lead,
                waldo_error *reterr);
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

    /* ---- Engines that multiplex; the functions may be NULL in others ---- */

    /* May a channel carry many requests at a time? */
    bool multiplexes;
    /* The same as receive without waiting. 1: a message; 0: none is there yet. NULL: receive is all
     * there is. */
    int (*receive_now)(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                       waldo_error *reterr);
    /* Sends what the channel takes without waiting. *sent counts the bytes that have gone, frames
     * included, and is 0 at first; then the call is repeated with the same messages. 1: all have
     * gone; 0: the channel takes no more now. A message above the limit is not looked for. NULL:
     * send is all there is. */
    int (*send_now)(waldo__channel *channel, const waldo__outgoing *messages, size_t count,
                    size_t *sent, waldo_error *reterr);
    /* Until something may be there to receive, if asked for, or there may be room to send.
     * WALDO_ETIMEOUT. */
    int (*wait_to_send)(waldo__channel *channel, bool or_to_receive, waldo__deadline deadline,
                        waldo_error *reterr);
    /* Grows with each byte that comes, and when the server takes what there was no room to send.
     * From any thread. NULL: nobody can tell. */
    uint64_t (*progress)(waldo__channel *channel);
    /* In a forked child, where another thread of the parent was in the middle of a call: gives the
     * descriptors back; the memory stays as it is. NULL: abandon does not mind. */
    void (*leave_behind)(waldo__channel *channel);
} waldo__client_engine;

/* The engine that serves the URL's scheme. */
const waldo__client_engine *waldo__client_engine_for(const waldo__url *url);

#endif
