/* A hash table that keeps insertion order: entries in a row, and an index of positions over them,
 * as CPython's dicts have it. It owns a reference to each key and value. All zero is empty. */
#ifndef WALDO_RUNTIME_VALUE_TABLE_H
#define WALDO_RUNTIME_VALUE_TABLE_H

#include <waldo/value.h>

typedef struct waldo__entry {
    uint64_t hash;
    waldo_value *key;   /* NULL: removed */
    waldo_value *value; /* NULL in a set */
} waldo__entry;

typedef struct waldo__table {
    waldo__entry *entries; /* capacity of them, then the index: `slots` positions, -1 for none */
    int32_t *index;
    uint32_t slots; /* a power of two, or 0 */
    uint32_t capacity;
    uint32_t used; /* entries in use or removed */
    uint32_t count;
} waldo__table;

/* The entry of key, which has that hash, or NULL. */
waldo__entry *waldo__table_find(const waldo__table *table, const waldo_value *key, uint64_t hash);
/* Adds a key that is not there. TAKES key and value. false: out of memory. */
bool waldo__table_add(waldo__table *table, waldo_value *key, uint64_t hash, waldo_value *value);
/* Takes an entry out; its key and value are now the caller's. */
void waldo__table_remove(waldo__table *table, waldo__entry *entry);
/* Gives the newest entry the position, and those from there on the next one each. Walks over the
 * whole index. */
void waldo__table_move_last(waldo__table *table, uint32_t position);
/* The newest entry, or NULL. */
waldo__entry *waldo__table_last(waldo__table *table);
/* The first entry at *position or after it, which is moved behind it; NULL at the end. */
waldo__entry *waldo__table_next(const waldo__table *table, size_t *position);
/* Room for count entries. */
bool waldo__table_reserve(waldo__table *table, size_t count);
/* Frees the memory, not the keys and values. */
void waldo__table_free(waldo__table *table);

#endif
