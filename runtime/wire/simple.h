/* Simple messages, read and written in one pass: those of single fields, which may be simple
 * messages again. Most arguments and results are. The bytes are protobuf's; the fields are those
 * that protoc-c describes. */
#ifndef WALDO_RUNTIME_WIRE_SIMPLE_H
#define WALDO_RUNTIME_WIRE_SIMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

/* Bytes of a message that is read so, of one that is written so, and where to. */
enum {
    WALDO__SIMPLE_MOST = 4096,
    WALDO__SIMPLE_SHORT = 127, /* each length takes one byte */
    WALDO__SIMPLE_ROOM = WALDO__SIMPLE_SHORT + 32
};

/* The message has memory of the allocator's; NULL: malloc's. false: it is not as simple as that, or
 * too long, or no message at all, or there is no memory; waldo__unpack knows. */
bool waldo__simple_unpack(const ProtobufCMessageDescriptor *descriptor,
                          ProtobufCAllocator *allocator, const uint8_t *data, size_t size,
                          ProtobufCMessage **ret_message);
/* Into a target of WALDO__SIMPLE_ROOM bytes. false: it is not as simple as that, or takes more than
 * WALDO__SIMPLE_SHORT bytes, and what is in target is of no use. */
bool waldo__simple_pack(const ProtobufCMessage *message, uint8_t *target, size_t *ret_size);

#endif
