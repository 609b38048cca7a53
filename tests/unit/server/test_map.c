/* The hash table, against a naive one. */
#include "map.h"

#include <criterion/criterion.h>
#include <string.h>

enum { KEYS = 40 };

/* With a seed that is known, so that keys can be found that collide. */
#define MULTIPLIER UINT64_C(0x9E3779B97F4A7C15)
#define SEEDED ((waldo__map){.seed = {0, MULTIPLIER}})

typedef struct thing {
    uint64_t key;
} thing;

static uint64_t key_of(const void *value)
{
    return ((const thing *)value)->key;
}

/* All keys and what they stand for; NULL: not there. */
typedef struct model {
    uint64_t keys[KEYS];
    void *values[KEYS];
    size_t count;
} model;

static uint64_t random_number(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void assert_equal(const model *wanted, const waldo__map *map)
{
    cr_assert_eq(map->count, wanted->count);
    for (size_t i = 0; i < KEYS; i++)
        cr_assert_eq(waldo__map_get(map, wanted->keys[i]), wanted->values[i], "key %zu", i);
}

static void assert_walk_is_complete(const model *wanted, const waldo__map *map)
{
    size_t position = 0, seen = 0;

    for (waldo__map_entry entry; (entry = waldo__map_next(map, &position)).value; seen++) {
        size_t i = 0;
        while (wanted->keys[i] != entry.key)
            i++;
        cr_assert_lt(i, KEYS);
        cr_assert_eq(entry.value, wanted->values[i]);
    }
    cr_assert_eq(seen, wanted->count);
}

static void change(model *wanted, waldo__map *map, size_t i, void *value)
{
    if (!wanted->values[i] && value)
        wanted->count++;
    if (wanted->values[i] && !value)
        wanted->count--;
    if (value)
        cr_assert(waldo__map_set(map, wanted->keys[i], value));
    else
        cr_assert_eq(waldo__map_remove(map, wanted->keys[i]), wanted->values[i]);
    wanted->values[i] = value;
}

/* At most `most` of the keys at a time, so that the table stays as small, and its runs as long, as
 * they can be. */
static void compare_one(model *wanted, size_t most, uint64_t seed, bool values_know)
{
    static thing things[KEYS][2];
    waldo__map map = SEEDED;
    uint64_t state = seed;

    map.key_of = values_know ? key_of : NULL;
    for (int step = 0; step < 20000; step++) {
        uint64_t number = random_number(&state);
        size_t i = number % KEYS;
        bool add = (number >> 32) % 2 == 0 && (wanted->count < most || wanted->values[i]);
        thing *value = &things[i][(number >> 40) % 2];
        value->key = wanted->keys[i];
        change(wanted, &map, i, add ? value : NULL);
        assert_equal(wanted, &map);
        if (step % 64 == 0)
            assert_walk_is_complete(wanted, &map);
    }
    waldo__map_free(&map);
}

/* As both kinds of tables. */
static void compare(const model *keys, size_t most, uint64_t seed)
{
    for (int kind = 0; kind < 2; kind++) {
        model wanted = *keys;
        compare_one(&wanted, most, seed, kind == 1);
    }
}

Test(map, consecutive_keys)
{
    for (size_t most = 1; most <= KEYS; most += 3) {
        model wanted = {.count = 0};
        for (size_t i = 0; i < KEYS; i++)
            wanted.keys[i] = i;
        compare(&wanted, most, 1000 + most);
    }
}

__extension__ typedef unsigned __int128 wide;

/* Where a key wants to be in the smallest table; as map.c has it. */
static size_t home(uint64_t key)
{
    wide product = (wide)key * MULTIPLIER;
    return (size_t)(product ^ (product >> 64)) & 15;
}

/* Keys that want only the last two places and the first: runs that go around the end. */
Test(map, keys_that_collide_at_the_end_of_the_table)
{
    model wanted = {.count = 0};
    uint64_t key = 0;

    for (size_t i = 0; i < KEYS; key++)
        if (home(key) >= 14 || home(key) == 0)
            wanted.keys[i++] = key;
    compare(&wanted, 12, 7);
}

Test(map, keys_that_all_collide)
{
    model wanted = {.count = 0};
    uint64_t key = 0;

    for (size_t i = 0; i < KEYS; key++)
        if (home(key) == 9)
            wanted.keys[i++] = key;
    compare(&wanted, 12, 8);
}

/* Every entry of a run, removed from the middle of it. */
Test(map, removal_in_the_middle_of_a_run)
{
    enum { RUN = 10 };
    uint64_t keys[RUN];
    size_t found = 0;

    for (uint64_t key = 1; found < RUN; key++)
        if (home(key) == 12)
            keys[found++] = key;
    for (size_t gone = 0; gone < RUN; gone++) {
        waldo__map map = SEEDED;
        for (size_t i = 0; i < RUN; i++)
            cr_assert(waldo__map_set(&map, keys[i], &keys[i]));
        cr_assert_eq(waldo__map_remove(&map, keys[gone]), &keys[gone]);
        cr_assert_null(waldo__map_remove(&map, keys[gone]));
        for (size_t i = 0; i < RUN; i++)
            cr_assert_eq(waldo__map_get(&map, keys[i]), i == gone ? NULL : &keys[i]);
        waldo__map_free(&map);
    }
}

/* Who chooses keys cannot know where they go. */
Test(map, each_has_a_seed_of_its_own)
{
    waldo__map one = {0}, other = {0};
    int value;

    cr_assert(waldo__map_set(&one, 1, &value) && waldo__map_set(&other, 1, &value));
    cr_assert_neq(one.seed[0], other.seed[0]);
    cr_assert_neq(one.seed[1], other.seed[1]);
    waldo__map_free(&one);
    waldo__map_free(&other);
}

Test(map, every_key_is_a_key)
{
    static const uint64_t keys[] = {0, 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63};
    waldo__map map = {0};
    int value;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        cr_assert_null(waldo__map_get(&map, keys[i]));
        cr_assert(waldo__map_set(&map, keys[i], &value));
        cr_assert_eq(waldo__map_get(&map, keys[i]), &value);
        cr_assert_eq(waldo__map_remove(&map, keys[i]), &value);
        cr_assert_eq(map.count, 0);
    }
    waldo__map_free(&map);
}

