#include "unit/value/support.h"

#include "value/table.h"

/* Against a plain array of what should be there. */
#define KEYS 1000

static uint64_t state = 7;

static unsigned below(unsigned limit)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % limit;
}

static waldo_value *keys[KEYS];
static bool present[KEYS];

static waldo__entry *find(waldo__table *table, unsigned number, uint64_t hash)
{
    return waldo__table_find(table, keys[number], hash);
}

static void step(waldo__table *table, unsigned number, uint64_t hash)
{
    waldo__entry *entry = find(table, number, hash);
    cr_assert_eq(entry != NULL, present[number]);
    if (!entry) {
        cr_assert(waldo__table_add(table, waldo_value_ref(keys[number]), hash, NULL));
    } else {
        waldo_value_unref(entry->key);
        waldo__table_remove(table, entry);
    }
    present[number] = !present[number];
}

static void check_all(waldo__table *table, uint64_t hash_mask)
{
    size_t count = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        count += present[i];
        cr_assert_eq(find(table, i, i & hash_mask) != NULL, present[i]);
    }
    cr_assert_eq(table->count, count);
    size_t position = 0;
    while (waldo__table_next(table, &position))
        count--;
    cr_assert_eq(count, 0);
}

static void run(uint64_t hash_mask, int steps)
{
    waldo__table table = {0};
    for (unsigned i = 0; i < KEYS; i++) {
        keys[i] = waldo_v((int)i);
        present[i] = false;
    }
    for (int i = 0; i < steps; i++) {
        unsigned number = below(i % 100 < 50 ? KEYS : 20);
        step(&table, number, number & hash_mask);
        if (i % 1000 == 0)
            check_all(&table, hash_mask);
    }
    check_all(&table, hash_mask);
    size_t position = 0;
    for (waldo__entry *entry; (entry = waldo__table_next(&table, &position));)
        waldo_value_unref(entry->key);
    waldo__table_free(&table);
    for (unsigned i = 0; i < KEYS; i++)
        waldo_value_unref(keys[i]);
}

Test(table, agrees_with_an_array)
{
    run(UINT64_MAX, 100000);
}

Test(table, agrees_when_hashes_collide)
{
    run(7, 5000);
    run(0, 2000);
}

Test(table, a_queue_of_keys_stays_small)
{
    waldo__table table = {0};
    for (int i = 0; i < 100000; i++) {
        cr_assert(waldo__table_add(&table, waldo_v(i), (uint64_t)i * 0x9e3779b97f4a7c15ULL, NULL));
        if (i < 3)
            continue;
        size_t position = 0;
        waldo__entry *oldest = waldo__table_next(&table, &position);
        waldo_value_unref(oldest->key);
        waldo__table_remove(&table, oldest);
    }
    cr_assert_eq(table.count, 3);
    cr_assert_leq(table.slots, 16);
    for (waldo__entry *entry; (entry = waldo__table_last(&table));) {
        waldo_value_unref(entry->key);
        waldo__table_remove(&table, entry);
    }
    waldo__table_free(&table);
}

Test(table, memory_for_a_million_is_cpythons)
{
    waldo__table table = {0};
    for (int i = 0; i < 1000000; i++)
        cr_assert(waldo__table_add(&table, waldo_v(1), (uint64_t)i * 0x9e3779b97f4a7c15ULL, NULL));
    size_t bytes = table.capacity * sizeof(waldo__entry) + table.slots * sizeof(int32_t);
    cr_assert_leq(bytes, 41943040, "%zu", bytes);
    waldo__table_free(&table);
}
