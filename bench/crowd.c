#include "crowd.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/engine.h"
#include "secure/channel.h"
#include "secure/default_key.h"
#include "wire/buffer.h"
#include "wire/envelope.h"
#include "wire/scan.h"

static const double PATIENCE = 60;

typedef struct member {
    waldo__channel *channel;
    waldo__secure_channel *secure;
    uint32_t id;
    uint64_t sequence;
    int expected; /* replies */
} member;

struct crowd {
    const waldo__client_engine *engine;
    waldo__keyring *keys;
    uint64_t incarnation;
    int count;
    member members[];
};

static int shake_hands(crowd *all, member *one, const waldo__url *url, waldo_error *reterr)
{
    waldo__secure_handshake handshake;
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    struct iovec part = {first, sizeof first};
    waldo__buffer second = {0};
    waldo__deadline deadline = waldo__deadline_in(PATIENCE);
    int status = waldo__secure_start(&handshake, waldo__keyring_at(all->keys, 0),
                                     waldo__secure_mode_for(url), first, reterr);
    if (status >= 0)
        status = all->engine->send(one->channel, one->id, &part, 1, deadline, reterr);
    if (status >= 0)
        status = all->engine->receive(one->channel, &one->id, &second, deadline, reterr);
    if (status >= 0)
        status = waldo__secure_finish(&handshake, second.data, second.size, &one->secure, reterr);
    waldo__buffer_free(&second);
    return status;
}

static int send_request(crowd *all, member *one, Waldo__Wire__Request *request,
                        const ProtobufCMessage *body, waldo_error *reterr)
{
    waldo__buffer packed = {0}, frame = {0};
    request->sequence = ++one->sequence;
    one->id = (one->id + 1) | WALDO__REQUEST_ID_FLAG;
    int status = waldo__envelope_request(&packed, request, body, reterr);
    struct iovec part = {packed.data, packed.size};
    if (status >= 0)
        status = waldo__secure_seal(one->secure, &part, 1, &frame, reterr);
    part = (struct iovec){frame.data, frame.size};
    if (status >= 0)
        status = all->engine->send(one->channel, one->id, &part, 1, waldo__deadline_in(PATIENCE),
                                   reterr);
    waldo__buffer_free(&packed);
    waldo__buffer_free(&frame);
    one->expected += status >= 0;
    return status;
}

/* The next reply; ret_reply may be NULL. */
static int receive_reply(crowd *all, member *one, waldo__deadline deadline,
                         Waldo__Wire__Reply **ret_reply, waldo_error *reterr)
{
    waldo__buffer frame = {0}, plain = {0};
    const uint8_t *data = NULL;
    size_t size = 0;
    uint32_t id;
    ProtobufCMessage *message = NULL;
    int status = all->engine->receive(one->channel, &id, &frame, deadline, reterr);
    if (status >= 0)
        status =
            waldo__secure_open(one->secure, frame.data, frame.size, &plain, &data, &size, reterr);
    if (status >= 0)
        status = waldo__unpack(&waldo__wire__reply__descriptor, NULL, data, size, &message, reterr);
    waldo__buffer_free(&frame);
    waldo__buffer_free(&plain);
    if (status < 0)
        return status;
    one->expected--;
    Waldo__Wire__Reply *reply = (Waldo__Wire__Reply *)message;
    if (reply->status < 0)
        status = waldo_error_set(reterr, reply->status, "%s", reply->error_message);
    if (status >= 0 && ret_reply)
        *ret_reply = reply;
    else
        waldo__wire__reply__free_unpacked(reply, NULL);
    return status;
}

static int say_hello(crowd *all, member *one, waldo_error *reterr)
{
    uint8_t session[16];
    Waldo__Wire__Hello hello = WALDO__WIRE__HELLO__INIT;
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    Waldo__Wire__Reply *reply;
    if (getrandom(session, sizeof session, 0) != sizeof session)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "no random bytes");
    hello.protocol = WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION;
    hello.session.data = session;
    hello.session.len = sizeof session;
    request.operation = WALDO__WIRE__OPERATION__HELLO;
    int status = send_request(all, one, &request, &hello.base, reterr);
    if (status >= 0)
        status = receive_reply(all, one, waldo__deadline_in(PATIENCE), &reply, reterr);
    if (status < 0)
        return status;
    Waldo__Wire__Welcome *welcome =
        waldo__wire__welcome__unpack(NULL, reply->body.len, reply->body.data);
    waldo__wire__reply__free_unpacked(reply, NULL);
    if (!welcome)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "no Welcome");
    all->incarnation = welcome->incarnation;
    waldo__wire__welcome__free_unpacked(welcome, NULL);
    return 0;
}

static int enter(crowd *all, member *one, const waldo__url *url, waldo_error *reterr)
{
    one->id = WALDO__REQUEST_ID_FLAG;
    int status = all->engine->open(url, (size_t)1 << 20, waldo__deadline_in(PATIENCE),
                                   &one->channel, reterr);
    if (status >= 0)
        status = shake_hands(all, one, url, reterr);
    if (status >= 0)
        status = say_hello(all, one, reterr);
    return status;
}

int crowd_open(const char *address, int connections, crowd **ret_crowd, waldo_error *reterr)
{
    waldo__url url;
    int status = waldo__url_parse(address, &url, reterr);
    crowd *all = calloc(1, sizeof *all + (size_t)connections * sizeof all->members[0]);
    if (status >= 0 && !all)
        status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory");
    if (status >= 0) {
        all->engine = waldo__client_engine_for(&url);
        status = waldo__keyring_from_default(&all->keys, reterr);
    }
    while (status >= 0 && all->count < connections)
        status = enter(all, &all->members[all->count++], &url, reterr);
    if (status < 0)
        crowd_close(all);
    else
        *ret_crowd = all;
    return status;
}

int crowd_call(crowd *all, uint64_t object, const char *method, int calls, waldo_error *reterr)
{
    int status = 0;
    for (int i = 0; i < calls && status >= 0; i++) {
        Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
        request.operation = WALDO__WIRE__OPERATION__CALL;
        request.object = object;
        request.name = (char *)method;
        request.incarnation = all->incarnation;
        request.thread = (uint64_t)i;
        status = send_request(all, &all->members[i % all->count], &request, NULL, reterr);
    }
    return status;
}

int crowd_listen(crowd *all, double seconds, waldo_error *reterr)
{
    waldo__deadline deadline = waldo__deadline_in(seconds);
    int status = 0;
    for (int i = 0; i < all->count; i++)
        while (all->members[i].expected > 0 && status >= 0)
            status = receive_reply(all, &all->members[i], deadline, NULL, reterr);
    return status;
}

void crowd_close(crowd *all)
{
    if (!all)
        return;
    for (int i = 0; i < all->count; i++) {
        all->engine->close(all->members[i].channel);
        waldo__secure_channel_free(all->members[i].secure);
    }
    waldo__keyring_free(all->keys);
    free(all);
}
