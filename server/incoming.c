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
    if (waldo__envelope_reply(&packed, &reply, NULL, NULL) >= 0)
        waldo__peer_reply(peer->endpoint->server, peer->id, peer->connection, id,
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

void waldo__dispatch_message(void *endpoint, uint64_t connection, uint32_t id, const uint8_t *data,
                             size_t size, waldo__buffer *owner)
{
    waldo__endpoint *here = endpoint;
    const uint8_t *request;
    size_t request_size;
    here->server->heard++;
    switch (waldo__secure_kind_of(data, size)) {
    case WALDO__SECURE_FIRST:
        waldo__peer_accept(here, connection, id, data, size);
        return;
    case WALDO__SECURE_SEALED_FRAME:
    case WALDO__SECURE_CLEAR_FRAME: {
        waldo__peer *peer =
            waldo__peer_open(here, connection, id, data, size, &owner, &request, &request_size);
        if (peer)
            handle_request(peer, id, request, request_size, owner);
        return;
    }
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
