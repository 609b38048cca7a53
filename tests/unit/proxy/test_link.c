/* A link between threads and a channel that the test has in its hands. */
#include <criterion/criterion.h>
#include <time.h>

#include "proxy/link_internal.h"

#define PATIENCE 10.0

enum { MOST = 8 };

struct waldo__channel {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool full;
    bool receives; /* a thread waits for a reply */
    uint32_t sent[MOST];
    size_t sent_count;
    uint32_t replies[MOST];
    size_t reply_count, taken;
};

static int take_reply(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message)
{
    if (channel->taken == channel->reply_count)
        return 0;
    *ret_id = channel->replies[channel->taken++];
    message->size = 0;
    cr_assert(waldo__buffer_append(message, "reply", 5));
    return 1;
}

static int receive_now(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                       waldo_error *reterr)
{
    (void)reterr;
    pthread_mutex_lock(&channel->lock);
    int status = take_reply(channel, ret_id, message);
    pthread_mutex_unlock(&channel->lock);
    return status;
}

static int receive(waldo__channel *channel, uint32_t *ret_id, waldo__buffer *message,
                   waldo__deadline deadline, waldo_error *reterr)
{
    bool in_time = true, came;
    pthread_mutex_lock(&channel->lock);
    channel->receives = true;
    pthread_cond_broadcast(&channel->changed);
    while (!(came = take_reply(channel, ret_id, message) == 1) && in_time)
        in_time = waldo__wait_until(&channel->changed, &channel->lock, deadline);
    pthread_mutex_unlock(&channel->lock);
    return came ? 0 : waldo_error_set(reterr, WALDO_ETIMEOUT, "no reply came");
}

static int send_now(waldo__channel *channel, const waldo__outgoing *messages, size_t count,
                    size_t *sent, waldo_error *reterr)
{
    (void)reterr;
    pthread_mutex_lock(&channel->lock);
    bool full = channel->full;
    for (size_t i = 0; i < count && !full; i++) {
        cr_assert_lt(channel->sent_count, MOST);
        channel->sent[channel->sent_count++] = messages[i].id;
        *sent += waldo__outgoing_size(&messages[i]);
    }
    pthread_cond_broadcast(&channel->changed);
    pthread_mutex_unlock(&channel->lock);
    return full ? 0 : 1;
}

static int wait_to_send(waldo__channel *channel, bool or_to_receive, waldo__deadline deadline,
                        waldo_error *reterr)
{
    (void)channel;
    (void)or_to_receive;
    while (waldo__deadline_left(deadline) > 0)
        nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
    return waldo_error_set(reterr, WALDO_ETIMEOUT, "there was no room");
}

static void close_channel(waldo__channel *channel)
{
    (void)channel;
}

static const waldo__client_engine engine = {
    .name = "test",
    .multiplexes = true,
    .receive = receive,
    .receive_now = receive_now,
    .send_now = send_now,
    .wait_to_send = wait_to_send,
    .close = close_channel,
};

static waldo__channel channel;
static waldo__link *link;
static waldo_error error;

static void set_up(void)
{
    pthread_mutex_init(&channel.lock, NULL);
    waldo__init_condition(&channel.changed);
    link = waldo__link_make(&engine);
    cr_assert_not_null(link);
    link->channel = &channel;
    link->shared = true;
}

static void tear_down(void)
{
    waldo__link_free(link);
    pthread_cond_destroy(&channel.changed);
    pthread_mutex_destroy(&channel.lock);
}

TestSuite(link, .init = set_up, .fini = tear_down, .timeout = 60);

static waldo__deadline patience(void)
{
    return waldo__deadline_in(PATIENCE);
}

/* With its turn, and a message that is made. */
static void begin(waldo__slot *slot)
{
    waldo__buffer *frame;
    cr_assert_eq(waldo__link_enter(link, slot, patience(), &error), 0);
    cr_assert_eq(waldo__link_begin(link, patience(), &frame, &error), 0);
    cr_assert(waldo__buffer_append(frame, "request", 7));
}

static void post(waldo__slot *slot)
{
    bool gone;
    begin(slot);
    cr_assert_eq(waldo__link_post(link, slot, patience(), &gone, &error), 0);
    cr_assert(gone);
}

static void reply_to(uint32_t id)
{
    pthread_mutex_lock(&channel.lock);
    channel.replies[channel.reply_count++] = id;
    pthread_cond_broadcast(&channel.changed);
    pthread_mutex_unlock(&channel.lock);
}

#define AWAIT(condition)                                                                           \
    do {                                                                                           \
        waldo__deadline until_ = patience();                                                       \
        pthread_mutex_lock(&channel.lock);                                                         \
        while (!(condition))                                                                       \
            if (!waldo__wait_until(&channel.changed, &channel.lock, until_))                       \
                break;                                                                             \
        bool holds_ = (condition);                                                                 \
        pthread_mutex_unlock(&channel.lock);                                                       \
        cr_assert(holds_, "%s", #condition);                                                       \
    } while (0)

static void *await_slot(void *slot)
{
    waldo_error why;
    int status = waldo__link_await(link, slot, waldo__deadline_in(3 * PATIENCE), false, &why);
    cr_expect_eq(status, 0, "%s", why.message);
    return NULL;
}

/* ---- who waits while another thread has its turn counts on that one ---- */

static waldo__slot first, second, third;
static pthread_t waiting;

/* The first request has gone, the second one waits with its thread, and the third one has its turn.
 */
static void count_on_third(void)
{
    post(&first);
    post(&second);
    AWAIT(channel.sent_count == 1);
    begin(&third);
    cr_assert_eq(pthread_create(&waiting, NULL, await_slot, &second), 0);
    AWAIT(channel.receives);
}

static void end_second(void)
{
    AWAIT(channel.sent_count == 2);
    reply_to(channel.sent[1]);
    pthread_join(waiting, NULL);
    cr_assert(second.done);
    cr_assert_not(third.done);
    waldo__buffer_free(&first.buffer);
    waldo__buffer_free(&second.buffer);
}

Test(link, one_that_leaves_sends_what_others_wait_for)
{
    count_on_third();
    waldo__link_leave(link, &third, patience());
    end_second();
}

/* The thread that reads sees to it as soon as the server moves again. */
Test(link, one_whose_time_is_over_leaves_it_to_those_who_wait)
{
    bool gone;
    count_on_third();
    channel.full = true;
    cr_assert_eq(waldo__link_send(link, &third, waldo__deadline_in(0.01), &gone, &error),
                 WALDO_ETIMEOUT);
    cr_assert_not(gone);
    channel.full = false;
    reply_to(channel.sent[0]);
    end_second();
}
