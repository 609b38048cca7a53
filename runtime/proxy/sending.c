/* How requests get onto a link: see link.h. A thread that has its turn makes a message at the end
 * of the frame that is being made; frames that are whole wait in the queue until somebody sends
 * them. */
#include "proxy/link_internal.h"

/* ---- frames; by the thread that sends, without the lock ---- */

/* The one that is being made. */
static waldo__buffer *frame_of(waldo__link *link)
{
    return &link->queue[link->queued].frame;
}

static int out_of_memory(waldo_error *reterr)
{
    return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a request");
}

/* For the message that is being made. Room for the head of a frame, or, in the clear, the head
 * itself; before there is a channel the message is all there is. */
static bool begin_frame(const waldo__link *link, waldo__queued *begun)
{
    uint8_t head[WALDO__SECURE_SEALED_HEAD_SIZE] = {0};
    begun->id = link->begun_id;
    begun->tail = (struct iovec){0};
    begun->frame.size = 0;
    if (!link->secure)
        return true;
    bool clear = waldo__secure_clear_head(link->secure, head);
    return waldo__buffer_append(&begun->frame, head,
                                clear ? WALDO__SECURE_CLEAR_HEAD_SIZE : sizeof head);
}

static bool begin_message(waldo__link *link)
{
    static const uint8_t head[WALDO__BUNDLE_HEAD];
    waldo__buffer *frame = frame_of(link);
    if (link->made == 0 && !begin_frame(link, &link->queue[link->queued]))
        return false;
    link->begun = frame->size;
    return !link->bundles || waldo__buffer_append(frame, head, sizeof head);
}

/* What was begun is not to be sent. */
static void drop_message(waldo__link *link)
{
    if (link->made > 0)
        frame_of(link)->size = link->begun;
}

static bool is_sealed(const waldo__link *link)
{
    return link->secure && waldo__secure_channel_mode(link->secure) == WALDO__SECURE_SEALED;
}

/* The frame is whole. There is room for the tag. Who is alone needs no bundle: the head of the
 * frame takes the place of his own. */
static int close_frame(waldo__link *link, waldo_error *reterr)
{
    waldo__queued *closed = &link->queue[link->queued];
    bool alone = !link->bundles || link->made == 1;
    waldo__secure_kind kind = alone ? WALDO__SECURE_SEALED_FRAME : WALDO__SECURE_SEALED_BUNDLE;
    closed->start = alone && link->bundles ? WALDO__BUNDLE_HEAD : 0;
    int status = is_sealed(link) ? waldo__secure_seal_in_place(link->secure, kind, &closed->frame,
                                                               closed->start, reterr)
                                 : 0;
    if (status < 0)
        return status;
    link->queued_bytes += closed->frame.size + closed->tail.iov_len;
    link->queued++;
    link->made = 0;
    return 0;
}

/* Moves the message that was begun from the others' frame, which is then whole, to the next one. */
static int set_apart(waldo__link *link, waldo_error *reterr)
{
    waldo__buffer *frame = frame_of(link);
    waldo__queued *next = &link->queue[link->queued + 1];
    if (!begin_frame(link, next))
        return out_of_memory(reterr);
    size_t begun = next->frame.size;
    if (!waldo__buffer_append(&next->frame, frame->data + link->begun, frame->size - link->begun))
        return out_of_memory(reterr);
    frame->size = link->begun;
    int status = close_frame(link, reterr);
    if (status < 0)
        return status;
    link->begun = begun;
    return 0;
}

/* The message is made. In a bundle others may follow it. */
static int end_message(waldo__link *link, waldo_error *reterr)
{
    size_t size = frame_of(link)->size - link->begun;
    int status = 0;
    if (link->made > 0 && size > WALDO__BUNDLE_LONG)
        status = set_apart(link, reterr);
    waldo__buffer *frame = frame_of(link);
    if (status >= 0 && !waldo__buffer_reserve(frame, frame->size + WALDO__CIPHER_TAG_SIZE))
        status = out_of_memory(reterr);
    if (status < 0)
        return status;
    if (!link->bundles)
        return close_frame(link, reterr);
    waldo__bundle_put_head(frame->data + link->begun, link->begun_id, size - WALDO__BUNDLE_HEAD);
    link->made++;
    return 0;
}

/* ---- sending what is queued; by the thread that sends, without the lock ---- */

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
        if (status > 0)
            return 0;
        if (status == 0)
            status = make_room(link, deadline, reterr);
        if (status >= 0 && waldo__deadline_left(deadline) == 0)
            status = waldo_error_set(reterr, WALDO_ETIMEOUT, "the deadline passed while sending");
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
    atomic_store_explicit(&link->unsent, false, memory_order_relaxed);
}

static waldo__outgoing outgoing(const waldo__queued *queued)
{
    struct iovec frame = {queued->frame.data + queued->start, queued->frame.size - queued->start};
    return (waldo__outgoing){queued->id, {frame, queued->tail}};
}

static int send_queue(waldo__link *link, waldo__deadline deadline, size_t *sent,
                      waldo_error *reterr)
{
    waldo__outgoing messages[WALDO__QUEUE_MOST];
    int status = link->made > 0 ? close_frame(link, reterr) : 0;
    if (status < 0)
        return status;
    for (size_t i = 0; i < link->queued; i++)
        messages[i] = outgoing(&link->queue[i]);
    status = send_messages(link, messages, link->queued, deadline, sent, reterr);
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
    bool may_follow = status == WALDO_ETIMEOUT || (status == WALDO_ETOOBIG && !link->bundles);
    if (sent > 0 || !may_follow)
        waldo__link_break_locked(link, status, error);
    return status;
}

