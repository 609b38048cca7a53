#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "planted.h"
#include "server_internal.h"

static uint64_t key_of(const uint8_t *id)
{
    uint64_t key;
    memcpy(&key, id, sizeof key);
    return key;
}

/* Takes the room for one more. */
static int take_room(waldo_call *call)
{
    waldo__limits *limits = &call->server->limits;
    if (!waldo__limit_memory(limits))
        return waldo__limit_raise(call, WALDO_LIMIT_MEMORY);
    if (!waldo__limit_take(limits, WALDO_LIMIT_SESSIONS))
        return waldo__limit_raise(call, WALDO_LIMIT_SESSIONS);
    return 0;
}

/* ---- references ---- */

/* More than one reference of a session on an object: among its references, with the lowest bit of
 * the pointer set. One is the object itself. */
typedef struct waldo__held {
    waldo__object *object;
    uint64_t count;
} waldo__held;

static waldo__held *several(const void *reference)
{
    return (uintptr_t)reference & 1 ? (waldo__held *)((uintptr_t)reference - 1) : NULL;
}

static waldo__object *object_of(void *reference)
{
    const waldo__held *held = several(reference);
    return held ? held->object : reference;
}

static uint64_t count_of(const void *reference)
{
    const waldo__held *held = several(reference);
    return held ? held->count : reference != NULL;
}

static uint64_t id_of(const void *reference)
{
    const waldo__held *held = several(reference);
    return (held ? held->object : (const waldo__object *)reference)->id;
}

/* ---- making ---- */

/* In the room that was taken. NULL: out of memory; the room is given back. */
static waldo__session *make(waldo_server *server, const Waldo__Wire__Hello *hello, waldo__key *key)
{
    waldo__session *session = calloc(1, sizeof *session);
    if (!session || !waldo__map_set(&server->sessions, key_of(hello->session.data), session)) {
        waldo__limit_give(&server->limits, WALDO_LIMIT_SESSIONS);
        free(session);
        return NULL;
    }
    memcpy(session->id, hello->session.data, WALDO__SESSION_ID_SIZE);
    session->server = server;
    atomic_init(&session->users, 1);
    session->key = waldo__key_ref(key);
    session->references.key_of = id_of;
    session->number = ++server->last_session;
    session->heard_at = uv_now(&server->loop);
    return session;
}

int waldo__session_open(waldo_call *call, const Waldo__Wire__Hello *hello, waldo__key *key,
                        waldo__session **ret_session)
{
    waldo_server *server = call->server;
    waldo__session *session = waldo__map_get(&server->sessions, key_of(hello->session.data));
    /* Ids are random: half of somebody else's is no accident. */
    if (session && (memcmp(session->id, hello->session.data, WALDO__SESSION_ID_SIZE) != 0 ||
                    !waldo__key_same_secret(session->key, key)))
        return waldo_call_raise(call, WALDO_EPERMISSION, "this session cannot be opened");
    if (!session) {
        int status = take_room(call);
        if (status < 0)
            return status;
        session = make(server, hello, key);
    }
    if (!session)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a session");
    session->heard_at = uv_now(&server->loop);
    session->max_message = hello->max_message;
    *ret_session = session;
    return 0;
}

void waldo__session_ref(waldo__session *session)
{
    atomic_fetch_add(&session->users, 1);
}

void waldo__session_unref(waldo__session *session)
{
    waldo_server *server = session->server;
    if (atomic_fetch_sub(&session->users, 1) != 1)
        return;
    waldo__limit_give(&server->limits, WALDO_LIMIT_SESSIONS);
    waldo__map_free(&session->references);
    free(session->outstanding);
    waldo__key_unref(session->key);
    free(session);
}

void waldo__session_bind(waldo__session *session)
{
    session->connections++;
}

