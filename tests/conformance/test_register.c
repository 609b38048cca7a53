/* Rows C1 to C11: register(). */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "types.h"
#include "types.service.h"

TestSuite(register, .init = harness_begin_with_server, .fini = harness_clean_up, .timeout = 60);
TestSuite(registry, .init = harness_begin, .fini = harness_clean_up, .timeout = 60);

/* ---- what a registry takes ---- */

static int f(void *self, waldo_call *call, Trial__Blob *result)
{
    (void)self;
    (void)call;
    (void)result;
    return 0;
}

static int quiet(void *self, waldo_call *call)
{
    (void)self;
    (void)call;
    return 0;
}

static const struct trial_foo_ops foo_ops = {.f = f, .g = quiet, ._h = f};

static int add_foo(waldo_registry *registry, const waldo_registration *registration)
{
    return waldo_registry_add(registry, registration, &trial_foo_service, &foo_ops, NULL, &err);
}

Row(registry, C1_a_child_does_not_change_its_parent)
{
    waldo_registry *parent = waldo_registry_new(NULL);
    must(trial_foo_register(parent, &foo_ops, NULL, &err));
    waldo_registry *child = waldo_registry_new(parent);
    waldo_registration own = {.type_id = "Own"}, inherited = {.type_id = "Foo"};
    must(add_foo(child, &own));
    must_fail(add_foo(child, &own), WALDO_EEXIST);
    must_fail(add_foo(child, &inherited), WALDO_EEXIST);
    /* In the parent there is no such type: this is its first. */
    must(add_foo(parent, &own));
    waldo_registration late = {.type_id = "Late"};
    must(add_foo(parent, &late));
    must(add_foo(child, &late));
    waldo_registry_unref(parent);
    must_fail(add_foo(child, &inherited), WALDO_EEXIST);
    waldo_registry_unref(child);
}

Row(registry, C4_exposed_names_must_be_methods)
{
    static const char *const names[] = {"f", "no_such_method", NULL};
    waldo_registry *registry = waldo_registry_new(NULL);
    waldo_registration wrong = {.type_id = "Wrong", .exposed = names};
    must_fail(add_foo(registry, &wrong), WALDO_EVALUE);
    cr_assert_not_null(strstr(err.message, "no_such_method"));
    cr_assert_not_null(strstr(err.message, "Wrong"));
    waldo_registration nameless = {0}, odd = {.type_id = "has space"};
    must_fail(add_foo(registry, &nameless), WALDO_EVALUE);
    must_fail(add_foo(registry, &odd), WALDO_EVALUE);
    waldo_registry_unref(registry);
}

Row(registry, C4_exposed_methods_need_a_handler)
{
    const struct trial_foo_ops lacking = {.f = f};
    waldo_registry *registry = waldo_registry_new(NULL);
    waldo_registration all = {.type_id = "All"};
    must_fail(waldo_registry_add(registry, &all, &trial_foo_service, &lacking, NULL, &err),
              WALDO_EVALUE);
    cr_assert_not_null(strstr(err.message, "trial.Foo.g"));
    static const char *const only_f[] = {"f", NULL};
    waldo_registration some = {.type_id = "Some", .exposed = only_f};
    must(waldo_registry_add(registry, &some, &trial_foo_service, &lacking, NULL, &err));
    /* All of a service's typeids or none: Bar wants _h. */
    must_fail(trial_foo_register(registry, &lacking, NULL, &err), WALDO_EVALUE);
    must(trial_foo_register(registry, &foo_ops, NULL, &err));
    waldo_registry_unref(registry);
}

static int make(void *self, waldo_call *call, const Trial__Number *arguments,
                waldo_export *ret_proxy)
{
    (void)self;
    (void)call;
    (void)arguments;
    (void)ret_proxy;
    return 0;
}

static int me(void *self, waldo_call *call, waldo_export *ret_proxy)
{
    (void)self;
    (void)call;
    (void)ret_proxy;
    return 0;
}

