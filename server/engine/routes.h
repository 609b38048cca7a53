/* Ways back of requests that came through devices, kept until they are replied to.
 *
 * A plain request's way back is its id. Behind a device several clients share a connection and may
 * use the same id, so a request that came through one is known to the layer above by an id that is
 * unique for the connection: its own, if that is free. */
#ifndef WALDO_SERVER_ENGINE_ROUTES_H
#define WALDO_SERVER_ENGINE_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/sp.h"

/* Kept at the same time; beyond it the oldest is forgotten, and its reply never sent. */
#define WALDO__ROUTES_MOST 65536

typedef struct waldo__kept_route waldo__kept_route;

/* Zero is a valid empty one. */
typedef struct waldo__routes {
    waldo__kept_route **buckets;
    size_t bucket_count; /* a power of 2 */
    size_t count;
    waldo__kept_route *oldest;
    waldo__kept_route *newest;
} waldo__routes;

/* Keeps the way back if it is more than an id. false: out of memory. */
bool waldo__routes_keep(waldo__routes *routes, uint64_t connection, const waldo__sp_route *route,
                        uint32_t *ret_id);
/* Did the request come through a device? */
bool waldo__routes_has(const waldo__routes *routes, uint64_t connection, uint32_t id);
/* The way back of a request, which is then forgotten. */
waldo__sp_route waldo__routes_take(waldo__routes *routes, uint64_t connection, uint32_t id);
/* Forgets all of a connection. */
void waldo__routes_forget(waldo__routes *routes, uint64_t connection);
void waldo__routes_free(waldo__routes *routes);

#endif
