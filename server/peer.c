#include "peer.h"

#include <stdlib.h>

#include "server_internal.h"

/* A peer of which nothing comes for so many leases, and that waits for nothing, is ended: engines
 * that cannot tell that a connection is gone never say so. A client that is still there opens a
 * new one, and notices nothing. */
enum { SILENT_LEASES = 6 };

/* ---- refusing ---- */

void waldo__peer_refuse(waldo__endpoint *endpoint, uint64_t connection, uint32_t id)
{
    uint8_t refusal[WALDO__SECURE_REFUSAL_SIZE];
    waldo__secure_refuse(refusal);
    waldo__peer_send_frame(endpoint, connection, id, refusal, sizeof refusal);
    if (endpoint->listener && !waldo__map_get(&endpoint->connections, connection))
        endpoint->engine->disconnect(endpoint->listener, connection);
}

/* ---- life ---- */

static bool remember(waldo__peer *peer)
{
    waldo__endpoint *endpoint = peer->endpoint;
    peer->next_on_connection = waldo__map_get(&endpoint->connections, peer->connection);
    if (!waldo__map_set(&endpoint->server->peers, peer->id, peer))
        return false;
    if (waldo__map_set(&endpoint->connections, peer->connection, peer))
        return true;
    waldo__map_remove(&endpoint->server->peers, peer->id);
    return false;
}

static void forget_on_connection(waldo__peer *peer)
{
    waldo__map *connections = &peer->endpoint->connections;
    waldo__peer *first = waldo__map_get(connections, peer->connection);
    if (first == peer && peer->next_on_connection) {
        /* Replaces an entry: needs no memory. */
        (void)waldo__map_set(connections, peer->connection, peer->next_on_connection);
    } else if (first == peer) {
        waldo__map_remove(connections, peer->connection);
    } else {
        while (first->next_on_connection != peer)
            first = first->next_on_connection;
        first->next_on_connection = peer->next_on_connection;
    }
}

static void add_stranger(waldo__peer *peer)
{
    waldo_server *server = peer->endpoint->server;
    peer->older_stranger = server->newest_stranger;
    if (peer->older_stranger)
        peer->older_stranger->newer_stranger = peer;
    else
        server->oldest_stranger = peer;
    server->newest_stranger = peer;
}

static void remove_stranger(waldo__peer *peer)
{
    waldo_server *server = peer->endpoint->server;
    if (peer->older_stranger)
        peer->older_stranger->newer_stranger = peer->newer_stranger;
    else
        server->oldest_stranger = peer->newer_stranger;
    if (peer->newer_stranger)
        peer->newer_stranger->older_stranger = peer->older_stranger;
    else
        server->newest_stranger = peer->older_stranger;
    waldo__limit_give(&server->limits, WALDO_LIMIT_STRANGERS);
}

static void unbind(waldo__peer *peer)
{
    waldo__session *session = peer->session;
    peer->session = NULL;
    peer->since = uv_now(&peer->endpoint->server->loop);
    if (!session)
        return;
    waldo__session_unbind(session);
    waldo__session_unref(session);
}

static void end(waldo__peer *peer)
{
    waldo_server *server = peer->endpoint->server;
    waldo__replies_forget(peer);
    waldo__map_remove(&server->peers, peer->id);
    if (server->found_last == peer)
        server->found_last = NULL;
    forget_on_connection(peer);
    if (peer->admitted)
        waldo__limit_give(&server->limits, WALDO_LIMIT_CONNECTIONS);
    else
        remove_stranger(peer);
    unbind(peer);
    waldo__secure_channel_free(peer->channel);
    free(peer);
}

/* A peer that must leave; its connection too, where the engine can tell connections apart. */
static void dismiss(waldo__peer *peer)
{
    waldo__endpoint *endpoint = peer->endpoint;
    uint64_t connection = peer->connection;
    end(peer);
    if (endpoint->listener && !waldo__map_get(&endpoint->connections, connection))
        endpoint->engine->disconnect(endpoint->listener, connection);
}

