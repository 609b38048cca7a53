/* Messages read and written in one pass: envelopes, nearly all of which have no messages in them,
 * and short ones. The bytes are protobuf's; the fields are those that protoc-c describes. */
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

/* A message of single fields, which may be such messages, of at most WALDO__FLAT_MOST bytes. It has
 * memory of the allocator's; NULL: malloc's. false: it is not as simple as that, or no message at
 * all, or there is no memory; waldo__unpack knows. */
enum { WALDO__FLAT_MOST = 4096 };
bool waldo__flat_unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                        const uint8_t *data, size_t size, ProtobufCMessage **ret_message);

/* Appends the packed message, flat or not, and leaves room for so many bytes more. false: out of
 * memory. */
bool waldo__flat_append(waldo__buffer *buffer, const ProtobufCMessage *message, size_t room);

/* Packs a message of single fields, which may be such messages, that takes WALDO__FLAT_SHORT bytes
 * at most, into a target of WALDO__FLAT_SHORT_ROOM. false: it is longer, or not as simple as that,
 * and what is in target is of no use. */
enum { WALDO__FLAT_SHORT = 127, WALDO__FLAT_SHORT_ROOM = WALDO__FLAT_SHORT + 32 };
bool waldo__flat_write_short(const ProtobufCMessage *message, uint8_t *target, size_t *ret_size);

/* At most ten bytes; returns how many. */
size_t waldo__write_varint(uint8_t *target, uint64_t number);

#endif
