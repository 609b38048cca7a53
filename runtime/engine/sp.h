/* The wire of Scalability Protocols over a stream, as both sides of the direct engine speak it.
 *
 * Each side first sends 8 bytes that say what it is: 00 53 50 00 00 T 00 00, T being REQ or REP.
 * Then come frames: over IPC a type byte, 01; a 64-bit big-endian length; as many bytes. A frame
 * starts with its way back, 32-bit big-endian words: one hop for each device that a request came
 * through, their top bit clear, then the request id, its top bit set. The rest is the payload. */
#ifndef WALDO_RUNTIME_ENGINE_SP_H
#define WALDO_RUNTIME_ENGINE_SP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <waldo/error.h>

#include "wire/buffer.h"
#include "wire/tail.h"

#define WALDO__SP_HELLO_SIZE 8
#define WALDO__SP_REQ 0x30
#define WALDO__SP_REP 0x31
/* Devices between a client and a server; a request that came through more is refused. */
#define WALDO__SP_MAX_HOPS 8
#define WALDO__SP_ROUTE_SIZE (4 * (WALDO__SP_MAX_HOPS + 1))
/* Type byte, length, id. */
#define WALDO__SP_PLAIN_HEAD_SIZE(ipc) ((ipc) ? 13u : 12u)
/* Before the way back, at most: a WebSocket's head is longer than type and length. */
#define WALDO__SP_PREFIX_MOST 10
#define WALDO__SP_HEAD_SIZE (WALDO__SP_PREFIX_MOST + WALDO__SP_ROUTE_SIZE)

/* Big-endian words. */
uint32_t waldo__sp_get_word(const uint8_t *bytes);
void waldo__sp_put_word(uint8_t *bytes, uint32_t word);

/* A way back as it is on the wire: hops, then the id. */
typedef struct waldo__sp_route {
    uint8_t bytes[WALDO__SP_ROUTE_SIZE];
    size_t size;
} waldo__sp_route;

/* The way back of a plain request. */
waldo__sp_route waldo__sp_plain_route(uint32_t id);
/* The request id at its end. */
uint32_t waldo__sp_route_id(const waldo__sp_route *route);

void waldo__sp_hello(uint8_t hello[WALDO__SP_HELLO_SIZE], uint8_t protocol);

/* ---- What comes in ---- */

typedef enum waldo__sp_stage {
    WALDO__SP_AT_HELLO,
    WALDO__SP_AT_HEAD,
    WALDO__SP_AT_BODY
} waldo__sp_stage;

/* Fill in the first six, leave the rest zero. */
typedef struct waldo__sp_parser {
    uint8_t peer;      /* what the other side must be */
    bool ipc;          /* with type bytes */
    unsigned max_hops; /* at most WALDO__SP_MAX_HOPS */
    size_t limit;      /* payload bytes; may be changed between messages */
    bool shared;       /* the bytes that come may change while they are read: each is read once */
    bool leads;        /* a long payload may have a lead; only where bytes are shared */
    waldo__sp_stage stage;
    uint8_t head[WALDO__SP_HEAD_SIZE];
    size_t head_size;
    uint64_t left; /* bytes of the frame that are not in head yet; in the body: of the payload */
    waldo__buffer body;
    size_t lead;
} waldo__sp_parser;

typedef struct waldo__sp_message {
    waldo__sp_route route;
    /* In the parser's body, or, unless they are shared, in the bytes that were given. */
    const uint8_t *data;
    size_t size;
    /* Of a long payload that came after a few bytes alone: so many of its first bytes stand behind
     * the others, which begin where the memory does. 0: all are where they belong. */
    size_t lead;
    bool in_body;
} waldo__sp_message;

/* Takes bytes from *data and moves it on. 1: a message is whole, valid until the next call; 0: all
 * bytes are taken and more are needed; WALDO_EPROTOCOL, WALDO_ETOOBIG (before anything is
 * allocated), WALDO_ENOMEM: the stream is of no more use. */
int waldo__sp_take(waldo__sp_parser *parser, const uint8_t **data, size_t *size,
                   waldo__sp_message *ret_message, waldo_error *reterr);
/* Where the rest of a payload that has begun can be read to without a copy, else NULL. */
uint8_t *waldo__sp_room(waldo__sp_parser *parser, size_t *ret_size);
/* After size > 0 bytes were read there. 1: a message is whole; 0: more are needed. */
int waldo__sp_filled(waldo__sp_parser *parser, size_t size, waldo__sp_message *ret_message);
/* Is it in the middle of something? */
bool waldo__sp_is_midway(const waldo__sp_parser *parser);
void waldo__sp_parser_free(waldo__sp_parser *parser);

/* ---- What goes out ---- */

/* A frame under way to a socket; the parts stay the caller's. */
typedef struct waldo__sp_frame {
    uint8_t head[WALDO__SP_HEAD_SIZE];
    size_t head_size;
    const struct iovec *parts;
    int part_count;
    size_t size; /* head and parts */
    size_t sent;
} waldo__sp_frame;

/* The bytes of the parts; false: more than limit. */
bool waldo__sp_measure(const struct iovec *parts, int part_count, size_t limit, size_t *ret_size);
void waldo__sp_frame_init(waldo__sp_frame *frame, bool ipc, const waldo__sp_route *route,
                          const struct iovec *parts, int part_count, size_t payload);
/* The same for one whose head starts with a prefix that is there already. */
void waldo__sp_frame_begin(waldo__sp_frame *frame, size_t prefix_size, const waldo__sp_route *route,
                           const struct iovec *parts, int part_count, size_t payload);
/* Gives the socket what it takes, without blocking and without SIGPIPE. 1: all is sent; 0: the
 * socket takes no more now; < 0: -errno. */
int waldo__sp_frame_send(waldo__sp_frame *frame, int fd);
/* Parts of a frame that are given to the system in one call. */
#define WALDO__SP_WINDOW 16
/* Points the window at the first bytes that are not sent yet; returns how many entries it took. */
int waldo__sp_frame_unsent(const waldo__sp_frame *frame, struct iovec window[WALDO__SP_WINDOW]);
/* Appends what is not sent yet; false: out of memory. */
bool waldo__sp_frame_keep_rest(const waldo__sp_frame *frame, waldo__buffer *buffer);

#endif
