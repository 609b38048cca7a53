/* What the engines hear: from a message to a request that can be dispatched. All of it runs on the
 * loop's thread. */
#include "server_internal.h"
#include "wire/envelope.h"

/* What came cannot be read, or there is no memory for it. */
static void answer_unread(const waldo__peer *peer, uint32_t id, const waldo_error *error)
{
    Waldo__Wire__Reply reply = WALDO__WIRE__REPLY__INIT;
    reply.status = error->code;
    reply.error_type = (char *)error->type_name;
    reply.error_message = (char *)error->message;
    waldo__buffer packed = {0};
    if (waldo__envelope_reply(&packed, &reply, NULL, NULL, NULL) >= 0)
        waldo__peer_reply(peer->endpoint->server, peer->id, id,
                          (struct iovec[2]){{packed.data, packed.size}});
    waldo__buffer_free(&packed);
}

static void handle_request(waldo__peer *peer, uint32_t id, const uint8_t *data, size_t size,
                           waldo__buffer *owner)
{
    waldo_call *call;
    waldo_error error;
    if (waldo__call_new(peer->endpoint->server, data, size, owner, &call, &error) < 0) {
        answer_unread(peer, id, &error);
        return;
    }
    call->channel = peer->id;
    call->connection = peer->connection;
    call->id = id;
    int status = waldo__dispatch(call);
    if (status < 0)
        waldo__call_answer_error(call, status);
    waldo__call_unref(call);
}

/* Each request may end the peer. */
static void handle_bundle(waldo__peer *peer, const uint8_t *data, size_t size)
{
    waldo_server *server = peer->endpoint->server;
    uint64_t id = peer->id;
    waldo__bundled one;
    if (!peer->may_bundle || !waldo__bundle_is_sound(data, size)) {
        waldo__peer_dismiss(server, id);
        return;
    }
    peer->takes_bundles = true;
    while (peer && waldo__bundle_next(&data, &size, &one)) {
        handle_request(peer, one.id, one.data, one.size, NULL);
        peer = waldo__peer_find(server, id);
    }
}

static void handle_frame(waldo__endpoint *here, uint64_t connection, uint32_t id,
                         const uint8_t *data, size_t size, waldo__buffer *owner)
{
    const uint8_t *payload;
    size_t payload_size;
    int kind = waldo__secure_kind_of(data, size);
    waldo__peer *peer =
        waldo__peer_open(here, connection, id, data, size, &owner, &payload, &payload_size);
    if (peer && kind == WALDO__SECURE_SEALED_BUNDLE)
        handle_bundle(peer, payload, payload_size);
    else if (peer)
        handle_request(peer, id, payload, payload_size, owner);
}

void waldo__dispatch_message(void *endpoint, uint64_t connection, uint32_t id, const uint8_t *data,
                             size_t size, waldo__buffer *owner)
{
    waldo__endpoint *here = endpoint;
    here->server->heard++;
    switch (waldo__secure_kind_of(data, size)) {
    case WALDO__SECURE_FIRST:
        waldo__peer_accept(here, connection, id, data, size);
        return;
    case WALDO__SECURE_SEALED_FRAME:
    case WALDO__SECURE_SEALED_BUNDLE:
    case WALDO__SECURE_CLEAR_FRAME:
        handle_frame(here, connection, id, data, size, owner);
        return;
    default:
        waldo__peer_refuse(here, connection, id);
    }
}

void waldo__dispatch_refused(void *endpoint, int code)
{
    const waldo__endpoint *here = endpoint;
    enum waldo_limit which = code == WALDO_ETOOBIG ? WALDO_LIMIT_MESSAGE : WALDO_LIMIT_STRANGERS;
    atomic_fetch_add(&here->server->limits.refused[which], 1);
}

void waldo__dispatch_taken(void *endpoint, uint64_t connection)
{
    waldo__peers_taken(endpoint, connection);
}

void waldo__dispatch_gone(void *endpoint, uint64_t connection)
{
    waldo__peers_gone(endpoint, connection);
}
