/* Rows C2 to C11: what clients see of register(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial_rows.h"

/* Names separated by blanks. */
static void check_exposed(waldo_proxy *proxy, const char *expected)
{
    char names[256] = "";
    size_t length = 0;
    const char *const *exposed = waldo_proxy_exposed(proxy);
    for (size_t i = 0; exposed[i] && length < sizeof names; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? " " : "",
                                   exposed[i]);
    expect_text(names, expected);
}

static void check_bytes(waldo_proxy *proxy, const char *method, const char *expected)
{
    waldo_value *result = NULL, *data = NULL;
    const uint8_t *bytes;
    size_t size;
    must(waldo_proxy_call(proxy, method, waldo_v_none(), &result, &err));
    must(waldo_value_dict_get_str(result, "data", &data, &err));
    must(waldo_value_get_bytes(data, &bytes, &size, &err));
    expect_equal(size, strlen(expected));
    expect_equal(memcmp(bytes, expected, size), 0);
    waldo_value_unref(data);
    waldo_value_unref(result);
}

static void check_refused(waldo_proxy *proxy, const char *method, int code)
{
    waldo_value *result = NULL;
    must_fail(waldo_proxy_call(proxy, method, waldo_v_none(), &result, &err), code);
    expect(!result);
}

ROW(C2_types_that_clients_cannot_create, "Counter")
{
    waldo_manager *manager = row_connect();
    static const char *const no_create[] = {"ReadCounter", "Iterator"};
    for (size_t i = 0; i < 2; i++) {
        waldo_proxy *proxy = NULL;
        must_fail(waldo_proxy_create(manager, no_create[i], waldo_v_none(), &proxy, &err),
                  WALDO_EATTRIBUTE);
        expect(!proxy);
    }
    must(waldo_manager_ping(manager, &err));
    waldo_manager_unref(manager);
}

ROW(C3_proxies_know_what_is_exposed, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *one = row_create("Foo", waldo_v_none()),
                *other = row_create("Foo", waldo_v_none());
    /* One table for each typeid. */
    expect_equal(waldo_proxy_exposed(one), waldo_proxy_exposed(other));
    waldo_type_info *info = NULL;
    must(waldo_proxy_describe(one, &info, &err));
    expect_text(info->type_id, "Foo");
    expect_text(info->service, "trial.Foo");
    expect_equal(info->method_count, 2);
    expect_text(info->methods[1].name, "g");
    expect_text(info->methods[1].comment, "Raises ValueError.");
    waldo_type_info_free(info);
    waldo_proxy_unref(one);
    waldo_proxy_unref(other);
    waldo_manager_unref(manager);
}

ROW(C4_public_methods, "Counter")
{
    waldo_manager *manager = row_connect();
    static const char *const typeids[] = {"Foo", "FooHidden"};
    for (size_t i = 0; i < 2; i++) {
        waldo_proxy *foo = row_create(typeids[i], waldo_v_none());
        check_exposed(foo, "f g");
        check_bytes(foo, "f", "f()");
        check_refused(foo, "g", WALDO_EVALUE);
        check_refused(foo, "_h", WALDO_EATTRIBUTE);
        waldo_proxy_unref(foo);
    }
    waldo_manager_unref(manager);
}

ROW(C5_an_explicit_list_hides_all_others, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_bar *bar = NULL;
    Trial__Blob *blob = NULL;
    must(trial_bar_new(manager, &bar, &err));
    check_exposed(trial_bar_proxy(bar), "_h f");
    must(trial_bar__h(bar, &blob, &err));
    expect_equal(blob->data.len, 4);
    trial__blob__free_unpacked(blob, NULL);
    check_bytes(trial_bar_proxy(bar), "f", "f()");
    check_refused(trial_bar_proxy(bar), "g", WALDO_EATTRIBUTE);
    trial_bar_unref(bar);
    waldo_manager_unref(manager);
}

/* That trial_bar_g() does not compile, tests/golden shows. */
ROW(C6_hidden_methods_are_refused_on_both_sides, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *bar = row_create("Bar", waldo_v_none());
    trial_foo *foo = NULL;
    must_fail(trial_foo_from_proxy(bar, &foo, &err), WALDO_ETYPE);
    expect(strstr(err.message, "'g'"));
    check_refused(bar, "g", WALDO_EATTRIBUTE);
    check_refused(bar, "no_such_method", WALDO_EATTRIBUTE);
    check_bytes(bar, "f", "f()");
    waldo_proxy_unref(bar);
    waldo_manager_unref(manager);
}

