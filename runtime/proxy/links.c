/* A manager's connections: one for each call under way, kept for the next one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/manager_internal.h"
#include "proxy/proxy_internal.h"
#include "wire/scan.h"

static void free_link(waldo__link *link)
{
    link->engine->close(link->channel);
    free(link);
}

/* ---- the session ---- */

/* What the server said. With the manager's lock. */
static void welcome_manager(waldo_manager *manager, const Waldo__Wire__Welcome *welcome)
{
    bool known = manager->incarnation == welcome->incarnation;
    if (known && !welcome->resumed && manager->attached_life == manager->life)
        manager->life++; /* the session was given up meanwhile: attach again */
    if (!known) {
        /* Proxies of another life of the server stay what they are: stale. */
        manager->incarnation = welcome->incarnation;
    }
    manager->server_max = welcome->max_message;
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
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__HELLO;
    waldo__reply reply;
    int status = waldo__exchange_on(manager, link, &request, &message.base, deadline, &reply,
                                    reterr);
    if (status < 0)
        return status;
    ProtobufCMessage *body;
    status = waldo__unpack(&waldo__wire__welcome__descriptor, &reply.arena.allocator,
                           reply.reply->body.data, reply.reply->body.len, &body, reterr);
    if (status >= 0)
        status = check_welcome((const Waldo__Wire__Welcome *)body, reterr);
    if (status >= 0) {
        pthread_mutex_lock(&manager->lock);
        welcome_manager(manager, (const Waldo__Wire__Welcome *)body);
        pthread_mutex_unlock(&manager->lock);
    }
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

/* The next proxy of an earlier life, with a reference, claimed for this one; NULL: none. */
static waldo_proxy *next_to_attach(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    waldo_proxy *proxy = manager->proxies;
    while (proxy && (proxy->life == manager->life || proxy->incarnation != manager->incarnation ||
                     !ref_if_alive(proxy)))
        proxy = proxy->next;
    if (proxy)
        proxy->life = manager->life;
    else
        manager->attached_life = manager->life;
    pthread_mutex_unlock(&manager->lock);
    return proxy;
}

/* In a new life of the session every reference is taken anew (row D6). An object that is gone is
 * reported by the calls on it. */
static int attach(waldo_manager *manager, waldo__link *link, waldo__deadline deadline,
                  waldo_error *reterr)
{
    for (waldo_proxy *proxy; (proxy = next_to_attach(manager)) != NULL;) {
        Waldo__Wire__Request request;
        waldo__proxy_request(proxy, WALDO__WIRE__OPERATION__ATTACH, &request);
        waldo__reply reply;
        int status = waldo__exchange_on(manager, link, &request, NULL, deadline, &reply, reterr);
        waldo_proxy_unref(proxy);
        if (status >= 0)
            waldo__reply_free(&reply);
        else if (link->broken)
            return status;
    }
    return 0;
}

/* ---- opening ---- */

static int check_fork(waldo_manager *manager, waldo_error *reterr)
{
    if (manager->engine->survives_fork || manager->creator == getpid())
        return 0;
    return waldo_error_set(reterr, WALDO_EFORK,
                           "libnanomsg cannot be used in a forked child: connect over tcp:// or "
                           "ipc://, or connect anew in a program of its own");
}

static int open_link(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                     waldo_error *reterr)
{
    waldo__deadline limit = waldo__deadline_in(manager->connect_timeout);
    if (deadline < limit)
        limit = deadline;
    int status = check_fork(manager, reterr);
    if (status < 0)
        return status;
    waldo__link *link = calloc(1, sizeof *link);
    if (!link)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a connection");
    link->engine = manager->engine;
    link->last_id = WALDO__REQUEST_ID_FLAG;
    status = link->engine->open(&manager->url, manager->max_message, limit, &link->channel, reterr);
    if (status >= 0)
        status = hello(manager, link, limit, reterr);
    if (status >= 0)
        status = attach(manager, link, limit, reterr);
    if (status < 0) {
        free_link(link);
        return status;
    }
    *ret_link = link;
    return 0;
}

int waldo__link_open(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                     waldo_error *reterr)
{
    waldo__link *link = NULL;
    int status = open_link(manager, deadline, &link, reterr);
    if (status < 0)
        return status;
    pthread_mutex_lock(&manager->lock);
    link->next = manager->links;
    manager->links = link;
    pthread_mutex_unlock(&manager->lock);
    *ret_link = link;
    return 0;
}

/* Where there was a server and nobody listens any more, it is gone: one code, whatever noticed. */
static int reopen(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                  waldo_error *reterr)
{
    waldo_error error;
    int status = waldo__link_open(manager, deadline, ret_link, &error);
    if (status >= 0)
        return status;
    if (status == WALDO_EREFUSED || status == WALDO_ENOTFOUND)
        return waldo_error_set(reterr, WALDO_EGONE, "manager gone: %s", error.message);
    if (reterr)
        *reterr = error;
    return status;
}

int waldo__link_take(waldo_manager *manager, waldo__deadline deadline, waldo__link **ret_link,
                     waldo_error *reterr)
{
    pthread_mutex_lock(&manager->lock);
    waldo_manager_state state = manager->state;
    waldo__link *link = state == WALDO_MANAGER_STARTED ? manager->idle : NULL;
    if (link)
        manager->idle = link->next_idle;
    pthread_mutex_unlock(&manager->lock);
    if (state == WALDO_MANAGER_INITIAL)
        return waldo_error_set(reterr, WALDO_EASSERTION, "server not yet started");
    if (state == WALDO_MANAGER_SHUTDOWN)
        return waldo_error_set(reterr, WALDO_EGONE, "manager gone: it was shut down");
    if (!link)
        return reopen(manager, deadline, ret_link, reterr);
    *ret_link = link;
    return 0;
}

/* ---- closing ---- */

/* With the lock. */
static void forget(waldo_manager *manager, waldo__link *link)
{
    waldo__link **place = &manager->links;
    while (*place != link)
        place = &(*place)->next;
    *place = link->next;
}

void waldo__link_give(waldo_manager *manager, waldo__link *link)
{
    pthread_mutex_lock(&manager->lock);
    bool keep = !link->broken && manager->state != WALDO_MANAGER_SHUTDOWN;
    if (keep) {
        link->next_idle = manager->idle;
        manager->idle = link;
    } else {
        forget(manager, link);
    }
    pthread_mutex_unlock(&manager->lock);
    if (!keep)
        free_link(link);
}

void waldo__links_close_idle(waldo_manager *manager)
{
    pthread_mutex_lock(&manager->lock);
    waldo__link *link = manager->idle;
    manager->idle = NULL;
    for (waldo__link *one = link; one; one = one->next_idle)
        forget(manager, one);
    pthread_mutex_unlock(&manager->lock);
    while (link) {
        waldo__link *next = link->next_idle;
        free_link(link);
        link = next;
    }
}

void waldo__links_abandon(waldo_manager *manager)
{
    while (manager->links) {
        waldo__link *link = manager->links;
        manager->links = link->next;
        link->engine->abandon(link->channel);
        free(link);
    }
    manager->idle = NULL;
}
