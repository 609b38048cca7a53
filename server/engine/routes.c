#include "engine/routes.h"

#include <stdlib.h>

#define FIRST_BUCKETS 64
#define PLAIN_SIZE 4

struct waldo__kept_route {
    uint64_t connection;
    uint32_t id; /* as the layer above knows it */
    waldo__sp_route route;
    waldo__kept_route *next; /* in its bucket */
    waldo__kept_route *older;
    waldo__kept_route *newer;
};

static size_t bucket_of(const waldo__routes *routes, uint64_t connection, uint32_t id)
{
    uint64_t mixed = (connection * UINT64_C(0x9E3779B97F4A7C15)) ^ id;

    mixed *= UINT64_C(0xD6E8FEB86659FD93);
    return (size_t)(mixed >> 32) & (routes->bucket_count - 1);
}

/* Where the pointer to the route is, or would be. */
static waldo__kept_route **place_of(const waldo__routes *routes, uint64_t connection, uint32_t id)
{
    waldo__kept_route **place = &routes->buckets[bucket_of(routes, connection, id)];

    while (*place != NULL && ((*place)->connection != connection || (*place)->id != id))
        place = &(*place)->next;
    return place;
}

static bool grow(waldo__routes *routes)
{
    waldo__routes grown = *routes;

    grown.bucket_count = routes->bucket_count == 0 ? FIRST_BUCKETS : routes->bucket_count * 2;
    grown.buckets = calloc(grown.bucket_count, sizeof(waldo__kept_route *));
    if (grown.buckets == NULL)
        return false;
    for (waldo__kept_route *kept = routes->oldest; kept != NULL; kept = kept->newer) {
        waldo__kept_route **bucket = &grown.buckets[bucket_of(&grown, kept->connection, kept->id)];
        kept->next = *bucket;
        *bucket = kept;
    }
    free(routes->buckets);
    *routes = grown;
    return true;
}

static void append(waldo__routes *routes, waldo__kept_route *kept)
{
    kept->older = routes->newest;
    kept->newer = NULL;
    if (routes->newest != NULL)
        routes->newest->newer = kept;
    else
        routes->oldest = kept;
    routes->newest = kept;
    routes->count++;
}

/* Takes the route at place out and frees it. */
static void drop(waldo__routes *routes, waldo__kept_route **place)
{
    waldo__kept_route *kept = *place;

    if (kept == NULL)
        return;
    *place = kept->next;
    if (kept->older != NULL)
        kept->older->newer = kept->newer;
    else
        routes->oldest = kept->newer;
    if (kept->newer != NULL)
        kept->newer->older = kept->older;
    else
        routes->newest = kept->older;
    routes->count--;
    free(kept);
}

bool waldo__routes_keep(waldo__routes *routes, uint64_t connection, const waldo__sp_route *route,
                        uint32_t *ret_id)
{
    uint32_t id = waldo__sp_route_id(route);

    if (route->size <= PLAIN_SIZE) {
        *ret_id = id;
        return true;
    }
    if (routes->count >= WALDO__ROUTES_MOST)
        drop(routes, place_of(routes, routes->oldest->connection, routes->oldest->id));
    if (routes->count >= routes->bucket_count && !grow(routes))
        return false;
    waldo__kept_route *kept = malloc(sizeof *kept);
    if (kept == NULL)
        return false;
    waldo__kept_route **place = place_of(routes, connection, id);
    while (*place != NULL) {
        id = (id + 1) | UINT32_C(0x80000000);
        place = place_of(routes, connection, id);
    }
    *kept = (waldo__kept_route){.connection = connection, .id = id, .route = *route};
    *place = kept;
    append(routes, kept);
    *ret_id = id;
    return true;
}

bool waldo__routes_has(const waldo__routes *routes, uint64_t connection, uint32_t id)
{
    return routes->count > 0 && *place_of(routes, connection, id) != NULL;
}

waldo__sp_route waldo__routes_take(waldo__routes *routes, uint64_t connection, uint32_t id)
{
    if (routes->count == 0)
        return waldo__sp_plain_route(id);
    waldo__kept_route **place = place_of(routes, connection, id);
    if (*place == NULL)
        return waldo__sp_plain_route(id);
    waldo__sp_route route = (*place)->route;
    drop(routes, place);
    return route;
}

void waldo__routes_forget(waldo__routes *routes, uint64_t connection)
{
    waldo__kept_route *next;

    for (waldo__kept_route *kept = routes->oldest; kept != NULL; kept = next) {
        next = kept->newer;
        if (kept->connection == connection)
            drop(routes, place_of(routes, connection, kept->id));
    }
}

void waldo__routes_free(waldo__routes *routes)
{
    waldo__kept_route *next;

    for (waldo__kept_route *kept = routes->oldest; kept != NULL; kept = next) {
        next = kept->newer;
        free(kept);
    }
    free(routes->buckets);
    *routes = (waldo__routes){NULL, 0, 0, NULL, NULL};
}
