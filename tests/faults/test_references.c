/* What holds an object: sessions, and values inside other objects. */
#include <stdlib.h>
#include <string.h>

#include <waldo/value_message.h>

#include "support.h"

static server host;
static waldo_manager *manager;
static uint64_t objects_before;

static const char *const options[] = {"--transit", "0.3", NULL};

static void set_up(void)
{
    /* Freed memory is to be seen as freed. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);
    start_server(&host, options);
    manager = connect_to(&host, host.urls[0]);
    objects_before = number_of_objects(manager);
}

static void tear_down(void)
{
    waldo_manager_unref(manager);
    stop_server(&host);
}

TestSuite(references, .init = set_up, .fini = tear_down);

/* TAKES value. */
static void put(faults_box *box, const char *key, waldo_value *value)
{
    Faults__Entry entry = FAULTS__ENTRY__INIT;
    entry.key = (char *)key;
    OK(waldo_value_to_message(value, NULL, &entry.value, &error));
    OK(faults_box_put(box, &entry, &error));
    waldo__value__free_unpacked(entry.value, NULL);
    waldo_value_unref(value);
}

static void put_proxy(faults_box *box, const char *key, faults_box *inner)
{
    waldo_value *value = NULL;
    OK(waldo_proxy_to_value(faults_box_proxy(inner), &value, &error));
    put(box, key, value);
}

static void remove_key(faults_box *box, const char *name)
{
    Faults__Key key = FAULTS__KEY__INIT;
    key.key = (char *)name;
    OK(faults_box_remove(box, &key, &error));
}

static waldo_value *get(faults_box *box, const char *name)
{
    Faults__Key key = FAULTS__KEY__INIT;
    Waldo__Value *message = NULL;
    waldo_value *value = NULL;
    key.key = (char *)name;
    OK(faults_box_get(box, &key, &message, &error));
    OK(waldo_value_from_message(message, &value, &error));
    waldo__value__free_unpacked(message, NULL);
    return value;
}

static faults_box *get_proxy(faults_box *box, const char *name)
{
    waldo_value *value = get(box, name);
    waldo_proxy *proxy = NULL;
    faults_box *inner = NULL;
    OK(waldo_proxy_from_value(manager, value, &proxy, &error));
    OK(faults_box_from_proxy(proxy, &inner, &error));
    waldo_proxy_unref(proxy);
    waldo_value_unref(value);
    return inner;
}

Test(references, a_container_keeps_what_is_in_it)
{
    faults_box *outer = get_box(manager, ""), *inner = get_box(manager, "");
    put(inner, "text", waldo_v_str("here"));
    put_proxy(outer, "inner", inner);
    faults_box_unref(inner);
    cr_assert_eq(number_of_objects(manager), objects_before + 2);
    inner = get_proxy(outer, "inner");
    waldo_value *value = get(inner, "text");
    char *text = waldo_value_str(value);
    cr_assert_str_eq(text, "here");
    free(text);
    waldo_value_unref(value);
    /* The container goes first: the proxy that came out of it holds its own reference. */
    faults_box_unref(outer);
    AWAIT(number_of_objects(manager) == objects_before + 1);
    faults_box_unref(inner);
    AWAIT(number_of_objects(manager) == objects_before);
}

Test(references, a_chain_goes_with_its_first)
{
    enum { LENGTH = 1000 };
    faults_box *first = get_box(manager, ""), *last = faults_box_ref(first);
    for (int i = 1; i < LENGTH; i++) {
        faults_box *next = get_box(manager, "");
        put_proxy(last, "next", next);
        faults_box_unref(last);
        last = next;
    }
    faults_box_unref(last);
    cr_assert_eq(number_of_objects(manager), objects_before + LENGTH);
    faults_box_unref(first);
    AWAIT(number_of_objects(manager) == objects_before);
}

enum { MEBIBYTE = 1 << 20 };

static void add_and_delete(faults_box *outer)
{
    static const uint8_t filling[MEBIBYTE];
    faults_box *inner = get_box(manager, "");
    put(inner, "filling", waldo_v_bytes(filling, sizeof filling));
    put_proxy(outer, "inner", inner);
    faults_box_unref(inner);
    remove_key(outer, "inner");
}

/* CPython's managers grow by all of it: https://github.com/python/cpython/issues/103136 */
Test(references, nested_objects_are_freed)
{
    faults_box *outer = get_box(manager, "");
    for (int i = 0; i < 10; i++)
        add_and_delete(outer);
    AWAIT(number_of_objects(manager) == objects_before + 1);
    size_t before = resident_of(host.process.pid);
    for (int i = 0; i < 100; i++)
        add_and_delete(outer);
    AWAIT(number_of_objects(manager) == objects_before + 1);
    AWAIT(resident_of(host.process.pid) < before + 16 * MEBIBYTE);
    faults_box_unref(outer);
}

/* A proxy that somebody read, and that nobody made use of, does not stay for ever. */
Test(references, a_proxy_on_its_way_is_not_kept_for_ever)
{
    faults_box *outer = get_box(manager, ""), *inner = get_box(manager, "");
    put_proxy(outer, "inner", inner);
    faults_box_unref(inner);
    waldo_value_unref(get(outer, "inner"));
    remove_key(outer, "inner");
    AWAIT(number_of_objects(manager) == objects_before + 1);
    faults_box_unref(outer);
}

/* A container keeps what a token stands for, for however long, and whoever gets it out of there can
 * still use it. */
Test(references, a_token_that_waits_in_a_container)
{
    faults_box *outer = get_box(manager, ""), *inner = get_box(manager, "");
    waldo_value *token = NULL;
    OK(waldo_proxy_export(faults_box_proxy(inner), &token, &error));
    put(outer, "token", token);
    faults_box_unref(inner);
    for (double until = now() + 0.6; now() < until;) {
        cr_assert_eq(number_of_objects(manager), objects_before + 2);
        pause_ms(20);
    }
    token = get(outer, "token");
    remove_key(outer, "token");
    waldo_proxy *proxy = NULL;
    OK(waldo_proxy_from_value(manager, token, &proxy, &error));
    waldo_value_unref(token);
    waldo_proxy_unref(proxy);
    faults_box_unref(outer);
    AWAIT(number_of_objects(manager) == objects_before);
}

static bool reports_a_cycle(void)
{
    char *text = NULL;
    OK(waldo_manager_debug_info(manager, &text, &error));
    bool found = strstr(text, "cycle:") != NULL;
    free(text);
    return found;
}

Test(references, cycles_are_reported)
{
    faults_box *one = get_box(manager, ""), *two = get_box(manager, ""),
               *three = get_box(manager, "");
    put_proxy(one, "two", two);
    put_proxy(two, "three", three);
    cr_assert(!reports_a_cycle());
    put_proxy(three, "one", one);
    cr_assert(reports_a_cycle());
    faults_box_unref(two);
    faults_box_unref(three);
    cr_assert_eq(number_of_objects(manager), objects_before + 3);
    remove_key(one, "two");
    AWAIT(number_of_objects(manager) == objects_before + 1);
    cr_assert(!reports_a_cycle());
    put_proxy(one, "itself", one);
    cr_assert(reports_a_cycle());
    faults_box_unref(one);
    /* Nobody can reach it any more, and the report still tells. */
    cr_assert_eq(number_of_objects(manager), objects_before + 1);
    cr_assert(reports_a_cycle());
}
