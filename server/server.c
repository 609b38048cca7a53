/* The server's life: listen, serve, drain, close. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "engine/deadline.h"
#include "engine/url.h"
#include "secure/default_key.h"
#include "server_internal.h"

enum {
    FIRST_MESSAGE = 4096, /* a HELLO */
    DEFAULT_MAX_THREADS = 256,
    DRAIN_MS = 5000,    /* for handlers that run when the server is told to end */
    FLUSH_MS = 1000,    /* for replies that are ready then */
    LEAST_WAIT_MS = 10, /* between looks at all sessions and peers */
    LOOKS = 4,          /* in the grace time or the lease */
};
static const double DEFAULT_GRACE = 2.0;
static const double DEFAULT_LEASE = 10.0;
static const double DEFAULT_TRANSIT = 60.0;
static const double DEFAULT_HANDSHAKE = 10.0;

void waldo__server_lock(waldo_server *server)
{
    pthread_mutex_lock(&server->lock);
}

void waldo__server_unlock(waldo_server *server)
{
    pthread_mutex_unlock(&server->lock);
}

/* ---- time ---- */

/* How often to look whose time is over: often enough to see that the server itself was stopped. */
static uint64_t look_ms(const waldo_server *server)
{
    double shortest = fmin(server->options.lease, server->options.grace);
    return (uint64_t)(shortest * 1000 / LOOKS) + LEAST_WAIT_MS;
}

/* The process was stopped, or its machine was: clients were not silent, they were not heard. */
static void excuse_delay(waldo_server *server)
{
    if (uv_now(&server->loop) - server->expiry_due < look_ms(server))
        return;
    waldo__sessions_excuse(server);
    waldo__peers_excuse(server);
}

static void on_expiry(uv_timer_t *timer)
{
    waldo_server *server = timer->data;
    excuse_delay(server);
    uint64_t sessions = waldo__sessions_expire(server);
    uint64_t peers = waldo__peers_expire(server);
    uint64_t tickets = waldo__tickets_expire(server);
    uint64_t wait = sessions == 0 || (peers > 0 && peers < sessions) ? peers : sessions;
    if (tickets > 0 && (wait == 0 || tickets < wait))
        wait = tickets;
    if (wait > 0)
        waldo__server_check_within(server, wait > LEAST_WAIT_MS ? wait : LEAST_WAIT_MS);
}