void waldo__peer_dismiss(waldo_server *server, uint64_t channel)
{
    waldo__peer *peer = waldo__peer_find(server, channel);
    if (peer)
        dismiss(peer);
}

/* How long it may be silent. */
static uint64_t patience_ms(const waldo__peer *peer)
{
    const waldo_server_options *options = &peer->endpoint->server->options;
    double seconds = peer->session ? SILENT_LEASES * options->lease : options->handshake;
    return (uint64_t)(seconds * 1000);
}

static waldo__peer *make(waldo__endpoint *endpoint, uint64_t connection,
                         waldo__secure_channel *channel)
{
    waldo_server *server = endpoint->server;
    waldo__peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return NULL;
    peer->id = waldo__secure_channel_id(channel);
    peer->channel = channel;
    peer->endpoint = endpoint;
    peer->connection = connection;
    peer->since = uv_now(&server->loop);
    if (waldo__map_get(&server->peers, peer->id) || !remember(peer)) {
        free(peer);
        return NULL;
    }
    add_stranger(peer);
    waldo__server_check_within(server, patience_ms(peer));
    return peer;
}

/* Room for one more stranger, if need be that of the oldest. */
static bool take_room(waldo_server *server)
{
    if (waldo__limit_take(&server->limits, WALDO_LIMIT_STRANGERS))
        return true;
    dismiss(server->oldest_stranger);
    return waldo__limit_take(&server->limits, WALDO_LIMIT_STRANGERS);
}

void waldo__peer_accept(waldo__endpoint *endpoint, uint64_t connection, uint32_t id,
                        const uint8_t *data, size_t size)
{
    waldo_server *server = endpoint->server;
    uint8_t second[WALDO__SECURE_SECOND_SIZE];
    waldo__secure_channel *channel = NULL;
    if (!take_room(server)) {
        waldo__peer_refuse(endpoint, connection, id);
        return;
    }
    if (waldo__secure_accept(server->keys, endpoint->mode, data, size, second, &channel, NULL) >=
            0 &&
        make(endpoint, connection, channel)) {
        waldo__peer_send_frame(endpoint, connection, id, second, sizeof second);
        return;
    }
    waldo__limit_give(&server->limits, WALDO_LIMIT_STRANGERS);
    waldo__secure_channel_free(channel);
    waldo__peer_refuse(endpoint, connection, id);
}

waldo__peer *waldo__peer_find(waldo_server *server, uint64_t id)
{
    if (!server->found_last || server->found_last->id != id)
        server->found_last = waldo__map_get(&server->peers, id);
    return server->found_last;
}

waldo__peer *waldo__peer_open(waldo__endpoint *endpoint, uint64_t connection, uint32_t id,
                              const uint8_t *data, size_t size, waldo__buffer **owner,
                              const uint8_t **ret_data, size_t *ret_size)
{
    waldo_server *server = endpoint->server;
    uint64_t channel;
    waldo__peer *peer = NULL;
    if (waldo__secure_frame_channel(data, size, &channel))
        peer = waldo__peer_find(server, channel);
    /* A frame in the clear is only as good as the connection that it came on. */
    if (!peer || peer->endpoint != endpoint || peer->connection != connection ||
        waldo__secure_open(peer->channel, data, size, &server->plain, ret_data, ret_size, NULL) <
            0) {
        waldo__peer_refuse(endpoint, connection, id);
        return NULL;
    }
    if (*ret_data == server->plain.data)
        *owner = &server->plain;
    peer->since = uv_now(&server->loop);
    return peer;
}

int waldo__peer_admit(waldo__peer *peer, waldo_call *call)
{
    waldo__endpoint *endpoint = peer->endpoint;
    if (peer->admitted)
        return 0;
    if (!waldo__limit_take(&endpoint->server->limits, WALDO_LIMIT_CONNECTIONS))
        return waldo__limit_raise(call, WALDO_LIMIT_CONNECTIONS);
    remove_stranger(peer);
    peer->admitted = true;
    endpoint->engine->admit(endpoint->listener, peer->connection);
    return 0;
}

