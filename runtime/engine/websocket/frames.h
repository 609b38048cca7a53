/* SP in the frames of a WebSocket (RFC 6455, section 5). A message of SP, way back and payload as
 * engine/sp.h has them but without a length, is one binary message, in one frame or in several.
 * What a client sends is masked. */
#ifndef WALDO_RUNTIME_ENGINE_WEBSOCKET_FRAMES_H
#define WALDO_RUNTIME_ENGINE_WEBSOCKET_FRAMES_H

#include "engine/sp.h"

#define WALDO__WS_BINARY 0x2
#define WALDO__WS_CLOSE 0x8
#define WALDO__WS_PING 0x9
#define WALDO__WS_PONG 0xA
/* Two bytes, a length of eight, a mask. */
#define WALDO__WS_HEAD_SIZE 14
#define WALDO__WS_CONTROL_MOST 125
/* So many control frames may come between two messages: they cost work, and need no key. */
#define WALDO__WS_CONTROLS_IN_A_ROW 100

/* ---- What comes in ---- */

/* Fill in the first one, leave the rest zero. */
typedef struct waldo__ws_reader {
    bool from_client; /* what comes is masked, and has to be */
    uint8_t head[WALDO__WS_HEAD_SIZE];
    size_t head_size;
    bool in_frame; /* its head is whole, its payload is not */
    uint8_t opcode;
    bool last; /* of its message */
    uint8_t mask[4];
    size_t mask_at;
    uint64_t left;   /* of the frame's payload */
    bool in_message; /* that has several frames */
    waldo__buffer fragments;
    uint8_t control[WALDO__WS_CONTROL_MOST]; /* the payload of a control frame */
    size_t control_size;
    unsigned controls; /* since the last message */
} waldo__ws_reader;

/* As waldo__sp_take, with a parser that is past the hello; unmasks the bytes where they are. 2: a
 * control frame is whole; its opcode and payload are in the reader. */
int waldo__ws_take(waldo__ws_reader *reader, waldo__sp_parser *parser, uint8_t **data, size_t *size,
                   waldo__sp_message *ret_message, waldo_error *reterr);
/* As waldo__sp_room and waldo__sp_filled, which they are for a stream in no WebSocket: reader is
 * NULL.
 */
uint8_t *waldo__ws_room(const waldo__ws_reader *reader, waldo__sp_parser *parser, size_t *ret_size);
int waldo__ws_filled(waldo__ws_reader *reader, waldo__sp_parser *parser, uint8_t *room, size_t size,
                     waldo__sp_message *ret_message);
void waldo__ws_reader_free(waldo__ws_reader *reader);

/* ---- What goes out ---- */

/* A server's frame around a message of SP; see waldo__sp_frame_init. */
void waldo__ws_frame_init(waldo__sp_frame *frame, const waldo__sp_route *route,
                          const struct iovec *parts, int part_count, size_t payload);
/* Append a whole frame, a client's with a mask. false: out of memory, nothing is appended. */
bool waldo__ws_append_request(waldo__buffer *buffer, const waldo__sp_route *route,
                              const struct iovec *parts, int part_count);
bool waldo__ws_append_control(waldo__buffer *buffer, uint8_t opcode, bool from_client,
                              const uint8_t *payload, size_t size);

#endif
