/* A hash table from 64-bit numbers to pointers. The caller locks. Each table has a random seed of
 * its own: nobody can choose numbers that share a place. */
#ifndef WALDO_SERVER_MAP_H
#define WALDO_SERVER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct waldo__map_entry {
    uint64_t key;
    void *value; /* NULL: free */
} waldo__map_entry;

/* Zero is a valid empty table. Where values know their keys, a table that begins as {.key_of = ...}
 * takes half the memory, and looks at a value for each comparison. */
typedef struct waldo__map {
    union {
        waldo__map_entry *entries;
        void **values; /* with key_of */
    };
    size_t capacity; /* 0 or a power of two */
    size_t count;
    uint64_t seed[2]; /* set with the first entry */
    uint64_t (*key_of)(const void *value);
} waldo__map;

/* NULL: not there. */
void *waldo__map_get(const waldo__map *map, uint64_t key);
/* value is not NULL. It replaces what was there, which needs no memory. false: out of memory. */
bool waldo__map_set(waldo__map *map, uint64_t key, void *value);
/* What was there, or NULL. */
void *waldo__map_remove(waldo__map *map, uint64_t key);
/* The next entry at or after *position, or one without a value; *position starts at 0. Nothing may
 * be added or removed in between. */
waldo__map_entry waldo__map_next(const waldo__map *map, size_t *position);
void waldo__map_free(waldo__map *map);

#endif
