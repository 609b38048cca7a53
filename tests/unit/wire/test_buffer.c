#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "wire/buffer.h"

Test(buffer, grows_and_keeps_what_it_has)
{
    waldo__buffer buffer = {0};

    for (unsigned i = 0; i < 100000; i++) {
        uint8_t byte = (uint8_t)i;
        cr_assert(waldo__buffer_append(&buffer, &byte, 1));
    }
    cr_assert_eq(buffer.size, (size_t)100000);
    for (unsigned i = 0; i < 100000; i++)
        cr_assert_eq(buffer.data[i], (uint8_t)i);
    waldo__buffer_free(&buffer);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer.capacity, (size_t)0);
}

Test(buffer, reserving_never_shrinks)
{
    waldo__buffer buffer = {0};

    cr_assert(waldo__buffer_reserve(&buffer, 500));
    uint8_t *data = buffer.data;
    cr_assert(waldo__buffer_reserve(&buffer, 10));
    cr_assert_eq(buffer.capacity, (size_t)500);
    cr_assert_eq(buffer.data, data);
    waldo__buffer_free(&buffer);
}

Test(buffer, appending_nothing_needs_no_memory)
{
    waldo__buffer buffer = {0};

    cr_assert(waldo__buffer_append(&buffer, NULL, 0));
    cr_assert_null(buffer.data);
    waldo__buffer_free(&buffer);
}

Test(buffer, what_is_impossible_leaves_it_as_it_was)
{
    waldo__buffer buffer = {0};

    cr_assert(waldo__buffer_append(&buffer, "abc", 3));
    cr_assert_not(waldo__buffer_append(&buffer, "x", SIZE_MAX - 1));
    cr_assert_eq(buffer.size, (size_t)3);
    cr_assert_arr_eq(buffer.data, "abc", 3);
    waldo__buffer_free(&buffer);
}

/* ---- spare memory ---- */

enum { KIB = 1024 };

static uint8_t *freed(size_t capacity)
{
    waldo__buffer buffer = {0};

    cr_assert(waldo__buffer_reserve(&buffer, capacity));
    uint8_t *data = buffer.data;
    waldo__buffer_free(&buffer);
    return data;
}

Test(buffer, large_memory_serves_the_next_one)
{
    waldo__buffer buffer = {0}, small = {0};
    uint8_t *data = freed(300 * KIB);

    cr_assert(waldo__buffer_append(&small, "ab", 2));
    cr_assert_not(waldo__buffer_reserve_spare(&buffer, 301 * KIB));
    cr_assert_not(waldo__buffer_reserve_spare(&buffer, KIB), "for large ones");
    cr_assert(waldo__buffer_reserve_spare(&small, 200 * KIB));
    cr_assert_eq(small.data, data);
    cr_assert_eq(small.capacity, (size_t)300 * KIB);
    cr_assert_eq(small.size, (size_t)2);
    cr_assert_arr_eq(small.data, "ab", 2);
    memset(small.data, 1, small.capacity);
    cr_assert_not(waldo__buffer_reserve_spare(&buffer, 200 * KIB), "it has one owner");
    waldo__buffer_free(&small);
    cr_assert(waldo__buffer_reserve(&buffer, 100 * KIB));
    cr_assert_eq(buffer.data, data);
    waldo__buffer_free(&buffer);
}

Test(buffer, large_memory_can_be_given_away)
{
    waldo__buffer buffer = {0}, next = {0};
    cr_assert(waldo__buffer_reserve(&buffer, 300 * KIB));
    memset(buffer.data, 'a', KIB);
    memset(buffer.data + KIB, 'b', 250 * KIB);
    buffer.size = 251 * KIB;
    cr_assert_null(waldo__buffer_give(&buffer, buffer.data + KIB, 63 * KIB), "few");
    cr_assert_null(waldo__buffer_give(&buffer, buffer.data + KIB, 224 * KIB), "not all of it");
    cr_assert_eq(buffer.size, 251 * KIB);
    uint8_t *memory = buffer.data;
    cr_assert_eq(waldo__buffer_give(&buffer, buffer.data + KIB, 250 * KIB), memory);
    cr_assert(!buffer.data && buffer.size == 0 && buffer.capacity == 0);
    for (size_t i = 0; i < 250 * KIB; i++)
        cr_assert_eq(memory[i], 'b');
    free(memory);
    /* The next one of that size may have as much at once; none may have more. */
    cr_assert_not(waldo__buffer_reserve_spare(&next, 301 * KIB));
    cr_assert_not(waldo__buffer_reserve_spare(&next, 64 * KIB), "much less");
    cr_assert(waldo__buffer_reserve_spare(&next, 300 * KIB));
    cr_assert_geq(next.capacity, 300 * KIB);
    cr_assert_not(waldo__buffer_reserve_spare(&buffer, 300 * KIB), "that one only");
    waldo__buffer_free(&next);
}

