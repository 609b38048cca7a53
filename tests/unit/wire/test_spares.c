#include <criterion/criterion.h>
#include <string.h>

#include "wire/poison.h"
#include "wire/spares.h"

enum { MANY = 200, MOST_KEPT = 128, SHORT = 100, LONG = 4096 };

typedef struct thing {
    void *first; /* the spares' while nobody has it */
    int number;
    waldo__buffer buffer;
} thing;

static unsigned ended;

static void end(void *block)
{
    thing *one = block;
    waldo__buffer_free(&one->buffer);
    ended++;
}

static thing *take(waldo__spares *spares)
{
    thing *one = waldo__spares_take(spares);
    cr_assert_not_null(one);
    return one;
}

Test(spares, what_is_given_comes_back_as_it_was)
{
    waldo__spares spares;
    waldo__spares_init(&spares, sizeof(thing), end);
    thing *one = take(&spares);
    cr_assert_eq(one->number, 0);
    cr_assert_null(one->buffer.data);
    one->number = 7;
    cr_assert(waldo__buffer_append(&one->buffer, "text", 5));
    waldo__spares_trim(&one->buffer);
    waldo__spares_give(&spares, one);

    thing *again = take(&spares), *fresh = take(&spares);
    cr_assert_eq(again, one);
    cr_assert_eq(again->number, 7);
    cr_assert_eq(again->buffer.size, (size_t)0);
    cr_assert(WALDO__POISONS || strcmp((const char *)again->buffer.data, "text") == 0);
    cr_assert_eq(fresh->number, 0);
    cr_assert_eq(ended, 0u);
    waldo__spares_give(&spares, again);
    waldo__spares_give(&spares, fresh);
    waldo__spares_free(&spares);
    cr_assert_eq(ended, 2u);
}

Test(spares, more_than_are_kept_are_ended)
{
    static thing *things[MANY];
    waldo__spares spares;
    waldo__spares_init(&spares, sizeof(thing), end);
    for (int i = 0; i < MANY; i++) {
        things[i] = take(&spares);
        cr_assert(waldo__buffer_reserve(&things[i]->buffer, SHORT));
    }
    for (int i = 0; i < MANY; i++)
        waldo__spares_give(&spares, things[i]);
    cr_assert_eq(ended, (unsigned)(MANY - MOST_KEPT));
    waldo__spares_free(&spares);
    cr_assert_eq(ended, (unsigned)MANY);
}

Test(spares, a_long_buffer_is_not_kept)
{
    waldo__buffer buffer = {0};
    cr_assert(waldo__buffer_reserve(&buffer, SHORT));
    waldo__spares_trim(&buffer);
    cr_assert_neq(buffer.data == NULL, !WALDO__POISONS);
    cr_assert(waldo__buffer_reserve(&buffer, LONG));
    waldo__spares_trim(&buffer);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer.capacity, (size_t)0);
}
