/* A link's life, and the table of the calls that are under way on it: see link.h. */
#include "proxy/link.h"

#include <stdlib.h>

#include "proxy/link_internal.h"

enum { FIRST_SLOTS = 16 };

waldo__link *waldo__link_make(const waldo__client_engine *engine)
{
    waldo__link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->slots = calloc(FIRST_SLOTS, sizeof *link->slots);
    if (!link->slots) {
        free(link);
        return NULL;
    }
    link->slot_capacity = FIRST_SLOTS;
    link->engine = engine;
    link->last_id = WALDO__REQUEST_ID_FLAG;
    pthread_mutex_init(&link->lock, NULL);
    waldo__init_condition(&link->may_send);
    return link;
}

static void free_memory(waldo__link *link)
{
    waldo__secure_channel_free(link->secure);
    for (size_t i = 0; i < WALDO__QUEUE_MOST; i++)
        waldo__buffer_free(&link->queue[i].frame);
    waldo__buffer_free(&link->incoming);
    waldo__buffer_free(&link->plain);
    free(link->outstanding);
    free(link->slots);
    free(link);
}

void waldo__link_free(waldo__link *link)
{
    if (link->channel)
        link->engine->close(link->channel);
    pthread_cond_destroy(&link->may_send);
    pthread_mutex_destroy(&link->lock);
    free_memory(link);
}

void waldo__link_abandon(waldo__link *link)
{
    /* Reachable, so that nobody takes it for a leak. */
    static waldo__link *left_behind;
    if (link->users == 0) {
        if (link->channel)
            link->engine->abandon(link->channel);
        free_memory(link);
        return;
    }
    if (link->channel && link->engine->leave_behind)
        link->engine->leave_behind(link->channel);
    else if (link->channel)
        link->engine->abandon(link->channel);
    link->next = left_behind;
    left_behind = link;
}

uint64_t waldo__link_progress(const waldo__link *link)
{
    return link->engine->progress ? link->engine->progress(link->channel) : 0;
}

/* ---- the table; with the lock ---- */

static waldo__slot **place_of(const waldo__link *link, uint32_t id)
{
    return &link->slots[id & (link->slot_capacity - 1)];
}

/* Ids that differ in their lower bits do so in more of them. */
static bool grow(waldo__link *link)
{
    size_t capacity = 2 * link->slot_capacity;
    waldo__slot **grown = calloc(capacity, sizeof *grown);
    if (!grown)
        return false;
    for (size_t i = 0; i < link->slot_capacity; i++)
        if (link->slots[i])
            grown[link->slots[i]->id & (capacity - 1)] = link->slots[i];
    free(link->slots);
    link->slots = grown;
    link->slot_capacity = capacity;
    return true;
}

bool waldo__link_add(waldo__link *link, waldo__slot *slot)
{
    if (2 * link->slot_count >= link->slot_capacity && !grow(link))
        return false;
    /* One whose call lasts is passed over. */
    do
        link->last_id = (link->last_id + 1) | WALDO__REQUEST_ID_FLAG;
    while (*place_of(link, link->last_id));
    slot->id = link->last_id;
    slot->done = false;
    *place_of(link, slot->id) = slot;
    link->slot_count++;
    return true;
}

void waldo__link_remove(waldo__link *link, waldo__slot *slot)
{
    if (slot->id == 0)
        return;
    *place_of(link, slot->id) = NULL;
    link->slot_count--;
    slot->id = 0;
}

waldo__slot *waldo__link_find(const waldo__link *link, uint32_t id)
{
    waldo__slot *slot = *place_of(link, id);
    return slot && slot->id == id ? slot : NULL;
}

void waldo__link_empty(waldo__link *link)
{
    for (size_t i = 0; i < link->slot_capacity; i++) {
        if (link->slots[i])
            link->slots[i]->id = 0;
        link->slots[i] = NULL;
    }
    link->slot_count = 0;
}

int waldo__link_why(const waldo__link *link, waldo_error *reterr)
{
    if (reterr)
        *reterr = link->error;
    return link->status;
}
