/* Of the threads that wait on a link one reads for all: see link.h. */
#include <time.h>

#include "memory/futex.h"
#include "proxy/link_internal.h"

struct waldo__waiter {
    waldo__slot *slot;
    pthread_cond_t wakes;
    waldo__waiter *next_of_slot;
    waldo__waiter *next;
    waldo__waiter **place;
};

void waldo__init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

#ifdef __SANITIZE_ADDRESS__
/* A thread that is cancelled here leaves the frame without a word to AddressSanitizer. */
__attribute__((no_sanitize("address")))
#endif
bool waldo__wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, waldo__deadline deadline)
{
    static const uint64_t second = UINT64_C(1000000000);
    if (deadline == WALDO__NEVER) {
        pthread_cond_wait(condition, lock);
        return true;
    }
    struct timespec until = {.tv_sec = (time_t)(deadline / second),
                             .tv_nsec = (long)(deadline % second)};
    return pthread_cond_timedwait(condition, lock, &until) == 0;
}

/* ---- waking; with the lock ---- */

static void wake_all(waldo__link *link)
{
    for (waldo__waiter *waiter = link->waiters; waiter; waiter = waiter->next)
        pthread_cond_signal(&waiter->wakes);
}

static void wake_owners(const waldo__slot *slot)
{
    for (waldo__waiter *waiter = slot->waiters; waiter; waiter = waiter->next_of_slot)
        pthread_cond_signal(&waiter->wakes);
}

/* Others get what a new connection mends: what befell one thread is not theirs. */
void waldo__link_break_locked(waldo__link *link, int status, const waldo_error *error)
{
    if (link->broken)
        return;
    link->status = status == WALDO_EPROTOCOL ? status : WALDO_EGONE;
    link->error = *error;
    link->error.code = link->status;
    atomic_store(&link->broken, true);
    waldo__link_empty(link);
    wake_all(link);
    pthread_cond_broadcast(&link->may_send);
}

void waldo__link_break(waldo__link *link, int status, const waldo_error *error)
{
    pthread_mutex_lock(&link->lock);
    waldo__link_break_locked(link, status, error);
    pthread_mutex_unlock(&link->lock);
}

/* Nobody reads now: one of those who wait shall. */
static void pass_on(waldo__link *link)
{
    if (!link->reading && link->waiters && !link->broken)
        pthread_cond_signal(&link->waiters->wakes);
}

/* ---- reading ---- */

/* What came, or its lead, if it has one. */
static struct iovec frame_of(const waldo__link *link)
{
    const waldo__buffer *incoming = &link->incoming;
    size_t led = link->lead > 0 ? incoming->size - link->lead : 0;
    return (struct iovec){incoming->data + led, incoming->size - led};
}

/* A frame that the channel does not take is as good as no connection. */
static int open_frame(waldo__link *link, const uint8_t **ret_data, size_t *ret_size,
                      waldo_error *reterr)
{
    struct iovec frame = frame_of(link);
    if (!link->secure) { /* the handshake */
        *ret_data = frame.iov_base;
        *ret_size = frame.iov_len;
        return 0;
    }
    int status = waldo__secure_open(link->secure, frame.iov_base, frame.iov_len, &link->plain,
                                    ret_data, ret_size, reterr);
    if (status == WALDO_EAUTHENTICATION)
        return waldo_error_set(reterr, WALDO_EGONE, "the server no longer knows this connection");
    return status;
}

static void finish(waldo__link *link, waldo__slot *slot, const uint8_t *data, size_t size)
{
    slot->data = data;
    slot->size = size;
    waldo__link_remove(link, slot);
    wake_owners(slot);
    /* The last: its owner may see it without the lock. */
    atomic_store_explicit(&slot->done, true, memory_order_release);
}

/* Hands over what is alone in one of the link's buffers, if anybody waits for it. With the lock. */
static void deliver_one(waldo__link *link, uint32_t id, const uint8_t *data, size_t size)
{
    waldo__slot *slot = waldo__link_find(link, id);
    if (!slot)
        return;
    waldo__buffer *holder = data == link->plain.data ? &link->plain : &link->incoming;
    waldo__buffer given = slot->buffer;
    slot->buffer = *holder;
    *holder = given;
    slot->led = link->lead > 0 ? slot->buffer.size - link->lead : 0;
    finish(link, slot, data, size);
}

/* With the lock. */
static int deliver_bundle(waldo__link *link, const uint8_t *data, size_t size, waldo_error *reterr)
{
    waldo__bundled message;
    if (!waldo__bundle_is_sound(data, size))
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "the server sent a bundle that is none");
    while (waldo__bundle_next(&data, &size, &message)) {
        waldo__slot *slot = waldo__link_find(link, message.id);
        if (!slot)
            continue;
        slot->buffer.size = 0;
        if (!waldo__buffer_append(&slot->buffer, message.data, message.size))
            return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a reply");
        slot->led = 0;
        finish(link, slot, slot->buffer.data, message.size);
    }
    return 0;
}

