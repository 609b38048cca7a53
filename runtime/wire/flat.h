/* Flat messages, those without messages in them, such as nearly every envelope: read and written in
 * one pass. The bytes are protobuf's; the fields are those that protoc-c describes. */
#ifndef WALDO_RUNTIME_WIRE_FLAT_H
#define WALDO_RUNTIME_WIRE_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "wire/arena.h"
#include "wire/buffer.h"

/* Fills *message, a message of the descriptor, whose fields are numbered from 1 without gaps. Texts
 * and arrays are in the arena; bytes too, unless they are borrowed from data. false: it is not as
 * simple as that, or no message at all, or there is no memory; waldo__unpack knows. */
bool waldo__flat_read(const ProtobufCMessageDescriptor *descriptor, waldo__arena *arena,
                      const uint8_t *data, size_t size, bool borrows, void *message);

/* Appends the packed message, flat or not, and leaves room for so many bytes more. false: out of
 * memory. */
bool waldo__flat_append(waldo__buffer *buffer, const ProtobufCMessage *message, size_t room);

/* At most ten bytes; returns how many. */
size_t waldo__write_varint(uint8_t *target, uint64_t number);

#endif
