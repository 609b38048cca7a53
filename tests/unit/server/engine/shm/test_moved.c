/* Connections that move to shared memory, and peers that do it in their own way. */
#include <sys/mman.h>
#include <sys/resource.h>

#include "../../../../../runtime/engine/shm/region.h"
#include "moved_server.h"

/* ---- a peer that holds the rings in its own hands ---- */

typedef struct raw_client {
    int fd;
    waldo__region region;
    waldo__lane_writer requests;
    waldo__lane_reader replies;
} raw_client;

/* A frame of SP/IPC with a plain request. */
static size_t put_frame(uint8_t *frame, uint32_t id, const void *data, uint32_t size)
{
    memset(frame, 0, 13);
    frame[0] = 1;
    waldo__sp_put_word(frame + 5, size + 4);
    waldo__sp_put_word(frame + 9, id | WALDO__REQUEST_ID_FLAG);
    memcpy(frame + 13, data, size);
    return 13 + size;
}

static int greet(const char *url)
{
    uint8_t hello[HELLO_SIZE];
    int fd = raw_connect(url);

    raw_send(fd, REQUEST_HELLO, HELLO_SIZE);
    raw_read(fd, hello, sizeof hello);
    return fd;
}

static void knock(int fd)
{
    uint8_t frame[64];
    size_t size = put_frame(frame, 1, TEST_KNOCK, strlen(TEST_KNOCK));

    raw_send(fd, frame, size);
    raw_read(fd, frame, size);
}

/* The answer to a request for rings; *ret_descriptor is -1 where none came. */
static uint8_t ask(int fd, int *ret_descriptor)
{
    char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
    uint8_t answer = WALDO__SHM_ASK;
    struct iovec part = {&answer, 1};
    struct msghdr packet = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};

    raw_send(fd, &answer, 1);
    *ret_descriptor = -1;
    if (recvmsg(fd, &packet, 0) <= 0)
        return 0;
    if (CMSG_FIRSTHDR(&packet) != NULL)
        memcpy(ret_descriptor, CMSG_DATA(CMSG_FIRSTHDR(&packet)), sizeof(int));
    return answer;
}

static raw_client raw_move(const char *url)
{
    raw_client client = {.fd = greet(url)};
    uint8_t moved = WALDO__SHM_MOVED;
    int descriptor;

    knock(client.fd);
    cr_assert_eq(ask(client.fd, &descriptor), WALDO__SHM_HERE);
    cr_assert_eq(waldo__region_open(descriptor, &client.region, NULL), 0);
    close(descriptor);
    raw_send(client.fd, &moved, 1);
    waldo__lane_writer_init(&client.requests, &client.region.requests);
    waldo__lane_reader_init(&client.replies, &client.region.replies);
    return client;
}

static void raw_end(raw_client *client)
{
    close(client->fd);
    waldo__region_close(&client->region);
}