Test(map, set_replaces)
{
    waldo__map map = {0};
    int first, second;

    cr_assert(waldo__map_set(&map, 5, &first));
    cr_assert(waldo__map_set(&map, 5, &second));
    cr_assert_eq(map.count, 1);
    cr_assert_eq(waldo__map_get(&map, 5), &second);
    waldo__map_free(&map);
}

Test(map, an_empty_one_answers_too)
{
    waldo__map map = {0};
    size_t position = 0;

    cr_assert_null(waldo__map_get(&map, 1));
    cr_assert_null(waldo__map_remove(&map, 1));
    cr_assert_null(waldo__map_next(&map, &position).value);
    waldo__map_free(&map);
}

Test(map, many)
{
    enum { MANY = 100000 };
    static char values[MANY];
    waldo__map map = {0};

    for (uint64_t i = 0; i < MANY; i++)
        cr_assert(waldo__map_set(&map, i, &values[i]));
    for (uint64_t i = 0; i < MANY; i += 2)
        cr_assert_eq(waldo__map_remove(&map, i), &values[i]);
    cr_assert_eq(map.count, MANY / 2);
    for (uint64_t i = 0; i < MANY; i++)
        cr_assert_eq(waldo__map_get(&map, i), i % 2 ? &values[i] : NULL);
    waldo__map_free(&map);
    cr_assert(waldo__map_set(&map, 1, values), "usable after free");
    waldo__map_free(&map);
}