void waldo__server_check_within(waldo_server *server, uint64_t wait_ms)
{
    wait_ms = wait_ms < look_ms(server) ? wait_ms : look_ms(server);
    bool soon_enough = uv_is_active((uv_handle_t *)&server->expiry) &&
                       uv_timer_get_due_in(&server->expiry) <= wait_ms;
    if (soon_enough || server->phase != WALDO__SERVING)
        return;
    server->expiry_due = uv_now(&server->loop) + wait_ms;
    uv_timer_start(&server->expiry, on_expiry, wait_ms, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    waldo_server *server = timer->data;
    uint64_t wait = waldo__calls_end_overdue(server);
    uint64_t alarm = waldo__alarms_ring(server);
    if (alarm > 0 && (wait == 0 || alarm < wait))
        wait = alarm;
    if (wait > 0)
        uv_timer_start(&server->deadline, on_deadline, wait, 0);
}

/* ---- the end ---- */

static void on_listener_closed(void *data)
{
    waldo__endpoint *endpoint = data;
    waldo_server *server = endpoint->server;
    endpoint->listener = NULL;
    if (--server->listeners == 0)
        uv_stop(&server->loop);
}

static void close_listeners(waldo_server *server)
{
    if (server->phase == WALDO__CLOSING)
        return;
    server->phase = WALDO__CLOSING;
    uv_timer_stop(&server->drain_limit);
    uv_timer_stop(&server->expiry);
    uv_timer_stop(&server->deadline);
    if (server->listeners == 0)
        uv_stop(&server->loop);
    for (waldo__endpoint *endpoint = server->endpoints; endpoint; endpoint = endpoint->next)
        if (endpoint->listener)
            endpoint->engine->close(endpoint->listener, FLUSH_MS, on_listener_closed, endpoint);
}

/* A call under way, with a reference, that nobody has answered; parked only: its handler has left.
 */
static waldo_call *next_unanswered(waldo_server *server, bool parked_only)
{
    waldo_call *found = NULL;
    size_t position = 0;
    waldo__server_lock(server);
    for (waldo__map_entry entry;
         !found && (entry = waldo__map_next(&server->sessions, &position)).value;) {
        waldo__session *session = entry.value;
        found = session->calls;
        while (found && parked_only && !atomic_load(&found->deferred))
            found = found->next_of_session;
    }
    if (found)
        waldo__call_ref(found);
    waldo__server_unlock(server);
    return found;
}

/* Row A27: whoever waits hears at once that the server ends. */
static void dismiss_calls(waldo_server *server, bool parked_only)
{
    for (waldo_call *call; (call = next_unanswered(server, parked_only)) != NULL;) {
        waldo__call_dismiss(call);
        waldo__call_unref(call);
    }
    waldo__server_empty_outbox(server);
}

static bool is_idle(waldo_server *server)
{
    waldo__server_lock(server);
    bool idle = server->unanswered == 0 && !server->outbox && server->waiting_replies == 0;
    waldo__server_unlock(server);
    return idle;
}

bool waldo_server_is_busy(waldo_server *server)
{
    return atomic_load(&server->running) > 0;
}

static void on_drain_limit(uv_timer_t *timer)
{
    waldo_server *server = timer->data;
    dismiss_calls(server, false);
    close_listeners(server);
}

void waldo__server_request_stop(waldo_server *server, enum waldo__stop how)
{
    int none = 0;
    if (!atomic_compare_exchange_strong(&server->stop_requested, &none, how) &&
        how == WALDO__STOP_NOW)
        atomic_store(&server->stop_requested, how);
    atomic_store(&server->attention, true);
    /* Also from a signal handler, on whatever thread. */
    uv_async_send(&server->wake_up);
}

void waldo_server_stop(waldo_server *server)
{
    waldo__server_request_stop(server, WALDO__STOP_DRAIN);
}

static void begin_stop(waldo_server *server, int how)
{
    server->phase = WALDO__DRAINING;
    for (waldo__endpoint *endpoint = server->endpoints; endpoint; endpoint = endpoint->next)
        endpoint->engine->stop(endpoint->listener);
    dismiss_calls(server, how == WALDO__STOP_DRAIN);
    uv_timer_start(&server->drain_limit, on_drain_limit, DRAIN_MS, 0);
}

void waldo__server_attend(waldo_server *server)
{
    on_deadline(&server->deadline);
    waldo__server_lock(server);
    bool has_tickets = server->holds.tickets.count > 0;
    waldo__server_unlock(server);
    if (has_tickets)
        waldo__server_check_within(server, (uint64_t)(server->options.transit * 1000));
    if (atomic_exchange(&server->reload_requested, false))
        waldo__server_reload_keys(server);
    int how = atomic_load(&server->stop_requested);
    if (how && server->phase == WALDO__SERVING)
        begin_stop(server, how);
    if (server->phase == WALDO__DRAINING && is_idle(server))
        close_listeners(server);
}

/* ---- life ---- */

static void set_defaults(waldo_server_options *options)
{
    if (options->max_threads == 0)
        options->max_threads = DEFAULT_MAX_THREADS;
    if (options->grace <= 0)
        options->grace = DEFAULT_GRACE;
    if (options->lease <= 0)
        options->lease = DEFAULT_LEASE;
    if (options->transit <= 0)
        options->transit = DEFAULT_TRANSIT;
    if (options->handshake <= 0)
        options->handshake = DEFAULT_HANDSHAKE;
}

static int init_timers(waldo_server *server, waldo_error *reterr)
{
    int status = waldo__server_init_loop(server, reterr);
    if (status < 0)
        return status;
    uv_timer_init(&server->loop, &server->expiry);
    uv_timer_init(&server->loop, &server->deadline);
    uv_timer_init(&server->loop, &server->drain_limit);
    server->expiry.data = server->deadline.data = server->drain_limit.data = server;
    return 0;
}

static int init_registry(waldo_server *server, waldo_registry *registry, waldo_error *reterr)
{
    server->registry = registry ? waldo_registry_ref(registry) : waldo_registry_new(NULL);
    return server->registry ? 0 : waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a server");
}

int waldo_server_new(waldo_registry *registry, const waldo_server_options *options,
                     waldo_server **ret_server, waldo_error *reterr)
{
    if (sodium_init() < 0)
        return waldo_error_set(reterr, WALDO_ESYSTEM, "libsodium finds no source of random bytes");
    waldo_server *server = calloc(1, sizeof *server);
    if (!server)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a server");
    if (options)
        server->options = *options;
    set_defaults(&server->options);
    server->spin = waldo__spin_make(server->options.spin_us);
    if (server->options.max_message > 0)
        server->options.limits[WALDO_LIMIT_MESSAGE] = server->options.max_message;
    waldo__probe_init(&server->probe);
    waldo__limits_init(&server->limits, server->options.limits);
    waldo__objects_init(&server->objects);
    do
        randombytes_buf(&server->incarnation, sizeof server->incarnation);
    while (server->incarnation == 0);
    pthread_mutex_init(&server->lock, NULL);
    waldo__spares_init(&server->spare_calls, sizeof(waldo_call), waldo__call_end_spare);
    int status = init_registry(server, registry, reterr);
    if (status >= 0)
        status = waldo__server_read_keys(&server->options, &server->keys, reterr);
    if (status >= 0)
        status = waldo__pool_new(server->options.max_threads, &server->pool, reterr);
    if (status >= 0)
        status = waldo__holds_begin(server, reterr);
    if (status >= 0)
        status = init_timers(server, reterr);
    if (status < 0) {
        waldo__holds_end(server);
        waldo__pool_free(server->pool);
        waldo__keyring_free(server->keys);
        waldo__probe_close(&server->probe);
        waldo_registry_unref(server->registry);
        waldo__spares_free(&server->spare_calls);
        pthread_mutex_destroy(&server->lock);
        free(server);
        return status;
    }
    *ret_server = server;
    return 0;
}

static const waldo__listener_events events = {waldo__dispatch_message, waldo__dispatch_taken,
                                              waldo__dispatch_gone, waldo__dispatch_refused};

static unsigned clamp(uint64_t number)
{
    return number < UINT_MAX ? (unsigned)number : UINT_MAX;
}

static int listen_on(waldo_server *server, waldo__endpoint *endpoint, const char *text,
                     waldo_error *reterr)
{
    waldo__url url;
    int status = waldo__url_parse(text, &url, reterr);
    if (status < 0)
        return status;
    endpoint->mode = waldo__secure_mode_for(&url);
    waldo__listener_limits limits = {
        .max_message = server->limits.limit[WALDO_LIMIT_MESSAGE] + WALDO__SECURE_OVERHEAD,
        .first_message = FIRST_MESSAGE,
        .max_silent = clamp(server->limits.limit[WALDO_LIMIT_STRANGERS]),
        .max_queued = server->limits.limit[WALDO_LIMIT_QUEUED],
        .spin_ns = server->spin.limit,
        .stranger_ms = (unsigned)(server->options.handshake * 1000),
    };
    endpoint->engine = waldo__server_engine_for(&url);
    status = endpoint->engine->listen(&server->loop, &url, &limits, &events, endpoint,
                                      &endpoint->listener, reterr);
    if (status >= 0)
        waldo__url_format(endpoint->engine->address(endpoint->listener), endpoint->address,
                          sizeof endpoint->address);
    return status;
}

int waldo_server_listen(waldo_server *server, const char *url, const char **ret_address,
                        waldo_error *reterr)
{
    waldo__endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (!endpoint)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a listener");
    endpoint->server = server;
    int status = listen_on(server, endpoint, url, reterr);
    if (status < 0) {
        free(endpoint);
        return status;
    }
    waldo__endpoint **last = &server->endpoints;
    while (*last)
        last = &(*last)->next;
    *last = endpoint;
    server->listeners++;
    if (ret_address)
        *ret_address = endpoint->address;
    return 0;
}

const char *waldo_server_address(const waldo_server *server)
{
    return server->endpoints ? server->endpoints->address : NULL;
}

int waldo_server_serve_forever(waldo_server *server, waldo_error *reterr)
{
    if (!server->endpoints)
        return waldo_error_set(reterr, WALDO_ERUNTIME, "the server listens nowhere");
    if (server->phase != WALDO__SERVING)
        return waldo_error_set(reterr, WALDO_ERUNTIME, "the server has been stopped");
    return server->listeners > 0
               ? waldo__pool_lead(server->pool, waldo__server_lead, server, reterr)
               : 0;
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void end_sessions(waldo_server *server)
{
    size_t position = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->sessions, &position)).value;
         position = 0)
        waldo__session_end(entry.value);
}

