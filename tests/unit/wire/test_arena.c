/* Memory of one call. */
#include "wire/arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "waldo/wire.pb-c.h"

Test(arena, pieces_are_aligned_and_apart)
{
    enum { PIECES = 2000 };
    waldo__arena arena;
    unsigned char *pieces[PIECES];

    waldo__arena_init(&arena);
    for (size_t i = 0; i < PIECES; i++) {
        size_t size = i * 7 % 300;
        pieces[i] = waldo__arena_alloc(&arena, size);
        cr_assert_not_null(pieces[i]);
        cr_assert_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xFF), size);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < i * 7 % 300; k++)
            cr_assert_eq(pieces[i][k], i & 0xFF);
    waldo__arena_free(&arena);
}

Test(arena, pieces_beyond_a_block)
{
    waldo__arena arena;

    waldo__arena_init(&arena);
    char *small = waldo__arena_alloc(&arena, 10);
    char *large = waldo__arena_alloc(&arena, (size_t)1 << 20);
    char *after = waldo__arena_alloc(&arena, 10);
    cr_assert(small && large && after);
    memset(small, 's', 10);
    memset(large, 'l', (size_t)1 << 20);
    memset(after, 'a', 10);
    cr_assert_eq(small[9], 's');
    cr_assert_eq(large[(1 << 20) - 1], 'l');
    waldo__arena_free(&arena);
}

Test(arena, absurd_sizes_are_refused)
{
    waldo__arena arena;

    waldo__arena_init(&arena);
    /* Those that its own sums would overflow; the others malloc() refuses. */
    for (size_t less = 0; less < 32; less++)
        cr_assert_null(waldo__arena_alloc(&arena, SIZE_MAX - less), "%zu", less);
    cr_assert_not_null(waldo__arena_alloc(&arena, 1), "still usable");
    waldo__arena_free(&arena);
}

Test(arena, strdup_copies)
{
    waldo__arena arena;
    char text[] = "text";

    waldo__arena_init(&arena);
    char *copy = waldo__arena_strdup(&arena, text);
    char *empty = waldo__arena_strdup(&arena, "");
    text[0] = 'n';
    cr_assert_str_eq(copy, "text");
    cr_assert_str_eq(empty, "");
    waldo__arena_free(&arena);
}

Test(arena, free_leaves_an_empty_one)
{
    waldo__arena arena;

    waldo__arena_init(&arena);
    waldo__arena_free(&arena);
    cr_assert_not_null(waldo__arena_alloc(&arena, 5000));
    waldo__arena_free(&arena);
    waldo__arena_free(&arena);
    cr_assert_null(arena.blocks);
}

Test(arena, protobuf_unpacks_into_it)
{
    waldo__arena arena;
    Waldo__Wire__Text text = WALDO__WIRE__TEXT__INIT;
    uint8_t bytes[64];

    waldo__arena_init(&arena);
    text.text = (char *)"words";
    size_t size = waldo__wire__text__pack(&text, bytes);
    Waldo__Wire__Text *unpacked = waldo__wire__text__unpack(&arena.allocator, size, bytes);
    cr_assert_not_null(unpacked);
    cr_assert_str_eq(unpacked->text, "words");
    /* Frees nothing: the arena does. */
    waldo__wire__text__free_unpacked(unpacked, &arena.allocator);
    waldo__arena_free(&arena);
}