/* The payload of the frame that came. With the lock. */
static int deliver(waldo__link *link, uint32_t id, const uint8_t *data, size_t size,
                   waldo_error *reterr)
{
    struct iovec frame = frame_of(link);
    int kind = waldo__secure_kind_of(frame.iov_base, frame.iov_len);
    if (link->secure && kind == WALDO__SECURE_SEALED_BUNDLE)
        return deliver_bundle(link, data, size, reterr);
    deliver_one(link, id, data, size);
    return 0;
}

/* What came with that status. 1: a frame was delivered; with the lock taken. */
static int take(waldo__link *link, int status, uint32_t id, waldo_error *error)
{
    const uint8_t *data = NULL;
    size_t size = 0;
    bool came = status > 0;
    if (came)
        status = open_frame(link, &data, &size, error);
    pthread_mutex_lock(&link->lock);
    if (came && status >= 0)
        status = deliver(link, id, data, size, error);
    if (status < 0 && status != WALDO_ETIMEOUT)
        waldo__link_break_locked(link, status, error);
    return came && status >= 0 ? 1 : status;
}

int waldo__link_read_ready(waldo__link *link, waldo_error *reterr)
{
    int status;
    do {
        uint32_t id = 0;
        waldo_error error;
        status = link->engine->receive_now(link->channel, &id, &link->incoming, &error);
        status = take(link, status, id, &error);
        pthread_mutex_unlock(&link->lock);
        if (status < 0 && reterr)
            *reterr = error;
    } while (status > 0);
    return status;
}

void waldo__link_stop_reading(waldo__link *link)
{
    pthread_mutex_lock(&link->lock);
    link->reading = false;
    pass_on(link);
    pthread_mutex_unlock(&link->lock);
}

/* ---- waiting ---- */

typedef struct wait_state {
    waldo__link *link;
    waldo__slot *slot;
    waldo__waiter waiter;
    bool asleep; /* the waiter is among the link's */
    bool reads;  /* this thread reads, without the lock */
} wait_state;

static void lie_down(wait_state *wait)
{
    waldo__waiter *waiter = &wait->waiter;
    waldo__link *link = wait->link;
    waiter->slot = wait->slot;
    waldo__init_condition(&waiter->wakes);
    waiter->next_of_slot = wait->slot->waiters;
    wait->slot->waiters = waiter;
    waiter->next = link->waiters;
    waiter->place = &link->waiters;
    if (waiter->next)
        waiter->next->place = &waiter->next;
    link->waiters = waiter;
    wait->asleep = true;
}

static void get_up(wait_state *wait)
{
    waldo__waiter *waiter = &wait->waiter;
    waldo__waiter **place = &wait->slot->waiters;
    while (*place != waiter)
        place = &(*place)->next_of_slot;
    *place = waiter->next_of_slot;
    *waiter->place = waiter->next;
    if (waiter->next)
        waiter->next->place = waiter->place;
    pthread_cond_destroy(&waiter->wakes);
    wait->asleep = false;
}

/* A thread that is cancelled: where it read, it may have been in the middle of a message. */
static void on_cancel(void *argument)
{
    wait_state *wait = argument;
    waldo__link *link = wait->link;
    if (wait->reads) {
        waldo_error error;
        waldo_error_set(&error, WALDO_EGONE, "a thread that read the connection was cancelled");
        pthread_mutex_lock(&link->lock);
        link->reading = false;
        waldo__link_break_locked(link, error.code, &error);
    }
    if (wait->asleep)
        get_up(wait);
    if (!wait->slot->lasting)
        waldo__link_remove(link, wait->slot);
    pass_on(link);
    pthread_mutex_unlock(&link->lock);
}

/* Looks for a message for a while; 0: it did not come. Not cancellable: it is short. */
static int spin(waldo__link *link, uint32_t *ret_id, waldo__deadline until, waldo_error *error)
{
    for (;;) {
        int status = link->engine->receive_now(link->channel, ret_id, &link->incoming, error);
        if (status != 0 || waldo__now() >= until)
            return status;
        waldo__spin();
    }
}

static int sleep_for_message(waldo__link *link, uint32_t *ret_id, waldo__deadline deadline,
                             bool cancellable, waldo_error *error)
{
    if (cancellable)
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    int status = link->engine->receive(link->channel, ret_id, &link->incoming, deadline, error);
    if (cancellable)
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    return status < 0 ? status : 1;
}

/* 1: a message is in the link's buffer. By the thread that reads. */
static int receive(waldo__link *link, uint32_t *ret_id, waldo__deadline deadline, bool cancellable,
                   waldo_error *error)
{
    waldo__spinning *spins = &link->spin;
    if (spins->limit == 0 || !link->engine->receive_now)
        return sleep_for_message(link, ret_id, deadline, cancellable, error);
    waldo__deadline started = waldo__now(), until = started + spins->limit;
    uint64_t before = waldo__link_progress(link);
    int status = 0;
    if (waldo__spin_is_worth_it(spins))
        status = spin(link, ret_id, until < deadline ? until : deadline, error);
    /* A long message that had begun to come by then was worth it, too. */
    bool found = waldo__link_progress(link) != before;
    if (status == 0)
        status = sleep_for_message(link, ret_id, deadline, cancellable, error);
    waldo__spin_note(spins, found ? 0 : waldo__now() - started);
    return status;
}

