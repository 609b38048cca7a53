/* The tail of a message: many bytes that are the last thing in it, or the last thing in the last
 * message in it, and so on. It is not copied when the message is packed or unpacked. */
#ifndef WALDO_RUNTIME_WIRE_TAIL_H
#define WALDO_RUNTIME_WIRE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <waldo/error.h>

#include "wire/arena.h"
#include "wire/buffer.h"

/* From so many bytes on a copy costs more than to keep what they are in. */
#define WALDO__TAIL_LEAST ((size_t)64 * 1024)
/* What stands before a tail, and where that begins: its lead, if it is no longer than this. */
#define WALDO__LEAD_MOST ((size_t)256)

/* Bytes of the message that may be its tail; empty: there are none. */
ProtobufCBinaryData waldo__tail_find(const ProtobufCMessage *message);

/* Appends the packed message without *tail, which are bytes of the message. Where they are not the
 * last thing in it they are appended, too, and *tail is empty then. false: out of memory. */
bool waldo__tail_pack(waldo__buffer *buffer, const ProtobufCMessage *message,
                      ProtobufCBinaryData *tail);

/* As waldo__unpack into the arena, but a tail that is most of the message stays where it is, in
 * data. */
int waldo__tail_unpack(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                       const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                       waldo_error *reterr);
/* As waldo__unpack into malloc's memory. A tail costs one plain copy; where a holder is given,
 * which the data is in and nobody needs any more, its memory may become the tail's. */
int waldo__tail_unpack_copy(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                            size_t size, waldo__buffer *holder, ProtobufCMessage **ret_message,
                            waldo_error *reterr);

/* ---- Messages of which the lead is in one place, and the other `led` bytes in another one ---- */

/* Appends the message with a single byte in place of the led ones. false: they are not all of the
 * last thing in the last thing in it, and so on; or out of memory. */
bool waldo__tail_leave_out(const uint8_t *lead, size_t size, size_t led, waldo__buffer *ret_short);
/* Unpacks that, or the last thing in it, with the led bytes, which the holder begins with, in the
 * byte's place; its memory may become theirs. 1; 0: nothing was done: they are no tail. */
int waldo__tail_unpack_led(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data,
                           size_t size, size_t led, waldo__buffer *holder,
                           ProtobufCMessage **ret_message, waldo_error *reterr);

#endif
