/* What goes wrong in a round. */
#include "round.h"

static client *any_client(arena *one)
{
    client *of = &one->clients[pick(&one->by, CLIENTS)];
    return of->process.pid ? of : NULL;
}

static void kill_client(arena *one)
{
    client *of = any_client(one);
    if (!of)
        return;
    end_with(&of->process, SIGKILL);
    one->killed++;
}

/* With the replies that are on their way to it. */
static void kill_unanswered_client(arena *one)
{
    relay_stall(one->network, TO_CLIENT, 1);
    pause_ms(1 + pick(&one->by, 8));
    kill_client(one);
    relay_stall(one->network, TO_CLIENT, 0);
}

/* It sleeps for less than its lease, or for longer. */
static void stop_client(arena *one)
{
    const client *of = any_client(one);
    unsigned ms = pick(&one->by, 8) ? pick(&one->by, 50) : 2000;
    if (!of)
        return;
    stop(&of->process);
    pause_ms(ms);
    kill(of->process.pid, SIGCONT);
}

static void stop_server_for_a_while(arena *one)
{
    unsigned ms = pick(&one->by, 40);
    stop(&one->host->process);
    pause_ms(ms);
    kill(one->host->process.pid, SIGCONT);
}

static void stall(arena *one)
{
    direction which = pick(&one->by, 2) ? TO_SERVER : TO_CLIENT;
    relay_stall(one->network, which, 1);
    pause_ms(pick(&one->by, 60));
    relay_stall(one->network, which, 0);
}

/* Only where it is noticed. */
static void spoil(arena *one, direction which)
{
    if (!one->may_damage) {
        relay_cut(one->network);
        return;
    }
    switch (pick(&one->by, 3)) {
    case 0:
        relay_damage(one->network, which);
        break;
    case 1:
        relay_reorder(one->network, which);
        break;
    default:
        relay_repeat(one->network, which);
    }
}

void do_fault(arena *one)
{
    direction which = pick(&one->by, 2) ? TO_SERVER : TO_CLIENT;
    one->faults++;
    if (one->loses_replies && pick(&one->by, 4) > 0) {
        kill_unanswered_client(one);
        return;
    }
    switch (pick(&one->by, 10)) {
    case 0:
    case 1:
        kill_client(one);
        break;
    case 9:
        kill_unanswered_client(one);
        break;
    case 2:
        stop_client(one);
        break;
    case 3:
        stop_server_for_a_while(one);
        break;
    case 4:
        stall(one);
        break;
    case 5:
        relay_cut(one->network);
        break;
    case 6:
        relay_split(one->network, 1 + pick(&one->by, 30));
        break;
    case 7:
        relay_delay(one->network, which, pick(&one->by, 10));
        break;
    default:
        spoil(one, which);
    }
}

void end_faults(arena *one)
{
    relay_split(one->network, 0);
    relay_delay(one->network, TO_SERVER, 0);
    relay_delay(one->network, TO_CLIENT, 0);
}
