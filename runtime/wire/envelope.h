/* The envelope (proto/waldo/wire.proto): packing without copying the body into it, and unpacking.
 */
#ifndef WALDO_RUNTIME_WIRE_ENVELOPE_H
#define WALDO_RUNTIME_WIRE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <waldo/error.h>

#include "waldo/wire.pb-c.h"
#include "wire/arena.h"
#include "wire/buffer.h"

/* Appends the packed request, then `body` as its body field; request->body itself must be empty.
 * body may be NULL for none. WALDO_ENOMEM; WALDO_ETYPE: it is no message, but zeros. */
int waldo__envelope_request(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                            const ProtobufCMessage *body, waldo_error *reterr);
/* The same, but bytes that end the body may be left out: *ret_tail, which follows the buffer's and
 * stays in the body; else that is empty (wire/tail.h). */
int waldo__envelope_request_before(waldo__buffer *buffer, const Waldo__Wire__Request *request,
                                   const ProtobufCMessage *body, ProtobufCBinaryData *ret_tail,
                                   waldo_error *reterr);
/* The same for a reply, but no other bytes than *tail, which may be NULL for none. */
int waldo__envelope_reply(waldo__buffer *buffer, const Waldo__Wire__Reply *reply,
                          const ProtobufCMessage *body, ProtobufCBinaryData *tail,
                          waldo_error *reterr);

/* The request is in the arena. borrows: what are bytes in it may stay where they were, in data;
 * else it needs data no more. Errors as waldo__unpack. */
int waldo__envelope_read_request(waldo__arena *arena, const uint8_t *data, size_t size,
                                 bool borrows, Waldo__Wire__Request **ret_request,
                                 waldo_error *reterr);
/* The same for a reply, but its body is where it was, in data. */
int waldo__envelope_read_reply(waldo__arena *arena, const uint8_t *data, size_t size,
                               Waldo__Wire__Reply **ret_reply, waldo_error *reterr);

#endif
