/* A new link: the handshake, the session's HELLO, and the references that it takes over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory/place.h"
#include "proxy/manager_internal.h"
#include "proxy/proxy_internal.h"
#include "secure/default_key.h"
#include "session/heartbeat.h"
#include "wire/scan.h"

/* ---- the session ---- */

/* What a server may grant, in milliseconds: from what a heartbeat can keep to a year. Those who
 * never forget a client need no more than that. */
#define SHORTEST_MS UINT64_C(30)
#define LONGEST_MS UINT64_C(31536000000)

static double granted(uint64_t ms)
{
    if (ms < SHORTEST_MS)
        ms = SHORTEST_MS;
    return (double)(ms < LONGEST_MS ? ms : LONGEST_MS) / 1000;
}

/* What the server said. With the manager's lock. A session of another number knows nothing of what
 * this client held; true: there was another one before, and it is lost. */
static bool welcome_manager(waldo_manager *manager, waldo__link *link,
                            const Waldo__Wire__Welcome *welcome)
{
    bool connected_before = manager->incarnation != 0;
    bool same = manager->incarnation == welcome->incarnation &&
                manager->session_number == welcome->session_number;
    bool lost = connected_before && !same;
    if (lost) {
        waldo__pending_forget_given_up(manager);
        manager->life++;
    } else if (manager->told_lives == manager->life + 1) {
        manager->told_lives--; /* it was thought to be over */
    }
    manager->incarnation = welcome->incarnation;
    manager->session_number = welcome->session_number;
    manager->server_max = welcome->max_message;
    manager->lease = granted(welcome->lease_ms);
    manager->grace = granted(welcome->grace_ms);
    link->life = manager->life;
    link->shared = link->engine->multiplexes && welcome->multiplexes;
    link->reached = welcome->probe != NULL;
    link->may_move = welcome->shared_memory && link->engine->move;
    manager->one_is_enough = link->shared;
    if (welcome->max_message > 0 && welcome->max_message < link->max_message)
        link->max_message = welcome->max_message;
    bool sealed = waldo__secure_channel_mode(link->secure) == WALDO__SECURE_SEALED;
    link->bundles =
        link->shared && sealed && welcome->bundles && link->max_message >= WALDO__BUNDLE_MOST;
    return lost;
}

static void take_welcome(waldo_manager *manager, waldo__link *link,
                         const Waldo__Wire__Welcome *welcome)
{
    link->reaches = waldo__probe_is_reached(welcome->probe);
    pthread_mutex_lock(&manager->lock);
    bool lost = welcome_manager(manager, link, welcome);
    pthread_mutex_unlock(&manager->lock);
    if (!lost)
        return;
    waldo_error error;
    int code = waldo_error_set(&error, WALDO_EGONE,
                               "manager gone: it was restarted, or gave this client up");
    waldo__manager_notice(manager, link->life - 1, code, &error);
}

/* A REP socket of somebody else may well answer with what unpacks as an empty Welcome. */
static int check_welcome(const Waldo__Wire__Welcome *welcome, waldo_error *reterr)
{
    if (welcome->protocol == 0 || welcome->incarnation == 0)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the peer does not speak Waldo: its answer is no welcome");
    if (welcome->protocol != WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION)
        return waldo_error_set(reterr, WALDO_EVERSION,
                               "the server speaks version %u of Waldo's protocol, the client %d",
                               welcome->protocol, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION);
    if (welcome->lease_ms == 0)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "the peer does not speak Waldo: it grants no time");
    return 0;
}

static int hello(waldo_manager *manager, waldo__link *link, waldo__deadline deadline,
                 waldo_error *reterr)
{
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    Waldo__Wire__Hello message = WALDO__WIRE__HELLO__INIT;
    message.protocol = WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION;
    message.session.data = manager->session;
    message.session.len = sizeof manager->session;
    message.host = host;
    message.process = (uint32_t)getpid();
    message.program = program_invocation_short_name;
    message.max_message = manager->max_message;
    waldo__probe probe;
    waldo__probe_init(&probe);
    message.probe = &probe.message;
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__HELLO;
    waldo__reply reply;
    waldo__outcome outcome;
    int status = waldo__exchange_on(manager, link, &request, &message.base, deadline, &reply,
                                    &outcome, reterr);
    waldo__probe_close(&probe);
    /* As if nobody listened any more: some engines cannot stop listening while they serve. */
    if (status == WALDO_EGONE && outcome.refused)
        return waldo_error_set(reterr, WALDO_EREFUSED, "the server is shutting down");
    if (status < 0)
        return status;
    ProtobufCMessage *body;
    status = waldo__unpack(&waldo__wire__welcome__descriptor, &reply.arena.allocator,
                           reply.reply->body.data, reply.reply->body.len, &body, reterr);
    if (status >= 0)
        status = check_welcome((const Waldo__Wire__Welcome *)body, reterr);
    if (status >= 0)
        take_welcome(manager, link, (const Waldo__Wire__Welcome *)body);
    waldo__reply_free(&reply);
    return status;
}

