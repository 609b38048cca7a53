#include <waldo/mp/queue.h>

#include <stdlib.h>
#include <string.h>

#include "memory/bell.h"
#include "memory/classes.h"
#include "memory/item.h"
#include "memory/ring.h"
#include "memory/robust.h"
#include "memory/satchel.h"

#define DEFAULT_CAPACITY ((size_t)256 << 20)
#define SMALLEST_CAPACITY ((size_t)4096)
#define LARGEST_CAPACITY ((size_t)8 << 30)
/* From this capacity on pages are given back. */
#define LARGE_CAPACITY ((size_t)8 << 20)
/* Where the ring begins: a page boundary of the segment, if the ring is large. */
#define RING_AT 4096
/* Items up to this size are taken out without an allocation. */
#define SMALL_ITEM 512

typedef struct waldo__queue_state {
    uint32_t tag;
    uint32_t units;
    uint32_t maxsize; /* UINT32_MAX: no limit */
    waldo__ring_ends ends;
    _Alignas(64) waldo__robust put; /* who has it writes */
    uint64_t serial;                /* of the last item with descriptors; under put */
    waldo__bell not_full;
    _Alignas(64) waldo__robust get; /* who has it reads */
    waldo__bell not_empty;
    _Alignas(64) _Atomic uint32_t done; /* calls of task_done */
    waldo__bell all_done;
} waldo__queue_state;

struct waldo_mp_queue {
    waldo__shared shared;
    waldo__queue_state *state;
    waldo__ring ring;
    uint32_t maxsize;
    waldo__satchel satchel;
    _Atomic bool closed;
};

static int reduce_satchel(waldo__shared *shared, waldo__reduced *ret, waldo_error *reterr)
{
    const waldo_mp_queue *queue = (waldo_mp_queue *)shared;
    if (ret->descriptor_count + 2 > WALDO__REDUCED_DESCRIPTORS)
        return waldo_error_set(reterr, WALDO_ELIMIT, "a handle that is too large");
    ret->descriptors[ret->descriptor_count++] = queue->satchel.in;
    ret->descriptors[ret->descriptor_count++] = queue->satchel.out;
    return 0;
}

/* units is checked: what the state says later does not matter. */
static void attach(waldo_mp_queue *queue, uint32_t units)
{
    waldo__block *block = &queue->shared.block;
    bool large = (size_t)units * WALDO__RING_UNIT >= LARGE_CAPACITY;
    queue->state = waldo__shared_state(&queue->shared);
    queue->maxsize = queue->state->maxsize;
    queue->ring = (waldo__ring){
        .ends = &queue->state->ends,
        .memory = (uint8_t *)queue->state + RING_AT,
        .units = units,
        .descriptor = large ? block->segment->descriptor : -1,
        .offset = block->offset + RING_AT,
    };
}

static int rebuild_more(waldo__shared *shared, const waldo__reduced *from,
                        waldo__reduced_position *position, waldo_error *reterr)
{
    waldo_mp_queue *queue = (waldo_mp_queue *)shared;
    const waldo__queue_state *state = waldo__shared_state(shared);
    uint32_t units = *(const volatile uint32_t *)&state->units;
    queue->satchel = (waldo__satchel){-1, -1};
    if (from->descriptor_count - position->descriptor < 2)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a queue without its sockets");
    queue->satchel.in = from->descriptors[position->descriptor++];
    queue->satchel.out = from->descriptors[position->descriptor++];
    if (units == 0 || (units & (units - 1)) != 0 || units > LARGEST_CAPACITY / WALDO__RING_UNIT ||
        (size_t)units * WALDO__RING_UNIT > shared->block.size - RING_AT)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a queue that is malformed");
    attach(queue, units);
    return 0;
}

static void dispose(waldo__shared *shared)
{
    waldo__satchel_close(&((waldo_mp_queue *)shared)->satchel);
}