Row(registry, C8_method_to_typeid_is_checked)
{
    static const waldo_method_to_typeid bad[][2] = {{{"no_such_method", "Counter"}, {NULL, NULL}},
                                                    {{"make", NULL}, {NULL, NULL}},
                                                    {{"make", "no typeid"}, {NULL, NULL}}};
    static const struct trial_maker_ops ops = {
        .make = make, .build = make, .me = me, .same = me, .nothing = me};
    waldo_registry *registry = waldo_registry_new(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        waldo_registration one = {.type_id = "Wrong", .method_to_typeid = bad[i]};
        must_fail(waldo_registry_add(registry, &one, &trial_maker_service, &ops, NULL, &err),
                  WALDO_EVALUE);
    }
    static const waldo_method_to_typeid no_proxy[] = {{"f", "Counter"}, {NULL, NULL}};
    waldo_registration one = {.type_id = "Wrong", .method_to_typeid = no_proxy};
    must_fail(add_foo(registry, &one), WALDO_EVALUE);
    waldo_registry_unref(registry);
}

Row(registry, C11_modules)
{
    waldo_registry *registry = waldo_registry_new(NULL);
    must_fail(waldo_registry_load(registry, "/no/such/module.so", &err), WALDO_EMODULE);
    must_fail(waldo_registry_load(registry, WALDOD, &err), WALDO_EMODULE);
    must(waldo_registry_load(registry, CONFORMANCE_TYPES, &err));
    must_fail(waldo_registry_load(registry, CONFORMANCE_TYPES, &err), WALDO_EEXIST);
    waldo_registration taken = {.type_id = "Foo"};
    must_fail(add_foo(registry, &taken), WALDO_EEXIST);
    waldo_registry_unref(registry);
}

/* ---- what clients see of it ---- */

static waldo_proxy *create(waldo_manager *manager, const char *type_id)
{
    waldo_proxy *proxy = NULL;
    must(waldo_proxy_create(manager, type_id, waldo_v_none(), &proxy, &err));
    return proxy;
}

/* Names separated by blanks. */
static void check_exposed(waldo_proxy *proxy, const char *expected)
{
    char names[256] = "";
    const char *const *exposed = waldo_proxy_exposed(proxy);
    for (size_t i = 0; exposed[i]; i++) {
        strcat(names, i > 0 ? " " : "");
        strcat(names, exposed[i]);
    }
    cr_assert_str_eq(names, expected);
}

static void check_bytes(waldo_proxy *proxy, const char *method, const char *expected)
{
    waldo_value *result = NULL, *data = NULL;
    const uint8_t *bytes;
    size_t size;
    must(waldo_proxy_call(proxy, method, waldo_v_none(), &result, &err));
    must(waldo_value_dict_get_str(result, "data", &data, &err));
    must(waldo_value_get_bytes(data, &bytes, &size, &err));
    cr_assert_eq(size, strlen(expected));
    cr_assert_eq(memcmp(bytes, expected, size), 0);
    waldo_value_unref(data);
    waldo_value_unref(result);
}

static void check_refused(waldo_proxy *proxy, const char *method, int code)
{
    waldo_value *result = NULL;
    must_fail(waldo_proxy_call(proxy, method, waldo_v_none(), &result, &err), code);
    cr_assert_null(result);
}

Row(register, C2_types_that_clients_cannot_create)
{
    waldo_manager *manager = harness_connect();
    static const char *const no_create[] = {"ReadCounter", "Iterator"};
    for (size_t i = 0; i < 2; i++) {
        waldo_proxy *proxy = NULL;
        must_fail(waldo_proxy_create(manager, no_create[i], waldo_v_none(), &proxy, &err),
                  WALDO_EATTRIBUTE);
        cr_assert_null(proxy);
    }
    must(waldo_manager_ping(manager, &err));
    waldo_manager_unref(manager);
}

Row(register, C3_proxies_know_what_is_exposed)
{
    waldo_manager *manager = harness_connect();
    waldo_proxy *one = create(manager, "Foo"), *other = create(manager, "Foo");
    /* One table for each typeid. */
    cr_assert_eq(waldo_proxy_exposed(one), waldo_proxy_exposed(other));
    waldo_type_info *info = NULL;
    must(waldo_proxy_describe(one, &info, &err));
    cr_assert_str_eq(info->type_id, "Foo");
    cr_assert_str_eq(info->service, "trial.Foo");
    cr_assert_eq(info->method_count, 2);
    cr_assert_str_eq(info->methods[1].name, "g");
    cr_assert_str_eq(info->methods[1].comment, "Raises ValueError.");
    waldo_type_info_free(info);
    waldo_proxy_unref(one);
    waldo_proxy_unref(other);
    waldo_manager_unref(manager);
}