/* False if the last reference is just being given back. */
static bool ref_if_alive(waldo_proxy *proxy)
{
    unsigned count = atomic_load(&proxy->references);
    while (count > 0)
        if (atomic_compare_exchange_weak(&proxy->references, &count, count + 1))
            return true;
    return false;
}

/* The next proxy of a life before this one, with a reference, claimed for this one; NULL: none. */
static waldo_proxy *next_to_attach(waldo_manager *manager, unsigned life)
{
    pthread_mutex_lock(&manager->lock);
    bool current = manager->life == life;
    waldo_proxy *proxy = current && manager->attached_life != life ? manager->proxies : NULL;
    while (proxy && (proxy->life == life || proxy->incarnation != manager->incarnation ||
                     !ref_if_alive(proxy)))
        proxy = proxy->next;
    if (proxy)
        proxy->life = life;
    else if (current)
        manager->attached_life = life;
    pthread_mutex_unlock(&manager->lock);
    return proxy;
}

/* It was not attached after all. */
static void unclaim(waldo_manager *manager, waldo_proxy *proxy, unsigned life)
{
    pthread_mutex_lock(&manager->lock);
    if (proxy->life == life)
        proxy->life = life - 1;
    if (manager->attached_life == life)
        manager->attached_life = life - 1;
    pthread_mutex_unlock(&manager->lock);
}

/* The object is there, and there was no room for a reference on it. */
static bool is_for_now(int status)
{
    return status == WALDO_ELIMIT || status == WALDO_ENOMEM;
}

static int attach_one(waldo_manager *manager, waldo__link *link, waldo_proxy *proxy,
                      waldo__deadline deadline, waldo_error *reterr)
{
    Waldo__Wire__Request request;
    waldo__pending pending;
    waldo__reply reply;
    waldo__outcome outcome;
    waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__ATTACH, &request);
    waldo__pending_begin(manager, &pending);
    request.sequence = pending.sequence;
    int status =
        waldo__exchange_on(manager, link, &request, NULL, deadline, &reply, &outcome, reterr);
    if (status >= 0)
        waldo__reply_free(&reply);
    bool served = !outcome.sent || (outcome.answered && !outcome.refused);
    if (served)
        waldo__pending_end(manager, &pending);
    else
        waldo__pending_give_up(manager, &pending);
    if (served && outcome.sent && !is_for_now(status))
        return 0;
    unclaim(manager, proxy, link->life);
    return status;
}

/* In a new life of the session every reference is taken anew (row D6). An object that is gone is
 * reported by the calls on it. */
static int attach(waldo_manager *manager, waldo__link *link, waldo__deadline deadline,
                  waldo_error *reterr)
{
    int status = 0;
    for (waldo_proxy *proxy;
         status == 0 && (proxy = next_to_attach(manager, link->life)) != NULL;) {
        status = attach_one(manager, link, proxy, deadline, reterr);
        waldo_proxy_unref(proxy);
    }
    return status;
}

/* ---- opening ---- */

/* Before there is a channel to seal with. *answer is the caller's, also if this fails. */
static int swap(waldo__link *link, const uint8_t *data, size_t size, waldo__slot *answer,
                waldo__deadline deadline, waldo_error *reterr)
{
    bool gone;
    waldo__buffer *frame;
    int status = waldo__link_enter(link, answer, deadline, reterr);
    if (status < 0)
        return status;
    status = waldo__link_begin(link, deadline, &frame, reterr);
    if (status >= 0 && !waldo__buffer_append(frame, data, size))
        status = waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a handshake");
    if (status < 0) {
        waldo__link_leave(link, answer, deadline);
        return status;
    }
    status = waldo__link_send(link, answer, deadline, &gone, reterr);
    return status < 0 ? status : waldo__link_await(link, answer, deadline, false, reterr);
}