static const waldo__shape shape = {
    .tag = WALDO__TAG('Q', 'U', 'E', 'U'),
    .object_size = sizeof(waldo_mp_queue),
    .state_size = RING_AT + SMALLEST_CAPACITY,
    .reduce_more = reduce_satchel,
    .rebuild_more = rebuild_more,
    .dispose = dispose,
};
_Static_assert(sizeof(waldo__queue_state) <= RING_AT, "the ring begins behind the state");

WALDO__SHARED_TYPE(queue, "Queue", &shape);

static int check_options(const waldo_mp_queue_options *options, size_t *ret_capacity,
                         waldo_error *reterr)
{
    size_t wanted = options->capacity ? options->capacity : DEFAULT_CAPACITY;
    if (wanted > LARGEST_CAPACITY)
        return waldo_error_set(reterr, WALDO_EVALUE, "a queue of %zu bytes", wanted);
    if (options->maxsize > INT32_MAX)
        return waldo_error_set(reterr, WALDO_EVALUE, "a queue of %lld items",
                               (long long)options->maxsize);
    size_t capacity = SMALLEST_CAPACITY;
    while (capacity < wanted)
        capacity *= 2;
    *ret_capacity = capacity;
    return 0;
}

int waldo_mp_queue_new(const waldo_mp_queue_options *options, waldo_mp_queue **ret_queue,
                       waldo_error *reterr)
{
    static const waldo_mp_queue_options none;
    waldo_mp_queue *queue = NULL;
    size_t capacity = 0;
    if (!options)
        options = &none;
    int status = check_options(options, &capacity, reterr);
    if (status >= 0)
        status = waldo__shared_new(&shape, RING_AT + capacity, &queue, reterr);
    if (status < 0)
        return status;
    waldo__queue_state *state = waldo__shared_state(&queue->shared);
    state->units = (uint32_t)(capacity / WALDO__RING_UNIT);
    state->maxsize = options->maxsize > 0 ? (uint32_t)options->maxsize : UINT32_MAX;
    attach(queue, state->units);
    queue->satchel = (waldo__satchel){-1, -1};
    status = waldo__satchel_open(&queue->satchel, reterr);
    if (status < 0)
        waldo_mp_queue_unref(queue);
    else
        *ret_queue = queue;
    return status;
}

static int check_open(waldo_mp_queue *queue, waldo_error *reterr)
{
    if (atomic_load_explicit(&queue->closed, memory_order_relaxed))
        return waldo_error_set(reterr, WALDO_EVALUE, "Queue is closed");
    return 0;
}

static int spoiled(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_EPROTOCOL, "the memory of the queue is spoiled");
}

static uint32_t length(const waldo_mp_queue *queue)
{
    /* The head first: it can only be behind a tail that is read later. */
    uint32_t gone = waldo__ring_head(&queue->ring).count;
    return waldo__ring_tail(&queue->ring).count - gone;
}

/* ---- put ---- */

/* With the put lock. WALDO_EFULL, without a message: not now. */
static int write_item(waldo_mp_queue *queue, const waldo__item *item, waldo_error *reterr)
{
    waldo__ring *ring = &queue->ring;
    size_t before = item->descriptors ? sizeof(uint64_t) : 0;
    waldo__record record = {
        .size = (uint32_t)(item->size + before),
        .form = (uint8_t)item->form,
        .has_serial = before > 0,
    };
    if (length(queue) >= queue->maxsize || !waldo__ring_has_room(ring, record.size))
        return WALDO_EFULL;
    if (item->descriptors) {
        uint64_t serial = ++queue->state->serial;
        int status = waldo__satchel_put(&queue->satchel, serial, item->descriptors, reterr);
        if (status < 0)
            return status;
        waldo__ring_write(ring, 0, &serial, sizeof serial);
    }
    waldo__ring_begin(ring, &record);
    waldo__ring_write(ring, before, item->data, item->size);
    waldo__ring_publish(ring, record.size);
    return 0;
}

