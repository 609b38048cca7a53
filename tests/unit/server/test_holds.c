#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <waldo/value_message.h>

#include "server_internal.h"
#include "value/reference.h"

/* A type whose objects count their ends. */

static atomic_int destroyed;

static void destroy(const void *ops, void *self)
{
    (void)ops;
    (void)self;
    atomic_fetch_add(&destroyed, 1);
}

static const waldo_service service = {.abi = WALDO_ABI, .name = "test.Thing", .destroy = destroy};
static char type_id[] = "Thing";
static waldo__habit habits[WALDO__HABIT_METHODS];
static const waldo__type type = {.type_id = type_id, .service = &service, .habits = habits};

static waldo_server *server;

static void set_up(void)
{
    const waldo_server_options options = {.authkey = "x", .authkey_size = 1, .transit = 0.5};
    cr_assert_eq(waldo_server_new(NULL, &options, &server, NULL), 0);
}

static void tear_down(void)
{
    waldo_server_free(server);
}

TestSuite(holds, .init = set_up, .fini = tear_down);

static uint64_t new_object(void)
{
    waldo__server_lock(server);
    waldo__object *object = waldo__object_new(server, &type, NULL, NULL);
    cr_assert_not_null(object);
    uint64_t id = object->id;
    waldo__server_unlock(server);
    return id;
}

/* Gives back the pin of a new object: from now on it lives by its references. */
static void let_go(uint64_t id)
{
    waldo__server_lock(server);
    waldo__object *object = waldo__map_get(&server->objects.by_id, id);
    waldo__object_unpin(object);
    waldo__server_unlock(server);
}

static bool is_there(uint64_t id)
{
    waldo__server_lock(server);
    bool there = waldo__map_get(&server->objects.by_id, id) != NULL;
    waldo__server_unlock(server);
    return there;
}

/* A value that arrived in the server, decoded while `holder`'s handler runs. */
static waldo_value *arrive(uint64_t incarnation, uint64_t id, uint64_t ticket, uint64_t holder)
{
    Waldo__Ref ref = WALDO__REF__INIT;
    Waldo__Value message = WALDO__VALUE__INIT;
    waldo_value *value = NULL;
    ref.incarnation = incarnation;
    ref.object = id;
    ref.ticket = ticket;
    ref.typeid_ = type_id;
    message.kind_case = WALDO__VALUE__KIND_REF;
    message.ref = &ref;
    waldo__holds_set_holder(holder, 0);
    cr_assert_eq(waldo_value_from_message(&message, &value, NULL), 0);
    waldo__holds_set_holder(0, 0);
    return value;
}

static uint64_t new_ticket(uint64_t id)
{
    waldo__server_lock(server);
    uint64_t ticket = waldo__ticket_new(server, waldo__map_get(&server->objects.by_id, id), 1);
    waldo__server_unlock(server);
    cr_assert_neq(ticket, 0);
    return ticket;
}

static bool redeem(uint64_t ticket, uint64_t id)
{
    waldo__server_lock(server);
    bool redeemed = waldo__ticket_redeem(server, ticket, id);
    waldo__server_unlock(server);
    return redeemed;
}

Test(holds, a_value_holds_what_it_names)
{
    uint64_t id = new_object();
    waldo_value *one = arrive(server->incarnation, id, 0, 0);
    waldo_value *two = arrive(server->incarnation, id, 0, 0);
    let_go(id);
    waldo_value_unref(one);
    cr_assert(is_there(id));
    waldo_value_unref(two);
    cr_assert(!is_there(id));
}

Test(holds, a_copy_of_the_value_is_no_second_hold)
{
    uint64_t id = new_object();
    waldo_value *value = waldo_value_ref(arrive(server->incarnation, id, 0, 0));
    let_go(id);
    waldo_value_unref(value);
    cr_assert(is_there(id));
    waldo_value_unref(value);
    cr_assert(!is_there(id));
}

Test(holds, values_of_other_servers_and_of_no_object)
{
    uint64_t id = new_object();
    waldo_value *elsewhere = arrive(server->incarnation + 1, id, 0, 0);
    waldo_value *nothing = arrive(server->incarnation, id + 1, 0, 0);
    let_go(id);
    cr_assert(!is_there(id));
    waldo_value_unref(elsewhere);
    waldo_value_unref(nothing);
}

Test(holds, a_ticket_is_good_once_and_for_its_object)
{
    uint64_t id = new_object(), other = new_object();
    uint64_t ticket = new_ticket(id);
    let_go(id);
    cr_assert(!redeem(ticket, other));
    cr_assert(!redeem(0, id));
    cr_assert(is_there(id));
    cr_assert(redeem(ticket, id));
    cr_assert(!redeem(ticket, id));
    cr_assert(!is_there(id));
    let_go(other);
}