static void wake(const raw_client *client)
{
    const uint8_t byte = WALDO__SHM_WAKE;

    (void)send(client->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* As much of it as there is room for. */
static size_t put_some(raw_client *client, const void *data, size_t size)
{
    struct iovec part = {(void *)data, size};
    bool sleeps;
    ssize_t written = waldo__lane_write(&client->requests, &part, 1, &sleeps);

    if (sleeps)
        wake(client);
    return written > 0 ? (size_t)written : 0;
}

static bool put(raw_client *client, const void *data, size_t size)
{
    return put_some(client, data, size) == size;
}

/* Is the server there for others, once this one was closed? */
static void is_unharmed(echo_server *server, int gone)
{
    await_count(&server->gone, gone);
    test_client client = client_open(server->url);
    client_echo(&client, (const uint8_t *)"still there", 11);
    client_close(&client);
}

/* ---- moving ---- */

Test(moved, only_who_was_admitted_may_ask, .timeout = 60)
{
    echo_server server = {.never_admits = true};
    const uint8_t ask_byte = WALDO__SHM_ASK;

    begin(&server);
    int fd = greet(server.url);
    raw_send(fd, &ask_byte, 1);
    raw_await_end(fd);
    close(fd);
    await_count(&server.gone, 1);
    echo_stop(&server);
}

Test(moved, nobody_moves_without_rings, .timeout = 60)
{
    static const uint8_t sent[][2] = {
        {WALDO__SHM_MOVED, WALDO__SHM_WAKE},
        {WALDO__SHM_ASK, WALDO__SHM_ASK},
        {WALDO__SHM_ASK, WALDO__SHM_MOVED},
    };
    echo_server server = {0};
    int before;

    begin(&server);
    before = count_descriptors();
    for (int i = 0; i < 3; i++) {
        int fd = greet(server.url);
        knock(fd);
        raw_send(fd, sent[i], 2);
        raw_await_end(fd);
        close(fd);
        is_unharmed(&server, 2 * i + 1);
        await_count(&server.gone, 2 * i + 2);
    }
    cr_assert_eq(count_descriptors(), before);
    echo_stop(&server);
}

Test(moved, who_asks_twice_is_closed, .timeout = 60)
{
    echo_server server = {0};
    int descriptor;

    begin(&server);
    int fd = greet(server.url);
    knock(fd);
    cr_assert_eq(ask(fd, &descriptor), WALDO__SHM_HERE);
    close(descriptor);
    cr_assert_eq(ask(fd, &descriptor), 0);
    close(fd);
    is_unharmed(&server, 1);
    echo_stop(&server);
}

/* One that cannot use what it got goes on as before. */
Test(moved, who_got_rings_may_stay_on_the_socket, .timeout = 60)
{
    echo_server server = {0};
    int descriptor;

    begin(&server);
    int fd = greet(server.url);
    knock(fd);
    cr_assert_eq(ask(fd, &descriptor), WALDO__SHM_HERE);
    close(descriptor);
    knock(fd);
    close(fd);
    is_unharmed(&server, 1);
    echo_stop(&server);
}

static void does_not_move(const char *listen, const char *options)
{
    echo_server server = {0};
    test_client client = {.next_id = 1};
    char url[TEST_URL_SIZE];

    echo_start(&server, listen);
    snprintf(url, sizeof url, "%.500s%s", server.url, options);
    cr_assert_eq(try_open(url, 1000, 20, &client.engine, &client.channel, NULL), 0);
    cr_assert_not(client_move(&client));
    client_echo(&client, (const uint8_t *)"as before", 9);
    client_close(&client);
    echo_stop(&server);
}

Test(moved, either_side_may_refuse, .timeout = 60)
{
    char url[TEST_URL_SIZE];

    does_not_move(listen_url(url), "?shm=0");
    strcat(url, "?shm=0");
    does_not_move(url, "");
    does_not_move("tcp://127.0.0.1:0", "");
}

/* memfd_create() and mmap() fail: no descriptor is left, or files may not be so large. */
Test(moved, without_memory_it_stays_on_the_socket, .timeout = 60)
{
    struct rlimit limit;
    char url[TEST_URL_SIZE];

    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 1 << 20;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    does_not_move(listen_url(url), "");
}

Test(moved, without_descriptors_it_stays_on_the_socket, .timeout = 60)
{
    echo_server server = {0};
    test_client client = {.next_id = 1};
    struct rlimit limit;

    begin(&server);
    cr_assert_eq(try_open(server.url, 1000, 20, &client.engine, &client.channel, NULL), 0);
    client_echo(&client, (const uint8_t *)TEST_KNOCK, 5);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 3;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    int rc = client.engine->move(client.channel, waldo__deadline_in(20), NULL, NULL);
    limit.rlim_cur = before;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_assert_eq(rc, 0);
    client_echo(&client, (const uint8_t *)"as before", 9);
    client_close(&client);
    echo_stop(&server);
}

/* ---- hostile rings ---- */

Test(moved, heads_that_make_no_sense, .timeout = 60)
{
    static const uint64_t heads[] = {UINT64_MAX, 0xffffffff, (uint64_t)1 << 63, (uint64_t)1 << 32,
                                     (uint64_t)99 << 32 | 5};
    echo_server server = {0};

    begin(&server);
    for (int i = 0; i < 5; i++) {
        raw_client client = raw_move(server.url);
        memcpy(client.region.requests.bytes, &heads[i], sizeof heads[i]);
        wake(&client);
        raw_await_end(client.fd);
        raw_end(&client);
        is_unharmed(&server, 2 * i + 1);
        await_count(&server.gone, 2 * i + 2);
    }
    echo_stop(&server);
}

Test(moved, frames_that_make_no_sense, .timeout = 60)
{
    echo_server server = {0};
    uint8_t frame[64] = {0};

    begin(&server);
    for (int i = 0; i < 3; i++) {
        raw_client client = raw_move(server.url);
        size_t size = put_frame(frame, 7, "abc", 3);
        if (i == 0)
            frame[0] = 2;
        else
            frame[i] = 0xff; /* a length above any limit */
        cr_assert(put(&client, frame, size));
        raw_await_end(client.fd);
        raw_end(&client);
        is_unharmed(&server, 2 * i + 1);
        await_count(&server.gone, 2 * i + 2);
    }
    echo_stop(&server);
}

/* It says that it has read what was never written. */
Test(moved, a_reader_that_makes_no_sense, .timeout = 60)
{
    echo_server server = {0};
    uint8_t frame[64];

    begin(&server);
    raw_client client = raw_move(server.url);
    atomic_store(&client.region.replies.words->released, 1u << 30);
    size_t size = put_frame(frame, 7, "abc", 3);
    /* Where there is room as far as the server knows, it does not look. */
    while (atomic_load(&server.gone) == 0)
        put(&client, frame, size);
    raw_await_end(client.fd);
    raw_end(&client);
    is_unharmed(&server, 1);
    echo_stop(&server);
}

enum { FRAME = 1013 };

/* Frames, of which the last may be cut: as many bytes as the server takes, and from then on. */
static void put_until_full(raw_client *client, size_t most, size_t *sent)
{
    enum { NO_ROOM_MS = 500 };
    static const uint8_t zeros[FRAME - 13];
    uint8_t frame[FRAME];
    size_t size = put_frame(frame, 7, zeros, sizeof zeros);

    for (int full_ms = 0; *sent < most && full_ms < NO_ROOM_MS; full_ms++) {
        size_t start = *sent % size;
        size_t written = put_some(client, frame + start, size - start);
        *sent += written;
        if (written > 0)
            full_ms = 0;
        else
            usleep(1000);
    }
}

static void take_replies(raw_client *client, size_t bytes)
{
    waldo__span spans[2];

    while (bytes > 0) {
        int rc = waldo__lane_read(&client->replies, spans);
        cr_assert_geq(rc, 0);
        if (rc == 0)
            continue;
        cr_assert_leq(spans[0].size + spans[1].size, bytes);
        bytes -= spans[0].size + spans[1].size;
        if (waldo__lane_release(&client->replies))
            wake(client);
    }
}

Test(moved, one_that_does_not_read_is_not_read_either, .timeout = 60)
{
    enum { MOST = 100000000 };
    echo_server server = {0};

    begin(&server);
    raw_client client = raw_move(server.url);
    test_client other = client_open(server.url);
    size_t sent = 0;
    put_until_full(&client, MOST, &sent);
    cr_assert_lt(sent, MOST, "all of it was read");
    cr_assert_eq(atomic_load(&server.taken), 0);
    client_echo(&other, (const uint8_t *)"another", 7);
    take_replies(&client, sent / FRAME * FRAME);
    cr_assert_gt(atomic_load(&server.emptied), 0);
    put_until_full(&client, 2 * MOST, &sent);
    cr_assert_lt(sent, 2 * MOST, "all of it was read after that");
    raw_end(&client);
    await_count(&server.gone, 1);
    client_close(&other);
    echo_stop(&server);
}

/* What was written before the end counts. */
Test(moved, last_words_are_heard, .timeout = 60)
{
    echo_server server = {.silent = true};
    uint8_t frame[64];

    begin(&server);
    for (int i = 1; i <= 20; i++) {
        raw_client client = raw_move(server.url);
        for (int k = 0; k < 10; k++)
            cr_assert(put(&client, frame, put_frame(frame, 7, "abc", 3)));
        raw_end(&client);
        await_count(&server.gone, i);
        cr_assert_eq(atomic_load(&server.messages), 10 * i);
    }
    echo_stop(&server);
}

static sem_t may_go_on;

static void be_busy(echo_server *server)
{
    (void)server;
    while (sem_wait(&may_go_on) < 0)
        ;
}

/* It dies with a ring full and half a message in it. */
Test(moved, a_client_that_dies_with_a_ring_full, .timeout = 60)
{
    echo_server server = {0};
    uint8_t *bytes = random_bytes(1 << 20);

    begin(&server);
    raw_client client = raw_move(server.url);
    cr_assert_eq(sem_init(&may_go_on, 0, 0), 0);
    server.job = be_busy;
    uv_async_send(&server.wake);
    put_frame(bytes, 7, "", 0);
    waldo__sp_put_word(bytes + 5, 7 << 20);
    while (put(&client, bytes, 50000))
        ;
    cr_assert_not(waldo__lane_has(&client.replies));
    raw_end(&client);
    sem_post(&may_go_on);
    while (sem_wait(&server.done) < 0)
        ;
    is_unharmed(&server, 1);
    cr_assert_eq(atomic_load(&server.messages), 1);
    sem_destroy(&may_go_on);
    free(bytes);
    echo_stop(&server);
}
