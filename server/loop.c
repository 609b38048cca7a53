/* The rounds of the loop: first the replies that are ready and what else waits for the loop, then
 * I/O, then the jobs that it brought. */
#include "engine/deadline.h"
#include "memory/futex.h"
#include "server_internal.h"

enum {
    LOOKS = 4,         /* for I/O, between two looks at the clock */
    RING_LOOKS = 8,    /* into rings */
    TURN_NS = 1000000, /* so often sockets and timers get their turn while rings are busy */
};

/* The server in whose I/O this thread is: what it leaves to do is looked at right afterwards. */
static _Thread_local const waldo_server *in_io_of;

/* Either this sees that the loop waits, or the loop, before it does, the wish for its attention. */
void waldo__server_wake(waldo_server *server)
{
    atomic_store(&server->attention, true);
    if (in_io_of != server && atomic_load(&server->waiting))
        uv_async_send(&server->wake_up);
}

/* ---- the outbox ---- */

bool waldo__server_queue(waldo_call *call)
{
    waldo_server *server = call->server;
    call->next_to_send = NULL;
    bool first = !server->outbox;
    if (first)
        server->outbox = call;
    else
        server->outbox_last->next_to_send = call;
    server->outbox_last = call;
    return first;
}

/* Several replies for one connection leave together. */
static void gather(waldo_server *server, bool gathers)
{
    waldo__replies_gather(server, gathers);
    for (waldo__endpoint *endpoint = server->endpoints; endpoint; endpoint = endpoint->next)
        if (endpoint->listener && endpoint->engine->gather)
            endpoint->engine->gather(endpoint->listener, gathers);
}

/* Two replies to two clients, as when one releases what the other waits for, leave one by one: the
 * first does not wait for the second. */
static bool is_worth_gathering(const waldo_call *call)
{
    const waldo_call *next = call ? call->next_to_send : NULL;
    return next && (next->next_to_send || next->channel == call->channel);
}

void waldo__server_empty_outbox(waldo_server *server)
{
    waldo__server_lock(server);
    waldo_call *call = server->outbox;
    server->outbox = NULL;
    waldo__server_unlock(server);
    bool several = is_worth_gathering(call);
    if (several)
        gather(server, true);
    while (call) {
        waldo_call *next = call->next_to_send;
        waldo__peer_send(call);
        waldo__call_unref(call);
        call = next;
    }
    if (several)
        gather(server, false);
}

/* ---- rounds ---- */

static void on_wake_up(uv_async_t *handle)
{
    (void)handle; /* the round is over: that was all */
}

int waldo__server_init_loop(waldo_server *server, waldo_error *reterr)
{
    int status = uv_loop_init(&server->loop);
    if (status < 0)
        return waldo_error_system(reterr, -status, "event loop");
    status = uv_async_init(&server->loop, &server->wake_up, on_wake_up);
    if (status >= 0)
        return 0;
    uv_loop_close(&server->loop);
    return waldo_error_system(reterr, -status, "event loop");
}

/* ---- spinning ---- */

static bool has_news(waldo_server *server, uint64_t heard)
{
    return server->heard != heard || atomic_load(&server->attention) || server->listeners == 0 ||
           waldo__pool_has_own(server->pool);
}

/* Looks for I/O again and again until some has come, or its time is over. */
static void spin(waldo_server *server, uint64_t heard, uint64_t until)
{
    do
        for (int i = 0; i < LOOKS && !has_news(server, heard); i++)
            uv_run(&server->loop, UV_RUN_NOWAIT);
    while (!has_news(server, heard) && waldo__now() < until);
}

static void wait_for_io(waldo_server *server, uint64_t heard)
{
    uint64_t limit = server->spin.limit;
    uint64_t start = limit > 0 ? waldo__now() : 0;
    if (waldo__spin_is_worth_it(&server->spin))
        spin(server, heard, start + limit);
    if (!has_news(server, heard))
        uv_run(&server->loop, UV_RUN_ONCE);
    if (limit > 0 && server->heard != heard)
        waldo__spin_note(&server->spin, waldo__now() - start);
}

/* ---- rings ---- */

/* The most that the engines can tell: see poll() in engine/engine.h. */
static int poll_engines(const waldo_server *server)
{
    int most = -1;
    for (const waldo__endpoint *endpoint = server->endpoints; endpoint; endpoint = endpoint->next) {
        int found = endpoint->listener && endpoint->engine->poll
                        ? endpoint->engine->poll(endpoint->listener)
                        : -1;
        most = found > most ? found : most;
    }
    return most;
}

/* Looks into rings as long as messages are likely to come by them, until it is the turn of sockets
 * and timers. true: there is something to do. */
static bool look_into_rings(waldo_server *server, uint64_t heard)
{
    int found = poll_engines(server);
    server->rings_are_busy = found >= 0;
    while (found >= 0 && !has_news(server, heard) && waldo__now() < server->turn_at) {
        /* What was found may have been a piece of a message only. */
        int looks = 0;
        do {
            waldo__spin();
            found = poll_engines(server);
        } while (found == 0 && !has_news(server, heard) && ++looks < RING_LOOKS);
    }
    server->rings_are_busy = found >= 0;
    return found >= 0 && waldo__now() < server->turn_at;
}

/* ---- a round ---- */

static void take_turn(waldo_server *server, uint64_t heard)
{
    atomic_store(&server->waiting, true);
    if (server->rings_are_busy || has_news(server, heard))
        uv_run(&server->loop, UV_RUN_NOWAIT);
    else
        wait_for_io(server, heard);
    atomic_store(&server->waiting, false);
    server->turn_at = waldo__now() + TURN_NS;
}

void waldo__server_round(waldo_server *server)
{
    if (atomic_exchange(&server->attention, false)) {
        waldo__server_empty_outbox(server);
        waldo__server_attend(server);
    }
    in_io_of = server;
    uint64_t heard = server->heard;
    if (!look_into_rings(server, heard))
        take_turn(server, heard);
    in_io_of = NULL;
}

void waldo__server_lead(void *data)
{
    waldo_server *server = data;
    while (waldo__pool_run_own(server->pool)) {
        if (server->listeners == 0) {
            waldo__pool_end_lead(server->pool);
            return;
        }
        waldo__server_round(server);
    }
}
