/* Protobuf's numbers of variable length, and what stands before a field. */
#ifndef WALDO_RUNTIME_WIRE_VARINT_H
#define WALDO_RUNTIME_WIRE_VARINT_H

#include <stdbool.h>
#include <stdint.h>

/* The types of fields on the wire. */
enum { WALDO__VARINT = 0, WALDO__FIXED64 = 1, WALDO__DELIMITED = 2 };

/* WALDO__MOST_TAG is of lengths, too: protobuf-c reads no longer ones. */
enum { WALDO__MOST_VARINT = 10, WALDO__MOST_TAG = 5 };

/* Returns what is behind it. */
static inline uint8_t *waldo__put_varint(uint8_t *at, uint64_t number)
{
    while (number >= 0x80) {
        *at++ = (uint8_t)(number | 0x80);
        number >>= 7;
    }
    *at++ = (uint8_t)number;
    return at;
}

static inline uint8_t *waldo__put_tag(uint8_t *at, uint32_t field, unsigned type)
{
    return waldo__put_varint(at, field << 3 | type);
}

/* Those of sint32 and sint64, which are small for small negative numbers, too. */
static inline uint64_t waldo__zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static inline int64_t waldo__unzigzag(uint64_t number)
{
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

/* Moves *at behind it. false: it does not end before the end, or has more than 64 bits. */
static inline bool waldo__take_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_number)
{
    const uint8_t *from = *at;
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && from < end; shift += 7) {
        uint8_t byte = *from++;
        if (shift == 63 && byte > 1)
            return false;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            *at = from;
            return true;
        }
    }
    return false;
}

/* The same, of WALDO__MOST_TAG bytes at most. */
static inline bool waldo__take_tag(const uint8_t **at, const uint8_t *end, uint64_t *ret_number)
{
    const uint8_t *start = *at;
    return waldo__take_varint(at, end, ret_number) && *at - start <= WALDO__MOST_TAG;
}

#endif
