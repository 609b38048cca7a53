/* Whole sessions of several clients against a server in this process: connections that come and go,
 * requests of any kind, with any body, again, too late, out of order; the objects that they make
 * are named by later ones. Whatever happens, the server answers an honest client afterwards.
 *
 * The input is a row of steps: which client and what it does, how its request is numbered, what it
 * is about, the length of its body, the body. */
#include <string.h>

#include <waldo/waldo.h>

#include "engine/engine.h"
#include "secure/channel.h"
#include "secure/default_key.h"
#include "server.h"
#include "waldo/value.pb-c.h"
#include "waldo/wire.pb-c.h"
#include "wire/envelope.h"
#include "wire/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLIENTS = 3, OBJECTS = 8, MAX_STEPS = 40, MAX_MESSAGE = 1 << 20, TIMEOUT_US = 2000 };

#define PATIENCE 10.0

typedef struct client {
    waldo__channel *channel;
    waldo__secure_channel *secure;
    uint32_t id;
    uint64_t sequence;
    uint8_t session;
} client;

static waldo__url url;
static const waldo__client_engine *engine;
static waldo__keyring *ring;
static waldo_manager *honest;
static client clients[CLIENTS];
static uint64_t incarnation, objects[OBJECTS];
static unsigned object_count;

static void set_up(void)
{
    if (honest)
        return;
    waldo_server_options options = {
        .authkey = FUZZ_KEY, .authkey_size = FUZZ_KEY_SIZE, .lease = 2, .grace = 0.2, .transit = 1};
    waldo_manager_options own = {
        .authkey = FUZZ_KEY, .authkey_size = FUZZ_KEY_SIZE, .call_timeout = PATIENCE};
    const char *address = fuzz_start_server(&options);
    must(waldo_connect(address, &own, &honest, NULL) >= 0);
    must(waldo__keyring_from_authkey(FUZZ_KEY, FUZZ_KEY_SIZE, &ring, NULL) >= 0);
    must(waldo__url_parse(address, &url, NULL) >= 0);
    engine = waldo__client_engine_for(&url);
}

/* ---- connections ---- */

static void leave(client *one)
{
    if (one->channel)
        engine->close(one->channel);
    waldo__secure_channel_free(one->secure);
    one->channel = NULL;
    one->secure = NULL;
}

static void enter(client *one)
{
    waldo__deadline deadline = waldo__deadline_in(PATIENCE);
    waldo__secure_handshake handshake;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    struct iovec part = {first, sizeof first};
    waldo__buffer second = {0};
    must(engine->open(&url, MAX_MESSAGE, deadline, &one->channel, NULL) >= 0);
    must(waldo__secure_start(&handshake, waldo__keyring_at(ring, 0), waldo__secure_mode_for(&url),
                             first, NULL) >= 0);
    one->id = WALDO__REQUEST_ID_FLAG;
    must(engine->send(one->channel, one->id, &part, 1, deadline, NULL) >= 0);
    must(engine->receive(one->channel, &one->id, &second, deadline, NULL) >= 0);
    must(waldo__secure_finish(&handshake, second.data, second.size, &one->secure, NULL) >= 0);
    waldo__buffer_free(&second);
}

/* ---- requests ---- */

static void learn(const uint8_t *data, size_t size)
{
    ProtobufCMessage *message, *body;
    if (waldo__unpack(&waldo__wire__reply__descriptor, NULL, data, size, &message, NULL) < 0)
        abort();
    const Waldo__Wire__Reply *reply = (const Waldo__Wire__Reply *)message;
    if (reply->proxy && waldo__unpack(&waldo__wire__created__descriptor, NULL, reply->body.data,
                                      reply->body.len, &body, NULL) >= 0) {
        const Waldo__Wire__Created *created = (const Waldo__Wire__Created *)body;
        if (created->ref)
            objects[object_count++ % OBJECTS] = created->ref->object;
        protobuf_c_message_free_unpacked(body, NULL);
    }
    protobuf_c_message_free_unpacked(message, NULL);
}

/* false: the server has closed the connection. */
static bool exchange(client *one, const waldo__buffer *packed)
{
    waldo__deadline deadline = waldo__deadline_in(PATIENCE);
    waldo__buffer frame = {0}, plain = {0};
    const uint8_t *data;
    size_t size;
    struct iovec part = {packed->data, packed->size};
    one->id = (one->id + 1) | WALDO__REQUEST_ID_FLAG;
    must(waldo__secure_seal(one->secure, &part, 1, &frame, NULL) >= 0);
    part = (struct iovec){frame.data, frame.size};
    uint32_t id;
    bool answered = engine->send(one->channel, one->id, &part, 1, deadline, NULL) >= 0 &&
                    engine->receive(one->channel, &id, &frame, deadline, NULL) >= 0;
    if (answered) {
        must(waldo__secure_open(one->secure, frame.data, frame.size, &plain, &data, &size, NULL) >=
             0);
        learn(data, size);
    }
    waldo__buffer_free(&frame);
    waldo__buffer_free(&plain);
    return answered;
}