static int try_put(waldo_mp_queue *queue, const waldo__item *item, waldo_error *reterr)
{
    waldo__queue_state *state = queue->state;
    waldo__robust_enter(&state->put);
    int status = write_item(queue, item, reterr);
    waldo__robust_give(&state->put);
    if (status >= 0)
        waldo__bell_ring(&state->not_empty, 1);
    return status;
}

static int put(waldo_mp_queue *queue, const waldo__item *item, waldo__patience *patience,
               waldo_error *reterr)
{
    if (!waldo__ring_can_hold(&queue->ring, item->size + sizeof(uint64_t)))
        return waldo_error_set(reterr, WALDO_ETOOBIG,
                               "an item of %zu bytes for a queue of %zu bytes", item->size,
                               (size_t)queue->ring.units * WALDO__RING_UNIT);
    waldo__bell *bell = &queue->state->not_full;
    int status = try_put(queue, item, reterr);
    while (status == WALDO_EFULL) {
        uint32_t turn = waldo__bell_listen(bell);
        status = try_put(queue, item, reterr);
        if (status != WALDO_EFULL || waldo__bell_wait(bell, turn, patience) == WALDO__TIMED_OUT)
            break;
    }
    return status == WALDO_EFULL ? waldo_error_set(reterr, status, "the queue is full") : status;
}

int waldo_mp_queue_put(waldo_mp_queue *queue, waldo_value *item, double timeout,
                       waldo_error *reterr)
{
    if (!item)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    waldo__patience patience;
    waldo__item packed;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status >= 0)
        status = check_open(queue, reterr);
    if (status >= 0)
        status = waldo__item_pack(item, &packed, reterr);
    if (status >= 0) {
        status = put(queue, &packed, &patience, reterr);
        waldo__item_clear(&packed);
    }
    waldo_value_unref(item);
    return status;
}

/* ---- get ---- */

/* What was taken out, before it is made a value of. */
typedef struct waldo__taken {
    waldo__record record;
    uint8_t *data;
    size_t size;
    waldo__descriptors *descriptors;
    uint8_t small[SMALL_ITEM];
} waldo__taken;

static void clear(waldo__taken *taken)
{
    if (taken->data != taken->small)
        free(taken->data);
    free(taken->descriptors);
}

static int take_descriptors(waldo_mp_queue *queue, waldo__taken *taken, waldo_error *reterr)
{
    uint64_t serial;
    waldo__ring_read(&queue->ring, 0, &serial, sizeof serial);
    taken->descriptors = malloc(sizeof *taken->descriptors);
    if (!taken->descriptors)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = waldo__satchel_peek(&queue->satchel, serial, taken->descriptors, reterr);
    if (status < 0) {
        free(taken->descriptors);
        taken->descriptors = NULL;
    }
    return status;
}

static int take_data(waldo_mp_queue *queue, waldo__taken *taken, waldo_error *reterr)
{
    size_t before = taken->record.has_serial ? sizeof(uint64_t) : 0;
    taken->size = taken->record.size - before;
    taken->data = taken->size > sizeof taken->small ? malloc(taken->size) : taken->small;
    if (!taken->data)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    waldo__ring_read(&queue->ring, before, taken->data, taken->size);
    return before ? take_descriptors(queue, taken, reterr) : 0;
}

/* With the get lock. WALDO_EEMPTY, without a message: nothing is there. */
static int read_item(waldo_mp_queue *queue, waldo__taken *taken, waldo_error *reterr)
{
    int found = waldo__ring_first(&queue->ring, &taken->record);
    if (found == 0)
        return WALDO_EEMPTY;
    if (found < 0)
        return spoiled(reterr);
    int status = take_data(queue, taken, reterr);
    /* An item whose descriptors are lost would be in the way of all others. */
    if (status >= 0 || status == WALDO_EPROTOCOL)
        waldo__ring_consume(&queue->ring, taken->record.size);
    if (status >= 0 && taken->descriptors)
        waldo__satchel_drop(&queue->satchel);
    return status;
}