/* Both sides prove that they hold the key. */
static int shake_hands(waldo_manager *manager, waldo__link *link, waldo__deadline deadline,
                       waldo_error *reterr)
{
    waldo__secure_handshake handshake = {0};
    uint8_t first[WALDO__SECURE_FIRST_SIZE];
    int status = waldo__secure_start(&handshake, waldo__keyring_at(manager->keys, 0),
                                     waldo__secure_mode_for(&manager->url), first, reterr);
    if (status < 0)
        return status;
    waldo__slot second = {0};
    status = swap(link, first, sizeof first, &second, deadline, reterr);
    if (status >= 0)
        status = waldo__secure_finish(&handshake, second.data, second.size, &link->secure, reterr);
    else
        waldo__secure_abandon(&handshake);
    waldo__buffer_free(&second.buffer);
    /* The server tells nothing; which key it was is known here. */
    if (status == WALDO_EAUTHENTICATION)
        return waldo_error_set(reterr, status, "the key was rejected (its name here is '%s'; %s)",
                               waldo__key_name(waldo__keyring_at(manager->keys, 0)),
                               manager->authkey_file
                                   ? manager->authkey_file
                                   : "no authkey_file was given: what WALDO_AUTHKEY_FILE "
                                     "names, or the user's own");
    return status;
}

static int check_fork(waldo_manager *manager, waldo_error *reterr)
{
    if (manager->engine->survives_fork || manager->creator == getpid())
        return 0;
    return waldo_error_set(reterr, WALDO_EFORK,
                           "libnanomsg cannot be used in a forked child: connect over tcp:// or "
                           "ipc://, or connect anew in a program of its own");
}

void waldo__link_forget(waldo_manager *manager, waldo__link *link)
{
    waldo__link **place = &manager->links;
    while (*place != link)
        place = &(*place)->next;
    *place = link->next;
}

static void discard(waldo_manager *manager, waldo__link *link)
{
    pthread_mutex_lock(&manager->lock);
    waldo__link_forget(manager, link);
    pthread_mutex_unlock(&manager->lock);
    waldo__link_free(link);
}

/* From here on it can be interrupted. */
static void remember(waldo_manager *manager, waldo__link *link)
{
    pthread_mutex_lock(&manager->lock);
    link->next = manager->links;
    manager->links = link;
    pthread_mutex_unlock(&manager->lock);
}

/* Adds the server's address to an error that does not name it. */
static int say_where(const waldo_manager *manager, int status, waldo_error *reterr)
{
    char url[600];
    waldo__url_format(&manager->url, url, sizeof url);
    if (!reterr || strstr(reterr->message, url))
        return status;
    char reason[sizeof reterr->message];
    memcpy(reason, reterr->message, sizeof reason);
    return waldo_error_set(reterr, status, "%s: %.400s", url, reason);
}

static int enter(waldo_manager *manager, waldo__link *link, waldo__deadline deadline,
                 waldo_error *reterr)
{
    int status = shake_hands(manager, link, deadline, reterr);
    if (status >= 0)
        status = hello(manager, link, deadline, reterr);
    bool sealed = status >= 0 && waldo__secure_channel_mode(link->secure) == WALDO__SECURE_SEALED;
    if (status >= 0 && link->may_move)
        status = link->engine->move(link->channel, deadline, sealed ? NULL : &link->lead, reterr);
    if (status >= 0)
        status = attach(manager, link, deadline, reterr);
    return status;
}

int waldo__link_connect(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                        waldo_error *reterr)
{
    waldo__deadline limit = waldo__deadline_in(manager->connect_timeout);
    if (deadline < limit)
        limit = deadline;
    int status = check_fork(manager, reterr);
    if (status < 0)
        return status;
    waldo__link *link = waldo__link_make(manager->engine);
    if (!link)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    link->users = 1;
    link->silent_since = waldo__lately();
    link->max_message = manager->max_message;
    link->spin = manager->spin;
    status = link->engine->open(&manager->url, manager->max_message + WALDO__SECURE_OVERHEAD, limit,
                                &link->channel, reterr);
    if (status < 0) {
        waldo__link_free(link);
        return say_where(manager, status, reterr);
    }
    remember(manager, link);
    status = enter(manager, link, limit, reterr);
    if (status < 0) {
        discard(manager, link);
        return status;
    }
    waldo__heartbeat_start(manager);
    *ret_link = link;
    return 0;
}
