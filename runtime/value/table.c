#include "value/table.h"

#include <stdlib.h>
#include <string.h>

#include "value/layout.h"

#define NO_ENTRY (-1)
#define SMALLEST 8u
#define MOST_SLOTS (1u << 30)

/* Two thirds of the slots, so that a search always meets a free one. */
static uint32_t capacity_of(uint32_t slots)
{
    return (uint32_t)((uint64_t)slots * 2 / 3);
}

static uint32_t slot_after(const waldo__table *table, uint32_t slot)
{
    return (slot + 1) & (table->slots - 1);
}

static bool allocate(waldo__table *table, uint32_t slots)
{
    size_t entry_bytes = capacity_of(slots) * sizeof(waldo__entry);
    waldo__entry *entries = malloc(entry_bytes + slots * sizeof(int32_t));
    if (!entries)
        return false;
    *table = (waldo__table){
        .entries = entries,
        .index = (int32_t *)((char *)entries + entry_bytes),
        .slots = slots,
        .capacity = capacity_of(slots),
    };
    memset(table->index, 0xff, slots * sizeof(int32_t));
    return true;
}

static void place(waldo__table *table, uint32_t position)
{
    uint32_t slot = (uint32_t)table->entries[position].hash & (table->slots - 1);
    while (table->index[slot] != NO_ENTRY)
        slot = slot_after(table, slot);
    table->index[slot] = (int32_t)position;
}

/* Moves to `slots` slots and leaves the removed entries behind. */
static bool rebuild(waldo__table *table, uint32_t slots)
{
    waldo__table bigger;
    if (!allocate(&bigger, slots))
        return false;
    for (uint32_t i = 0; i < table->used; i++) {
        if (!table->entries[i].key)
            continue;
        bigger.entries[bigger.used] = table->entries[i];
        place(&bigger, bigger.used++);
    }
    bigger.count = bigger.used;
    free(table->entries);
    *table = bigger;
    return true;
}

static bool resize(waldo__table *table, size_t wanted)
{
    uint32_t slots = SMALLEST;
    while (capacity_of(slots) < wanted) {
        if (slots >= MOST_SLOTS)
            return false;
        slots *= 2;
    }
    return rebuild(table, slots);
}

bool waldo__table_reserve(waldo__table *table, size_t count)
{
    return count <= table->capacity || resize(table, count);
}

static uint32_t find_slot(const waldo__table *table, const waldo_value *key, uint64_t hash)
{
    uint32_t slot = (uint32_t)hash & (table->slots - 1);
    for (;; slot = slot_after(table, slot)) {
        int32_t position = table->index[slot];
        if (position == NO_ENTRY)
            return slot;
        const waldo__entry *entry = &table->entries[position];
        if (entry->hash == hash &&
            (entry->key == key || waldo__equal(entry->key, key, 0, NULL) == 1))
            return slot;
    }
}

waldo__entry *waldo__table_find(const waldo__table *table, const waldo_value *key, uint64_t hash)
{
    if (table->count == 0)
        return NULL;
    int32_t position = table->index[find_slot(table, key, hash)];
    return position == NO_ENTRY ? NULL : &table->entries[position];
}

bool waldo__table_add(waldo__table *table, waldo_value *key, uint64_t hash, waldo_value *value)
{
    if (table->used == table->capacity &&
        !resize(table, table->count ? (size_t)table->count * 2 : 1)) {
        waldo_value_unref(key);
        waldo_value_unref(value);
        return false;
    }
    table->entries[table->used] = (waldo__entry){hash, key, value};
    place(table, table->used++);
    table->count++;
    return true;
}

/* The slot that holds a position which is in the table. */
static uint32_t slot_of(const waldo__table *table, uint32_t position)
{
    uint32_t slot = (uint32_t)table->entries[position].hash & (table->slots - 1);
    while (table->index[slot] != (int32_t)position)
        slot = slot_after(table, slot);
    return slot;
}

/* Empties a slot and moves later ones of its run back, so that every search still arrives. */
static void close_gap(waldo__table *table, uint32_t gap)
{
    uint32_t mask = table->slots - 1;
    for (uint32_t slot = slot_after(table, gap); table->index[slot] != NO_ENTRY;
         slot = slot_after(table, slot)) {
        uint32_t home = (uint32_t)table->entries[table->index[slot]].hash & mask;
        if (((slot - home) & mask) < ((slot - gap) & mask))
            continue;
        table->index[gap] = table->index[slot];
        gap = slot;
    }
    table->index[gap] = NO_ENTRY;
}

void waldo__table_remove(waldo__table *table, waldo__entry *entry)
{
    close_gap(table, slot_of(table, (uint32_t)(entry - table->entries)));
    entry->key = NULL;
    entry->value = NULL;
    table->count--;
    while (table->used > 0 && !table->entries[table->used - 1].key)
        table->used--;
}

void waldo__table_move_last(waldo__table *table, uint32_t position)
{
    uint32_t last = table->used - 1;
    waldo__entry moved = table->entries[last];
    memmove(&table->entries[position + 1], &table->entries[position],
            (last - position) * sizeof moved);
    table->entries[position] = moved;
    for (uint32_t slot = 0; slot < table->slots; slot++) {
        int32_t *place = &table->index[slot];
        if (*place == (int32_t)last)
            *place = (int32_t)position;
        else if (*place >= (int32_t)position)
            ++*place;
    }
}

waldo__entry *waldo__table_last(waldo__table *table)
{
    return table->count ? &table->entries[table->used - 1] : NULL;
}

waldo__entry *waldo__table_next(const waldo__table *table, size_t *position)
{
    while (*position < table->used) {
        waldo__entry *entry = &table->entries[(*position)++];
        if (entry->key)
            return entry;
    }
    return NULL;
}

void waldo__table_free(waldo__table *table)
{
    free(table->entries);
    *table = (waldo__table){0};
}