static int try_get(waldo_mp_queue *queue, waldo__taken *taken, waldo_error *reterr)
{
    waldo__queue_state *state = queue->state;
    taken->data = taken->small;
    taken->descriptors = NULL;
    waldo__robust_enter(&state->get);
    int status = read_item(queue, taken, reterr);
    waldo__robust_give(&state->get);
    if (status >= 0)
        waldo__bell_ring(&state->not_full, 1);
    else
        clear(taken);
    return status;
}

/* Another processor may be about to put something. */
static void spin(const waldo_mp_queue *queue)
{
    for (int spins = waldo__spins(); spins > 0 && length(queue) == 0; --spins)
        waldo__spin();
}

static int get(waldo_mp_queue *queue, waldo__taken *taken, waldo__patience *patience,
               waldo_error *reterr)
{
    waldo__bell *bell = &queue->state->not_empty;
    if (patience->deadline != 0)
        spin(queue);
    int status = try_get(queue, taken, reterr);
    while (status == WALDO_EEMPTY) {
        uint32_t turn = waldo__bell_listen(bell);
        status = try_get(queue, taken, reterr);
        if (status != WALDO_EEMPTY || waldo__bell_wait(bell, turn, patience) == WALDO__TIMED_OUT)
            break;
    }
    return status == WALDO_EEMPTY ? waldo_error_set(reterr, status, "the queue is empty") : status;
}

int waldo_mp_queue_get(waldo_mp_queue *queue, double timeout, waldo_value **ret_item,
                       waldo_error *reterr)
{
    waldo__patience patience;
    waldo__taken taken;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status >= 0)
        status = check_open(queue, reterr);
    if (status >= 0)
        status = get(queue, &taken, &patience, reterr);
    if (status < 0)
        return status;
    status = waldo__item_unpack(taken.record.form, taken.data, taken.size, taken.descriptors,
                                ret_item, reterr);
    clear(&taken);
    return status;
}

/* ---- the rest ---- */

int waldo_mp_queue_empty(waldo_mp_queue *queue, waldo_error *reterr)
{
    if (atomic_load(&queue->closed))
        return waldo_error_set(reterr, WALDO_ESYSTEM, "handle is closed");
    return length(queue) == 0;
}

bool waldo_mp_queue_full(const waldo_mp_queue *queue)
{
    return length(queue) >= queue->maxsize;
}

size_t waldo_mp_queue_qsize(const waldo_mp_queue *queue)
{
    return length(queue);
}

static uint32_t unfinished(const waldo_mp_queue *queue)
{
    uint32_t done = atomic_load(&queue->state->done);
    return waldo__ring_tail(&queue->ring).count - done;
}

int waldo_mp_queue_task_done(waldo_mp_queue *queue, waldo_error *reterr)
{
    waldo__queue_state *state = queue->state;
    uint32_t done = atomic_load(&state->done);
    do {
        if (done == waldo__ring_tail(&queue->ring).count)
            return waldo_error_set(reterr, WALDO_EVALUE, "task_done() called too many times");
    } while (!atomic_compare_exchange_weak(&state->done, &done, done + 1));
    if (unfinished(queue) == 0)
        waldo__bell_ring(&state->all_done, INT32_MAX);
    return 0;
}

int waldo_mp_queue_join(waldo_mp_queue *queue, double timeout, waldo_error *reterr)
{
    waldo__patience patience;
    int status = waldo__patience_init(&patience, timeout, reterr);
    if (status < 0)
        return status;
    waldo__bell *bell = &queue->state->all_done;
    for (;;) {
        uint32_t turn = waldo__bell_listen(bell);
        if (unfinished(queue) == 0)
            return 1;
        if (waldo__bell_wait(bell, turn, &patience) == WALDO__TIMED_OUT)
            return unfinished(queue) == 0;
    }
}

void waldo_mp_queue_close(waldo_mp_queue *queue)
{
    atomic_store(&queue->closed, true);
}
