#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "server_internal.h"

static uint64_t key_of(const uint8_t *id)
{
    uint64_t key;
    memcpy(&key, id, sizeof key);
    return key;
}

static waldo__session *make(waldo_server *server, const Waldo__Wire__Hello *hello)
{
    waldo__session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    memcpy(session->id, hello->session.data, WALDO__SESSION_ID_SIZE);
    session->server = server;
    session->users = 1;
    if (!waldo__map_set(&server->sessions, key_of(session->id), session)) {
        free(session);
        return NULL;
    }
    return session;
}

waldo__session *waldo__session_open(waldo_server *server, const Waldo__Wire__Hello *hello,
                                    bool *ret_resumed)
{
    waldo__session *session = waldo__map_get(&server->sessions, key_of(hello->session.data));
    /* Ids are random: half of somebody else's is no accident. */
    if (session && memcmp(session->id, hello->session.data, WALDO__SESSION_ID_SIZE) != 0)
        return NULL;
    *ret_resumed = session != NULL;
    if (!session)
        session = make(server, hello);
    if (session)
        session->max_message = hello->max_message;
    return session;
}

void waldo__session_ref(waldo__session *session)
{
    waldo__server_lock(session->server);
    session->users++;
    waldo__server_unlock(session->server);
}

void waldo__session_unref(waldo__session *session)
{
    waldo_server *server = session->server;
    waldo__server_lock(server);
    bool last = --session->users == 0;
    waldo__server_unlock(server);
    if (last) {
        waldo__map_free(&session->references);
        free(session);
    }
}

void waldo__session_bind(waldo__session *session)
{
    session->connections++;
}

void waldo__session_unbind(waldo__session *session)
{
    if (--session->connections > 0 || session->ended)
        return;
    session->orphaned_at = uv_now(&session->server->loop);
    waldo__server_watch_sessions(session->server);
}

bool waldo__session_hold(waldo__session *session, waldo__object *object)
{
    if (session->ended)
        return false;
    waldo__held *held = waldo__map_get(&session->references, object->id);
    if (!held) {
        held = calloc(1, sizeof *held);
        if (!held || !waldo__map_set(&session->references, object->id, held)) {
            free(held);
            return false;
        }
        held->object = object;
    }
    held->count++;
    if (object->references++ == 0)
        session->server->objects.referenced++;
    return true;
}

static void give_back(waldo__session *session, waldo__object *object, uint64_t count)
{
    /* The pin makes the last reference's end and the last pin's end the same case. */
    waldo__object_pin(object);
    object->references -= count;
    if (object->references == 0)
        session->server->objects.referenced--;
    waldo__object_unpin(object);
}

bool waldo__session_drop(waldo__session *session, uint64_t id, uint64_t count)
{
    waldo__held *held = waldo__map_get(&session->references, id);
    if (!held || held->count < count)
        return false;
    waldo__object *object = held->object;
    held->count -= count;
    if (held->count == 0) {
        waldo__map_remove(&session->references, id);
        free(held);
    }
    give_back(session, object, count);
    return true;
}

static void drop_all(waldo__session *session)
{
    size_t position = 0;
    for (const waldo__map_entry *entry;
         (entry = waldo__map_next(&session->references, &position)) != NULL;) {
        waldo__held *held = entry->value;
        give_back(session, held->object, held->count);
        free(held);
    }
    waldo__map_free(&session->references);
}

static bool came_by(const waldo_call *call, const waldo__endpoint *endpoint, uint64_t connection)
{
    return !endpoint || (call->endpoint == endpoint && call->connection == connection);
}

/* A call with a reference that was not cancelled yet, or NULL. */
static waldo_call *next_to_cancel(waldo__session *session, const waldo__endpoint *endpoint,
                                  uint64_t connection)
{
    waldo__server_lock(session->server);
    waldo_call *call = session->calls;
    while (call && (atomic_load(&call->cancelled) || !came_by(call, endpoint, connection)))
        call = call->next_of_session;
    if (call) {
        atomic_store(&call->cancelled, true);
        waldo__call_ref(call);
    }
    waldo__server_unlock(session->server);
    return call;
}

void waldo__session_cancel(waldo__session *session, const waldo__endpoint *endpoint,
                           uint64_t connection)
{
    for (waldo_call *call; (call = next_to_cancel(session, endpoint, connection)) != NULL;) {
        waldo__call_cancel(call);
        waldo__call_unref(call);
    }
}

/* Its connections, where they are still there, are nobody's from now on. */
static void forget_bindings(waldo__session *session, waldo__endpoint *endpoint)
{
    size_t position = 0;
    for (const waldo__map_entry *entry;
         session->connections > 0 &&
         (entry = waldo__map_next(&endpoint->bindings, &position)) != NULL;) {
        if (entry->value != session)
            continue;
        waldo__map_remove(&endpoint->bindings, entry->key);
        session->connections--;
        waldo__session_unref(session);
        position = 0; /* removal moves entries */
    }
}

void waldo__session_end(waldo__session *session)
{
    waldo_server *server = session->server;
    if (session->ended)
        return;
    waldo__map_remove(&server->sessions, key_of(session->id));
    for (waldo__endpoint *endpoint = server->endpoints; endpoint; endpoint = endpoint->next)
        forget_bindings(session, endpoint);
    waldo__server_lock(server);
    session->ended = true;
    drop_all(session);
    waldo__server_unlock(server);
    waldo__session_cancel(session, NULL, 0);
    waldo__session_unref(session);
}

uint64_t waldo__sessions_expire(waldo_server *server)
{
    uint64_t grace = (uint64_t)(server->options.grace * 1000);
    uint64_t now = uv_now(&server->loop);
    uint64_t wait = 0;
    size_t position = 0;
    for (const waldo__map_entry *entry;
         (entry = waldo__map_next(&server->sessions, &position)) != NULL;) {
        waldo__session *session = entry->value;
        if (session->connections > 0)
            continue;
        if (now - session->orphaned_at < grace) {
            uint64_t left = session->orphaned_at + grace - now;
            if (wait == 0 || left < wait)
                wait = left;
        } else {
            /* Ending it changes the table: start again. */
            waldo__session_end(session);
            position = 0;
            wait = 0;
        }
    }
    return wait;
}