Test(buffer, the_largest_are_kept_but_none_that_is_huge)
{
    enum { FEW = 4 };
    waldo__buffer all[FEW + 2] = {{0}}, again = {0};

    for (size_t i = 0; i < FEW + 2; i++)
        cr_assert(waldo__buffer_reserve(&all[i], (100 + i) * KIB));
    cr_assert(waldo__buffer_reserve(&again, 5 * KIB * KIB));
    waldo__buffer_free(&again);
    for (size_t i = 0; i < FEW + 2; i++)
        waldo__buffer_free(&all[i]);
    for (size_t i = 0; i < FEW; i++) {
        cr_assert(waldo__buffer_reserve_spare(&all[i], 102 * KIB));
        cr_assert_lt(all[i].capacity, (size_t)106 * KIB);
    }
    cr_assert_not(waldo__buffer_reserve_spare(&again, 64 * KIB));
    for (size_t i = 0; i < FEW; i++)
        waldo__buffer_free(&all[i]);
}

Test(buffer, what_is_small_does_not_get_what_is_huge)
{
    waldo__buffer buffer = {0};

    freed(4 * KIB * KIB);
    cr_assert_not(waldo__buffer_reserve_spare(&buffer, 64 * KIB));
    cr_assert(waldo__buffer_reserve_spare(&buffer, KIB * KIB));
    waldo__buffer_free(&buffer);
}

/* Each fills what it has, and nobody else does; more in all than are kept, of many sizes. */
static void *take_turns(void *mark)
{
    enum { AT_ONCE = 3 };

    for (size_t i = 0; i < 2000; i++) {
        waldo__buffer buffers[AT_ONCE] = {{0}};
        for (size_t k = 0; k < AT_ONCE; k++) {
            size_t size = (64 + (7 * i + 13 * k) % 40) * KIB;
            cr_assert(waldo__buffer_reserve(&buffers[k], size));
            memset(buffers[k].data, *(uint8_t *)mark, size);
            cr_assert_eq(buffers[k].data[i % size], *(uint8_t *)mark);
            cr_assert_eq(memcmp(buffers[k].data, buffers[k].data + 1, size - 1), 0);
        }
        for (size_t k = 0; k < AT_ONCE; k++)
            waldo__buffer_free(&buffers[k]);
    }
    return NULL;
}

Test(buffer, threads_share_what_is_spare)
{
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    uint8_t marks[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        marks[i] = (uint8_t)i;
        cr_assert_eq(pthread_create(&threads[i], NULL, take_turns, &marks[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* Of all lengths around a piece, between places of any distance. */
Test(buffer, copies)
{
    enum { MOST = 3 * 2048 + 64 };
    static uint8_t source[MOST + 16], target[MOST + 32];

    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (uint8_t)(i % 251 + 1);
    for (size_t size = 0; size < MOST; size = size < 4 ? size + 1 : size + 509) {
        memset(target, 0, sizeof target);
        waldo__copy(target + size % 17, source + size % 13, size);
        cr_assert_eq(memcmp(target + size % 17, source + size % 13, size), 0, "%zu", size);
        cr_assert_eq(target[size % 17 + size], 0);
    }
}

static void *give_back(void *bytes)
{
    waldo__shared_bytes_unref(bytes);
    return NULL;
}

Test(buffer, shared_bytes_go_with_the_last_who_holds_them)
{
    enum { HOLDERS = 4 };
    waldo__buffer buffer = {0};
    pthread_t threads[HOLDERS];

    cr_assert(waldo__buffer_append(&buffer, "bytes", 5));
    const uint8_t *data = buffer.data;
    waldo__shared_bytes *bytes = waldo__buffer_share(&buffer);
    cr_assert_not_null(bytes);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer.capacity, (size_t)0);
    cr_assert_eq(bytes->buffer.data, data);
    for (int i = 0; i < HOLDERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, give_back, waldo__shared_bytes_ref(bytes)),
                     0);
    for (int i = 0; i < HOLDERS; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(memcmp(bytes->buffer.data, "bytes", 5), 0);
    waldo__shared_bytes_unref(bytes);
    waldo__shared_bytes_unref(NULL);
}
