#include "memory/lodging.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/deadline.h"
#include "memory/buffer_internal.h"

enum { CHAINS = 1024 };

/* Seconds that a message may keep a buffer which nobody sends, or looks at. */
static const double PATIENCE = 60;

struct waldo__lodging {
    uint8_t id[WALDO__LODGING_ID_SIZE];
    waldo_mp_buffer *buffer; /* a reference while holds > 0 */
    unsigned holds;
    bool own;  /* made here; a buffer has one at most */
    bool once; /* it came, and is held until it was looked at */
    uint64_t until;
    waldo__lodging *next;                    /* of the chain; the newest first */
    waldo__lodging *next_of_buffer;          /* freed with it */
    waldo__lodging *next_due, *previous_due; /* among those that are held for a minute */
};

/* What it guards is all of this file. fork() waits for it. Never held while a buffer is freed. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static waldo__lodging *chains[CHAINS];
static waldo__lodging *first_due, *last_due;
static _Atomic size_t count;

static void take_lock(void)
{
    pthread_mutex_lock(&lock);
}

static void drop_lock(void)
{
    pthread_mutex_unlock(&lock);
}

static void install(void)
{
    (void)pthread_atfork(take_lock, drop_lock, drop_lock);
}

static waldo__lodging **chain_of(const uint8_t *id)
{
    return &chains[(id[0] | id[1] << 8) % CHAINS];
}

/* ---- with the lock ---- */

static waldo__lodging *find(const uint8_t *id)
{
    waldo__lodging *lodging = *chain_of(id);
    while (lodging && memcmp(lodging->id, id, sizeof lodging->id) != 0)
        lodging = lodging->next;
    return lodging;
}

static void leave_due(waldo__lodging *lodging)
{
    if (lodging->until == 0)
        return;
    *(lodging->previous_due ? &lodging->previous_due->next_due : &first_due) = lodging->next_due;
    *(lodging->next_due ? &lodging->next_due->previous_due : &last_due) = lodging->previous_due;
    lodging->until = 0;
}

/* All have the same patience: whoever comes last is due last. */
static void enter_due(waldo__lodging *lodging)
{
    leave_due(lodging);
    lodging->until = waldo__deadline_in(PATIENCE);
    lodging->next_due = NULL;
    lodging->previous_due = last_due;
    *(last_due ? &last_due->next_due : &first_due) = lodging;
    last_due = lodging;
}

static void add(waldo__lodging *lodging)
{
    waldo__lodging **chain = chain_of(lodging->id);
    lodging->next = *chain;
    *chain = lodging;
    lodging->next_of_buffer = lodging->buffer->lodging;
    lodging->buffer->lodging = lodging;
    atomic_fetch_add(&count, 1);
}

static waldo__lodging *own_lodging(const waldo_mp_buffer *buffer)
{
    waldo__lodging *lodging = buffer->lodging;
    while (lodging && !lodging->own)
        lodging = lodging->next_of_buffer;
    return lodging;
}

static void take_out(waldo__lodging *lodging)
{
    waldo__lodging **link = chain_of(lodging->id);
    while (*link != lodging)
        link = &(*link)->next;
    *link = lodging->next;
    leave_due(lodging);
    atomic_fetch_sub(&count, 1);
}

/* Ends all holds. The reference that they had goes to the caller; NULL: there was none. */
static waldo_mp_buffer *let_go(waldo__lodging *lodging)
{
    waldo_mp_buffer *buffer = lodging->holds > 0 ? lodging->buffer : NULL;
    lodging->holds = 0;
    leave_due(lodging);
    return buffer;
}

static waldo_mp_buffer *let_go_of_overdue(void)
{
    if (!first_due || waldo__deadline_left(first_due->until) > 0)
        return NULL;
    return let_go(first_due);
}