static void free_endpoints(waldo_server *server)
{
    while (server->endpoints) {
        waldo__endpoint *endpoint = server->endpoints;
        server->endpoints = endpoint->next;
        waldo__map_free(&endpoint->connections);
        free(endpoint);
    }
}

waldo_server *waldo_server_free(waldo_server *server)
{
    if (!server)
        return NULL;
    close_listeners(server);
    while (server->listeners > 0)
        waldo__server_round(server);
    end_sessions(server);
    waldo__holds_end(server);
    waldo__pool *pool = server->pool;
    waldo__pool_free(pool);
    server->pool = NULL;
    waldo__server_empty_outbox(server);
    waldo__holds_orphan(server);
    waldo__objects_free(server);
    waldo__shared_free(server);
    waldo__deadlines_free(&server->deadlines);
    waldo__deadlines_free(&server->alarms);
    uv_walk(&server->loop, close_handle, NULL);
    /* More than once where a uv_stop is still to be obeyed. */
    do
        uv_run(&server->loop, UV_RUN_DEFAULT);
    while (uv_loop_close(&server->loop) < 0);
    waldo__peers_free(server);
    waldo__keyring_free(server->keys);
    waldo__probe_close(&server->probe);
    free_endpoints(server);
    waldo__map_free(&server->sessions);
    waldo_registry_unref(server->registry);
    waldo__spares_free(&server->spare_calls);
    pthread_mutex_destroy(&server->lock);
    free(server);
    return NULL;
}