static void request(client *one, Waldo__Wire__Request *wanted, const uint8_t *body, size_t size)
{
    waldo__buffer packed = {0};
    wanted->incarnation = incarnation;
    wanted->timeout = TIMEOUT_US;
    wanted->body.data = (uint8_t *)body;
    wanted->body.len = size;
    size_t length = waldo__wire__request__get_packed_size(wanted);
    must(waldo__buffer_reserve(&packed, length));
    packed.size = waldo__wire__request__pack(wanted, packed.data);
    if (!exchange(one, &packed))
        leave(one);
    waldo__buffer_free(&packed);
}

static void say_hello(client *one)
{
    uint8_t packed[64], id[16];
    Waldo__Wire__Hello hello = WALDO__WIRE__HELLO__INIT;
    Waldo__Wire__Request wanted = WALDO__WIRE__REQUEST__INIT;
    memset(id, one->session, sizeof id);
    hello.protocol = WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION;
    hello.session.data = id;
    hello.session.len = sizeof id;
    wanted.operation = WALDO__WIRE__OPERATION__HELLO;
    request(one, &wanted, packed, waldo__wire__hello__pack(&hello, packed));
}

static const char *const names[] = {"dict", "list",   "Queue",   "Lock", "Value", "Barrier",
                                    "set",  "Event",  "RLock",   "get",  "put",   "Condition",
                                    "pop",  "append", "acquire", ""};

/* how: 4 bits of numbering, 4 of name; about: 3 bits of object, 5 of method. */
static void do_request(client *one, uint8_t operation, uint8_t how, uint8_t about,
                       const uint8_t *body, size_t size)
{
    Waldo__Wire__Request wanted = WALDO__WIRE__REQUEST__INIT;
    wanted.operation = (Waldo__Wire__Operation)operation;
    /* As it should be; again; one that was left out; without a number. */
    switch (how & 3) {
    case 0:
        wanted.sequence = ++one->sequence;
        break;
    case 1:
        wanted.sequence = one->sequence;
        break;
    case 2:
        wanted.sequence = one->sequence += 2;
        break;
    default:
        break;
    }
    if (how & 4 && one->sequence > 0)
        wanted.acknowledged = one->sequence - 1;
    wanted.cancel = how & 8 ? one->sequence : 0;
    wanted.name = (char *)names[how >> 4];
    wanted.object = objects[about & 7];
    wanted.method = about >> 3;
    wanted.want_table = true;
    wanted.count = about & 1;
    request(one, &wanted, body, size);
}

/* ---- steps ---- */

/* How many bytes the step took. */
static size_t step(const uint8_t *data, size_t size)
{
    client *one = &clients[(data[0] >> 5) % CLIENTS];
    uint8_t operation = data[0] & 31;
    size_t body = data[3] < size - 4 ? data[3] : size - 4;
    if (!one->channel) {
        enter(one);
        say_hello(one);
    }
    if (operation == 31)
        leave(one);
    else if (operation == 30)
        one->session = data[1] & 3;
    /* Nobody shuts the server down. */
    else if (operation != WALDO__WIRE__OPERATION__SHUTDOWN && one->channel)
        do_request(one, operation, data[1], data[2], data + 4, body);
    return 4 + body;
}

static void find_incarnation(void)
{
    waldo_proxy *proxy = NULL;
    waldo_value *value = NULL;
    must(waldo_proxy_create(honest, "list", waldo_v_none(), &proxy, NULL) >= 0);
    must(waldo_proxy_to_value(proxy, &value, NULL) >= 0);
    uint8_t *bytes;
    size_t size;
    must(waldo_value_pack(value, &bytes, &size, NULL) >= 0);
    Waldo__Value *message = waldo__value__unpack(NULL, size, bytes);
    must(message && message->kind_case == WALDO__VALUE__KIND_REF);
    incarnation = message->ref->incarnation;
    waldo__value__free_unpacked(message, NULL);
    free(bytes);
    waldo_value_unref(value);
    waldo_proxy_unref(proxy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    set_up();
    if (incarnation == 0)
        find_incarnation();
    memset(objects, 0, sizeof objects);
    object_count = 0;
    for (int i = 0; i < MAX_STEPS && size >= 4; i++) {
        size_t taken = step(data, size);
        data += taken;
        size -= taken;
    }
    for (int i = 0; i < CLIENTS; i++)
        leave(&clients[i]);
    must(waldo_manager_ping(honest, NULL) >= 0);
    return 0;
}
