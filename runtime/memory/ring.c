#include "memory/ring.h"

#include <fcntl.h>
#include <string.h>

/* Pages are given back in pieces of this size. */
#define PIECE ((uint32_t)(1u << 20) / WALDO__RING_UNIT)

static waldo__mark mark_of(uint64_t word)
{
    return (waldo__mark){(uint32_t)(word >> 32), (uint32_t)word};
}

static uint64_t word_of(waldo__mark mark)
{
    return (uint64_t)mark.position << 32 | mark.count;
}

waldo__mark waldo__ring_tail(const waldo__ring *ring)
{
    return mark_of(atomic_load(&ring->ends->tail));
}

waldo__mark waldo__ring_head(const waldo__ring *ring)
{
    return mark_of(atomic_load(&ring->ends->head));
}

/* With its head. size may be anything. */
static uint64_t units_of(uint64_t size)
{
    return (sizeof(waldo__record) + size + WALDO__RING_UNIT - 1) / WALDO__RING_UNIT;
}

bool waldo__ring_can_hold(const waldo__ring *ring, size_t size)
{
    uint32_t most = ring->descriptor < 0 ? ring->units : ring->units - PIECE;
    return size <= UINT32_MAX && units_of(size) <= most;
}

bool waldo__ring_has_room(const waldo__ring *ring, uint32_t size)
{
    uint32_t used = waldo__ring_tail(ring).position -
                    atomic_load_explicit(&ring->ends->reclaimed, memory_order_acquire);
    return used <= ring->units && units_of(size) <= ring->units - used;
}

/* Calls for the one or two stretches of the ring that hold `size` bytes from a unit on. */
static void copy_in(waldo__ring *ring, uint32_t position, size_t at, const void *data, size_t size)
{
    size_t bytes = (size_t)ring->units * WALDO__RING_UNIT;
    size_t start = ((size_t)position * WALDO__RING_UNIT + at) & (bytes - 1);
    size_t first = size < bytes - start ? size : bytes - start;
    memcpy(ring->memory + start, data, first);
    memcpy(ring->memory, (const uint8_t *)data + first, size - first);
}

static void copy_out(const waldo__ring *ring, uint32_t position, size_t at, void *data, size_t size)
{
    size_t bytes = (size_t)ring->units * WALDO__RING_UNIT;
    size_t start = ((size_t)position * WALDO__RING_UNIT + at) & (bytes - 1);
    size_t first = size < bytes - start ? size : bytes - start;
    memcpy(data, ring->memory + start, first);
    memcpy((uint8_t *)data + first, ring->memory, size - first);
}

void waldo__ring_begin(waldo__ring *ring, const waldo__record *record)
{
    copy_in(ring, waldo__ring_tail(ring).position, 0, record, sizeof *record);
}

void waldo__ring_write(waldo__ring *ring, size_t at, const void *data, size_t size)
{
    copy_in(ring, waldo__ring_tail(ring).position, sizeof(waldo__record) + at, data, size);
}

void waldo__ring_publish(waldo__ring *ring, uint32_t size)
{
    waldo__mark tail = waldo__ring_tail(ring);
    tail.position += (uint32_t)units_of(size);
    ++tail.count;
    atomic_store(&ring->ends->tail, word_of(tail));
}

int waldo__ring_first(const waldo__ring *ring, waldo__record *ret_record)
{
    waldo__mark head = waldo__ring_head(ring);
    waldo__mark tail = waldo__ring_tail(ring);
    uint32_t used = tail.position - head.position;
    if (used == 0)
        return 0;
    copy_out(ring, head.position, 0, ret_record, sizeof *ret_record);
    bool whole = used <= ring->units && units_of(ret_record->size) <= used &&
                 (!ret_record->has_serial || ret_record->size >= sizeof(uint64_t));
    return whole ? 1 : -1;
}

void waldo__ring_read(const waldo__ring *ring, size_t at, void *data, size_t size)
{
    copy_out(ring, waldo__ring_head(ring).position, sizeof(waldo__record) + at, data, size);
}

/* Gives the pieces before the one that the head is in back to the host, so that in a large ring
 * memory is taken only for what is in it. They are behind `reclaimed` until that is done: nobody
 * writes there, and whoever is killed here leaves it to the next. */
static void give_pages_back(waldo__ring *ring, uint32_t head)
{
    uint32_t reclaimed = atomic_load_explicit(&ring->ends->reclaimed, memory_order_relaxed);
    uint32_t end = head & ~(PIECE - 1);
    /* A hostile process may have left anything. */
    if (end - reclaimed > ring->units)
        reclaimed = end;
    for (; end - reclaimed >= PIECE; reclaimed += PIECE) {
        size_t at = (size_t)(reclaimed & (ring->units - 1)) * WALDO__RING_UNIT;
        (void)fallocate(ring->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        (off_t)(ring->offset + at), (off_t)PIECE * WALDO__RING_UNIT);
    }
    atomic_store(&ring->ends->reclaimed, end);
}

void waldo__ring_consume(waldo__ring *ring, uint32_t size)
{
    waldo__mark head = waldo__ring_head(ring);
    head.position += (uint32_t)units_of(size);
    ++head.count;
    atomic_store(&ring->ends->head, word_of(head));
    if (ring->descriptor < 0)
        atomic_store(&ring->ends->reclaimed, head.position);
    else if (head.position - atomic_load(&ring->ends->reclaimed) >= PIECE)
        give_pages_back(ring, head.position);
}
