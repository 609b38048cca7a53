/* The connections of a listener, found by number. */
#ifndef WALDO_SERVER_ENGINE_DIRECT_CONNECTIONS_H
#define WALDO_SERVER_ENGINE_DIRECT_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct waldo__connection waldo__connection;

/* Zero is a valid empty one. A number is a place in the table and, above it, a serial number, so
 * that the next connection in the same place has another one. */
typedef struct waldo__connections {
    waldo__connection **places;
    uint32_t *free_places; /* a stack */
    uint32_t capacity;
    uint32_t free_count;
    uint32_t serial;
} waldo__connections;

/* false: out of memory. */
bool waldo__connections_add(waldo__connections *table, waldo__connection *connection,
                            uint64_t *ret_number);
/* NULL: none has the number. Needs the connection to know its number, to tell it from an older one
 * in the same place. */
waldo__connection *waldo__connections_find(const waldo__connections *table, uint64_t number);
void waldo__connections_remove(waldo__connections *table, uint64_t number);
void waldo__connections_free(waldo__connections *table);

#endif