Row(register, C4_public_methods)
{
    waldo_manager *manager = harness_connect();
    static const char *const typeids[] = {"Foo", "FooHidden"};
    for (size_t i = 0; i < 2; i++) {
        waldo_proxy *foo = create(manager, typeids[i]);
        check_exposed(foo, "f g");
        check_bytes(foo, "f", "f()");
        check_refused(foo, "g", WALDO_EVALUE);
        check_refused(foo, "_h", WALDO_EATTRIBUTE);
        waldo_proxy_unref(foo);
    }
    waldo_manager_unref(manager);
}

Row(register, C5_an_explicit_list_hides_all_others)
{
    waldo_manager *manager = harness_connect();
    trial_bar *bar = NULL;
    Trial__Blob *blob = NULL;
    must(trial_bar_new(manager, &bar, &err));
    check_exposed(trial_bar_proxy(bar), "_h f");
    must(trial_bar__h(bar, &blob, &err));
    cr_assert_eq(blob->data.len, 4);
    trial__blob__free_unpacked(blob, NULL);
    check_bytes(trial_bar_proxy(bar), "f", "f()");
    check_refused(trial_bar_proxy(bar), "g", WALDO_EATTRIBUTE);
    trial_bar_unref(bar);
    waldo_manager_unref(manager);
}

/* That trial_bar_g() does not compile, tests/golden shows. */
Row(register, C6_hidden_methods_are_refused_on_both_sides)
{
    waldo_manager *manager = harness_connect();
    waldo_proxy *bar = create(manager, "Bar");
    trial_foo *foo = NULL;
    must_fail(trial_foo_from_proxy(bar, &foo, &err), WALDO_ETYPE);
    cr_assert_not_null(strstr(err.message, "'g'"));
    check_refused(bar, "g", WALDO_EATTRIBUTE);
    check_refused(bar, "no_such_method", WALDO_EATTRIBUTE);
    check_bytes(bar, "f", "f()");
    waldo_proxy_unref(bar);
    waldo_manager_unref(manager);
}

Row(register, C7_attributes_are_out_of_reach)
{
    waldo_manager *manager = harness_connect();
    waldo_proxy *counter = create(manager, "Counter");
    static const char *const names[] = {"n", "__dict__", "__class__", "__getattribute__", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_refused(counter, names[i], WALDO_EATTRIBUTE);
    waldo_proxy_unref(counter);
    waldo_manager_unref(manager);
}

static void check_made(waldo_manager *manager, const char *maker, const char *made)
{
    waldo_proxy *proxy = create(manager, maker), *result = NULL;
    waldo_value *reference = NULL;
    must(waldo_proxy_call(proxy, "make", waldo_v_fields("n", waldo_v(4)), &reference, &err));
    must(waldo_proxy_from_value(manager, reference, &result, &err));
    waldo_value_unref(reference);
    cr_assert_str_eq(waldo_proxy_typeid(result), made);
    waldo_value *n = NULL;
    must(waldo_proxy_getvalue(result, &n, &err));
    int64_t number = 0;
    must(waldo_value_get_int64(n, &number, &err));
    cr_assert_eq(number, 4);
    waldo_value_unref(n);
    waldo_proxy_unref(result);
    waldo_proxy_unref(proxy);
}

Row(register, C8_method_to_typeid)
{
    waldo_manager *manager = harness_connect();
    waldo_proxy *maker = create(manager, "ReadMaker");
    check_exposed(maker, "make me");
    waldo_proxy_unref(maker);
    check_made(manager, "ReadMaker", "ReadCounter");
    waldo_manager_unref(manager);
}

Row(register, C9_what_the_proto_says_a_method_returns)
{
    waldo_manager *manager = harness_connect();
    check_made(manager, "Maker", "Counter");
    waldo_manager_unref(manager);
}

Row(register, C10_clients_need_a_name_only)
{
    waldo_manager *manager = harness_connect();
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
        cr_assert_eq(status, 1);
        cr_assert_eq(item->n, i * i);
    }
    status = by_steps ? trial_source_squares_by_steps_next(steps, &item, &err)
                      : trial_source_squares_next(iterator, &item, &err);
    cr_assert_eq(status, n < 0 ? WALDO_EVALUE : 0);
    /* Once it is over it stays so. */
    status = by_steps ? trial_source_squares_by_steps_next(steps, &item, &err)
                      : trial_source_squares_next(iterator, &item, &err);
    cr_assert_eq(status, 0);
    trial_source_squares_unref(iterator);
    trial_source_squares_by_steps_unref(steps);
}