Test(holds, a_value_takes_the_place_of_its_ticket)
{
    uint64_t id = new_object();
    uint64_t ticket = new_ticket(id);
    waldo_value *value = arrive(server->incarnation, id, ticket, 0);
    let_go(id);
    cr_assert(!redeem(ticket, id));
    cr_assert_eq(waldo__value_reference(value)->ticket, 0);
    waldo_value_unref(value);
    cr_assert(!is_there(id));
}

Test(holds, tickets_expire)
{
    uint64_t id = new_object();
    new_ticket(id);
    let_go(id);
    cr_assert_gt(waldo__tickets_expire(server), 0);
    cr_assert(is_there(id));
    struct timespec transit = {.tv_nsec = 600 * 1000 * 1000};
    while (nanosleep(&transit, &transit) < 0)
        ;
    (void)waldo__tickets_expire(server);
    cr_assert(!is_there(id));
    cr_assert_eq(waldo__tickets_expire(server), 0);
}

/* ---- cycles ---- */

static waldo__buffer text;

static const char *report(void)
{
    text.size = 0;
    cr_assert(waldo__holds_report_cycles(server, &text));
    cr_assert(waldo__buffer_append(&text, "", 1));
    return (const char *)text.data;
}

Test(holds, cycles)
{
    uint64_t one = new_object(), two = new_object(), three = new_object();
    waldo_value *to_two = arrive(server->incarnation, two, 0, one);
    waldo_value *to_three = arrive(server->incarnation, three, 0, two);
    cr_assert_str_eq(report(), "");
    waldo_value *to_one = arrive(server->incarnation, one, 0, three);
    cr_assert_not_null(strstr(report(), "cycle:"));
    cr_assert_null(strstr(strstr(report(), "cycle:") + 1, "cycle:"), "%s", report());
    waldo_value_unref(to_one);
    cr_assert_str_eq(report(), "");
    waldo_value *to_itself = arrive(server->incarnation, one, 0, one);
    cr_assert_not_null(strstr(report(), "cycle:"));
    waldo_value_unref(to_itself);
    waldo_value_unref(to_three);
    waldo_value_unref(to_two);
    let_go(one);
    let_go(two);
    let_go(three);
    waldo__buffer_free(&text);
}

/* One cycle through all of them, where each holds the next one twice. */
Test(holds, a_cycle_of_many)
{
    enum { MANY = 20000 };
    static uint64_t ids[MANY];
    static waldo_value *values[2 * MANY];
    for (size_t i = 0; i < MANY; i++)
        ids[i] = new_object();
    for (size_t i = 0; i < 2 * (size_t)MANY; i++)
        values[i] = arrive(server->incarnation, ids[(i + 1) % MANY], 0, ids[i % MANY]);
    cr_assert_not_null(strstr(report(), "cycle:"));
    cr_assert_null(strstr(strstr(report(), "cycle:") + 1, "cycle:"));
    for (size_t i = 0; i < 2 * (size_t)MANY; i++)
        waldo_value_unref(values[i]);
    cr_assert_str_eq(report(), "");
    for (size_t i = 0; i < MANY; i++)
        let_go(ids[i]);
    waldo__buffer_free(&text);
}

/* More cycles than anybody would read. */
Test(holds, many_cycles)
{
    enum { MANY = 300, SHOWN = 100 };
    uint64_t ids[MANY];
    waldo_value *values[MANY];
    size_t shown = 0;
    for (size_t i = 0; i < MANY; i++) {
        ids[i] = new_object();
        values[i] = arrive(server->incarnation, ids[i], 0, ids[i]);
    }
    for (const char *at = report(); (at = strstr(at, "cycle:")) != NULL; at++)
        shown++;
    cr_assert_eq(shown, SHOWN);
    for (size_t i = 0; i < MANY; i++) {
        waldo_value_unref(values[i]);
        let_go(ids[i]);
    }
    waldo__buffer_free(&text);
}

Test(holds, no_more_references_than_can_be_counted)
{
    uint64_t id = new_object();
    waldo__server_lock(server);
    waldo__object *object = waldo__map_get(&server->objects.by_id, id);
    cr_assert(waldo__object_reference(object));
    object->references = UINT32_MAX;
    cr_assert_not(waldo__object_reference(object));
    cr_assert_eq(waldo__ticket_new(server, object, 1), 0);
    cr_assert_eq(object->references, UINT32_MAX);
    object->references = 1;
    waldo__object_unreference(object, 1);
    waldo__server_unlock(server);
    let_go(id);
}

/* The last values go with the server, or after it. */
Test(holds, objects_that_are_left)
{
    new_ticket(new_object());
    waldo_server_free(server);
    cr_assert_eq(destroyed, 1);
    set_up();
}
