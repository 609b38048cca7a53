/* For tests: a client that sends what it likes. It stands on the engines only, so that no request
 * is checked on the way. */
#ifndef WALDO_TESTS_RAW_CLIENT_H
#define WALDO_TESTS_RAW_CLIENT_H

#include <criterion/criterion.h>
#include <string.h>

#include "../raw_channel.h"
#include "waldo/wire.pb-c.h"
#include "wire/envelope.h"
#include "wire/scan.h"

#define RAW_PATIENCE 60.0

typedef struct raw_client {
    const waldo__client_engine *engine;
    waldo__channel *channel;
    uint32_t id;
    uint64_t incarnation;
    waldo__secure_channel *secure;
    bool moves;        /* to shared memory, once the server has welcomed it */
    uint64_t sequence; /* of the last request that changes something */
    waldo__buffer bytes;
    Waldo__Wire__Reply *reply; /* the last one */
} raw_client;

static inline raw_client raw_open(const char *text)
{
    raw_client client = {.id = 0};
    waldo_error err = WALDO_ERROR_INIT;
    waldo__url url;

    cr_assert_eq(waldo__url_parse(text, &url, &err), 0, "%s", err.message);
    client.engine = waldo__client_engine_for(&url);
    cr_assert_eq(client.engine->open(&url, (size_t)64 << 20, waldo__deadline_in(RAW_PATIENCE),
                                     &client.channel, &err),
                 0, "%s: %s", text, err.message);
    client.id = WALDO__REQUEST_ID_FLAG;
    client.moves = client.engine->move && !url.no_shm;
    client.secure = raw_shake_hands(client.engine, client.channel, &url, client.id,
                                    waldo__deadline_in(RAW_PATIENCE));
    return client;
}

static inline void raw_close(raw_client *client)
{
    client->engine->close(client->channel);
    waldo__secure_channel_free(client->secure);
    if (client->reply)
        waldo__wire__reply__free_unpacked(client->reply, NULL);
    waldo__buffer_free(&client->bytes);
}

/* Sends bytes; 0 or the engine's error. */
static inline int raw_send(raw_client *client, const void *data, size_t size)
{
    client->id = (client->id + 1) | WALDO__REQUEST_ID_FLAG;
    return raw_send_sealed(client->engine, client->channel, client->secure, client->id, data, size,
                           waldo__deadline_in(RAW_PATIENCE));
}

/* Waits for the reply to what was sent last; 0 or the engine's error. */
static inline int raw_receive(raw_client *client)
{
    ProtobufCMessage *message;
    uint32_t id;
    int rc = raw_receive_sealed(client->engine, client->channel, client->secure, &id,
                                &client->bytes, waldo__deadline_in(RAW_PATIENCE));

    if (rc < 0)
        return rc;
    cr_assert_eq(id, client->id);
    cr_assert_eq(waldo__unpack(&waldo__wire__reply__descriptor, NULL, client->bytes.data,
                               client->bytes.size, &message, NULL),
                 0, "the reply is no Reply");
    if (client->reply)
        waldo__wire__reply__free_unpacked(client->reply, NULL);
    client->reply = (Waldo__Wire__Reply *)message;
    return 0;
}

/* Bytes there and a reply back; its status. */
static inline int raw_exchange_bytes(raw_client *client, const void *data, size_t size)
{
    cr_assert_eq(raw_send(client, data, size), 0);
    cr_assert_eq(raw_receive(client), 0);
    return client->reply->status;
}

/* Nobody waits for the reply; 0 or the engine's error. The request keeps its sequence number; one
 * without gets the next one each time. */
static inline int raw_post(raw_client *client, const Waldo__Wire__Request *request,
                           const ProtobufCMessage *body)
{
    Waldo__Wire__Request numbered = *request;
    waldo__buffer packed = {0};

    if (numbered.sequence == 0)
        numbered.sequence = ++client->sequence;
    cr_assert_eq(waldo__envelope_request(&packed, &numbered, body, NULL), 0);
    int status = raw_send(client, packed.data, packed.size);
    waldo__buffer_free(&packed);
    return status;
}

static inline int raw_exchange(raw_client *client, const Waldo__Wire__Request *request,
                               const ProtobufCMessage *body)
{
    cr_assert_eq(raw_post(client, request, body), 0);
    cr_assert_eq(raw_receive(client), 0);
    return client->reply->status;
}

/* A request on an object of this life of the server. */
static inline Waldo__Wire__Request raw_request(const raw_client *client,
                                               Waldo__Wire__Operation operation, uint64_t object)
{
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;

    request.operation = operation;
    request.object = object;
    request.incarnation = client->incarnation;
    return request;
}

static inline int raw_operation(raw_client *client, Waldo__Wire__Operation operation,
                                uint64_t object)
{
    Waldo__Wire__Request request = raw_request(client, operation, object);

    return raw_exchange(client, &request, NULL);
}

static inline int raw_hello(raw_client *client, uint32_t protocol, const void *session, size_t size)
{
    Waldo__Wire__Hello hello = WALDO__WIRE__HELLO__INIT;
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;

    request.operation = WALDO__WIRE__OPERATION__HELLO;
    hello.protocol = protocol;
    hello.session.data = (uint8_t *)session;
    hello.session.len = size;
    return raw_exchange(client, &request, &hello.base);
}

/* The message in the last reply. */
static inline ProtobufCMessage *raw_body(raw_client *client,
                                         const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, client->reply->body.len,
                                                          client->reply->body.data);

    cr_assert_not_null(message);
    return message;
}

/* With a session, whose id is this text of 16 letters; over ipc in shared memory, if there is room,
 * unless the URL says otherwise. */
static inline raw_client raw_enter(const char *url, const char *session)
{
    raw_client client = raw_open(url);

    cr_assert_eq(strlen(session), 16);
    cr_assert_eq(raw_hello(&client, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, session, 16), 0);
    Waldo__Wire__Welcome *welcome =
        (Waldo__Wire__Welcome *)raw_body(&client, &waldo__wire__welcome__descriptor);
    client.incarnation = welcome->incarnation;
    client.moves = client.moves && welcome->shared_memory;
    waldo__wire__welcome__free_unpacked(welcome, NULL);
    if (client.moves)
        cr_assert_geq(
            client.engine->move(client.channel, waldo__deadline_in(RAW_PATIENCE), NULL, NULL), 0);
    return client;
}

static inline void raw_leave(raw_client *client)
{
    cr_assert_eq(raw_operation(client, WALDO__WIRE__OPERATION__GOODBYE, 0), 0);
    raw_close(client);
}

/* A new object of a typeid that is made from nothing; its id. */
static inline uint64_t raw_create(raw_client *client, const char *type_id)
{
    Waldo__Wire__Request request = raw_request(client, WALDO__WIRE__OPERATION__CREATE, 0);

    request.name = (char *)type_id;
    cr_assert_eq(raw_exchange(client, &request, NULL), 0, "%s", client->reply->error_message);
    Waldo__Wire__Created *created =
        (Waldo__Wire__Created *)raw_body(client, &waldo__wire__created__descriptor);
    uint64_t object = created->ref->object;
    waldo__wire__created__free_unpacked(created, NULL);
    return object;
}

#endif
