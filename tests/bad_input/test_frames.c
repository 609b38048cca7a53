/* Frames that were damaged on their way: over each engine every one of them is refused, on a
 * connection that then goes on as if nothing had been, and costs the server nothing that stays.
 *
 * What is damaged is a genuine request that would make an object, or a genuine first message of a
 * handshake. A sealed frame is damaged anywhere. Between processes of one host nothing is sealed:
 * there it is what a frame is known by, its first nine bytes; that the rest is no message, or
 * another one, is what fuzz.envelope and fuzz.sessions are about. The heads that engines put before
 * it end a connection: bad_input.strangers, faults.strangers.
 *
 * WALDO_DAMAGED_FRAMES: so many for each engine, instead of a few. WALDO_FAULTS_SEED: repeats. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "raw_client.h"
#include "server.h"

enum {
    FEW = 4000,
    GENUINE_EVERY = 500,
    MOST = 4096,
    /* As in faults.strangers: what allocators may take more. */
    SLACK = 8 * 1024 * 1024
};

#define SESSION "frames frames 16"

typedef struct counts {
    long sealed, replayed, heads, handshakes, genuine;
} counts;

static unsigned seed;

static unsigned below(size_t limit)
{
    return (unsigned)rand_r(&seed) % (unsigned)limit;
}

static long wanted(void)
{
    const char *given = getenv("WALDO_DAMAGED_FRAMES");
    return given && atol(given) > 0 ? atol(given) : FEW;
}

/* ---- damage ---- */

/* Some of these bytes are others than they were. */
static void change_bytes(uint8_t *bytes, size_t size)
{
    size_t first = below(size);
    size_t count = 1 + below(size - first < 16 ? size - first : 16);
    for (size_t i = 0; i < count; i++)
        bytes[first + i] ^= (uint8_t)(1 + below(255));
}

/* One bit, some bytes, less, more, or noise of the same length. The frame has room for MOST. */
static void damage(uint8_t *frame, size_t *size)
{
    switch (below(5)) {
    case 0:
        frame[below(*size)] ^= (uint8_t)(1u << below(8));
        break;
    case 1:
        change_bytes(frame, *size);
        break;
    case 2:
        *size = below(*size);
        break;
    case 3:
        for (size_t more = 1 + below(64); more > 0; more--)
            frame[(*size)++] = (uint8_t)below(256);
        break;
    default:
        for (size_t i = 1; i < *size; i++)
            frame[i] = (uint8_t)below(256);
    }
}

/* In the clear: only what it is known by. */
static void damage_head(uint8_t *frame, size_t *size)
{
    if (below(4) == 0)
        *size = below(WALDO__SECURE_CLEAR_HEAD_SIZE);
    else
        change_bytes(frame, WALDO__SECURE_CLEAR_HEAD_SIZE);
}

/* ---- frames ---- */

static void send_frame(raw_client *client, const void *frame, size_t size)
{
    struct iovec part = {(void *)frame, size};
    client->id = (client->id + 1) | WALDO__REQUEST_ID_FLAG;
    cr_assert_eq(client->engine->send(client->channel, client->id, &part, 1,
                                      waldo__deadline_in(RAW_PATIENCE), NULL),
                 0, "the connection is closed");
}

/* The answer to a frame of which nothing was believed. */
static void expect_refusal(raw_client *client)
{
    uint32_t id;
    cr_assert_eq(client->engine->receive(client->channel, &id, &client->bytes,
                                         waldo__deadline_in(RAW_PATIENCE), NULL),
                 0, "no answer");
    cr_assert_eq(id, client->id);
    cr_assert(client->bytes.size == WALDO__SECURE_REFUSAL_SIZE &&
                  client->bytes.data[0] == WALDO__SECURE_REFUSAL,
              "a damaged frame was taken");
}

static void seal_request(raw_client *client, waldo__buffer *frame)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CREATE, 0);
    waldo__buffer packed = {0};
    request.name = (char *)"Thing";
    request.sequence = client->sequence + 1;
    cr_assert_eq(waldo__envelope_request(&packed, &request, NULL, NULL), 0);
    struct iovec part = {packed.data, packed.size};
    cr_assert_eq(waldo__secure_seal(client->secure, &part, 1, frame, NULL), 0);
    waldo__buffer_free(&packed);
    cr_assert_leq(frame->size + 64, MOST);
}

static void damage_request(raw_client *client, waldo__buffer *frame, counts *all)
{
    uint8_t bytes[MOST];
    seal_request(client, frame);
    size_t size = frame->size;
    memcpy(bytes, frame->data, size);
    if (waldo__secure_channel_mode(client->secure) == WALDO__SECURE_CLEAR) {
        damage_head(bytes, &size);
        all->heads++;
    } else {
        damage(bytes, &size);
        all->sealed++;
    }
    send_frame(client, bytes, size);
    expect_refusal(client);
}

