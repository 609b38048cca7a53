/* A link's life, and how its calls get on and off it: see link.h. */
#include "proxy/link.h"

#include <stdlib.h>

#include "proxy/link_internal.h"

enum { FIRST_SLOTS = 16 };

waldo__link *waldo__link_make(const waldo__client_engine *engine)
{
    waldo__link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->slots = calloc(FIRST_SLOTS, sizeof *link->slots);
    if (!link->slots) {
        free(link);
        return NULL;
    }
    link->slot_capacity = FIRST_SLOTS;
    link->engine = engine;
    link->last_id = WALDO__REQUEST_ID_FLAG;
    pthread_mutex_init(&link->lock, NULL);
    waldo__init_condition(&link->may_send);
    return link;
}

static void free_memory(waldo__link *link)
{
    waldo__secure_channel_free(link->secure);
    waldo__buffer_free(&link->packed);
    for (size_t i = 0; i < WALDO__QUEUE_MOST; i++)
        waldo__buffer_free(&link->queue[i].frame);
    waldo__buffer_free(&link->incoming);
    waldo__buffer_free(&link->plain);
    free(link->outstanding);
    free(link->slots);
    free(link);
}

void waldo__link_free(waldo__link *link)
{
    if (link->channel)
        link->engine->close(link->channel);
    pthread_cond_destroy(&link->may_send);
    pthread_mutex_destroy(&link->lock);
    free_memory(link);
}

void waldo__link_abandon(waldo__link *link)
{
    /* Reachable, so that nobody takes it for a leak. */
    static waldo__link *left_behind;
    if (link->users == 0) {
        if (link->channel)
            link->engine->abandon(link->channel);
        free_memory(link);
        return;
    }
    if (link->channel && link->engine->leave_behind)
        link->engine->leave_behind(link->channel);
    else if (link->channel)
        link->engine->abandon(link->channel);
    link->next = left_behind;
    left_behind = link;
}

uint64_t waldo__link_progress(const waldo__link *link)
{
    return link->engine->progress ? link->engine->progress(link->channel) : 0;
}

/* ---- the table; with the lock ---- */

static waldo__slot **place_of(const waldo__link *link, uint32_t id)
{
    return &link->slots[id & (link->slot_capacity - 1)];
}

/* Ids that differ in their lower bits do so in more of them. */
static bool grow(waldo__link *link)
{
    size_t capacity = 2 * link->slot_capacity;
    waldo__slot **grown = calloc(capacity, sizeof *grown);
    if (!grown)
        return false;
    for (size_t i = 0; i < link->slot_capacity; i++)
        if (link->slots[i])
            grown[link->slots[i]->id & (capacity - 1)] = link->slots[i];
    free(link->slots);
    link->slots = grown;
    link->slot_capacity = capacity;
    return true;
}

static bool add(waldo__link *link, waldo__slot *slot)
{
    if (2 * link->slot_count >= link->slot_capacity && !grow(link))
        return false;
    /* One whose call lasts is passed over. */
    do
        link->last_id = (link->last_id + 1) | WALDO__REQUEST_ID_FLAG;
    while (*place_of(link, link->last_id));
    slot->id = link->last_id;
    slot->done = false;
    *place_of(link, slot->id) = slot;
    link->slot_count++;
    return true;
}

void waldo__link_remove(waldo__link *link, waldo__slot *slot)
{
    if (slot->id == 0)
        return;
    *place_of(link, slot->id) = NULL;
    link->slot_count--;
    slot->id = 0;
}

waldo__slot *waldo__link_find(const waldo__link *link, uint32_t id)
{
    waldo__slot *slot = *place_of(link, id);
    return slot && slot->id == id ? slot : NULL;
}

void waldo__link_empty(waldo__link *link)
{
    for (size_t i = 0; i < link->slot_capacity; i++) {
        if (link->slots[i])
            link->slots[i]->id = 0;
        link->slots[i] = NULL;
    }
    link->slot_count = 0;
}

/* ---- sending ---- */

