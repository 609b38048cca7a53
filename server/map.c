/* Open addressing with linear probing; removal moves later entries of the run back. */
#include "map.h"

#include <stdlib.h>

#include <sodium.h>

enum { MIN_CAPACITY = 16 };

__extension__ typedef unsigned __int128 wide;

/* A multiplication by a secret number, both halves of the product folded: each bit of the key has
 * its part in each bit of the result. */
static size_t slot_of(const waldo__map *map, uint64_t key)
{
    wide product = (wide)(key ^ map->seed[0]) * map->seed[1];
    return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64)) & (map->capacity - 1);
}

static size_t find(const waldo__map *map, uint64_t key)
{
    size_t slot = slot_of(map, key);
    while (map->entries[slot].value && map->entries[slot].key != key)
        slot = (slot + 1) & (map->capacity - 1);
    return slot;
}

void *waldo__map_get(const waldo__map *map, uint64_t key)
{
    return map->capacity == 0 ? NULL : map->entries[find(map, key)].value;
}

static bool grow(waldo__map *map)
{
    size_t capacity = map->capacity == 0 ? MIN_CAPACITY : 2 * map->capacity;
    waldo__map bigger = *map;
    bigger.capacity = capacity;
    bigger.entries = calloc(capacity, sizeof *bigger.entries);
    if (!bigger.entries)
        return false;
    if (bigger.seed[1] == 0) {
        randombytes_buf(bigger.seed, sizeof bigger.seed);
        bigger.seed[1] |= 1;
    }
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].value)
            bigger.entries[find(&bigger, map->entries[i].key)] = map->entries[i];
    free(map->entries);
    *map = bigger;
    return true;
}

bool waldo__map_set(waldo__map *map, uint64_t key, void *value)
{
    waldo__map_entry entry = {key, value};
    if (waldo__map_get(map, key)) {
        map->entries[find(map, key)] = entry;
        return true;
    }
    if (4 * (map->count + 1) > 3 * map->capacity && !grow(map))
        return false;
    map->entries[find(map, key)] = entry;
    map->count++;
    return true;
}

/* Closes the gap at `hole`, so that every later entry of the run is still found. */
static void close_gap(waldo__map *map, size_t hole)
{
    size_t mask = map->capacity - 1;
    for (size_t slot = (hole + 1) & mask; map->entries[slot].value; slot = (slot + 1) & mask) {
        size_t home = slot_of(map, map->entries[slot].key);
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            map->entries[hole] = map->entries[slot];
            hole = slot;
        }
    }
    map->entries[hole].value = NULL;
}

void *waldo__map_remove(waldo__map *map, uint64_t key)
{
    if (map->capacity == 0)
        return NULL;
    size_t slot = find(map, key);
    void *value = map->entries[slot].value;
    if (value) {
        map->count--;
        close_gap(map, slot);
    }
    return value;
}

const waldo__map_entry *waldo__map_next(const waldo__map *map, size_t *position)
{
    while (*position < map->capacity) {
        const waldo__map_entry *entry = &map->entries[(*position)++];
        if (entry->value)
            return entry;
    }
    return NULL;
}

void waldo__map_free(waldo__map *map)
{
    free(map->entries);
    *map = (waldo__map){0};
}
