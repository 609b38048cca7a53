/* Messages that leave together, and what is no bundle of them. */
#include <string.h>

#include <criterion/criterion.h>

#include "secure/bundle.h"

static waldo__bundled next_of(const uint8_t **data, size_t *size)
{
    waldo__bundled message;
    cr_assert(waldo__bundle_next(data, size, &message));
    return message;
}

static void expect(waldo__bundled message, uint32_t id, const char *text)
{
    cr_assert_eq(message.id, id);
    cr_assert_eq(message.size, strlen(text));
    cr_assert_eq(memcmp(message.data, text, message.size), 0);
}

static void add(waldo__buffer *bundle, uint32_t id, const char *text)
{
    cr_assert(waldo__bundle_append(bundle, id, (const uint8_t *)text, strlen(text)));
}

Test(bundle, messages_come_out_in_order)
{
    waldo__buffer bundle = {0};
    add(&bundle, 0x80000001, "first");
    add(&bundle, 0xfffffffe, "");
    add(&bundle, 7, "third");
    cr_assert(waldo__bundle_is_sound(bundle.data, bundle.size));
    const uint8_t *data = bundle.data;
    size_t size = bundle.size;
    expect(next_of(&data, &size), 0x80000001, "first");
    expect(next_of(&data, &size), 0xfffffffe, "");
    expect(next_of(&data, &size), 7, "third");
    waldo__bundled none;
    cr_assert_not(waldo__bundle_next(&data, &size, &none));
    cr_assert_eq(size, (size_t)0);
    waldo__buffer_free(&bundle);
}

Test(bundle, what_is_cut_or_followed_by_something_is_none)
{
    waldo__buffer bundle = {0};
    add(&bundle, 1, "first");
    size_t first = bundle.size;
    add(&bundle, 2, "second");
    for (size_t size = 0; size < bundle.size; size++)
        cr_assert_eq(waldo__bundle_is_sound(bundle.data, size), size == 0 || size == first, "%zu",
                     size);
    cr_assert(waldo__buffer_append(&bundle, "x", 1));
    cr_assert_not(waldo__bundle_is_sound(bundle.data, bundle.size));
    waldo__buffer_free(&bundle);
}

Test(bundle, a_length_that_is_a_lie_is_not_believed)
{
    const size_t lies[] = {6, 7, 1000, SIZE_MAX - 11, SIZE_MAX - 12, SIZE_MAX};
    waldo__buffer bundle = {0};
    add(&bundle, 1, "first");
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        waldo__bundle_put_head(bundle.data, 1, lies[i]);
        const uint8_t *data = bundle.data;
        size_t size = bundle.size;
        waldo__bundled none;
        cr_assert_not(waldo__bundle_is_sound(data, size));
        cr_assert_not(waldo__bundle_next(&data, &size, &none));
    }
    waldo__buffer_free(&bundle);
}

Test(bundle, there_is_a_longest_one)
{
    static uint8_t bytes[WALDO__BUNDLE_MOST];
    waldo__buffer bundle = {0};
    add(&bundle, 1, "");
    size_t rest = WALDO__BUNDLE_MOST - 2 * WALDO__BUNDLE_HEAD;
    cr_assert(waldo__bundle_append(&bundle, 2, bytes, rest));
    cr_assert(waldo__bundle_is_sound(bundle.data, bundle.size));
    bundle.size = WALDO__BUNDLE_HEAD;
    cr_assert(waldo__bundle_append(&bundle, 2, bytes, rest + 1));
    cr_assert_not(waldo__bundle_is_sound(bundle.data, bundle.size));
    waldo__buffer_free(&bundle);
}