int waldo__link_why(const waldo__link *link, waldo_error *reterr)
{
    if (reterr)
        *reterr = link->error;
    return link->status;
}

static int await_turn(waldo__link *link, waldo__deadline deadline, waldo_error *reterr)
{
    while (link->sending && !link->broken) {
        link->senders_waiting++;
        bool in_time = waldo__wait_until(&link->may_send, &link->lock, deadline);
        link->senders_waiting--;
        if (!in_time && link->sending)
            return waldo_error_set(reterr, WALDO_ETIMEOUT,
                                   "the deadline passed while others were sending");
    }
    return link->broken ? waldo__link_why(link, reterr) : 0;
}

int waldo__link_enter(waldo__link *link, waldo__slot *slot, waldo__deadline deadline,
                      waldo_error *reterr)
{
    pthread_mutex_lock(&link->lock);
    int status = await_turn(link, deadline, reterr);
    if (status >= 0 && !add(link, slot))
        status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a call");
    if (status >= 0) {
        link->sending = true;
        /* Not later, without the lock: a server that answers before it is asked takes it from the
         * slot. */
        link->queue[link->queued].id = slot->id;
        link->queue[link->queued].tail = (struct iovec){0};
    }
    pthread_mutex_unlock(&link->lock);
    return status;
}

/* With the lock. */
static void stop_sending(waldo__link *link)
{
    link->sending = false;
    if (link->senders_waiting > 0)
        pthread_cond_signal(&link->may_send);
}

void waldo__link_leave(waldo__link *link, waldo__slot *slot)
{
    pthread_mutex_lock(&link->lock);
    stop_sending(link);
    waldo__link_remove(link, slot);
    pthread_mutex_unlock(&link->lock);
}

/* The channel takes no more: its replies may have to be read first, and if nobody does, this thread
 * has to. */
static int make_room(waldo__link *link, waldo__deadline deadline, waldo_error *reterr)
{
    static const double LOOK_AGAIN = 0.02; /* seconds; the one who reads may stop */
    pthread_mutex_lock(&link->lock);
    bool reads = !link->reading;
    link->reading = true;
    pthread_mutex_unlock(&link->lock);
    if (reads) {
        int status = link->engine->wait_to_send(link->channel, true, deadline, reterr);
        if (status >= 0)
            status = waldo__link_read_ready(link, reterr);
        waldo__link_stop_reading(link);
        return status;
    }
    waldo__deadline soon = waldo__deadline_in(LOOK_AGAIN);
    if (deadline <= soon)
        return link->engine->wait_to_send(link->channel, false, deadline, reterr);
    int status = link->engine->wait_to_send(link->channel, false, soon, reterr);
    return status == WALDO_ETIMEOUT ? 0 : status;
}

static int send_one_by_one(waldo__link *link, const waldo__outgoing *messages, size_t count,
                           waldo__deadline deadline, size_t *sent, waldo_error *reterr)
{
    int status = 0;
    for (size_t i = 0; i < count && status >= 0; i++) {
        status = link->engine->send(link->channel, messages[i].id, messages[i].parts, 2, deadline,
                                    reterr);
        if (status != WALDO_ETOOBIG)
            *sent += waldo__outgoing_size(&messages[i]);
    }
    return status;
}

static int send_messages(waldo__link *link, const waldo__outgoing *messages, size_t count,
                         waldo__deadline deadline, size_t *sent, waldo_error *reterr)
{
    if (!link->engine->send_now)
        return send_one_by_one(link, messages, count, deadline, sent, reterr);
    for (;;) {
        int status = link->engine->send_now(link->channel, messages, count, sent, reterr);
        if (status == 0)
            status = make_room(link, deadline, reterr);
        else if (status > 0)
            return 0;
        if (status < 0)
            return status;
    }
}

static void empty_queue(waldo__link *link)
{
    enum { KEPT_ALONE = 64 * 1024, KEPT_BEHIND = 1024 };
    for (size_t i = 0; i < link->queued; i++)
        if (link->queue[i].frame.capacity > (i == 0 ? KEPT_ALONE : KEPT_BEHIND))
            waldo__buffer_free(&link->queue[i].frame);
    link->queued = link->queued_bytes = 0;
}

