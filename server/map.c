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

static waldo__map_entry entry_at(const waldo__map *map, size_t slot)
{
    if (!map->key_of)
        return map->entries[slot];
    void *value = map->values[slot];
    return (waldo__map_entry){value ? map->key_of(value) : 0, value};
}

static void put(waldo__map *map, size_t slot, waldo__map_entry entry)
{
    if (map->key_of)
        map->values[slot] = entry.value;
    else
        map->entries[slot] = entry;
}

/* What is there, or NULL, and where it is or would be. */
static void *find(const waldo__map *map, uint64_t key, size_t *ret_slot)
{
    if (map->capacity == 0)
        return NULL;
    size_t slot = slot_of(map, key);
    waldo__map_entry entry = entry_at(map, slot);
    while (entry.value && entry.key != key) {
        slot = (slot + 1) & (map->capacity - 1);
        entry = entry_at(map, slot);
    }
    *ret_slot = slot;
    return entry.value;
}

void *waldo__map_get(const waldo__map *map, uint64_t key)
{
    size_t slot;
    return find(map, key, &slot);
}

static bool grow(waldo__map *map)
{
    waldo__map bigger = *map;
    bigger.capacity = map->capacity == 0 ? MIN_CAPACITY : 2 * map->capacity;
    bigger.values =
        calloc(bigger.capacity, map->key_of ? sizeof *bigger.values : sizeof *bigger.entries);
    if (!bigger.values)
        return false;
    if (bigger.seed[1] == 0) {
        randombytes_buf(bigger.seed, sizeof bigger.seed);
        bigger.seed[1] |= 1;
    }
    size_t position = 0, slot = 0;
    for (waldo__map_entry entry; (entry = waldo__map_next(map, &position)).value;) {
        (void)find(&bigger, entry.key, &slot);
        put(&bigger, slot, entry);
    }
    free(map->values);
    *map = bigger;
    return true;
}

bool waldo__map_set(waldo__map *map, uint64_t key, void *value)
{
    waldo__map_entry entry = {key, value};
    size_t slot = 0;
    if (find(map, key, &slot)) {
        put(map, slot, entry);
        return true;
    }
    if (5 * (map->count + 1) > 4 * map->capacity) {
        if (!grow(map))
            return false;
        (void)find(map, key, &slot);
    }
    put(map, slot, entry);
    map->count++;
    return true;
}

/* Closes the gap at `hole`, so that every later entry of the run is still found. */
static void close_gap(waldo__map *map, size_t hole)
{
    size_t mask = map->capacity - 1;
    size_t slot = (hole + 1) & mask;
    for (waldo__map_entry entry; (entry = entry_at(map, slot)).value; slot = (slot + 1) & mask) {
        size_t home = slot_of(map, entry.key);
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            put(map, hole, entry);
            hole = slot;
        }
    }
    put(map, hole, (waldo__map_entry){0});
}

void *waldo__map_remove(waldo__map *map, uint64_t key)
{
    size_t slot = 0;
    void *value = find(map, key, &slot);
    if (value) {
        map->count--;
        close_gap(map, slot);
    }
    return value;
}

waldo__map_entry waldo__map_next(const waldo__map *map, size_t *position)
{
    while (*position < map->capacity) {
        waldo__map_entry entry = entry_at(map, (*position)++);
        if (entry.value)
            return entry;
    }
    return (waldo__map_entry){0};
}

void waldo__map_free(waldo__map *map)
{
    free(map->values);
    *map = (waldo__map){.key_of = map->key_of};
}
