/* Records, one after the other, in a ring of shared memory.
 *
 * One end of the ring is its mark: a position and how many records have passed there, in one word.
 * A record is there when the writer has stored the tail's mark, and gone when the reader has stored
 * the head's: whoever is killed before that has done nothing. Writers exclude one another, and so
 * do readers; a writer and a reader need not. Both take the other's mark, and the reader what it
 * reads, for something that a hostile process may have written. */
#ifndef WALDO_RUNTIME_MEMORY_RING_H
#define WALDO_RUNTIME_MEMORY_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Positions count units, and go on from 2^32 - 1 to 0. */
#define WALDO__RING_UNIT 8

typedef struct waldo__mark {
    uint32_t position;
    uint32_t count;
} waldo__mark;

/* In shared memory; each end has a cache line of its own. */
typedef struct waldo__ring_ends {
    _Alignas(64) _Atomic uint64_t tail;
    _Alignas(64) _Atomic uint64_t head;
    _Atomic uint32_t reclaimed; /* what is before it may be written again */
} waldo__ring_ends;

typedef struct waldo__ring {
    waldo__ring_ends *ends;
    uint8_t *memory;
    uint32_t units; /* a power of two, at most 2^30 */
    int descriptor; /* of the memory, for giving pages back, which takes 8 MiB or more; -1: no */
    size_t offset;  /* of the ring in it */
} waldo__ring;

typedef struct waldo__record {
    uint32_t size; /* of the data */
    uint8_t form;
    uint8_t has_serial; /* 8 bytes before the data, counted in size */
    uint16_t unused;
} waldo__record;

waldo__mark waldo__ring_tail(const waldo__ring *ring);
waldo__mark waldo__ring_head(const waldo__ring *ring);
/* Does a record of that size ever fit? */
bool waldo__ring_can_hold(const waldo__ring *ring, size_t size);

/* For writers. False: no room now. Puts the record, but for the parts that are written with
 * waldo__ring_write, behind the tail; waldo__ring_publish makes it one. */
bool waldo__ring_has_room(const waldo__ring *ring, uint32_t size);
void waldo__ring_begin(waldo__ring *ring, const waldo__record *record);
void waldo__ring_write(waldo__ring *ring, size_t at, const void *data, size_t size);
void waldo__ring_publish(waldo__ring *ring, uint32_t size);

/* For readers. 1: *ret is the first record; 0: there is none; -1: what is there is none. */
int waldo__ring_first(const waldo__ring *ring, waldo__record *ret_record);
void waldo__ring_read(const waldo__ring *ring, size_t at, void *data, size_t size);
/* Takes the first one out. */
void waldo__ring_consume(waldo__ring *ring, uint32_t size);

#endif