void waldo__session_unbind(waldo__session *session)
{
    session->connections--;
    session->orphaned_at = uv_now(&session->server->loop);
    waldo__server_check_within(session->server, (uint64_t)(session->server->options.grace * 1000));
}

bool waldo__session_watch(waldo__session *session, waldo__object *object)
{
    if (waldo__map_get(&session->watched, object->id))
        return true;
    if (session->ended)
        return false;
    waldo__notice *notice = waldo__notice_new(object, session->id);
    if (notice && waldo__map_set(&session->watched, object->id, notice))
        return true;
    if (notice)
        waldo__notice_free(notice);
    return false;
}

void waldo__session_unwatch(waldo__session *session, waldo__object *object)
{
    waldo__notice *notice = waldo__map_remove(&session->watched, object->id);
    if (notice)
        waldo__notice_free(notice);
}

/* ---- holding ---- */

/* In the place of what was there, or NULL. */
static bool set_reference(waldo__session *session, void *before, waldo__object *object,
                          uint64_t count)
{
    void *after = object;
    if (count > 1) {
        waldo__held *held = several(before) ? several(before) : malloc(sizeof *held);
        if (!held)
            return false;
        *held = (waldo__held){object, count};
        after = (char *)held + 1;
    }
    if (!waldo__map_set(&session->references, object->id, after))
        return false;
    if (count == 1)
        free(several(before));
    return true;
}

bool waldo__session_hold(waldo__session *session, waldo__object *object)
{
    if (session->ended)
        return false;
    void *before = waldo__map_get(&session->references, object->id);
    if (!waldo__object_reference(object))
        return false;
    if (set_reference(session, before, object, count_of(before) + 1))
        return true;
    waldo__object_unreference(object, 1);
    return false;
}

bool waldo__session_drop(waldo__session *session, uint64_t id, uint64_t count)
{
    void *reference = waldo__map_get(&session->references, id);
    uint64_t left = count_of(reference);
    if (!reference || left < count)
        return false;
    waldo__object *object = object_of(reference);
    left -= count;
    if (left > 0)
        (void)set_reference(session, reference, object, left); /* needs no memory */
    else
        free(several(waldo__map_remove(&session->references, id)));
    waldo__object_unreference(object, count);
    return true;
}

static void drop_all(waldo__session *session)
{
    size_t position = 0;
    for (waldo__map_entry entry;
         (entry = waldo__map_next(&session->references, &position)).value;) {
        waldo__held *held = several(entry.value);
        waldo__object_unreference(object_of(entry.value), count_of(entry.value));
        free(held);
    }
    waldo__map_free(&session->references);
}

/* ---- kept calls ---- */

/* Stands for a request that was cancelled before it came. */
static char cancelled_early;

static waldo_call *kept_call(void *value)
{
    return value == &cancelled_early ? NULL : value;
}

/* With `delivered` false the reply has not arrived, and never will. */
static void forget_kept(waldo__session *session, uint64_t sequence, bool delivered)
{
    waldo_call *call = kept_call(waldo__map_remove(&session->kept, sequence));
    if (!call)
        return;
    if (delivered)
        waldo__call_delivered(call);
    else
        waldo__call_take_back(call);
    waldo__call_unkeep(call);
}

/* The reply to it has not arrived, as far as is known. */
static bool is_outstanding(const uint64_t *outstanding, size_t count, uint64_t sequence)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (outstanding[middle] < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && outstanding[low] == sequence;
}

static int check_acknowledgement(waldo_call *call, const Waldo__Wire__Request *request)
{
    uint64_t before = 0;
    for (size_t i = 0; i < request->n_outstanding; i++) {
        if (request->outstanding[i] <= before || request->outstanding[i] > request->acknowledged)
            return waldo_call_raise(call, WALDO_EPROTOCOL,
                                    "the outstanding requests are not in order");
        before = request->outstanding[i];
    }
    if (!waldo__limit_allows(&call->server->limits, WALDO_LIMIT_KEPT, request->n_outstanding))
        return waldo__limit_raise(call, WALDO_LIMIT_KEPT);
    return 0;
}

