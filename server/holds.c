#include "holds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    if (object) {
        waldo__object_reference(object);
        waldo__object_unpin(object);
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
    if (object)
        return made;
    free(made);
    return NULL;
}

static void release(void *held)
{
    waldo__hold *one = held;
    pthread_mutex_lock(&orphans_lock);
    if (one->object) {
        waldo_server *server = one->object->server;
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
    if (!waldo__map_set(tickets, number, made)) {
        uncount_ticket(server, session);
        free(made);
        return 0;
    }
    waldo__object_reference(object);
    return number;
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
        uv_async_send(&server->wake_up);
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
    for (const waldo__map_entry *entry;
         (entry = waldo__map_next(&server->holds.tickets, &position)) != NULL;) {
        uint64_t expires = ((const ticket *)entry->value)->expires;
        if (expires <= now) {
            /* Removal moves a later entry into this place: look at it again. One that is moved
             * past the end is found the next time. */
            end_ticket(server, entry->key);
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
    for (const waldo__map_entry *entry;
         (entry = waldo__map_next(&server->holds.tickets, &position)) != NULL; position = 0)
        end_ticket(server, entry->key);
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

/* ---- cycles ---- */

/* Follows holds from object to object; `path` has those under way. */
typedef struct cycle_search {
    waldo_server *server;
    waldo__map seen; /* object id -> &marks[...] */
    uint64_t *path;
    size_t depth;
    waldo__buffer *text;
    bool complete; /* no memory was missing */
} cycle_search;

static char mark_done, mark_on_path;

static bool report(cycle_search *search, uint64_t again)
{
    size_t start = 0;
    while (search->path[start] != again)
        start++;
    bool complete = waldo__buffer_append(search->text, "\n  cycle:", 9);
    for (size_t i = start; i <= search->depth; i++) {
        char step[32];
        uint64_t id = i < search->depth ? search->path[i] : again;
        int length = snprintf(step, sizeof step, "%s %" PRIu64, i > start ? " ->" : "", id);
        complete = complete && waldo__buffer_append(search->text, step, (size_t)length);
    }
    return complete;
}

/* The next object after *after that `holder` holds. The holds of a server are one list: fine for a
 * report that people ask for. */
static waldo__object *next_held(const cycle_search *search, uint64_t holder,
                                const waldo__hold **after)
{
    const waldo__hold *one = *after ? (*after)->next : search->server->holds.first;
    while (one && one->holder != holder)
        one = one->next;
    *after = one;
    return one ? one->object : NULL;
}

static void follow(cycle_search *search, const waldo__hold **cursors, uint64_t from)
{
    search->depth = 0;
    search->path[0] = from;
    cursors[0] = NULL;
    search->depth = 1;
    search->complete = waldo__map_set(&search->seen, from, &mark_on_path) && search->complete;
    while (search->depth > 0 && search->complete) {
        uint64_t here = search->path[search->depth - 1];
        waldo__object *held = next_held(search, here, &cursors[search->depth - 1]);
        if (!held) {
            search->complete = waldo__map_set(&search->seen, here, &mark_done);
            search->depth--;
            continue;
        }
        void *mark = waldo__map_get(&search->seen, held->id);
        if (mark == &mark_on_path) {
            search->complete = report(search, held->id);
        } else if (!mark) {
            search->complete = waldo__map_set(&search->seen, held->id, &mark_on_path);
            search->path[search->depth] = held->id;
            cursors[search->depth] = NULL;
            search->depth++;
        }
    }
}

bool waldo__holds_report_cycles(waldo_server *server, waldo__buffer *text)
{
    cycle_search search = {.server = server, .text = text, .complete = true};
    waldo__server_lock(server);
    size_t count = server->objects.by_id.count + 1;
    search.path = malloc(count * sizeof *search.path);
    const waldo__hold **cursors = malloc(count * sizeof *cursors);
    search.complete = search.path && cursors;
    for (const waldo__hold *one = server->holds.first; one && search.complete; one = one->next)
        if (one->holder && !waldo__map_get(&search.seen, one->holder))
            follow(&search, cursors, one->holder);
    waldo__server_unlock(server);
    waldo__map_free(&search.seen);
    free(cursors);
    free(search.path);
    return search.complete;
}
