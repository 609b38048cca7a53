#include <criterion/criterion.h>

#include "types/queue_items.h"

static waldo__items numbers(int count)
{
    waldo__items items = {0};
    for (int i = 1; i <= count; i++) {
        cr_assert(waldo__items_add(&items, waldo_v(i)));
        items.last->place = (uint64_t)i;
    }
    return items;
}

static void expect_places(const waldo__items *items, const char *expected)
{
    char text[64] = "";
    size_t count = 0;
    const waldo__item *last = NULL;
    for (const waldo__item *item = items->first; item; item = item->next) {
        text[count++] = (char)('0' + item->place);
        last = item;
    }
    cr_assert_str_eq(text, expected);
    cr_assert_eq(items->count, count);
    cr_assert_eq(items->last, last);
}

Test(queue_items, first_in_first_out)
{
    waldo__items items = numbers(2);
    waldo__item *first = waldo__items_pop(&items);
    expect_places(&items, "2");
    waldo__items_append(&items, first);
    expect_places(&items, "21");
    waldo__items_free(&items);
    expect_places(&items, "");
    cr_assert_null(waldo__items_pop(&items));
}

Test(queue_items, no_value_is_no_item)
{
    waldo__items items = {0};
    cr_assert_not(waldo__items_add(&items, NULL));
    expect_places(&items, "");
}

Test(queue_items, cut_and_join)
{
    waldo__items items = numbers(5);
    waldo__items front = waldo__items_cut(&items, 2);
    expect_places(&front, "12");
    expect_places(&items, "345");
    waldo__items_join(&items, &front);
    expect_places(&items, "34512");
    expect_places(&front, "");
    waldo__items_join(&items, &front);
    expect_places(&items, "34512");
    front = waldo__items_cut(&items, 99);
    expect_places(&front, "34512");
    expect_places(&items, "");
    waldo__items_join(&items, &front);
    expect_places(&items, "34512");
    waldo__items_free(&items);
}

Test(queue_items, back_to_its_place)
{
    waldo__items items = numbers(5);
    waldo__items front = waldo__items_cut(&items, 3);
    waldo__item *taken[3];
    for (int i = 0; i < 3; i++)
        taken[i] = waldo__items_pop(&front);
    waldo__items_insert(&items, taken[1]);
    expect_places(&items, "245");
    waldo__items_insert(&items, taken[2]);
    waldo__items_insert(&items, taken[0]);
    expect_places(&items, "12345");
    front = waldo__items_cut(&items, 4);
    waldo__items last = items;
    items = front;
    waldo__items_insert(&items, waldo__items_pop(&last));
    expect_places(&items, "12345");
    waldo__items_free(&items);
    waldo__item *only = (front = numbers(1), waldo__items_pop(&front));
    waldo__items_insert(&items, only);
    expect_places(&items, "1");
    waldo__items_free(&items);
}