static void forget_arrived(waldo__session *session, const Waldo__Wire__Request *request,
                           uint64_t sequence)
{
    if (sequence <= request->acknowledged &&
        !is_outstanding(request->outstanding, request->n_outstanding, sequence))
        forget_kept(session, sequence, true);
}

/* Those that were not known to have arrived, or all that are kept, whatever is less. */
static void forget_all_arrived(waldo__session *session, const Waldo__Wire__Request *request)
{
    for (size_t i = 0; i < session->outstanding_count; i++)
        forget_arrived(session, request, session->outstanding[i]);
    if (request->acknowledged - session->acknowledged <= session->kept.count) {
        /* By difference: the last number there is has no successor. */
        uint64_t left = request->acknowledged - session->acknowledged;
        for (uint64_t one = session->acknowledged; left > 0; left--)
            forget_arrived(session, request, ++one);
        return;
    }
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&session->kept, &position)).value;) {
        size_t count = session->kept.count;
        forget_arrived(session, request, entry.key);
        if (session->kept.count < count)
            position = 0; /* removal moves entries */
    }
}

int waldo__session_acknowledge(waldo__session *session, waldo_call *call)
{
    const Waldo__Wire__Request *request = call->request;
    int status = check_acknowledgement(call, request);
    /* News that were overtaken say nothing new. */
    if (status < 0 || request->acknowledged < session->acknowledged)
        return status;
    size_t count = request->n_outstanding;
    uint64_t *outstanding = count > 0 ? malloc(count * sizeof *outstanding) : NULL;
    if (count > 0 && !outstanding)
        return 0; /* the next request says it again */
    forget_all_arrived(session, request);
    bool again = request->acknowledged == session->acknowledged;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!again || is_outstanding(session->outstanding, session->outstanding_count,
                                     request->outstanding[i]))
            outstanding[kept++] = request->outstanding[i];
    free(session->outstanding);
    session->outstanding = outstanding;
    session->outstanding_count = kept;
    session->acknowledged = request->acknowledged;
    return 0;
}

static bool was_acknowledged(const waldo__session *session, uint64_t sequence)
{
    return sequence <= session->acknowledged &&
           !is_outstanding(session->outstanding, session->outstanding_count, sequence);
}

int waldo__session_admit(waldo__session *session, waldo_call *call)
{
    uint64_t sequence = call->request->sequence;
    if (was_acknowledged(session, sequence))
        return waldo_call_raise(call, WALDO_EPROTOCOL, "that request was acknowledged before");
    void *kept = waldo__map_get(&session->kept, sequence);
    if (kept == &cancelled_early)
        return waldo_call_raise(call, WALDO_ECANCELLED, "the request was cancelled");
    if (kept && !waldo__planted(WALDO__PLANTED_RUN_TWICE)) {
        waldo__call_redirect(kept, call);
        return 0;
    }
    if (!waldo__limit_allows(&session->server->limits, WALDO_LIMIT_KEPT, session->kept.count + 1))
        return waldo__limit_raise(call, WALDO_LIMIT_KEPT);
    if (!waldo__limit_allows(&session->server->limits, WALDO_LIMIT_KEPT_BYTES,
                             atomic_load(&session->kept_bytes)))
        return waldo__limit_raise(call, WALDO_LIMIT_KEPT_BYTES);
    if (!waldo__map_set(&session->kept, sequence, call))
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a call");
    call->numbered = true;
    waldo__call_keep(call);
    return 1;
}

