#include "engine/shm/lane.h"

#include <string.h>

#include <waldo/error.h>

#define MASK (WALDO__LANE_RING - 1)
#define HEAD ((uint32_t)sizeof(uint64_t))
/* A record takes no more of the ring, so that the reader is at work while the next one is written.
 */
#define LONGEST (WALDO__LANE_RING / 4)
/* A long message is not cut into pieces shorter than this, but for what stands before a long part.
 */
#define SHORTEST (WALDO__LANE_RING / 64)

_Static_assert((WALDO__LANE_RING & MASK) == 0 && WALDO__LANE_RING >= 4096 &&
                   WALDO__LANE_RING <= 1u << 30,
               "a power of 2");
_Static_assert(sizeof(_Atomic uint32_t) == 4 && sizeof(_Atomic uint64_t) == 8, "plain words");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "atomic between processes");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "atomic between processes");

static uint32_t padded(uint32_t size)
{
    return (size + HEAD - 1) & ~(HEAD - 1);
}

static _Atomic uint64_t *head_at(const waldo__lane_place *place, uint32_t at)
{
    return (_Atomic uint64_t *)(void *)(place->bytes + (at & MASK));
}

static uint8_t *slot_at(const waldo__lane_place *place, unsigned slot)
{
    return place->slots + (size_t)slot * WALDO__LANE_SLOT_STRIDE + WALDO__LANE_SLOT_START;
}

/* ---- writing ---- */

void waldo__lane_writer_init(waldo__lane_writer *writer, const waldo__lane_place *place)
{
    *writer = (waldo__lane_writer){.place = *place};
}

/* Copies size bytes of the parts from *skip on, and moves that on. */
static void gather(const struct iovec *parts, size_t *skip, uint8_t *target, size_t size)
{
    size_t before = *skip;

    *skip += size;
    for (; size > 0; parts++) {
        if (parts->iov_len <= before) {
            before -= parts->iov_len;
            continue;
        }
        size_t taken = parts->iov_len - before < size ? parts->iov_len - before : size;
        waldo__copy(target, (const uint8_t *)parts->iov_base + before, taken);
        before = 0;
        target += taken;
        size -= taken;
    }
}

static size_t measure(const struct iovec *parts, int part_count)
{
    size_t size = 0;

    for (int i = 0; i < part_count; i++)
        size += parts[i].iov_len;
    return size;
}

/* The bytes before the first long part, if they are few; else 0. */
static size_t measure_lead(const struct iovec *parts, int part_count)
{
    size_t size = 0;

    for (int i = 0; i < part_count && size <= WALDO__LEAD_MOST; i++) {
        if (parts[i].iov_len >= WALDO__LANE_SLOT_LEAST)
            return size;
        size += parts[i].iov_len;
    }
    return 0;
}

/* Looks how far the reader is. false: where it cannot be. */
static bool look(waldo__lane_writer *writer)
{
    uint32_t released = atomic_load_explicit(&writer->place.words->released, memory_order_acquire);

    if (writer->at - released > WALDO__LANE_RING)
        return false;
    writer->released = released;
    while (writer->slot_count > 0 &&
           (int32_t)(writer->slot_ends[writer->first_slot] - released) <= 0) {
        writer->first_slot = (writer->first_slot + 1) % WALDO__LANE_SLOT_COUNT;
        writer->slot_count--;
    }
    return true;
}

/* Bytes of the ring that a record and the 0 behind it may take. */
static uint32_t room(const waldo__lane_writer *writer)
{
    return WALDO__LANE_RING - (writer->at - writer->released);
}

/* Shows the record to the reader. */
static bool publish(waldo__lane_writer *writer, uint32_t size, uint32_t slot, uint32_t taken)
{
    waldo__lane_words *words = writer->place.words;
    _Atomic uint64_t *head = head_at(&writer->place, writer->at);

    writer->at += taken;
    atomic_store_explicit(head_at(&writer->place, writer->at), 0, memory_order_relaxed);
    atomic_store(head, (uint64_t)slot << 32 | size);
    return atomic_load(&words->sleeps) != 0 && atomic_exchange(&words->sleeps, 0) != 0;
}

static uint32_t write_slot(waldo__lane_writer *writer, const struct iovec *parts, size_t total,
                           bool *ret_wake)
{
    uint32_t size = total < WALDO__LANE_SLOT_SIZE ? (uint32_t)total : WALDO__LANE_SLOT_SIZE;
    size_t skip = 0;

    /* One after the other: those that were used last are still in the reader's cache, and to take
     * them from there costs more than to copy. */
    unsigned slot = (writer->first_slot + writer->slot_count) % WALDO__LANE_SLOT_COUNT;
    gather(parts, &skip, slot_at(&writer->place, slot), size);
    writer->slot_ends[slot] = writer->at + HEAD;
    writer->slot_count++;
    *ret_wake = publish(writer, size, slot + 1, HEAD);
    return size;
}

