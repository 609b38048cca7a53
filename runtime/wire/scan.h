/* Unpacking bytes from outside. protobuf-c recurses as deep as the bytes say, multiplies their size
 * in memory, and does not look whether text is UTF-8; a scan before it does. */
#ifndef WALDO_RUNTIME_WIRE_SCAN_H
#define WALDO_RUNTIME_WIRE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include <waldo/error.h>

typedef struct waldo__scan_limits {
    int max_depth;     /* messages within messages */
    size_t max_memory; /* bytes that unpacking may take, over-estimated */
} waldo__scan_limits;

/* A value of 64 levels is 129 messages deep; the rest is for messages around it. */
#define WALDO__SCAN_DEPTH 160
#define WALDO__SCAN_MEMORY ((size_t)1 << 30)

/* 0: protobuf_c_message_unpack will do. limits may be NULL: the two above. WALDO_EPROTOCOL: not
 * well-formed, a field of another type, text that is not UTF-8 or holds a NUL (which protobuf-c
 * would cut it at); WALDO_ERECURSION; WALDO_ELIMIT. */
int waldo__scan(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
                const waldo__scan_limits *limits, waldo_error *reterr);

/* Reads the field that begins at *at, and moves *at behind it. *ret_content: behind its number, and
 * its length if it is delimited. false: it is not well-formed. */
bool waldo__scan_field(const uint8_t **at, const uint8_t *end, uint32_t *ret_number,
                       bool *ret_delimited, const uint8_t **ret_content);

/* Scans and unpacks. allocator may be NULL: malloc's. Free *ret_message with
 * protobuf_c_message_free_unpacked and the same allocator. As waldo__scan, and WALDO_ENOMEM. */
int waldo__unpack_within(const ProtobufCMessageDescriptor *descriptor,
                         const waldo__scan_limits *limits, ProtobufCAllocator *allocator,
                         const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                         waldo_error *reterr);
/* The same, but a simple message in one pass, and the others within the limits above. */
int waldo__unpack(const ProtobufCMessageDescriptor *descriptor, ProtobufCAllocator *allocator,
                  const uint8_t *data, size_t size, ProtobufCMessage **ret_message,
                  waldo_error *reterr);

/* An allocator that draws on another one (NULL: malloc's) up to `left` bytes, and remembers why it
 * could not serve: protobuf-c does not tell. What it gave is freed by the other one as well. */
typedef struct waldo__limited_allocator {
    ProtobufCAllocator allocator;
    ProtobufCAllocator *source;
    size_t left;
    bool no_memory;
    bool over_limit;
} waldo__limited_allocator;

/* Not to be moved afterwards. */
void waldo__limited_allocator_init(waldo__limited_allocator *limited, ProtobufCAllocator *source,
                                   size_t limit);

#endif