void waldo__session_cancel(waldo__session *session, uint64_t sequence)
{
    if (was_acknowledged(session, sequence))
        return;
    waldo_call *call = kept_call(waldo__map_get(&session->kept, sequence));
    if (call) {
        waldo__call_cancel(call);
        forget_kept(session, sequence, false);
    }
    /* Until it is acknowledged: the request might still come. Without memory for the mark it would
     * run, and its reply would be kept until the session ends. */
    if (session->kept.count < session->server->limits.limit[WALDO_LIMIT_KEPT])
        (void)waldo__map_set(&session->kept, sequence, &cancelled_early);
}

/* ---- the end ---- */

static void cancel_calls(waldo__session *session)
{
    for (;;) {
        waldo__server_lock(session->server);
        waldo_call *call = session->calls;
        while (call && atomic_load(&call->cancelled))
            call = call->next_of_session;
        if (call)
            waldo__call_ref(call);
        waldo__server_unlock(session->server);
        if (!call)
            return;
        waldo__call_cancel(call);
        waldo__call_unref(call);
    }
}

static void forget_all_kept(waldo__session *session)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&session->kept, &position)).value;
         position = 0)
        forget_kept(session, entry.key, false);
    waldo__map_free(&session->kept);
}

static void tell_watchers(waldo__session *session)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&session->watched, &position)).value;)
        waldo__notice_deliver(entry.value);
    waldo__map_free(&session->watched);
}

void waldo__session_end(waldo__session *session)
{
    waldo_server *server = session->server;
    if (session->ended)
        return;
    waldo__map_remove(&server->sessions, key_of(session->id));
    waldo__server_lock(server);
    session->ended = true;
    waldo__server_unlock(server);
    waldo__peers_forget_session(session);
    cancel_calls(session);
    /* First who owned what, then what was on its way: a lock whose owner has perhaps not heard that
     * it is one has lost an owner. */
    waldo__server_lock(server);
    tell_watchers(session);
    waldo__server_unlock(server);
    forget_all_kept(session);
    waldo__server_lock(server);
    drop_all(session);
    waldo__server_unlock(server);
    waldo__session_unref(session);
}

/* Its client hears nothing on them any more, and so learns that it was given up. */
static void end_with_connections(waldo__session *session)
{
    waldo__peers_dismiss_session(session);
    waldo__session_end(session);
}

/* When the session will have to end unless something happens; loop time in ms. */
static uint64_t end_of(const waldo__session *session)
{
    const waldo_server_options *options = &session->server->options;
    uint64_t by_lease = session->heard_at + (uint64_t)(options->lease * 1000);
    uint64_t by_grace = session->orphaned_at + (uint64_t)(options->grace * 1000);
    return session->connections > 0 || by_lease < by_grace ? by_lease : by_grace;
}

uint64_t waldo__sessions_expire(waldo_server *server)
{
    uint64_t now = uv_now(&server->loop);
    uint64_t next = 0;
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->sessions, &position)).value;) {
        uint64_t end = end_of(entry.value);
        if (end <= now) {
            /* Ending it changes the table: start again. */
            end_with_connections(entry.value);
            position = 0;
            next = 0;
        } else if (next == 0 || end < next) {
            next = end;
        }
    }
    return next == 0 ? 0 : next - now;
}

void waldo__sessions_excuse(waldo_server *server)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->sessions, &position)).value;) {
        waldo__session *session = entry.value;
        session->heard_at = session->orphaned_at = uv_now(&server->loop);
    }
}

static void replace_key(waldo__session *session, waldo__key *successor)
{
    waldo__server_lock(session->server);
    waldo__key *before = session->key;
    session->key = waldo__key_ref(successor);
    waldo__server_unlock(session->server);
    waldo__key_unref(before);
}

void waldo__sessions_check_keys(waldo_server *server)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->sessions, &position)).value;) {
        waldo__session *session = entry.value;
        waldo__key *successor = NULL;
        if (waldo__keyring_fate(server->keys, session->key, &successor) != WALDO__KEY_GONE) {
            replace_key(session, successor);
            continue;
        }
        end_with_connections(session);
        position = 0; /* the table has changed */
    }
}
