#include "holds.h"

#include <stdlib.h>

#include <sodium.h>

#include "engine/deadline.h"
#include "server_internal.h"

enum { AGAIN_NS = 100 * 1000 * 1000 };

typedef struct ticket {
    waldo__object *object;
    uint64_t session; /* its number */
    uint64_t expires; /* waldo__now() clock */
} ticket;

static _Thread_local uint64_t current_holder, current_session;

/* A value may outlive the server: then its hold holds nothing any more. Taken before the server's
 * lock. */
static pthread_mutex_t orphans_lock = PTHREAD_MUTEX_INITIALIZER;

void waldo__holds_set_holder(uint64_t object, uint64_t session)
{
    current_holder = object;
    current_session = session;
}

/* ---- values ---- */

static void *hold(void *context, uint64_t id, uint64_t ticket_number)
{
    waldo_server *server = context;
    waldo__hold *made = malloc(sizeof *made);
    if (!made)
        return NULL;
    waldo__server_lock(server);
    waldo__object *object = waldo__object_find(server, id);
    bool held = object && waldo__object_reference(object);
    if (object)
        waldo__object_unpin(object);
    if (held) {
        *made = (waldo__hold){.next = server->holds.first,
                              .link = &server->holds.first,
                              .object = object,
                              .holder = current_holder};
        if (made->next)
            made->next->link = &made->next;
        server->holds.first = made;
        (void)waldo__ticket_redeem(server, ticket_number, id);
    }
    waldo__server_unlock(server);
    if (held)
        return made;
    free(made);
    return NULL;
}

static void release(void *held)
{
    waldo__hold *one = held;
    pthread_mutex_lock(&orphans_lock);
    if (one->object) {
        waldo_server *server = waldo__object_server(one->object);
        waldo__server_lock(server);
        *one->link = one->next;
        if (one->next)
            one->next->link = one->link;
        waldo__object_unreference(one->object, 1);
        waldo__server_unlock(server);
    }
    pthread_mutex_unlock(&orphans_lock);
    free(one);
}

/* ---- tickets ---- */

static bool count_ticket(waldo_server *server, uint64_t session)
{
    waldo__map *issued = &server->holds.issued;
    uintptr_t count = (uintptr_t)waldo__map_get(issued, session);
    return waldo__limit_allows(&server->limits, WALDO_LIMIT_TICKETS, count + 1) &&
           waldo__map_set(issued, session, (void *)(count + 1));
}

static void uncount_ticket(waldo_server *server, uint64_t session)
{
    waldo__map *issued = &server->holds.issued;
    uintptr_t count = (uintptr_t)waldo__map_get(issued, session);
    if (count > 1)
        (void)waldo__map_set(issued, session, (void *)(count - 1)); /* replaces an entry */
    else
        waldo__map_remove(issued, session);
}

uint64_t waldo__ticket_new(waldo_server *server, waldo__object *object, uint64_t session)
{
    waldo__map *tickets = &server->holds.tickets;
    if (!count_ticket(server, session))
        return 0;
    ticket *made = malloc(sizeof *made);
    if (!made) {
        uncount_ticket(server, session);
        return 0;
    }
    uint64_t number;
    do
        randombytes_buf(&number, sizeof number);
    while (number == 0 || waldo__map_get(tickets, number));
    *made = (ticket){object, session, waldo__now() + (uint64_t)(server->options.transit * 1e9)};
    if (waldo__object_reference(object)) {
        if (waldo__map_set(tickets, number, made))
            return number;
        waldo__object_unreference(object, 1);
    }
    uncount_ticket(server, session);
    free(made);
    return 0;
}

static uint64_t ticket_for(void *context, uint64_t id)
{
    waldo_server *server = context;
    waldo__server_lock(server);
    waldo__object *object = waldo__object_find(server, id);
    uint64_t number = object ? waldo__ticket_new(server, object, current_session) : 0;
    if (object)
        waldo__object_unpin(object);
    waldo__server_unlock(server);
    /* The loop looks when the first of them is due. */
    if (number)
        waldo__server_wake(server);
    return number;
}

static void end_ticket(waldo_server *server, uint64_t number)
{
    ticket *ended = waldo__map_remove(&server->holds.tickets, number);
    waldo__object_unreference(ended->object, 1);
    uncount_ticket(server, ended->session);
    free(ended);
}

bool waldo__ticket_redeem(waldo_server *server, uint64_t number, uint64_t object)
{
    const ticket *found = waldo__map_get(&server->holds.tickets, number);
    if (!found || found->object->id != object)
        return false;
    end_ticket(server, number);
    return true;
}

uint64_t waldo__tickets_expire(waldo_server *server)
{
    uint64_t now = waldo__now();
    uint64_t next = 0;
    size_t position = 0;
    waldo__server_lock(server);
    for (waldo__map_entry entry;
         (entry = waldo__map_next(&server->holds.tickets, &position)).value;) {
        uint64_t expires = ((const ticket *)entry.value)->expires;
        if (expires <= now) {
            /* Removal moves a later entry into this place: look at it again. One that is moved
             * past the end is found the next time. */
            end_ticket(server, entry.key);
            position--;
            next = now + AGAIN_NS;
        } else if (next == 0 || expires < next) {
            next = expires;
        }
    }
    if (server->holds.tickets.count == 0)
        next = 0;
    waldo__server_unlock(server);
    return next == 0 ? 0 : (next - now) / 1000000 + 1;
}

/* ---- life ---- */

int waldo__holds_begin(waldo_server *server, waldo_error *reterr)
{
    waldo__keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a server");
    *keeper = (waldo__keeper){.incarnation = server->incarnation,
                              .server = server,
                              .hold = hold,
                              .release = release,
                              .ticket = ticket_for};
    waldo__keeper_add(keeper);
    server->keeper = keeper;
    return 0;
}

void waldo__holds_end(waldo_server *server)
{
    if (!server->keeper)
        return;
    waldo__keeper_remove(server->keeper);
    free(server->keeper);
    server->keeper = NULL;
    size_t position = 0;
    waldo__server_lock(server);
    for (waldo__map_entry entry; (entry = waldo__map_next(&server->holds.tickets, &position)).value;
         position = 0)
        end_ticket(server, entry.key);
    waldo__map_free(&server->holds.tickets);
    waldo__map_free(&server->holds.issued);
    waldo__server_unlock(server);
}

void waldo__holds_orphan(waldo_server *server)
{
    pthread_mutex_lock(&orphans_lock);
    for (waldo__hold *one = server->holds.first; one; one = one->next)
        one->object = NULL;
    server->holds.first = NULL;
    pthread_mutex_unlock(&orphans_lock);
}