static uint32_t write_bytes(waldo__lane_writer *writer, const struct iovec *parts, uint32_t size,
                            bool *ret_wake)
{
    uint32_t start = (writer->at + HEAD) & MASK;
    uint32_t until_end = WALDO__LANE_RING - start;
    size_t skip = 0;

    gather(parts, &skip, writer->place.bytes + start, size < until_end ? size : until_end);
    if (size > until_end)
        gather(parts, &skip, writer->place.bytes, size - until_end);
    *ret_wake = publish(writer, size, 0, HEAD + padded(size));
    return size;
}

ssize_t waldo__lane_write(waldo__lane_writer *writer, const struct iovec *parts, int part_count,
                          bool *ret_wake)
{
    size_t total = measure(parts, part_count);
    size_t lead = total >= WALDO__LANE_SLOT_LEAST ? measure_lead(parts, part_count) : 0;

    if (lead > 0)
        total = lead;
    uint32_t size = total < LONGEST ? (uint32_t)total : LONGEST;
    uint32_t least = size < SHORTEST ? size : SHORTEST;
    bool is_long = total >= WALDO__LANE_SLOT_LEAST;

    *ret_wake = false;
    if (total == 0)
        return 0;
    if ((is_long || room(writer) < 2 * HEAD + padded(size)) && !look(writer))
        return WALDO_EPROTOCOL;
    if (room(writer) < 2 * HEAD + padded(least))
        return 0;
    if (is_long && writer->slot_count < WALDO__LANE_SLOT_COUNT)
        return write_slot(writer, parts, total, ret_wake);
    uint32_t most = (room(writer) - 2 * HEAD) & ~(HEAD - 1);
    return write_bytes(writer, parts, size < most ? size : most, ret_wake);
}

ssize_t waldo__lane_write_frame(waldo__lane_writer *writer, waldo__sp_frame *frame, bool *ret_wake)
{
    struct iovec window[WALDO__SP_WINDOW];
    int count = waldo__sp_frame_unsent(frame, window);
    ssize_t written = waldo__lane_write(writer, window, count, ret_wake);

    if (written > 0)
        frame->sent += (size_t)written;
    return written;
}

bool waldo__lane_wakes_now(waldo__lane_waking *waking, bool wake, bool last)
{
    waking->due |= wake;
    if (!waking->due || (waking->woken && !last))
        return false;
    *waking = (waldo__lane_waking){.woken = true};
    return true;
}

bool waldo__lane_await_room(const waldo__lane_writer *writer, uint32_t *ret_released)
{
    waldo__lane_words *words = writer->place.words;

    atomic_store(&words->waits, 1);
    *ret_released = atomic_load(&words->released);
    return *ret_released == writer->released;
}

/* ---- reading ---- */

void waldo__lane_reader_init(waldo__lane_reader *reader, const waldo__lane_place *place)
{
    *reader = (waldo__lane_reader){.place = *place};
}

bool waldo__lane_has(const waldo__lane_reader *reader)
{
    return atomic_load_explicit(head_at(&reader->place, reader->at), memory_order_acquire) != 0;
}

int waldo__lane_read(waldo__lane_reader *reader, waldo__span ret_spans[2])
{
    const waldo__lane_place *place = &reader->place;
    uint64_t head = atomic_load_explicit(head_at(place, reader->at), memory_order_acquire);
    uint32_t size = (uint32_t)head;
    uint32_t slot = (uint32_t)(head >> 32);

    if (head == 0)
        return 0;
    if (size == 0 || slot > WALDO__LANE_SLOT_COUNT ||
        size > (slot > 0 ? WALDO__LANE_SLOT_SIZE : LONGEST))
        return WALDO_EPROTOCOL;
    ret_spans[1] = (waldo__span){place->bytes, 0};
    if (slot > 0) {
        ret_spans[0] = (waldo__span){slot_at(place, slot - 1), size};
        reader->next = reader->at + HEAD;
        return 1;
    }
    uint32_t start = (reader->at + HEAD) & MASK;
    uint32_t until_end = WALDO__LANE_RING - start;
    ret_spans[0] = (waldo__span){place->bytes + start, size < until_end ? size : until_end};
    if (size > until_end)
        ret_spans[1].size = size - until_end;
    reader->next = reader->at + HEAD + padded(size);
    return 1;
}

bool waldo__lane_release(waldo__lane_reader *reader)
{
    waldo__lane_words *words = reader->place.words;

    reader->at = reader->next;
    atomic_store(&words->released, reader->at);
    return atomic_load(&words->waits) != 0 && atomic_exchange(&words->waits, 0) != 0;
}

bool waldo__lane_sleep(const waldo__lane_reader *reader)
{
    atomic_store(&reader->place.words->sleeps, 1);
    if (atomic_load(head_at(&reader->place, reader->at)) == 0)
        return true;
    waldo__lane_wake(reader);
    return false;
}

void waldo__lane_wake(const waldo__lane_reader *reader)
{
    atomic_store_explicit(&reader->place.words->sleeps, 0, memory_order_relaxed);
}