Row(register, C11_generators_in_both_forms)
{
    waldo_manager *manager = harness_connect();
    trial_source *source = NULL;
    must(trial_source_new(manager, &source, &err));
    static const int64_t sizes[] = {0, 1, 7, -2};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_squares(source, sizes[i], false);
        check_squares(source, sizes[i], true);
    }
    cr_assert_eq(harness_objects(manager), 1);
    trial_source_unref(source);
    waldo_manager_unref(manager);
    cr_assert_eq(harness_event_count("closed"), 8);
}

Row(register, C11_generators_end_early)
{
    waldo_manager *manager = harness_connect();
    trial_source *source = NULL;
    Trial__Number many = TRIAL__NUMBER__INIT;
    const Trial__Number *item = NULL;
    many.n = 1000;
    must(trial_source_new(manager, &source, &err));
    trial_source_squares_iterator *iterator = NULL;
    trial_source_squares_by_steps_iterator *steps = NULL;
    must(trial_source_squares(source, &many, &iterator, &err));
    must(trial_source_squares_by_steps(source, &many, &steps, &err));
    cr_assert_eq(trial_source_squares_next(iterator, &item, &err), 1);
    cr_assert_eq(trial_source_squares_by_steps_next(steps, &item, &err), 1);
    /* The generators hold the object whose methods they run. */
    trial_source_unref(source);
    cr_assert_eq(trial_source_squares_next(iterator, &item, &err), 1);
    cr_assert_eq(item->n, 1);
    trial_source_squares_unref(iterator);
    trial_source_squares_by_steps_unref(steps);
    cr_assert_eq(harness_objects(manager), 0);
    waldo_manager_unref(manager);
    harness_await("closed", 2);
}

Row(register, C11_objects_that_are_generators)
{
    waldo_manager *manager = harness_connect();
    trial_baz *baz = NULL;
    must(trial_baz_new(manager, &baz, &err));
    int64_t expected = 0;
    int status;
    WALDO_FOR_EACH(trial_baz, baz, square, &status, &err) {
        cr_assert_eq(square->n, expected * expected);
        expected++;
    }
    must(status);
    cr_assert_eq(expected, 10);
    /* By its name it is StopIteration, which crosses as what it is. */
    check_refused(trial_baz_proxy(baz), "__next__", WALDO_ESTOP);
    cr_assert_str_eq(err.type_name, "StopIteration");
    trial_baz_unref(baz);

    trial_steps *steps = NULL;
    Trial__Number two = TRIAL__NUMBER__INIT;
    two.n = 2;
    must(trial_steps_new(manager, &two, &steps, &err));
    waldo_value *item = NULL;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(must(waldo_proxy_next(trial_steps_proxy(steps), &item, &err)), 1);
        waldo_value_unref(item);
    }
    cr_assert_eq(waldo_proxy_next(trial_steps_proxy(steps), &item, &err), 0);
    trial_steps_unref(steps);
    waldo_manager_unref(manager);
}

Row(register, C11_what_is_no_generator)
{
    waldo_manager *manager = harness_connect();
    waldo_proxy *counter = create(manager, "Counter");
    waldo_value *item = NULL;
    must_fail(waldo_proxy_next(counter, &item, &err), WALDO_ETYPE);
    cr_assert_str_eq(err.message, "'Counter' object is not an iterator");
    waldo_proxy_unref(counter);
    waldo_manager_unref(manager);
}
