/* Replies on their way to peers: sealed, one by one or in a bundle, or waiting until the client has
 * taken what was sent before. */
#include "peer.h"

#include "server_internal.h"

static void send_parts(waldo__endpoint *endpoint, uint64_t connection, uint32_t id,
                       const struct iovec *parts, int part_count)
{
    /* Where it cannot be told there is nobody to tell. */
    if (!endpoint->listener)
        return;
    (void)endpoint->engine->reply(endpoint->listener, connection, id, parts, part_count, NULL);
}

void waldo__peer_send_frame(waldo__endpoint *endpoint, uint64_t connection, uint32_t id, void *data,
                            size_t size)
{
    struct iovec part = {data, size};
    send_parts(endpoint, connection, id, &part, 1);
}

/* ---- bundles ---- */

/* Seals and sends the one that is being made. Without memory for it the peer has to leave; its
 * client asks again on another connection. */
static void send_bundle(waldo_server *server)
{
    waldo__peer *peer = server->bundle_of;
    server->bundle_of = NULL;
    if (!peer)
        return;
    if (waldo__secure_seal_in_place(peer->channel, WALDO__SECURE_SEALED_BUNDLE, &server->frame, 0,
                                    NULL) >= 0)
        waldo__peer_send_frame(peer->endpoint, peer->connection, server->bundle_id,
                               server->frame.data, server->frame.size);
    else
        waldo__peer_dismiss(server, peer->id);
}

void waldo__replies_gather(waldo_server *server, bool gathers)
{
    server->bundles_replies = gathers;
    if (!gathers)
        send_bundle(server);
}

static bool begin_bundle(waldo__peer *peer, uint32_t id)
{
    waldo_server *server = peer->endpoint->server;
    if (!waldo__buffer_reserve(&server->frame, WALDO__SECURE_SEALED_HEAD_SIZE))
        return false;
    server->frame.size = WALDO__SECURE_SEALED_HEAD_SIZE;
    server->bundle_of = peer;
    server->bundle_id = id;
    return true;
}

/* What goes there has no second part. */
static bool add_to_bundle(waldo__peer *peer, uint32_t id, const struct iovec *reply)
{
    waldo_server *server = peer->endpoint->server;
    return (server->bundle_of || begin_bundle(peer, id)) &&
           waldo__bundle_append(&server->frame, id, reply->iov_base, reply->iov_len);
}

static bool goes_into_bundle(const waldo__peer *peer, const struct iovec reply[2])
{
    return peer->endpoint->server->bundles_replies && peer->takes_bundles &&
           reply[0].iov_len <= WALDO__BUNDLE_LONG && reply[1].iov_len == 0;
}

/* ---- sealing ---- */

static bool seal_alone(waldo__peer *peer, uint32_t id, const struct iovec reply[2])
{
    waldo_server *server = peer->endpoint->server;
    if (waldo__secure_seal(peer->channel, reply, 2, &server->frame, NULL) < 0)
        return false;
    waldo__peer_send_frame(peer->endpoint, peer->connection, id, server->frame.data,
                           server->frame.size);
    return true;
}

void waldo__peer_reply(waldo_server *server, uint64_t channel, uint32_t id,
                       const struct iovec reply[2])
{
    waldo__peer *peer = waldo__peer_find(server, channel);
    if (!peer)
        return;
    uint8_t head[WALDO__SECURE_CLEAR_HEAD_SIZE];
    if (waldo__secure_clear_head(peer->channel, head)) {
        struct iovec parts[3] = {{head, sizeof head}, reply[0], reply[1]};
        send_parts(peer->endpoint, peer->connection, id, parts, 3);
        return;
    }
    bool bundled = goes_into_bundle(peer, reply);
    if (server->bundle_of != peer || !bundled || server->frame.size > WALDO__BUNDLE_ENOUGH)
        send_bundle(server);
    if (!waldo__peer_find(server, channel)) /* it was ended by that */
        return;
    if (!(bundled ? add_to_bundle(peer, id, reply) : seal_alone(peer, id, reply)))
        waldo__peer_dismiss(server, channel);
}

/* ---- replies that wait ---- */

static waldo_call *take_waiting(waldo__peer *peer)
{
    waldo_server *server = peer->endpoint->server;
    waldo_call *call = peer->waiting;
    peer->waiting = call->next_to_send;
    if (--server->waiting_replies == 0)
        waldo__server_wake(server); /* it may be what a server that ends waits for */
    return call;
}

void waldo__replies_forget(waldo__peer *peer)
{
    waldo_server *server = peer->endpoint->server;
    if (server->bundle_of == peer)
        server->bundle_of = NULL;
    while (peer->waiting) {
        waldo_call *call = take_waiting(peer);
        call->waits = false;
        call->sent = true;
        waldo__call_unkeep(call);
    }
}

static bool is_full(const waldo__peer *peer)
{
    const waldo__endpoint *endpoint = peer->endpoint;
    return endpoint->listener && endpoint->engine->is_full &&
           endpoint->engine->is_full(endpoint->listener, peer->connection);
}

static void send_reply(waldo_call *call)
{
    call->waits = false;
    call->sent = true;
    const struct iovec reply[2] = {{call->reply.data, call->reply.size},
                                   {call->reply_tail.data, call->reply_tail.len}};
    waldo__peer_reply(call->server, call->channel, call->id, reply);
}

void waldo__peer_send(waldo_call *call)
{
    waldo__peer *peer = waldo__peer_find(call->server, call->channel);
    if (!peer || (!peer->waiting && !is_full(peer))) {
        send_reply(call);
        return;
    }
    waldo__call_keep(call);
    call->waits = true;
    call->next_to_send = NULL;
    if (peer->waiting)
        peer->waiting_last->next_to_send = call;
    else
        peer->waiting = call;
    peer->waiting_last = call;
    call->server->waiting_replies++;
    atomic_fetch_add(&call->server->limits.refused[WALDO_LIMIT_QUEUED], 1);
}

/* Several clients may share a connection, behind a device. */
static waldo__peer *find_waiting(const waldo__endpoint *endpoint, uint64_t connection)
{
    waldo__peer *peer = waldo__map_get(&endpoint->connections, connection);
    while (peer && !peer->waiting)
        peer = peer->next_on_connection;
    return peer;
}

/* Each reply that is sent may end the peer. */
static void send_waiting(const waldo__endpoint *endpoint, uint64_t connection)
{
    for (waldo__peer *peer;
         (peer = find_waiting(endpoint, connection)) != NULL && !is_full(peer);) {
        waldo_call *call = take_waiting(peer);
        send_reply(call);
        waldo__call_unkeep(call);
    }
}

/* Who takes something is alive, though nothing is read that he may say. */
void waldo__peers_taken(waldo__endpoint *endpoint, uint64_t connection)
{
    uint64_t now = uv_now(&endpoint->server->loop);
    for (waldo__peer *peer = waldo__map_get(&endpoint->connections, connection); peer;
         peer = peer->next_on_connection) {
        peer->since = now;
        if (peer->session)
            peer->session->heard_at = now;
    }
    send_waiting(endpoint, connection);
}