bool waldo__peer_may_move(const waldo__peer *peer)
{
    const waldo__endpoint *endpoint = peer->endpoint;
    return endpoint->engine->offers &&
           endpoint->engine->offers(endpoint->listener, peer->connection);
}

void waldo__peer_bind(waldo__peer *peer, waldo__session *session)
{
    if (peer->session == session)
        return;
    waldo__session_bind(session);
    waldo__session_ref(session);
    unbind(peer);
    peer->session = session;
    peer->greeted = true;
}

void waldo__peers_gone(waldo__endpoint *endpoint, uint64_t connection)
{
    for (waldo__peer *peer; (peer = waldo__map_get(&endpoint->connections, connection)) != NULL;)
        end(peer);
}

/* The first peer for which the question is answered with yes, or NULL. */
static waldo__peer *find_first(waldo_server *server,
                               bool (*asked)(const waldo__peer *peer, const void *about),
                               const void *about)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->peers, &position)).value;)
        if (asked(entry.value, about))
            return entry.value;
    return NULL;
}

static bool is_of_session(const waldo__peer *peer, const void *session)
{
    return peer->session == session;
}

void waldo__peers_forget_session(waldo__session *session)
{
    /* The map does not change: one pass is enough, but rarely is there more than one peer. */
    while (session->connections > 0)
        unbind(find_first(session->server, is_of_session, session));
}

void waldo__peers_dismiss_session(waldo__session *session)
{
    for (waldo__peer *peer; (peer = find_first(session->server, is_of_session, session)) != NULL;)
        dismiss(peer);
}

/* Does a call that came by it have no answer yet? */
static bool is_waiting(const waldo__peer *peer)
{
    waldo_server *server = peer->endpoint->server;
    waldo__server_lock(server);
    const waldo_call *call = peer->session ? peer->session->calls : NULL;
    while (call && call->channel != peer->id)
        call = call->next_of_session;
    waldo__server_unlock(server);
    return call != NULL;
}

uint64_t waldo__peers_expire(waldo_server *server)
{
    uint64_t now = uv_now(&server->loop);
    uint64_t next = 0;
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->peers, &position)).value;) {
        waldo__peer *peer = entry.value;
        uint64_t end = peer->since + patience_ms(peer);
        if (end <= now && is_waiting(peer)) {
            peer->since = now;
            end = now + patience_ms(peer);
        }
        if (end <= now) {
            dismiss(peer); /* changes the map: start again */
            position = 0;
            next = 0;
        } else if (next == 0 || end < next) {
            next = end;
        }
    }
    return next == 0 ? 0 : next - now;
}

void waldo__peers_excuse(waldo_server *server)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->peers, &position)).value;)
        ((waldo__peer *)entry.value)->since = uv_now(&server->loop);
}

static bool has_lost_its_key(const waldo__peer *peer, const void *ring)
{
    return waldo__keyring_fate(ring, waldo__secure_channel_key(peer->channel), NULL) ==
           WALDO__KEY_GONE;
}

static bool has_other_rights(const waldo__peer *peer, const void *ring)
{
    return waldo__keyring_fate(ring, waldo__secure_channel_key(peer->channel), NULL) ==
           WALDO__KEY_CHANGED;
}

void waldo__peers_check_keys(waldo_server *server)
{
    const waldo__keyring *ring = server->keys;
    waldo__peer *peer;
    waldo__sessions_check_keys(server);
    while ((peer = find_first(server, has_lost_its_key, ring)) != NULL)
        dismiss(peer);
    while ((peer = find_first(server, has_other_rights, ring)) != NULL) {
        waldo__key *successor;
        (void)waldo__keyring_fate(ring, waldo__secure_channel_key(peer->channel), &successor);
        waldo__secure_channel_set_key(peer->channel, successor);
    }
}

void waldo__peers_free(waldo_server *server)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->peers, &position)).value;
         position = 0)
        end(entry.value);
    waldo__map_free(&server->peers);
    waldo__buffer_free(&server->plain);
    waldo__buffer_free(&server->frame);
}
