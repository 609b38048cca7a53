#include "raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static const double PATIENCE = 20.0;

raw_client raw_open(const char *url)
{
    waldo__url parsed;
    raw_client client = {.last_id = WALDO__REQUEST_ID_FLAG};
    must(waldo__url_parse(url, &parsed, &err));
    client.engine = waldo__client_engine_for(&parsed);
    must(client.engine->open(&parsed, HARNESS_MAX_MESSAGE, waldo__deadline_in(PATIENCE),
                             &client.channel, &err));
    client.secure = raw_shake_hands(client.engine, client.channel, &parsed, client.last_id,
                                    waldo__deadline_in(PATIENCE));
    return client;
}

/* *ret_reply: waldo__wire__reply__free_unpacked it. */
static Waldo__Wire__Reply *exchange(raw_client *client, const void *data, size_t size)
{
    waldo__deadline deadline = waldo__deadline_in(PATIENCE);
    waldo__buffer message = {0};
    uint32_t id = 0;
    must(raw_send_sealed(client->engine, client->channel, client->secure, ++client->last_id, data,
                         size, deadline));
    must(raw_receive_sealed(client->engine, client->channel, client->secure, &id, &message,
                            deadline));
    cr_assert_eq(id, client->last_id);
    Waldo__Wire__Reply *reply = waldo__wire__reply__unpack(NULL, message.size, message.data);
    waldo__buffer_free(&message);
    cr_assert_not_null(reply);
    return reply;
}

int raw_bytes(raw_client *client, const void *data, size_t size)
{
    Waldo__Wire__Reply *reply = exchange(client, data, size);
    int status = reply->status;
    waldo_error_set(&err, status, "%s", reply->error_message);
    waldo__wire__reply__free_unpacked(reply, NULL);
    return status;
}

static uint8_t *pack(const Waldo__Wire__Request *request, size_t *ret_size)
{
    *ret_size = waldo__wire__request__get_packed_size(request);
    uint8_t *data = malloc(*ret_size + 1);
    cr_assert_not_null(data);
    waldo__wire__request__pack(request, data);
    return data;
}

int raw_request(raw_client *client, Waldo__Wire__Request *request)
{
    request->sequence = ++client->sequence;
    size_t size;
    uint8_t *data = pack(request, &size);
    int status = raw_bytes(client, data, size);
    free(data);
    return status;
}

void raw_hello(raw_client *client)
{
    uint8_t session[16], body[256];
    FILE *random = fopen("/dev/urandom", "r");
    cr_assert_not_null(random);
    cr_assert_eq(fread(session, 1, sizeof session, random), sizeof session);
    fclose(random);
    Waldo__Wire__Hello hello = WALDO__WIRE__HELLO__INIT;
    hello.protocol = WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION;
    hello.session = (ProtobufCBinaryData){sizeof session, session};
    hello.max_message = HARNESS_MAX_MESSAGE;
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__HELLO;
    request.body = (ProtobufCBinaryData){waldo__wire__hello__pack(&hello, body), body};
    size_t size;
    uint8_t *data = pack(&request, &size);
    Waldo__Wire__Reply *reply = exchange(client, data, size);
    free(data);
    cr_assert_eq(reply->status, 0, "%s", reply->error_message);
    Waldo__Wire__Welcome *welcome =
        waldo__wire__welcome__unpack(NULL, reply->body.len, reply->body.data);
    cr_assert_not_null(welcome);
    client->incarnation = welcome->incarnation;
    waldo__wire__welcome__free_unpacked(welcome, NULL);
    waldo__wire__reply__free_unpacked(reply, NULL);
}

void raw_close(raw_client *client)
{
    client->engine->close(client->channel);
    waldo__secure_channel_free(client->secure);
}