/* False if the last reference is just being given back. */
static bool ref_if_alive(waldo_mp_buffer *buffer)
{
    uint32_t references = atomic_load(&buffer->references);
    while (references > 0)
        if (atomic_compare_exchange_weak(&buffer->references, &references, references + 1))
            return true;
    return false;
}

/* ---- without ---- */

static void sweep(void)
{
    waldo_mp_buffer *overdue;
    do {
        take_lock();
        overdue = let_go_of_overdue();
        drop_lock();
        waldo_mp_buffer_unref(overdue);
    } while (overdue);
}

static waldo__lodging *new_lodging(waldo_mp_buffer *buffer)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    sweep();
    waldo__lodging *lodging = calloc(1, sizeof *lodging);
    if (lodging)
        lodging->buffer = buffer;
    return lodging;
}

bool waldo__lodging_enter(waldo_mp_buffer *buffer, uint8_t ret_id[WALDO__LODGING_ID_SIZE])
{
    waldo__lodging *made = new_lodging(buffer);
    if (!made)
        return false;
    made->own = true;
    randombytes_buf(made->id, sizeof made->id);
    take_lock();
    waldo__lodging *lodging = own_lodging(buffer);
    if (!lodging) {
        add(made);
        lodging = made;
        made = NULL;
    }
    if (lodging->holds++ == 0)
        waldo_mp_buffer_ref(buffer);
    enter_due(lodging);
    memcpy(ret_id, lodging->id, sizeof lodging->id);
    drop_lock();
    free(made);
    return true;
}

waldo_mp_buffer *waldo__lodging_send(const uint8_t id[WALDO__LODGING_ID_SIZE])
{
    waldo_mp_buffer *buffer = NULL;
    take_lock();
    waldo__lodging *lodging = find(id);
    if (lodging && lodging->holds == 1 && lodging->own)
        buffer = let_go(lodging);
    else if (lodging && ref_if_alive(lodging->buffer))
        buffer = lodging->buffer;
    if (lodging && lodging->holds > 1 && lodging->own)
        lodging->holds--;
    drop_lock();
    return buffer;
}

waldo__lodging *waldo__lodging_arrive(waldo_mp_buffer *buffer,
                                      const uint8_t id[WALDO__LODGING_ID_SIZE], bool once)
{
    waldo__lodging *lodging = new_lodging(buffer);
    if (!lodging)
        return NULL;
    memcpy(lodging->id, id, sizeof lodging->id);
    lodging->holds = 1;
    lodging->once = once;
    waldo_mp_buffer_ref(buffer);
    take_lock();
    add(lodging);
    if (once)
        enter_due(lodging);
    drop_lock();
    return lodging;
}

void waldo__lodging_leave(waldo__lodging *lodging)
{
    take_lock();
    waldo_mp_buffer *buffer = let_go(lodging);
    drop_lock();
    waldo_mp_buffer_unref(buffer);
}

waldo_mp_buffer *waldo__lodging_find(const uint8_t id[WALDO__LODGING_ID_SIZE])
{
    waldo_mp_buffer *buffer = NULL;
    take_lock();
    waldo__lodging *lodging = find(id);
    if (lodging && lodging->once && lodging->holds > 0)
        buffer = let_go(lodging);
    else if (lodging && ref_if_alive(lodging->buffer))
        buffer = lodging->buffer;
    drop_lock();
    return buffer;
}

void waldo__lodging_forget(waldo_mp_buffer *buffer)
{
    /* Nobody else has it: what is not there yet does not come. */
    if (!buffer->lodging)
        return;
    take_lock();
    for (waldo__lodging *lodging = buffer->lodging; lodging; lodging = lodging->next_of_buffer)
        take_out(lodging);
    drop_lock();
    for (waldo__lodging *lodging = buffer->lodging, *next; lodging; lodging = next) {
        next = lodging->next_of_buffer;
        free(lodging);
    }
}

bool waldo__lodging_is_used(void)
{
    return atomic_load_explicit(&count, memory_order_relaxed) > 0;
}
