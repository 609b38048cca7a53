/* A queue's ring in shared memory that another process has filled with anything: its ends and its
 * records. What is read stays inside the ring, and what is written, too. */
#include <stdlib.h>
#include <string.h>

#include "memory/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNITS = 64, MOST = 100, ENDS = 20, BYTES = UNITS * WALDO__RING_UNIT };

static void fill(waldo__ring_ends *ends, uint8_t *memory, const uint8_t *data, size_t size)
{
    uint64_t tail, head;
    uint32_t reclaimed;
    memcpy(&tail, data, sizeof tail);
    memcpy(&head, data + 8, sizeof head);
    memcpy(&reclaimed, data + 16, sizeof reclaimed);
    atomic_store(&ends->tail, tail);
    atomic_store(&ends->head, head);
    atomic_store(&ends->reclaimed, reclaimed);
    memcpy(memory, data + ENDS, size - ENDS < BYTES ? size - ENDS : BYTES);
}

/* As waldo_mp_queue_get does it: whoever finds nonsense stops. */
static void read_all(waldo__ring *ring)
{
    waldo__record record;
    for (int i = 0; i < MOST && waldo__ring_first(ring, &record) == 1; i++) {
        uint8_t *item = malloc(record.size + 1);
        if (!item)
            abort();
        waldo__ring_read(ring, 0, item, record.size);
        free(item);
        waldo__ring_consume(ring, record.size);
    }
}

static void write_some(waldo__ring *ring, const uint8_t *data, uint32_t size)
{
    waldo__record record = {.size = size};
    if (!waldo__ring_can_hold(ring, size) || !waldo__ring_has_room(ring, size))
        return;
    waldo__ring_begin(ring, &record);
    waldo__ring_write(ring, 0, data, size);
    waldo__ring_publish(ring, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < ENDS)
        return 0;
    waldo__ring_ends *ends = aligned_alloc(64, sizeof *ends);
    uint8_t *memory = calloc(1, BYTES);
    if (!ends || !memory)
        abort();
    fill(ends, memory, data, size);
    waldo__ring ring = {.ends = ends, .memory = memory, .units = UNITS, .descriptor = -1};
    write_some(&ring, data, (uint32_t)(size < BYTES ? size : BYTES));
    read_all(&ring);
    free(ends);
    free(memory);
    return 0;
}
