/* A link between threads and a channel that the test has in its hands. */
#include <criterion/criterion.h>
#include <time.h>

#include "proxy/link_internal.h"
#include "unit/secure/support.h"

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

/* ---- bundles ---- */

enum { REQUESTS = 3000, SENT_MOST = REQUESTS };

static pair sealed;
static uint32_t arrived[SENT_MOST];
static size_t arrived_count;

static void arrive(uint32_t id, const uint8_t *data, size_t size)
{
    uint32_t length;
    cr_assert_lt(arrived_count, SENT_MOST);
    cr_assert_geq(size, sizeof length);
    memcpy(&length, data, sizeof length);
    cr_assert_eq(size, length);
    arrived[arrived_count++] = id;
}

static void open_frame(const waldo__outgoing *message)
{
    waldo__buffer plain = {0};
    const uint8_t *frame = message->parts[0].iov_base, *data;
    size_t size;
    waldo__bundled one;
    cr_assert_eq(message->parts[1].iov_len, 0);
    cr_assert_eq(waldo__secure_open(sealed.server, frame, message->parts[0].iov_len, &plain, &data,
                                    &size, NULL),
                 0);
    if (frame[0] == WALDO__SECURE_SEALED_BUNDLE) {
        cr_assert(waldo__bundle_is_sound(data, size));
        while (waldo__bundle_next(&data, &size, &one))
            arrive(one.id, one.data, one.size);
    } else {
        arrive(message->id, data, size);
    }
    waldo__buffer_free(&plain);
}

static int open_now(waldo__channel *to, const waldo__outgoing *messages, size_t count, size_t *sent,
                    waldo_error *reterr)
{
    (void)reterr;
    if (to->full)
        return 0;
    for (size_t i = 0; i < count; i++) {
        open_frame(&messages[i]);
        *sent += waldo__outgoing_size(&messages[i]);
    }
    return 1;
}

static unsigned any_of(unsigned count)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (unsigned)(state >> 33) % count;
}

/* Its first bytes say how many there are. */
static bool make_message(waldo__deadline deadline)
{
    static const uint32_t sizes[] = {4,     50,   700, 3000, 16 * 1024 - 12, 16 * 1024 - 11,
                                     17000, 90000};
    static const uint8_t zeros[90000];
    waldo__buffer *frame;
    uint32_t size = sizes[any_of(sizeof sizes / sizeof sizes[0])];
    if (waldo__link_begin(link, deadline, &frame, &error) < 0)
        return false;
    cr_assert(waldo__buffer_append(frame, &size, sizeof size));
    cr_assert(waldo__buffer_append(frame, zeros, size - sizeof size));
    return true;
}

/* Whether it is to arrive. */
static bool try_one(waldo__slot *slot)
{
    const waldo__deadline past = 1;
    bool gone = false;
    channel.full = any_of(3) == 0;
    cr_assert_eq(waldo__link_enter(link, slot, past, &error), 0);
    if (!make_message(past) || any_of(8) == 0) {
        waldo__link_leave(link, slot, past);
        return false;
    }
    int status = any_of(3) == 0 ? waldo__link_send(link, slot, past, &gone, &error)
                                : waldo__link_post(link, slot, past, &gone, &error);
    cr_assert(status == 0 || (status == WALDO_ETIMEOUT && channel.full));
    cr_assert(status < 0 || gone);
    return gone;
}

/* Of all sizes, while the channel takes something only now and then, and some are given up. */
Test(link, what_is_gone_arrives_once_and_in_order)
{
    static waldo__slot slots[REQUESTS];
    static uint32_t wanted[REQUESTS];
    size_t count = 0;
    waldo__client_engine opening = engine;
    opening.send_now = open_now;
    sealed = make_pair(WALDO__SECURE_SEALED);
    link->engine = &opening;
    link->secure = sealed.client;
    link->bundles = true;
    for (size_t i = 0; i < REQUESTS; i++) {
        bool goes = try_one(&slots[i]);
        if (goes)
            wanted[count++] = link->last_id;
        if (goes && any_of(4) == 0)
            (void)waldo__link_give_up(link, &slots[i]);
    }
    channel.full = false;
    cr_assert_eq(waldo__link_flush(link, patience(), &error), 0);
    cr_assert_eq(arrived_count, count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(arrived[i], wanted[i], "at %zu", i);
    cr_assert_gt(count, REQUESTS / 2);
    link->engine = &engine;
    sealed.client = NULL; /* the link's */
    free_pair(&sealed);
}

/* A server that takes nothing for a while: what nobody can be told of any more is not kept for it.
 */
Test(link, a_sealed_request_that_could_not_be_sent_is_dropped)
{
    static const uint8_t zeros[1 << 20];
    enum { TIMES = 200 };
    sealed = make_pair(WALDO__SECURE_SEALED);
    link->secure = sealed.client;
    link->bundles = true;
    channel.full = true;
    for (int i = 0; i < TIMES; i++) {
        waldo__slot slot = {0};
        waldo__buffer *frame;
        bool gone = true;
        cr_assert_eq(waldo__link_enter(link, &slot, patience(), &error), 0);
        cr_assert_eq(waldo__link_begin(link, patience(), &frame, &error), 0);
        cr_assert(waldo__buffer_append(frame, zeros, sizeof zeros));
        cr_assert_eq(waldo__link_send(link, &slot, 1, &gone, &error), WALDO_ETIMEOUT);
        cr_assert_not(gone);
        cr_assert_eq(link->queued_bytes, 0);
    }
    sealed.client = NULL; /* the link's */
    free_pair(&sealed);
}
