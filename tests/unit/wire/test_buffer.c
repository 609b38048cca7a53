#include <criterion/criterion.h>
#include <stdint.h>

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
