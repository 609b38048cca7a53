/* One direction of a connection in shared memory: a ring with one writer and one reader, and slots
 * beside it in which long pieces are handed over.
 *
 * What travels is a stream of bytes, the same as on a socket. It is cut into records:
 *
 *     | size 32 | slot 32 | size bytes, padded to 8 |          slot 0: the bytes are in the ring
 *     | size 32 | slot 32 |                                    slot n: they are in slot n - 1
 *
 * A head is written last, as one word, and is never 0; the word behind the last record always is.
 * So a reader looks at one word to see whether there is a record, and it is in the cache line where
 * the record begins. A slot is the writer's again as soon as its record is.
 *
 * The other side may be hostile. Each word of its is loaded once and checked; what it says can make
 * this side see nonsense, or the end of its patience, but never touch anything outside the memory.
 * The bytes of a record may change while they are read: they are to be copied before they are
 * believed.
 *
 * Sleep. Who finds no record raises `sleeps`, looks once more, and sleeps if there still is none.
 * Who writes a head then looks at `sleeps`, and wakes the other one if it is up. All four are
 * sequentially consistent, so there is one order of them. If the look at `sleeps` does not see it
 * up, it comes before the raising; then the head comes before the second look, which sees it.
 * Either the writer wakes the reader or the reader does not sleep. For a writer that waits until
 * something is released it is the same, with `waits` and `released`. What wakes is a byte in the
 * socket or a futex; who was woken takes the bytes before he looks, so that none is taken together
 * with an older one after the look. Whoever wakes takes the flag down, so nobody is woken twice,
 * and while both are awake nobody makes a system call. */
#ifndef WALDO_RUNTIME_ENGINE_SHM_LANE_H
#define WALDO_RUNTIME_ENGINE_SHM_LANE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "engine/sp.h"

/* Bytes of a ring: a power of 2, at least 4 KiB. Both sides must have been built with the same. */
#ifndef WALDO__LANE_RING
#define WALDO__LANE_RING (256u * 1024)
#endif
/* Slots of one direction. */
#define WALDO__LANE_SLOT_SIZE (128u * 1024)
#define WALDO__LANE_SLOT_COUNT 16u
/* From here on what is written goes into slots, if one is free. */
#define WALDO__LANE_SLOT_LEAST (64u * 1024)

/* Where in its pages a slot's bytes begin. A copy whose target lies 1 to 15 bytes behind its
 * source, seen modulo a page, takes twenty times as long on some processors, and what malloc()
 * gives for a long value begins 16 bytes into a page: not here. */
#define WALDO__LANE_SLOT_START 1024u
#define WALDO__LANE_SLOT_STRIDE (WALDO__LANE_SLOT_SIZE + 4096u)

/* A reader in the middle of a message looks so long for the next piece before it sleeps, while that
 * is not in vain: the writer takes less to copy one than to wake it. */
#define WALDO__LANE_REST_NS UINT64_C(20000)

/* Cache lines come in pairs. */
#define WALDO__LANE_LINE 128

/* In shared memory, all zero at first but for `sleeps`. Each word has a line of its own: what one
 * side writes often is not what the other one looks at often. */
typedef struct waldo__lane_words {
    alignas(WALDO__LANE_LINE) _Atomic uint32_t released; /* bytes, modulo 2^32; by the reader */
    alignas(WALDO__LANE_LINE) _Atomic uint32_t sleeps;   /* the reader does: wake it */
    alignas(WALDO__LANE_LINE) _Atomic uint32_t waits;    /* the writer does */
} waldo__lane_words;

/* Where a ring is. */
typedef struct waldo__lane_place {
    waldo__lane_words *words;
    uint8_t *bytes; /* WALDO__LANE_RING, aligned to 8 */
    uint8_t *slots; /* WALDO__LANE_SLOT_COUNT of WALDO__LANE_SLOT_STRIDE */
} waldo__lane_place;

/* ---- the writer's end: one thread at a time ---- */

typedef struct waldo__lane_writer {
    waldo__lane_place place;
    uint32_t at;       /* where the next record begins, modulo 2^32 */
    uint32_t released; /* as it was last seen */
    /* Slots in use, oldest first, from first_slot on: where in the ring their records end. */
    uint32_t slot_ends[WALDO__LANE_SLOT_COUNT];
    unsigned first_slot;
    unsigned slot_count;
} waldo__lane_writer;

/* Of a ring that is new. */
void waldo__lane_writer_init(waldo__lane_writer *writer, const waldo__lane_place *place);
/* Writes one record with the beginning of what is in the parts; the number of bytes. What is short
 * before a long part is a record of its own: whoever wants that part alone, as it is, gets it so.
 * 0: it is full.
 * WALDO_EPROTOCOL: the reader makes no sense. *ret_wake: the reader sleeps and has to be woken. */
ssize_t waldo__lane_write(waldo__lane_writer *writer, const struct iovec *parts, int part_count,
                          bool *ret_wake);
/* The same with what is left of a frame, which then knows it. */
ssize_t waldo__lane_write_frame(waldo__lane_writer *writer, waldo__sp_frame *frame, bool *ret_wake);
/* The wakes that are due for a frame of several records; zero at its beginning. To wake takes
 * longer than to write a record, so a reader that sleeps is woken for the first one, to take what
 * there is while the rest is written, and after that once, when there is no more. */
typedef struct waldo__lane_waking {
    bool woken;
    bool due;
} waldo__lane_waking;

/* After each write: whether to wake it now. `last`: the frame is written, or it is full. */
bool waldo__lane_wakes_now(waldo__lane_waking *waking, bool wake, bool last);
/* Raises `waits` after a write that found it full. false: there may be room by now. true: the
 * reader will say so; until then `released` is *ret_released. */
bool waldo__lane_await_room(const waldo__lane_writer *writer, uint32_t *ret_released);

/* ---- the reader's ---- */

typedef struct waldo__lane_reader {
    waldo__lane_place place;
    uint32_t at;   /* where the next record begins */
    uint32_t next; /* where the one that is being read ends */
} waldo__lane_reader;

typedef struct waldo__span {
    const uint8_t *data;
    size_t size;
} waldo__span;

void waldo__lane_reader_init(waldo__lane_reader *reader, const waldo__lane_place *place);
/* Is there a record? */
bool waldo__lane_has(const waldo__lane_reader *reader);
/* The next record's bytes, in one or two pieces (the second one may be empty). 1, or 0: there is
 * none; WALDO_EPROTOCOL. They are there until it is released. */
int waldo__lane_read(waldo__lane_reader *reader, waldo__span ret_spans[2]);
/* Gives the record back. true: the writer waits and has to be woken. */
bool waldo__lane_release(waldo__lane_reader *reader);
/* Raises `sleeps`. false, and it is down again: there is a record. */
bool waldo__lane_sleep(const waldo__lane_reader *reader);
/* It sleeps no longer. */
void waldo__lane_wake(const waldo__lane_reader *reader);

#endif