/* Takes the lock. */
static int send_all(waldo__link *link, waldo__deadline deadline, size_t *sent, waldo_error *reterr)
{
    waldo_error error;
    int status = link->broken ? WALDO_EGONE : send_queue(link, deadline, sent, &error);
    pthread_mutex_lock(&link->lock);
    if (status >= 0)
        return status;
    status = after_failure(link, status, *sent, &error);
    if (reterr)
        *reterr = error;
    return status;
}

/* ---- turns ---- */

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
    if (status >= 0 && !waldo__link_add(link, slot))
        status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a call");
    if (status >= 0) {
        link->sending = true;
        /* Not later, without the lock: a server that answers before it is asked takes it from the
         * slot. */
        link->begun_id = slot->id;
    }
    pthread_mutex_unlock(&link->lock);
    return status;
}

int waldo__link_begin(waldo__link *link, waldo__deadline deadline, waldo__buffer **ret_frame,
                      waldo_error *reterr)
{
    enum { ROOM = 2 }; /* for this message, and for one that it is set apart from */
    int status = 0;
    if (link->queued + ROOM > WALDO__QUEUE_MOST - 1) {
        size_t sent = 0;
        status = send_all(link, deadline, &sent, reterr);
        pthread_mutex_unlock(&link->lock);
    }
    if (status < 0)
        return status;
    if (!begin_message(link)) {
        drop_message(link);
        return out_of_memory(reterr);
    }
    *ret_frame = frame_of(link);
    return 0;
}

int waldo__link_add_tail(waldo__link *link, const void *data, size_t size, waldo_error *reterr)
{
    if (!is_sealed(link))
        link->queue[link->queued].tail = (struct iovec){(void *)data, size};
    else if (!waldo__buffer_append(frame_of(link), data, size))
        return out_of_memory(reterr);
    return 0;
}

/* With the lock. */
static void stop_sending(waldo__link *link)
{
    link->sending = false;
    if (link->senders_waiting > 0)
        pthread_cond_signal(&link->may_send);
}

void waldo__link_leave(waldo__link *link, waldo__slot *slot, waldo__deadline deadline)
{
    pthread_mutex_lock(&link->lock);
    drop_message(link);
    stop_sending(link);
    waldo__link_remove(link, slot);
    /* Who waits since then counted on this thread to send all there is. */
    if (link->reading || link->waiters)
        (void)waldo__link_flush_locked(link, deadline, NULL);
    pthread_mutex_unlock(&link->lock);
}

/* The last frame is not sent after all: another one may follow those before it. */
static void drop_last_frame(waldo__link *link)
{
    const waldo__queued *last = &link->queue[--link->queued];
    link->queued_bytes -= last->frame.size + last->tail.iov_len;
}

/* The message is at the end of the queue. */
static int send_ended(waldo__link *link, waldo__slot *slot, waldo__deadline deadline,
                      bool *ret_gone, waldo_error *reterr)
{
    size_t sent = 0;
    bool alone = !link->bundles || link->made == 1;
    int status = send_all(link, deadline, &sent, reterr);
    bool is_closed = link->made == 0;
    /* What is sealed with others' messages goes with them. */
    *ret_gone = sent > 0 || (!alone && is_closed);
    if (status < 0) {
        if (alone && is_closed)
            drop_last_frame(link);
        waldo__link_remove(link, slot);
    }
    stop_sending(link);
    pthread_mutex_unlock(&link->lock);
    return status;
}

int waldo__link_send(waldo__link *link, waldo__slot *slot, waldo__deadline deadline, bool *ret_gone,
                     waldo_error *reterr)
{
    *ret_gone = false;
    int status = end_message(link, reterr);
    if (status >= 0)
        return send_ended(link, slot, deadline, ret_gone, reterr);
    waldo__link_leave(link, slot, deadline);
    return status;
}

int waldo__link_post(waldo__link *link, waldo__slot *slot, waldo__deadline deadline, bool *ret_gone,
                     waldo_error *reterr)
{
    *ret_gone = false;
    int status = end_message(link, reterr);
    if (status < 0) {
        waldo__link_leave(link, slot, deadline);
        return status;
    }
    size_t size = link->queued_bytes + (link->made > 0 ? frame_of(link)->size : 0);
    pthread_mutex_lock(&link->lock);
    /* Who waits while this thread is sending counts on it to send all there is. */
    bool alone = link->slot_count == 1;
    bool later =
        size < WALDO__QUEUE_BYTES && !alone && !link->reading && !link->waiters && !link->broken;
    if (later) {
        atomic_store_explicit(&link->unsent, true, memory_order_relaxed);
        stop_sending(link);
    }
    pthread_mutex_unlock(&link->lock);
    *ret_gone = later;
    return later ? 0 : send_ended(link, slot, deadline, ret_gone, reterr);
}

int waldo__link_flush_locked(waldo__link *link, waldo__deadline deadline, waldo_error *reterr)
{
    if (link->sending || (link->queued == 0 && link->made == 0) || link->broken)
        return 0;
    size_t sent = 0;
    link->sending = true;
    pthread_mutex_unlock(&link->lock);
    int status = send_all(link, deadline, &sent, reterr);
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