static void damage_handshake(raw_client *client, const waldo__keyring *ring,
                             waldo__secure_mode mode, counts *all)
{
    uint8_t bytes[MOST];
    size_t size = WALDO__SECURE_FIRST_SIZE;
    waldo__secure_handshake handshake;
    cr_assert_eq(waldo__secure_start(&handshake, waldo__keyring_at(ring, 0), mode, bytes, NULL), 0);
    waldo__secure_abandon(&handshake);
    damage(bytes, &size);
    send_frame(client, bytes, size);
    expect_refusal(client);
    all->handshakes++;
}

/* A genuine frame that does something, and then the same bytes again. */
static void replay(raw_client *client, waldo__buffer *frame, counts *all)
{
    Waldo__Wire__Request ping = raw_request(client, WALDO__WIRE__OPERATION__PING, 0);
    waldo__buffer packed = {0};
    cr_assert_eq(waldo__envelope_request(&packed, &ping, NULL, NULL), 0);
    struct iovec part = {packed.data, packed.size};
    cr_assert_eq(waldo__secure_seal(client->secure, &part, 1, frame, NULL), 0);
    waldo__buffer_free(&packed);
    send_frame(client, frame->data, frame->size);
    cr_assert_eq(raw_receive(client), 0);
    cr_assert_eq(client->reply->status, 0);
    all->genuine++;
    if (waldo__secure_channel_mode(client->secure) == WALDO__SECURE_CLEAR)
        return;
    send_frame(client, frame->data, frame->size);
    expect_refusal(client);
    all->replayed++;
}

/* ---- over an engine ---- */

static long damaged(const counts *all)
{
    return all->sealed + all->heads + all->replayed + all->handshakes;
}

static void send_all(test_server *server, raw_client *client, waldo__secure_mode mode, counts *all)
{
    waldo__keyring *ring;
    waldo__buffer frame = {0};
    size_t before = 0;
    cr_assert_eq(waldo__keyring_from_default(&ring, NULL), 0);
    for (long i = 0; damaged(all) < wanted(); i++) {
        if (i == wanted() / 10)
            before = daemon_resident(&server->daemon);
        if (i % GENUINE_EVERY == 0)
            replay(client, &frame, all);
        else if (i % 4 == 0)
            damage_handshake(client, ring, mode, all);
        else
            damage_request(client, &frame, all);
    }
    cr_assert_lt(daemon_resident(&server->daemon), before + SLACK);
    waldo__buffer_free(&frame);
    waldo__keyring_free(ring);
}

static void run(const char *listen, bool moves)
{
    const char *given = getenv("WALDO_FAULTS_SEED");
    counts all = {0};
    test_server server = {.descriptors = 0};
    waldo__url url;
    const unsigned first_seed = given ? (unsigned)atoi(given) : (unsigned)time(NULL);
    seed = first_seed;
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);
    server_start(&server, listen);
    cr_assert_eq(waldo__url_parse(server.url, &url, NULL), 0);
    waldo_manager *watcher = server_connect(&server);
    uint64_t objects = UINT64_MAX;
    raw_client client = raw_enter(server.url, SESSION);
    cr_assert_eq(client.moves, moves);
    send_all(&server, &client, waldo__secure_mode_for(&url), &all);
    cr_assert_eq(waldo_manager_number_of_objects(watcher, &objects, NULL), 0);
    cr_assert_eq(objects, 0, "a damaged request was executed");
    fprintf(stderr,
            "frames: %s%s, WALDO_FAULTS_SEED=%u, %ld damaged: %ld sealed, %ld replayed, %ld heads "
            "in the clear, %ld handshakes; all refused; %ld genuine between them\n",
            listen, moves ? " in shared memory" : "", first_seed, damaged(&all), all.sealed,
            all.replayed, all.heads, all.handshakes, all.genuine);
    raw_leave(&client);
    waldo_manager_unref(watcher);
    server_stop(&server);
}

TestSuite(frames, .fini = daemon_kill_all, .timeout = 3000);

Test(frames, tcp)
{
    run("tcp://127.0.0.1:0", false);
}

static void run_local(bool moves)
{
    char listen[64];
    snprintf(listen, sizeof listen, "ipc://@waldo-frames-%d?shm=%d", (int)getpid(), moves);
    run(listen, moves);
}

Test(frames, ipc)
{
    run_local(false);
}

Test(frames, shm)
{
    run_local(true);
}

Test(frames, websocket)
{
    run("ws://127.0.0.1:0", false);
}

Test(frames, nanomsg)
{
    run("nn+tcp://127.0.0.1:0", false);
}
