#include <criterion/criterion.h>

#include "engine/routes.h"

static waldo__sp_route hops(uint32_t first, uint32_t id)
{
    waldo__sp_route route = {.size = 8};

    waldo__sp_put_word(route.bytes, first);
    waldo__sp_put_word(route.bytes + 4, id);
    return route;
}

Test(routes, a_plain_request_needs_nothing)
{
    waldo__routes routes = {0};
    waldo__sp_route route = waldo__sp_plain_route(0x80000005u);
    uint32_t id = 0;

    cr_assert(waldo__routes_keep(&routes, 1, &route, &id));
    cr_assert_eq(id, 0x80000005u);
    cr_assert_eq(routes.count, (size_t)0);
    cr_assert_null(routes.buckets);
    route = waldo__routes_take(&routes, 1, 0x80000005u);
    cr_assert_eq(route.size, (size_t)4);
}

Test(routes, the_same_id_twice_on_one_connection)
{
    waldo__routes routes = {0};
    waldo__sp_route one = hops(1, 0xffffffffu), two = hops(2, 0xffffffffu);
    uint32_t first, second, elsewhere;

    cr_assert(waldo__routes_keep(&routes, 1, &one, &first));
    cr_assert(waldo__routes_keep(&routes, 1, &two, &second));
    cr_assert(waldo__routes_keep(&routes, 2, &two, &elsewhere));
    cr_assert_eq(first, 0xffffffffu);
    cr_assert_neq(second, first);
    cr_assert(second & 0x80000000u);
    cr_assert_eq(elsewhere, 0xffffffffu);
    waldo__sp_route back = waldo__routes_take(&routes, 1, second);
    cr_assert_arr_eq(back.bytes, two.bytes, 8);
    back = waldo__routes_take(&routes, 1, first);
    cr_assert_arr_eq(back.bytes, one.bytes, 8);
    cr_assert_eq(waldo__routes_take(&routes, 1, first).size, (size_t)4, "it is forgotten");
    waldo__routes_free(&routes);
}

Test(routes, forgetting_a_connection)
{
    waldo__routes routes = {0};
    uint32_t id;

    for (uint32_t i = 0; i < 1000; i++) {
        waldo__sp_route route = hops(i, 0x80000000u | i);
        cr_assert(waldo__routes_keep(&routes, i % 2, &route, &id));
        cr_assert_eq(id, 0x80000000u | i);
    }
    waldo__routes_forget(&routes, 1);
    cr_assert_eq(routes.count, (size_t)500);
    for (uint32_t i = 0; i < 1000; i++)
        cr_assert_eq(waldo__routes_take(&routes, i % 2, 0x80000000u | i).size,
                     i % 2 == 0 ? (size_t)8 : (size_t)4);
    cr_assert_eq(routes.count, (size_t)0);
    waldo__routes_free(&routes);
}

Test(routes, the_oldest_makes_room)
{
    waldo__routes routes = {0};
    uint32_t id;

    for (uint32_t i = 0; i < WALDO__ROUTES_MOST + 10; i++) {
        waldo__sp_route route = hops(i, 0x80000000u | i);
        cr_assert(waldo__routes_keep(&routes, 1, &route, &id));
    }
    cr_assert_eq(routes.count, (size_t)WALDO__ROUTES_MOST);
    cr_assert_eq(waldo__routes_take(&routes, 1, 0x80000009u).size, (size_t)4);
    cr_assert_eq(waldo__routes_take(&routes, 1, 0x8000000au).size, (size_t)8);
    waldo__routes_free(&routes);
}