ROW(C7_attributes_are_out_of_reach, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *counter = row_create("Counter", waldo_v_none());
    static const char *const names[] = {"n", "__dict__", "__class__", "__getattribute__", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_refused(counter, names[i], WALDO_EATTRIBUTE);
    waldo_proxy_unref(counter);
    waldo_manager_unref(manager);
}

static void check_made(waldo_manager *manager, const char *maker, const char *made)
{
    waldo_proxy *proxy = row_create(maker, waldo_v_none()), *result = NULL;
    waldo_value *reference = NULL;
    must(waldo_proxy_call(proxy, "make", waldo_v_fields("n", waldo_v(4)), &reference, &err));
    must(waldo_proxy_from_value(manager, reference, &result, &err));
    waldo_value_unref(reference);
    expect_text(waldo_proxy_typeid(result), made);
    waldo_value *n = NULL;
    must(waldo_proxy_getvalue(result, &n, &err));
    int64_t number = 0;
    must(waldo_value_get_int64(n, &number, &err));
    expect_equal(number, 4);
    waldo_value_unref(n);
    waldo_proxy_unref(result);
    waldo_proxy_unref(proxy);
}

ROW(C8_method_to_typeid, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *maker = row_create("ReadMaker", waldo_v_none());
    check_exposed(maker, "make me");
    waldo_proxy_unref(maker);
    check_made(manager, "ReadMaker", "ReadCounter");
    waldo_manager_unref(manager);
}

ROW(C9_what_the_proto_says_a_method_returns, "Counter")
{
    waldo_manager *manager = row_connect();
    check_made(manager, "Maker", "Counter");
    waldo_manager_unref(manager);
}

ROW(C10_clients_need_a_name_only, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *counter = NULL;
    must(waldo_proxy_create(manager, "Counter", waldo_v_tuple(waldo_v(7)), &counter, &err));
    check_exposed(counter, "add get twin");
    waldo_proxy_unref(counter);
    waldo_manager_unref(manager);
}

/* ---- row C11: generators ---- */

static void check_squares(trial_source *source, int64_t n, bool by_steps)
{
    trial_source_squares_iterator *iterator = NULL;
    trial_source_squares_by_steps_iterator *steps = NULL;
    Trial__Number count = TRIAL__NUMBER__INIT;
    const Trial__Number *item = NULL;
    count.n = n;
    must(by_steps ? trial_source_squares_by_steps(source, &count, &steps, &err)
                  : trial_source_squares(source, &count, &iterator, &err));
    int status;
    for (int64_t i = 0; i < llabs(n); i++) {
        status = by_steps ? trial_source_squares_by_steps_next(steps, &item, &err)
                          : trial_source_squares_next(iterator, &item, &err);
        expect_equal(status, 1);
        expect_equal(item->n, i * i);
    }
    status = by_steps ? trial_source_squares_by_steps_next(steps, &item, &err)
                      : trial_source_squares_next(iterator, &item, &err);
    expect_equal(status, n < 0 ? WALDO_EVALUE : 0);
    /* Once it is over it stays so. */
    status = by_steps ? trial_source_squares_by_steps_next(steps, &item, &err)
                      : trial_source_squares_next(iterator, &item, &err);
    expect_equal(status, 0);
    trial_source_squares_unref(iterator);
    trial_source_squares_by_steps_unref(steps);
}

ROW(C11_generators_in_both_forms, "Counter")
{
    int64_t closed = row_event_count("closed");
    waldo_manager *manager = row_connect();
    trial_source *source = NULL;
    must(trial_source_new(manager, &source, &err));
    static const int64_t sizes[] = {0, 1, 7, -2};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_squares(source, sizes[i], false);
        check_squares(source, sizes[i], true);
    }
    expect_equal(row_objects(), 1);
    trial_source_unref(source);
    waldo_manager_unref(manager);
    expect_equal(row_event_count("closed"), closed + 8);
}

ROW(C11_generators_end_early, "Counter")
{
    int64_t closed = row_event_count("closed");
    waldo_manager *manager = row_connect();
    trial_source *source = NULL;
    Trial__Number many = TRIAL__NUMBER__INIT;
    const Trial__Number *item = NULL;
    many.n = 1000;
    must(trial_source_new(manager, &source, &err));
    trial_source_squares_iterator *iterator = NULL;
    trial_source_squares_by_steps_iterator *steps = NULL;
    must(trial_source_squares(source, &many, &iterator, &err));
    must(trial_source_squares_by_steps(source, &many, &steps, &err));
    expect_equal(trial_source_squares_next(iterator, &item, &err), 1);
    expect_equal(trial_source_squares_by_steps_next(steps, &item, &err), 1);
    /* The generators hold the object whose methods they run. */
    trial_source_unref(source);
    expect_equal(trial_source_squares_next(iterator, &item, &err), 1);
    expect_equal(item->n, 1);
    trial_source_squares_unref(iterator);
    trial_source_squares_by_steps_unref(steps);
    expect_equal(row_objects(), 0);
    waldo_manager_unref(manager);
    row_await_event("closed", closed + 2);
}

ROW(C11_objects_that_are_generators, "Counter")
{
    waldo_manager *manager = row_connect();
    trial_baz *baz = NULL;
    must(trial_baz_new(manager, &baz, &err));
    int64_t expected = 0;
    int status;
    WALDO_FOR_EACH(trial_baz, baz, square, &status, &err) {
        expect_equal(square->n, expected * expected);
        expected++;
    }
    must(status);
    expect_equal(expected, 10);
    /* By its name it is StopIteration, which crosses as what it is. */
    check_refused(trial_baz_proxy(baz), "__next__", WALDO_ESTOP);
    expect_text(err.type_name, "StopIteration");
    trial_baz_unref(baz);

    trial_steps *steps = NULL;
    Trial__Number two = TRIAL__NUMBER__INIT;
    two.n = 2;
    must(trial_steps_new(manager, &two, &steps, &err));
    waldo_value *item = NULL;
    for (int i = 0; i < 2; i++) {
        expect_equal(must(waldo_proxy_next(trial_steps_proxy(steps), &item, &err)), 1);
        waldo_value_unref(item);
    }
    expect_equal(waldo_proxy_next(trial_steps_proxy(steps), &item, &err), 0);
    trial_steps_unref(steps);
    waldo_manager_unref(manager);
}

ROW(C11_what_is_no_generator, "Counter")
{
    waldo_manager *manager = row_connect();
    waldo_proxy *counter = row_create("Counter", waldo_v_none());
    waldo_value *item = NULL;
    must_fail(waldo_proxy_next(counter, &item, &err), WALDO_ETYPE);
    expect_text(err.message, "'Counter' object is not an iterator");
    waldo_proxy_unref(counter);
    waldo_manager_unref(manager);
}