/* By the thread that sends, without the lock. */
static int send_queue(waldo__link *link, waldo__deadline deadline, size_t *sent,
                      waldo_error *reterr)
{
    waldo__outgoing messages[WALDO__QUEUE_MOST];
    for (size_t i = 0; i < link->queued; i++) {
        const waldo__queued *queued = &link->queue[i];
        messages[i] =
            (waldo__outgoing){queued->id, {{queued->frame.data, queued->frame.size}, queued->tail}};
    }
    int status = send_messages(link, messages, link->queued, deadline, sent, reterr);
    if (status >= 0)
        empty_queue(link);
    return status;
}

/* After a failure to send, with the lock: what the caller is told. */
static int after_failure(waldo__link *link, int status, size_t sent, waldo_error *error)
{
    if (link->broken) /* by another thread, which knows better */
        return waldo__link_why(link, error);
    /* A frame cut in two cannot be followed by another one. */
    if (sent > 0 || (status != WALDO_ETOOBIG && status != WALDO_ETIMEOUT))
        waldo__link_break_locked(link, status, error);
    return status;
}

/* The frame that has been made. */
static void append(waldo__link *link)
{
    link->queued_bytes += link->queue[link->queued++].frame.size;
}

waldo__queued *waldo__link_frame(waldo__link *link)
{
    return &link->queue[link->queued];
}

int waldo__link_send(waldo__link *link, waldo__slot *slot, waldo__deadline deadline, bool *ret_gone,
                     waldo_error *reterr)
{
    size_t sent = 0;
    waldo_error error;
    append(link);
    int status = link->broken ? WALDO_EGONE : send_queue(link, deadline, &sent, &error);
    pthread_mutex_lock(&link->lock);
    if (status < 0) {
        status = after_failure(link, status, sent, &error);
        link->queued--;
        waldo__link_remove(link, slot);
    }
    stop_sending(link);
    pthread_mutex_unlock(&link->lock);
    if (status < 0 && reterr)
        *reterr = error;
    *ret_gone = sent > 0;
    return status;
}

int waldo__link_flush_locked(waldo__link *link, waldo__deadline deadline, waldo_error *reterr)
{
    if (link->sending || link->queued == 0 || link->broken)
        return 0;
    size_t sent = 0;
    waldo_error error;
    link->sending = true;
    pthread_mutex_unlock(&link->lock);
    int status = send_queue(link, deadline, &sent, &error);
    pthread_mutex_lock(&link->lock);
    if (status < 0)
        status = after_failure(link, status, sent, &error);
    if (status < 0 && reterr)
        *reterr = error;
    stop_sending(link);
    return status;
}

int waldo__link_flush(waldo__link *link, waldo__deadline deadline, waldo_error *reterr)
{
    pthread_mutex_lock(&link->lock);
    int status = waldo__link_flush_locked(link, deadline, reterr);
    pthread_mutex_unlock(&link->lock);
    return status;
}

int waldo__link_post(waldo__link *link, waldo__slot *slot, waldo__deadline deadline, bool *ret_gone,
                     waldo_error *reterr)
{
    const waldo__queued *frame = waldo__link_frame(link);
    size_t size = frame->frame.size + frame->tail.iov_len;
    bool full =
        link->queued + 2 >= WALDO__QUEUE_MOST || link->queued_bytes + size >= WALDO__QUEUE_BYTES;
    pthread_mutex_lock(&link->lock);
    /* Who waits while this thread is sending counts on it to send all there is. */
    bool alone = link->slot_count == 1;
    bool later = !full && !alone && !link->reading && !link->waiters && !link->broken;
    if (later) {
        append(link);
        stop_sending(link);
    }
    pthread_mutex_unlock(&link->lock);
    *ret_gone = later;
    return later ? 0 : waldo__link_send(link, slot, deadline, ret_gone, reterr);
}
