/* Looking for messages before the loop sleeps. */
#include "engine/deadline.h"
#include "memory/futex.h"
#include "server_internal.h"

enum { LOOKS_IN_A_ROW = 8 }; /* between two looks at the clock */

static bool has_outbox(waldo_server *server)
{
    waldo__server_lock(server);
    bool has = server->outbox != NULL;
    waldo__server_unlock(server);
    return has;
}

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

void waldo__server_look(waldo_server *server)
{
    static const double turn = 0.001;
    if (poll_engines(server) < 0)
        return;
    for (waldo__deadline end = waldo__deadline_in(turn); waldo__now() < end;)
        for (int i = 0; i < LOOKS_IN_A_ROW; i++) {
            waldo__spin();
            if (has_outbox(server) || poll_engines(server) < 0)
                return;
        }
}