/* Something is queued, and nobody is sending it: a thread whose time was over has left it. */
static bool is_left_behind(const waldo__link *link)
{
    return !link->sending && (link->queued > 0 || link->made > 0);
}

/* Reads until the slot is done, there is something to send, or it fails. Takes the lock's place: it
 * is held before and after. */
static int read_for_all(wait_state *wait, waldo__deadline deadline, bool cancellable,
                        waldo_error *reterr)
{
    waldo__link *link = wait->link;
    waldo_error error;
    int status;
    link->reading = true;
    do {
        uint32_t id = 0;
        pthread_mutex_unlock(&link->lock);
        wait->reads = true;
        status = receive(link, &id, deadline, cancellable, &error);
        wait->reads = false;
        status = take(link, status, id, &error);
        /* While others' replies come, too, time passes. */
        if (status > 0 && !wait->slot->done && waldo__deadline_left(deadline) == 0)
            status = waldo_error_set(&error, WALDO_ETIMEOUT,
                                     "the deadline passed while waiting for the reply");
    } while (status > 0 && !wait->slot->done && !wait->slot->called_off && !link->broken &&
             !is_left_behind(link));
    link->reading = false;
    if (status < 0 && reterr)
        *reterr = error;
    return status < 0 ? status : 0;
}

static int sleep_until(wait_state *wait, waldo__deadline deadline, bool cancellable,
                       waldo_error *reterr)
{
    if (!wait->asleep)
        lie_down(wait);
    if (cancellable)
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    bool in_time = waldo__wait_until(&wait->waiter.wakes, &wait->link->lock, deadline);
    if (cancellable)
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    if (in_time || wait->slot->done || wait->link->broken)
        return 0;
    return waldo_error_set(reterr, WALDO_ETIMEOUT,
                           "the deadline passed while waiting for the reply");
}

/* With the lock. */
static int await(wait_state *wait, waldo__deadline deadline, bool cancellable, waldo_error *reterr)
{
    waldo__link *link = wait->link;
    int status = waldo__link_flush_locked(link, deadline, reterr);
    while (status >= 0 && !wait->slot->done) {
        if (wait->slot->called_off)
            status = WALDO_ECANCELLED;
        else if (link->broken)
            status = waldo__link_why(link, reterr);
        else if (link->reading)
            status = sleep_until(wait, deadline, cancellable, reterr);
        else {
            if (wait->asleep)
                get_up(wait);
            status = read_for_all(wait, deadline, cancellable, reterr);
        }
        if (status >= 0 && !wait->slot->done)
            status = waldo__link_flush_locked(link, deadline, reterr);
    }
    /* It may have come while others' messages could not be sent. */
    return wait->slot->done ? 0 : status;
}

int waldo__link_await(waldo__link *link, waldo__slot *slot, waldo__deadline deadline,
                      bool cancellable, waldo_error *reterr)
{
    wait_state wait = {.link = link, .slot = slot};
    int status;
    pthread_mutex_lock(&link->lock);
    pthread_cleanup_push(on_cancel, &wait);
    status = await(&wait, deadline, cancellable, reterr);
    pthread_cleanup_pop(0);
    if (wait.asleep)
        get_up(&wait);
    if (!slot->lasting)
        waldo__link_remove(link, slot);
    pass_on(link);
    pthread_mutex_unlock(&link->lock);
    return status;
}

bool waldo__link_look(waldo__link *link, waldo__slot *slot)
{
    static const waldo__deadline now = 1;
    pthread_mutex_lock(&link->lock);
    (void)waldo__link_flush_locked(link, now, NULL);
    bool reads = !slot->done && !link->reading && !link->broken && link->engine->receive_now;
    if (reads)
        link->reading = true;
    pthread_mutex_unlock(&link->lock);
    if (reads) {
        (void)waldo__link_read_ready(link, NULL);
        waldo__link_stop_reading(link);
    }
    pthread_mutex_lock(&link->lock);
    bool done = slot->done;
    pthread_mutex_unlock(&link->lock);
    return done;
}

bool waldo__link_give_up(waldo__link *link, waldo__slot *slot)
{
    pthread_mutex_lock(&link->lock);
    bool done = slot->done;
    waldo__link_remove(link, slot);
    pthread_mutex_unlock(&link->lock);
    return !done;
}

bool waldo__link_call_off(waldo__link *link, waldo__slot *slot)
{
    pthread_mutex_lock(&link->lock);
    bool done = slot->done;
    if (!done) {
        slot->called_off = true;
        waldo__link_remove(link, slot);
        wake_owners(slot);
        /* Where one call is all that it carries, there may never be a next message. */
        if (!link->shared)
            link->engine->interrupt(link->channel);
    }
    pthread_mutex_unlock(&link->lock);
    return !done;
}
